"""The verification of one calibration: its tests, on itself and on frames that it is applied to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from curated.calib import Calib
from curated.core.geometry import Amplifier, DetectorGeometry
from curated.core.units import converts, factor
from curated.declare.statistic import Estimate, NotRunError, Sample, Statistic
from curated.measurement.frames import FramePair, amplifier_frame
from curated.registry import statistic_distributions
from curated.verification.verification_test import TestResult, VerificationTest

_FRAMES = frozenset({"residual", "frames"})

FindStatistic = Callable[[str], Statistic | None]
"""Returns a statistic by its name."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is verified.

    Parameters
    ----------
    detector : `DetectorGeometry`, optional
        Its detector, with gains, read noise and saturation in force; `None` for types without one.
    """

    product: Calib
    detector: DetectorGeometry | None = None

    @property
    def detector_name(self) -> str:
        """Name of the detector; empty without one."""
        return self.detector.name if self.detector is not None else ""


def run_tests(
    subject: Subject,
    tests: Sequence[VerificationTest],
    pairs: Iterable[FramePair],
    find_statistic: FindStatistic,
) -> tuple[TestResult, ...]:
    """Run tests of a calibration.

    Statistics of frames are taken of each exposure, or of all together where they compare exposures. A test that lacks
    what it is computed from gives one result, ``not run``, that says why. Exposures are taken one after the other, and
    kept only where a test compares them.

    Parameters
    ----------
    pairs : iterable [`FramePair`]
        Exposures before and after the calibration was applied; empty where there are none.
    find_statistic : callable
        Returns a statistic by its name, or `None`.

    Returns
    -------
    results : `tuple` [`TestResult`]
        In the order of the tests, and for each in that of the exposures.
    """
    results: list[list[TestResult]] = [[] for _ in tests]
    each: list[tuple[int, VerificationTest, Statistic]] = []
    together: list[tuple[int, VerificationTest, Statistic]] = []
    for index, test in enumerate(tests):
        statistic = find_statistic(test.statistic)
        reason = _obstacle(test, statistic)
        if statistic is None or reason:
            results[index].append(TestResult(test=test, detector=subject.detector_name, reason=reason))
        elif not _FRAMES & set(statistic.needs):
            results[index] += _of_sample(subject, test, statistic, ())
        else:
            (each if statistic.of_each_exposure else together).append((index, test, statistic))
    count = 0
    kept = []
    for pair in pairs:
        count += 1
        for index, test, statistic in each:
            results[index] += _of_sample(subject, test, statistic, [pair])
        if together:
            kept.append(pair)
    for index, test, statistic in (*together, *(() if count else each)):
        if count:
            results[index] += _of_sample(subject, test, statistic, kept)
        else:
            reason = "no exposures were given"
            results[index].append(TestResult(test=test, detector=subject.detector_name, reason=reason))
    return tuple(result for group in results for result in group)


def _obstacle(test: VerificationTest, statistic: Statistic | None) -> str:
    """Return why a test cannot be run whatever there is; empty if it can."""
    if statistic is None:
        return f"there is no statistic {test.statistic}"
    if test.level not in statistic.levels:
        return f"{statistic.name} is no statistic of the level {test.level}"
    return ""


def _of_sample(
    subject: Subject, test: VerificationTest, statistic: Statistic, pairs: Sequence[FramePair]
) -> Iterator[TestResult]:
    exposure = pairs[0].name if len(pairs) == 1 else ""
    for amplifier, sample in _samples(subject, test, statistic, pairs):
        blank = TestResult(test=test, detector=subject.detector_name, amplifier=amplifier, exposure=exposure)
        yield _measured(blank, statistic, sample)


def _samples(
    subject: Subject, test: VerificationTest, statistic: Statistic, pairs: Sequence[FramePair]
) -> Iterator[tuple[str, Sample]]:
    """Yield the name of the amplifier, or an empty one, and the sample of each part that a test is of."""
    amplifiers: Sequence[Amplifier] = subject.detector.amplifiers if subject.detector is not None else ()
    if test.level == "amplifier":
        for amplifier in amplifiers:
            yield amplifier.name, _sample(subject, pairs, statistic, amplifier)
        if not amplifiers:
            yield "", replace(_sample(subject, (), statistic, None), detector=None)
        return
    whole = _sample(subject, pairs, statistic, None)
    if "parts" in statistic.needs:
        parts = {a.name: _sample(subject, pairs, statistic, a) for a in amplifiers}
        whole = replace(whole, parts=parts)
    yield "", whole


def _sample(
    subject: Subject, pairs: Sequence[FramePair], statistic: Statistic, amplifier: Amplifier | None
) -> Sample:
    detector = subject.detector
    name = amplifier.name if amplifier is not None else ""
    residual, frames = [], []
    if detector is not None:
        # Parts alone are looked at by statistics of parts, and then frames of the whole are not.
        if "residual" in statistic.needs:
            residual = [amplifier_frame(pair, "after", name, detector) for pair in pairs]
        if "frames" in statistic.needs:
            frames = [amplifier_frame(pair, "before", name, detector) for pair in pairs]
    return Sample(subject.product, detector, amplifier, residual, frames)


def _measured(result: TestResult, statistic: Statistic, sample: Sample) -> TestResult:
    test = result.test
    if test.level == "amplifier" and sample.amplifier is None:
        return replace(result, reason="the amplifiers of the detector are not known")
    try:
        estimate = statistic.compute(sample)
    except NotRunError as error:
        return replace(result, reason=str(error))
    except Exception as error:
        origin = statistic_distributions().get(statistic.name)
        if origin is None:
            raise
        # The code of another package may raise anything, and the other tests are run all the same.
        return replace(result, reason=f"{statistic.name} of {origin}: {type(error).__name__}: {error}")
    if not converts(statistic.unit, test.unit):
        return replace(
            result, reason=f"{statistic.name} is in {statistic.unit or '1'}, the limit in {test.unit or '1'}"
        )
    scale = factor(statistic.unit, test.unit)
    value, error_of_value = estimate.value * scale, estimate.error * abs(scale)
    if math.isnan(value):
        return replace(result, reason="no pixel or value is left to compute it from")
    verdict = test.verdict(Estimate(value, error_of_value))
    return replace(result, value=value, error=error_of_value, verdict=verdict)
