"""``curated impact`` on small packages, and on the history of a real one."""

from __future__ import annotations

import csv
import io
import os
import subprocess
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from support.changes import EPOCHS, MIDDLE, version
from support.commands import Commands


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


TABLE = "visit,time,detector\n1,2021-06-01T00:00:00,0\n2,2022-06-01T00:00:00,0\n3,2022-06-02T00:00:00,1\n"


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    """A package with an edit that is not committed, and a table of three images."""
    package = make_package(EPOCHS)
    package.write({MIDDLE: version(MIDDLE, x0=200), "visits.csv": TABLE})
    return package


def test_summary_and_rows(run: Commands, package: GitPackage, tmp_path: Path) -> None:
    output = tmp_path / "affected.csv"
    arguments = ("impact", "HEAD", "--exposures", "visits.csv", "--threshold", "pixels_gained=12")
    done = run(package.path, *arguments, "-o", output)
    assert (done.status, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        f"{package.commits[0][:12]} to work tree: 1 of 3 exposures in 3 nights affected",
        "",
        "exposures by type                 file   content    effect       new      lost",
        "defects                              1         1         1         0         0",
        "  at most pixels_gained +12 pix in d00",
        "any of them                          1         1         1         0         0",
        "",
        "affected of exposures by night    file   content    effect       new      lost",
        "2022-05-31 1 of 1                    1         1         1         0         0",
    ]
    (row,) = csv.DictReader(io.StringIO(output.read_text()))
    assert (row["exposure"], row["old"], row["new"], row["level"]) == ("2", MIDDLE, MIDDLE, "effect")
    document = run(package.path, *arguments, "--format", "json").json
    assert (document["total"], document["affected"]["effect"], document["findings"]) == (3, 1, [])
    printed = run(package.path, *arguments, "--format", "csv")
    assert printed.stdout == output.read_text()


def test_nothing_affected_is_exit_0(run: Commands, package: GitPackage) -> None:
    package.write({"visits.csv": TABLE.replace("2,2022", "2,2021")})
    done = run(package.path, "impact", "HEAD", "--exposures", "visits.csv")
    assert (done.status, done.stdout.count("\n"), "0 of 3" in done.stdout) == (0, 1, True)


def test_rows_that_could_not_be_looked_at_are_no_success(run: Commands, package: GitPackage) -> None:
    package.write({"visits.csv": "time,detector\nyesterday,0\n2021-06-01T00:00:00,7\n"})
    done = run(package.path, "impact", "HEAD", "--exposures", "visits.csv")
    assert done.status == 1
    assert [line.partition(": ")[0] for line in done.stderr.splitlines() if "error" in line] == [
        "visits.csv:2:1",
        "visits.csv:3:1",
    ]
    assert "2 rows could not be looked at" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("HEAD", "--exposures", "none.csv"), "none.csv: No such file"),
        (("HEAD", "--exposures", "empty.csv"), "is empty"),
        (("HEAD", "--exposures", "header.csv"), "header.csv has no exposures"),
        (("HEAD", "--exposures", "pipe"), "is a named pipe"),
        (("HEAD", "--exposures", "calibs"), "is no Butler repository"),
        (("HEAD",), "Missing option '--exposures'"),
        (("nothing", "--exposures", "visits.csv"), "nothing"),
        (
            ("HEAD", "--exposures", "visits.csv", "--threshold", "pixels=1"),
            "no calibration type has a measure",
        ),
        (("HEAD", "--exposures", "visits.csv", "--column", "time=timee"), "did you mean 'time'?"),
        (("HEAD", "--exposures", "visits.csv", "--instrument", "labb"), "did you mean 'lab'?"),
        (("HEAD", "--exposures", "visits.csv", "--instrument", "lab=Lab"), "is a choice for a repository"),
        (("HEAD", "--exposures", "visits.csv", "-o", "rows.txt"), "the ending says no form"),
        (("HEAD", "--exposures", "visits.csv", "-o", "none/rows.csv"), "none/rows.csv"),
        (("HEAD", "--exposures", "visits.csv", "-o", "./visits.csv"), "is the table of exposures itself"),
        (("HEAD", "--exposures", "visits.csv", "-o", "calibs", "--format", "csv"), "calibs is no file"),
        (("HEAD", "--exposures", "calibs", "--column", "time=x"), "a repository has no columns"),
        (("HEAD", "--exposures", "visits.csv", "--bands", "u"), "is no band"),
    ],
)
def test_wrong_arguments_are_exit_2(
    run: Commands, package: GitPackage, arguments: tuple[str, ...], message: str
) -> None:
    package.write({"empty.csv": "", "header.csv": "time\n"})
    os.mkfifo(package.path / "pipe")
    done = run(package.path, "impact", *arguments)
    assert (done.status, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (package.path / "rows.txt").exists()


def test_a_file_that_fails_in_the_middle_leaves_the_old_rows(run: Commands, package: GitPackage) -> None:
    package.write({"rows.csv": "old", "visits.csv.gz": b"\x1f\x8b\x08\0\0\0\0\0\0\xff"})
    done = run(package.path, "impact", "HEAD", "--exposures", "visits.csv.gz", "-o", "rows.csv")
    assert (done.status, (package.path / "rows.csv").read_text()) == (2, "old")


def test_what_git_hides_is_no_answer(run: Commands, package: GitPackage) -> None:
    package.git("update-index", "--skip-worktree", MIDDLE)
    done = run(package.path, "impact", "--exposures", "visits.csv")
    assert (done.status, done.stdout) == (2, "")
    assert "compare two commits" in done.stderr


# -- the history of a real package -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def history(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the history of obs_lsst_data; its commits name the original ones in their subjects."""
    target = tmp_path_factory.mktemp("history") / "obs_lsst_data"
    bundle = corpus / "obs_lsst_data.gitbundle"
    clone = ["git", "clone", "--quiet", "--no-checkout", bundle, target]
    subprocess.run(clone, check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["git", "checkout", "--quiet", "-B", "main", "origin/main"], cwd=target, check=True)
    return target


def find_commit(history: Path, original: str) -> str:
    command = ["git", "log", "--format=%H", f"--grep=^obs_lsst_data {original}"]
    return subprocess.run(command, cwd=history, check=True, capture_output=True, text=True).stdout.strip()


def test_the_optics_that_nobody_could_read(run: Commands, history: Path, tmp_path: Path) -> None:
    """Commit e3d323b changed the zero point of each filter by another amount (values: those of the difference)."""
    shifts = {"u": -409.3, "g": 81.4, "r": 172.1, "i": 244.3, "z": 239.1, "y": 142.5}
    filters = {"u": "u_24", "g": "g_6", "r": "r_57", "i": "i_39", "z": "z_20", "y": "y_10"}
    lines = [f"{band},LSSTCam,2025-05-01T00:00:00,{name},94\n" for band, name in filters.items()]
    (tmp_path / "visits.csv").write_text("id,instrument,time,filter,detector\n" + "".join(lines))
    commit = find_commit(history, "e3d323b")
    output = tmp_path / "rows.csv"
    done = run(
        history,
        *("impact", f"{commit}~", commit, "--exposures", tmp_path / "visits.csv"),
        *("--threshold", "pivot_shift=1000", "-o", output),
    )
    assert done.status == 1, done.stderr
    rows = list(csv.DictReader(io.StringIO(output.read_text())))
    assert {row["exposure"]: round(float(row["value"]), 1) for row in rows} == shifts
    assert {(row["measure"], row["unit"], row["level"], row["of"] == row["exposure"]) for row in rows} == {
        ("zero_point_shift", "mmag", "effect", True)
    }
