"""FITS files are read as their texts are, whoever wrote them; damaged ones end in an error of ours."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.calib.arrays import is_equal
from curated.core.diagnostic import CuratedError
from curated.registry import find_type, get_type
from curated.types.defects import Defects
from support.packages import EDITED, UNTOUCHED, convert_demo, fits_path, make_demo_package
from support.stack import replaced_columns, stack_pairs


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    demo = make_demo_package(tmp_path_factory.mktemp("demo") / "package")
    return convert_demo(demo, tmp_path_factory.mktemp("converted") / "fits")


@given(data=st.data())
def test_a_damaged_file_is_an_error_of_ours(converted: Path, tmp_path_factory, data: st.DataObject) -> None:
    name = data.draw(
        st.sampled_from([EDITED, UNTOUCHED, "calibs/demo/transmission_filter/r/20200101T000000.ecsv"])
    )
    content = bytearray((converted / fits_path(name)).read_bytes())
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
    calib = Defects.readFits(converted / fits_path(EDITED))
    assert calib.x0.dtype == np.dtype("i8")
    assert calib.x0.dtype.isnative


def test_the_stacks_fits_says_what_its_text_says(corpus: Path) -> None:
    """Where the stack's own reader takes another column, flattens or drops one, ours does not."""
    for text, stack_file, folder in stack_pairs(corpus):
        cls = find_type(folder)
        assert cls is not None
        from_text, from_fits = cls.readText(text), cls.readFits(stack_file)
        if folder.startswith("transmission"):
            # The archive has one curve in Angstrom, whatever the text has; its ends are those of the text but for rounding.
            at = np.linspace(301.0, 1099.0, 411)
            np.testing.assert_allclose(from_fits.throughput_at(at), from_text.throughput_at(at), rtol=1e-12)
            continue
        for field in cls.FIELDS:
            values = [getattr(calib, field.name) for calib in (from_text, from_fits)]
            if field.prefix:
                # The stack's YAML has lost their order.
                values = [dict(sorted(mapping.items())) for mapping in values]
            if field.column not in replaced_columns(text):
                assert is_equal(*values), (text, field.name)
