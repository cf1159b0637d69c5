"""Names of detectors and filters of a source, as a package can have them."""

from __future__ import annotations

from collections.abc import Iterable

from curated.core.diagnostic import brief
from curated.datasets.names import is_value
from curated.package.layout import directory_name

_LONGEST = 32
NOTHING = frozenset(("", "-", "none", "null", "n/a", "any", "all"))
"""What sources write where a product has no detector or filter."""


def name_fault(name: str, what: str) -> str:
    """Return why a text cannot be the name of a detector or filter; empty if it can."""
    if not is_value(name) or len(name) > _LONGEST or not directory_name(name).strip("._"):
        return f"{brief(name)} cannot be the name of a {what}"
    return ""


def detector_numbers(names: Iterable[str]) -> dict[str, int]:
    """Return a number for each detector: that at the end of its name if all have different ones, else its place."""
    ordered = sorted(set(names))
    tails = [name[len(name.rstrip("0123456789")) :] for name in ordered]
    if all(tail and len(tail) < 6 for tail in tails) and len({int(tail) for tail in tails}) == len(tails):
        return {name: int(tail) for name, tail in zip(ordered, tails, strict=True)}
    return {name: number for number, name in enumerate(ordered)}
