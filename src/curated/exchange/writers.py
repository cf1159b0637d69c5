"""Calibrations in the forms of other programs: the forms in one table, the choice among them, and what each one loses."""

from __future__ import annotations

import csv
import io
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.declare import Array
from curated.exchange.images.ccddata_file import ccddata_bytes
from curated.exchange.pixels.region_tables import region_columns
from curated.exchange.pixels.region_text import region_text
from curated.exchange.row_comments import with_row_comments
from curated.fits.writer import fits_blocks
from curated.text.ecsv.writer import EcsvColumn, ecsv_text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outgoing:
    """A calibration on its way to another program.

    Parameters
    ----------
    calib : `Calib`
        With its pixels, if it has any.
    row_comments : `tuple` [`str`, ...]
        What its text says of each row; or none.
    size : `tuple` [`int`], optional
        Columns and rows of its detector, if they are known.
    table : `str`
        Name or number, from 1, of the table to write, of a calibration with several; empty for the only one.
    """

    calib: Calib
    row_comments: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    table: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A writer of one foreign form.

    Parameters
    ----------
    name : `str`
        One word, by which ``--to`` chooses it.
    title, types : `str`
        The form, and the types that it is for, for people.
    ending : `str`
        Ending of the files that it writes.
    takes : `~collections.abc.Callable`
        Says whether calibrations of a type have this form.
    write : `~collections.abc.Callable`
        Returns the content of the file, and what is lost.
    """

    name: str
    title: str
    types: str
    ending: str
    takes: Callable[[type[Calib]], bool]
    write: Callable[[Outgoing], tuple[bytes, list[str]]]


def write_foreign(outgoing: Outgoing, filename: str, form: str = "") -> tuple[bytes, list[str], Writer]:
    """Return a calibration in the form of another program.

    Parameters
    ----------
    filename : `str`
        The file to be written; its ending gives the form if that is empty.
    form : `str`, optional
        Name of the writer.

    Returns
    -------
    content : `bytes`
        Content of the file.
    losses : `list` [`str`]
        What the form does not hold.
    writer : `Writer`
        The writer that was chosen.

    Raises
    ------
    CuratedError
        If there is no such form for the type, or something would be wrong in it.
    """
    cls = type(outgoing.calib)
    fitting = [writer for writer in WRITERS if writer.takes(cls)]
    name = os.path.basename(filename).lower()
    chosen = [w for w in fitting if (w.name == form.lower() if form else name.endswith(w.ending))]
    if not chosen:
        what = repr(form) if form else f"the ending of {os.path.basename(filename)!r}"
        forms = "; ".join(f"{writer.name} ({writer.ending})" for writer in fitting)
        raise CuratedError(f"{cls.SPEC.name} has no form for {what}", f"choose one with --to: {forms}")
    content, losses = chosen[0].write(outgoing)
    return content, losses, chosen[0]


# -- boxes ------------------------------------------------------------------------------------------------


def _has_boxes(cls: type[Calib]) -> bool:
    return cls.SPEC.plot is not None and cls.SPEC.plot.kind == "boxes"


def _boxes(calib: Any) -> Array:
    columns: Array = np.stack([calib.x0, calib.y0, calib.width, calib.height], axis=1)
    return columns.astype("i8")


def _lost_keywords(calib: Calib) -> list[str]:
    return ["keywords"] if len(calib.metadata) else []


def _lost_comments(outgoing: Outgoing) -> list[str]:
    return ["comments of rows"] if outgoing.row_comments else []


def _title(calib: Calib) -> str:
    identity = (calib.metadata.text(key) for key in ("INSTRUME", "DET_NAME", "FILTER", "CALIBDATE"))
    # A name of a detector is text from outside, and has no line of its own here.
    return " ".join(" ".join([calib.SPEC.name, *filter(None, identity)]).split())


def _write_regions(outgoing: Outgoing) -> tuple[bytes, list[str]]:
    calib = outgoing.calib
    text = region_text(_boxes(calib), outgoing.row_comments, _title(calib))
    return text.encode(), _lost_keywords(calib)


def _write_mask(outgoing: Outgoing) -> tuple[bytes, list[str]]:
    from astropy.io import fits

    calib: Any = outgoing.calib
    if outgoing.size is None:
        raise CuratedError("the size of the detector is not known", "give it with --size COLUMNSxROWS")
    columns, rows = outgoing.size
    hdu = fits.PrimaryHDU(calib.mask((rows, columns)).astype("u1"))
    _keep_keywords(hdu.header, calib)
    return _fits_bytes(fits.HDUList([hdu])), _lost_comments(outgoing)


def _write_region_table(outgoing: Outgoing) -> tuple[bytes, list[str]]:
    from astropy.io import fits

    calib = outgoing.calib
    formats = {"X": "D", "Y": "D", "SHAPE": "8A", "R": "2D", "ROTANG": "D", "COMPONENT": "J"}
    columns = [
        fits.Column(name, formats[name], unit=column.unit or None, array=column.values)
        for name, column in region_columns(_boxes(calib)).items()
    ]
    header = {"EXTNAME": "REGION", "HDUCLASS": "ASC", "HDUCLAS1": "REGION", "HDUCLAS2": "STANDARD"}
    hdu = fits.BinTableHDU.from_columns(columns, fits.Header(header))
    _keep_keywords(hdu.header, calib)
    return _fits_bytes(fits.HDUList([fits.PrimaryHDU(), hdu])), _lost_comments(outgoing)


def _keep_keywords(header: Any, calib: Calib) -> None:
    """Put the keywords of a calibration into a FITS header, as far as that can hold them."""
    for key, value in calib.metadata.items():
        is_text = isinstance(value, str) and value.isascii() and value.isprintable() and len(value) < 60
        if (is_text or isinstance(value, (bool, int, float))) and key.isascii() and len(key) < 40:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                header[f"HIERARCH {key}" if len(key) > 8 or " " in key else key] = value


def _fits_bytes(hdus: Any) -> bytes:
    stream = io.BytesIO()
    hdus.writeto(stream)
    return stream.getvalue()


# -- tables -----------------------------------------------------------------------------------------------


def _has_tables(cls: type[Calib]) -> bool:
    return not hasattr(cls, "from_pixels")


def _table(outgoing: Outgoing) -> tuple[dict[str, Any], dict[str, str]]:
    """Return columns and units of the table to write."""
    calib = outgoing.calib
    tables = calib.tables()
    names = [table.name.upper() for table in calib.SPEC.tables]
    number = 0
    if outgoing.table:
        labels = {
            **{name: i for i, name in enumerate(names) if name},
            **{str(i + 1): i for i in range(len(tables))},
        }
        number = labels.get(outgoing.table.upper(), len(tables))
    if number >= len(tables) or (len(tables) > 1 and not outgoing.table):
        table_names = ", ".join(f"{i + 1} ({name})" for i, name in enumerate(names[: len(tables)]))
        raise CuratedError(
            f"{calib.SPEC.name} has {len(tables)} tables, and the form holds one",
            f"choose one with --table: {table_names}",
        )
    columns = tables[number].columns
    return {name: c.values for name, c in columns.items()}, {
        name: c.unit for name, c in columns.items() if c.unit
    }


def _write_csv(outgoing: Outgoing) -> tuple[bytes, list[str]]:
    calib = outgoing.calib
    plot = calib.SPEC.plot
    if plot is not None and plot.kind == "matrix" and not outgoing.table:
        matrix = np.asarray(getattr(calib, plot.y))
        if matrix.ndim == 2:
            lines = "".join(",".join(map(repr, row)) + "\n" for row in matrix.tolist())
            return lines.encode(), [*_lost_keywords(calib), f"everything but {plot.y}"]
    columns, units = _table(outgoing)
    flat = dict(_flat_columns(columns, units))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(flat)
    for row in zip(*flat.values(), strict=True):
        writer.writerow(map(_cell, row))
    losses = [*_lost_keywords(calib), *_lost_comments(outgoing), *_lost_tables(outgoing)]
    return stream.getvalue().encode(), losses


def _lost_tables(outgoing: Outgoing) -> list[str]:
    return ["the other tables"] if len(outgoing.calib.tables()) > 1 else []


def _flat_columns(columns: dict[str, Any], units: dict[str, str]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield columns of single values with their units in their names; vectors of the only row become rows."""
    ragged = [name for name, values in columns.items() if isinstance(values, list)]
    if ragged:
        raise CuratedError(f"column {ragged[0]} has lists of several lengths", "save it as .fits")
    arrays: dict[str, Array] = {name: np.asarray(values) for name, values in columns.items()}
    shapes = {values.shape for values in arrays.values()}
    is_vector_row = len(shapes) == 1 and len(shape := next(iter(shapes))) == 2 and shape[0] == 1
    for name, array in arrays.items():
        label = f"{name} [{units[name]}]" if name in units else name
        values = array[0] if is_vector_row else array
        if values.ndim == 1:
            yield label, values.tolist()
            continue
        for index in np.ndindex(values.shape[1:]):
            suffix = "_".join(map(str, index))
            yield label.replace(name, f"{name}_{suffix}", 1), values[(slice(None), *index)].tolist()


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _write_ecsv(outgoing: Outgoing) -> tuple[bytes, list[str]]:
    calib = outgoing.calib
    columns, units = _table(outgoing)
    ecsv_columns = [EcsvColumn(name, values, units.get(name, "")) for name, values in columns.items()]
    keywords = {
        key: value
        for key, value in calib.metadata.items()
        if isinstance(value, (str, bool, int, float, list))
    }
    text = ecsv_text(keywords, ecsv_columns).encode()
    return (with_row_comments(text, outgoing.row_comments) if outgoing.row_comments else text), _lost_tables(
        outgoing
    )


def _write_fits(outgoing: Outgoing) -> tuple[bytes, list[str]]:
    return b"".join(fits_blocks(outgoing.calib.fits_content())), _lost_comments(outgoing)


# -- images -----------------------------------------------------------------------------------------------


def _is_image(cls: type[Calib]) -> bool:
    return hasattr(cls, "from_pixels")


def _write_ccddata(outgoing: Outgoing) -> tuple[bytes, list[str]]:
    return ccddata_bytes(outgoing.calib)


_BOXES = "defects, manual_defects"

WRITERS = (
    Writer(
        name="ds9",
        title="regions of DS9",
        types=_BOXES,
        ending=".reg",
        takes=_has_boxes,
        write=_write_regions,
    ),
    Writer(
        name="mask",
        title="FITS image, 1 for a bad pixel",
        types=_BOXES,
        ending=".fits",
        takes=_has_boxes,
        write=_write_mask,
    ),
    Writer(
        name="region-table",
        title="FITS table of regions, as the stack reads it",
        types=_BOXES,
        ending=".fits",
        takes=_has_boxes,
        write=_write_region_table,
    ),
    Writer(
        name="ccddata",
        title="FITS file of astropy's CCDData",
        types="images",
        ending=".fits",
        takes=_is_image,
        write=_write_ccddata,
    ),
    Writer(
        name="csv",
        title="CSV, units in names",
        types="tables",
        ending=".csv",
        takes=_has_tables,
        write=_write_csv,
    ),
    Writer(
        name="ecsv",
        title="plain ECSV table",
        types="tables",
        ending=".ecsv",
        takes=_has_tables,
        write=_write_ecsv,
    ),
    Writer(
        name="fits",
        title="FITS file in the stack's form",
        types="all types",
        ending=".fits",
        takes=lambda _: True,
        write=_write_fits,
    ),
)
"""All writers; the first one of an ending that takes the type writes it."""
