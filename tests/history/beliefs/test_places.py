"""Files of a product, recognised by the end of their paths."""

from __future__ import annotations

import pytest

from curated.core.keys import CalibKey
from curated.history.beliefs.places import FileStep, Locator, apply_steps
from curated.registry import get_type

DEFECTS = Locator(CalibKey("lab", "defects", "d00"), get_type("defects").SPEC)
FLAT = Locator(CalibKey("lab", "flat", "d00", "r"), get_type("flat").SPEC)
OPTICS = Locator(CalibKey("lab", "transmission_optics"), get_type("transmission_optics").SPEC)


@pytest.mark.parametrize(
    ("locator", "path", "place"),
    [
        (DEFECTS, "a/b/Lab/defects/D00/20200101T000000.ecsv", ("a/b", ("lab", "d00"))),
        (DEFECTS, "lab/defects/d00/2020-01-01T00:00:00.ecsv", ("", ("lab", "d00"))),
        (DEFECTS, "lab/DEFECTS/d00/20200101.ecsv", ("", ("lab", "d00"))),
        (DEFECTS, "lab/defects/20200101T000000.ecsv", None),
        (DEFECTS, "lab/linearizer/d00/20200101T000000.yaml", None),
        (DEFECTS, "lab/defects/d00/README.ecsv", None),
        (DEFECTS, "lab/defects/d00/20200101T000000.fits", None),
        (DEFECTS, "lab/defects/d00/20200101T000000.inputs.yaml", None),
        (DEFECTS, "20200101T000000.ecsv", None),
        (DEFECTS, "", None),
        (FLAT, "x/lab/flat/d00/SDSS r/20200101T000000.yaml", ("x", ("lab", "d00", "sdss_r"))),
        (FLAT, "x/lab/flat/d00/20200101T000000.yaml", None),
        (OPTICS, "x/lab/transmission_optics/20200101T000000.ecsv", ("x", ("lab",))),
    ],
)
def test_places(locator: Locator, path: str, place: object) -> None:
    assert locator.place(path) == place


def test_files_that_change_places() -> None:
    steps = [FileStep("a", "b", "1", "1"), FileStep("b", "a", "2", "2"), FileStep("c", "", "3", "")]
    assert apply_steps({"a": "1", "b": "2", "c": "3"}, steps) == {"b": "1", "a": "2"}
