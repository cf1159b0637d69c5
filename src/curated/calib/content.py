"""Values exchanged around calibrations: untrusted content, the file beside a text, claims about the detector."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from curated.declare import Array
from curated.provenance.record import Provenance


@dataclass(slots=True, eq=False, repr=False)
class Content:
    """The untrusted content of a file, to make a calibration of.

    Parameters
    ----------
    metadata : `dict`
        Keywords, canonical upper case.
    values : `dict`
        Values by field name, as the file has them.
    units : `dict` [`str`, `str`]
        Units that the file declares, by field name.
    form : `str`
        ``ecsv``, ``yaml``, ``json`` or ``fits``; decides how problems name their places.
    provenance : `Provenance`
        Inputs, construction and edits.
    beside : `set` [`str`]
        Fields with a keyword that the document gives beside its metadata.
    places : `dict` [`str`, `tuple`]
        Places of the fields of ``record`` tables in the document, by field name.
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
    """A file beside a calibration's text, named in the text.

    Parameters
    ----------
    file : `str`
        File name in the same directory.
    sha256 : `str`
        Hash of the file, 64 hexadecimal digits.
    size : `int`
        Size of the file in bytes.
    pointer : `tuple`
        Place of the name in the text.
    """

    file: str
    sha256: str
    size: int
    pointer: tuple[str | int, ...]


@dataclass(slots=True)
class Claims:
    """Statements of a calibration about its detector, or of a camera about all detectors; plain data, to be cached.

    Parameters
    ----------
    place : `str`
        Field with the amplifiers.
    amplifiers : `list` [`str`]
        Amplifiers that it has values for.
    complete : `bool`
        Whether it must have values for all amplifiers of the detector.
    count : `int`
        Number of amplifiers if it does not name them; 0 if it does not say.
    gains : `dict` [`str`, `float` or `None`]
        Gains (electron/adu) by amplifier; NaN or `None` if not known.
    gain_place : `str`
        Field with the gains.
    reach : `list` [`int`]
        Columns and rows that it needs, and the row of the table that needs them; empty if it needs none.
    detectors : `list` [`dict`]
        For each detector of a camera its ``id``, ``name``, ``raft``, ``slot``, ``serial``, ``width``, ``height``, and
        its ``gains`` and ``boxes`` by amplifier.
    out_of_use : `list` [`list` [`str`]]
        Detector, amplifier, and the times from which and to which it is out of use; empty texts where these are open.
    events : `list` [`list` [`str`]]
        Date, description, and the affected types, detectors and filters of what happened, the last three with commas.
    file_gains : `dict` [`str`, `dict`]
        Gains (electron/adu) in a camera file of the stack, by detector and amplifier.
    """

    place: str = ""
    amplifiers: list[str] = field(default_factory=list)
    complete: bool = False
    count: int = 0
    gains: dict[str, float | None] = field(default_factory=dict)
    gain_place: str = ""
    reach: list[int] = field(default_factory=list)
    detectors: list[dict[str, Any]] = field(default_factory=list)
    out_of_use: list[list[str]] = field(default_factory=list)
    events: list[list[str]] = field(default_factory=list)
    file_gains: dict[str, dict[str, float | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """Values of a calibration that are compared with those of other files; plain data, to be cached.

    Parameters
    ----------
    quantity : `str`
        Name of the quantity.
    keys : `list` [`str`]
        Amplifiers, or other keys.
    data : `str`
        Their numbers, (keys, numbers) in little-endian single precision, as base64.
    """

    quantity: str
    keys: list[str]
    data: str

    @classmethod
    def of(cls, quantity: str, values: Mapping[str, Any]) -> Self | None:
        """Return the trace of values by key; `None` unless all keys have equally many numbers."""
        rows = [np.asarray(value, "<f4").ravel() for value in values.values()]
        if not rows or not rows[0].size or len({row.size for row in rows}) > 1:
            return None
        with np.errstate(all="ignore"):
            data = np.concatenate(rows).tobytes()
        return cls(quantity, list(values), base64.b64encode(data).decode("ascii"))

    @property
    def values(self) -> Array:
        """The numbers, (keys, numbers), in double precision."""
        numbers = np.frombuffer(base64.b64decode(self.data), "<f4")
        return numbers.astype("f8").reshape(len(self.keys), -1)
