"""`Calib` plus `Stamp` to FITS bytes."""

from __future__ import annotations

from curated.calib import Calib
from curated.fits.cards import Card, cards, hdu
from curated.fits.header import identity_cards, keyword_cards
from curated.fits.table import table_parts
from curated.model import Stamp

_PRIMARY = cards([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)])


def fits_bytes(calib: Calib, stamp: Stamp | None = None) -> bytes:
    """Return a FITS file: the keywords and the stamp in the primary header, then the stack's tables.

    Parameters
    ----------
    calib : `Calib`
        The calibration.
    stamp : `Stamp`, optional
        Where it comes from.

    Returns
    -------
    data : `bytes`
        The same for the same calibration and stamp, whatever the machine or the time.
    """
    pairs = keyword_cards(calib, stamp)
    keywords = cards(pairs)
    parts = [hdu(_PRIMARY + keywords, b"")]
    for index, table in enumerate(calib.fits_tables()):
        structure, data = table_parts(table)
        own: list[Card] = [(k, v) for k, v in table.keywords.items() if k not in table.column_keywords]
        header = structure + cards(own)
        if table.carries_metadata:
            header += keywords
        elif index == 0 and stamp is not None:
            header += cards(identity_cards(calib, pairs))
        parts.append(hdu(header, data))
    return b"".join(parts)
