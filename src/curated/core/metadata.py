"""Keywords of a calibration: canonical spelling, aliases, conflicts (DMTN-148, section 4.3)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from curated.core.diagnostic import Problem, brief

IDENTITY = ("INSTRUME", "RAFTNAME", "SLOTNAME", "DETECTOR", "DET_NAME", "DET_SER", "FILTER", "CALIB_ID")
"""Identity keywords in header order; the stack's IsrCalib writes them so."""

IDENTITY_KEYS = frozenset(
    "detectorName detectorSerial detectorId instrument filterName INSTRUME RAFTNAME SLOTNAME DETECTOR DET_NAME "
    "DETECTOR_NAME DET_SER DETECTOR_SERIAL FILTER CALIB_ID CALIBCLS".split()
)
"""Keys at the top of YAML and JSON files that repeat keywords of the metadata, as the stack looks for them there
(FORMATS.md of the design, section 4.2)."""

READ_KEYWORDS = ("OBSTYPE", "INSTRUME", "DETECTOR", "FILTER", "CALIBDATE", "VALIDSTART", "VALIDEND")
"""Keywords whose values decide what a calibration is for."""

KEYWORD_DOCS = {
    "OBSTYPE": "Kind of calibration: the type's name or the stack's OBSTYPE, ignoring case.",
    "INSTRUME": "Instrument: its directory in the package, ignoring case.",
    "CALIBDATE": "Start of validity, ISO 8601, UTC; the same as the file name.",
    "VALIDSTART": "Start of validity, ISO 8601; the file name says it already.",
    "VALIDEND": "End of validity, ISO 8601, UTC; the next file's start where it is absent.",
    "RAFTNAME": "Raft that holds the detector.",
    "SLOTNAME": "Place of the detector in its raft.",
    "DETECTOR": "Number of the detector.",
    "DET_NAME": "Full name of the detector.",
    "DET_SER": "Serial number of the detector.",
    "FILTER": "Name of the physical filter.",
    "CALIB_ID": "The identity in one text, such as 'instrument=Demo detector=0 calibDate=2024-01-31'.",
    "CALIBCLS": "Full name of the stack's class that reads the file.",
}
"""What keywords mean that have a meaning for every type."""

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


def meaning(name: str) -> str:
    """Return the keyword that says the same as one in any spelling."""
    return _REPEATED.get(canonical(name), canonical(name))


class Metadata(dict[str, Any]):
    """Keywords in canonical upper case, looked up without regard to case and by the stack's other names for them."""

    def __init__(self, given: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__()
        self.update(given)

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(canonical(key))

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(canonical(key), value)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and super().__contains__(canonical(key))

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a keyword in any spelling, or ``default``."""
        return super().get(canonical(key), default)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(canonical(key))

    def update(  # type: ignore[override]
        self, given: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), /, **more: Any
    ) -> None:
        """Set keywords in any spelling."""
        if isinstance(given, Metadata) and not more:
            super().update(given)
            return
        for key, value in (*dict(given).items(), *more.items()):
            self[key] = value

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a keyword in any spelling, set to ``default`` where it is absent."""
        return super().setdefault(canonical(key), default)

    def pop(self, key: str, *default: Any) -> Any:
        """Take a keyword in any spelling out and return its value."""
        return super().pop(canonical(key), *default)

    def text(self, key: str) -> str:
        """Return a keyword as text, empty where it has no value."""
        value = super().get(canonical(key))
        return "" if value is None else str(value)


def has_value(value: Any) -> bool:
    """Say whether a keyword's value says anything; ``''`` is how the stack writes None."""
    return value is not None and value != ""


def is_same(one: Any, other: Any) -> bool:
    """Say whether two values of a keyword are equal; a flag is not a number."""
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


_MAX_LEVELS = 20


def _flatten(raw: Mapping[Any, Any], prefix: str = "", level: int = 1) -> Iterator[tuple[str, str, Any]]:
    for key, value in raw.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and level < _MAX_LEVELS:
            yield from _flatten(value, f"{name}.", level + 1)
        else:
            yield name.upper(), name, value


def normalise(
    raw: Mapping[Any, Any], document: Mapping[Any, Any] | None = None
) -> tuple[Metadata, list[Problem]]:
    """Bring keywords to their canonical spelling.

    Parameters
    ----------
    raw : `~collections.abc.Mapping`
        Keywords as the file has them; nested mappings become dotted names.
    document : `~collections.abc.Mapping`, optional
        The document whose metadata they are; it may repeat some of them at its top (`IDENTITY_KEYS`).

    Returns
    -------
    metadata : `Metadata`
        Keywords in the order of the file.
    problems : `list` [`Problem`]
        ``CAL115`` for spellings that disagree, ``CAL502`` for names and values that no header can hold.
    """
    metadata = Metadata()
    spelled: dict[str, str] = {}
    problems: list[Problem] = []

    # Keys are in upper case here; what is not there is given as the mapping itself.
    found = partial(dict.get, metadata)
    keep = partial(dict.__setitem__, metadata)

    def put(key: str, name: str, value: Any) -> None:
        known = found(key, metadata)
        if known is metadata:
            keep(key, value)
            spelled[key] = name
        elif has_value(known) and has_value(value) and not is_same(known, value):
            problems.append(
                Problem(
                    "CAL115",
                    ("metadata", name),
                    f"{name} is {brief(value)}, but {spelled[key]} is {brief(known)}",
                )
            )
        elif not has_value(known) and has_value(value):
            keep(key, value)
            spelled[key] = name

    repeated = {k: v for k, v in (document or {}).items() if k in IDENTITY_KEYS and has_value(v)}
    for key, name, value in (*_flatten(raw), *_flatten(repeated)):
        if value.__class__ is not str and not is_storable(value):
            problems.append(
                Problem("CAL502", ("metadata", name), f"{name} is {brief(value)}, which no header can hold")
            )
            continue
        if key in _LAYOUT:
            continue
        wrong = _wrong_name(key) or (len(key) > 8 and _too_long(key, value))
        if wrong:
            detail = f"{brief(name)} {wrong}"
            problems.append(Problem("CAL502", ("metadata", name), detail, _NAME_HINT))
            continue
        put(_RENAMED.get(key, key), name, value)
        if key in _REPEATED:
            put(_REPEATED[key], name, value)
    return metadata, problems


_LAYOUT = frozenset({"EXTNAME", "EXTVER", "EXTLEVEL", "LONGSTRN"})
"""Names of a FITS file's own that a text made of it has brought along; they are not kept."""

_RESERVED = re.compile(
    r"(?:SIMPLE|BITPIX|NAXIS\d*|EXTEND|XTENSION|PCOUNT|GCOUNT|GROUPS|BLOCKED|BSCALE|BZERO|BLANK|TFIELDS|THEAP|END"
    r"|CONTINUE|Z(?:IMAGE|TABLE|TENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|SIMPLE|EXTEND)"
    r"|T(?:TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM|BCOL|CCLS|DOC)\d+)\Z"
)
_SPELLABLE = re.compile(r"[!-+.-<>-~-]+(?: [!-+.-<>-~-]+)*\Z")
_NAME_HINT = "choose another name: letters, digits, '_' and '-'"
_LONGEST_NAME = 58
_ROOM = 66
"""Characters that a card has for a long name and its number."""


@lru_cache(maxsize=4096)
def _wrong_name(key: str) -> str:
    """Return why a keyword cannot stand in a header, empty where it can."""
    if _RESERVED.match(key):
        return "is a keyword of FITS's own"
    if len(key) > _LONGEST_NAME:
        return "is too long for a header"
    return "" if _SPELLABLE.match(key) else "is a name that no header can hold"


def _too_long(key: str, value: Any) -> str:
    if isinstance(value, str):
        return ""
    numbers = [
        str(v) for v in (value if isinstance(value, (list, tuple)) else [value]) if not isinstance(v, str)
    ]
    return (
        "leaves no room for its value in a header"
        if len(key) + max(map(len, numbers), default=0) > _ROOM
        else ""
    )


def is_storable(value: Any) -> bool:
    """Say whether a value, or each of a list of values, can stand in a header."""
    if isinstance(value, (list, tuple)):
        return all(not isinstance(item, (list, tuple)) and is_storable(item) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    return value is None or isinstance(value, str)
