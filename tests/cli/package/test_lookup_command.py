"""``curated lookup``: text, JSON and exit status."""

from __future__ import annotations

from pathlib import Path

from conftest import GitPackage, MakePackage
from support.packages import EDITED, defects_path, defects_text
from support.programs import printed_json, run_curated


def test_lookup(demo: GitPackage) -> None:
    question = ["lookup", "demo", "defects", "--detector", "d00", "--at", "2024-06-01"]
    done = run_curated(*question, cwd=demo.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        EDITED,
        "valid  2024-03-01T00:00:00 to open UTC",
        f"commit {demo.commits[1][:12]} 2025-02-03T04:05:06 Zoë Åström 天文",
    ]
    value = printed_json(run_curated(*question, "--format", "json", cwd=demo.path))
    assert value["found"]["file"] == EDITED
    assert value["commit"]["author"] == "Zoë Åström 天文"
    none = run_curated(*question[:-1], "2019-01-01", "--format", "json", cwd=demo.path)
    assert (none.returncode, printed_json(none)["found"]) == (1, None)


def test_changes_that_are_not_committed_are_said(make_package: MakePackage) -> None:
    package = make_package({"curated.yaml": "", defects_path(): defects_text()})
    package.write({defects_path(): defects_text(x0=2)})
    question = ["lookup", "lab", "defects", "--detector", "d00", "--at", "2025-01-01"]
    done = run_curated(*question, cwd=package.path)
    assert done.stdout.splitlines()[-1] == "but    the file has changes that are not committed"
    value = printed_json(run_curated(*question, "--format", "json", "--as-of", "HEAD", cwd=package.path))
    assert value["uncommitted"] == ""


def test_without_git_it_is_said(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({"curated.yaml": "", defects_path(): defects_text()})
    question = ["lookup", "lab", "defects", "--detector", "d00", "--at", "2025-01-01"]
    done = run_curated(*question, cwd=package.path, PATH=str(tmp_path))
    assert done.returncode == 0
    assert "not looked for: git cannot be run" in done.stderr
    printed = run_curated("fingerprint", cwd=package.path, PATH=str(tmp_path)).stdout
    assert "of which git says nothing: git cannot be run" in printed


def test_files_that_are_not_read_are_mentioned(make_package: MakePackage) -> None:
    stray = defects_path(0, "20240601T000000").replace(".ecsv", ".fits")
    package = make_package(
        {
            "curated.yaml": "",
            defects_path(0): defects_text(),
            stray: b"FITS",
            defects_path(1, "2024-13-01"): defects_text(detector=1),
            defects_path(1): defects_text(detector=1),
        }
    )
    question = ["lookup", "lab", "defects", "--detector", "d00", "--at", "2025-01-01"]
    done = run_curated(*question, cwd=package.path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, defects_path(0))
    assert done.stderr.startswith("1 file in its directory is not read")
    explained = run_curated(*question, "--explain", cwd=package.path)
    assert f"  {stray}\n      not read: defects is read from text" in explained.stdout
    value = printed_json(run_curated(*question, "--format", "json", cwd=package.path))
    assert [entry["file"] for entry in value["skipped"]] == [stray]
