"""Tables of astropy as calibrations: bytes, masked values, percent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from curated.calib.astropy_tables import columns_of
from curated.core.diagnostic import CuratedError
from curated.types.qe_curve import QECurve


def _table() -> Table:
    table = Table({"amp_name": ["A", "A", "Bcd", "Bcd"], "wavelength": [300.0, 400, 300, 400]})
    table["efficiency"] = [1.0, 2, 3, 4]
    table["wavelength"].unit, table["efficiency"].unit = "nm", "%"
    return table


def test_bytes_of_a_fits_table(tmp_path: Path) -> None:
    _table().write(tmp_path / "x.fits")
    table = Table.read(tmp_path / "x.fits", character_as_bytes=True)
    bytes_table = _table()
    bytes_table.convert_unicode_to_bytestring()
    assert bytes_table["amp_name"].dtype.kind == "S"
    curve = QECurve.fromTable([_table()])
    assert QECurve.fromTable([bytes_table]) == curve
    again = QECurve.fromTable([table])
    assert again.amp_name is not None
    assert again.amp_name.tolist() == ["A", "A", "Bcd", "Bcd"]
    assert again.units == {"wavelength": "nm", "efficiencies": "%"}
    assert again.efficiency([350])[0] == curve.efficiency([350])[0]


def test_bytes_objects_and_vectors() -> None:
    objects = np.array([b"A", b"BC "], dtype=object)
    columns = columns_of(Table({"a": objects, "b": np.array([[b"x", b"y"]] * 2), "c": ["\u00b5", "d"]}))
    assert columns["a"].values.tolist() == ["A", "BC"]
    assert columns["b"].values.tolist() == [["x", "y"]] * 2
    assert columns["c"].values.tolist() == ["\u00b5", "d"]
    with pytest.raises(CuratedError, match=r"column a: .*utf-8"):
        columns_of(Table({"a": np.array([b"\xff"])}))


def test_masked_values() -> None:
    numbers = MaskedColumn([1.0, 2.0], mask=[False, True])
    assert np.isnan(columns_of(Table({"a": numbers}))["a"].values).tolist() == [False, True]
    names = MaskedColumn(["A", "B", "C"], mask=[False, True, True])
    with pytest.raises(CuratedError, match="column a: no value in row 2, 3; column b: no value in row 1"):
        columns_of(Table({"a": names, "b": MaskedColumn([1, 2, 3], mask=[True, False, False])}))
