"""FITS files of images: their planes and where these are, from the headers alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from curated.core.diagnostic import Problem, brief
from curated.fits.header import BLOCK, DamagedError, data_length, header_length, read_keywords
from curated.image import ANNEX, LFS
from curated.image.planes import DTYPES, Plane

PLANES = ("IMAGE", "MASK", "VARIANCE")

_MAX_BLOCKS = 1000
"""Longest header that is read, in blocks."""

_MAX_HDUS = 1000
_AT = ("image", "file")
_BIT = re.compile(r"[A-Z0-9_]{1,40}\Z")
_PACKED = {b"\x1f\x8b": "gunzip", b"BZ": "bunzip2", b"\xfd7": "unxz", b"PK": "unzip"}

Header = dict[str, Any]


@dataclass(slots=True)
class ImageFile:
    """The image of a FITS file, according to its headers.

    Parameters
    ----------
    planes : `dict` [`str`, `Plane`]
        Planes by name; empty if there is no image that can be used.
    header : `dict`
        Keywords of the image plane.
    problems : `list` [`Problem`]
        All problems of the file.
    """

    planes: dict[str, Plane] = field(default_factory=dict)
    header: Header = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def report(self, code: str, detail: str, hint: str = "") -> None:
        """Add a problem."""
        self.problems.append(Problem(code, _AT, detail, hint))


def read_image(path: str | os.PathLike[str]) -> ImageFile:
    """Read the headers of an image file, and no pixel.

    Parameters
    ----------
    path : path-like
        A file with its pixels in the primary HDU, or with extensions IMAGE, MASK and VARIANCE after an empty one.
    """
    image = ImageFile()
    name = os.path.basename(path)
    try:
        with open(path, "rb", buffering=0) as stream:
            _scan(stream, os.fspath(path), image)
    except FileNotFoundError:
        image.report("CAL340", f"{name} is not there")
    except (DamagedError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        image.report("CAL344", f"{name}: {reason}")
    if "IMAGE" not in image.planes and all(p.code == "CAL349" for p in image.problems):
        image.report("CAL345", f"{name} has no image: pixels in the primary HDU, or an extension IMAGE")
    if any(p.code != "CAL349" for p in image.problems):
        image.planes = {}
    return image


def is_plain_name(name: str) -> bool:
    """Say whether a text is the name of a file in the same directory, on any system."""
    return bool(name) and name not in (".", "..") and not re.search(r"[/\\\x00-\x1f]", name)


def _scan(stream: BinaryIO, path: str, image: ImageFile) -> None:
    size = os.fstat(stream.fileno()).st_size
    start = stream.read(len(LFS))
    if start == LFS:
        image.report("CAL342", f"{os.path.basename(path)} is a pointer of git-lfs, not the image")
        return
    if start.startswith(ANNEX):
        detail = f"{os.path.basename(path)} is a pointer of git-annex, not the image"
        image.report("CAL342", detail, "run 'git annex get'")
        return
    if not start.startswith(b"SIMPLE  ="):
        tool = _PACKED.get(start[:2])
        raise DamagedError(
            f"it is packed; unpack it with {tool}" if tool else "it does not begin with SIMPLE"
        )
    offset = 0
    for number in range(_MAX_HDUS):
        stream.seek(offset)
        header = _read_header(stream, offset)
        try:
            keywords = read_keywords(header)
        except DamagedError as error:
            raise DamagedError(f"the header at byte {offset} {error}") from error
        offset += len(header)
        end = offset + data_length(keywords)
        if end > size:
            raise DamagedError(f"HDU {number} ends at byte {end}, the file at {size}: it is cut off")
        _add_plane(number, keywords, path, offset, image)
        offset = end
        if offset >= size:
            return
    raise DamagedError(f"it has more than {_MAX_HDUS} HDUs")


def _read_header(stream: BinaryIO, offset: int) -> bytes:
    blocks = []
    for _ in range(_MAX_BLOCKS):
        block = stream.read(BLOCK)
        if len(block) < BLOCK:
            raise DamagedError(f"the header at byte {offset} has no end")
        blocks.append(block)
        if header_length(block):
            return b"".join(blocks)
    raise DamagedError(f"the header at byte {offset} is longer than {_MAX_BLOCKS * BLOCK} bytes")


def _add_plane(number: int, header: Header, path: str, offset: int, image: ImageFile) -> None:
    """Add an HDU to the planes, or report why it is none."""
    name = str(header.get("EXTNAME") or header.get("EXTTYPE") or "").upper()
    where = f"HDU {number}{f' {name}' if name else ''}"
    if header.get("ZIMAGE"):
        image.report("CAL346", f"{where} is a compressed image")
        return
    if number == 0 and not header["NAXIS"]:
        return
    is_image = number == 0 or str(header.get("XTENSION", "")).strip() == "IMAGE"
    role = "IMAGE" if number == 0 else name
    if not is_image or role not in PLANES or (not header["NAXIS"] and number):
        image.report("CAL349", f"{where} is none of {', '.join(PLANES)} and is not carried over")
        return
    if role in image.planes:
        image.report("CAL345", f"{where} is a second {role}")
        return
    if not _is_usable(role, where, header, image):
        return
    width, height = header["NAXIS1"], header["NAXIS2"]
    first = next(iter(image.planes.values()), None)
    if first is not None and (width, height) != (first.width, first.height):
        shape = f"{first.width} x {first.height}"
        image.report("CAL345", f"{where} has {width} x {height} pixels, {first.name} {shape}")
        return
    bits = (
        {key[3:]: value for key, value in header.items() if key.startswith("MP_")} if role == "MASK" else {}
    )
    wrong = next((name for name, bit in bits.items() if not _BIT.match(name) or bit not in range(32)), None)
    if wrong is not None:
        detail = f"{where}: MP_{brief(wrong)[1:-1]} is {brief(bits[wrong])}, not a bit from 0 to 31"
        image.report("CAL345", detail)
        return
    image.planes[role] = Plane(role, width, height, header["BITPIX"], path, offset, bits=bits)
    if role == "IMAGE":
        image.header = header


def _is_usable(role: str, where: str, header: Mapping[str, Any], image: ImageFile) -> bool:
    """Say whether an HDU's pixels can be copied as a plane, and report why not."""
    reasons = list(_unusable(role, header))
    for reason in reasons:
        image.report("CAL345", f"{where} {reason}")
    if not reasons and header["BITPIX"] == -64:
        image.report("CAL349", f"{where} has 64-bit pixels; the stack reads it from 32-bit ones only")
    return not reasons


def _unusable(role: str, header: Mapping[str, Any]) -> Iterator[str]:
    if header["NAXIS"] != 2:
        yield f"has {header['NAXIS']} axes, not two"
    elif not header["NAXIS1"] or not header["NAXIS2"]:
        yield "has no pixels"
    allowed = [bits for bits, (_, roles) in DTYPES.items() if role in roles]
    if header["BITPIX"] not in allowed:
        yield f"has BITPIX {header['BITPIX']}, not {' or '.join(map(str, allowed))}"
    if header.get("BSCALE", 1) != 1 or header.get("BZERO", 0) != 0:
        yield "is scaled with BSCALE and BZERO"
    if header.get("GROUPS"):
        yield "has random groups"
