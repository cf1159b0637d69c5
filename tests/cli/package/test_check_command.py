"""``curated check``: text, JSON, paths and exit status."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import GitPackage, MakePackage
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
