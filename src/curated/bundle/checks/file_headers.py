"""The headers of a bundle's FITS files, compared with what the manifest says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple

from curated.bundle.checks.consistency import declared_spec
from curated.bundle.contents import Entry
from curated.core.diagnostic import brief
from curated.core.metadata import LISTS
from curated.core.times import EARLIEST, LATEST, parse_time
from curated.fits.header import cards, keyword_values
from curated.package.layout import directory_name

_PRINTABLE = bytes(range(0x20, 0x7F))
_EXTENSION = b"XTENSION="
_END, _CONTINUE = b"END".ljust(80), b"CONTINUE"
_KEYWORD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- "
_LONG_CARD = re.compile(
    rb"HIERARCH +(?i:INSTRUME|OBSTYPE|DETECTOR|FILTER|VALIDSTART|VALIDEND|REPOSHA1|FILESHA1|REPOPATH|BLOBSHA1) *="
)
_PROVENANCE = "IsrProvenance"
"""OBSTYPE of the HDU with the provenance."""

_MOST_PROBLEMS = 12
_DIMENSIONS = {"instrument": "INSTRUME", "detector": "DETECTOR", "physical_filter": "FILTER"}

Test = Callable[[Any], bool]
"""Whether the value of a keyword is right."""


class HeaderComparison:
    """The comparison of one file's headers, which it takes one after the other, with the manifest.

    The primary header has each keyword of type, data ID, validity and origin once; further headers, which some readers
    look at first, have none or the same.

    Parameters
    ----------
    sha1 : `str`
        Commit of the bundle.
    directory : `str`
        Directory of the instrument in the package, by which INSTRUME may name it; empty if it is not known.

    Attributes
    ----------
    problems : `list` [`str`]
        What contradicts the manifest.
    damage : `str`
        What is no FITS header; empty if there is nothing.
    """

    def __init__(self, entry: Entry, sha1: str, directory: str = "") -> None:
        self.problems: list[str] = []
        self.damage = ""
        self._entry, self._sha1, self._directory = entry, sha1, directory
        spec = declared_spec(entry.dataset_type)
        # The stack writes it, and knows nothing of stamps: size and hash in the manifest say which file it is.
        self._is_stamped = spec is None or not spec.verbatim
        self._usual = _UsualCards.of(entry, sha1)
        self._count = 0

    def take(self, header: bytes, header_cards: Sequence[bytes]) -> None:
        """Compare the next header, which is also given as cards."""
        number, self._count = self._count, self._count + 1
        if self.damage or len(self.problems) > _MOST_PROBLEMS:
            return
        if header.translate(None, _PRINTABLE):
            self.damage = f"the header of HDU {number} has other characters than printable ASCII"
        elif _has_more_after_end(header_cards):
            self.damage = f"the header of HDU {number} has cards after its END"
        elif number and not header.startswith(_EXTENSION):
            self.damage = f"HDU {number} does not begin with XTENSION"
        elif self._is_stamped and not self._usual.are_in(header, header_cards, is_primary=not number):
            self.problems += _problems(header, number, _tests(self._entry, self._sha1, self._directory))


class _UsualCards(NamedTuple):
    """The cards that `curated bundle` writes for the keywords that are compared; a header without them may be right, too.

    Parameters
    ----------
    keywords : `frozenset` [`bytes`]
        Keywords of 8 characters.
    cards : `set` [`bytes`]
        Their cards; of those of a text in several cards the first.
    texts : `list` [`bytes`]
        Cards that follow each other.
    start : `bytes`
        Card of VALIDSTART, which is no keyword of 8 characters.
    """

    keywords: frozenset[bytes]
    cards: set[bytes]
    texts: list[bytes]
    start: bytes

    @classmethod
    def of(cls, entry: Entry, sha1: str) -> _UsualCards:
        """Return the cards of a dataset of a bundle."""
        spec, claims = declared_spec(entry.dataset_type), entry.claims
        usual = [
            _shared_card("OBSTYPE", spec.obstype if spec is not None else entry.dataset_type),
            _shared_card("REPOSHA1", sha1),
            _shared_card("FILESHA1", claims.commit),
            _card("REPOPATH", claims.path),
            _card("BLOBSHA1", claims.blob),
        ]
        usual += [_shared_card(_DIMENSIONS[name], value) for name, value in entry.data_id]
        if claims.end:
            usual.append(_shared_card("VALIDEND", claims.end.removesuffix("Z")))
        return cls(
            frozenset([b"VALIDEND", *(card[:8] for card in usual)]),
            {card[:80] for card in usual},
            [card for card in usual if len(card) > 80],
            _shared_card("VALIDSTART", claims.begin.removesuffix("Z")),
        )

    def are_in(self, header: bytes, header_cards: Sequence[bytes], *, is_primary: bool) -> bool:
        """Return whether a primary header has exactly these cards for the keywords, or another header some of them."""
        if not _has_usual_keywords(header):
            return False
        keywords, cards = self.keywords, self.cards
        compared = [card for card in header_cards if card[:8] in keywords]
        starts = len(_LONG_CARD.findall(header))
        if len({*compared}) < len(compared) or not cards.issuperset(compared) or starts > 1:
            return False
        if is_primary and (len(compared) < len(cards) or not starts):
            return False
        texts = [text for text in self.texts if text[:80] in compared] + [self.start] * starts
        for text in texts:
            place = header.find(text)
            if place < 0 or place % 80 or header.startswith(_CONTINUE, place + len(text)):
                return False
        return not self._are_continued(header)

    def _are_continued(self, header: bytes) -> bool:
        """Return whether a card of one of the keywords is continued that should not be."""
        place = header.find(_CONTINUE)
        while place >= 0:
            card = header[place - 80 : place]
            if card[:8] in self.keywords and not any(text.startswith(card) for text in self.texts):
                return True
            place = header.find(_CONTINUE, place + 1)
        return False


def _has_more_after_end(header_cards: Sequence[bytes]) -> bool:
    """Return whether anything but blanks follows the end of a header, which readers would not see."""
    return any(map(bytes.strip, header_cards[header_cards.index(_END) + 1 :]))


def _has_usual_keywords(header: bytes) -> bool:
    """Return whether all keywords are in upper case at the start of their card, and blank cards at the end."""
    columns = [header[n::80] for n in range(8)]
    blanks = len(header) // 80 - -(-len(header.rstrip(b" ")) // 80)
    return columns[0].count(b" ") == blanks and not b"".join(columns).translate(None, _KEYWORD)


def _card(key: str, value: Any) -> bytes:
    return cards([(key, value)]).encode("ascii")


_shared_card = lru_cache(maxsize=1 << 13)(_card)
"""The card of a value that many datasets have."""


# -- any other header -----------------------------------------------------------------------------------


def _problems(header: bytes, number: int, tests: Mapping[str, tuple[str, Test]]) -> Iterator[str]:
    values = keyword_values(header, tests.keys())
    for key, (right, test) in tests.items():
        place = f"{key} of HDU {number}"
        if number and key == "OBSTYPE" and values[key] == [_PROVENANCE]:
            continue
        if len(values[key]) > 1:
            yield f"{place} is there {len(values[key])} times"
        elif values[key] in ([], [None]) and _is_shared(header, key, test):
            continue
        elif values[key] and not test(values[key][0]):
            yield f"{place} is {brief(values[key][0])}, not {right}"
        elif not values[key] and not number and not test(None):
            yield f"{place} is missing, which is {right}"


def _is_shared(header: bytes, key: str, test: Test) -> bool:
    """Return whether a header has a list in place of a detector or filter: its file is that of several datasets."""
    keyword = f"{key}S"
    if keyword not in LISTS:
        return False
    values = keyword_values(header, (keyword,))[keyword]
    names = [name.strip() for name in values[0].split(",")] if _is_text(values) else []
    # Detectors are listed by name; their numbers are in the manifest, for which the commit vouches.
    return names == ["all"] or (bool(names) and (key == "DETECTOR" or any(map(test, names))))


def _is_text(values: Sequence[Any]) -> bool:
    return len(values) == 1 and isinstance(values[0], str) and bool(values[0].strip())


def _tests(entry: Entry, sha1: str, directory: str) -> dict[str, tuple[str, Test]]:
    """Return for each keyword what is right, in words and as a test."""
    spec, claims = declared_spec(entry.dataset_type), entry.claims
    tests: dict[str, tuple[str, Test]] = {
        "INSTRUME": _folded(entry.instrument, directory or entry.instrument),
        "REPOSHA1": _equal(sha1),
        "FILESHA1": _equal(claims.commit),
        "REPOPATH": _equal(claims.path),
        "BLOBSHA1": _equal(claims.blob),
        "VALIDSTART": (claims.begin or "open", partial(_is_moment, claims.begin, EARLIEST)),
        "VALIDEND": (claims.end or "open", partial(_is_moment, claims.end, LATEST)),
    }
    if spec is not None:
        tests["OBSTYPE"] = _folded(spec.obstype, spec.name)
    for name, value in entry.data_id:
        if name == "detector":
            tests["DETECTOR"] = str(value), partial(_is_number, int(value))
        elif name == "physical_filter":
            tests["FILTER"] = brief(value), partial(_is_directory, directory_name(str(value)))
    return tests


def _equal(right: str) -> tuple[str, Test]:
    # A card cannot tell an empty text from blanks or from no value.
    return right or "empty", lambda value: (value or "") == right


def _folded(*right: str) -> tuple[str, Test]:
    names = {name.casefold() for name in right}
    return right[0], lambda value: isinstance(value, str) and value.casefold() in names


def _is_number(right: int, value: Any) -> bool:
    text = value.strip() if isinstance(value, str) else value
    is_whole = text.__class__ is int or (isinstance(text, str) and text.isascii() and text.isdigit())
    return is_whole and len(str(text)) < 20 and int(text) == right


def _is_directory(right: str, value: Any) -> bool:
    return isinstance(value, str) and directory_name(value) == right


def _is_moment(text: str, bound: datetime, value: Any) -> bool:
    """Return whether the value of a keyword is a time in UTC, for an open end one that no repository can hold."""
    if value is None or value == "":
        return not text
    try:
        # Python takes any character between day and time.
        is_usual = isinstance(value, str) and value[10:11] in ("T", " ", "")
        moment = parse_time(value if is_usual else "")
        if text:
            return moment == parse_time(text)
    except ValueError:
        return False
    return moment < bound if bound == EARLIEST else moment >= bound
