"""The monitor finds what has changed in a package of metrics, and says what it has looked at."""

from datetime import date

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from curated.monitoring import monitor
from curated.monitoring.metric import Metric
from curated.monitoring.monitor import judge_series, load, select_files
from curated.monitoring.series import Boundary
from curated.monitoring.store import add_metrics
from curated.package.package import open_package


@pytest.fixture
def root(tmp_path):
    (tmp_path / "calibs/cam").mkdir(parents=True)
    (tmp_path / "curated.yaml").write_text("calibs: calibs\n")
    return tmp_path


def add(root, values, **options):
    """Add values of nights and amplifiers; NaN where there is none."""
    options = {"statistic": "NOISE", "unit": "electron", **options}
    metrics = [
        Metric(
            mjd=60310.2 + night, detector="d00", amplifier=f"C{amplifier:02d}", value=float(value), **options
        )
        for (night, amplifier), value in np.ndenumerate(values)
        if not np.isnan(value)
    ]
    add_metrics(open_package(root), "cam", {"bias": metrics})
    return metrics


def run(root, boundaries=(), names=("cam",), **options):
    package = open_package(root)
    loaded = load(package, select_files(package, *names), {("cam", "bias"): boundaries}, {})
    return judge_series(loaded, **options)


def noise(nights, amplifiers, seed=1):
    return np.random.default_rng(seed).normal(5.0, 0.1, (nights, amplifiers))


def step(nights=80, amplifiers=4):
    values = noise(nights, amplifiers)
    values[60:, 2] += 0.8
    return values


def test_a_step_is_an_alarm_with_its_size_and_what_was_before(root):
    add(root, step())
    result = run(root, one_in=3000)
    assert {(a.series.amplifier, a.chart) for a in result.alarms} == {
        ("C02", k) for k in ("shewhart", "ewma")
    }
    first = result.alarms[0]
    # The night of 2024-01-01 at 04:48 began on the day before.
    assert (first.night, first.chart, first.restart) == (date(2024, 2, 29), "shewhart", "")
    assert first.mean == pytest.approx(5.0, abs=0.05)
    assert first.sigma == pytest.approx(0.1, rel=0.3)
    assert first.value == pytest.approx(5.8, abs=0.3)
    assert first.shift > 4
    assert first.strength > 1
    assert (result.series, result.charts, result.nights, result.values) == (
        4,
        12,
        60,
        pytest.approx(240, abs=20),
    )
    assert (result.first, result.last) == (date(2023, 12, 31), date(2024, 3, 19))
    assert [limit.run_length for limit in result.limits] == [36000] * 3
    assert result.findings == ()


def test_a_restart_at_the_step_makes_no_alarm_and_one_elsewhere_is_named(root):
    add(root, step())
    new_bias = Boundary(
        60370.0, frozenset(["d00"]), frozenset(), "certification", "bias of 2024-03-01 begins"
    )
    assert run(root, [new_bias], one_in=3000).alarms == ()
    other = Boundary(60330.0, frozenset(), frozenset(), "event", "new electronics")
    assert run(root, [other], one_in=3000).alarms[0].restart == "2024-01-21 new electronics"


def test_alarms_before_a_date_are_left_out_and_their_nights_count_for_the_charts(root):
    add(root, step())
    every = run(root, one_in=3000)
    late = run(root, one_in=3000, since=date(2024, 3, 1))
    assert late.alarms == tuple(alarm for alarm in every.alarms if alarm.night >= date(2024, 3, 1))
    assert late.limits == every.limits
    assert 0 < late.nights <= 19


def test_the_family_is_what_is_looked_at(root):
    add(root, noise(40, 3))
    add(root, noise(40, 2, seed=2), statistic="MEAN")
    assert run(root).charts == 15
    assert run(root, names=("cam", "bias", "mean")).charts == 6
    assert run(root, kinds=("ewma",)).charts == 5


def test_blocks_of_series_do_not_change_the_result(root, monkeypatch):
    add(root, step())
    expected = run(root, one_in=10)
    monkeypatch.setattr(monitor, "BLOCK", 100)
    assert run(root, one_in=10) == expected
    assert expected.alarms


def test_what_cannot_be_charted_is_said(root):
    values = noise(60, 4)
    values[:, 0] = 3.0
    values[50, 0] = 4.0
    values[4, 1] = 1e6
    values[15:, 3] = np.nan
    add(root, values)
    add(root, noise(3, 1), statistic="MEAN", unit="adu")
    add(root, noise(3, 1), statistic="MEAN", unit="s", exposure="e")
    findings = {finding.code: finding.message for finding in run(root, one_in=1000).findings}
    assert findings == {
        "CAL887": "values in adu, s are charted apart",
        "CAL888": "d00 C01 on 2024-01-04",
        "CAL889": "d00 C00 on 2024-02-19",
        "CAL890": "3 of 6 series have no value after 20 others since a restart",
    }


def test_a_file_that_is_wrong_is_a_finding_and_the_others_are_charted(root):
    add(root, noise(60, 2))
    path = "calibs/cam/metrics/bias/NOISE/2024-02.csv"
    (root / path).write_text("gone\n")
    result = run(root)
    assert [(f.file, f.code) for f in result.findings] == [(path, "CAL881")]
    assert result.nights == 11


def test_series_too_short_for_any_chart_are_no_alarm(root):
    add(root, noise(2, 3))
    result = run(root)
    assert (result.alarms, result.charts, result.nights) == ((), 0, 0)
    assert [finding.code for finding in result.findings] == ["CAL890"]


def test_names_without_metrics_are_errors_that_name_the_others(root):
    with pytest.raises(CuratedError) as caught:
        run(root)
    assert "curated monitor --add" in caught.value.hint
    add(root, noise(2, 1))
    for names in (("mac",), ("cam", "dark"), ("cam", "bias", "MEAN")):
        with pytest.raises(CuratedError, match=f"no metrics of .* '{names[-1]}'") as caught:
            run(root, names=names)
        assert caught.value.hint.endswith({1: "cam", 2: "bias", 3: "NOISE"}[len(names)])
