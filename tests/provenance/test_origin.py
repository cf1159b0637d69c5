"""What `apply` writes into the header of a corrected image."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData

import curated
from curated.calib import Calib
from curated.core.version import __version__
from curated.provenance.origin import Origin
from curated.registry import all_types
from curated.types.crosstalk import Crosstalk
from curated.types.defects import Defects
from curated.types.linearizer import Linearizer

ROOT = Path(__file__).parents[2]
DEFECTS = ROOT / "calibs/demo/defects/d00/20230510T000000.ecsv"


@pytest.fixture
def image() -> CCDData:
    return CCDData(np.full((1024, 1024), 1000.0), unit="adu", header=fits.Header({"EXPTIME": 30.0}))


def test_a_file_of_a_package(image: CCDData, tmp_path: Path) -> None:
    calibs = curated.open(ROOT)
    defects = calibs.get("defects", instrument="demo", detector="d00", at="2023-06-01")
    crosstalk = calibs.get("crosstalk", instrument="demo", detector="d00", at="2024-01-01")
    detector = calibs.detector("d00", instrument="demo", at="2024-01-01")
    corrected = defects.apply(crosstalk.apply(image, detector=detector))
    data = DEFECTS.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    corrected.write(tmp_path / "x.fits")
    header = fits.getheader(tmp_path / "x.fits")
    assert header["CALTYP1"] == "crosstalk"
    assert header["CALPTH1"] == "calibs/demo/crosstalk/d00/20200101T000000.yaml"
    assert header["CALTYP2"] == "defects"
    assert header["CALPTH2"] == "calibs/demo/defects/d00/20230510T000000.ecsv"
    assert header["CALHSH2"] == hashlib.sha256(data).hexdigest()
    assert header["CALBLB2"] == blob
    assert header["CALVER"] == __version__
    assert header["EXPTIME"] == 30
    assert not any(key.startswith("CAL") for key in image.header)


def test_a_commit(image: CCDData) -> None:
    calibs = curated.open(ROOT, rev="HEAD")
    defects = calibs.get("defects", instrument="demo", detector="d00", at="2023-06-01")
    assert defects.apply(image).meta["CALCMT1"] == calibs.commit


def test_a_file_and_what_is_no_file(image: CCDData, tmp_path: Path) -> None:
    defects = Defects.readText(DEFECTS)
    meta = defects.apply(image).meta
    assert (meta["CALPTH1"], len(meta["CALHSH1"])) == (str(DEFECTS), 64)
    meta = defects.replace(metadata={"SOURCE": "x"}).apply(image).meta
    assert [key for key in meta if key.startswith("CAL")] == ["CALTYP1", "CALVER"]
    name = defects.writeFits(tmp_path / "\u00b5.fits")
    meta = Defects.readFits(name).apply(image).meta
    assert meta["CALPTH1"].endswith("/\\xb5.fits")
    assert meta["CALHSH1"] == hashlib.sha256(Path(name).read_bytes()).hexdigest()


def test_a_stamped_file() -> None:
    stamp = {"REPOPATH": "calibs/x.ecsv", "BLOBSHA1": "b", "REPOSHA1": "c"}
    assert Origin.of_fits("no file", stamp) == Origin(path="calibs/x.ecsv", blob="b", commit="c")


def test_twice_is_twice_and_arrays_have_no_header(image: CCDData) -> None:
    defects = Defects.readText(DEFECTS)
    meta = defects.apply(defects.apply(image)).meta
    assert {key for key in meta if key.startswith("CALTYP")} == {"CALTYP1", "CALTYP2"}
    assert isinstance(defects.apply(image.data), np.ndarray)
    assert defects.apply(image).meta == defects.apply(image).meta


def test_corrections_that_change_nothing_are_recorded(image: CCDData) -> None:
    nothing = Linearizer(linearityBBox={}, metadata={"INSTRUME": "demo"})  # type: ignore[arg-type]
    assert nothing.apply(image).meta["CALTYP1"] == "linearizer"
    zero = Crosstalk.readText(ROOT / "calibs/demo/crosstalk/d00/20200101T000000.yaml").replace(
        hasCrosstalk=False
    )
    detector = curated.open(ROOT).detector("d00", instrument="demo", at="2024-01-01")
    assert zero.apply(image, detector=detector).meta["CALTYP1"] == "crosstalk"


def test_all_types_with_apply_record() -> None:
    for name, cls in all_types().items():
        if cls.apply is not Calib.apply:
            assert hasattr(cls.apply, "__wrapped__"), name
