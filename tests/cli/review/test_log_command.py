"""``curated log``: text, JSON, plots and exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from support.commands import Commands
from support.histories import epoch, path_of


@pytest.fixture
def curated(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


@pytest.fixture
def lab(make_package: MakePackage) -> GitPackage:
    package = make_package({"curated.yaml": "", **{path: text or "" for path, text in epoch(2020).items()}})
    package.commit(epoch(2022, 3), "Add 2022")
    package.commit(epoch(2022, 4), "Edit 2022")
    return package


def test_text_and_json(lab: GitPackage, curated: Commands) -> None:
    done = curated(lab.path, "log", "LAB", "Defects", "0")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:8] == [
        "lab/defects/d00: 3 commits, 2 calibrations now",
        "",
        f"{lab.commits[2][:12]} 2024-01-03T00:00:00 Ada Astronomer",
        "    Edit 2022",
        "  edited",
        f"    {path_of(2022)}",
        "      2022-01-01T00:00:00 to open",
        "",
    ]
    value = curated(lab.path, "log", "lab", "defects", "--detector", "d00", "--format", "json").json
    assert (value["format"], value["version"], value["as_of"]) == ("curated-log", 1, lab.commits[2])
    assert [commit["subject"] for commit in value["commits"]] == ["Edit 2022", "Add 2022", "Add calibrations"]


def test_one_moment(lab: GitPackage, curated: Commands) -> None:
    done = curated(lab.path, "log", "lab", "defects", "d00", "--at", "2023-01-01")
    assert [line.split()[1][:12] for line in done.stdout.splitlines() if line.startswith("since")] == [
        sha1[:12] for sha1 in reversed(lab.commits)
    ]
    question = ("log", "lab", "defects", "d00", "--format", "json", "--at")
    found = curated(lab.path, *question, "2023-01-01T00:00:00+02:00").json["beliefs"]
    assert [belief["calibration"] and belief["calibration"]["file"] for belief in found] == [
        path_of(2022), path_of(2022), path_of(2020), None,
    ]  # fmt: skip
    assert curated(lab.path, *question, "2019-01-01").status == 1


def test_other_revisions(lab: GitPackage, curated: Commands) -> None:
    question = ("log", "lab", "defects", "d00", "--format", "json", "--as-of")
    for revision in ("HEAD~1", lab.commits[1], "2024-01-02T12:00:00"):
        assert len(curated(lab.path, *question, revision).json["commits"]) == 2
    assert "asks the reflog" in curated(lab.path, *question, "main@{yesterday}").stderr


def test_what_is_not_committed_is_mentioned(lab: GitPackage, curated: Commands) -> None:
    lab.write({**epoch(2024), **epoch(2020, 9), path_of(2022): None})
    done = curated(lab.path, "log", "lab", "defects", "d00")
    assert done.stderr == "3 files are not what the commit has; changes that are not committed are not told\n"
    assert done.stdout.startswith("lab/defects/d00: 3 commits, 2 calibrations now")


def test_a_removed_product(lab: GitPackage, curated: Commands) -> None:
    lab.commit({path_of(2020): None, path_of(2022): None}, "Remove all")
    done = curated(lab.path, "log", "lab", "defects", "d00")
    assert (done.status, done.stdout.splitlines()[0]) == (0, "lab/defects/d00: 4 commits, 0 calibrations now")


def test_a_plot(lab: GitPackage, curated: Commands, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = curated(lab.path, "log", "lab", "defects", "d00", "--plot", tmp_path / "a.svg")
    assert (done.status, done.stderr) == (0, f"written {tmp_path / 'a.svg'}\n")
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("lab", "defects"), "defects has a detector level", "give the detector after the type: d00"),
        (("lab", "defects", "d0"), "lab has no detector 'd0'", "did you mean 'd00'"),
        (("lab", "defects", "d00", "--detector", "d00"), "Give the detector once", ""),
        (("lab", "defects", "d00", "--filter", "r"), "defects has no filter level", "leave the filter out"),
        (("lav", "defects", "d00"), "unknown instrument 'lav'", "known instruments: lab"),
        (("lab", "defect", "d00"), "unknown calibration type 'defect'", "did you mean 'defects'"),
        (("lab", "flat", "d00", "--filter", "r"), "lab has no type 'flat'", "known types: defects"),
        (("lab", "defects", "d00", "--at", "soon"), "'soon' is not a date-time", "write it like"),
        (
            ("lab", "defects", "d00", "--value", "gain"),
            "no effect without --plot",
            "",
        ),
        (
            ("lab", "defects", "d00", "--plot", "a.jpg"),
            "does not end with one of .png, .svg, .pdf",
            "the ending",
        ),
    ],
)
def test_questions_that_cannot_be_answered(
    lab: GitPackage, curated: Commands, words: tuple[str, ...], message: str, hint: str
) -> None:
    done = curated(lab.path, "log", *words)
    assert (done.status, done.stdout) == (2, "")
    assert message in done.stderr
    assert hint in done.stderr
