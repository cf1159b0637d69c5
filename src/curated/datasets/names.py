"""The grammar of names that reach a Butler repository, as regular expressions that JSON Schema understands as well.

Names are parts of collections, which Butler splits at slashes and commas and searches with wildcards, and of files. So
none has an empty part, ``..``, a wildcard, a comma or a leading dash. What names collections and dataset types is
ASCII: two names that look the same are the same.
"""

from __future__ import annotations

import re
import unicodedata

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9_+-]|\.(?!\.))*"
_LABEL_PART = r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.))*"
_MOMENT = r"[0-9]{8}T[0-9]{6}(?:\.[0-9]{6})?Z"

# Control and format characters, blanks but the common one, surrogates, and characters that are none.
_INVISIBLE = (
    r"\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    r"\ud800-\uf8ff\ufe00-\ufe0f\ufeff\ufff0-\uffff"
)


def whole(pattern: str) -> str:
    """Return a regular expression for the whole of a text; ``$`` would allow a line feed at its end."""
    return rf"^(?:{pattern})(?![\s\S])"


INSTRUMENT = whole(_PART)
"""Name of an instrument: the first part of its collections."""

LABEL = whole(_LABEL_PART)
"""Label of a release: one part of its collections."""

COLLECTION = whole(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_+~@:-]|\.(?!\.))*)(?:/[A-Za-z0-9_](?:[A-Za-z0-9_+~@:-]|\.(?!\.))*)*"
)
"""Name of any collection, such as the RUN of a dataset that a pipeline made."""

UNBOUNDED = frozenset({"camera_geometry", "camera"})
"""Dataset types whose RUN is called ``unbounded``, as the stack calls that of its camera."""

RUN_END = re.compile(rf"(?:unbounded|curated/{_MOMENT})(?:/{_MOMENT})?\Z")
"""Name of a RUN of a release below the collection of the release."""

DATASET_TYPE = whole(r"[A-Za-z_][A-Za-z0-9_]*")
"""Name of a dataset type or a storage class."""

CLASS_NAME = whole(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
"""Full name of a Python class."""

VALUE = whole(
    rf'(?!.*\.\.)[^ .~\\/*?,"`\[\]{{}}{_INVISIBLE}-](?:[^\\/*?,"`\[\]{{}}{_INVISIBLE}]*[^\\/*?,"`\[\]{{}} {_INVISIBLE}])?'
)
"""Name of a detector, a raft, a filter or a band: one line without blanks at its ends."""

PATH = whole(rf"files(?:/(?!\.\.?(?:/|$))[^/\\{_INVISIBLE}]+)+")
"""Path of a file in a bundle."""

LINE = whole(rf"[^{_INVISIBLE}]*")
"""A line of text, without control characters."""

LONGEST_INSTRUMENT = LONGEST_VALUE = 32
"""Most characters of names in Butler's dimension tables."""

LONGEST_LABEL, LONGEST_CLASS, LONGEST_COLLECTION, LONGEST_TYPE = 64, 64, 200, 128

NAME_SAYS = (
    "not a name of ASCII letters, digits and '_+-.' that begins with a letter or digit and has no '..'"
)
"""Message for a text that is no name of an instrument."""

VALUE_SAYS = (
    "not a name: one line without '..', wildcards, commas, slashes, quotes, or blanks or dashes at its start"
)
"""Message for a text that is no name of a detector or filter."""

_INSTRUMENT, _LABEL, _VALUE, _COLLECTION = (
    re.compile(pattern) for pattern in (INSTRUMENT, LABEL, VALUE, COLLECTION)
)


def is_label(text: str) -> bool:
    """Return whether a text can be the label of a release."""
    return len(text) <= LONGEST_LABEL and _LABEL.match(text) is not None


def is_collection(text: str) -> bool:
    """Return whether a text can be the name of a collection that a manifest refers to."""
    return len(text) <= LONGEST_COLLECTION and _COLLECTION.match(text) is not None


def is_instrument(text: str) -> bool:
    """Return whether a text can be the name of an instrument."""
    return len(text) <= LONGEST_INSTRUMENT and _INSTRUMENT.match(text) is not None


def is_value(text: str) -> bool:
    """Return whether a text can be the name of a detector, a filter and the like."""
    return 0 < len(text) <= LONGEST_VALUE and _VALUE.match(text) is not None and is_plain(text)


def is_plain(text: str) -> bool:
    """Return whether a text is ASCII, or has further letters and digits only, in the normal form NFC.

    Two texts of other forms can look the same.
    """
    if text.isascii():
        return True
    return unicodedata.is_normalized("NFC", text) and all(
        character.isascii() or unicodedata.category(character)[0] in "LMN" for character in text
    )
