"""Pages of metrics: what is drawn on which, and in files of which names."""

import math
from datetime import date

import numpy as np
import pytest

from curated.monitoring.limits import KINDS, family_limits
from curated.monitoring.monitor import Alarm, Group
from curated.monitoring.series import Boundary, Nights, Series
from curated.plots.metrics import plan_pages, write_pages


def group(values, names, boundaries=(), **changes):
    nights, count = values.shape
    series = [
        Series("cam", "bias", "NOISE", detector, amplifier, "", "electron")._replace(**changes)
        for detector, amplifier in names
    ]
    columns, rows = (
        index.ravel() for index in np.meshgrid(np.arange(count), np.arange(nights), indexing="ij")
    )
    flat = values.T.ravel()
    keep = np.isfinite(flat)
    times = rows + 60310.2
    return Group(
        "cam/metrics/bias/NOISE",
        Nights(series, np.arange(nights) + 60309, columns[keep], rows[keep], flat[keep], times[keep]),
        tuple(boundaries),
    )


def alarm(series):
    return Alarm(date(2024, 1, 20), series, "ewma", 5.0, 5.0, 0.1, 1.0, 1.1)


def test_a_page_for_each_detector_those_with_alarms_first():
    both = group(np.ones((3, 4)), [("d00", "A"), ("d00", "B"), ("d01", "A"), ("", "")])
    pages = plan_pages([both], [alarm(both.nights.series[2])])
    assert [(page.name, page.columns, page.is_alarmed) for page in pages] == [
        ("cam-bias-NOISE-d01", [2], True),
        ("cam-bias-NOISE-d00", [0, 1], False),
        ("cam-bias-NOISE", [3], False),
    ]


def test_names_of_files_are_safe_and_differ():
    hostile = group(np.ones((3, 3)), [("../../x", ""), (".. .. x", ""), ("D/X", "")])
    names = [page.name for page in plan_pages([hostile], [])]
    assert len({name.lower() for name in names}) == 3
    assert all("/" not in name and "\\" not in name for name in names)


@pytest.mark.parametrize("form", ["png", "svg"])
def test_drawings_of_any_series_are_files_of_their_form(tmp_path, form):
    values = np.random.default_rng(1).normal(5, 0.1, (60, 5))
    values[:, 1] = 3.0
    values[:, 2] *= 1e300
    values[2:, 3] = math.nan
    values[40:, 0] += 1
    boundaries = [
        Boundary(60330.0, frozenset(), frozenset(), "event", "$new_shutter$"),
        Boundary(60340.0, frozenset(["d00"]), frozenset(), "certification", "bias begins"),
    ]
    drawn = group(values, [("d00", f"C{a:02d}$") for a in range(5)], boundaries)
    alarms = [alarm(drawn.nights.series[0])]
    limits = [family_limits(kind, 15, 30) for kind in KINDS]
    pages = plan_pages([drawn], alarms)
    (path,) = write_pages(tmp_path / "a", pages, limits, alarms, form, 20)
    data = path.read_bytes()
    assert data.startswith({"png": b"\x89PNG", "svg": b"<?xml"}[form])
    (again,) = write_pages(tmp_path / "b", pages, limits, alarms, form, 20)
    assert again.read_bytes() == data
