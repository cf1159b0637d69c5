"""Tables: astropy reads back what is written, whatever the data types and shapes of the columns."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from curated.core.tables import ColumnData, TableData
from curated.fits.header import cards, hdu, unescape
from curated.fits.table import table_parts
from curated.registry import get_type
from support.packages import fitsverify_errors

PRIMARY = cards([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)])


def fits_file(table: TableData) -> bytes:
    structure, data = table_parts(table)
    return hdu(PRIMARY, b"") + hdu(structure, data)


@st.composite
def columns(draw: st.DrawFn, rows: int) -> Any:
    dtype = draw(st.sampled_from(["f8", "f4", "i8", "i4", "i2", "u1", "?", "U"]))
    shape = (rows, *draw(st.sampled_from([(), (1,), (3,), (2, 2)])))
    if dtype == "U":
        text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
        count = math.prod(shape)
        items = draw(st.lists(text.map(str.rstrip), min_size=count, max_size=count))
        return np.array(items, dtype=str).reshape(shape)
    return draw(arrays.arrays(dtype, shape))


@given(st.integers(1, 4).flatmap(lambda rows: st.lists(columns(rows), min_size=1, max_size=4)))
def test_astropy_reads_the_values(values: list[Any]) -> None:
    table = TableData({f"c{i}": ColumnData(array, "m") for i, array in enumerate(values)})
    with fits.open(io.BytesIO(fits_file(table)), checksum=True) as hdus:
        hdus.verify("exception")
        for i, array in enumerate(values):
            back = hdus[1].data[f"c{i}"]
            assert hdus[1].columns[i].unit == "m"
            if array.dtype.kind == "U":
                # astropy takes blanks at the end away; FITS knows ASCII only.
                texts = [unescape(str(text)).rstrip() for text in np.asarray(back).reshape(-1)]
                assert texts == [text.rstrip() for text in array.reshape(-1).tolist()]
            else:
                np.testing.assert_array_equal(back, array)


def test_vectors_of_different_lengths_and_without_elements() -> None:
    vectors = [np.array([1.0, 2.0]), np.zeros(0), np.array([3.0])]
    table = TableData(
        {
            "variable": ColumnData(vectors, variable="P"),
            "flags": ColumnData([np.array([True, False])] * 3, variable="1Q"),
            "empty": ColumnData(np.zeros((3, 0))),
        }
    )
    with fits.open(io.BytesIO(fits_file(table))) as hdus:
        data = hdus[1].data
        assert [row.tolist() for row in data["variable"]] == [v.tolist() for v in vectors]
        assert [row.tolist() for row in data["flags"]] == [[True, False]] * 3
        assert hdus[1].columns["empty"].format == "0D"


def test_a_table_without_rows_has_columns_of_doubles_without_units() -> None:
    table = TableData({"x0": ColumnData(np.zeros(0, "i8"), "pix"), "name": ColumnData(np.array([], "U3"))})
    with fits.open(io.BytesIO(fits_file(table))) as hdus:
        assert [(c.format, c.unit) for c in hdus[1].columns] == [("D", None), ("D", None)]
        assert len(hdus[1].data) == 0


def test_values_of_text_columns_are_escaped_too(tmp_path: Path) -> None:
    text = (
        "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: amp_name, datatype: string}\n"
        "# - {name: wavelength, unit: nm, datatype: float64}\n# - {name: efficiency, unit: '%', datatype: float64}\n"
        "# meta: {OBSTYPE: transmission_sensor, INSTRUME: Lab, DETECTOR: 0, CALIBDATE: '2020-01-01T00:00:00'}\n"
        "# schema: astropy-2.0\namp_name wavelength efficiency\nÄmp 1.0 2.0\nÄmp 2.0 3.0\n"
    )
    (tmp_path / "x.ecsv").write_text(text)
    cls = get_type("transmission_sensor")
    calib = cls.readText(tmp_path / "x.ecsv")
    calib.writeFits(tmp_path / "x.fits")
    assert fitsverify_errors([tmp_path / "x.fits"]) == ""
    assert cls.readFits(tmp_path / "x.fits") == calib
