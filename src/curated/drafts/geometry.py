"""Detectors and their amplifiers from a few numbers: a grid of equal amplifiers, detectors side by side."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from curated.core.diagnostic import CuratedError, brief
from curated.core.geometry import Box
from curated.fits.camera_archive import CORNERS, CameraAmplifier, CameraDetector

GAIN, READ_NOISE, SATURATION, PIXEL_SIZE = 1.0, 5.0, 65535.0, 0.015
"""Values of a draft where nobody gives any: electron/adu, electron, the largest value of 16 bits, mm."""

_MOST_DETECTORS, _MOST_AMPLIFIERS, _MOST_IN_ALL, _LARGEST_SIDE = 10_000, 1024, 100_000, 1 << 20
_GAP = 1.02
"""Distance of the centres of detectors in a draft, in units of their size."""


@dataclass(frozen=True, slots=True)
class GeometryOptions:
    """What a person says of the detectors of an instrument.

    Parameters
    ----------
    detectors : `str`
        How many there are; or their names with commas, of which each may have its number: ``N1=1,S1=2``.
    size : `str`
        Columns and rows of each, such as ``4000x4072``; empty if unknown.
    amplifiers : `str`
        How many amplifiers a detector has; or their names with commas, row by row from the lower left.
    grid : `str`
        Columns and rows of amplifiers, such as ``8x2``; empty for two rows at most.
    corners : `str`
        Corners that are read first, in the order of the amplifiers, or one for all; empty for the outer ones.
    overscan, parallel_overscan, prescan : `int`
        Pixels of each amplifier's raw image beyond those that see light.
    pixel_size : `float`, optional
        Side of a pixel (mm).
    gain, read_noise, saturation : `str`
        A number for all amplifiers, or one for each with commas, or ``NAME=NUMBER`` with commas; empty if unknown.
    serials : `str`
        Serial numbers with commas, in the order of the detectors.
    """

    detectors: str = "1"
    size: str = ""
    amplifiers: str = "1"
    grid: str = ""
    corners: str = ""
    overscan: int = 0
    parallel_overscan: int = 0
    prescan: int = 0
    pixel_size: float | None = None
    gain: str = ""
    read_noise: str = ""
    saturation: str = ""
    serials: str = ""


def make_detectors(options: GeometryOptions) -> tuple[CameraDetector, ...]:
    """Return the detectors that options describe; without a size those have no boxes.

    Raises
    ------
    CuratedError
        If an option cannot be understood, or two contradict each other; it names the option.
    """
    numbers_by_name = _detector_names(options.detectors)
    width, height = _pair(options.size, "--size", "4000x4072", _LARGEST_SIDE) if options.size else (0, 0)
    amplifiers = _amplifiers(options, width, height)
    count = len(numbers_by_name) * len(amplifiers)
    if count > _MOST_IN_ALL:
        raise CuratedError(
            f"{len(numbers_by_name)} detectors with {len(amplifiers)} amplifiers each are {count} amplifiers",
            f"no more than {_MOST_IN_ALL} are written",
        )
    serials = _words(options.serials, "--serials") if options.serials else []
    if serials and len(serials) != len(numbers_by_name):
        raise CuratedError(
            f"--serials has {len(serials)} serial numbers for {len(numbers_by_name)} detectors",
            "give one for each, in the order of the detectors",
        )
    pixel = options.pixel_size if options.pixel_size is not None else PIXEL_SIZE
    if not 0 < pixel < math.inf:
        raise CuratedError(f"--pixel-size is {pixel}, not a length in mm", "write it like 0.015")
    columns = math.ceil(math.sqrt(len(numbers_by_name)))
    rows = math.ceil(len(numbers_by_name) / columns)
    detectors = []
    for index, (name, number) in enumerate(numbers_by_name.items()):
        row, column = divmod(index, columns)
        detectors.append(
            CameraDetector(
                id=number,
                name=name,
                serial=serials[index] if serials else "",
                purpose="SCIENCE",
                width=width,
                height=height,
                amplifiers=amplifiers,
                x=round((column - (columns - 1) / 2) * width * pixel * _GAP, 4),
                y=round((row - (rows - 1) / 2) * height * pixel * _GAP, 4),
                pixel_size=pixel,
            )
        )
    return tuple(sorted(detectors, key=lambda detector: detector.id))


def _detector_names(text: str) -> dict[str, int]:
    """Return the numbers of detectors by name."""
    if text.strip().isdecimal():
        count = int(text) if len(text.strip()) < 9 else _MOST_DETECTORS + 1
        if not 0 < count <= _MOST_DETECTORS:
            raise CuratedError(
                f"--detectors is {text.strip()[:20]}, not a number from 1 to {_MOST_DETECTORS}",
                "write how many there are, or their names with commas",
            )
        digits = max(2, len(str(count - 1)))
        return {f"d{number:0{digits}d}": number for number in range(count)}
    numbers: dict[str, int] = {}
    for index, word in enumerate(_words(text, "--detectors")):
        name, sign, number = word.partition("=")
        if sign and not (number.strip().isdecimal() and len(number.strip()) < 10):
            raise CuratedError(
                f"--detectors: the number of {brief(name)} is {brief(number)}, not zero or more",
                "write it like N1=1,S1=2",
            )
        # A number in place of a name is meant as one: --detector 1 must be the same by both.
        is_number = (
            not sign and name.strip().isascii() and name.strip().isdecimal() and len(name.strip()) < 10
        )
        value = int(number) if sign else int(name) if is_number else index
        if value in numbers.values() or name.strip().lower() in map(str.lower, numbers):
            raise CuratedError(
                f"--detectors has {brief(word)}, and its name or number is that of another one",
                "give each detector a name and a number of its own",
            )
        numbers[name.strip()] = value
    return numbers


def _amplifiers(options: GeometryOptions, width: int, height: int) -> tuple[CameraAmplifier, ...]:
    names, columns, rows = _amplifier_names(options)
    for pixels, parts, what in ((width, columns, "columns"), (height, rows, "rows")):
        if pixels % parts:
            raise CuratedError(
                f"{pixels} {what} of pixels cannot be divided among {parts} {what} of amplifiers",
                "correct --size or --amp-grid; --size has no overscan",
            )
    for option, pixels in (
        ("--overscan", options.overscan),
        ("--parallel-overscan", options.parallel_overscan),
        ("--prescan", options.prescan),
    ):
        if not 0 <= pixels <= _LARGEST_SIDE:
            raise CuratedError(f"{option} is {pixels}, not a number of pixels", "give zero or more")
    values = {
        key: _values(text, names, option, default, minimum)
        for key, text, option, default, minimum in (
            ("gain", options.gain, "--gain", GAIN, None),
            ("read_noise", options.read_noise, "--read-noise", READ_NOISE, 0.0),
            ("saturation", options.saturation, "--saturation", SATURATION, None),
        )
    }
    corners = _corners(options.corners, len(names), columns, rows)
    w, h = width // columns, height // rows
    first = options.prescan
    amplifiers = []
    for index, name in enumerate(names):
        row, column = divmod(index, columns)
        overscan, parallel = options.overscan, options.parallel_overscan
        amplifiers.append(
            CameraAmplifier(
                name,
                w,
                h,
                values["gain"][index],
                values["read_noise"][index],
                values["saturation"][index],
                column * w,
                row * h,
                corners[index],
                corners[index][1] == "R",
                corners[index][0] == "U",
                Box(first, 0, w, h),
                Box(first + w, 0, overscan, h if overscan else 0),
                Box(first, h, w, parallel) if parallel else Box(0, 0, 0, 0),
            )
        )
    return tuple(amplifiers)


def _amplifier_names(options: GeometryOptions) -> tuple[list[str], int, int]:
    """Return the names of a detector's amplifiers, and the columns and rows of their grid."""
    text = options.amplifiers.strip()
    is_count = text.isdecimal()
    names = [] if is_count else _words(text, "--amplifiers")
    count = (int(text) if len(text) < 9 else _MOST_AMPLIFIERS + 1) if is_count else len(names)
    if not 0 < count <= _MOST_AMPLIFIERS:
        raise CuratedError(
            f"--amplifiers is {text[:20]}, not a number from 1 to {_MOST_AMPLIFIERS}",
            "write how many each detector has, or their names with commas",
        )
    if len({name.lower() for name in names}) < len(names):
        raise CuratedError("--amplifiers has a name twice", "give each amplifier a name of its own")
    if options.grid:
        columns, rows = _pair(options.grid, "--amp-grid", "8x2", _MOST_AMPLIFIERS)
    else:
        rows = 2 if count > 2 and count % 2 == 0 else 1
        columns = count // rows
    if columns * rows != count:
        raise CuratedError(
            f"--amp-grid {columns}x{rows} has {columns * rows} places for {count} amplifiers",
            "correct --amp-grid or --amplifiers",
        )
    digits = len(str(columns - 1))
    return names or [f"C{r}{c:0{digits}d}" for r in range(rows) for c in range(columns)], columns, rows


def _corners(text: str, count: int, columns: int, rows: int) -> list[str]:
    """Return the corner of each amplifier that is read first: by default the one next to the detector's edge."""
    words = [word.upper() for word in _words(text, "--readout-corners")] if text else []
    if not set(words) <= set(CORNERS) or len(words) not in (0, 1, count):
        raise CuratedError(
            f"--readout-corners is {brief(text)}, not one of {', '.join(CORNERS)} for all or for each of {count} amplifiers",
            "write it like LL,LR,UL,UR",
        )
    if words:
        return words * count if len(words) == 1 else words
    return [
        ("U" if rows > 1 and row >= rows / 2 else "L")
        + ("R" if columns > 1 and column >= columns / 2 else "L")
        for row in range(rows)
        for column in range(columns)
    ]


def _values(
    text: str, names: Sequence[str], option: str, default: float, minimum: float | None
) -> list[float]:
    """Return a value for each amplifier; above zero unless there is a minimum."""
    if not text:
        return [default] * len(names)
    words = _words(text, option)
    if all("=" in word for word in words):
        pairs = {name.strip(): value.strip() for name, _, value in (word.partition("=") for word in words)}
        unknown, missing = [n for n in pairs if n not in names], [n for n in names if n not in pairs]
        if unknown or missing:
            fault = f"no amplifier {unknown[0]}" if unknown else f"lacks amplifier {missing[0]}"
            raise CuratedError(f"{option}: {fault}", f"the amplifiers are {', '.join(names[:20])}")
        words = [pairs[name] for name in names]
    if len(words) not in (1, len(names)):
        raise CuratedError(
            f"{option} has {len(words)} values for {len(names)} amplifiers",
            "give one for all, or one for each",
        )
    values = [_number(word, option, minimum) for word in words]
    return values * len(names) if len(values) == 1 else values


def _number(text: str, option: str, minimum: float | None) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    is_allowed = value > 0 if minimum is None else value >= minimum
    if not (math.isfinite(value) and is_allowed):
        bound = "above zero" if minimum is None else f"of at least {minimum:g}"
        raise CuratedError(
            f"{option} has {brief(text)}, not a number {bound}", "write it like 1.5, or C00=1.5,C01=1.6"
        )
    return value


def _words(text: str, option: str) -> list[str]:
    """Return the parts between commas."""
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise CuratedError(
            f"{option} {brief(text)} has nothing before or after a comma", "leave the comma out"
        )
    return words


def _pair(text: str, option: str, example: str, largest: int) -> tuple[int, int]:
    """Return two numbers with an ``x`` between them."""
    match = re.fullmatch(r"\s*(\d{1,7})\s*[xX,]\s*(\d{1,7})\s*", text, re.ASCII)
    pair = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(0 < number <= largest for number in pair):
        raise CuratedError(f"{option} is {brief(text)}, not columns and rows", f"write it like {example}")
    return pair
