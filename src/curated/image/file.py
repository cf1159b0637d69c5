"""FITS files of images: which planes they have and where, from their headers alone (FITS standard 4.0)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from curated.core.diagnostic import Problem, brief
from curated.image import LFS
from curated.image.planes import DTYPES, Plane

PLANES = ("IMAGE", "MASK", "VARIANCE")

_BLOCK = 2880
_MAX_HEADER = 1000 * _BLOCK
_MAX_HDUS = 1000
_AT = ("image", "file")
_CARD = re.compile(r"(?:HIERARCH +)?([^=]*?) *= *(?:'((?:[^']|'')*)'|([^/]*))")
_BIT = re.compile(r"[A-Z0-9_]{1,40}\Z")
_PACKED = {b"\x1f\x8b": "gunzip", b"BZ": "bunzip2", b"\xfd7": "unxz", b"PK": "unzip"}

Header = dict[str, Any]


@dataclass(slots=True)
class ImageFile:
    """What the headers of a FITS file say about its image.

    Parameters
    ----------
    planes : `dict` [`str`, `Plane`]
        Its planes by name; empty where it has no image that can be used.
    header : `dict`
        Keywords of the image plane.
    problems : `list` [`Problem`]
        All that is wrong with it.
    """

    planes: dict[str, Plane] = field(default_factory=dict)
    header: Header = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def find(self, code: str, detail: str, hint: str = "") -> None:
        """Add a problem."""
        self.problems.append(Problem(code, _AT, detail, hint))


def read_image(path: str | os.PathLike[str]) -> ImageFile:
    """Read the headers of an image file; no pixel is looked at.

    Parameters
    ----------
    path : path-like
        The file: pixels in the primary HDU, or extensions IMAGE, MASK and VARIANCE after an empty one.

    Returns
    -------
    image : `ImageFile`
        Its planes, and all that is wrong with the file.
    """
    found = ImageFile()
    name = os.path.basename(path)
    try:
        with open(path, "rb", buffering=0) as stream:
            _scan(stream, os.fspath(path), found)
    except FileNotFoundError:
        found.find("CAL340", f"{name} is not there")
    except (_DamagedError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        found.find("CAL344", f"{name}: {reason}")
    if "IMAGE" not in found.planes and all(p.code == "CAL349" for p in found.problems):
        found.find("CAL345", f"{name} has no image: pixels in the primary HDU, or an extension IMAGE")
    if any(p.code != "CAL349" for p in found.problems):
        found.planes = {}
    return found


def is_plain_name(name: str) -> bool:
    """Say whether a text is the name of a file in the same directory, on any system."""
    return bool(name) and name not in (".", "..") and not re.search(r"[/\\\x00-\x1f]", name)


class _DamagedError(Exception):
    """A file that is no FITS file as far as it was read."""


def _scan(stream: BinaryIO, path: str, found: ImageFile) -> None:
    size = os.fstat(stream.fileno()).st_size
    start = stream.read(len(LFS))
    if start == LFS:
        found.find("CAL342", f"{os.path.basename(path)} is a pointer of git-lfs, not the image")
        return
    if not start.startswith(b"SIMPLE  ="):
        tool = _PACKED.get(start[:2])
        raise _DamagedError(
            f"it is packed; unpack it with {tool}" if tool else "it does not begin with SIMPLE"
        )
    offset = 0
    for number in range(_MAX_HDUS):
        stream.seek(offset)
        header, offset = _header(stream, offset)
        length = _data_length(header)
        end = offset + -(-length // _BLOCK) * _BLOCK
        if end > size:
            raise _DamagedError(f"HDU {number} ends at byte {end}, the file at {size}: it is cut off")
        _take(number, header, path, offset, found)
        offset = end
        if offset >= size:
            return
    raise _DamagedError(f"it has more than {_MAX_HDUS} HDUs")


def _header(stream: BinaryIO, offset: int) -> tuple[Header, int]:
    """Read one header; return its keywords and the offset of the data."""
    header: Header = {}
    for start in range(0, _MAX_HEADER, _BLOCK):
        block = stream.read(_BLOCK)
        if len(block) < _BLOCK:
            raise _DamagedError(f"the header at byte {offset} has no end")
        try:
            text = block.decode("ascii")
        except UnicodeDecodeError:
            raise _DamagedError(f"the header at byte {offset} is not ASCII") from None
        for i in range(0, _BLOCK, 80):
            card = text[i : i + 80]
            if card.rstrip() == "END":
                return header, offset + start + _BLOCK
            if card[8:10] == "= " or card.startswith("HIERARCH "):
                key, value = _card(card)
                header.setdefault(key, value)
    raise _DamagedError(f"the header at byte {offset} is longer than {_MAX_HEADER} bytes")


def _card(card: str) -> tuple[str, Any]:
    match = _CARD.match(card)
    if match is None:
        return card[:8].strip(), None
    key, text, other = match.groups()
    if text is not None:
        return key, text.replace("''", "'").rstrip()
    word = other.strip()
    if word in ("T", "F"):
        return key, word == "T"
    for kind in (int, float):
        try:
            return key, kind(word.replace("D", "E"))
        except ValueError:
            continue
    return key, None


def _whole(header: Header, key: str, default: int | None = None) -> int:
    value = header.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _DamagedError(f"{key} is {brief(value)}")
    return value


def _data_length(header: Header) -> int:
    """Return the length of an HDU's data in bytes (FITS standard 4.0, equation 2)."""
    axes = _whole(header, "NAXIS")
    bits = header.get("BITPIX")
    if bits not in (8, 16, 32, 64, -32, -64):
        raise _DamagedError(f"BITPIX is {brief(bits)}")
    if axes > 999:
        raise _DamagedError(f"NAXIS is {axes}")
    number = 1 if axes else 0
    for i in range(1, axes + 1):
        number *= _whole(header, f"NAXIS{i}")
    groups, extra = _whole(header, "GCOUNT", 1), _whole(header, "PCOUNT", 0)
    return int(abs(bits) // 8 * groups * (extra + number))


def _take(number: int, header: Header, path: str, offset: int, found: ImageFile) -> None:
    """Keep an HDU that is a plane, or say why it is none."""
    given = header.get("EXTNAME") or header.get("EXTTYPE") or ""
    name = str(given).upper()
    where = f"HDU {number}{f' {name}' if name else ''}"
    if header.get("ZIMAGE"):
        found.find("CAL346", f"{where} is a compressed image")
        return
    if number == 0 and not header["NAXIS"]:
        return
    is_image = number == 0 or str(header.get("XTENSION", "")).strip() == "IMAGE"
    role = "IMAGE" if number == 0 else name
    if not is_image or role not in PLANES or (not header["NAXIS"] and number):
        found.find("CAL349", f"{where} is none of {', '.join(PLANES)} and is not carried over")
        return
    if role in found.planes:
        found.find("CAL345", f"{where} is a second {role}")
        return
    if not _is_usable(role, where, header, found):
        return
    width, height = header["NAXIS1"], header["NAXIS2"]
    first = next(iter(found.planes.values()), None)
    if first is not None and (width, height) != (first.width, first.height):
        shape = f"{first.width} x {first.height}"
        found.find("CAL345", f"{where} has {width} x {height} pixels, {first.name} {shape}")
        return
    bits = (
        {key[3:]: value for key, value in header.items() if key.startswith("MP_")} if role == "MASK" else {}
    )
    wrong = [name for name, bit in bits.items() if not _BIT.match(name) or bit not in range(32)]
    if wrong:
        found.find(
            "CAL345",
            f"{where}: MP_{brief(wrong[0])[1:-1]} is {brief(bits[wrong[0]])}, not a bit from 0 to 31",
        )
        return
    found.planes[role] = Plane(role, width, height, header["BITPIX"], path, offset, bits=bits)
    if role == "IMAGE":
        found.header = header


def _is_usable(role: str, where: str, header: Mapping[str, Any], found: ImageFile) -> bool:
    """Say whether an HDU's pixels can be copied as a plane, and report why not."""
    wrong = list(_unusable(role, header))
    for reason in wrong:
        found.find("CAL345", f"{where} {reason}")
    if not wrong and header["BITPIX"] == -64:
        found.find("CAL349", f"{where} has 64-bit pixels; the stack reads it from 32-bit ones only")
    return not wrong


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
