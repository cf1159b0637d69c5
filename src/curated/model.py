"""What a file, its content and its stamp are made of: data only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from curated.provenance.record import Provenance


@dataclass(frozen=True, slots=True, order=True)
class CalibKey:
    """What makes a calibration unique, apart from its start (DMTN-148, section 3.1).

    Parameters
    ----------
    instrument : `str`
        The instrument's directory, as the package spells it.
    type : `str`
        Name of the calibration type.
    detector, filter : `str`
        Directory names, lower case; empty where the type has no such dimension.
    """

    instrument: str
    type: str
    detector: str = ""
    filter: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.instrument, self.type, self.detector, self.filter) if part)


@dataclass(frozen=True, slots=True)
class CalibFile:
    """A discovered file: its path, its key and the start that its name gives.

    Parameters
    ----------
    path : `str`
        Path relative to the package's root, with forward slashes.
    key : `CalibKey`
        What it calibrates.
    start : `datetime.datetime`
        Start of validity, UTC, naive.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.
    side : `str`
        Path of its ``<validstart>.inputs.yaml``; empty where it has none.
    """

    path: str
    key: CalibKey
    start: datetime
    form: str
    side: str = ""


@dataclass(slots=True, eq=False, repr=False)
class TextColumn:
    """A column of an ECSV file, or of a FITS table, as it was read.

    Parameters
    ----------
    values : `numpy.ndarray` or `list`
        One entry for each row.
    dtype : `str`
        Data type that the file declares, such as ``float32``.
    unit : `str`
        Unit that the file declares, empty for none.
    doc : `str`
        Its description in the file.
    """

    values: Any
    dtype: str
    unit: str = ""
    doc: str = ""


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


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a FITS file comes from; it has no clock, so the same commit gives the same bytes.

    Parameters
    ----------
    sha1 : `str`
        Commit that is converted, 40 hexadecimal digits.
    url : `str`
        The package's public address, from ``curated.yaml``.
    path : `str`
        Path of the source file in its repository.
    blob : `str`
        Git blob of the source file.
    file_sha1, file_date, editor : `str`
        Last commit that changed the file, its committer date (UTC) and its author's name.
    dirty : `bool`
        Whether the work tree had changes that are not committed.
    version : `str`
        Version of curated.
    valid_start, valid_end : `str`
        Validity range, UTC, ISO 8601; the end is empty when open.
    """

    sha1: str
    url: str
    path: str
    blob: str
    file_sha1: str
    file_date: str
    editor: str
    dirty: bool
    version: str
    valid_start: str
    valid_end: str = ""

    def keywords(self) -> dict[str, Any]:
        """Return the header keywords of the contract, in order."""
        cards: dict[str, Any] = {"VALIDSTART": self.valid_start}
        if self.valid_end:
            cards["VALIDEND"] = self.valid_end
        cards |= {
            "REPOSHA1": self.sha1,
            "REPOURL": self.url,
            "REPOPATH": self.path,
            "BLOBSHA1": self.blob,
            "FILESHA1": self.file_sha1,
            "FILEDATE": self.file_date,
            "EDITOR": self.editor,
            "REPODIRT": self.dirty,
            "CURATVER": self.version,
        }
        return cards


STAMP_KEYWORDS = frozenset(
    "VALIDSTART VALIDEND REPOSHA1 REPOURL REPOPATH BLOBSHA1 FILESHA1 FILEDATE EDITOR REPODIRT CURATVER "
    "CHECKSUM DATASUM".split()
)

ORIGIN_KEYWORDS = STAMP_KEYWORDS - {"VALIDSTART", "VALIDEND"}
"""Keywords that say which file and commit a FITS file was made of; a text has none of them."""


COMPANION_KEYWORDS = ("IMGFILE", "IMGSHA", "IMGSIZE")
"""Keywords of name, hash and size of the file beside a text that a FITS file was made of; its pixels are in the FITS
file itself."""


@dataclass(slots=True, eq=False, repr=False)
class ColumnData:
    """A column on its way into a FITS table, a row for each entry of the first axis.

    Parameters
    ----------
    values : `numpy.ndarray` or `list` [`numpy.ndarray`]
        An array of fixed shape a row, or a list of arrays of varying length.
    unit : `str`
        Unit in the FITS standard's spelling, empty for none.
    variable : `str`
        Kind of descriptor, ``P`` or ``1Q``, where the values go into the heap.
    """

    values: Any
    unit: str = ""
    variable: str = ""


@dataclass(slots=True, eq=False, repr=False)
class TableData:
    """A table on its way into FITS.

    Parameters
    ----------
    columns : `dict` [`str`, `ColumnData`]
        Its columns in order.
    carries_metadata : `bool`
        Whether the calibration's keywords stand in its header.
    keywords : `dict`
        Keywords of the table itself.
    column_keywords : `tuple` [`str`]
        Keywords that each column has one of, such as ``TCCLS``; their values are in ``keywords``.
    constant : `str`
        Name of a table that is the same in all files, empty for any other.
    """

    columns: dict[str, ColumnData]
    carries_metadata: bool = False
    keywords: dict[str, Any] = field(default_factory=dict)
    column_keywords: tuple[str, ...] = ()
    constant: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImageData:
    """An image on its way into FITS; its pixels are copied in blocks, never held.

    Parameters
    ----------
    cards : `list` [`tuple`]
        Cards of its header, the structural ones first.
    datasum : `int`
        Ones-complement sum of its 32-bit words.
    blocks : `~collections.abc.Callable`
        Yields its data as FITS has it, a multiple of 2880 bytes in all.
    """

    cards: list[tuple[str, Any]]
    datasum: int
    blocks: Callable[[], Iterator[bytes]]
