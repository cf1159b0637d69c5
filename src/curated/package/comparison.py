"""Files whose values are compared with those of other files of the package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from curated.core.keys import CalibFile
from curated.registry import get_type


def mark_compared(files: Iterable[CalibFile]) -> list[CalibFile]:
    """Return files, with a mark on those of which a check keeps values to compare.

    These are the epochs of a key that has several, the parts of a product that the package has as well, such as
    the curves that a curve of the whole system is made of, and types that are compared between detectors. Of others
    no values are kept: most files have one epoch.
    """
    files = list(files)
    counts = Counter(file.key for file in files)
    types_by_instrument: dict[str, set[str]] = {}
    for instrument, name in {(file.key.instrument, file.key.type) for file in files}:
        factors = get_type(name).SPEC.factors
        if factors:
            parts = {part for alternatives in factors for part in alternatives}
            types_by_instrument.setdefault(instrument, set()).update({name, *parts})
    for instrument, name in {(file.key.instrument, file.key.type) for file in files}:
        if any(comparison.is_shared for comparison in get_type(name).SPEC.comparisons):
            types_by_instrument.setdefault(instrument, set()).add(name)
    if len(counts) == len(files) and not types_by_instrument:
        return files
    return [
        replace(file, is_compared=True)
        if counts[file.key] > 1 or file.key.type in types_by_instrument.get(file.key.instrument, ())
        else file
        for file in files
    ]
