"""A calibration's content, with its stamp, to the bytes of a FITS file, a block at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curated.core.metadata import IDENTITY, SEQUENCE, Metadata, has_value, meaning
from curated.core.stamp import STAMP_KEYWORDS, Stamp
from curated.core.tables import ImageData, TableData
from curated.declare import Spec
from curated.fits.header import (
    COMMENT_LENGTH,
    CUT_MARK,
    ESCAPED,
    RECORD_MARK,
    Card,
    cards,
    escape,
    hdu,
    hdu_header,
    needs_escape,
)
from curated.fits.provenance import provenance_hdus, record_hdus
from curated.fits.table import table_parts
from curated.provenance import Provenance, keywords

_COPIED = 1 << 20
_PRIMARY = cards([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)])
_IDENTIFYING = STAMP_KEYWORDS | frozenset(
    "OBSTYPE INSTRUME RAFTNAME SLOTNAME DETECTOR DET_NAME FILTER CALIBDATE CALIB_CREATION_DATE "
    f"CALIB_CREATION_TIME {ESCAPED}".split()
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FitsContent:
    """What the FITS file of a calibration holds.

    Parameters
    ----------
    spec : `Spec`
        Declaration of its type.
    metadata : `Metadata`
        Keywords of the calibration.
    provenance : `Provenance`
        Goes into keywords, and into a table after everything else.
    tables : `list` [`TableData`]
        Tables, in the order of their HDUs.
    images : `list` [`ImageData`]
        Images, which follow the tables.
    copied : `str`
        Path of the file that is the whole of it, and is copied as it is; empty for other types.
    """

    spec: Spec
    metadata: Mapping[str, Any]
    provenance: Provenance
    tables: list[TableData]
    images: list[ImageData]
    copied: str = ""


def fits_bytes(content: FitsContent, stamp: Stamp | None = None) -> bytes:
    """Return a FITS file as a whole; see `fits_blocks`."""
    return b"".join(fits_blocks(content, stamp))


def fits_blocks(content: FitsContent, stamp: Stamp | None = None, record: str = "") -> Iterator[bytes]:
    """Yield a FITS file: keywords and stamp in the primary header, the stack's tables and images, the provenance.

    The same content and stamp give the same bytes on every machine and at every time.

    Parameters
    ----------
    content : `FitsContent`
        See `Calib.fits_content`.
    stamp : `Stamp`, optional
        Origin of the file; without one, VALIDSTART and VALIDEND of the calibration are kept.
    record : `str`, optional
        Text of the record of its verification; empty for none.

    Yields
    ------
    block : `bytes`
        A part of the file: everything up to the pixels of an image as one, pixels in blocks of limited size.
    """
    if content.copied:
        yield from _copied_blocks(content.copied)
        return
    pairs = _keyword_cards(content, stamp)
    header_text = cards(pairs)
    parts = [hdu(_PRIMARY + header_text, b"")]
    identity = cards(_identity_cards(content, pairs)) if stamp is not None else ""
    for index, table in enumerate(content.tables):
        structure, data = table_parts(table)
        table_cards: list[Card] = [
            (k, _backslashes_escaped(v)) for k, v in table.keywords.items() if k not in table.column_keywords
        ]
        header = structure + cards(table_cards)
        if table.carries_metadata:
            header += header_text
        elif index == 0:
            header += identity
        parts.append(hdu(header, data))
    for index, image in enumerate(content.images):
        parts.append(hdu_header(cards(image.cards) + (identity if index == 0 else ""), image.datasum))
        yield b"".join(parts)
        yield from image.blocks()
        parts = []
    parts += provenance_hdus(content.provenance, content.metadata, content.spec.name)
    yield b"".join([*parts, *(record_hdus(record) if record else ())])


def image_blocks(images: Iterable[ImageData]) -> Iterator[bytes]:
    """Yield a FITS file of images alone, to stand beside a text that has all the rest.

    Yields
    ------
    block : `bytes`
        A part of the file; the same pixels give the same bytes.
    """
    yield hdu(_PRIMARY, b"")
    for image in images:
        yield hdu_header(cards(image.cards), image.datasum)
        yield from image.blocks()


def _copied_blocks(path: str) -> Iterator[bytes]:
    """Yield a file as it is, which was found to be a regular one when it was read."""
    with open(path, "rb", buffering=0) as stream:
        yield from iter(lambda: stream.read(_COPIED), b"")


# -- keywords in the order and spelling of the stack ------------------------------------------------------


def _keyword_cards(content: FitsContent, stamp: Stamp | None) -> list[Card]:
    """Return the keywords of a calibration and its stamp as cards, in order.

    A keyword without a value becomes what lsst.ip.isr writes for the class: an empty text, an undefined value or
    no card at all (`Spec.absent`).
    """
    pairs = list(_ordered(content, stamp))
    if content.spec.absent == "omit":
        pairs = [(key, value) for key, value in pairs if value is not None]
    elif content.spec.absent == "blank":
        with_value = [(key, value) for key, value in pairs if value is not None]
        pairs = with_value + [(key, "") for key, value in pairs if value is None]
    record = keywords(content.provenance)
    if record:
        pairs = [*((key, value) for key, value in pairs if key not in record), *record.items()]
    return _escaped([*pairs, *(stamp.keywords().items() if stamp is not None else ())])


def _identity_cards(content: FitsContent, pairs: list[Card]) -> list[Card]:
    """Return the cards that say what a calibration is and where it comes from (DMTN-148, section 4.3)."""
    keys = _IDENTIFYING | {f"{content.spec.obstype}_VERSION"} | keywords(content.provenance).keys()
    return [(key, value) for key, value in pairs if key in keys or key.startswith("CPP_INPUT_")]


def _ordered(content: FitsContent, stamp: Stamp | None) -> Iterator[Card]:
    """Yield class and version, the identity, the type's own keywords, then all others in the order of the file."""
    spec, metadata = content.spec, dict(Metadata(content.metadata))
    # To the stack an empty name beside one with a value is another value: what is absent stays absent.
    absent = {k for k in spec.keywords if k.upper() not in metadata and has_value(metadata.get(meaning(k)))}
    class_keywords = {
        "OBSTYPE": spec.obstype,
        f"{spec.obstype}_SCHEMA": spec.schema,
        f"{spec.obstype}_VERSION": spec.version,
    }
    for key, value in class_keywords.items():
        in_file = metadata.pop(key.upper(), None)
        yield key, in_file if spec.keeps_version and in_file is not None else value
    metadata["CALIBCLS"] = spec.calibcls
    skipped = STAMP_KEYWORDS if stamp is not None else frozenset({"CHECKSUM", "DATASUM"})
    for key in (*IDENTITY, *SEQUENCE, "CALIBCLS", *spec.keywords):
        if key not in absent:
            yield key, metadata.pop(key.upper(), None)
    for key, value in metadata.items():
        if key in ("COMMENTS", "HISTORY"):
            yield key.rstrip("S"), [piece for text in _items(value) for piece in _pieces(str(text))]
        elif key not in skipped and key not in spec.table_keywords and key != ESCAPED and value != []:
            yield key, _of_one_type(value)


def _of_one_type(value: Any) -> Any:
    """Return a list of numbers as floats if one of them is: the stack takes no list of whole and other numbers."""
    if isinstance(value, list) and {type(item) for item in value} == {int, float}:
        numbers = [float(item) for item in value]
        return numbers if numbers == value else value
    return value


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


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# -- texts that cannot stand in a header as they are ------------------------------------------------------


def _escaped(pairs: list[Card]) -> list[Card]:
    """Escape the texts that need it, and add the card that lists their keywords."""
    if not _may_need_escape(pairs):
        return pairs
    escaped_keys = dict.fromkeys(key for key, value in pairs if any(map(_is_escaped, _items(value))))
    if not escaped_keys:
        return pairs
    escaped = [(key, _escape(value) if key in escaped_keys else value) for key, value in pairs]
    return [*escaped, (ESCAPED, ",".join(escaped_keys))]


def _may_need_escape(pairs: list[Card]) -> bool:
    """Say, quickly, whether any text may need an escape: all of them are searched as one."""
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


def _is_escaped(value: Any) -> bool:
    return isinstance(value, str) and needs_escape(value)


def _escape(value: Any) -> Any:
    if isinstance(value, list):
        return [_escape(item) for item in value]
    return escape(value) if isinstance(value, str) else value


def _backslashes_escaped(value: Any) -> Any:
    """Return a keyword of a table with its backslashes escaped, which readers take for escapes, as in columns."""
    return escape(value) if isinstance(value, str) and "\\" in value else value
