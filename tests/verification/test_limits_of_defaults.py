"""Each test of exposures that comes with curated passes on a sound synthetic exposure, and fails on both sides of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curated.core.metadata import Metadata
from curated.declare.statistic import Frame, Sample
from curated.registry import get_type
from curated.types.defects import Defects
from curated.verification.tables import default_tests
from support.samples import (
    AMPLIFIER,
    COLUMNS,
    GAIN,
    READ_NOISE,
    before,
    overscan,
    pixels,
    residual,
    with_parts,
)

SIGNAL = 30_000.0
Samples = Callable[[], Sequence[Sample]]


def tracks(count: int) -> Any:
    image = pixels(3)
    rows, columns = np.random.default_rng(4).integers(0, 230, (2, count))
    for row, column in zip(rows, columns, strict=True):
        image[row : row + 4, column] += 400
    return image


def scan(**more: Any) -> Frame:
    return Frame(pixels(1), overscan=overscan(2, **more))


def shifted() -> Frame:
    frame = scan()
    frame.overscan[130:] += 30  # type: ignore[index]
    return frame


def waves(amplitude: float) -> Frame:
    return Frame(
        pixels(1), overscan=overscan(2, noise=0.5) + amplitude * np.sin(np.arange(260) / 10)[:, None]
    )


def flat(seed: int = 1, factor: float = 1.0, noise: float = READ_NOISE) -> Any:
    return pixels(seed, signal=SIGNAL * factor, noise=noise)


def corner(level: float) -> Any:
    image = pixels(5)
    image[:200, :200] += level
    image[200:, :] -= level
    return image


def smooth(image: Any) -> Any:
    return (image + np.roll(image, 1, axis=1)) / 2


def torn(depth: float) -> Any:
    image = flat()
    image[:, -1] *= 1 - depth
    return image


def patterned(amplitude: float, left: float) -> Sample:
    pattern = amplitude * np.sin(np.arange(COLUMNS) / 5)
    return replace(residual(pixels(6) + left * pattern), frames=(Frame(pixels(6) + pattern),))


def with_defects(*boxes: tuple[int, int, int, int], hot: Sequence[tuple[int, int, int, int]]) -> Sample:
    x0, y0, width, height = np.array(boxes, int).reshape(-1, 4).T
    product = Defects(metadata=Metadata({}), x0=x0, y0=y0, width=width, height=height)
    images = [pixels(n) for n in range(3)]
    for image in images:
        for x, y, width, height in hot:
            image[y : y + height, x : x + width] += 300
    return before(*images, product=product)


def ghost(level: float) -> Sample:
    source, target = pixels(1), pixels(2)
    source[100:130, 100:130] += 20_000
    target[100:130, 100:130] += level
    return with_parts(source, target)


def ramp(deviation: float) -> Sample:
    return residual(
        *(Frame(pixels(n, signal=4000 * n * (1 + deviation * (n == 9))), time=n) for n in (1, 4, 9))
    )


def eper(serial: float, parallel: float = 0.0) -> Sample:
    columns, rows = overscan(6, columns=20), overscan(7, rows=20, columns=COLUMNS)
    columns[:, 0] += SIGNAL / GAIN * serial * 241
    rows[0] += SIGNAL / GAIN * parallel * 261
    return before(Frame(flat(), overscan=columns, parallel_overscan=rows))


def correlated(part: float) -> Sample:
    images = [flat(n) for n in range(4)]
    return residual(*(image + part * (np.roll(image, 1, axis=0) - image) for image in images))


def dark(rate: float) -> Sample:
    return residual(Frame(pixels(9) + rate * 300 / GAIN, time=300.0))


BOX = (20, 30, 4, 4)

NOISE: dict[str, tuple[Samples, Samples]] = {
    "MEAN": (lambda: [residual(pixels(1) + 1)], lambda: [residual(pixels(1) + 7), residual(pixels(1) - 7)]),
    "NOISE": (
        lambda: [residual(pixels(1, noise=f * READ_NOISE)) for f in (0.97, 1, 1.03)],
        # A noise that is too low, of an amplifier that has lost its signal, passes cp_verify.
        lambda: [residual(pixels(1, noise=f * READ_NOISE)) for f in (0.1, 0.9, 1.1)],
    ),
    "CR-NOISE": (
        lambda: [residual(pixels(1)), residual(tracks(50))],
        lambda: [residual(np.where(pixels(2) > 8, 3 * pixels(2), pixels(2)))],
    ),
    "PROCESSING": (lambda: [residual(tracks(50))], lambda: [residual(tracks(400))]),
    "READ-NOISE-CONSISTENT": (
        lambda: [before(scan())],
        lambda: [before(scan(noise=f * READ_NOISE)) for f in (0.85, 1.15)],
    ),
    "MEAN-ELECTRONS": (
        lambda: [residual(pixels(1))],
        lambda: [residual(pixels(1) + 9), residual(pixels(1) - 9)],
    ),
    "NOISE-ELECTRONS": (
        lambda: [residual(pixels(1))],
        lambda: [residual(pixels(1) * 9), residual(pixels(1) / 99)],
    ),
    "CR-NOISE-ELECTRONS": (
        lambda: [residual(pixels(1))],
        lambda: [residual(pixels(1) * 9), residual(pixels(1) / 99)],
    ),
}

CASES: dict[tuple[str, str], tuple[Samples, Samples]] = {
    **{(kind, f"{kind.upper()}-{name}"): case for kind in ("bias", "dark") for name, case in NOISE.items()},
    ("bias", "BIAS-AMP-CORNER"): (
        lambda: [residual(pixels(1))],
        lambda: [residual(corner(9)), residual(corner(-9))],
    ),
    ("bias", "BIAS-SHIFT"): (lambda: [before(scan())], lambda: [before(shifted())]),
    ("bias", "BIAS-BANDING"): (lambda: [before(waves(0.5))], lambda: [before(waves(5))]),
    ("dark", "DARK-RATE"): (lambda: [dark(0.01)], lambda: [dark(0.2), dark(-0.2)]),
    ("dark", "DARK-ODD-EVEN"): (
        lambda: [residual(*(pixels(n) for n in range(6)))],
        lambda: [residual(*(pixels(n) + s * (n % 2) for n in range(6))) for s in (1, -1)],
    ),
    ("flat", "FLAT-NOISE"): (
        lambda: [residual(flat()), residual(pixels(1, signal=60))],
        lambda: [residual(flat(noise=120)), residual(smooth(flat()))],
    ),
    ("flat", "FLAT-SCATTER"): (
        lambda: [with_parts(flat(1, 0.98), flat(2, 1.0), flat(3, 1.02))],
        lambda: [with_parts(flat(1, 0.8), flat(2, 1.0), flat(3, 1.1))],
    ),
    ("flat", "FLAT-SCATTER-EXPOSURE"): (
        lambda: [with_parts(flat(1, 0.98), flat(2, 1.0), flat(3, 1.02))],
        lambda: [with_parts(flat(1, 0.8), flat(2, 1.0), flat(3, 1.1))],
    ),
    ("flat", "FLAT-PRNU"): (
        lambda: [before(flat())],
        lambda: [
            before(flat() * np.random.default_rng(1).normal(1, 0.08, (260, 240))),
            before(smooth(smooth(pixels(1, signal=900)))),
        ],
    ),
    ("flat", "FLAT-DIVISADERO"): (
        lambda: [before(torn(0.005))],
        lambda: [before(torn(0.05)), before(torn(-0.05))],
    ),
    **{
        (kind, f"{name}-NOISE-RATIO"): (lambda: [patterned(20, 0.1)], lambda: [patterned(20, -2.0)])
        for kind, name in (
            ("fringe", "FRINGE"),
            ("sky", "SKY"),
            ("illum", "ILLUMINATION"),
            ("straylight", "STRAYLIGHT"),
        )
    },
    **{
        (kind, f"{name}-MEAN"): (
            lambda: [residual(pixels(1))],
            lambda: [residual(pixels(1) + 90), residual(pixels(1) - 90)],
        )
        for kind, name in (("fringe", "FRINGE"), ("sky", "SKY"), ("straylight", "STRAYLIGHT"))
    },
    ("fringe", "FRINGE-MEDIAN"): (
        lambda: [residual(pixels(1))],
        lambda: [residual(pixels(1) + s * 12 * (np.arange(COLUMNS) < 60)) for s in (1, -1)],
    ),
    ("straylight", "STRAYLIGHT-RATE"): (lambda: [dark(0.1)], lambda: [dark(3), dark(-3)]),
    ("defects", "DEFECTS-UNMASKED-OUTLIERS"): (
        lambda: [with_defects(BOX, hot=[BOX])],
        lambda: [with_defects(hot=[BOX])],
    ),
    ("defects", "DEFECTS-UNCONFIRMED"): (
        lambda: [with_defects(BOX, hot=[BOX])],
        lambda: [with_defects(BOX, (100, 100, 9, 9), hot=[BOX])],
    ),
    ("crosstalk", "CROSSTALK-NO-SIGNIFICANT-DETECTION"): (lambda: [ghost(0)], lambda: [ghost(3), ghost(-3)]),
    ("crosstalk", "CROSSTALK-MEDIAN"): (
        lambda: [residual(pixels(1))],
        lambda: [residual(pixels(1) + s * 10 * (np.arange(COLUMNS) < 60)) for s in (1, -1)],
    ),
    **{
        (kind, name): (
            lambda: [before(*(flat(n) for n in range(4)))],
            lambda: [before(*(flat(n) * f for n in range(4))) for f in (0.85, 1.15)],
        )
        for kind, name in (
            ("ptc", "PTC-GAIN-PAIR"),
            ("gains", "GAIN-PAIR"),
            ("gain_correction", "GAIN-CORRECTION-PAIR"),
        )
    },
    ("gains", "GAIN-NOISE"): NOISE["READ-NOISE-CONSISTENT"],
    ("linearizer", "LINEARITY-RESIDUAL"): (lambda: [ramp(0.002)], lambda: [ramp(0.05), ramp(-0.05)]),
    ("bfk", "BFK-CORRELATION"): (lambda: [correlated(0)], lambda: [correlated(0.05), correlated(-0.05)]),
    ("cti", "CTI-SERIAL"): (lambda: [eper(1e-6)], lambda: [eper(2e-5), eper(-2e-5)]),
    ("cti", "CTI-PARALLEL"): (lambda: [eper(0, 1e-6)], lambda: [eper(0, 2e-5), eper(0, -2e-5)]),
}
SCATTER = CASES["flat", "FLAT-SCATTER"]
CASES["sky", "SKY-SCATTER"] = CASES["illum", "ILLUMINATION-SCATTER"] = SCATTER
CASES["gain_correction", "GAIN-CORRECTION-SCATTER"] = SCATTER


def verdicts(type_name: str, test_id: str, samples: Sequence[Sample]) -> list[str]:
    test = next(test for test in default_tests(type_name) if test.id == test_id)
    statistic = next(s for s in get_type(type_name).SPEC.statistics if s.name == test.statistic)
    return [test.verdict(statistic.compute(sample)) for sample in samples]


@pytest.mark.parametrize(("type_name", "test_id"), CASES, ids=lambda value: value)
def test_both_sides(type_name: str, test_id: str) -> None:
    sound, faulty = (make() for make in CASES[type_name, test_id])
    assert verdicts(type_name, test_id, sound) == ["pass"] * len(sound)
    assert verdicts(type_name, test_id, faulty) == ["fail"] * len(faulty)


def test_all_tests_of_exposures_are_here() -> None:
    sampled = {
        (name, test.id)
        for name in (
            "bias dark flat fringe sky illum straylight camera defects crosstalk ptc gains gain_correction"
            " linearizer bfk cti qe_curve"
        ).split()
        for test in default_tests(name)
        for statistic in get_type(name).SPEC.statistics
        if statistic.name == test.statistic and statistic.is_sampled
    }
    assert sampled == set(CASES)


def test_amplifiers_of_unknown_vendors_are_tested_alike() -> None:
    """PTC and flat pairs of cp_verify raise for detectors that are neither ITL nor E2V, in one of two spellings."""
    sample = before(*(flat(n) for n in range(4)))
    assert verdicts(
        "ptc", "PTC-GAIN-PAIR", [replace(sample, amplifier=replace(AMPLIFIER, name="segment-1"))]
    ) == ["pass"]
