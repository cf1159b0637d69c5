"""Charts keep their promise of false alarms, find shifts, and survive every series."""

import math
import time

import numpy as np
import pytest

from curated.monitoring.charts import run_charts
from curated.monitoring.limits import KINDS, Limits, family_limits, solve_limits
from curated.monitoring.single_charts import cusum, ewma


def without_restarts(values):
    return np.zeros(np.shape(values), dtype=bool)


def noise(nights, series=1, seed=0, **options):
    return np.random.default_rng(seed).normal(size=(nights, series), **options)


def test_noise_of_a_camera_gives_no_more_false_alarms_than_promised():
    for kinds, nights, series in ((KINDS, 30, 3024), (("ewma",), 0.5, 1000)):
        values = noise(365, series, seed=3)
        limits = [family_limits(kind, series * len(kinds), nights) for kind in kinds]
        start = time.process_time()
        charts = run_charts(values, without_restarts(values), limits)
        assert time.process_time() - start < 10
        promised = charts.charted.any(axis=1).sum() / nights
        count = len(charts.signals.nights)
        # Alarms of several charts of one series come together, hence the factor.
        assert count <= promised + 3.5 * math.sqrt(promised * len(kinds))
        assert count >= 0.5 * promised


def test_a_chart_of_each_kind_keeps_its_rate_alone():
    values = noise(200, 2000, seed=4)
    for kind in KINDS:
        charts = run_charts(values, without_restarts(values), [solve_limits(kind, 500.0)])
        promised = charts.charted.sum() / 500
        assert abs(len(charts.signals.nights) - promised) < 5 * math.sqrt(promised)


@pytest.mark.parametrize(
    ("kind", "width", "setting", "length"), [("ewma", 2.859, 0.2, 9.8), ("cusum", 4.77, 0.5, 9.9)]
)
def test_a_step_is_found_within_the_average_run_length_of_the_table(kind, width, setting, length):
    """With the mean and the standard deviation known; then with those of 200 nights, at the same limits."""
    values = noise(400, 2000, seed=5) + 1.0
    if kind == "ewma":
        is_beyond = np.abs(ewma(values, 0.0, setting)) > width * math.sqrt(setting / (2 - setting))
    else:
        is_beyond = np.maximum(*cusum(values, 0.0, setting)) > width
    runs = is_beyond.argmax(axis=0) + 1
    assert runs.mean() < length + 3 * runs.std() / math.sqrt(runs.size)

    values = noise(260, 1000, seed=6, loc=7.0, scale=1e-3)
    values[200:] += 1e-3
    charts = run_charts(values, without_restarts(values), [Limits(kind, width, setting, 370.0)])
    late = charts.signals.nights >= 200
    first = {}
    for night, series in zip(charts.signals.nights[late], charts.signals.series[late], strict=True):
        first.setdefault(series, night - 199)
    assert len(first) > 930
    assert np.median(list(first.values())) <= length
    shifts = charts.signals.shifts[late]
    assert 0.7 < np.median(shifts) < 1.7


def test_a_step_is_one_signal_and_the_new_level_is_learned():
    values = noise(200, 50, seed=7, scale=0.5)
    values[100:] += 5.0
    charts = run_charts(values, without_restarts(values), [family_limits("ewma", 50, 3000)])
    assert sorted(charts.signals.series) == list(range(50))
    assert set(charts.signals.nights) <= {101, 102, 103}
    assert (charts.signals.strengths > 1).all()
    assert charts.signals.centres == pytest.approx(0.0, abs=0.3)
    assert charts.signals.sigmas == pytest.approx(0.5, rel=0.5)


def test_one_bad_night_is_a_signal_of_shewhart_and_moves_no_level():
    values = noise(200, 50, seed=8)
    values[100] -= 1000.0
    charts = run_charts(values, without_restarts(values), [family_limits(kind, 50, 3000) for kind in KINDS])
    signals = charts.signals
    assert signals.nights[signals.kinds == 0].tolist() == [100] * 50
    assert (signals.strengths < -1).all()
    # But for the few whose level was low by chance already.
    assert (signals.kinds > 0).sum() <= 5
    assert charts.charted[101:].mean() > 0.95


def test_a_restart_forgets_the_level():
    values = noise(120, 20, seed=9)
    values[60:] += 30.0
    restarts = without_restarts(values)
    restarts[60, :10] = True
    charts = run_charts(values, restarts, [family_limits("shewhart", 20, 100)])
    assert set(charts.signals.series) == set(range(10, 20))
    assert not charts.charted[60:80, :10].any()
    assert charts.charted[80:, :10].all()


def test_missing_values_are_as_if_the_night_had_not_been():
    values = noise(150, 6, seed=10, scale=3)
    values[120:] += 9.0
    gaps = np.full((300, 6), math.nan)
    gaps[::2] = values
    limits = [family_limits(kind, 6, 30) for kind in KINDS]
    dense, sparse = (run_charts(v, without_restarts(v), limits).signals for v in (values, gaps))
    assert len(dense.nights) >= 6
    assert (sparse.nights == 2 * dense.nights).all()
    for name in ("kinds", "series", "strengths", "shifts", "centres", "sigmas"):
        assert getattr(sparse, name).tolist() == getattr(dense, name).tolist()


def test_wild_values_of_a_reference_are_left_out():
    values = noise(80, 3, seed=11, loc=100.0)
    values[[3, 9], 1] = 1e6, -1e6
    values[60:] += 12.0
    charts = run_charts(values, without_restarts(values), [family_limits("shewhart", 3, 100)])
    assert sorted(charts.outliers.tolist()) == [[3, 1], [9, 1]]
    # Its reference is complete two nights later, and the step is found all the same.
    assert charts.charted.argmax(axis=0).tolist() == [20, 22, 20]
    assert set(charts.signals.series[charts.signals.nights == 60]) == {0, 1, 2}


def test_series_without_spread_are_not_judged():
    values = np.full((60, 3), 5.0)
    values[40, 1] = 6.0
    values[:, 2] = 0.1 + 1e-17 * np.arange(60)
    charts = run_charts(values, without_restarts(values), [family_limits("shewhart", 3, 100)])
    assert len(charts.signals.nights) == 0
    assert np.argwhere(charts.constant).tolist() == [[40, 1]]
    assert charts.charted.any(axis=0).tolist() == [False, True, False]


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_signals_do_not_depend_on_the_unit(scale):
    values = noise(100, 4, seed=12)
    values[70:] += 8.0
    limits = [family_limits(kind, 4, 30) for kind in KINDS]
    signals = run_charts(values * scale, without_restarts(values), limits).signals
    expected = run_charts(values, without_restarts(values), limits).signals
    assert signals.nights.tolist() == expected.nights.tolist()
    assert signals.strengths == pytest.approx(expected.strengths, rel=1e-6)
    assert signals.sigmas / scale == pytest.approx(expected.sigmas, rel=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        np.empty((0, 3)),
        np.empty((5, 0)),
        np.full((50, 2), math.nan),
        np.full((50, 2), math.inf),
        np.array([[1.0], [2.0]]),
        np.zeros((50, 2)),
    ],
)
def test_series_of_nothing_give_nothing(values):
    charts = run_charts(values, without_restarts(values), [family_limits(kind, 2, 30) for kind in KINDS])
    assert not charts.charted.any()
    assert len(charts.signals.nights) == 0


def test_a_restart_in_every_night_leaves_nothing_to_judge():
    values = noise(100, 5)
    charts = run_charts(values, ~without_restarts(values), [family_limits("cusum", 5, 30)])
    assert not charts.charted.any()


def test_traces_are_what_signals_come_from():
    values = noise(90, 3, seed=13, loc=2.0)
    values[60:] += 10.0
    charts = run_charts(
        values, without_restarts(values), [family_limits(k, 3, 3000) for k in KINDS], trace=True
    )
    traces = charts.traces
    assert np.isnan(traces.centres[:20]).all()
    assert traces.centres[40] == pytest.approx(values[:40].mean(axis=0))
    assert traces.sigmas[40] == pytest.approx(values[:40].std(axis=0, ddof=1))
    beyond = {
        (index, night, series)
        for index, kind in enumerate(KINDS)
        for night, series in np.argwhere(np.abs(traces.statistics[kind]) > traces.bounds[kind]).tolist()
    }
    signals = charts.signals
    assert beyond == set(zip(signals.kinds, signals.nights, signals.series, strict=True))


def test_wrong_arguments_are_errors():
    with pytest.raises(ValueError, match="not of one shape"):
        run_charts(np.zeros((3, 2)), np.zeros((3, 1), bool), [])
    with pytest.raises(ValueError, match="less than 5"):
        run_charts(np.zeros((3, 2)), np.zeros((3, 2), bool), [], reference=4)
