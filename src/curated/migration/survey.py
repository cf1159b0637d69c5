"""What a source of calibrations says: its products with their ranges, and what of it has no place in a package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from curated.core.diagnostic import Problem
from curated.datasets.deprecation import Deprecation
from curated.exchange.foreign import Conventions


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """An entry of a source: a calibration file and when it is valid.

    Parameters
    ----------
    label : `str`
        Where the source has it, for people: ``bias, row 3``.
    index : `str`
        Path of the file of the source that says so, relative to the source.
    kind : `str`
        What the source calls such a product.
    type : `str`
        The calibration type that it becomes; empty if there is none.
    detector, filter : `str`
        Names in the new package; empty if the type has none.
    start, end : `datetime.datetime`
        Range of validity, UTC; without an end it is open.
    file : `str`
        Path of its file relative to the source; empty if there is none.
    content : `bytes`
        Text of the calibration itself, made of values in the index; empty where the file has it.
    selectors : `dict` [`str`, `str`]
        What its use depends on beside detector, filter and time.
    deprecation : `Deprecation`, optional
        The mark that takes it out of use.
    hdu : `str`
        The extension of the file that holds it; empty for the only one.
    line : `int`
        Line in the index; 0 if that has no lines.
    """

    label: str
    index: str
    kind: str
    type: str = ""
    detector: str = ""
    filter: str = ""
    start: datetime
    end: datetime | None = None
    file: str = ""
    selectors: Mapping[str, str] = field(default_factory=dict)
    deprecation: Deprecation | None = None
    hdu: str = ""
    content: bytes = b""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """A problem, the file of the source that has it, and whether it is why an entry is not kept.

    Parameters
    ----------
    file : `str`
        Path relative to the source.
    entries : `int`
        How many entries of the source are not kept as calibrations because of it.
    """

    problem: Problem
    file: str
    entries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All that a source says.

    Parameters
    ----------
    kind : `str`
        The kind of the source.
    instrument : `str`
        Name of the instrument, as far as the source says it.
    products : `tuple` [`Product`, ...]
        The entries that can be understood.
    notes : `tuple` [`Note`, ...]
        What is not understood, has no place, or was assumed.
    detectors : `dict` [`str`, `int`]
        Numbers of the detectors by name.
    filters : `tuple` [`str`, ...]
        Names of the filters.
    indices : `tuple` [`str`, ...]
        Files of the source that hold its entries.
    latest_wins : `bool`
        Whether of several valid products that of the latest start is used; otherwise that is ambiguous.
    utc_offset : `float`
        Hours by which nights of the source are ahead of UTC.
    """

    kind: str
    instrument: str = ""
    products: tuple[Product, ...] = ()
    notes: tuple[Note, ...] = ()
    detectors: Mapping[str, int] = field(default_factory=dict)
    filters: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()
    latest_wins: bool = False
    utc_offset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """What a person says of a source.

    Parameters
    ----------
    instrument : `str`
        Name of the instrument; empty for that of the source.
    templates : `dict` [`str`, `str`]
        Patterns of paths by the source's name of the product, such as ``bias/%(calibDate)s/%(ccd)03d.fits``.
    scale : `str`
        Time scale of the source's dates, ``TAI`` or ``UTC``; empty for that of its kind.
    utc_offset : `float`, optional
        Hours by which nights are ahead of UTC; that of the kind if `None`.
    selection : `dict` [`str`, `str`]
        Values of selectors: products of other values are left out.
    types : `dict` [`str`, `str`]
        Calibration types by the source's name of the product, in place of the usual ones.
    start : `datetime.datetime`, optional
        Start of validity of what has no date.
    detector, filter : `str`
        Detector and filter of products that do not name theirs.
    conventions : `Conventions`
        What a person says of the files.
    units : `dict` [`str`, `dict`]
        Units by the source's name of the product, empty for all; those of each by column, empty for pixels.
    """

    instrument: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)
    scale: str = ""
    utc_offset: float | None = None
    selection: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    start: datetime | None = None
    detector: str = ""
    filter: str = ""
    conventions: Conventions = field(default_factory=Conventions)
    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class SourceError(Exception):
    """A source of which nothing can be read."""

    def __init__(self, problem: Problem, file: str = "") -> None:
        super().__init__(problem.detail)
        self.problem, self.file = problem, file
