"""``curated convert``: text, JSON and exit status."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import GitPackage
from support.packages import UNTOUCHED
from support.programs import printed_json, run_curated


def test_json(demo: GitPackage, tmp_path: Path) -> None:
    value = printed_json(run_curated("convert", UNTOUCHED, "-o", tmp_path, "--format", "json", cwd=demo.path))
    assert (value["sha1"], value["dirty"], value["failed"]) == (demo.commits[2], False, False)
    (file,) = value["files"]
    assert file["source"] == UNTOUCHED
    assert (tmp_path / file["path"]).stat().st_size == file["size"]


def test_text(demo: GitPackage, tmp_path: Path) -> None:
    done = run_curated("-q", "convert", UNTOUCHED, "-o", tmp_path, cwd=demo.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(rf"1 FITS file \(.* MB\) of commit {demo.commits[2][:12]} in .*\n", done.stdout)


def test_an_error_writes_nothing(wrong: GitPackage, tmp_path: Path) -> None:
    done = run_curated("convert", "-o", tmp_path / "out", cwd=wrong.path)
    assert (done.returncode, done.stdout, "CAL301" in done.stderr) == (1, "", True)
    done = run_curated("convert", "-o", tmp_path / "out", "--format", "json", cwd=wrong.path)
    assert done.returncode == 1
    assert (printed_json(done)["failed"], printed_json(done)["files"]) == (True, [])
    assert not (tmp_path / "out").exists()
