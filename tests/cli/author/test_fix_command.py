"""``curated fix``: exit status, paths and the corpus; texts are in tests/data/edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.commands import Commands
from support.editing import copy_package
from support.packages import read_tree

D00 = "calibs/demo/defects/d00"


def test_status_and_paths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Commands(capsys, monkeypatch)
    root = copy_package(tmp_path / "package")
    for name in (f"{D00}/20240301T000000.ecsv", "calibs/demo/defects/d02/20220301T000000.ecsv"):
        path = root / name
        path.write_text(
            path.read_text()
            .replace("{DETECTOR: 0}", "{DETECTOR: 9}")
            .replace("{DETECTOR: 2}", "{DETECTOR: 9}")
        )
    before = read_tree(root)
    assert run(root, "fix", "--check").status == 1
    assert run(root, "fix", "--dry-run").status == 0
    assert read_tree(root) == before
    value = run(root, "fix", D00, "--format", "json").json
    assert [(c["name"], c["before"], c["now"]) for c in value["corrections"]] == [("DETECTOR", 9, 0)]
    assert [f["path"] for f in value["files"]] == [f"{D00}/20240301T000000.ecsv"]
    assert run(root, "fix", D00, "--check").status == 0
    assert run(root, "fix", "--check").status == 1
    assert run(root / "calibs/demo/defects", "fix", "d02").status == 0
    done = run(root, "fix")
    assert (done.status, done.stdout, done.stderr) == (0, "", "12 calibrations: nothing to correct\n")
    assert run(root, "fix", "calibs/demo/defcts").status == 2


@pytest.mark.slow
def test_real_calibrations_are_right(
    corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Commands(capsys, monkeypatch)(corpus / "obs_lsst_data", "fix", "--check")
    assert (done.status, done.stdout, done.stderr) == (0, "", "2268 calibrations: nothing to correct\n")
