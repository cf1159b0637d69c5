"""Foreign FITS files by astropy: which HDUs have images, and their pixels, packed ones too."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem, brief
from curated.declare import Array
from curated.exchange.foreign import ForeignError, ForeignFile

_MOST_UNPACKED = 2 << 30
"""Bytes of the largest file that is unpacked."""

_MOST_ROWS = 10_000_000
"""Rows of the largest table: columns without a size make any number of them."""

_MOST_PIXELS = 1 << 29
"""Pixels of the largest image; a tile-compressed one may be much larger than its file."""

# astropy raises these on damaged files.
_DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NameError,
    ArithmeticError,
    AssertionError,
    NotImplementedError,
    RuntimeError,
    zlib.error,
)


@contextmanager
def open_hdus(file: ForeignFile) -> Iterator[Any]:
    """Yield the HDUs of a FITS file, an `astropy.io.fits.HDUList`; whatever astropy raises becomes a `ForeignError`."""
    import warnings

    from astropy.io import fits

    _refuse_large(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(file.path, memmap=False, lazy_load_hdus=False) as hdus:
                _refuse_long(hdus)
                yield hdus
    except Exception as error:
        if not _is_damage(error):
            raise
        text = " ".join(str(error).split()) or type(error).__name__
        raise ForeignError(Problem("CAL710", (), f"it is damaged, or no FITS file: {text[:200]}")) from error


def _is_damage(error: Exception) -> bool:
    """Say whether an exception is one that astropy raises on damaged files."""
    # Those of the verification, and of the C code for packed tiles, have no public base.
    names = ("VerifyError", "CfitsioException")
    return isinstance(error, _DAMAGE) or type(error).__name__ in names


def _refuse_large(file: ForeignFile) -> None:
    """Refuse a packed file that would fill the memory."""
    if not file.head.startswith(b"\x1f\x8b"):
        return
    size = 0
    try:
        with gzip.open(file.path) as stream:
            while block := stream.read(1 << 20):
                size += len(block)
                if size > _MOST_UNPACKED:
                    raise ForeignError(
                        Problem("CAL710", (), f"it is packed, and larger than {_MOST_UNPACKED} bytes")
                    )
    except (OSError, EOFError, zlib.error) as error:
        raise ForeignError(Problem("CAL710", (), f"it is packed and damaged: {error}")) from error


def _refuse_long(hdus: Any) -> None:
    """Refuse tables with more rows than any calibration has."""
    for number, hdu in enumerate(hdus):
        rows = hdu.header.get("NAXIS2", 0)
        if not hdu.is_image and isinstance(rows, int) and rows > _MOST_ROWS:
            raise ForeignError(Problem("CAL710", (), f"the table of HDU {number} has {rows} rows"))


def name_of(hdu: Any) -> str:
    """Return the name of an HDU in capitals: its EXTNAME, else its EXTTYPE; empty if it has none."""
    name = str(hdu.header.get("EXTNAME", "")).strip().upper()
    kind = str(hdu.header.get("EXTTYPE", "")).strip().upper()
    # The stack's packed planes are all called COMPRESSED_IMAGE.
    return kind if kind and name in ("", "COMPRESSED_IMAGE") else name


def label_of(hdus: Any, number: int) -> str:
    """Return what messages call an HDU."""
    name = name_of(hdus[number])
    return f"HDU {number}{f' ({name})' if name else ''}"


def image_numbers(hdus: Any) -> list[int]:
    """Return the numbers of the HDUs with an image of two axes, not counting those of length one."""
    return [number for number, hdu in enumerate(hdus) if hdu.is_image and len(_shape(hdu)) == 2]


def _shape(hdu: Any) -> tuple[int, ...]:
    shape = tuple(int(size) for size in hdu.shape or ())
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return shape


def dtype_kind(hdu: Any) -> str:
    """Return ``f`` for an image of numbers with a fraction, ``i`` for one of whole numbers."""
    header = hdu.header
    is_scaled = header.get("BSCALE", 1) != 1 or not float(header.get("BZERO", 0)).is_integer()
    return "f" if header.get("BITPIX", 8) < 0 or is_scaled else "i"


def choose_hdu(hdus: Any, numbers: Sequence[int], preferred: Sequence[str], hdu: str, what: str) -> int:
    """Return the number of the HDU to read.

    Parameters
    ----------
    numbers : sequence [`int`]
        The HDUs that could be meant.
    preferred : sequence [`str`]
        Names in capitals; one of that name goes before the others.
    hdu : `str`
        The name or number that a person gave; empty for none.
    what : `str`
        What is to be read, for messages.

    Raises
    ------
    ForeignError
        If none fits, or several.
    """
    labels = ", ".join(label_of(hdus, number) for number in numbers) or "none"
    if hdu:
        matches = [n for n in range(len(hdus)) if hdu.upper() in (str(n), name_of(hdus[n]))]
        if len(matches) == 1 and matches[0] in numbers:
            return matches[0]
        reason = "is not there" if not matches else "is several" if len(matches) > 1 else f"is no {what}"
        raise ForeignError(
            Problem("CAL715", (), f"HDU {brief(hdu)} {reason}", f"those with a {what}: {labels}")
        )
    named = [number for number in numbers if name_of(hdus[number]) in preferred]
    for candidates in (named, numbers):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            several = ", ".join(label_of(hdus, number) for number in candidates)
            raise ForeignError(Problem("CAL715", (), f"several HDUs could be the {what}: {several}"))
    every = ", ".join(label_of(hdus, number) for number in range(len(hdus)))
    raise ForeignError(Problem("CAL710", (), f"there is no {what} in it; it has {every}"))


def pixels_of(hdus: Any, number: int) -> Array:
    """Return the pixels of an image, [row, column], in native byte order.

    Raises
    ------
    ForeignError
        If it is too large.
    """
    hdu = hdus[number]
    shape = _shape(hdu)
    if shape[0] * shape[1] > _MOST_PIXELS:
        raise ForeignError(
            Problem("CAL710", (), f"{label_of(hdus, number)} has {shape[1]} x {shape[0]} pixels")
        )
    data = np.asarray(hdu.data).reshape(shape)
    native: Array = data.astype(data.dtype.newbyteorder("="), copy=False)
    return native


def plane_bits(header: Mapping[str, Any]) -> dict[str, int]:
    """Return the bits of a mask by meaning, from the MP_ keywords of the stack."""
    return {
        key[3:].upper(): value
        for key, value in header.items()
        if key.startswith("MP_") and isinstance(value, int) and not isinstance(value, bool)
    }
