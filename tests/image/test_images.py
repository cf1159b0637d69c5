"""Image products: planes, round trips, conversion by copying, the cache, and links."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from conftest import GitPackage, MakePackage
from curated.calib import CalibrationError
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError
from curated.fits.hdu import sum32
from curated.history.lookup import package_at
from curated.image.planes import CHUNK, DEFAULT_BITS
from curated.package.package import open_package
from curated.registry import get_type
from curated.types.bias import Bias
from curated.types.dark import Dark
from support.images import dump, one_hdu, package_files, pixels, side_file, three_planes, write_pair
from support.packages import fitsverify, run_curated

MASK = np.zeros((8, 16), ">i4")
MASK[2, 3] = 5
VARIANCE = np.full((8, 16), 4, ">f4")
STEM = "calibs/cam/bias/d00/20240101T000000"

# -- reading ---------------------------------------------------------------------------------------


def test_planes_in_native_byte_order_and_not_writable(tmp_path: Path) -> None:
    data = three_planes(pixels(), MASK, VARIANCE, MP_BAD=0, MP_DETECTED_NEGATIVE=2)
    bias = Bias.readText(write_pair(tmp_path, "bias", data))
    mask, variance = bias.mask, bias.variance
    assert mask is not None
    assert variance is not None
    for found, wanted in ((bias.image, pixels()), (mask, MASK), (variance, VARIANCE)):
        assert np.array_equal(found, wanted)
        assert found.dtype.isnative
        assert not found.flags.writeable
    assert bias.mask_planes == {"BAD": 0, "DETECTED_NEGATIVE": 2}
    assert bias.unit == "adu"


def test_pixels_are_mapped_and_not_read(tmp_path: Path) -> None:
    bias = Bias.readText(write_pair(tmp_path, "bias", one_hdu(pixels())))
    plane = bias.planes["IMAGE"]
    assert "native" not in vars(plane)
    assert not plane.mapped.flags.owndata
    (tmp_path / "20240101T000000.fits").unlink()
    assert np.array_equal(bias.image, pixels())


def test_a_side_file_without_its_image(tmp_path: Path) -> None:
    path = write_pair(tmp_path, "bias", one_hdu(pixels()))
    (tmp_path / "20240101T000000.fits").unlink()
    with pytest.raises(CalibrationError, match="CAL340 20240101T000000"):
        Bias.readText(path)
    path.write_text(path.read_text().replace("file: 2024", "file: ../2024"))
    with pytest.raises(CalibrationError, match="CAL341"):
        Bias.readText(path)


def test_a_text_alone_has_no_pixels() -> None:
    bias = Bias.fromDict({"image": {"file": "a.fits", "sha256": "0" * 64, "size": 1}})
    with pytest.raises(CuratedError, match="bias has no pixels"):
        _ = bias.image


def test_what_contradicts_the_unit(tmp_path: Path) -> None:
    path = write_pair(tmp_path, "dark", one_hdu(pixels(), "adu/s"), more="unit: adu/s\ndark_time: 30.0\n")
    with pytest.raises(CalibrationError, match="CAL308 dark_time is 30 s"):
        Dark.readText(path)
    path = write_pair(tmp_path, "dark", one_hdu(pixels(), "adu"), more="unit: adu\ndark_time: 30.0\n")
    assert Dark.readText(path).dark_time == 30.0
    with pytest.raises(CalibrationError, match="CAL210 dark_time is missing"):
        Dark.readText(write_pair(tmp_path, "dark", one_hdu(pixels(), "adu")))


def test_a_file_of_the_stack_without_side_file(tmp_path: Path) -> None:
    """Its keywords are in the primary HDU, its unit in that of the image, tables follow the planes."""
    primary = fits.PrimaryHDU()
    for key, value in {"OBSTYPE": "bias", "INSTRUME": "cam", "DETECTOR": 3, "AR_HDU": 5}.items():
        primary.header[key] = value
    image = fits.ImageHDU(pixels(), name="IMAGE")
    image.header["BUNIT"] = "electron"
    archive = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[1])], name="ARCHIVE_INDEX")
    path = tmp_path / "bias.fits"
    path.write_bytes(dump(primary, image, fits.ImageHDU(MASK, name="MASK"), archive))
    bias = Bias.readFits(path)
    assert (bias.unit, bias.metadata["DETECTOR"], bias.file) == ("electron", 3, "")
    assert np.array_equal(bias.image, pixels())
    assert bias.mask_planes == dict(DEFAULT_BITS)


@given(st.binary(max_size=9000))
def test_no_file_is_worse_than_a_finding(data: bytes) -> None:
    """Whatever the bytes are, also behind a good beginning: an error of ours, or planes."""
    from curated.image.reader import read_image

    good = one_hdu(pixels())
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "x.fits"
        for content in (data, good[:240] + data, good[:2880] + data):
            path.write_bytes(content)
            found = read_image(path)
            assert found.problems or found.planes


# -- round trips -----------------------------------------------------------------------------------

FLOATS = st.sampled_from(["f4", "f8"]).flatmap(
    lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40))
)


@given(FLOATS, st.booleans(), st.booleans(), st.data())
def test_object_to_fits_to_object(image: Any, with_mask: bool, with_variance: bool, data: Any) -> None:
    mask = data.draw(arrays.arrays("i4", image.shape)) if with_mask else None
    variance = data.draw(arrays.arrays("f4", image.shape)) if with_variance else None
    bias = Bias.from_pixels(
        np.nan_to_num(image), mask=mask, variance=variance, mask_planes={"BAD": 0, "HOT": 9}
    )
    with tempfile.TemporaryDirectory() as directory:
        path = bias.writeFits(Path(directory) / "bias.fits")
        back = Bias.readFits(path)
        assert back == bias
        with fits.open(path, checksum=True) as hdus:
            for hdu in hdus:
                assert hdu.verify_checksum() == hdu.verify_datasum() == 1
            assert np.array_equal(hdus["IMAGE"].data, np.nan_to_num(image))
            if mask is not None:
                assert np.array_equal(hdus["MASK"].data, mask)
                assert hdus["MASK"].header["MP_HOT"] == 9
        described = bias.described(path)
        assert (described.file, described.size) == ("bias.fits", os.path.getsize(path))
        assert Bias.fromDict(described.toDict()).sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_equality_sees_every_pixel_and_plane() -> None:
    image = pixels()
    image[1, 1] = np.nan
    bias = Bias.from_pixels(image, mask=MASK)
    assert bias == Bias.from_pixels(image.copy(), mask=MASK)
    other = image.copy()
    other[7, 15] = np.nextafter(other[7, 15], np.float32(1e9))
    values = {name: getattr(bias, name) for name in ("mean", "median", "standard_deviation", "bad_pixels")}
    assert bias != Bias.from_pixels(other, mask=MASK, **values)
    assert bias != Bias.from_pixels(image, **values)
    assert bias != Bias.from_pixels(image, mask=MASK, mask_planes={"OTHER": 0})
    assert bias != 1


def test_statistics_leave_out_what_is_bad() -> None:
    image = np.ones((8, 16), "f4")
    image[2, 3], image[0, 0] = 1e6, np.nan
    bias = Bias.from_pixels(image, mask=MASK)
    assert (bias.mean, bias.median, bias.standard_deviation, bias.bad_pixels) == (1, 1, 0, 2)


@pytest.mark.parametrize(
    "planes",
    [
        {"image": [1.0]},
        {"image": [[1j]]},
        {"image": [[1.0]], "mask": [[0.5]]},
        {"image": [[1.0]], "mask": [[0, 0]]},
    ],
    ids=["flat", "complex", "mask", "shape"],
)
def test_what_is_no_plane(planes: dict[str, Any]) -> None:
    with pytest.raises(CuratedError):
        Bias.from_pixels(**planes)


def test_writing_over_the_file_that_it_was_read_from(tmp_path: Path) -> None:
    path = tmp_path / "bias.fits"
    Bias.from_pixels(pixels()).writeFits(path)
    bias = Bias.readFits(path)
    bias.writeFits(path)
    assert Bias.readFits(path) == Bias.from_pixels(pixels())
    assert [p.name for p in tmp_path.iterdir()] == ["bias.fits"]


@given(st.binary(max_size=64).map(lambda b: b[: len(b) & ~3]))
def test_the_sum_is_that_of_the_words(data: bytes) -> None:
    words = [int.from_bytes(data[i : i + 4], "big") for i in range(0, len(data), 4)]
    # Of the two zeros of ones-complement, the sum is all ones unless all words are zero.
    expected = sum(words) % (2**32 - 1) or (2**32 - 1 if any(words) else 0)
    assert sum32(data) == expected


# -- convert ---------------------------------------------------------------------------------------


def convert(package: GitPackage, output: Path) -> Path:
    done = run_curated("convert", "-o", output, cwd=package.path)
    assert done.returncode == 0, done.stderr + done.stdout
    return output


def test_the_layout_of_the_stack_with_the_bytes_of_the_source(
    git_package: MakePackage, tmp_path: Path
) -> None:
    image = pixels()
    image.view(">u4")[0, 0] = 0x7FC12345  # a NaN whose bits say something
    data = three_planes(image, MASK.astype(">i2"), VARIANCE)
    package = git_package(package_files("bias", data))
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
    assert fitsverify([path]) == ""
    ccd = CCDData.read(path)
    assert ccd.unit == "adu"
    assert np.array_equal(ccd.mask, MASK != 0)
    assert ccd.header["REPOSHA1"] == package.commits[0]
    assert Bias.readFits(path) == Bias.readText(package.path / f"{STEM}.yaml")


def test_an_image_that_changed_without_its_side_file(git_package: MakePackage, tmp_path: Path) -> None:
    data = one_hdu(pixels())
    package = git_package(package_files("bias", data))
    package.commit({f"{STEM}.fits": one_hdu(pixels(8))}, "Change the pixels alone")
    done = run_curated("convert", "-o", tmp_path / "out", cwd=package.path)
    assert (done.returncode, "CAL343" in done.stderr + done.stdout) == (1, True)
    assert not (tmp_path / "out").exists()


def test_an_uncommitted_image_is_a_change(git_package: MakePackage, tmp_path: Path) -> None:
    package = git_package(package_files("bias", one_hdu(pixels())))
    data = one_hdu(pixels(8))
    package.write({f"{STEM}.fits": data})
    done = run_curated("convert", "-o", tmp_path / "out", cwd=package.path)
    assert (done.returncode, "differ from the commit" in done.stderr) == (2, True)


def test_large_images_are_streamed(git_package: MakePackage, tmp_path: Path) -> None:
    """Many blocks, memory well below the size of the image, and the sums that astropy finds."""
    image = np.random.RandomState(1).normal(size=(4000, 4001)).astype(">f4")
    data = one_hdu(image)
    assert len(data) > 50 * CHUNK
    package = git_package(package_files("bias", data))
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom curated.convert import convert_package\n"
        "from curated.convert.origin import find_origin\nfrom curated.package.package import open_package\n"
        "package = open_package(sys.argv[1])\norigin = find_origin(package)\n"
        "convert_package(package, origin, Path(sys.argv[3]) / 'warm', ['calibs/cam/none'], jobs=1)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "convert_package(package, origin, Path(sys.argv[2]), jobs=1)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
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


def test_the_cache_looks_at_the_image(git_package: MakePackage) -> None:
    data = one_hdu(pixels())
    package = git_package(package_files("bias", data)).path
    image = package / f"{STEM}.fits"
    assert codes(package) == []
    status = image.stat()
    image.write_bytes(one_hdu(pixels(8)))
    os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert codes(package) == ["CAL343"]
    image.unlink()
    assert codes(package) == ["CAL340"]
    image.write_bytes(data)
    assert codes(package) == []


def test_the_cache_does_not_read_the_image_again(
    git_package: MakePackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = git_package(package_files("bias", one_hdu(pixels()))).path
    assert codes(package) == []
    monkeypatch.setattr("curated.image.planes.digest", lambda *_: pytest.fail("it is read again"))
    assert codes(package) == []


def test_naming_an_image_means_its_side_file(git_package: MakePackage) -> None:
    files = package_files("bias", one_hdu(pixels())) | package_files("dark", one_hdu(pixels(), "adu/s"))
    files[f"{STEM}.fits"] = one_hdu(pixels(8))
    package = open_package(git_package(files).path)
    report = check_package(package, [f"{STEM}.fits"], jobs=1)
    assert [file.path for file in report.files] == [f"{STEM}.yaml"]
    assert [d.code for d in report.diagnostics] == ["CAL343"]


@pytest.mark.parametrize(
    ("said", "unit"),
    [("ADU", "adu"), (" Electrons", "electron"), ("e-", "electron"), ("electron", "electron")],
)
def test_units_as_cameras_spell_them(tmp_path: Path, said: str, unit: str) -> None:
    assert Bias.readText(write_pair(tmp_path, "bias", one_hdu(pixels(), said))).unit == unit


@pytest.mark.parametrize("keyword", ["MP_BAD", "MP_a bad name", f"MP_{'X' * 45}"])
def test_bits_of_a_mask_that_are_none(tmp_path: Path, keyword: str) -> None:
    data = three_planes(pixels(), MASK, VARIANCE, **{keyword: 0 if keyword != "MP_BAD" else 99})
    with pytest.raises(CalibrationError, match="not a bit from 0 to 31"):
        Bias.readText(write_pair(tmp_path, "bias", data))


def test_files_of_a_commit_are_not_looked_into(git_package: MakePackage) -> None:
    package = git_package(package_files("bias", one_hdu(pixels())))
    package.commit({f"{STEM}.fits": None}, "Remove the image alone")
    for commit, expected in zip(package.commits, [[], ["CAL340"]], strict=True):
        then, _ = package_at(package.path, commit)
        assert [d.code for d in check_package(then, jobs=1, use_cache=False).diagnostics] == expected


def test_links_to_the_image(git_package: MakePackage, tmp_path: Path) -> None:
    data = one_hdu(pixels())
    package = git_package(package_files("bias", data)).path
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


def test_lookup_in_an_old_commit_needs_no_image(git_package: MakePackage) -> None:
    package = git_package(package_files("bias", one_hdu(pixels())))
    package.commit({f"{STEM}.fits": None, f"{STEM}.yaml": None}, "Remove the bias")
    question = ["lookup", "cam", "BIAS", "--detector", "d00", "--at", "2024-06-01", "--format", "json"]
    done = run_curated(*question, "--as-of", package.commits[0], cwd=package.path)
    assert done.returncode == 0, done.stderr
    assert STEM in json.dumps(json.loads(done.stdout))


def test_every_image_type_takes_its_first_unit_for_granted(tmp_path: Path) -> None:
    for kind in ("bias", "dark", "flat", "fringe", "sky", "illum", "straylight"):
        cls: Any = get_type(kind)
        data = one_hdu(pixels(), None)
        path = tmp_path / f"{kind}.yaml"
        (tmp_path / "20240101T000000.fits").write_bytes(data)
        path.write_text(side_file(kind, data))
        calib = cls.readText(path)
        assert calib.unit == cls._units()[0]
