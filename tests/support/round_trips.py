"""Calibrations with generated values, through text, plain data and FITS and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from curated.calib import Calib

Tree = dict[str, Any]

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([5e-324, -0.0, 1e-300])
LOOSE_NUMBERS = st.floats() | st.sampled_from([5e-324, -1.7976931348623157e308, 0.1, -0.0, 1e-300])
"""Numbers, NaN and infinity."""

POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
POSITIVE_OR_NAN = POSITIVE | st.just(float("nan"))
MODERATE = st.floats(1e-300, 1e300)
"""Positive numbers whose sums and ratios do not overflow."""

WHOLE = st.integers(-(2**62), 2**62)

# A header or a table of FITS holds no blanks at the end, and escapes what is not ASCII with backslashes.
NAMES = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="\\"), min_size=1, max_size=8
) | st.sampled_from(["C00", "C:0/1", "ÄÖ", "増幅器", "1", "None", "true", "~", "a b"])

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).map(
    str.strip
).filter(bool) | st.sampled_from(["C00", "Ü\\n", "天文", "C:\\x", "'", '"', "1", "a,b"])
"""Texts that a person may take for a name; blanks at the ends have no meaning in FITS."""


def vectors(elements: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[list[Any]]:
    """Return a strategy of lists of a fixed size."""
    return st.lists(elements, min_size=size, max_size=size)


def increasing(min_size: int, least: float = -1e300) -> st.SearchStrategy[list[float]]:
    """Return a strategy of lists of numbers that increase."""
    numbers = st.floats(least, 1e300, allow_subnormal=False)
    return st.lists(numbers, min_size=min_size, max_size=6, unique=True).map(sorted)


def keywords(obstype: str, **more: Any) -> Tree:
    """Return the metadata of a calibration of a detector."""
    return {"OBSTYPE": obstype, "INSTRUME": "cam", "DETECTOR": 0, "CALIBDATE": "2024-01-01T00:00:00", **more}


def assert_comes_back(
    calib: Calib, directory: Path, *, has_tables: bool = True, has_ecsv: bool = True
) -> None:
    """Write a calibration in every form, and compare what is read again.

    Parameters
    ----------
    calib : `Calib`
        The calibration.
    directory : `~pathlib.Path`
        Where files are written.
    has_tables : `bool`, optional
        Whether astropy tables are a form of the type.
    has_ecsv : `bool`, optional
        Whether ECSV can hold all values of the type, if they are a single table.
    """
    cls, plain = type(calib), calib.toDict()
    assert cls.fromDict(calib.toDict()) == calib
    assert cls.fromDict(json.loads(json.dumps(plain, ensure_ascii=False))) == calib
    assert cls.fromDict(yaml.safe_load(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))) == calib
    for form in cls.SPEC.forms:
        if form == "ecsv" and (not has_ecsv or len(calib.tables()) > 1):
            continue
        path = directory / f"any.{form}"
        calib.writeText(path)
        again = cls.readText(path)
        assert again == calib, form
        text = path.read_bytes()
        again.writeText(path)
        assert path.read_bytes() == text, form
        path.unlink()
    calib.writeFits(directory / "any.fits")
    assert cls.readFits(directory / "any.fits") == calib
    if has_tables:
        assert cls.fromTable(calib.toTable()) == calib


def assert_keys_are_kept(calib: Calib, directory: Path) -> None:
    """Write a calibration as YAML with sorted keys, and compare the keys of its mappings when it is read again."""
    path = directory / "sorted.yaml"
    path.write_text(yaml.safe_dump(calib.toDict(), allow_unicode=True), encoding="utf-8")
    again = type(calib).readText(path)
    for field in calib.FIELDS:
        mapping = getattr(calib, field.name)
        if field.name != "ampNames" and isinstance(mapping, dict):
            assert getattr(again, field.name).keys() == mapping.keys(), field.name
