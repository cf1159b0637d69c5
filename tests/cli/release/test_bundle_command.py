"""``curated bundle``: text, JSON and exit status."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from support.commands import Commands
from support.histories import MARK
from support.packages import DEMO_FILES, defects_path, defects_text
from support.programs import printed_json, run_curated
from support.signatures import make_key


def test_json(demo: GitPackage, tmp_path: Path) -> None:
    value = printed_json(run_curated("bundle", tmp_path / "out", "--format", "json", cwd=demo.path))
    assert (value["datasets"], value["failed"], value["base"], value["referred"]) == (
        DEMO_FILES,
        False,
        None,
        0,
    )
    assert value["repository"]["sha1"] == demo.commits[2]
    assert (value["signed"], value["attested"]) == (False, False)


def test_json_says_what_proves_a_bundle(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({"curated.yaml": "", defects_path(0): defects_text()})
    options = ("--format", "json", "--attest", "--sign", make_key(tmp_path / "key"))
    value = printed_json(run_curated("bundle", tmp_path / "out", *options, cwd=package.path))
    assert (value["signed"], value["attested"]) == (True, True)


def test_text_with_and_without_a_base(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(
        {"curated.yaml": "", defects_path(0): defects_text(), defects_path(1): defects_text(detector=1)}
    )
    done = run_curated("-q", "bundle", tmp_path / "v1", "--label", "v1", cwd=package.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"2 datasets \(0\.0 MB\) as release v1 in .*/v1\n", done.stdout)
    package.commit({defects_path(0): defects_text(x0=2)}, "Move a box")
    done = run_curated(
        "-q", "bundle", tmp_path / "v2", "--label", "v2", "--base", tmp_path / "v1", cwd=package.path
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"1 of 2 datasets \(0\.0 MB\) as release v2 in .*/v2, the others as in v1\n", done.stdout
    )


def test_an_error_makes_no_bundle(wrong: GitPackage, tmp_path: Path) -> None:
    done = run_curated("bundle", tmp_path / "out", "--format", "json", cwd=wrong.path)
    assert done.returncode == 1
    value = printed_json(done)
    assert (value["failed"], value["datasets"], value["repository"]) == (True, 0, None)
    assert [finding["code"] for finding in value["findings"]] == ["CAL301"]
    assert not (tmp_path / "out").exists()


SILENCE = "silence:\n- {code: CAL700, path: calibs, until: '2999-01-01', reason: first light}\n"


@pytest.mark.parametrize("settings", ["", SILENCE], ids=["found", "silenced"])
def test_drafts_are_counted(
    make_package: MakePackage,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
) -> None:
    package = make_package(
        {
            "curated.yaml": settings,
            defects_path(): defects_text({"DRAFT": "no defects yet"}),
            defects_path(1): defects_text({"DRAFT": "no defects yet"}, detector=1),
            defects_path(2): defects_text(detector=2),
            # It is not released.
            defects_path(3): defects_text({"DRAFT": "a", **MARK}, detector=3),
        }
    )
    done = Commands(capsys, monkeypatch)(package.path, "bundle", tmp_path / "bundle", "--format", "json")
    assert (done.status, done.json["drafts"]) == (0, 2), done.stdout
    assert "2 calibrations are drafts that nobody has completed" in done.stderr
    done = Commands(capsys, monkeypatch)(package.path, "publish", tmp_path / "repo")
    assert "2 calibrations are drafts that nobody has completed" in done.stderr


def test_datasets_of_unknown_types_are_said_not_to_be_released(
    make_package: MakePackage,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {"curated.yaml": "", defects_path(): defects_text()}
    names = ("0196d3f0-1.fits", "0196d3f0-1.fits.dataset.yaml", "0196d3f0-2.dataset.yaml")
    package = make_package({**files, **{f"foreign/Lab/fancy/detector=0/{name}": "x" for name in names}})
    done = Commands(capsys, monkeypatch)(package.path, "bundle", tmp_path / "bundle")
    assert done.status == 0
    assert "2 datasets in foreign/ are not released, since no calibration type declares" in done.stderr
    assert not list((tmp_path / "bundle").rglob("*foreign*"))
    without = make_package(files, "without")
    done = Commands(capsys, monkeypatch)(without.path, "bundle", tmp_path / "other")
    assert "foreign" not in done.stderr
