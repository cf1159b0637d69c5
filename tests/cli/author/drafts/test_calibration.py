"""``curated new TYPE``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from curated.cli.main import cli
from support.commands import Commands


@pytest.fixture
def curated(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


@pytest.fixture
def root(curated: Commands, tmp_path: Path) -> Path:
    assert curated(tmp_path, "new", "package", "package", "--no-git").status == 0
    root = tmp_path / "package"
    options = ["--detectors", "2", "--size", "32x16", "--filter", "g", "--utc-offset", "-4"]
    assert curated(root, "new", "instrument", "Cam", *options).status == 0
    return root


def test_a_draft_is_written_where_it_belongs(curated: Commands, root: Path) -> None:
    done = curated(root, "new", "defects", "--detector", "1", "--from", "night:2026-01-01")
    assert (done.status, done.stderr) == (0, "to be filled in: x0, y0, width, height\n")
    assert done.stdout.startswith("calibs/cam/defects/d01/20260101T160000.ecsv: written\n")
    assert curated(root, "check", "-h").status == 0
    done = curated(root, "check", "--format", "json")
    assert done.status == 0
    assert {finding["code"] for finding in done.json["findings"]} == {"CAL700"}


def test_aliases_and_case_of_types_count(curated: Commands, root: Path) -> None:
    done = curated(root, "new", "LINEARITY", "--all", "--from", "2026-01-01", "--dry-run")
    assert done.status == 0
    assert "--- calibs/cam/linearizer/d00/20260101T000000.yaml" in done.stdout
    assert not (root / "calibs/cam/linearizer").exists()


def test_the_first_calibration_ends_the_stage_of_a_new_package(curated: Commands, tmp_path: Path) -> None:
    assert curated(tmp_path, "new", "package", "package", "--no-git").status == 0
    root = tmp_path / "package"
    assert curated(root, "new", "instrument", "Cam", "--detectors", "1").status == 0
    assert "stage: new" in (root / "curated.yaml").read_text("utf-8")
    assert curated(root, "new", "defects", "--from", "2026-01-01").status == 0
    assert "stage: new" not in (root / "curated.yaml").read_text("utf-8")


def test_existing_files_and_force(curated: Commands, root: Path) -> None:
    arguments = ["new", "defects", "--detector", "d00", "--from", "2026-01-01"]
    assert curated(root, *arguments).status == 0
    path = root / "calibs/cam/defects/d00/20260101T000000.ecsv"
    path.write_text(path.read_text("utf-8") + "1 2 3 4\n", "utf-8")
    before = path.read_bytes()
    done = curated(root, *arguments)
    assert (done.status, path.read_bytes()) == (2, before)
    assert curated(root, *arguments, "--force").status == 0
    assert path.read_bytes() != before


def test_images_have_their_file_beside(curated: Commands, root: Path) -> None:
    arguments = ["new", "flat", "--detector", "d00", "--filter", "g", "--from", "2026-01-01"]
    done = curated(root, *arguments)
    assert done.status == 2
    assert "curated add FILE.fits --as flat" in done.stderr
    assert curated(root, *arguments, "--placeholder").status == 0
    assert (root / "calibs/cam/flat/d00/g/20260101T000000.fits").is_file()
    assert curated(root, "check").status == 0


def test_json_has_the_texts(curated: Commands, root: Path) -> None:
    arguments = ["new", "transmission_filter", "--from", "2026-01-01", "--as", "yaml", "--format", "json"]
    done = curated(root, *arguments, "--dry-run")
    (file,) = done.json["files"]
    assert (done.json["version"], done.json["type"], file["state"]) == (1, "transmission_filter", "new")
    assert "# FILL IN: Wavelength of the sample" in file["text"]


def test_the_shell_completes_types() -> None:
    completion = ShellComplete(cli, {}, "curated", "_CURATED_COMPLETE")
    names = {item.value for item in completion.get_completions(["new"], "transmission_")}
    assert {"transmission_filter", "transmission_optics"} <= names
    assert {item.value for item in completion.get_completions(["new"], "pack")} == {"package"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["defect"], "did you mean defects?"),
        (["instrumant"], "did you mean instrument?"),
        (["nothing"], "'curated types' has a list"),
        (["defects", "--all", "--from", "2026-13-01"], "--from '2026-13-01'"),
        (["defects", "--all", "--from", "2026-01-01", "--instrument", "Cma"], "unknown instrument 'Cma'"),
        (["defects", "--detector", "d02", "--from", "2026-01-01"], "no detector 'd02'"),
        (["defects", "--from", "2026-01-01"], "--all for a file of each"),
        (["defects", "--all"], "Missing option '--from'"),
    ],
)
def test_refusals_say_how_to_go_on(curated: Commands, root: Path, arguments: list[str], message: str) -> None:
    before = sorted(root.rglob("*"))
    done = curated(root, "new", *arguments)
    assert (done.status, sorted(root.rglob("*"))) == (2, before)
    assert message in done.stderr
