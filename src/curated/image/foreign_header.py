"""Keywords of images of other programs, as far as a calibration may have them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from curated.core.metadata import IDENTITY, TEXT_KEYWORDS, meaning
from curated.core.stamp import COMPANION_KEYWORDS, STAMP_KEYWORDS
from curated.fits.foreign_keywords import foreign_keywords

_LAYOUT = re.compile(
    r"(?:SIMPLE|XTENSION|EXTEND|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|BSCALE|BZERO|BLANK|BUNIT|EXTNAME|EXTVER|EXTTYPE|DATAMIN|DATAMAX"
    r"|TFIELDS|THEAP|T(?:TYPE|FORM|UNIT|DIM|NULL|SCAL|ZERO|DISP|COMM)\d+|LONGSTRN|UTYPE|MP_\w+|MD5_\w+|AR_HDU|DETECTOR_ID|Z(?:IMAGE|TENSION|SIMPLE|EXTEND|BITPIX|NAXIS\d*|PCOUNT|GCOUNT)|END|COMMENT|)\Z"
)
"""Keywords of the layout of a file, of the meaning of its planes, and of archives in it."""

_OWN = frozenset(("OBSTYPE", "CALIBCLS", "CALIBDATE", "CALIB_ID", *STAMP_KEYWORDS, *COMPANION_KEYWORDS))
"""Keywords that the package gives a calibration."""

_LONGEST = 2000


def kept_keywords(
    header: Mapping[str, Any] | Iterable[tuple[str, Any]], more: Collection[str] = ()
) -> dict[str, Any]:
    """Return the keywords of an image that its calibration keeps, with plain values.

    Left out are those of the layout of the file, those that say what it is a calibration of (`identity_claims`), and
    those that the package gives it. Texts that follow each other under HISTORY are a list.

    Parameters
    ----------
    header : `dict` or `astropy.io.fits.Header`
        Keywords and values.
    more : collection [`str`], optional
        Other keywords in capitals to leave out.
    """
    items = list(header.items() if isinstance(header, Mapping) or hasattr(header, "items") else header)
    excluded = {*_OWN, *more, *map(str.upper, foreign_keywords(str(key) for key, _ in items))}
    kept: dict[str, Any] = {}
    history: list[str] = []
    for key, value in items:
        name = str(key).upper().removeprefix("HIERARCH ").strip()
        if name == "HISTORY":
            history += [line for line in str(value).splitlines() if line.strip()]
        elif (
            _LAYOUT.match(name)
            or name.startswith("DEPRECAT")
            or name in excluded
            or meaning(name) in IDENTITY
            or not name.isascii()
        ):
            continue
        elif (plain := _plain(value)) is not None and (isinstance(plain, str) or name not in TEXT_KEYWORDS):
            kept[name] = plain
    return {**kept, **({"HISTORY": history} if history else {})}


def identity_claims(header: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the keywords of an image say that it is of: kind, instrument, detector, filter."""
    claims: dict[str, Any] = {}
    for key, value in header.items():
        name = meaning(str(key))
        if name in (*IDENTITY, "OBSTYPE") and (plain := _plain(value)) not in (None, ""):
            claims.setdefault(name, plain)
    return claims


def _plain(value: Any) -> Any:
    """Return a text, number or flag; `None` for anything else, and for what no header can hold."""
    value = value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST else None
