"""Shapes that mark pixels, and the rectangles of pixels that they cover.

A pixel is covered if its centre is inside of the shape: the mode ``center`` of the package ``regions``, which rasterises
everything but rectangles of whole pixels and points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.tables import TextColumn
from curated.declare import Array
from curated.exchange.foreign import Foreign, Target
from curated.exchange.pixels.raw_frames import RawArea, raw_areas, trim_boxes
from curated.image.rectangles import rectangles_of
from curated.image.region_masks import PixelMask, mask_of_region

_MOST_COORDINATE = 1e6
"""Largest coordinate and size of a shape, in pixels; no detector has as many."""

_MOST_PIXELS = 1 << 29
"""Pixels of the largest box of which something is excluded."""

_MOST_SHAPES = 10_000
"""Shapes that the package ``regions`` rasterises, at a millisecond each."""

_NO_BOXES: Array = np.zeros((0, 4), "i8")

_NEEDED = {
    "box": (4, 5),
    "circle": (3, 3),
    "ellipse": (4, 5),
    "polygon": (6, 0),
    "point": (2, 2),
    "annulus": (4, 4),
}
_NEEDED |= {"elliptannulus": (7, 7), "boxannulus": (7, 7)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A shape of a foreign file.

    Parameters
    ----------
    kind : `str`
        ``box`` (centre, width, height, angle), ``circle`` (centre, radius), ``ellipse`` (centre, two radii, angle),
        ``polygon`` (corners), ``point``, ``annulus`` (centre, two radii), ``elliptannulus`` and ``boxannulus`` (centre,
        two inner and two outer sizes, angle).
    numbers : `tuple` [`float`, ...]
        Coordinates from zero at the centre of the first pixel, sizes in pixels, angles in degrees.
    comment : `str`
        What the file says of it.
    is_excluded : `bool`
        Whether its pixels are taken out of those of the other shapes.
    region : `regions.PixelRegion`, optional
        The shape itself, where it is one of the package ``regions``; its kind is ``region``, without numbers.
    line : `int`
        Its line in a text, from one; 0 in a table.
    label : `str`
        What messages call it, such as ``circle`` or ``row 3``.
    """

    kind: str
    numbers: tuple[float, ...]
    comment: str = ""
    is_excluded: bool = False
    region: Any = None
    line: int = 0
    label: str = ""

    def problem(self, code: str, detail: str, hint: str = "") -> Problem:
        """Return a problem with this shape."""
        return Problem(code, (), f"{self.label or self.kind} {detail}", hint, line=self.line or None)


class _Piece(NamedTuple):
    """Boxes of one shape, or the mask that they are to be made of."""

    shape: Shape
    boxes: Array
    mask: PixelMask | None


@dataclass(slots=True, eq=False)
class _Work:
    pieces: list[_Piece] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def foreign_defects(
    shapes: Sequence[Shape],
    target: Target,
    problems: Sequence[Problem] = (),
    *,
    areas: Sequence[RawArea] = (),
) -> Foreign:
    """Return what a file with shapes holds for defects.

    Parameters
    ----------
    problems : sequence [`Problem`], optional
        Problems of the file that its reader has met.
    areas : sequence [`RawArea`], optional
        Areas of the raw image that shapes are drawn on, if a person said that they are untrimmed; those of the camera
        calibration if there are none.

    Returns
    -------
    foreign : `Foreign`
        Boxes in the order of the shapes; those of a shape that is no rectangle follow each other.
    """
    work = _Work(problems=list(problems))
    drawn = [shape for shape in shapes if shape_problem(shape) is None and exact_boxes(shape) is None]
    if len(drawn) > _MOST_SHAPES:
        detail = f"{len(drawn)} shapes are no boxes of whole pixels, which takes too long"
        hint = "save them as an image of bad pixels, and add that"
        return boxes_foreign(_NO_BOXES, (), [*work.problems, Problem("CAL711", (), detail, hint)])
    for shape in shapes:
        piece = _piece(shape, work)
        if piece is not None:
            work.pieces.append(piece)
    is_raw = bool(target.conventions.untrimmed)
    areas = (areas or raw_areas(target)) if is_raw else ()
    if is_raw and not areas:
        detail = (
            "the coordinates are those of the untrimmed image, and nothing says where the detector is in it"
        )
        hint = "add a camera calibration with the detector, or say --trimmed if they are not"
        work.problems.append(Problem("CAL712", (), detail, hint))
    excluded = [piece for piece in work.pieces if piece.shape.is_excluded]
    size = _size(target) if not areas else _reach(areas)
    hole = _united([piece.boxes for piece in excluded], size)
    boxes: list[Array] = []
    comments: list[str] = []
    for piece in (piece for piece in work.pieces if not piece.shape.is_excluded):
        if not len(piece.boxes):
            work.problems.append(piece.shape.problem("CAL716", "covers the centre of no pixel"))
        visible = _parts(piece.boxes, *size) if areas else _clipped(piece, size, work)
        part = _redrawn(visible, hole) if len(visible) and _touch(visible, hole) else visible
        if len(visible) and not len(part):
            work.problems.append(piece.shape.problem("CAL716", "is excluded entirely"))
        part = _trimmed(part, piece.shape, areas, work) if areas else part
        boxes.append(part)
        comments += [piece.shape.comment] * len(part)
    _note_order(work)
    if not shapes and not problems:
        work.problems.append(
            Problem(
                "CAL717", (), "there is no region in it: no pixel is bad", "see that it is the right file"
            )
        )
    every = np.concatenate(boxes) if boxes else _NO_BOXES
    if excluded and not boxes:
        work.problems.append(
            excluded[0].shape.problem("CAL711", "is excluded, and there is nothing to exclude it from")
        )
    return boxes_foreign(every, comments, work.problems)


def boxes_foreign(boxes: Array, comments: Sequence[str], problems: Sequence[Problem]) -> Foreign:
    """Return what a file holds for defects, of boxes (n, 4): first column, first row, width and height."""
    columns = {
        name: TextColumn(boxes[:, i].astype("i8"), "int64", "pix")
        for i, name in enumerate(("x0", "y0", "width", "height"))
    }
    named = tuple(comments) if any(comments) else ()
    return Foreign(tables=(columns,), row_comments=named, problems=tuple(problems))


def _piece(shape: Shape, work: _Work) -> _Piece | None:
    """Return the pixels of a shape; `None` where it cannot be used, which is a problem."""
    problem = shape_problem(shape)
    if problem is not None:
        work.problems.append(problem)
        return None
    boxes = exact_boxes(shape)
    if boxes is not None:
        return _Piece(shape, boxes, None)
    try:
        mask = mask_of_region(shape.region if shape.region is not None else region_of(shape))
    except CuratedError as error:
        work.problems.append(shape.problem("CAL711", f"cannot be rasterised: {error.message}", error.hint))
        return None
    found_boxes = rectangles_of(mask.values)
    found_boxes[:, 0] += mask.x0
    found_boxes[:, 1] += mask.y0
    return _Piece(shape, found_boxes, mask)


def shape_problem(shape: Shape) -> Problem | None:
    """Return what keeps a shape from being used; `None` for nothing."""
    if shape.region is not None:
        return None
    least, most = _NEEDED[shape.kind]
    count = len(shape.numbers)
    if count < least or (most and count > most) or (shape.kind == "polygon" and count % 2):
        return shape.problem("CAL711", f"has {count} numbers")
    wrong = next((n for n in shape.numbers if not math.isfinite(n) or abs(n) > _MOST_COORDINATE), None)
    if wrong is not None:
        return shape.problem("CAL711", f"has the number {wrong:g}, which is none of pixels")
    sizes = sizes_of(shape)
    if any(size < 0 for size in sizes) or (sizes and min(sizes) <= 0):
        return shape.problem(
            "CAL711", f"has a size of {brief(min(sizes))}", "give it a size above zero, or remove it"
        )
    if shape.kind.endswith("annulus"):
        half = len(sizes) // 2
        if any(inner >= outer for inner, outer in zip(sizes[:half], sizes[half:], strict=True)):
            return shape.problem("CAL711", "is not larger outside than inside")
    return None


def sizes_of(shape: Shape) -> tuple[float, ...]:
    """Return the sizes of a shape: the numbers that are neither coordinates nor angles."""
    ends = {"box": 4, "circle": 3, "ellipse": 4, "annulus": 4, "elliptannulus": 6, "boxannulus": 6}
    return shape.numbers[2 : ends[shape.kind]] if shape.kind in ends else ()


def exact_boxes(shape: Shape) -> Array | None:
    """Return the box of a point, or of a rectangle whose edges are those of pixels; `None` for any other shape."""
    if shape.kind == "point":
        column, row = (math.floor(number + 0.5) for number in shape.numbers)
        return np.array([[column, row, 1, 1]], "i8")
    if shape.kind != "box":
        return None
    x, y, width, height = shape.numbers[:4]
    turns = (shape.numbers[4] if len(shape.numbers) > 4 else 0.0) / 90
    if not turns.is_integer():
        return None
    if turns % 2:
        width, height = height, width
    x0, y0 = x - (width - 1) / 2, y - (height - 1) / 2
    if not all(float(number).is_integer() for number in (x0, y0, width, height)):
        return None
    return np.array([[x0, y0, width, height]], "i8")


def region_of(shape: Shape) -> Any:
    """Return a shape as an object of the package ``regions``.

    Raises
    ------
    CuratedError
        If that package is not there.
    """
    try:
        import astropy.units as u
        import regions
    except ImportError as error:
        raise CuratedError(
            f"the package 'regions' is needed for a {shape.kind}", "pip install 'curated-calibs[regions]'"
        ) from error
    numbers = shape.numbers
    centre = regions.PixCoord(*numbers[:2])
    sizes = sizes_of(shape)
    has_angle = len(numbers) == 2 + len(sizes) + 1
    angle = (numbers[-1] if has_angle else 0.0) * u.deg
    if shape.kind == "circle":
        return regions.CirclePixelRegion(centre, sizes[0])
    if shape.kind == "box":
        return regions.RectanglePixelRegion(centre, *sizes, angle)
    if shape.kind == "ellipse":
        return regions.EllipsePixelRegion(centre, 2 * sizes[0], 2 * sizes[1], angle)
    if shape.kind == "annulus":
        return regions.CircleAnnulusPixelRegion(centre, *sizes)
    if shape.kind == "polygon":
        return regions.PolygonPixelRegion(regions.PixCoord(np.array(numbers[::2]), np.array(numbers[1::2])))
    (inner_width, inner_height, outer_width, outer_height) = sizes
    is_box = shape.kind == "boxannulus"
    kind = regions.RectangleAnnulusPixelRegion if is_box else regions.EllipseAnnulusPixelRegion
    scale = 1 if is_box else 2
    # The package wants inner and outer width, then inner and outer height.
    pairs = (inner_width, outer_width, inner_height, outer_height)
    return kind(centre, *(scale * size for size in pairs), angle)


def _united(parts: Sequence[Array], size: tuple[int, int]) -> Array:
    """Return the boxes of all excluded shapes, each pixel as few times as possible."""
    every = _parts(np.concatenate([_NO_BOXES, *parts]), *size)
    return _redrawn(every) if len(every) > 1 and all(size) else every


def _redrawn(boxes: Array, others: Array = _NO_BOXES) -> Array:
    """Return the largest rectangles of the pixels of boxes that are in none of other boxes."""
    x0, y0 = boxes[:, :2].min(axis=0)
    x1, y1 = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    mask = np.zeros((y1 - y0, x1 - x0), bool)
    for part, value in ((boxes, True), (others, False)):
        for x, y, width, height in (part - [x0, y0, 0, 0]).tolist():
            mask[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = value
    remaining: Array = rectangles_of(mask) + np.array([x0, y0, 0, 0])
    return remaining


def _touch(boxes: Array, others: Array) -> bool:
    """Say whether any pixel is in a box of both."""
    ends, other_ends = boxes[:, :2] + boxes[:, 2:], others[:, :2] + others[:, 2:]
    is_shared = (boxes[:, None, :2] < other_ends[None]) & (others[None, :, :2] < ends[:, None])
    return bool(is_shared.all(axis=2).any())


def _note_order(work: _Work) -> None:
    """Note excluded shapes that other programs would not take out of shapes that follow them."""
    if not any(piece.shape.is_excluded for piece in work.pieces):
        return
    included = [_NO_BOXES if piece.shape.is_excluded else piece.boxes for piece in work.pieces]
    every = np.concatenate(included)
    ends = np.cumsum([len(boxes) for boxes in included])
    for piece, end in zip(work.pieces, ends.tolist(), strict=True):
        if piece.shape.is_excluded and _touch(piece.boxes, every[end:]):
            detail = "is excluded from the shapes after it as well, as DS9 does"
            hint = "put excluded shapes last: some programs exclude them only from those before them"
            work.problems.append(piece.shape.problem("CAL717", detail, hint))
            return


def _trimmed(boxes: Array, shape: Shape, areas: Sequence[RawArea], work: _Work) -> Array:
    """Return boxes of the raw image in pixels of the detector, and note a shape that has none."""
    part, _, _ = trim_boxes(boxes, areas)
    if len(boxes) and not len(part):
        work.problems.append(shape.problem("CAL716", "is in the overscan alone"))
    return _redrawn(part) if len(boxes) > 1 and len(part) else part  # parts may lie in each other


def _size(target: Target) -> tuple[int, int]:
    """Return columns and rows of the detector; 0 where they are not known."""
    return (target.detector.width, target.detector.height) if target.detector is not None else (0, 0)


def _reach(areas: Sequence[RawArea]) -> tuple[int, int]:
    """Return columns and rows of the smallest image that has all areas."""
    return max(area.x + area.width for area in areas), max(area.y + area.height for area in areas)


def _parts(boxes: Array, width: int, height: int) -> Array:
    """Return the parts of boxes in an image; an unknown size, 0, cuts nothing."""
    low = np.maximum(boxes[:, :2], 0)
    limit = (width or np.iinfo("i8").max, height or np.iinfo("i8").max)
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], limit)
    parts: Array = np.concatenate([low, high - low], axis=1)
    return parts[(parts[:, 2:] > 0).all(axis=1)]


def _clipped(piece: _Piece, image_size: tuple[int, int], work: _Work) -> Array:
    """Return the parts of a shape on the detector, and note what is beyond it; all of them if its size is not known."""
    boxes, shape = piece.boxes, piece.shape
    width, height = image_size
    part = _parts(boxes, width, height)
    if len(part) and (part[:, 2] * part[:, 3]).max() > _MOST_PIXELS:
        work.problems.append(shape.problem("CAL711", "is larger than any detector"))
        return part[:0]
    if np.array_equal(part, boxes):
        return boxes
    x, y = boxes[:, :2].min(axis=0)
    right, top = (boxes[:, :2] + boxes[:, 2:]).max(axis=0) - 1
    size = f" of {width} x {height}" if width and height else ""
    detail = f"covers columns {x} to {right}, rows {y} to {top} (from 0), which is beyond the detector{size}"
    if not len(part):
        work.problems.append(shape.problem("CAL712", detail))
    else:
        work.problems.append(
            shape.problem(
                "CAL716", f"{detail}; the part on it is kept", "see that it is drawn where it should be"
            )
        )
    # Parts of different rectangles may lie in each other.
    return _redrawn(part) if len(part) > 1 else part
