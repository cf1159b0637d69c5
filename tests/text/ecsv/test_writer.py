"""ECSV that is written has the header that astropy writes, and cells that it reads."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from curated.text.ecsv.reader import read_ecsv
from curated.text.ecsv.writer import EcsvColumn, ecsv_text
from support.texts import astropy_table, bits

COLUMNS = {
    "x": (np.array([1.5, np.nan, -0.0]), "nm", "Abscissae"),
    "short": (np.array([0.1, 0.2, 0.3], "f4"), "", ""),
    "count": (np.array([1, 2, 3]), "pix", ""),
    "flag": (np.array([True, False, True]), "", "true, or false"),
    "name": (np.array(["a b", "", 'say "hi"']), "", ""),
    "vector": (np.arange(6.0).reshape(3, 2), "adu", ""),
    "matrix": (np.arange(12).reshape(3, 2, 2), "", ""),
}
META: dict[str, Any] = {
    "INSTRUME": "Lab",
    "DETECTOR": 0,
    "LIST": [1, 2],
    "TIME": "2020-01-01T00:00:00",
    "EMPTY": None,
}


def own_text() -> str:
    return ecsv_text(META, [EcsvColumn(name, *parts) for name, parts in COLUMNS.items()])


def table() -> Table:
    columns = Table({name: values for name, (values, _, _) in COLUMNS.items()})
    for name, (_, unit, doc) in COLUMNS.items():
        columns[name].unit = unit or None
        columns[name].description = doc or None
    columns.meta.update(META)
    return columns


def test_the_header_is_astropys() -> None:
    stream = io.StringIO()
    table().write(stream, format="ascii.ecsv")
    header = [line for line in stream.getvalue().splitlines() if line.startswith("#")]
    assert [line for line in own_text().splitlines() if line.startswith("#")] == header


def test_astropy_and_we_read_the_values() -> None:
    text = own_text()
    astropys = astropy_table(text)
    source, problems = read_ecsv(text)
    assert problems == []
    assert source is not None
    for name, (values, unit, doc) in COLUMNS.items():
        column = source.columns[name]
        assert (column.unit, column.doc) == (unit, doc)
        if values.dtype.kind == "U":
            assert list(column.values) == values.tolist() == astropys[name].filled("").tolist()
            continue
        assert bits(np.asarray(column.values)) == bits(values) == bits(np.asarray(astropys[name]))


def test_vectors_of_different_lengths() -> None:
    vectors = [np.array([1.5]), np.zeros(0), np.array([2.0, np.nan])]
    source, _ = read_ecsv(ecsv_text(META, [EcsvColumn("v", vectors)]))
    assert source is not None
    assert [bits(v) for v in source.columns["v"].values] == [bits(v) for v in vectors]


def test_columns_of_different_lengths_are_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        ecsv_text({}, [EcsvColumn("a", np.zeros(1)), EcsvColumn("b", np.zeros(2))])
