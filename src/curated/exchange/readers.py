"""The readers of foreign files, declared in one table, and the choice among them by type and content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from curated.calib import Calib
from curated.core.diagnostic import Problem
from curated.exchange.foreign import Conventions, Foreign, ForeignError, ForeignFile, Target
from curated.exchange.images import fits_images
from curated.exchange.pixels import box_lists, ds9, mask_images, region_tables
from curated.exchange.tables import crosstalk, linearity, plain, stack
from curated.image import ANNEX, LFS


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader of one foreign form.

    Parameters
    ----------
    name : `str`
        One word, which an option may name.
    title : `str`
        The form, for people.
    takes : `~collections.abc.Callable`
        Says whether a type may come from this form.
    recognises : `~collections.abc.Callable`
        Says by the start of a file whether it has this form.
    read : `~collections.abc.Callable`
        Reads a file for a target; may raise `ForeignError`.
    types : `str`
        The types that it takes, for people.
    options : `tuple` [`str`, ...]
        Fields of `Conventions` that it follows; ``units`` of all values, ``column_units`` of each column.
    """

    name: str
    title: str
    types: str
    takes: Callable[[type[Calib]], bool]
    recognises: Callable[[ForeignFile], bool]
    read: Callable[[ForeignFile, Target], Foreign]
    options: tuple[str, ...] = ()


def _has_boxes(cls: type[Calib]) -> bool:
    return cls.SPEC.plot is not None and cls.SPEC.plot.kind == "boxes"


READERS = (
    Reader(
        name="ds9",
        title="regions of DS9 in image coordinates",
        types="defects, manual_defects",
        takes=_has_boxes,
        recognises=ds9.recognises,
        read=ds9.read,
        options=("origin", "untrimmed", "image"),
    ),
    Reader(
        name="region-table",
        title="FITS tables of regions, or of boxes x0, y0, width, height",
        types="defects, manual_defects",
        takes=_has_boxes,
        recognises=region_tables.recognises,
        read=region_tables.read,
        options=("hdu", "origin", "untrimmed"),
    ),
    Reader(
        name="stack",
        title="calibration of the type itself, as FITS of the stack or as text",
        types="all types of tables",
        takes=stack.takes,
        recognises=stack.recognises,
        read=stack.read,
    ),
    Reader(
        name="badpix",
        title="lists of bad pixels of IRAF, x1 x2 y1 y2 from 1",
        types="defects, manual_defects",
        takes=_has_boxes,
        recognises=box_lists.recognises,
        read=box_lists.read,
        options=("origin", "untrimmed"),
    ),
    Reader(
        name="mask",
        title="FITS images of bad pixels: whole numbers, 0 for good (CCDData, DQ, BPM)",
        types="defects, manual_defects",
        takes=_has_boxes,
        recognises=mask_images.recognises,
        read=mask_images.read,
        options=("hdu", "bits", "inverted", "untrimmed", "transposed"),
    ),
    Reader(
        name="image",
        title="FITS images with mask and uncertainty (CCDData, ccdproc, the LSST stack, plain ones)",
        types="bias, dark, flat, fringe, sky, illum, straylight",
        takes=fits_images.takes,
        recognises=fits_images.recognises,
        read=fits_images.read,
        options=("hdu", "bits", "inverted", "untrimmed", "transposed", "units"),
    ),
    Reader(
        name="matrix",
        title="matrix or list of crosstalk coefficients",
        types="crosstalk",
        takes=crosstalk.takes,
        recognises=crosstalk.recognises,
        read=crosstalk.read,
        options=("hdu", "units", "column_units", "by_order", "source_axis", "sign"),
    ),
    Reader(
        name="linearity",
        title="table of polynomials, splines or lookup tables by amplifier",
        types="linearizer",
        takes=linearity.takes,
        recognises=linearity.recognises,
        read=linearity.read,
        options=("hdu", "units", "columns", "by_order"),
    ),
    Reader(
        name="table",
        title="table with named columns (CSV, ECSV, FITS, VOTable, IPAC, fixed width, blanks)",
        types="curves, lists, and numbers by amplifier",
        takes=plain.takes,
        recognises=plain.recognises,
        read=plain.read,
        options=("hdu", "origin", "column_units", "columns", "by_order", "sort"),
    ),
)
"""All readers; the first one that takes the type and recognises the file reads it."""


_OPTIONS = {
    "hdu": "--hdu",
    "bits": "--bits",
    "inverted": "--inverted",
    "origin": "--origin",
    "untrimmed": "--untrimmed",
    "image": "--image",
    "transposed": "--transposed",
    "columns": "--column",
    "by_order": "--by-order",
    "sort": "--sort",
    "source_axis": "--source",
    "sign": "--sign",
}
"""Options of the command line by field of `Conventions`."""

_WITHOUT_EFFECT = frozenset(("untrimmed", "inverted"))
"""What false says is how a file is read anyway."""


def unused_options(reader: Reader, conventions: Conventions) -> Iterator[Problem]:
    """Yield a problem for each option that a reader has no use for: what a person says of a file must not go unheard."""
    for name, option in _OPTIONS.items():
        value = getattr(conventions, name)
        is_set = bool(value) if name != "origin" else value is not None
        if name in _WITHOUT_EFFECT:
            is_set = value is True
        if is_set and name not in reader.options:
            yield Problem("CAL756", (), f"{option} says nothing of {reader.title}")
    for column, unit in conventions.units.items():
        if not {"units", "column_units"} & set(reader.options):
            yield Problem("CAL756", (), f"--unit says nothing of {reader.title}")
        elif not column and "units" not in reader.options:
            hint = f"say of which column: --unit COLUMN={unit}"
            yield Problem("CAL756", (), f"--unit {unit} names no column", hint)
        elif column and "column_units" not in reader.options:
            hint = f"all values have one unit: --unit {unit}"
            yield Problem("CAL756", (), f"--unit {column}={unit}: there is no column {column!r:.40}", hint)


def read_foreign(file: ForeignFile, target: Target, name: str = "") -> tuple[Foreign, Reader | None]:
    """Read a foreign file with the first reader that takes the type and recognises the file.

    Parameters
    ----------
    name : `str`, optional
        Name of the reader, where a person chose it.

    Returns
    -------
    foreign : `Foreign`
        What it holds; without values, and with the problems, where it cannot be read.
    reader : `Reader` or `None`
        The reader; `None` where there is none.
    """
    reader = _choose(file, target.cls, name)
    if isinstance(reader, Problem):
        return Foreign(problems=(reader,)), None
    try:
        return reader.read(file, target), reader
    except ForeignError as error:
        return Foreign(problems=error.problems), reader
    except OSError as error:
        return Foreign(problems=(Problem("CAL710", (), f"{error.strerror or error}"),)), reader


def _choose(file: ForeignFile, cls: type[Calib], name: str) -> Reader | Problem:
    """Return the reader for a file and a type, or why there is none."""
    if not file.size:
        return Problem("CAL710", (), "the file is empty")
    if file.head.startswith((LFS, ANNEX)):
        name_of_tool, mend = (
            ("git-lfs", "git lfs pull") if file.head.startswith(LFS) else ("git-annex", "git annex get")
        )
        detail = f"the file is a pointer of {name_of_tool}, not the content"
        return Problem("CAL710", (), detail, f"run '{mend}'")
    fitting = [reader for reader in READERS if reader.takes(cls) and name in ("", reader.name)]
    if not fitting:
        what = f"no reader {name!r}" if name else "no reader"
        return Problem(
            "CAL710", (), f"{what} makes {cls.SPEC.name}", "'curated add --list' lists what can be read"
        )
    if name:
        return fitting[0]
    chosen = next((reader for reader in fitting if reader.recognises(file)), None)
    if chosen is not None:
        return chosen
    # Any table may be a matrix or a correction of non-linearity: it is called a table.
    others = (reader for reader in READERS if reader.name not in ("matrix", "linearity"))
    other = next((reader for reader in others if reader.recognises(file)), None)
    forms = "; ".join(reader.title for reader in fitting)
    if other is not None:
        detail = f"the file is one of {other.title}, of which no {cls.SPEC.name} is made"
        return Problem(
            "CAL710", (), detail, f"that form gives {other.types}; {cls.SPEC.name} is made of {forms}"
        )
    return Problem(
        "CAL710",
        (),
        f"no reader for {cls.SPEC.name} recognises the file",
        f"{cls.SPEC.name} is made of {forms}",
    )
