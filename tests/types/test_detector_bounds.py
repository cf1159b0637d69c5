"""Tests of the bounds of what detectors have, in all types that have it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curated.registry import get_type, own_types
from support.plausibility import demo, problems_of, with_first


@pytest.mark.parametrize("name", sorted(name for name, cls in own_types().items() if cls.SPEC.bounds))
def test_every_bound_says_where_it_comes_from(name: str) -> None:
    for bound in get_type(name).SPEC.bounds:
        assert bound.source.endswith(".")
        assert bound.minimum is not None or bound.maximum is not None


@pytest.mark.parametrize(
    ("name", "field", "value", "place", "part"),
    [
        ("ptc", "gain", 150.0, ("gain", "C00"), "gain of C00 is 150 electron/adu, above 30 electron/adu"),
        ("ptc", "gain", 0.001, ("gain", "C00"), "below 0.01"),
        ("ptc", "noise", 900.0, ("noise", "C00"), "above 200 electron"),
        ("ptc", "noise", 0.0, ("noise", "C00"), "below 0.03 electron"),
        ("ptc", "ptcTurnoff", 5e6, ("ptcTurnoff", "C00"), "above 1.04858e+06 adu"),
        ("ptc", "ptcTurnoff", 2.0, ("ptcTurnoff", "C00"), "below 100 adu"),
        ("gain_correction", "gainAdjustments", 3.0, ("gainAdjustments", 0), "C00 is 3, above 2"),
        ("camera", "amplifier_gain", 200.0, ("amplifiers", 0, "gain"), "d00 C00 is 200"),
        ("camera", "amplifier_read_noise", 1e4, ("amplifiers", 0, "read_noise"), "above 200 electron"),
        ("camera", "amplifier_saturation", 1e7, ("amplifiers", 0, "saturation"), "above 1.04858e+06 adu"),
        ("camera", "amplifier_saturation", 12.0, ("amplifiers", 0, "saturation"), "below 100 adu"),
        ("camera", "pixel_size", 10.0, ("detectors", 0, "pixel_size"), "d00 is 10 mm, above 0.2 mm"),
        ("camera", "filter_wavelength", 4800.0, ("filters", 0, "wavelength"), "above 2500 nm"),
        ("linearizer", "inputGain", 80.0, ("amplifiers", "C00", "inputGain"), "above 30"),
        ("linearizer", "linearityMaxSignal", 1e9, ("amplifiers", "C00", "linearityMaxSignal"), "above 3e+06"),
        ("cti", "globalCti", 0.01, ("globalCti", "C00"), "C00 is 0.01, above 0.001"),
        ("cti", "driftScale", 0.5, ("driftScale", "C00"), "above 0.05"),
        ("cti", "serialCtiTurnoff", 3e8, ("serialCtiTurnoff", "C00"), "above 3e+06 electron"),
        ("cti", "inputGain", 99.0, ("inputGain", "C00"), "above 30"),
        ("electroBfDistortionMatrix", "aMatrix", 0.5, ("aMatrix",), "element 1, 1 is 0.5 1/electron"),
        ("electroBfDistortionMatrix", "aW", -0.01, ("aW",), "west element 1, 1 is 0.01"),
        ("ptc", "gain", np.inf, ("gain", "C00"), "gain of C00 is inf electron/adu, above 30 electron/adu"),
        ("bfk", "gain", -np.inf, ("gain", "C00"), "gain of C00 is -inf electron/adu, below 0.01"),
        ("camera", "detector_x", -8430.0, ("detectors", 0, "x"), "d00 is 8430 mm, above 2000 mm"),
        ("crosstalk", "fitGains", 1e4, ("fitGains", 0), "above 30 electron/adu"),
        ("crosstalk", "ampGainRatios", -1.0, ("ampGainRatios",), "amplifiers 1 to 1 is -1, below 0.1"),
        ("photodiode", "currentSamples", -50.0, ("currentSamples", 0), "is 50 A, above 0.1 A"),
        ("shutter", "actionDuration", 900.0, ("actionDuration", 0), "is 900 s, above 100 s"),
        ("shutter", "position", 7.5e5, ("position", 0), "above 5000 mm"),
        (
            "electroBfDistortionMatrix",
            "aMatrix",
            3e-6,
            ("aMatrix", 0),
            "a00 is 3e-06 1/electron, above 1e-06",
        ),
        ("electroBfDistortionMatrix", "gain", 0.0001, ("gain", "C00"), "below 0.01"),
    ],
)
def test_values_that_no_detector_has(
    name: str, field: str, value: float, place: tuple[Any, ...], part: str
) -> None:
    calib = demo(name)
    assert not problems_of(calib)
    wrong = replace(calib, **{field: with_first(getattr(calib, field), value)})  # type: ignore[type-var]
    problems = [problem for problem in problems_of(wrong) if problem.pointer == place]
    assert any(part in problem.detail for problem in problems), problems_of(wrong)
    # Levels at which fits of single amplifiers end are not certain enough for an error.
    codes = {
        p.detail: "CAL370" if p.pointer[0] == "ptcTurnoff" or p.detail.startswith("a00 ") else "CAL364"
        for p in problems_of(wrong)
    }
    assert {p.detail: p.code for p in problems_of(wrong)} == codes


def test_values_of_unusual_detectors() -> None:
    """An EMCCD at a gain of 300, an infrared array of 15 electron noise and a small well, a CTI that was not reached."""
    ptc: Any = demo("ptc")
    for gain, noise in ((0.016, 0.17), (2.2, 15.0), (0.11, 0.3), (8.0, 100.0)):
        assert not [
            p
            for p in problems_of(
                replace(ptc, gain=with_first(ptc.gain, gain), noise=with_first(ptc.noise, noise))
            )
            if p.code == "CAL364"
        ]
    cti: Any = demo("cti")
    assert not problems_of(replace(cti, serialCtiTurnoff=with_first(cti.serialCtiTurnoff, np.inf)))
    crosstalk: Any = demo("crosstalk")
    assert not problems_of(replace(crosstalk, fitGains=np.zeros_like(crosstalk.fitGains)))


def test_amplifiers_that_cannot_be_used_have_no_bounds() -> None:
    calib: Any = demo("ptc")
    wrong = replace(calib, gain=with_first(calib.gain, 150.0))
    assert [p.pointer for p in problems_of(wrong)] == [("gain", "C00"), ("ptcTurnoff", "C00")]
    assert not problems_of(replace(wrong, badAmps=np.array(["C00"])))


def test_corrections_of_a_third_of_the_signal() -> None:
    calib: Any = demo("linearizer")
    wrong = replace(
        calib,
        linearityType={**calib.linearityType, "C00": "Squared"},
        linearityCoeffs={**calib.linearityCoeffs, "C00": np.array([1e-5])},
    )
    problem = problems_of(wrong)[0]
    assert problem.pointer == ("amplifiers", "C00", "linearityCoeffs")
    assert "correction of C00 at a signal of 40000 is 0.4, above 0.3; and 2 more" in problem.detail


def test_tables_are_named_by_column_and_row() -> None:
    calib: Any = demo("ptc")
    second = list(calib.gain)[1]
    wrong = replace(calib, gain={**calib.gain, second: 150.0}, badAmps=np.zeros(0, str))
    assert problems_of(wrong, "ecsv")[0].pointer == ("GAIN", 1)


def test_a_finding_stands_for_all_values_of_a_quantity() -> None:
    calib: Any = demo("camera")
    wrong = replace(calib, amplifier_gain=calib.amplifier_gain * 100)
    gain = next(problem for problem in problems_of(wrong) if problem.detail.startswith("gain "))
    assert f"and {len(calib.amplifier_gain) - 1} more, such as" in gain.detail
    assert len(gain.detail) < 160
