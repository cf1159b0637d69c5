"""Templates of detectors and filters, and the declaration of headers in instrument.yaml."""

from __future__ import annotations

from typing import Any

import pytest

from curated.declare.settings import check_setting
from curated.package.instrument import parse_instrument
from curated.package.settings.header_mapping import HEADERS, HeaderMapping, fill_template, template_keywords


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("{RAFTBAY}_{CCDSLOT}", {"RAFTBAY": "R22", "CCDSLOT": "S11"}, "R22_S11"),
        ("{raftbay}_{ccdslot}", {"RAFTBAY": "R22", "CCDSLOT": "S11"}, "R22_S11"),
        ("{RAFTBAY}_{CCDSLOT}", {"RAFTBAY": "R22"}, None),
        ("{RAFTBAY}_{CCDSLOT}", {"RAFTBAY": "R22", "CCDSLOT": " "}, None),
        ("DETECTOR", {"DETECTOR": 0}, "0"),
        ("DETECTOR", {"DETECTOR": 7.0}, "7"),
        ("DETECTOR", {"DETECTOR": None}, None),
        ("FILTER", {"FILTER": " SDSS r "}, "SDSS r"),
        ("d{CCDNUM:02d}", {"CCDNUM": 3}, "d03"),
        ("d{CCDNUM:02d}", {"CCDNUM": 103}, "d103"),
        ("d{CCDNUM:2d}", {"CCDNUM": 3}, "d 3"),
        ("d{CCDNUM:02d}", {"CCDNUM": "N4"}, "dN4"),
        ("{ESO INS FILT1 NAME}", {"ESO INS FILT1 NAME": "B"}, "B"),
        # Values are never templates themselves.
        ("{FILTER}~{GRATING}", {"FILTER": "{GRATING}", "GRATING": "holo"}, "{GRATING}~holo"),
    ],
)
def test_templates(template: str, values: dict[str, Any], text: str | None) -> None:
    assert fill_template(template, values) == text


def test_keywords_of_templates() -> None:
    assert template_keywords("{RAFTBAY}_{ccdslot:02d}") == ["RAFTBAY", "CCDSLOT"]
    assert template_keywords("det-name") == ["DET-NAME"]
    assert {"INSTRUME", "RAFTBAY", "CCDSLOT", "TIMESYS", "DATE-OBS"} <= HeaderMapping().keywords


@pytest.mark.parametrize(
    ("tree", "places"),
    [
        ({"detector": ["{RAFTBAY}_{CCDSLOT}", "DETECTOR", "d{CCDNUM:02d}"], "scale": "TAI"}, []),
        ({"detector": "DETECTOR"}, [("detector",)]),
        (
            {"detector": ["{RAFTBAY", "a}b", "{}", "{0.__class__}", "{A!r}", "{A:x}"]},
            [("detector", i) for i in (0, 1, 2, 4, 5)],
        ),
        ({"begin": ["DATE=OBS", ""]}, [("begin", 0), ("begin", 1)]),
        ({"scale": "GPS"}, [("scale",)]),
        ({"filters": {"OPEN": ""}}, [("filters", "OPEN")]),
        ({"detectors": []}, [("detectors",)]),
    ],
)
def test_what_may_be_declared(tree: dict[str, Any], places: list[tuple[str | int, ...]]) -> None:
    assert [problem.pointer for problem in check_setting(HEADERS, tree, "CAL002")] == places


def test_a_template_reaches_no_attribute() -> None:
    assert fill_template("{0.__class__}", {"0": 1}) is None


def test_an_instrument_with_headers() -> None:
    tree = {
        "name": "Lab",
        "headers": {"names": ["LAB_CAMERA"], "filters": {"OPEN": "empty"}, "scale": "TAI"},
        "match": ["seqname", "SEQNAME", "SEQFILE"],
    }
    instrument, problems = parse_instrument(tree, "lab")
    assert not problems
    assert instrument.match == ("SEQNAME", "SEQFILE")
    assert (instrument.headers.names, instrument.headers.scale) == (("LAB_CAMERA",), "TAI")
    assert instrument.headers.instrument == HeaderMapping().instrument
    assert instrument.headers.declared
    assert not parse_instrument({"name": "Lab"}, "lab")[0].headers.declared


def test_an_error_in_headers_leaves_the_rest() -> None:
    tree = {
        "name": "Lab",
        "detectors": [{"id": 0, "name": "d00"}],
        "headers": {"scale": "GPS"},
        "match": ["SEQ=NAME", "SEQFILE"],
    }
    instrument, problems = parse_instrument(tree, "lab")
    assert [problem.pointer for problem in problems] == [("headers", "scale"), ("match", 0)]
    assert list(instrument.detectors) == ["d00"]
    assert (instrument.headers, instrument.match) == (HeaderMapping(), ("SEQFILE",))
