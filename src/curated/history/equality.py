"""Whether two versions of a calibration give the same results."""

from __future__ import annotations

from collections.abc import Iterator

from curated.calib import Calib
from curated.calib.arrays import is_equal
from curated.calib.values import content_keywords
from curated.core.metadata import is_same
from curated.datasets.deprecation import MARK

_OF_VALIDITY = frozenset({"CALIBDATE", "CALIB_ID", *MARK.keys})
"""Keywords that say the start, or that it is out of use: what a change of them does is told as one of validity."""


def differing(old: Calib, new: Calib) -> list[str]:
    """Return the names of the fields and keywords whose values are not the same.

    Comments, order, spelling of numbers and the form of the text make no difference, nor do notes of edits and
    other provenance, nor when a calibration is in force.
    """
    if type(old) is not type(new):
        return ["the type"]
    if old == new and old.units == new.units:
        return []
    return [*_fields(old, new), *_keywords(old, new)]


def _fields(old: Calib, new: Calib) -> Iterator[str]:
    names = tuple(named.file if named else None for named in (old.companion(), new.companion()))
    for field in old.FIELDS:
        values = getattr(old, field.name), getattr(new, field.name)
        if names[0] is not None and values == names:
            continue  # how the file beside it is called; what it is, its hash says
        units = {calib.column_unit(field) for calib in (old, new)}
        if not is_equal(*values) or len(units) > 1:
            yield field.key


def _keywords(old: Calib, new: Calib) -> Iterator[str]:
    before, after = content_keywords(old), content_keywords(new)
    for key in {**before, **after}:
        values = before.get(key), after.get(key)
        if key not in _OF_VALIDITY and not (is_same(*values) or is_equal(*values)):
            yield key
