"""Image products in a package: conversion by copying, the check and its cache, links, old commits."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData

from conftest import GitPackage, MakePackage
from curated.check.package import check_package
from curated.history.lookup import package_at
from curated.image.planes import CHUNK, DEFAULT_BITS
from curated.package.package import open_package
from curated.types.bias import Bias
from support.images import MASK, VARIANCE, image_package, make_image, make_pixels, make_planes
from support.packages import fitsverify_errors
from support.programs import PEAK, run_curated

STEM = "calibs/cam/bias/d00/20240101T000000"


# -- convert ---------------------------------------------------------------------------------------


def convert(package: GitPackage, output: Path) -> Path:
    done = run_curated("convert", "-o", output, cwd=package.path)
    assert done.returncode == 0, done.stderr + done.stdout
    return output


def test_the_layout_of_the_stack_with_the_bytes_of_the_source(
    make_package: MakePackage, tmp_path: Path
) -> None:
    image = make_pixels()
    image.view(">u4")[0, 0] = 0x7FC12345  # a NaN whose bits say something
    data = make_planes(image, MASK.astype(">i2"), VARIANCE)
    package = make_package(image_package("bias", data))
    path = convert(package, tmp_path / "out") / f"{STEM}.fits"
    with fits.open(path) as hdus:
        assert [(h.name, h.header.get("EXTTYPE"), h.header.get("INHERIT")) for h in hdus] == [
            ("PRIMARY", None, None),
            ("IMAGE", "IMAGE", True),
            ("MASK", "MASK", True),
            ("VARIANCE", "VARIANCE", True),
        ]
        assert hdus[0].header["NAXIS"] == 0
        assert hdus[0].header["IMGSHA"] == hashlib.sha256(data).hexdigest()
        assert hdus[0].header["BLOBSHA1"] == package.git("hash-object", f"{STEM}.yaml")
        assert hdus[0].header["REPOPATH"] == f"{STEM}.yaml"
        assert hdus[1].data.tobytes() == image.tobytes()
        assert hdus[2].data.dtype == ">i2"
        assert {k[3:]: v for k, v in hdus[2].header.items() if k.startswith("MP_")} == DEFAULT_BITS
        assert (hdus[1].header["BUNIT"], hdus[3].header["BUNIT"]) == ("adu", "adu**2")
    assert fitsverify_errors([path]) == ""
    ccd = CCDData.read(path)
    assert ccd.unit == "adu"
    assert np.array_equal(ccd.mask, MASK != 0)
    assert ccd.header["REPOSHA1"] == package.commits[0]
    assert Bias.readFits(path) == Bias.readText(package.path / f"{STEM}.yaml")


def test_an_image_that_changed_without_its_side_file(make_package: MakePackage, tmp_path: Path) -> None:
    data = make_image(make_pixels())
    package = make_package(image_package("bias", data))
    package.commit({f"{STEM}.fits": make_image(make_pixels(8))}, "Change the pixels alone")
    done = run_curated("convert", "-o", tmp_path / "out", cwd=package.path)
    assert (done.returncode, "CAL343" in done.stderr + done.stdout) == (1, True)
    assert not (tmp_path / "out").exists()


def test_an_uncommitted_image_is_a_change(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(image_package("bias", make_image(make_pixels())))
    data = make_image(make_pixels(8))
    package.write({f"{STEM}.fits": data})
    done = run_curated("convert", "-o", tmp_path / "out", cwd=package.path)
    assert (done.returncode, "differ from the commit" in done.stderr) == (2, True)


def test_large_images_are_streamed(make_package: MakePackage, tmp_path: Path) -> None:
    """Many blocks, memory well below the size of the image, and the sums that astropy finds."""
    image = np.random.RandomState(1).normal(size=(4000, 4001)).astype(">f4")
    data = make_image(image)
    assert len(data) > 50 * CHUNK
    package = make_package(image_package("bias", data))
    code = (
        f"{PEAK}import sys\nfrom pathlib import Path\nfrom curated.convert import convert_package\n"
        "from curated.convert.origin import find_origin\nfrom curated.package.package import open_package\n"
        "package = open_package(sys.argv[1])\norigin = find_origin(package)\n"
        "convert_package(package, origin, Path(sys.argv[3]) / 'warm', ['calibs/cam/none'], jobs=1)\n"
        "before = peak()\n"
        "convert_package(package, origin, Path(sys.argv[2]), jobs=1)\n"
        "print(peak() - before)\n"
    )
    arguments = [str(package.path), str(tmp_path / "out"), str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kilobytes = int(done.stdout.split()[-1])
    assert kilobytes * 1024 < len(data) / 2
    with fits.open(tmp_path / "out" / f"{STEM}.fits", checksum=True) as hdus:
        assert hdus[1].verify_checksum() == hdus[1].verify_datasum() == 1
        assert hdus[1].data.tobytes() == image.tobytes()


# -- check -----------------------------------------------------------------------------------------


def codes(path: Path, **options: Any) -> list[str]:
    return [d.code for d in check_package(open_package(path), jobs=1, **options).diagnostics]


def test_the_cache_looks_at_the_image(make_package: MakePackage) -> None:
    data = make_image(make_pixels())
    package = make_package(image_package("bias", data)).path
    image = package / f"{STEM}.fits"
    assert codes(package) == []
    status = image.stat()
    image.write_bytes(make_image(make_pixels(8)))
    os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert codes(package) == ["CAL343"]
    image.unlink()
    assert codes(package) == ["CAL340"]
    image.write_bytes(data)
    assert codes(package) == []


def test_the_cache_does_not_read_the_image_again(
    make_package: MakePackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = make_package(image_package("bias", make_image(make_pixels()))).path
    assert codes(package) == []
    monkeypatch.setattr("curated.image.planes.digest", lambda *_: pytest.fail("it is read again"))
    assert codes(package) == []


def test_naming_an_image_means_its_side_file(make_package: MakePackage) -> None:
    files = image_package("bias", make_image(make_pixels())) | image_package(
        "dark", make_image(make_pixels(), "adu/s")
    )
    files[f"{STEM}.fits"] = make_image(make_pixels(8))
    package = open_package(make_package(files).path)
    report = check_package(package, [f"{STEM}.fits"], jobs=1)
    assert [file.path for file in report.files] == [f"{STEM}.yaml"]
    assert [d.code for d in report.diagnostics] == ["CAL343"]


def test_files_of_a_commit_are_not_looked_into(make_package: MakePackage) -> None:
    package = make_package(image_package("bias", make_image(make_pixels())))
    package.commit({f"{STEM}.fits": None}, "Remove the image alone")
    for commit, expected in zip(package.commits, [[], ["CAL340"]], strict=True):
        then, _ = package_at(package.path, commit)
        assert [d.code for d in check_package(then, jobs=1, use_cache=False).diagnostics] == expected


def test_links_to_the_image(make_package: MakePackage, tmp_path: Path) -> None:
    data = make_image(make_pixels())
    package = make_package(image_package("bias", data)).path
    image = package / f"{STEM}.fits"
    image.rename(package / "kept.fits")
    image.symlink_to(package / "kept.fits")
    assert codes(package, use_cache=False) == []
    image.unlink()
    (tmp_path / "outside.fits").write_bytes(data)
    image.symlink_to(tmp_path / "outside.fits")
    assert codes(package, use_cache=False) == ["CAL106"]
    image.unlink()
    os.mkfifo(image)
    assert codes(package, use_cache=False) == ["CAL201"]


def test_lookup_in_an_old_commit_needs_no_image(make_package: MakePackage) -> None:
    package = make_package(image_package("bias", make_image(make_pixels())))
    package.commit({f"{STEM}.fits": None, f"{STEM}.yaml": None}, "Remove the bias")
    question = ["lookup", "cam", "BIAS", "--detector", "d00", "--at", "2024-06-01", "--format", "json"]
    done = run_curated(*question, "--as-of", package.commits[0], cwd=package.path)
    assert done.returncode == 0, done.stderr
    assert STEM in json.dumps(json.loads(done.stdout))
