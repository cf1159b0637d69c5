"""The files of a new instrument."""

from __future__ import annotations

import math
from datetime import datetime

import pytest

from curated.core.diagnostic import CuratedError
from curated.drafts.geometry import GeometryOptions, make_detectors
from curated.drafts.instrument import (
    CameraDraft,
    camera_text,
    declare_instrument,
    draft_camera,
    instrument_text,
    parse_filter,
)
from curated.package.instrument import parse_instrument
from curated.text.yaml.reader import load_yaml
from curated.types.crosstalk import Crosstalk

START = datetime(2026, 1, 1)


def draft(options: GeometryOptions, unknown: tuple[str, ...] = ()) -> tuple[str, CameraDraft | None]:
    detectors = make_detectors(options)
    filters = [parse_filter("g=g:480")]
    instrument = declare_instrument("Cam", detectors, filters, utc_offset=-4.5)
    return instrument_text(instrument, "a test"), draft_camera(
        instrument, detectors, filters, START, "a test", unknown
    )


def test_text_says_what_was_asked_for() -> None:
    text, _ = draft(GeometryOptions(detectors="R22_S00,N1", size="40x20", amplifiers="2", serials="X-1,X-2"))
    instrument, problems = parse_instrument(load_yaml(text)[0], "cam")
    assert problems == []
    assert (instrument.name, instrument.utc_offset, instrument.filters["g"].band) == ("Cam", -4.5, "g")
    first, second = instrument.detectors.values()
    assert (first.raft, first.slot, first.serial, first.width, first.height) == ("R22", "S00", "X-1", 40, 20)
    assert (second.raft, second.slot, second.amplifiers) == ("", "", ("C00", "C01"))


def test_nominal_values_come_from_the_camera() -> None:
    _, camera = draft(GeometryOptions(size="40x20", amplifiers="2", gain="1.5,1.6", read_noise="7"))
    assert camera is not None
    detector = camera.calib.detector("d00")
    assert [(a.gain, a.read_noise) for a in detector.amplifiers] == [(1.5, 7.0), (1.6, 7.0)]
    assert Crosstalk.fromDetector(detector).coeffs.shape == (2, 2)
    assert camera.calib.filter_wavelength.tolist() == [480.0]


def test_defaults_are_marked_above_their_table() -> None:
    _, camera = draft(GeometryOptions(size="40x20", gain="1.5"), ("read_noise", "pixel_size"))
    assert camera is not None
    lines = camera_text(camera).splitlines()
    assert "  DRAFT: 'fill in read_noise, pixel_size'" in lines
    assert lines[lines.index("detectors:") - 1] == "# FILL IN: pixel_size (mm)"
    assert lines[lines.index("amplifiers:") - 1].startswith("# FILL IN: read_noise; ")
    assert "gain" not in lines[lines.index("amplifiers:") - 1].partition(";")[0]


def test_known_values_leave_no_mark() -> None:
    _, camera = draft(GeometryOptions(size="40x20"))
    assert camera is not None
    assert "FILL IN" not in camera_text(camera)
    assert "DRAFT" not in camera.calib.metadata


def test_values_that_no_instrument_has_are_not_taken_over() -> None:
    _, camera = draft(GeometryOptions(size="40x20", amplifiers="2", saturation="27,60000"))
    assert camera is not None
    assert camera.implausible == ("saturation of d00 C00 (27)",)
    assert [a.saturation for a in camera.calib.detector(0).amplifiers] == [65535.0, 60000.0]
    assert "saturation of d00 C00 (27)" in camera.calib.metadata["DRAFT"]


def test_without_a_size_there_is_no_camera() -> None:
    assert draft(GeometryOptions(detectors="3"))[1] is None


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", "a b", "x" * 33, "é", "a\n", "a..b"])
def test_names_that_are_none_of_an_instrument(name: str) -> None:
    with pytest.raises(CuratedError, match="no name for an instrument"):
        declare_instrument(name, ())


@pytest.mark.parametrize(
    "text", ["", "=g", "a/b", "g=..", "g=g:", "g=g:nm", "g=g:-5", "g=g:inf", "g=g:nan", "*"]
)
def test_filters_that_are_none(text: str) -> None:
    with pytest.raises(CuratedError, match="--filter"):
        parse_filter(text)


def test_filters_with_and_without_bands() -> None:
    assert math.isnan(parse_filter("g").wavelength)
    option = parse_filter("r_57 = r : 622")
    assert (option.name, option.band, option.wavelength) == ("r_57", "r", 622.0)


def test_two_filters_in_one_directory() -> None:
    with pytest.raises(CuratedError, match="the directory 'r_57'"):
        declare_instrument("Cam", (), [parse_filter("r 57"), parse_filter("R_57")])
