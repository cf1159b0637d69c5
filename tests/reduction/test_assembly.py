"""Assembly of raw images in three forms: all give the detector that they were made of."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.reduction.assembly import RawAmplifier, assemble
from curated.reduction.frame_file import FrameFile, FrameImage

WIDTH, HEIGHT = 4, 3
PRESCAN, OVERSCAN, PARALLEL = 2, 3, 1
FLIPS = list(itertools.product((False, True), repeat=2))


def amplifiers(flip_x: bool, flip_y: bool) -> list[RawAmplifier]:
    """Two rows of two amplifiers; those at the right and at the top are flipped the other way."""
    result = []
    for row, column in itertools.product(range(2), range(2)):
        box = Box(column * WIDTH, row * HEIGHT, WIDTH, HEIGHT)
        light = Box(PRESCAN, 0, WIDTH, HEIGHT)
        overscan = Box(PRESCAN + WIDTH, 0, OVERSCAN, HEIGHT)
        parallel = Box(PRESCAN, HEIGHT, WIDTH, PARALLEL)
        flips = flip_x != bool(column), flip_y != bool(row)
        size = PRESCAN + WIDTH + OVERSCAN, HEIGHT + PARALLEL
        result.append(RawAmplifier(f"C{row}{column}", box, light, overscan, parallel, *flips, *size))
    return result


DETECTOR = DetectorGeometry(
    "d0", 0, 2 * WIDTH, 2 * HEIGHT, tuple(Amplifier(a.name, a.box) for a in amplifiers(False, False))
)
PIXELS = np.arange(4 * WIDTH * HEIGHT, dtype="f4").reshape(2 * HEIGHT, 2 * WIDTH)


def raw_image(amplifier: RawAmplifier) -> np.ndarray:
    """The raw image of an amplifier, as it was read: its light as the detector has it, flipped back."""
    raw = np.full((amplifier.height, amplifier.width), -1, "f4")
    part = PIXELS[amplifier.box.slices]
    part = part[:, ::-1] if amplifier.flip_x else part
    raw[amplifier.light.slices] = part[::-1] if amplifier.flip_y else part
    raw[amplifier.serial_overscan.slices] = 1000 * np.arange(HEIGHT)[:, None] + np.arange(OVERSCAN)
    return raw


def frame_file(*images: FrameImage) -> FrameFile:
    return FrameFile("a.fits", "0" * 64, images, {})


@pytest.mark.parametrize(("flip_x", "flip_y"), FLIPS)
@pytest.mark.parametrize("names", ["C{}", "SEGMENT{}", "segment{}"])
def test_an_image_for_each_amplifier(flip_x: bool, flip_y: bool, names: str) -> None:
    raws = amplifiers(flip_x, flip_y)
    images = [FrameImage(names.format(a.name[1:]).upper(), raw_image(a), {}) for a in raws]
    frame = assemble(frame_file(*images[::-1]), DETECTOR, raws)
    assert frame.is_raw
    np.testing.assert_array_equal(frame.pixels, PIXELS)
    for amplifier in raws:
        rows = frame.overscans[amplifier.name]
        np.testing.assert_array_equal(rows, 1000 * np.arange(HEIGHT)[:, None] + np.arange(OVERSCAN))
        levels = 1000 * np.arange(HEIGHT) + OVERSCAN // 2
        np.testing.assert_array_equal(
            frame.levels[amplifier.name], levels[::-1] if amplifier.flip_y else levels
        )
        np.testing.assert_array_equal(
            frame.parallel_overscans[amplifier.name], np.full((PARALLEL, WIDTH), -1)
        )


@pytest.mark.parametrize("more", [0, 2])
@pytest.mark.parametrize(("flip_x", "flip_y"), FLIPS)
def test_raw_images_side_by_side(flip_x: bool, flip_y: bool, more: int) -> None:
    raws = [replace(a, width=a.width + more, height=a.height + more) for a in amplifiers(flip_x, flip_y)]
    tiles = [
        [raws[2 * row + column].flipped(raw_image(raws[2 * row + column])) for column in (0, 1)]
        for row in (0, 1)
    ]
    frame = assemble(frame_file(FrameImage("", np.block(tiles), {})), DETECTOR, amplifiers(flip_x, flip_y))
    assert frame.is_raw
    np.testing.assert_array_equal(frame.pixels, PIXELS)
    assert frame.overscans["C00"].shape == (HEIGHT, OVERSCAN)


def test_boxes_in_one_raw_image() -> None:
    mosaic = np.full((2 * HEIGHT + 1, 2 * WIDTH + 4), -1.0)
    raws = []
    for amplifier in amplifiers(False, False):
        place = Box(amplifier.box.x0 + 1, amplifier.box.y0, WIDTH, HEIGHT)
        mosaic[place.slices] = PIXELS[amplifier.box.slices]
        raws.append(
            RawAmplifier(
                amplifier.name,
                amplifier.box,
                place,
                *[Box(0, 0, 0, 0)] * 2,
                False,
                False,
                place.x0 + WIDTH,
                place.y0 + HEIGHT,
            )
        )
    frame = assemble(frame_file(FrameImage("", mosaic, {})), DETECTOR, raws)
    np.testing.assert_array_equal(frame.pixels, PIXELS)
    assert not frame.overscans


def test_a_corner_of_a_larger_image_is_not_taken() -> None:
    (amplifier, *_) = amplifiers(False, False)
    detector = DetectorGeometry("d1", 1, WIDTH, HEIGHT, (Amplifier("C00", amplifier.box),))
    raw = raw_image(amplifier)
    part = PIXELS[amplifier.box.slices]
    np.testing.assert_array_equal(
        assemble(frame_file(FrameImage("", raw, {})), detector, [amplifier]).pixels, part
    )
    with pytest.raises(CuratedError, match="neither the detector's 4 x 3 nor the raw"):
        assemble(frame_file(FrameImage("", np.tile(raw, (3, 2)), {})), detector, [amplifier])


def test_an_overscan_of_other_rows_gives_one_level() -> None:
    raws = [
        replace(a, serial_overscan=Box(PRESCAN + WIDTH, 1, OVERSCAN, HEIGHT - 1))
        for a in amplifiers(False, True)
    ]
    images = [FrameImage(a.name, raw_image(a), {}) for a in amplifiers(False, True)]
    frame = assemble(frame_file(*images), DETECTOR, raws)
    assert (
        frame.levels["C00"].tolist()
        == [np.median(raw_image(amplifiers(False, True)[0])[1:HEIGHT, PRESCAN + WIDTH :])] * HEIGHT
    )


def test_an_assembled_image_is_taken_as_it_is() -> None:
    frame = assemble(frame_file(FrameImage("", PIXELS, {})), DETECTOR, amplifiers(False, True))
    np.testing.assert_array_equal(frame.pixels, PIXELS)
    assert not frame.is_raw


@pytest.mark.parametrize(
    ("images", "raws", "message"),
    [
        (
            [FrameImage("", PIXELS[:-1], {})],
            amplifiers(False, False),
            "neither the detector's 8 x 6 nor the raw",
        ),
        ([FrameImage("", PIXELS[:-1], {})], [], "an image of 8 x 5 pixels, detector d0 8 x 6"),
        (
            [FrameImage("X", PIXELS, {}), FrameImage("Y", PIXELS, {})],
            amplifiers(False, False),
            "no image of amplifier C00",
        ),
        (
            [FrameImage(f"C{name}", PIXELS[:2], {}) for name in ("00", "01", "10", "11")],
            amplifiers(False, False),
            "at least 9 x 4",
        ),
        ([FrameImage("X", PIXELS, {}), FrameImage("Y", PIXELS, {})], [], "2 images of 8 x 6 pixels"),
    ],
)
def test_other_sizes_and_names_are_refused(
    images: list[FrameImage], raws: list[RawAmplifier], message: str
) -> None:
    with pytest.raises(CuratedError, match=message) as caught:
        assemble(frame_file(*images), DETECTOR, raws)
    assert caught.value.hint
