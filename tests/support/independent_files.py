"""FITS files of calibrations that astropy alone writes, in other layouts than ours and than the stack's."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from astropy.io import fits

from curated.calib import Calib
from curated.core.tables import ColumnData

SPELLINGS = {"adu": "ADU", "electron": "e-", "10**-2": "percent", "Angstrom": "AA", "um": "micron"}
"""Other names of units that are common in files."""

FREE_CARDS = (
    ("NOTE", "of somebody else"),
    ("HIERARCH LSST BUTLER ID", "0b91d5a4"),
    ("AUTHOR", "astropy"),
    ("MEASURED", 3.5),
)
FORMS = {"f8": "D", "f4": "E", "i8": "K", "i4": "J", "i2": "I", "u1": "B", "b1": "L"}
WIDER = {"f4": "f8", "i2": "i4", "i4": "i8", "u1": "i2"}


def table_hdu(table: Any, cards: list[tuple[str, Any]], choice: Random) -> fits.BinTableHDU:
    """Return a table with columns in any order, wider numbers, and units under other names."""
    columns = [_column(name, column, choice) for name, column in table.columns.items()]
    choice.shuffle(columns)
    hdu = fits.BinTableHDU.from_columns(columns)
    for key, value in table.keywords.items():
        if key not in table.column_keywords:
            hdu.header[key if len(key) <= 8 else f"HIERARCH {key}"] = value
    for number, column in enumerate(hdu.columns):
        index = list(table.columns).index(column.name)
        for key in table.column_keywords:
            hdu.header[f"{key}{number + 1}"] = table.keywords[key][index]
    hdu.header.extend(cards, bottom=True)
    return hdu


def _column(name: str, column: ColumnData, choice: Random) -> fits.Column:
    unit = SPELLINGS.get(column.unit, column.unit) if choice.random() < 0.5 else column.unit
    values: Any = column.values
    if column.variable:
        common = np.result_type(*values)
        rows = np.empty(len(values), object)
        for number, row in enumerate(values):
            rows[number] = np.asarray(row, common)
        form = choice.choice("PQ") + FORMS[common.str[1:]] + "()"
        return fits.Column(name, form, unit=unit or None, array=rows)
    if values.dtype.kind in "UO":
        values = values.astype("U")
        width = max(values.dtype.itemsize // 4, 1) + choice.choice((0, 3))
        shape = values.shape[1:]
        form = f"{width * int(np.prod(shape, initial=1))}A"
        dim = f"({width},{','.join(map(str, reversed(shape)))})" if shape else None
        return fits.Column(name, form, unit=unit or None, dim=dim, array=values.astype(f"S{width}"))
    kind = values.dtype.str[1:]
    kind = WIDER.get(kind, kind) if choice.random() < 0.5 else kind
    shape = values.shape[1:]
    count = int(np.prod(shape, initial=1))
    dim = f"({','.join(map(str, reversed(shape)))})" if shape else None
    return fits.Column(name, f"{count}{FORMS[kind]}", unit=unit or None, dim=dim, array=values.astype(kind))


def write_table_file(calib: Calib, path: Path, choice: Random) -> None:
    """Write a calibration as the stack does: keywords in the first table, in any order, others among them."""
    cards = [
        (key if len(key) <= 8 else f"HIERARCH {key}", value)
        for key, value in calib.metadata.items()
        if isinstance(value, (str, int, float)) and str(value).isascii()
    ]
    cards += choice.sample(FREE_CARDS, 2)
    choice.shuffle(cards)
    primary = fits.PrimaryHDU()
    is_ours = choice.random() < 0.5
    if is_ours:
        primary.header.extend(cards, bottom=True)
    tables = calib.fits_tables()
    hdus = [table_hdu(table, [] if n or is_ours else cards, choice) for n, table in enumerate(tables)]
    fits.HDUList([primary, *hdus]).writeto(path, overwrite=True)


def write_image_file(calib: Any, path: Path, form: str, change: float = 0.0) -> None:
    """Write the planes of an image in another form than ours, the pixel in the middle changed by a factor."""
    hdus: list[Any] = [fits.PrimaryHDU()]
    for key, value in calib.metadata.items():
        if isinstance(value, (str, int, float)) and not key.startswith("IMAGE"):
            hdus[0].header[key if len(key) <= 8 else f"HIERARCH {key}"] = value
    for name, plane in calib.planes.items():
        pixels = np.array(plane.mapped, plane.mapped.dtype.newbyteorder("="))
        if name == "IMAGE" and change:
            pixels[pixels.shape[0] // 2, pixels.shape[1] // 2] *= 1 + change
        header = fits.Header(
            {"EXTTYPE": name, **{f"MP_{meaning}": bit for meaning, bit in plane.bits.items()}}
        )
        if form == "wide" and pixels.dtype.kind == "f":
            pixels = pixels.astype("f8")
        if form == "tiles":
            hdus.append(
                fits.CompImageHDU(pixels, header, name=name, compression_type="GZIP_2", quantize_level=0)
            )
        else:
            hdus.append(fits.ImageHDU(pixels, header, name=name))
    fits.HDUList(hdus).writeto(path)
