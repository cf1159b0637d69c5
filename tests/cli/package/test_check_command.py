"""``curated check``: text, JSON, paths and exit status."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from support.changes import EPOCHS, OLD, version
from support.packages import DEMO_FILES, defects_path, defects_text
from support.programs import printed_json, run_curated


def test_check_clean(demo: GitPackage) -> None:
    done = run_curated("check", cwd=demo.path)
    assert (done.returncode, done.stderr) == (0, "")
    # One file was edited without a note, and one leaves a hole.
    assert done.stdout.splitlines()[-1] == f"{DEMO_FILES} calibrations checked: 1 warning, 1 info"
    value = printed_json(run_curated("check", "--format", "json", cwd=demo.path))
    assert (value["files"], value["failed"], value["silenced"]) == (DEMO_FILES, False, 0)
    assert [finding["code"] for finding in value["findings"]] == ["CAL417", "CAL404"]


def test_check_with_findings(wrong: GitPackage) -> None:
    done = run_curated("check", cwd=wrong.path)
    line = next(
        n for n, text in enumerate(defects_text(x0=-7).splitlines(), start=1) if text.startswith("-7")
    )
    assert done.returncode == 1
    assert f"{defects_path(0)}:{line}:1: error CAL301 " in done.stdout
    assert "    | -7 2 3 4\n    | ^\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 calibrations checked: 1 error"
    done = run_curated("check", "--format", "json", cwd=wrong.path)
    (finding,) = printed_json(done)["findings"]
    assert done.returncode == 1
    assert printed_json(done)["failed"] is True
    assert finding | {"message": "", "hint": ""} == {
        "file": defects_path(0),
        "line": line,
        "column": 1,
        "code": "CAL301",
        "severity": "error",
        "pointer": ["x0", 0],
        "message": "",
        "hint": "",
    }
    assert run_curated("check", defects_path(1), cwd=wrong.path).returncode == 0


def test_paths_are_those_of_the_shell(wrong: GitPackage) -> None:
    here = wrong.path / "calibs" / "lab"
    for arguments, cwd in (
        (["check", "defects/d00"], here),
        (["check", here / "defects" / "d00"], here),
        (["-C", wrong.path, "check", "calibs/lab/defects/d00"], wrong.path.parent),
        (["-C", here, "check", defects_path(0)], wrong.path.parent),
        (["check", Path(defects_path(0)).name], here / "defects" / "d00"),
        (["check", "./defects/../defects/d00/"], here),
    ):
        done = run_curated(*arguments, "--format", "json", cwd=cwd)
        assert done.returncode == 1, done.stderr
        assert printed_json(done)["files"] == 1
        assert printed_json(done)["findings"][0]["file"] == defects_path(0)


def test_the_whole_package_by_a_dot(wrong: GitPackage) -> None:
    assert printed_json(run_curated("check", ".", "--format", "json", cwd=wrong.path))["files"] == 2
    assert (
        printed_json(run_curated("check", ".", "--format", "json", cwd=wrong.path / "calibs"))["files"] == 2
    )


def test_annotations_are_relative_to_the_top_of_the_repository(make_package: MakePackage) -> None:
    text = defects_text(x0=-1)
    package = make_package({"data/sub/curated.yaml": "", f"data/sub/{defects_path()}": text})
    line = len(text.splitlines())
    for cwd in (package.path / "data" / "sub", package.path / "data" / "sub" / "calibs"):
        done = run_curated("check", "--format", "github", cwd=cwd)
        assert done.returncode == 1
        assert done.stdout.startswith(
            f"::error file=data/sub/{defects_path()},line={line},col=1,title=CAL301::"
        )
    # Without a repository around it: from where it is.
    shutil.rmtree(package.path / ".git")
    done = run_curated("check", "--format", "github", cwd=package.path / "data" / "sub")
    assert done.stdout.startswith(f"::error file={defects_path()},")


# -- nothing checked ---------------------------------------------------------------------------------

EMPTY = {"curated.yaml": "", "calibs/lab/README.md": "text", "notes.txt": "text"}


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif", "junit"])
def test_nothing_checked_is_not_clean(make_package: MakePackage, form: str) -> None:
    package = make_package(EMPTY)
    done = run_curated("check", "--format", form, cwd=package.path)
    assert (done.returncode, "CAL139" in done.stdout, done.stderr) == (2, True, "")
    assert "there is no calibration in the package" in done.stdout
    if form == "json":
        assert (printed_json(done)["failed"], printed_json(done)["files"]) == (True, 0)
    allowed = run_curated("check", "--allow-empty", "--format", form, cwd=package.path)
    assert (allowed.returncode, "CAL139: " in allowed.stdout) == (0, False)


@pytest.mark.parametrize(
    ("paths", "status"),
    [
        (["notes.txt"], 2),
        (["calibs/lab/README.md"], 2),
        (["notes.txt", "calibs/lab/README.md"], 2),
        (["notes.txt", defects_path()], 0),
        (["curated.yaml"], 0),
        ([defects_path()], 0),
        (["calibs"], 0),
        (["."], 0),
        (["calibs/lab/empty"], 2),
        (["calibs/lab/defects/d09"], 2),
    ],
)
def test_a_path_without_a_calibration(make_package: MakePackage, paths: list[str], status: int) -> None:
    package = make_package({**EMPTY, defects_path(): defects_text()})
    for name in ("empty", "defects/d09"):
        (package.path / "calibs/lab" / name).mkdir()
    done = run_curated("check", *paths, cwd=package.path)
    assert (done.returncode, "CAL139" in done.stdout) == (status, status == 2), done.stdout
    if len(paths) > 1:
        # The package is not empty, whatever changed in it.
        assert run_curated("check", "--since", "HEAD", *paths, cwd=package.path).returncode == status
        assert run_curated("check", "--allow-empty", *paths, cwd=package.path).returncode == 0


def test_a_change_of_nothing_is_clean_and_an_empty_package_is_not(make_package: MakePackage) -> None:
    package = make_package({**EMPTY, defects_path(): defects_text()})
    package.write({"notes.txt": "more"})
    assert run_curated("check", "--since", "HEAD", cwd=package.path).returncode == 0
    package.write({defects_path(): None})
    done = run_curated("check", "--since", "HEAD", cwd=package.path)
    assert (done.returncode, "CAL424" in done.stdout, "CAL139" in done.stdout) == (2, True, True)


def test_other_commands_refuse_to_work_on_nothing(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EMPTY)
    for command in (
        ["convert", "-o", tmp_path / "fits"],
        ["convert", "-o", tmp_path / "fits", "notes.txt"],
        ["bundle", tmp_path / "bundle"],
        ["publish", tmp_path / "repo"],
        ["fingerprint"],
        ["fingerprint", "--rev", "HEAD"],
        ["compare", "HEAD", "HEAD"],
    ):
        done = run_curated(*command, cwd=package.path)
        assert (done.returncode, done.stdout) == (2, ""), command
        assert "no calibration" in done.stderr
    assert list(tmp_path.iterdir()) == [package.path]
    for command in (["convert", "-o", tmp_path / "fits"], ["fingerprint"], ["compare", "HEAD", "HEAD"]):
        assert run_curated(*command, "--allow-empty", cwd=package.path).returncode == 0, command


# -- the end of the past -----------------------------------------------------------------------------


def test_nights_since_the_commit_of_the_base_count_as_observed(make_package: MakePackage) -> None:
    path, date = defects_path(0, "20250601T000000"), "2025-06-01T00:00:00"
    # Committed on 2024-01-01, in force from 2025-06-01, and observed by today.
    package = make_package({"curated.yaml": "", path: defects_text(date=date)})
    package.write({path: defects_text(date=date, x0=9)})

    def codes(*options: str) -> list[str]:
        done = run_curated("check", "--since", "HEAD", *options, "--format", "json", cwd=package.path)
        assert done.returncode == 0, done.stderr
        return [finding["code"] for finding in printed_json(done)["findings"]]

    assert codes() == ["CAL417", "CAL420"]
    assert codes("--observed-until", "2025-06-01T00:00:00.000001") == ["CAL417", "CAL420"]
    assert codes("--observed-until", "2025-06-01T02:00:00+02:00") == ["CAL417"]
    future = defects_path(0, "20950101T000000")
    package.commit({future: defects_text(date="2095-01-01T00:00:00")})
    package.write({future: defects_text(date="2095-01-01T00:00:00", x0=9)})
    assert codes() == ["CAL417"]
    assert codes("--observed-until", "2100-01-01") == ["CAL417", "CAL420"]


def test_the_end_of_the_past_has_to_be_a_time_of_a_change(wrong: GitPackage) -> None:
    for options, message in (
        (["--observed-until", "2024-01-01"], "--observed-until goes with --since"),
        (["--since", "HEAD", "--observed-until", "soon"], "'soon' is not a date-time"),
        (["--since", "HEAD", "--observed-until", "2024-02-30"], "'2024-02-30' is not a date-time"),
    ):
        done = run_curated("check", *options, cwd=wrong.path)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr


def test_revisions_that_each_clone_answers_otherwise_are_refused(wrong: GitPackage) -> None:
    for command in (["check", "--since"], ["fingerprint", "--rev"]):
        for revision in ("HEAD@{0}", "@{-1}", "main..HEAD", ":/Add"):
            done = run_curated(*command, revision, cwd=wrong.path)
            assert (done.returncode, done.stdout) == (2, ""), done.stdout
            assert repr(revision) in done.stderr


def test_limits_of_changes_fail_and_measures_are_named(make_package: MakePackage) -> None:
    package = make_package(EPOCHS)
    package.write({OLD: version(OLD, x0=3)})
    done = run_curated(
        "check", "--since", "HEAD", "--max", "pixels_lost=7", "--format", "json", cwd=package.path
    )
    assert done.returncode == 1
    document = printed_json(done)
    assert [finding["code"] for finding in document["findings"]] == ["CAL417", "CAL420", "CAL446"]
    assert (
        "results change (pixels_gained +8 pix, pixels_lost +8 pix) from" in document["findings"][1]["message"]
    )
    (change,) = document["changes"]
    assert {(m["name"], m["value"], m["unit"]) for m in change["measures"]} == {
        ("pixels_gained", 8, "pix"),
        ("pixels_lost", 8, "pix"),
    }
    done = run_curated("check", "--max", "pixels_lost=7", cwd=package.path)
    assert (done.returncode, "--max goes with --since" in done.stderr) == (2, True)


def test_limits_can_be_silenced(make_package: MakePackage) -> None:
    silence = f"silence:\n- {{code: CAL446, path: '{OLD}', reason: known, until: '2099-01-01'}}\n"
    package = make_package(
        {**EPOCHS, "curated.yaml": f"calibs: calibs\nlimits: {{defects: {{pixels_gained: 7}}}}\n{silence}"}
    )
    package.write({OLD: version(OLD, x0=3)})
    done = run_curated("check", "--since", "HEAD", "--format", "json", cwd=package.path)
    assert (done.returncode, printed_json(done)["silenced"]) == (0, 1)
