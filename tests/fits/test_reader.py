"""Reading FITS files: damaged ones end in an error of ours, arrays have the byte order of the machine."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import CuratedError
from curated.registry import get_type
from curated.types.defects import Defects
from support.packages import EDITED, UNTOUCHED, convert_demo, fits_name, make_demo


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    demo = make_demo(tmp_path_factory.mktemp("demo") / "package")
    return convert_demo(demo, tmp_path_factory.mktemp("converted") / "fits")


@given(data=st.data())
def test_a_damaged_file_is_an_error_of_ours(converted: Path, tmp_path_factory, data: st.DataObject) -> None:
    name = data.draw(
        st.sampled_from([EDITED, UNTOUCHED, "calibs/demo/transmission_filter/r/20200101T000000.ecsv"])
    )
    content = bytearray((converted / fits_name(name)).read_bytes())
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from(b"09AZ'= /T\0\xff"))
    content = content[: data.draw(st.integers(0, len(content)))]
    path = tmp_path_factory.getbasetemp() / "damaged.fits"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(CuratedError):
            get_type(name.split("/")[2]).readFits(path)


def test_arrays_read_back_in_the_machines_order(converted: Path) -> None:
    calib = Defects.readFits(converted / fits_name(EDITED))
    assert calib.x0.dtype == np.dtype("i8")
    assert calib.x0.dtype.isnative
