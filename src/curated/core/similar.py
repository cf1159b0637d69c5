"""Names that may be meant by one that does not exist."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_CUTOFF = 0.8
"""Least similarity, as difflib measures it, of two names without their separators."""

_SEPARATORS = re.compile(r"[\s_.\-]+")


def similar_name(name: str, names: Iterable[str]) -> str:
    """Return the name that may be meant by another one; empty if none is similar.

    Case, blanks, hyphens, underscores, the normal form of Unicode and the ending of a plural make no difference.

    Parameters
    ----------
    name : `str`
        A name that does not exist.
    names : iterable [`str`]
        Names that exist; of equally similar ones the first is returned.
    """
    names_by_form: dict[str, str] = {}
    for existing in names:
        names_by_form.setdefault(_form(existing), existing)
    form = _form(name)
    if form in names_by_form:
        return names_by_form[form]
    if not form:
        return ""
    from difflib import get_close_matches  # takes milliseconds, and most packages have nothing misspelled

    matches = get_close_matches(form, names_by_form, n=1, cutoff=_CUTOFF)
    return names_by_form[matches[0]] if matches else ""


def in_another_form(name: str, names: Iterable[str]) -> str:
    """Return the name that is the same but for the normal form of Unicode, escaped; empty if there is none."""
    if name.isascii():
        return ""
    composed = unicodedata.normalize("NFC", name)
    return next(
        (
            ascii(other)
            for other in names
            if other != name and unicodedata.normalize("NFC", other) == composed
        ),
        "",
    )


def _form(name: str) -> str:
    form = _SEPARATORS.sub("", unicodedata.normalize("NFKC", name).lower())
    for ending in ("es", "s"):
        # Not of short names such as "bias": what is left of them would be similar to much.
        if len(form) > len(ending) + 4 and form.endswith(ending):
            return form.removesuffix(ending)
    return form
