"""Untrusted values of a calibration, the file beside its text, and what it says about its detector."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from curated.provenance.record import Provenance


@dataclass(slots=True, eq=False, repr=False)
class Content:
    """A calibration's parts on the way between a file and its class.

    Parameters
    ----------
    metadata : `dict`
        Keywords, canonical upper case.
    values : `dict`
        Values by field name, as the file has them.
    units : `dict` [`str`, `str`]
        Unit that the file declares, by field name.
    form : `str`
        ``ecsv``, ``yaml``, ``json`` or ``fits``; decides how places are named.
    provenance : `Provenance`
        What it was made of, and who edited it.
    beside : `set` [`str`]
        Fields that live in the header and that the document gives beside its metadata.
    places : `dict` [`str`, `tuple`]
        Where the document has the fields of its ``record`` tables, by field name.
    """

    metadata: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    form: str = "yaml"
    provenance: Provenance = field(default_factory=Provenance)
    beside: set[str] = field(default_factory=set)
    places: dict[str, tuple[str | int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Companion:
    """A file beside a calibration's text, which names it.

    Parameters
    ----------
    file : `str`
        Its name in the same directory.
    sha256 : `str`
        Its hash, 64 hexadecimal digits.
    size : `int`
        Its size in bytes.
    pointer : `tuple`
        Where the text speaks of it.
    """

    file: str
    sha256: str
    size: int
    pointer: tuple[str | int, ...]


@dataclass(slots=True)
class Claims:
    """What a calibration says about its detector, or a camera about all of them; plain data, to be remembered.

    Parameters
    ----------
    place : `str`
        Where it speaks of amplifiers.
    amplifiers : `list` [`str`]
        The amplifiers that it has values for; empty where it has none for any.
    complete : `bool`
        Whether it should have values for all amplifiers of the detector.
    count : `int`
        Number of amplifiers, where it does not name them; 0 where it says nothing.
    gains : `dict` [`str`, `float` or `None`]
        Gains (electron/adu) by amplifier; NaN or nothing where not known.
    gain_place : `str`
        Where it speaks of gains.
    reach : `list` [`int`]
        Columns and rows that it needs, and the row of the table that needs them; empty where it needs none.
    detectors : `list` [`dict`]
        For each detector of a camera its ``id``, ``name``, ``raft``, ``slot``, ``serial``, ``width``, ``height``, and
        its ``gains`` by amplifier.
    """

    place: str = ""
    amplifiers: list[str] = field(default_factory=list)
    complete: bool = False
    count: int = 0
    gains: dict[str, float | None] = field(default_factory=dict)
    gain_place: str = ""
    reach: list[int] = field(default_factory=list)
    detectors: list[dict[str, Any]] = field(default_factory=list)
