"""Region files of DS9, whose image coordinates count pixels from one (SAOImage DS9 reference manual, "Regions")."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from curated.core.diagnostic import CuratedError, Problem, brief
from curated.exchange.foreign import Foreign, ForeignFile, Target, is_number, number_of
from curated.exchange.pixels.raw_frames import RawArea, header_area
from curated.exchange.pixels.region_text import VERBATIM
from curated.exchange.pixels.shapes import Shape, foreign_defects
from curated.exchange.pixels.sky_frames import SKY_SYSTEMS, Frame, read_frame

_SHAPES = {
    "box": "box",
    "rotbox": "box",
    "circle": "circle",
    "ellipse": "ellipse",
    "polygon": "polygon",
    "point": "point",
    "annulus": "annulus",
}
_WITHOUT_AREA = frozenset(
    ("line", "vector", "text", "ruler", "compass", "projection", "segment", "composite")
)
"""Shapes that mark no pixels by themselves."""

_OTHER_SHAPES = frozenset(
    ("panda", "epanda", "bpanda", "pie", "sector", "field", "rectangle", "cpanda", "template")
)
"""Shapes with an area that are not read."""

_SKY = frozenset(
    (
        "fk4",
        "b1950",
        "fk5",
        "j2000",
        "icrs",
        "galactic",
        "ecliptic",
        "linear",
        "wcs",
        "amplifier",
        "detector",
        "physical",
    )
)
_SYSTEMS = r"(?:image|tile\s+\d+|wcs[a-z]?|" + "|".join(sorted(_SKY)) + r")"
_SYSTEM = re.compile(rf"{_SYSTEMS}\Z", re.I)
_NAME = "|".join(sorted((*_SHAPES, *_WITHOUT_AREA, *_OTHER_SHAPES), key=len, reverse=True))
_REGION = re.compile(rf"([+-]?)\s*({_NAME})\b\s*(?:\(([^()]*)\)|([^()#|]*))\s*(?:\|\|)?\s*\Z", re.I)
_START = re.compile(rf"\s*(?:[+-]?\s*(?:{_NAME})\s*[\s(]|{_SYSTEMS}\s*(?:;|\Z)|global\s)", re.I)
_ANNOTATION = re.compile(rf"({'|'.join(sorted(_WITHOUT_AREA))})\s*\([-+0-9.,\s\"':dpirm]*\)", re.I)
_TEXT = re.compile(r"\btext\s*=\s*(?:\{([^}]*)\}|\"([^\"]*)\"|'([^']*)')")
_PROPERTY = re.compile(
    r"\b[a-z0-9]+\s*=\s*(?:\{[^}]*\}|\"[^\"]*\"|'[^']*'|\S+)(?:\s+\d+(?=\s|\Z))*|\b(?:background|source)\b",
    re.I,
)
_FLAG = re.compile(r"(include|source)\s*=\s*([01])\b|\b(background)\b", re.I)
_QUOTED = re.compile(r"\{[^}]*\}|\"[^\"]*\"|'[^']*'")
_NOT_FINITE = frozenset(("nan", "inf", "+inf", "-inf"))
_MARK = re.compile(r"#\s*region file format", re.I)
_LONGEST_COMMENT = 10_000
"""Characters of the longest comment behind a region: quotation marks that are not closed take the square of it."""

_QUOTES = {"{": "}", '"': '"', "'": "'"}


@dataclass(slots=True, eq=False)
class _Reading:
    """What has been read of a file so far."""

    shapes: list[Shape] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    system: str = ""
    comments: list[str] = field(default_factory=list)
    assumed_line: int = 0
    frame: Frame | None = None
    flags: dict[str, bool] = field(default_factory=dict)

    @property
    def converts_physical(self) -> bool:
        """Whether coordinates are physical ones and an image converts them: DS9 takes those without a system for such."""
        return self.frame is not None and self.system in ("", "physical")

    def report(self, code: str, detail: str, line: int, hint: str = "") -> None:
        """Add a problem."""
        self.problems.append(Problem(code, (), detail, hint, line=line))


def recognises(file: ForeignFile) -> bool:
    """Say whether a file is a region file of DS9: by its first comment, or by lines that only such files have."""
    if not file.is_text:
        return False
    text = file.head.decode("utf-8", "ignore").removeprefix("\ufeff")
    if _MARK.match(text):
        return True
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    first = next(lines, "")
    return bool(_START.match(first)) or (not first and file.name.lower().endswith(".reg"))


def read(file: ForeignFile, target: Target) -> Foreign:
    """Read the regions of a file as boxes of defects, each with its text as comment."""
    image = target.conventions.image
    reading = _Reading(frame=read_frame(image) if image else None)
    for number, line in enumerate(re.split("\r\n|\r|\n", file.text), start=1):
        _read_line(line, number, reading)
    areas = _judge_frame(reading, target)
    if reading.assumed_line:
        read_as = "physical ones of --image" if reading.frame is not None else "those of the image, from 1"
        detail = f"no line says which coordinates these are; they are read as {read_as}"
        hint = "write 'image' in a line above the first region: DS9 takes them for physical ones"
        reading.report("CAL717", detail, reading.assumed_line, hint)
    origin = target.conventions.origin
    shift = 1 if origin is None else origin
    shapes = [_shifted(shape, shift) for shape in reading.shapes]
    return foreign_defects(shapes, target, reading.problems, areas=areas)


def _judge_frame(reading: _Reading, target: Target) -> list[RawArea]:
    """Return the area of the detector in the image that regions were drawn on, after comparing their sizes."""
    detector = target.detector
    size = (detector.width, detector.height) if detector is not None else (0, 0)
    if reading.frame is None or not all(size):
        return []
    area, _ = header_area(reading.frame.header, *size)
    if reading.frame.size != size and not target.conventions.untrimmed:
        columns, rows = reading.frame.size
        detail = f"--image has {columns} x {rows} pixels, and the detector {size[0]} x {size[1]}"
        hint = "--untrimmed trims a raw image by its TRIMSEC or DATASEC, or the camera calibration"
        reading.problems.append(Problem("CAL713", (), detail, hint))
    return [area] if area is not None else []


def _shifted(shape: Shape, shift: int) -> Shape:
    """Return a shape with coordinates from zero."""
    if shape.region is not None:
        return shape
    count = len(shape.numbers) if shape.kind == "polygon" else 2
    moved = [number - shift if i < count else number for i, number in enumerate(shape.numbers)]
    return Shape(
        kind=shape.kind,
        numbers=tuple(moved),
        comment=shape.comment,
        is_excluded=shape.is_excluded,
        line=shape.line,
        label=shape.label,
    )


def _read_line(line: str, number: int, reading: _Reading) -> None:
    stripped = line.strip()
    if not stripped:
        reading.comments = []
    elif stripped.startswith("#"):
        _read_comment(stripped, number, reading)
    elif stripped.split()[0].lower() == "global":
        reading.flags = _flags(stripped)
    else:
        for part, comment in _split(stripped):
            _read_part(part.strip(), comment, number, reading)
        reading.comments = []


def _read_comment(text: str, number: int, reading: _Reading) -> None:
    """Keep a comment for the region below it; annotations that DS9 writes as comments are left out."""
    if text.startswith(VERBATIM):
        reading.comments.append(text.removeprefix(VERBATIM))
        return
    content = text.removeprefix("#").strip()
    match = _ANNOTATION.match(content)
    if match is not None:
        reading.report("CAL716", f"{match[1].lower()} marks no pixels, and is left out", number)
    elif not _MARK.match(text) and not content.lower().startswith("filename:"):
        reading.comments.append(content)


def _split(line: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a line that semicolons separate, each with the comment behind it; quotes may hold both signs."""
    part, comment, end, last = "", "", "", ""
    target_is_comment = False
    for character in line:
        if end:
            end = "" if character == end else end
        elif character in _QUOTES and target_is_comment and last == "=":
            end = _QUOTES[character]
        elif character == "#" and not target_is_comment:
            target_is_comment = True
            continue
        elif character == ";":
            yield part, comment.strip()
            part, comment, target_is_comment = "", "", False
            continue
        last = last if character.isspace() else character
        if target_is_comment:
            comment += character
        else:
            part += character
    yield part, comment.strip()


def _read_part(part: str, comment: str, number: int, reading: _Reading) -> None:
    """Read a coordinate system or a region."""
    if not part:
        if comment:
            reading.comments.append(comment)
        return
    if _SYSTEM.match(part):
        _read_system(part.lower(), number, reading)
        return
    match = _REGION.match(part)
    if match is None or len(comment) > _LONGEST_COMMENT:
        what = f"{brief(part)} is no region" if match is None else f"a comment of {len(comment)} characters"
        reading.report("CAL711", what, number)
        return
    sign, name, inner, bare = match.groups()
    name = name.lower()
    if not _is_usable(name, number, reading):
        return
    text = _comment(comment) or " ".join(filter(None, reading.comments))
    is_excluded = _is_excluded(sign, name, comment, number, reading)
    common = Shape(kind="region", numbers=(), comment=text, is_excluded=is_excluded, line=number, label=name)
    inside = inner if inner is not None else bare
    try:
        if reading.system in SKY_SYSTEMS and reading.frame is not None:
            items = reading.frame.pixel_regions(reading.system, f"{name}({inside})")
            reading.shapes += [replace(common, region=item) for item in items]
            return
        numbers = _numbers(inside, name, number, reading)
        for kind, values in _expand(_SHAPES[name], numbers) if numbers is not None else ():
            frame = reading.frame if reading.converts_physical else None
            in_image = frame.to_image(kind, values) if frame is not None else values
            reading.shapes.append(replace(common, kind=kind, numbers=in_image))
    except CuratedError as error:
        reading.report("CAL712", f"{name}: {error.message}", number, error.hint)


def _is_excluded(sign: str, name: str, comment: str, number: int, reading: _Reading) -> bool:
    """Say whether the pixels of a region are good: by its sign, its own property, or that of all regions."""
    flags = {**reading.flags, **_flags(comment), **({"include": sign == "+"} if sign else {})}
    if not flags.get("source", True):
        detail = f"{name} is marked as background; its pixels are taken for bad"
        reading.report("CAL717", detail, number, "remove it if its pixels are not bad")
    return not flags.get("include", True)


def _read_system(system: str, number: int, reading: _Reading) -> None:
    """Keep the coordinate system of the regions that follow."""
    reading.system = system
    if system.startswith("tile"):
        detail = f"regions after {system!r} are those of one image of a mosaic"
        reading.report("CAL717", detail, number, "see that it is the image of this detector")


def _is_usable(name: str, number: int, reading: _Reading) -> bool:
    """Say whether a region marks pixels of the image; why it does not is a problem."""
    if name in _WITHOUT_AREA:
        hint = "draw it as a box or polygon if it marks pixels"
        code = "CAL711" if name == "line" else "CAL716"
        reading.report(
            code, f"{name} marks no pixels{'' if name == 'line' else ', and is left out'}", number, hint
        )
        return False
    if name in _OTHER_SHAPES:
        reading.report("CAL711", f"{name} is not one of {', '.join(_SHAPES)}", number, "draw it as a polygon")
        return False
    is_convertible = reading.system == "physical" or reading.system in SKY_SYSTEMS
    if reading.system not in ("", "image") and not (is_convertible and reading.frame is not None):
        detail = f"{name} is in coordinates {reading.system!r}, not those of the image"
        hint = "save the regions with 'image' as coordinate system (in DS9: Region, File Coordinate System)"
        hint += ", or name the image they were drawn on: --image FITS" if is_convertible else ""
        reading.report("CAL712", detail, number, hint)
        return False
    if not reading.system and not reading.assumed_line:
        reading.assumed_line = number
    return True


def _flags(text: str) -> dict[str, bool]:
    """Return the properties of regions that say whether they count: ``include`` and ``source``."""
    matches = _FLAG.findall(_QUOTED.sub(" ", text))
    return {(key or "source").lower(): value == "1" for key, value, _ in matches}


def _numbers(text: str, name: str, number: int, reading: _Reading) -> tuple[float, ...] | None:
    values = []
    for word in re.split(r"[\s,]+", text.strip().strip(",")):
        if re.fullmatch(r"n=\d+", word, re.A | re.I):
            continue  # into how many rings a ring is divided
        bare = word[:-1] if word[-1:] in ("i", "I") else word
        if is_number(bare) or bare.lower() in _NOT_FINITE:
            values.append(number_of(bare) if is_number(bare) else float(bare))
        else:
            is_angle = bool(re.fullmatch(r"[-+0-9.eE:hdmsr]+[\"'dprhms]?", word))
            detail = f"{name}: {brief(word)} is no number of pixels"
            reading.report("CAL712" if is_angle else "CAL711", detail, number)
            return None
    return tuple(values)


def _expand(kind: str, numbers: tuple[float, ...]) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield a region, or the rings between several sizes of one."""
    if kind == "annulus" and len(numbers) > 4:
        for inner, outer in itertools.pairwise(numbers[2:]):
            yield kind, (*numbers[:2], inner, outer)
    elif kind in ("box", "ellipse") and len(numbers) >= 6 and len(numbers) % 2:
        pairs = [numbers[i : i + 2] for i in range(2, len(numbers) - 1, 2)]
        ring = "boxannulus" if kind == "box" else "elliptannulus"
        for small, large in itertools.pairwise(pairs):
            yield ring, (*numbers[:2], *small, *large, numbers[-1])
    else:
        yield kind, numbers


def _comment(text: str) -> str:
    """Return the text of a region: that of its property, else what is no property."""
    match = _TEXT.search(text)
    if match is not None:
        return next(group for group in match.groups() if group is not None)
    return " ".join(_PROPERTY.sub(" ", text).split())
