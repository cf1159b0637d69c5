"""What Butler wrote into a FITS header about a dataset: what it is, the quantum that made it, and its inputs.

Source: ``DatasetProvenance.to_flat_dict`` of lsst.daf.butler. Keys are a prefix, which is ``LSST BUTLER`` in obs_base, a
separator of one character, and the parts of a name. ``N_INPUTS`` is written always, the inputs only up to a limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from curated.fits.foreign_keywords import butler_keywords
from curated.provenance.record import MAX_INPUTS

_PARTS = re.compile(
    r"(.*?)(?:(ID|RUN|DATASETTYPE|QUANTUM|N_INPUTS)|DATAID\W\w+|INPUT[^\w](\d{1,9})[^\w](.+))\Z"
)
_USUAL = re.compile(r"LSST[^\w]BUTLER[^\w]\Z")
_KEYS = {"ID": "uuid", "DATASETTYPE": "type", "RUN": "run"}
_LONGEST = 256


def butler_construction(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Butler's keywords say, in the form of ``construction`` in a provenance record.

    Values that cannot be Butler's are left out, and so are inputs without an ID.

    Parameters
    ----------
    keywords : `~collections.abc.Mapping`
        All keywords of a header.

    Returns
    -------
    construction : `dict`
        ``dataset``, ``quantum``, ``input_datasets`` and ``input_count``, as far as they are there; the count only where
        it is not that of the inputs.
    """
    groups: dict[str, dict[str, Any]] = {}
    inputs: dict[str, dict[int, dict[str, Any]]] = {}
    for key in butler_keywords(keywords):
        match = _PARTS.match(key.upper().removeprefix("HIERARCH "))
        if match is None:
            continue
        prefix, name, number, detail = match.groups()
        value = _single(keywords[key])
        if name:
            groups.setdefault(prefix, {})[name] = value
        elif number:
            inputs.setdefault(prefix, {}).setdefault(int(number), {})[detail] = value
    prefixes = sorted({*groups, *inputs}, key=lambda prefix: _USUAL.match(prefix) is None)
    if not prefixes:
        return {}
    return _construction(groups.get(prefixes[0], {}), inputs.get(prefixes[0], {}))


def _construction(values: Mapping[str, Any], inputs: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    numbers = [number for number in sorted(inputs) if _uuid(inputs[number].get("ID"))]
    input_datasets = [_dataset(inputs[number]) for number in numbers[:MAX_INPUTS]]
    count = values.get("N_INPUTS")
    is_count = isinstance(count, int) and not isinstance(count, bool) and count >= 0
    total = count if is_count else max(len(numbers), len(inputs))
    parts = {
        "dataset": _dataset(values),
        "quantum": _uuid(values.get("QUANTUM")),
        "input_datasets": input_datasets,
        "input_count": total if total != len(input_datasets) else 0,
    }
    return {key: value for key, value in parts.items() if value}


def _dataset(values: Mapping[str, Any]) -> dict[str, str]:
    texts = {
        key: _uuid(values.get(name)) if name == "ID" else _text(values.get(name))
        for name, key in _KEYS.items()
    }
    return {key: text for key, text in texts.items() if text}


def _single(value: Any) -> Any:
    """Return the value of a keyword that is repeated; `None` if it has several."""
    if isinstance(value, list):
        return value[0] if value and all(item == value[0] for item in value) else None
    return value


def _uuid(value: Any) -> str:
    """Return a UUID in the form that Butler writes; empty for anything else."""
    try:
        return str(UUID(value)) if isinstance(value, str) else ""
    except ValueError:
        return ""


def _text(value: Any) -> str:
    is_text = isinstance(value, str) and value.strip() and value.isprintable()
    return value if is_text and len(value) <= _LONGEST else ""
