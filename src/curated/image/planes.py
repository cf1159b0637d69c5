"""The planes of an image (pixels, mask and variance), in memory or in a file and read when they are used."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.declare import Array
from curated.fits.header import BLOCK, fold, sum32

CHUNK = 2**20
"""Bytes that are read at a time."""

DTYPES: Mapping[int, tuple[str, tuple[str, ...]]] = {
    -32: (">f4", ("IMAGE", "VARIANCE")),
    -64: (">f8", ("IMAGE", "VARIANCE")),
    32: (">i4", ("MASK",)),
    16: (">i2", ("MASK",)),
    8: ("u1", ("MASK",)),
}
"""BITPIX, its data type, and the planes that may have it."""

DEFAULT_BITS: Mapping[str, int] = {
    "BAD": 0,
    "SAT": 1,
    "INTRP": 2,
    "CR": 3,
    "EDGE": 4,
    "DETECTED": 5,
    "DETECTED_NEGATIVE": 6,
    "SUSPECT": 7,
    "NO_DATA": 8,
}
"""Meaning of the bits of a mask that does not say it: the planes that every mask of the stack begins with
(documentation of lsst.afw.image.Mask)."""


@dataclass(eq=False)
class Plane:
    """One plane of an image.

    Parameters
    ----------
    name : `str`
        ``IMAGE``, ``MASK`` or ``VARIANCE``.
    width, height : `int`
        Number of columns and of rows.
    bitpix : `int`
        Data type, as FITS has it.
    path : `str`
        File that holds the plane; empty if it is in memory.
    offset : `int`
        Position of the first pixel in the file, in bytes.
    values : `numpy.ndarray`, optional
        Pixels of a plane in memory, big-endian, [row, column].
    bits : `dict` [`str`, `int`]
        Bits of a mask by meaning.
    total : `int`
        Sum of the 32-bit words; -1 if it is not known.
    state : `tuple`
        State of the file when the sum was computed, see `file_state`; empty if it is not known.
    """

    name: str
    width: int
    height: int
    bitpix: int
    path: str = ""
    offset: int = 0
    values: Array | None = None
    bits: Mapping[str, int] = field(default_factory=dict)
    total: int = -1
    state: tuple[int, ...] = ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type in the file."""
        return np.dtype(DTYPES[self.bitpix][0])

    @property
    def length(self) -> int:
        """Length in bytes, without the padding."""
        return self.width * self.height * self.dtype.itemsize

    @property
    def padded(self) -> int:
        """Length in bytes of whole FITS blocks."""
        return -(-self.length // BLOCK) * BLOCK

    @cached_property
    def mapped(self) -> Array:
        """Pixels, [row, column], big-endian; mapped, not read, if they are in a file."""
        if self.values is not None:
            return self.values
        with open(self.path, "rb") as stream:
            memory = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        shape = (self.height, self.width)
        return np.frombuffer(memory, self.dtype, self.width * self.height, self.offset).reshape(shape)

    @cached_property
    def native(self) -> Array:
        """Pixels, [row, column], in native byte order; read on first use, and not writable."""
        array = self.mapped.astype(self.dtype.newbyteorder("="))
        array.flags.writeable = False
        return array

    @property
    def meanings(self) -> dict[str, int]:
        """Bits of a mask by meaning."""
        return dict(self.bits or DEFAULT_BITS)

    def cards(self, unit: str | None) -> list[tuple[str, Any]]:
        """Return its header in the stack's exposure layout, with the unit if it has one."""
        cards: list[tuple[str, Any]] = [
            ("XTENSION", "IMAGE"),
            ("BITPIX", self.bitpix),
            ("NAXIS", 2),
            ("NAXIS1", self.width),
            ("NAXIS2", self.height),
            ("PCOUNT", 0),
            ("GCOUNT", 1),
            ("EXTNAME", self.name),
            ("EXTTYPE", self.name),
            ("INHERIT", True),
        ]
        cards += [("BUNIT", unit)] if unit is not None else []
        cards += [(f"MP_{name}", bit) for name, bit in self.meanings.items()] if self.name == "MASK" else []
        return cards

    def blocks(self) -> Iterator[bytes]:
        """Yield its data as FITS has them, with the padding.

        Raises
        ------
        CuratedError
            If the file was changed since the sum was computed.
        """
        padding = bytes(self.padded - self.length)
        if not self.state:
            flat = self.mapped.reshape(-1)
            step = CHUNK // self.dtype.itemsize
            for start in range(0, flat.size, step):
                yield flat[start : start + step].tobytes()
        else:
            with open(self.path, "rb", buffering=0) as stream:
                self._check_state(stream.fileno())
                stream.seek(self.offset)
                left = self.length
                while left:
                    block = stream.read(min(left, CHUNK))
                    if not block:
                        raise CuratedError(f"{self.path} was cut off while it was read", "run it again")
                    left -= len(block)
                    yield block
                self._check_state(stream.fileno())
        if padding:
            yield padding

    def _check_state(self, handle: int) -> None:
        if self.state and self.state != file_state(handle):
            raise CuratedError(f"{self.path} was changed while it was read", "run it again")

    def datasum(self) -> int:
        """Return the ones-complement sum of its 32-bit words, the DATASUM of FITS."""
        if self.total < 0:
            self.total = fold(sum(_sums(self.blocks())))
        return self.total

    def is_equal(self, other: Plane) -> bool:
        """Say whether all pixels are identical; NaN equals NaN."""
        if (self.bitpix, self.width, self.height) != (other.bitpix, other.width, other.height):
            return False
        floats = self.dtype.kind == "f"
        rows = max(1, CHUNK // (self.width * self.dtype.itemsize))
        return all(
            np.array_equal(self.mapped[i : i + rows], other.mapped[i : i + rows], equal_nan=floats)
            for i in range(0, self.height, rows)
        )


def _sums(blocks: Iterable[bytes]) -> Iterator[int]:
    """Yield the sum of each block, where words that cross blocks are put together."""
    remainder = b""
    for block in blocks:
        data = remainder + block if remainder else block
        length = len(data) & ~3
        remainder = data[length:]
        yield sum32(memoryview(data)[:length])
    if remainder:
        yield sum32(remainder + bytes(4 - len(remainder)))


def file_state(handle: int | str) -> tuple[int, ...]:
    """Return inode, size and times of a file; at least one of them changes when it is written."""
    status = os.stat(handle)
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def digest(path: str, planes: Iterable[Plane]) -> str:
    """Return the SHA-256 of a file, and compute the sums of its planes in the same pass."""
    sha = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:
        state = file_state(stream.fileno())
        position = 0
        for plane in sorted(planes, key=lambda p: p.offset):
            for block in _read(stream, plane.offset - position):
                sha.update(block)
            plane.total = fold(sum(_sums(_hashed(sha, stream, plane.length))))
            plane.state = state
            position = plane.offset + plane.length
        for block in _read(stream, -1):
            sha.update(block)
    return sha.hexdigest()


def _hashed(sha: Any, stream: Any, length: int) -> Iterator[bytes]:
    for block in _read(stream, length):
        sha.update(block)
        yield block


def _read(stream: Any, length: int) -> Iterator[bytes]:
    """Yield that many bytes in chunks; everything up to the end of the file if the length is negative."""
    while length:
        block = stream.read(CHUNK if length < 0 else min(length, CHUNK))
        if not block:
            return
        length -= len(block) if length > 0 else 0
        yield block


def statistics(planes: Mapping[str, Plane]) -> dict[str, Any]:
    """Return mean, median and standard deviation of the good pixels, and the number of bad ones."""
    image = planes["IMAGE"].native
    good = np.isfinite(image)
    if "MASK" in planes:
        good &= planes["MASK"].native == 0
    count = {"bad_pixels": int(image.size - good.sum())}
    if not good.any():
        return count
    values = image[good].astype("f8")
    with np.errstate(over="ignore", invalid="ignore"):
        moments = {"mean": values.mean(), "median": np.median(values), "standard_deviation": values.std()}
    # Headers hold finite numbers only.
    return {**{name: float(value) for name, value in moments.items() if np.isfinite(value)}, **count}


def plane_of(name: str, values: Any, bits: Mapping[str, int] | None = None) -> Plane:
    """Return a plane in memory.

    Parameters
    ----------
    name : `str`
        ``IMAGE``, ``MASK`` or ``VARIANCE``.
    values : array-like
        Pixels, [row, column]: floating-point numbers, of a mask whole numbers or flags.
    bits : `dict` [`str`, `int`], optional
        Bits of a mask by meaning.

    Raises
    ------
    CuratedError
        If shape or data type do not fit.
    """
    if np.ma.is_masked(values):
        raise CuratedError(
            f"{name} is a masked array, whose own mask would be lost",
            "give its data, and its mask as the mask of the image",
        )
    array = np.asarray(values)
    if name == "MASK":
        is_storable = array.dtype.kind == "b" or (
            array.dtype.kind in "iu" and (not array.size or (-(2**31) <= array.min() <= array.max() < 2**31))
        )
        dtype = ">i4"
    else:
        is_storable = array.dtype.kind in "fiu"
        dtype = ">f8" if array.dtype == np.float64 else ">f4"
    if array.ndim != 2 or not array.size or not is_storable:
        raise CuratedError(
            f"{name} cannot be made of shape {array.shape} and data type {array.dtype}",
            "give two-dimensional arrays: numbers, and for the mask whole numbers of 32 bits",
        )
    height, width = array.shape
    bitpix = {">f4": -32, ">f8": -64, ">i4": 32}[dtype]
    return Plane(name, width, height, bitpix, values=array.astype(dtype), bits=dict(bits or {}))


def planes_of(
    image: Any, mask: Any = None, variance: Any = None, bits: Mapping[str, int] | None = None
) -> dict[str, Plane]:
    """Return the planes of an image in memory, by name; see `plane_of`.

    Raises
    ------
    CuratedError
        If the arrays cannot be planes, or their shapes differ.
    """
    arrays = {"IMAGE": image, "MASK": mask, "VARIANCE": variance}
    planes = {
        name: plane_of(name, array, bits if name == "MASK" else None)
        for name, array in arrays.items()
        if array is not None
    }
    shapes = {plane.mapped.shape for plane in planes.values()}
    if len(shapes) > 1:
        raise CuratedError(f"the planes have different shapes: {', '.join(map(str, sorted(shapes)))}")
    return planes
