"""The planes of an image: pixels, mask and variance, in memory or in a file, read when they are asked for."""

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
from curated.core.tables import fold, sum32
from curated.declare import Array

BLOCK = 2**20
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
"""What the bits of a mask mean that does not say it: the planes that every mask of the stack begins with
(documentation of lsst.afw.image.Mask)."""

_FITS_BLOCK = 2880


@dataclass(eq=False)
class Plane:
    """One plane of an image.

    Parameters
    ----------
    name : `str`
        ``IMAGE``, ``MASK`` or ``VARIANCE``.
    width, height : `int`
        Its columns and rows.
    bitpix : `int`
        Its data type, as FITS has it.
    path : `str`
        File that holds it; empty where it is in memory.
    offset : `int`
        Where its pixels begin there.
    values : `numpy.ndarray`, optional
        Its pixels, big-endian, [row, column], where it is in memory.
    bits : `dict` [`str`, `int`]
        Meaning of the bits of a mask.
    total : `int`
        Sum of its 32-bit words, where it is known; -1 where not.
    state : `tuple`
        Size and time of the file when the sum was made; empty where not known.
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
        """Its data type in the file."""
        return np.dtype(DTYPES[self.bitpix][0])

    @property
    def length(self) -> int:
        """Its length in bytes, without the filling at the end."""
        return self.width * self.height * self.dtype.itemsize

    @property
    def padded(self) -> int:
        """Its length in whole FITS blocks."""
        return -(-self.length // _FITS_BLOCK) * _FITS_BLOCK

    @cached_property
    def mapped(self) -> Array:
        """Its pixels, [row, column], big-endian; of a file they are mapped, not read."""
        if self.values is not None:
            return self.values
        with open(self.path, "rb") as stream:
            memory = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        shape = (self.height, self.width)
        return np.frombuffer(memory, self.dtype, self.width * self.height, self.offset).reshape(shape)

    @cached_property
    def native(self) -> Array:
        """Its pixels, [row, column], in this machine's byte order; read when first asked for, and not writable."""
        array = self.mapped.astype(self.dtype.newbyteorder("="))
        array.flags.writeable = False
        return array

    @property
    def meanings(self) -> dict[str, int]:
        """Bits of a mask by meaning."""
        return dict(self.bits or DEFAULT_BITS)

    def cards(self, unit: str | None) -> list[tuple[str, Any]]:
        """Return the cards of its header in the stack's exposure layout, with its unit where it has one."""
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
        """Yield its bytes as FITS has them, zeros at the end included.

        Raises
        ------
        CuratedError
            If the file was changed since its sum was made.
        """
        filling = bytes(self.padded - self.length)
        if not self.state:
            flat = self.mapped.reshape(-1)
            step = BLOCK // self.dtype.itemsize
            for start in range(0, flat.size, step):
                yield flat[start : start + step].tobytes()
        else:
            with open(self.path, "rb", buffering=0) as stream:
                self._compare(stream.fileno())
                stream.seek(self.offset)
                left = self.length
                while left:
                    block = stream.read(min(left, BLOCK))
                    if not block:
                        raise CuratedError(f"{self.path} was cut off while it was read", "run it again")
                    left -= len(block)
                    yield block
                self._compare(stream.fileno())
        if filling:
            yield filling

    def _compare(self, handle: int) -> None:
        if self.state and self.state != state_of(handle):
            raise CuratedError(f"{self.path} was changed while it was read", "run it again")

    def datasum(self) -> int:
        """Return the sum of its 32-bit words, which is the DATASUM of FITS."""
        if self.total < 0:
            self.total = fold(sum(_sums(self.blocks())))
        return self.total

    def is_equal(self, other: Plane) -> bool:
        """Say whether all pixels are the same, to the last bit but for the bits of NaN."""
        if (self.bitpix, self.width, self.height) != (other.bitpix, other.width, other.height):
            return False
        floats = self.dtype.kind == "f"
        rows = max(1, BLOCK // (self.width * self.dtype.itemsize))
        return all(
            np.array_equal(self.mapped[i : i + rows], other.mapped[i : i + rows], equal_nan=floats)
            for i in range(0, self.height, rows)
        )


def _sums(blocks: Iterable[bytes]) -> Iterator[int]:
    """Yield the sum of each block; blocks of odd lengths are put together to whole words."""
    rest = b""
    for block in blocks:
        data = rest + block if rest else block
        whole = len(data) & ~3
        rest = data[whole:]
        yield sum32(memoryview(data)[:whole])
    if rest:
        yield sum32(rest + bytes(4 - len(rest)))


def state_of(handle: int | str) -> tuple[int, ...]:
    """Return what changes when a file is written to: its number, size and times."""
    status = os.stat(handle)
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def digest(path: str, planes: Iterable[Plane]) -> str:
    """Return the SHA-256 of a file, read once in blocks; the sums of its planes are made on the way."""
    sha = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:
        state = state_of(stream.fileno())
        at = 0
        for plane in sorted(planes, key=lambda p: p.offset):
            for block in _read(stream, plane.offset - at):
                sha.update(block)
            plane.total = fold(sum(_sums(_through(sha, stream, plane.length))))
            plane.state = state
            at = plane.offset + plane.length
        for block in _read(stream, -1):
            sha.update(block)
    return sha.hexdigest()


def _through(sha: Any, stream: Any, length: int) -> Iterator[bytes]:
    for block in _read(stream, length):
        sha.update(block)
        yield block


def _read(stream: Any, length: int) -> Iterator[bytes]:
    """Yield so many bytes in blocks; all that are left where the length is negative."""
    while length:
        block = stream.read(BLOCK if length < 0 else min(length, BLOCK))
        if not block:
            return
        length -= len(block) if length > 0 else 0
        yield block


def statistics(planes: Mapping[str, Plane]) -> dict[str, Any]:
    """Return mean, median and standard deviation of the good pixels, and the number of the others."""
    image = planes["IMAGE"].native
    good = np.isfinite(image)
    if "MASK" in planes:
        good &= planes["MASK"].native == 0
    known: dict[str, Any] = {"bad_pixels": int(image.size - good.sum())}
    if not good.any():
        return known
    values = image[good].astype("f8")
    with np.errstate(over="ignore", invalid="ignore"):
        found = {"mean": values.mean(), "median": np.median(values), "standard_deviation": values.std()}
    # Headers hold finite numbers only.
    return {**{name: float(value) for name, value in found.items() if np.isfinite(value)}, **known}
