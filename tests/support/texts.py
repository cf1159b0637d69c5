"""Shared by tests of the text readers: comparison with astropy, and settings of property tests."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table
from astropy.units import UnitsWarning
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from curated.text import Source

FULL = bool(os.environ.get("CURATED_FULL"))
"""Whether to test all real files, and many random examples instead of a few fixed ones; takes long."""


ECSV_HEAD = "# %ECSV 1.0\n# ---\n# datatype:\n"

# Without line ends, which astropy takes for ends of rows inside of quotes, too.
_CHARACTERS = st.characters(
    exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Co"], exclude_characters="\ufeff\ufffe\uffff"
)
TEXTS = (
    st.text(_CHARACTERS | st.sampled_from(" \"'#,;[]{}:-?&*!|>%@`~"), max_size=12)
    .map(str.strip)
    .filter(lambda text: "<<<<<<<" not in text and ">>>>>>>" not in text)
)
"""Texts of cells and keywords, short and awkward."""

FILLED_TEXTS = TEXTS.filter(bool)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"]), max_size=8),
)
PLAIN_DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SCALARS, inner, max_size=4),
    max_leaves=12,
)
"""Nested lists and mappings of scalars, as YAML holds them."""


def examples(count: int) -> settings:
    """Return settings for a property test with a number of examples, the same in every run unless `FULL`."""
    return settings(
        max_examples=count * 20 if FULL else count,
        derandomize=not FULL,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


def astropy_table(text: str) -> Table:
    """Read ECSV like the stack; units unknown to astropy are kept as strings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)
        return Table.read(text.split("\n"), format="ascii.ecsv")


def assert_same_as_astropy(source: Source, table: Table) -> None:
    """Compare names, data types, values to the bit, units and metadata."""
    assert list(source.columns) == table.colnames
    for name, column in source.columns.items():
        astropy_column = table[name]
        # The serialized form of a quantity has "" where the column has "-", and astropy's plain table keeps it.
        assert column.unit == (
            "" if astropy_column.unit is None else str(astropy_column.unit).removeprefix("-")
        ), name
        if column.dtype == "string" and not isinstance(column.values, np.ndarray):
            assert [as_plain(v) for v in column.values] == [as_plain(v) for v in astropy_column], name
            continue
        values = np.asarray(column.values)
        assert values.dtype == astropy_column.dtype, name
        assert values.shape == astropy_column.shape, name
        assert bits(values) == bits(np.asarray(astropy_column)), name
    assert plain_metadata(source.metadata) == plain_metadata(table.meta)


def bits(array: Any) -> list[Any]:
    """Return shape and bytes of an array, with all NaNs alike; strings as a list."""
    if array.dtype.kind == "U":
        return array.tolist()
    if array.dtype.kind == "f":
        array = np.where(np.isnan(array), np.array(np.nan, array.dtype), array)
    return [array.shape, array.tobytes()]


def as_plain(value: Any) -> Any:
    """Return a cell in a form that can be compared."""
    return bits(np.asarray(value)) if isinstance(value, np.ndarray) else str(value)


def plain_metadata(value: Any) -> Any:
    """Return metadata in a form in which NaN equals itself, and 1 differs from 1.0 and true."""
    if isinstance(value, dict):
        return {
            str(key): plain_metadata(item) for key, item in value.items() if key != "__serialized_columns__"
        }
    if isinstance(value, (list, tuple)):
        return [plain_metadata(item) for item in value]
    if isinstance(value, date):
        value = value.isoformat()  # the readers keep dates as text
    return f"{type(value).__name__} {value!r}"


def case_files(kind: str) -> list[Path]:
    """Return all calibration files of the good or bad cases in tests/data."""
    data = Path(__file__).parents[1] / "data" / kind
    return sorted(
        p for p in data.rglob("*") if p.suffix in (".ecsv", ".yaml", ".json") and "calibs" in p.parts
    )


def sampled(paths: list[Path], stride: int) -> Iterator[Path]:
    """Every so many of the paths; the stride has no factor in common with the files of a raft."""
    yield from paths if FULL else paths[::stride]
