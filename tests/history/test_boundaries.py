"""Charts restart where calibrations change, and at events."""

import pytest

from curated.check.instruments import read_instruments
from curated.history.boundaries import find_boundaries
from curated.package.package import open_package
from support.packages import defects_path, defects_text

EVENTS = """\
metadata: {INSTRUME: lab, OBSTYPE: events, CALIBDATE: 2020-01-01T00:00:00}
events:
- {date: '2022-05-01T12:00:00', what: New shutter, affects: [defects, flat], detectors: [D01]}
- {date: '2022-06-01T00:00:00', what: Nothing of this, affects: [dark]}
- {date: '2022-07-01T00:00:00', what: Typo, affects: [defcets]}
"""


@pytest.fixture
def package(tmp_path):
    files = {
        "curated.yaml": "calibs: calibs\n",
        "calibs/lab/events/20200101T000000.yaml": EVENTS,
        defects_path(0, "20200101T000000"): defects_text(detector=0, date="2020-01-01T00:00:00"),
        defects_path(0, "20210101T000000"): defects_text(detector=0, date="2021-01-01T00:00:00"),
        defects_path(1, "20200101T000000"): defects_text(detector=1, date="2020-01-01T00:00:00"),
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return open_package(tmp_path)


def test_certifications_and_events_of_the_types_that_are_asked_for(package):
    boundaries = find_boundaries(package, read_instruments(package)[0], {("lab", "defects")})
    rows = {(round(b.mjd, 3), *sorted(b.detectors), b.kind, b.label) for b in boundaries[("lab", "defects")]}
    assert rows == {
        (58849.0, "d00", "certification", "defects of 2020-01-01T00:00:00 begins"),
        (58849.0, "d01", "certification", "defects of 2020-01-01T00:00:00 begins"),
        (59215.0, "d00", "certification", "defects of 2020-01-01T00:00:00 ends"),
        (59215.0, "d00", "certification", "defects of 2021-01-01T00:00:00 begins"),
        (59700.5, "d01", "event", "New shutter"),
    }


def test_a_type_without_calibrations_restarts_at_events_alone(package):
    boundaries = find_boundaries(package, {}, {("lab", "flat"), ("other", "flat")})
    assert [b.label for b in boundaries[("lab", "flat")]] == ["New shutter"]
    assert boundaries[("other", "flat")] == []
