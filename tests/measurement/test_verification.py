"""Running tests: verdicts of each part and exposure, and a reason where a test cannot be run."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare.statistic import Estimate, Level, NotRunError, Sample, Statistic
from curated.measurement.frames import FramePair
from curated.measurement.verification import Subject, run_tests
from curated.reduction.correction import CorrectedFrame
from curated.registry import Distribution
from curated.types.bias import Bias
from curated.verification.verification_test import VerificationTest

DETECTOR = DetectorGeometry(
    "d0", 0, 8, 4, (Amplifier("A", Box(0, 0, 4, 4), read_noise=5.0), Amplifier("B", Box(4, 0, 4, 4)))
)
PRODUCT = Bias.from_pixels(np.zeros((4, 8), "f4"), metadata={"INSTRUME": "Demo"}, unit="adu")
SUBJECT = Subject(PRODUCT, DETECTOR)


def pair(name: str, left: float, right: float) -> FramePair:
    """An exposure whose halves have a level each; the calibration takes 100 from it."""
    pixels = np.repeat([[left] * 4 + [right] * 4], 4, axis=0).astype("f4")
    usable = np.ones((4, 8), bool)
    return FramePair(name, CorrectedFrame(pixels + 100, usable), CorrectedFrame(pixels, usable))


def statistic(
    name: str,
    needs: tuple,
    compute,
    levels: tuple[Level, ...] = ("amplifier", "detector"),
    *,
    each: bool = True,
):
    return Statistic(
        name=name,
        unit="adu",
        levels=levels,
        needs=needs,
        formula="-",
        source="-",
        compute=compute,
        of_each_exposure=each,
    )


def mean_of(frames) -> float:
    return float(np.mean([frame.values.mean() for frame in frames]))


def read_noise(sample: Sample) -> Estimate:
    if sample.amplifier is None or math.isnan(sample.amplifier.read_noise):
        raise NotRunError("the read noise is not known")
    return Estimate(sample.amplifier.read_noise)


STATISTICS = {
    s.name: s
    for s in (
        statistic("residual_mean", ("residual",), lambda s: Estimate(mean_of(s.residual), 0.5)),
        statistic("raw_mean", ("frames",), lambda s: Estimate(mean_of(s.frames))),
        statistic("mean_of_all", ("residual",), lambda s: Estimate(mean_of(s.residual)), each=False),
        statistic(
            "scatter",
            ("residual", "parts"),
            lambda s: Estimate(float(np.std([mean_of(p.residual) for p in s.parts.values()]))),
            ("detector",),
        ),
        statistic("read_noise", ("read_noise",), read_noise, ("amplifier",)),
        statistic("level", ("product",), lambda s: Estimate(float(s.product.image.mean()))),
        statistic("nothing", ("residual",), lambda _: Estimate(math.nan)),
    )
}


def row(name: str, *limits: float, level: Level = "amplifier", unit: str = "adu") -> VerificationTest:
    operator = "within" if len(limits) == 2 else "<="
    return VerificationTest(
        id=name.upper(), level=level, statistic=name, operator=operator, limits=limits, unit=unit
    )


def run(
    *tests: VerificationTest, pairs: list[FramePair] | None = None
) -> list[tuple[str, str, str, float, str, str]]:
    frames = [pair("a.fits", 1, 3), pair("b.fits", 2, 9)] if pairs is None else pairs
    results = run_tests(SUBJECT, tests, frames, STATISTICS.get)
    return [(r.test.id, r.amplifier, r.exposure, r.value, r.verdict, r.reason) for r in results]


def test_each_amplifier_of_each_exposure() -> None:
    assert run(row("residual_mean", -7, 7)) == [
        ("RESIDUAL_MEAN", "A", "a.fits", 1.0, "pass", ""),
        ("RESIDUAL_MEAN", "B", "a.fits", 3.0, "pass", ""),
        ("RESIDUAL_MEAN", "A", "b.fits", 2.0, "pass", ""),
        ("RESIDUAL_MEAN", "B", "b.fits", 9.0, "fail", ""),
    ]


def test_before_the_calibration_is_applied() -> None:
    assert [r[3] for r in run(row("raw_mean", 200))] == [101.0, 103.0, 102.0, 109.0]


def test_all_exposures_together_and_the_detector_as_a_whole() -> None:
    assert run(
        row("mean_of_all", 5), row("residual_mean", 4, level="detector"), row("scatter", 2, level="detector")
    ) == [
        ("MEAN_OF_ALL", "A", "", 1.5, "pass", ""),
        ("MEAN_OF_ALL", "B", "", 6.0, "fail", ""),
        ("RESIDUAL_MEAN", "", "a.fits", 2.0, "pass", ""),
        ("RESIDUAL_MEAN", "", "b.fits", 5.5, "pass", ""),
        ("SCATTER", "", "a.fits", 1.0, "pass", ""),
        ("SCATTER", "", "b.fits", 3.5, "fail", ""),
    ]


def test_units_are_those_of_the_limit() -> None:
    (result,) = run(row("level", 1, level="detector", unit="kadu"), pairs=[])
    assert result[4:] == ("pass", "")


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        (row("unknown", 1), "there is no statistic unknown"),
        (row("scatter", 1), "scatter is no statistic of the level amplifier"),
        (row("level", 1, level="detector", unit="s"), "level is in adu, the limit in s"),
        (row("nothing", 1, level="detector"), "no pixel or value is left to compute it from"),
    ],
)
def test_what_cannot_be_run_says_why(test: VerificationTest, reason: str) -> None:
    results = run(test)
    assert results
    assert {(verdict, text) for *_, verdict, text in results} == {("not run", reason)}


def test_without_exposures_nothing_that_needs_them_is_run() -> None:
    results = run(row("residual_mean", 7), row("read_noise", 6), pairs=[])
    assert results[0][4:] == ("not run", "no exposures were given")
    assert results[1][3:] == (5.0, "pass", "")
    assert results[2][4:] == ("not run", "the read noise is not known")


def test_one_exposure_is_held_at_a_time() -> None:
    alive: list[str] = []

    def pairs() -> Iterator[FramePair]:
        for name in ("a.fits", "b.fits", "c.fits"):
            alive.append(name)
            yield pair(name, 1, 1)

    results = run_tests(SUBJECT, [row("residual_mean", 7)], pairs(), STATISTICS.get)
    assert [r.exposure for r in results] == [name for name in alive for _ in "AB"]


def test_a_calibration_without_a_detector() -> None:
    subject = Subject(PRODUCT)
    (whole,) = run_tests(subject, [row("level", 1, level="detector")], [], STATISTICS.get)
    (part,) = run_tests(subject, [row("level", 1)], [], STATISTICS.get)
    assert (whole.verdict, part.verdict) == ("pass", "not run")
    assert part.reason == "the amplifiers of the detector are not known"


def test_a_statistic_of_another_package_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Sample) -> Estimate:
        raise ZeroDivisionError("by nothing")

    halo = statistic("halo", ("residual",), broken)
    test = VerificationTest(
        id="T", level="detector", statistic="halo", operator="<", limits=(1.0,), unit="adu", source="-"
    )
    with pytest.raises(ZeroDivisionError):
        run_tests(SUBJECT, [test], [pair("e", 1, 2)], {"halo": halo}.get)
    monkeypatch.setattr(
        "curated.measurement.verification.statistic_distributions",
        lambda: {"halo": Distribution("halos", "1.0")},
    )
    (result,) = run_tests(SUBJECT, [test], [pair("e", 1, 2)], {"halo": halo}.get)
    assert (result.verdict, result.reason) == ("not run", "halo of halos 1.0: ZeroDivisionError: by nothing")
