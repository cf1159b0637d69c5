"""Records of verification give metrics."""

import math
from datetime import datetime

import pytest

from curated.core.keys import CalibFile, CalibKey
from curated.monitoring.metric import Metric
from curated.monitoring.record_metrics import metrics_of
from curated.monitoring.series import mjd_tai
from curated.verification.record import UsedExposure, VerificationRecord
from curated.verification.record_file import record_text
from curated.verification.verification_test import TestResult, VerificationTest
from support.packages import defects_path, defects_text
from support.programs import run_curated

TEST = VerificationTest(
    id="BIAS-NOISE",
    level="amplifier",
    statistic="noise",
    operator="<",
    limits=(9.0,),
    unit="electron",
    source="here",
)
RECORD = VerificationRecord(
    type_name="defects",
    product="a" * 64,
    tests_source="curated",
    tests_digest="b" * 64,
    by="Ada",
    date="2024-02-01T00:00:00",
    tool="curated 1",
    exposures=(
        UsedExposure(name="e1", sha256="c" * 64, begin="2024-01-01T04:00:00"),
        UsedExposure(name="e2", sha256="d" * 64),
    ),
    results=(
        TestResult(
            test=TEST, detector="d00", amplifier="C00", exposure="e1", value=5.5, error=0.1, verdict="pass"
        ),
        TestResult(
            test=TEST, detector="d00", amplifier="C01", exposure="e1", verdict="not run", reason="no overscan"
        ),
        TestResult(
            test=TEST, detector="d00", amplifier="C00", exposure="e2", value=5.6, error=0.1, verdict="pass"
        ),
        TestResult(test=TEST, amplifier="C00", value=7.0, error=0.0, verdict="pass"),
    ),
)


def test_each_value_whose_time_is_known_is_a_metric():
    key = CalibKey("cam", "flat", "d00", "r")
    file = CalibFile("cam/flat/d00/r/20240115T000000.yaml", key, datetime(2024, 1, 15), "yaml")
    first, second = metrics_of(RECORD, file)
    assert first == Metric(
        statistic="BIAS-NOISE", mjd=mjd_tai(datetime(2024, 1, 1, 4)), detector="d00", amplifier="C00", filter="r",
        exposure="e1", sha256="c" * 64, value=5.5, error=0.1, unit="electron",
    )  # fmt: skip
    assert (second.mjd, second.detector, second.sha256) == (mjd_tai(datetime(2024, 1, 15)), "d00", "a" * 64)
    assert list(second.problems()) == []


def test_without_its_calibration_a_record_gives_values_of_exposures_alone():
    (metric,) = metrics_of(RECORD)
    assert (metric.exposure, metric.filter) == ("e1", "")
    assert math.isfinite(metric.mjd)


@pytest.mark.parametrize("is_beside", [True, False])
def test_the_command_adds_a_record(tmp_path, is_beside):
    path = defects_path()
    record = path.replace(".ecsv", ".verify.yaml") if is_beside else "tonight.verify.yaml"
    for name, text in (
        ("curated.yaml", "calibs: calibs\n"),
        (path, defects_text()),
        (record, record_text(RECORD)),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    names = () if is_beside else ("lab",)
    done = run_curated("monitor", *names, "--add", record, cwd=tmp_path)
    count = 2 if is_beside else 1
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0,
        f"{count} metric{'s' * (count > 1)} added, 0 there already",
    )
    assert (tmp_path / "calibs/lab/metrics/defects/BIAS-NOISE/2024-01.csv").is_file()
    (tmp_path / record).write_text("record: 1\n")
    done = run_curated("monitor", *names, "--add", record, cwd=tmp_path)
    assert done.returncode == 1
    assert "CAL830" in done.stderr
