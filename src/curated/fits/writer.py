"""`Calib` plus `Stamp` to FITS bytes, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curated.calib import Calib
from curated.core.stamp import Stamp
from curated.fits.cards import Card, cards, escape, hdu, hdu_header
from curated.fits.header import identity_cards, keyword_cards
from curated.fits.provenance import provenance_hdus
from curated.fits.table import table_parts

_PRIMARY = cards([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)])


def fits_bytes(calib: Calib, stamp: Stamp | None = None) -> bytes:
    """Return a FITS file as a whole; see `fits_blocks`."""
    return b"".join(fits_blocks(calib, stamp))


def fits_blocks(calib: Calib, stamp: Stamp | None = None) -> Iterator[bytes]:
    """Yield a FITS file: the keywords and the stamp in the primary header, then the stack's tables and images, then the provenance.

    All that is not images comes in one block as far as it goes.

    Parameters
    ----------
    calib : `Calib`
        The calibration.
    stamp : `Stamp`, optional
        Where it comes from.

    Yields
    ------
    block : `bytes`
        A part of the file, the pixels of images in blocks of limited size. In all they are the same for the
        same calibration and stamp, whatever the machine or the time.
    """
    pairs = keyword_cards(calib, stamp)
    keywords = cards(pairs)
    parts = [hdu(_PRIMARY + keywords, b"")]
    identity = cards(identity_cards(calib, pairs)) if stamp is not None else ""
    for index, table in enumerate(calib.fits_tables()):
        structure, data = table_parts(table)
        own: list[Card] = [
            (k, _escaped(v)) for k, v in table.keywords.items() if k not in table.column_keywords
        ]
        header = structure + cards(own)
        if table.carries_metadata:
            header += keywords
        elif index == 0:
            header += identity
        parts.append(hdu(header, data))
    for index, image in enumerate(calib.fits_images()):
        parts.append(hdu_header(cards(image.cards) + (identity if index == 0 else ""), image.datasum))
        yield b"".join(parts)
        yield from image.blocks()
        parts = []
    yield b"".join([*parts, *provenance_hdus(calib)])


def plane_blocks(calib: Calib) -> Iterator[bytes]:
    """Yield a FITS file of a calibration's images alone: what stands beside a text that has all the rest.

    Parameters
    ----------
    calib : `Calib`
        The calibration.

    Yields
    ------
    block : `bytes`
        A part of the file; in all they are the same for the same pixels.
    """
    yield hdu(_PRIMARY, b"")
    for image in calib.fits_images():
        yield hdu_header(cards(image.cards), image.datasum)
        yield from image.blocks()


def _escaped(value: Any) -> Any:
    """Return a text with its backslashes escaped, which readers take for the mark of an escape, as in columns."""
    return escape(value) if isinstance(value, str) and "\\" in value else value
