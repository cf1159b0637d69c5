"""Keywords of a calibration: canonical spelling, aliases, conflicts (DMTN-148, section 4.3)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from curated.core.diagnostic import Pointer, Problem, brief

IDENTITY = ("INSTRUME", "RAFTNAME", "SLOTNAME", "DETECTOR", "DET_NAME", "DET_SER", "FILTER", "CALIB_ID")
"""Identity keywords in header order; the stack's IsrCalib writes them so."""

ALIASES = {
    "INSTRUME": ("instrument",),
    "DETECTOR": ("detectorId",),
    "DET_NAME": ("DETECTOR_NAME", "detectorName"),
    "DET_SER": ("DETECTOR_SERIAL", "detectorSerial"),
    "FILTER": ("filterName",),
}
"""Other names of identity keywords; ``IsrCalib.calibInfoFromDict`` of ip_isr takes any of them.

The stack refuses a file in which two names of one keyword have different values, and an empty text is a value. So all
names that a calibration has are equal. Those in capitals are keywords that some classes write beside the first; they
stay where they are. The others are attributes of the classes; the keyword replaces them.
"""

IDENTITY_KEYS = frozenset(
    [*IDENTITY, "CALIBCLS", *(alias for aliases in ALIASES.values() for alias in aliases)],
)
"""Keys at the top of YAML and JSON files that repeat keywords of the metadata; ``IsrCalib.calibInfoFromDict`` of
ip_isr looks for them there."""

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
"""Meanings of the keywords that all types share."""

LISTS = ("DETECTORS", "FILTERS")
"""Keywords of files for several detectors or filters: ``all``, or a list of names, which is one text in a header."""

SEQUENCE = ("SEQFILE", "SEQNAME", "SEQCKSUM")

TEXT_KEYWORDS = (
    *("INSTRUME", "OBSTYPE", "RAFTNAME", "SLOTNAME", "DET_NAME", "DET_SER", "FILTER", "CALIB_ID", "CALIBCLS"),
    *("DETECTOR_NAME", "DETECTOR_SERIAL", "SOURCE", "CALIB_CREATION_DATE", "CALIB_CREATION_TIME", "DATE"),
    *SEQUENCE,
)
"""Keywords that are names, numbers of parts and other texts."""

NEVER_DATES = frozenset(TEXT_KEYWORDS) - {"CALIB_CREATION_DATE", "CALIB_CREATION_TIME", "DATE"}
"""Those of them that are no dates."""

_RENAMED = {
    **{a.upper(): keyword for keyword, aliases in ALIASES.items() for a in aliases if a != a.upper()},
}
"""The stack's attribute names, in capitals, and the keywords that replace them."""

_REPEATED = {a: keyword for keyword, aliases in ALIASES.items() for a in aliases if a == a.upper()}
"""Keywords that some classes of the stack write beside an identity keyword of the same meaning."""

_SHARED = frozenset([*_REPEATED, *_REPEATED.values()])
"""Keywords whose values depend on each other."""


def canonical(name: str) -> str:
    """Return the canonical spelling of a keyword."""
    upper = name.upper()
    return _RENAMED.get(upper, upper)


def meaning(name: str) -> str:
    """Return the identity keyword with the meaning of a keyword in any spelling."""
    return _REPEATED.get(canonical(name), canonical(name))


class Metadata(dict[str, Any]):
    """Keywords in canonical upper case, accessible in any case and by the stack's attribute names.

    All names of an identity keyword have one value (`ALIASES`): who sets one sets the others that are there.
    """

    def __init__(self, items: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__()
        self.update(items)

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(canonical(key))

    def __setitem__(self, key: str, value: Any) -> None:
        key = canonical(key)
        super().__setitem__(key, value)
        if key in _SHARED:
            self._share(_REPEATED.get(key, key), value)

    def _share(self, keyword: str, value: Any) -> None:
        """Give an identity keyword, and each other name of it that is there, a value."""
        super().__setitem__(keyword, value)
        for alias, repeated in _REPEATED.items():
            if repeated == keyword and super().__contains__(alias):
                super().__setitem__(alias, value)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and super().__contains__(canonical(key))

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a keyword in any spelling, or ``default``."""
        return super().get(canonical(key), default)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(canonical(key))
        self._drop_aliases(canonical(key))

    def _drop_aliases(self, keyword: str) -> None:
        """Remove the other names of an identity keyword that was removed."""
        if keyword in _SHARED:
            for alias, repeated in _REPEATED.items():
                if repeated == keyword:
                    super().pop(alias, None)

    def update(  # type: ignore[override]
        self, items: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), /, **more: Any
    ) -> None:
        """Set keywords in any spelling; of several names of one keyword the last with a value decides."""
        if isinstance(items, Metadata) and not more and not self:
            super().update(items)
            return
        shared: dict[str, Any] = {}
        for name, value in (*dict(items).items(), *more.items()):
            key = canonical(name)
            super().__setitem__(key, value)
            if key in _SHARED:
                keyword = _REPEATED.get(key, key)
                if has_value(value) or keyword not in shared:
                    shared[keyword] = value
        for keyword, value in shared.items():
            self._share(keyword, value)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a keyword in any spelling, after setting an absent one to ``default``.

        Another name of a keyword that is there gets its value.
        """
        if key not in self:
            self[key] = super().get(meaning(key), default)
        return self[key]

    def pop(self, key: str, *default: Any) -> Any:
        """Remove a keyword in any spelling and return its value."""
        value = super().pop(canonical(key), *default)
        self._drop_aliases(canonical(key))
        return value

    def text(self, key: str) -> str:
        """Return the value of a keyword as text, empty if it has none."""
        value = super().get(canonical(key))
        return "" if value is None else str(value)


def has_value(value: Any) -> bool:
    """Return whether a keyword has a value; the stack writes `None` as an empty text."""
    return value is not None and value != ""


def is_same(value: Any, other: Any) -> bool:
    """Return whether two values of a keyword are equal; a flag does not equal a number."""
    return isinstance(value, bool) is isinstance(other, bool) and bool(value == other)


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
    """Convert keywords to their canonical spelling.

    Parameters
    ----------
    raw : `~collections.abc.Mapping`
        Keywords as the file has them; nested mappings become dotted names.
    document : `~collections.abc.Mapping`, optional
        Document of the metadata, which may repeat some keywords at its top (`IDENTITY_KEYS`).

    Returns
    -------
    metadata : `Metadata`
        Keywords in the order of the file.
    problems : `list` [`Problem`]
        ``CAL115`` for spellings that disagree, ``CAL502`` for names and values that a FITS header cannot hold.
    """
    keywords = _Keywords()
    for key, name, value in _flatten(raw):
        keywords.add(key, name, value)
    repeated = {k: v for k, v in (document or {}).items() if k in IDENTITY_KEYS and has_value(v)}
    for key, name, value in _flatten(repeated):
        keywords.add(key, name, value, is_top=True)
    keywords.share()
    return keywords.metadata, keywords.problems


class _Keywords:
    """Keywords of a document, added one after the other; the first value of each stays."""

    def __init__(self) -> None:
        self.metadata = Metadata()
        self.problems: list[Problem] = []
        self.spellings: dict[str, str] = {}
        self.at_top: set[str] = set()
        # Keys are canonical here, so that `Metadata` need not convert them.
        self._get = partial(dict.get, self.metadata)
        self._set = partial(dict.__setitem__, self.metadata)

    def add(self, key: str, name: str, value: Any, *, is_top: bool = False) -> None:
        """Add the value of a name, which is ``key`` in capitals, or the problem of it."""
        if key in _LAYOUT and (value.__class__ is str or is_storable(value)):
            return
        if key in LISTS and value.__class__ is list and all(isinstance(entry, str) for entry in value):
            value = ", ".join(value)
        wrong, hint = _unstorable(key, name, value)
        if wrong:
            self.problems.append(Problem("CAL502", _place(name, is_top), wrong, hint))
            return
        known_key = _RENAMED.get(key, key)
        self._put(known_key, name, _detector_number(value) if known_key == "DETECTOR" else value, is_top)
        if key in _REPEATED:
            self._put(_REPEATED[key], name, value, is_top)

    def _put(self, key: str, name: str, value: Any, is_top: bool) -> None:
        # The mapping itself stands for no value.
        present = self._get(key, self.metadata)
        if present is self.metadata or (not has_value(present) and has_value(value)):
            self._set(key, value)
            self.spellings[key] = name
            if is_top:
                self.at_top.add(key)
        elif has_value(value) and not is_same(present, value):
            spelling = self.spellings[key]
            detail = f"{name} is {brief(value)}, but {spelling} is {brief(present)}"
            hint = f"correct {name} or {spelling}; {key} alone is enough"
            places = _place(name, is_top), _place(spelling, key in self.at_top)
            self.problems.append(Problem("CAL115", places[0], detail, hint, other=places[1]))

    def share(self) -> None:
        """Give the other names of a keyword its value."""
        for alias, keyword in _REPEATED.items():
            if alias in self.spellings:
                self._set(alias, self._get(keyword))


def _place(name: str, is_top: bool) -> Pointer:
    return (name,) if is_top else ("metadata", name)


def _unstorable(key: str, name: str, value: Any) -> tuple[str, str]:
    """Return why no header can hold a keyword, and a hint where there is one; empty texts where it can."""
    if value.__class__ is not str and not is_storable(value):
        return f"{name} is {brief(value)}, which no header can hold", ""
    wrong = _wrong_name(key) or (len(key) > 8 and _too_long(key, value))
    return (f"{brief(name)} {wrong}", _NAME_HINT) if wrong else ("", "")


def refused_names(mapping: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """Yield pairs of names of one identity keyword that the stack takes for two values, though they mean the same.

    ``IsrCalib.calibInfoFromDict`` of ip_isr raises ValueError where the names of a keyword in one mapping, spelled as in
    `ALIASES`, have more than one value that is not null. An empty text is a value to it, and so is a number as text.

    Parameters
    ----------
    mapping : `~collections.abc.Mapping`
        Keywords as the file has them.

    Yields
    ------
    name : `str`
        The name to correct: the one without a value, or else that which is not the keyword itself.
    other : `str`
        The name with the value.
    """
    for keyword, aliases in ALIASES.items():
        names = [name for name in (keyword, *aliases) if mapping.get(name) is not None]
        if len(names) < 2:
            continue
        other = next((name for name in names if has_value(mapping[name])), names[0])
        for name in names:
            value, reference = mapping[name], mapping[other]
            if value == reference:
                continue
            if keyword == "DETECTOR":
                value, reference = _detector_number(value), _detector_number(reference)
            if not has_value(value) or is_same(value, reference):
                yield name, other


_NUMBER = re.compile(r"\s*[0-9]{1,9}\s*\Z", re.ASCII)


def _detector_number(value: Any) -> Any:
    """Return the number of a detector that a file gives as text, as the stack takes it (lsst.obs.base)."""
    return int(value) if isinstance(value, str) and _NUMBER.match(value) else value


_LAYOUT = frozenset({"EXTNAME", "EXTVER", "EXTLEVEL", "LONGSTRN", "CURATESC"})
"""Keywords of the FITS form itself, which texts that were made of a FITS file may have; they are dropped.

CURATESC lists the keywords whose text is escaped in a header (`curated.fits.header`).
"""

_RESERVED = re.compile(
    r"(?:SIMPLE|BITPIX|NAXIS\d*|EXTEND|XTENSION|PCOUNT|GCOUNT|GROUPS|BLOCKED|BSCALE|BZERO|BLANK|TFIELDS|THEAP|END"
    r"|CONTINUE|Z(?:IMAGE|TABLE|TENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|SIMPLE|EXTEND)"
    r"|T(?:TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM|BCOL|CCLS|DOC)\d+)\Z"
)
_SPELLABLE = re.compile(r"[!-+.-<>-~-]+(?: [!-+.-<>-~-]+)*\Z")
_NAME_HINT = "choose another name: letters, digits, '_' and '-'"
_LONGEST_NAME = 58
_ROOM = 66
"""Characters of a card for a long name and its number."""


@lru_cache(maxsize=4096)
def _wrong_name(key: str) -> str:
    """Return why a header cannot hold a keyword of this name, or an empty text."""
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
    """Return whether a header can hold a value, or each value of a list."""
    if isinstance(value, (list, tuple)):
        return all(not isinstance(item, (list, tuple)) and is_storable(item) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    return value is None or isinstance(value, str)
