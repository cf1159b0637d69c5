"""Keywords of a calibration: canonical spelling, aliases, conflicts (DMTN-148, section 4.3)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from curated.diagnostic import Problem

IDENTITY = ("INSTRUME", "RAFTNAME", "SLOTNAME", "DETECTOR", "DET_NAME", "DET_SER", "FILTER", "CALIB_ID")
"""Identity keywords in header order; the stack's IsrCalib writes them so."""

SEQUENCE = ("SEQFILE", "SEQNAME", "SEQCKSUM")

_RENAMED = {
    "INSTRUMENT": "INSTRUME",
    "DETECTORID": "DETECTOR",
    "DETECTORNAME": "DET_NAME",
    "DETECTORSERIAL": "DET_SER",
    "FILTERNAME": "FILTER",
}
"""Spellings of the stack's attributes; the keyword takes their place."""

_REPEATED = {"DETECTOR_NAME": "DET_NAME", "DETECTOR_SERIAL": "DET_SER"}
"""Keywords that some classes write beside the identity keyword of the same meaning."""


def canonical(name: str) -> str:
    """Return the canonical spelling of a keyword."""
    upper = name.upper()
    return _RENAMED.get(upper, upper)


class Metadata(dict[str, Any]):
    """Keywords in canonical upper case, looked up without regard to case."""

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key.upper())

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key.upper(), value)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and super().__contains__(key.upper())

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a keyword in any spelling, or ``default``."""
        return super().get(key.upper(), default)

    def text(self, key: str) -> str:
        """Return a keyword as text, empty where it has no value."""
        value = super().get(key.upper())
        return "" if value is None else str(value)


def has_value(value: Any) -> bool:
    """Say whether a keyword's value says anything; ``''`` is how the stack writes None."""
    return value is not None and value != ""


def _flatten(raw: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    for key, value in raw.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{name}.")
        else:
            yield name.upper(), name, value


def normalise(raw: Mapping[Any, Any]) -> tuple[Metadata, list[Problem]]:
    """Bring keywords to their canonical spelling.

    Parameters
    ----------
    raw : `~collections.abc.Mapping`
        Keywords as the file has them; nested mappings become dotted names.

    Returns
    -------
    metadata : `Metadata`
        Keywords in the order of the file.
    problems : `list` [`Problem`]
        ``CAL115`` for spellings that disagree, ``CAL502`` for values that are no scalars.
    """
    metadata = Metadata()
    spelled: dict[str, str] = {}
    problems: list[Problem] = []

    def put(key: str, name: str, value: Any) -> None:
        known = dict.get(metadata, key)
        if has_value(known) and has_value(value) and known != value:
            problems.append(
                Problem(
                    "CAL115",
                    ("metadata", name),
                    f"{name} is {value!r}, but {spelled[key]} is {known!r}",
                )
            )
        elif not has_value(known) and (has_value(value) or key not in metadata):
            dict.__setitem__(metadata, key, value)
            spelled[key] = name

    for key, name, value in _flatten(raw):
        if not is_storable(value):
            problems.append(
                Problem("CAL502", ("metadata", name), f"{name} is {_brief(value)}, which no header can hold")
            )
            continue
        put(_RENAMED.get(key, key), name, value)
        if key in _REPEATED:
            put(_REPEATED[key], name, value)
    return metadata, problems


def is_storable(value: Any) -> bool:
    """Say whether a value, or each of a list of values, can stand in a header."""
    if isinstance(value, (list, tuple)):
        return all(is_storable(item) and not isinstance(item, (list, tuple)) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    return value is None or isinstance(value, str)


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
