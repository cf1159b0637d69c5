"""Rules on which files there are: misplaced ones, companions left over, and expected calibrations."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.check.package import check_package
from curated.check.rules.layout import misplaced_files, missing_calibrations, unnamed_companions
from curated.package.config import Config
from curated.package.instrument import Detector, Expected, Instrument
from curated.package.package import open_package
from support.contexts import context_of, problems_of

CASES = Path(__file__).parents[2] / "data"
TEXT, IMAGE = "cam/bias/d00/2020-01-01.yaml", "cam/bias/d00/2020-01-01.fits"
OTHER = "cam/bias/d00/other.fits"


def test_misplaced_files_are_those_of_the_layout() -> None:
    context = context_of({}, others=["cam/defects/2020-01-01.ecsv", "cam/nonsense/d00/2020-01-01.ecsv"])
    assert problems_of(misplaced_files, context) == [
        ("cam/defects/2020-01-01.ecsv", "CAL102"),
        ("cam/nonsense/d00/2020-01-01.ecsv", "CAL103"),
    ]


@pytest.mark.parametrize(
    ("companion", "codes"),
    [(IMAGE, [(OTHER, "CAL410")]), (OTHER, [(IMAGE, "CAL410")]), ("", [(OTHER, "CAL410")])],
)
def test_a_text_that_cannot_be_read_may_name_the_image_of_its_stem(companion: str, codes: list) -> None:
    context = context_of({TEXT: {"companion": companion}}, others=[IMAGE, OTHER])
    assert problems_of(unnamed_companions, context) == codes


def instrument(*expected: Expected) -> Instrument:
    detectors = {name: Detector(number, name) for number, name in enumerate(("d00", "d01"))}
    return Instrument("Cam", "cam", detectors, declared=True, expected=expected)


def test_what_is_expected_and_missing() -> None:
    files = {"cam/defects/d00/2020-01-01.ecsv": {}}
    others = ["cam/instrument.yaml"]
    cam = instrument(Expected("defects"), Expected("defects", ("d00",)), Expected("bfk"))
    context = context_of(files, declared={"cam": cam}, others=others)
    problems = [(path, p.code, p.pointer) for path, p in missing_calibrations(context)]
    assert problems == [
        ("cam/instrument.yaml", "CAL431", ("expected", 0)),
        ("cam/instrument.yaml", "CAL430", ("expected", 2)),
    ]
    overridden = Config(instruments={"cam": {"expected": []}})
    context = context_of(files, declared={"cam": cam}, others=others, config=overridden)
    path, problem = next(missing_calibrations(context))
    assert (path, problem.pointer) == ("curated.yaml", ("instruments", "cam", "expected", 0))


def test_what_is_expected_is_a_question_to_the_instrument() -> None:
    root = CASES / "bad" / "CAL430-type"
    for paths, count in (
        (["calibs/cam/instrument.yaml"], 2),
        (["calibs/cam"], 2),
        (["calibs/cam/defects"], 0),
    ):
        report = check_package(open_package(root), paths, use_cache=False, jobs=1)
        assert [d.code for d in report.diagnostics] == ["CAL430"] * count
