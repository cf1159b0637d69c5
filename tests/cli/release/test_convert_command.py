"""``curated convert``: text, JSON and exit status."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import GitPackage
from support.packages import UNTOUCHED, make_demo_package
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


def test_an_image_means_the_text_that_names_it(tmp_path: Path) -> None:
    demo = make_demo_package(tmp_path / "package")
    image = next((demo.path / "calibs/demo/bias/g00").glob("*.fits")).relative_to(demo.path)
    done = run_curated("convert", image, "-o", tmp_path / "fits", cwd=demo.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 FITS file (")
    other = image.with_name("20990101T000000.fits")
    (demo.path / other).write_bytes((demo.path / image).read_bytes())
    refused = run_curated("convert", other, "-o", tmp_path / "other", "--allow-dirty", cwd=demo.path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"there is no calibration in {other}" in refused.stderr
