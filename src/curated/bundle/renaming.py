"""The names that a repository has for the instruments of a bundle, where they differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from curated.datasets.names import is_instrument, is_value
from curated.package.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Renaming:
    """How a repository calls an instrument of a bundle.

    Parameters
    ----------
    name : `str`
        Name of the instrument in the repository.
    filters : `dict` [`str`, `str`]
        Names of its filters in the repository by those in the bundle; others keep their names.
    """

    name: str
    filters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Renaming:
        """Read a renaming from plain data.

        Raises
        ------
        KeyError, TypeError, AttributeError
            If it is none.
        ValueError
            If it has names that an import would not use.
        """
        filters = {str(old): str(new) for old, new in values["filters"].items()}
        renaming = cls(str(values["name"]), filters)
        if not is_instrument(renaming.name) or not all(map(is_value, filters.values())):
            raise ValueError("it has a name that no instrument or filter can have")
        return renaming


def renamings_to_json(renamings: Mapping[str, Renaming]) -> dict[str, Any]:
    """Return renamings as plain data."""
    return {old: asdict(renaming) for old, renaming in renamings.items()}


def renamings_digest(renamings: Mapping[str, Renaming]) -> str:
    """Return a short hash of renamings; empty if there are none."""
    if not renamings:
        return ""
    return hashlib.sha256(json.dumps(renamings_to_json(renamings), sort_keys=True).encode()).hexdigest()[:8]


def renamed_instruments(
    instruments: Mapping[str, Instrument], renamings: Mapping[str, Renaming]
) -> dict[str, Instrument]:
    """Return the instruments of a package, by directory, under the names that a repository has for them.

    A name that was settled in this way is no inferred one any more.
    """
    result = {}
    for directory, instrument in instruments.items():
        renaming = renamings.get(instrument.name)
        if renaming is None:
            result[directory] = instrument
            continue
        filters = {
            key: replace(f, name=renaming.filters.get(f.name, f.name))
            for key, f in instrument.filters.items()
        }
        result[directory] = replace(instrument, name=renaming.name, filters=filters, inferred=(), aliases=())
    return result
