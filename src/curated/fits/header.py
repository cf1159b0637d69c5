"""A calibration's keywords in the order and spelling of the stack (FORMATS.md of the design, sections 3.2, 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curated.calib import Calib
from curated.core.metadata import IDENTITY, SEQUENCE
from curated.core.stamp import STAMP_KEYWORDS, Stamp
from curated.fits.cards import COMMENT_LENGTH, CUT_MARK, RECORD_MARK, Card, escape, needs_escape
from curated.provenance import keywords

ESCAPED = "CURATESC"
"""Keyword that lists the keywords whose text is escaped."""

_IDENTIFYING = STAMP_KEYWORDS | frozenset(
    "OBSTYPE INSTRUME RAFTNAME SLOTNAME DETECTOR DET_NAME FILTER CALIBDATE CALIB_CREATION_DATE "
    f"CALIB_CREATION_TIME {ESCAPED}".split()
)


def keyword_cards(calib: Calib, stamp: Stamp | None) -> list[Card]:
    """Return a calibration's keywords and its stamp as cards, in order.

    Parameters
    ----------
    calib : `Calib`
        The calibration.
    stamp : `Stamp`, optional
        Where it comes from; without one its own VALIDSTART and VALIDEND are kept.
    """
    pairs = list(_ordered(calib, stamp))
    if calib.SPEC.absent == "omit":
        pairs = [(key, value) for key, value in pairs if value is not None]
    elif calib.SPEC.absent == "blank":
        given = [(key, value) for key, value in pairs if value is not None]
        pairs = given + [(key, "") for key, value in pairs if value is None]
    record = keywords(calib.provenance)
    if record:
        pairs = [*((key, value) for key, value in pairs if key not in record), *record.items()]
    return _escaped([*pairs, *(stamp.keywords().items() if stamp is not None else ())])


def identity_cards(calib: Calib, pairs: list[Card]) -> list[Card]:
    """Return those of a calibration's cards that say what it is and where it comes from (DMTN-148, section 4.3)."""
    kept = _IDENTIFYING | {f"{calib.SPEC.obstype}_VERSION"}
    kept |= keywords(calib.provenance).keys()
    return [(key, value) for key, value in pairs if key in kept or key.startswith("CPP_INPUT_")]


def _escaped(pairs: list[Card]) -> list[Card]:
    """Escape what cannot stand in a header as it is, and add the card that says where."""
    if not _any_escaped(pairs):
        return pairs
    listed = dict.fromkeys(key for key, value in pairs if any(map(_is_escaped, _items(value))))
    if not listed:
        return pairs
    escaped = [(key, _escape(value) if key in listed else value) for key, value in pairs]
    return [*escaped, (ESCAPED, ",".join(listed))]


def _any_escaped(pairs: list[Card]) -> bool:
    """Say, quickly, whether any text may need an escape: all of them together are looked at."""
    texts = [value for _, value in pairs if isinstance(value, str)]
    texts += ["|".join(map(str, value)) for _, value in pairs if isinstance(value, list)]
    joined = "|".join([*texts, ""])
    return (
        not joined.isascii()
        or not joined.isprintable()
        or " |" in joined
        or RECORD_MARK.search(joined) is not None
        or ("'" in joined and CUT_MARK.search(joined) is not None)
    )


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_escaped(value: Any) -> bool:
    return isinstance(value, str) and needs_escape(value)


def _pieces(text: str) -> Iterator[str]:
    """Yield the pieces of a comment that fit into a card each, escaped or not."""
    while len(text) > COMMENT_LENGTH or needs_escape(text):
        end = len(text[:COMMENT_LENGTH].rstrip(" ")) or 1  # a blank is lost at the end, not at the start
        while len(escape(text[:end])) > COMMENT_LENGTH:
            end -= 1
        end = end if text[end:].strip(" ") or len(escape(text)) > COMMENT_LENGTH else len(text)
        yield text[:end]
        text = text[end:]
    if text:
        yield text


def _escape(value: Any) -> Any:
    if isinstance(value, list):
        return [_escape(item) for item in value]
    return escape(value) if isinstance(value, str) else value


def _ordered(calib: Calib, stamp: Stamp | None) -> Iterator[Card]:
    spec, metadata = calib.SPEC, dict(calib.metadata)
    schema, version = f"{spec.obstype}_SCHEMA", f"{spec.obstype}_VERSION"
    own = {"OBSTYPE": spec.obstype, schema: spec.schema, version: spec.version}
    for key, value in own.items():
        said = metadata.pop(key.upper(), None)
        yield key, said if spec.keeps_version and said is not None else value
    metadata["CALIBCLS"] = spec.calibcls
    fixed = (*IDENTITY, *SEQUENCE, "CALIBCLS", *spec.keywords)
    skipped = STAMP_KEYWORDS if stamp is not None else frozenset({"CHECKSUM", "DATASUM"})
    for key in fixed:
        yield key, metadata.pop(key.upper(), None)
    for key, value in metadata.items():
        if key in ("COMMENTS", "HISTORY"):
            yield key.rstrip("S"), [piece for text in _items(value) for piece in _pieces(str(text))]
        elif key not in skipped and key not in spec.table_keywords and key != ESCAPED and value != []:
            yield key, value
