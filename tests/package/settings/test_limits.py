"""``limits:`` in curated.yaml and instrument.yaml: names that exist, and errors on their lines."""

from __future__ import annotations

from typing import Any

import pytest

from curated.package.config import parse_config
from curated.package.instrument import parse_instrument
from curated.package.settings.limits import measure_fault, parse_limits

FAULTS = """\
limits:
  defcts:
    pixels_gained: 3
  defects:
    pixel_gained: 3
    pixels_lost: -1
    masked_fraction_change: 5
  crosstalk: 7
  flat: {median_ratio: .nan}
  nothing: {}
instruments:
  cam:
    limits: {defects: {pixels_gaind: 1}}
"""


def test_all_faults_are_found_and_the_rest_is_kept() -> None:
    config = parse_config(FAULTS)
    assert config.limits == {("defects", "masked_fraction_change"): 5.0}
    assert config.instruments == {}
    assert [(d.code, d.line, d.message) for d in sorted(config.diagnostics)] == [
        ("CAL001", 2, "'defcts' is not a calibration type; did you mean 'defects'?"),
        ("CAL001", 5, "'pixel_gained' is not a measure of defects; did you mean 'pixels_gained'?"),
        ("CAL001", 6, "pixels_lost is -1, less than zero"),
        ("CAL001", 8, "crosstalk is 7, not a mapping"),
        ("CAL001", 9, "median_ratio is .nan, which YAML reads as nan, not a finite number"),
        ("CAL001", 10, "'nothing' is not a calibration type"),
        ("CAL001", 13, "'pixels_gaind' is not a measure of defects; did you mean 'pixels_gained'?"),
    ]


@pytest.mark.parametrize(
    "content", [[], 5, "defects", {5: {}}, {"defects": [1]}, {"defects": {"pixels_lost": "3"}}]
)
def test_what_the_schema_refuses(content: Any) -> None:
    instrument, problems = parse_instrument({"name": "cam", "limits": content}, "cam")
    assert [problem.code for problem in problems] == ["CAL002"]
    assert instrument.limits == {}


def test_limits_of_an_instrument() -> None:
    tree = {"name": "cam", "limits": {"DEFECTS": {"pixels_lost": 0}, "ptc": {"gain_change": 2.5}}}
    instrument, problems = parse_instrument(tree, "cam")
    assert problems == []
    assert instrument.limits == {("defects", "pixels_lost"): 0.0, ("ptc", "gain_change"): 2.5}


def test_a_type_of_two_names_has_one_limit() -> None:
    tree = {"defects": {"pixels_lost": 1}, "Defects": {"pixels_lost": 2}}
    limits, problems = parse_limits(tree, "CAL001")
    assert limits == {("defects", "pixels_lost"): 1.0}
    assert [p.detail for p in problems] == [
        "defects.pixels_lost has a limit already, under another name of the type"
    ]


def test_a_measure_without_a_similar_name_lists_all() -> None:
    fault = measure_fault("defects", "gain")
    assert "'gain' is not a measure of defects; these are: pixels_gained, pixels_lost" in fault
