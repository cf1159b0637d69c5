"""An instrument's records of a repository as ``instrument.yaml``."""

from __future__ import annotations

from collections.abc import Iterator

from curated.export.stock import InstrumentRecord
from curated.text.yaml.writer import yaml_flow, yaml_scalar


def instrument_text(record: InstrumentRecord) -> str:
    """Return an ``instrument.yaml`` that says what a repository's records do; the same records give the same text.

    Parameters
    ----------
    record : `InstrumentRecord`
        The instrument.
    """
    return "".join(f"{line}\n" for line in _lines(record))


def _lines(record: InstrumentRecord) -> Iterator[str]:
    yield "# Written by 'curated export' from the records of a repository. They do not say: serial, width, height and"
    yield "# amplifiers of a detector, and which types the instrument must have."
    yield f"name: {yaml_scalar(record.name)}"
    yield from (f"{key}: {yaml_scalar(value)}" for key, value in record.values.items())
    if record.detectors:
        yield "detectors:"
    for one in record.detectors.values():
        said = {
            "id": one.id,
            "name": one.full_name,
            "raft": one.raft,
            "slot": one.name_in_raft,
            "purpose": one.purpose,
        }
        yield f"- {yaml_flow({key: value for key, value in said.items() if value != ''})}"
    if record.filters:
        yield "filters:"
    yield from (f"- {yaml_flow({'name': name, 'band': band})}" for name, band in record.filters.items())
