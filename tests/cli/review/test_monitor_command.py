"""``curated monitor``: metrics are added, charted and drawn."""

import json
from pathlib import Path

import numpy as np
import pytest

from curated.monitoring.metric import date_of
from support.packages import defects_path, defects_text
from support.programs import run_curated

HEADER = "statistic,time,detector,amplifier,exposure,value,error,unit\n"


def table(nights=70, step=50, size=0.9):
    """Rows of two detectors with two amplifiers, of which one moves."""
    values = np.random.default_rng(2).normal(5.0, 0.1, (nights, 2, 2))
    values[step:, 1, 0] += size
    return HEADER + "".join(
        f"READ-NOISE,{date_of(60310 + night)}T04:00:00,d{d:02d},C{a:02d},e{night},{value:.4f},0.01,electron\n"
        for (night, d, a), value in np.ndenumerate(values)
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    root = tmp_path_factory.mktemp("package")
    files = {
        "curated.yaml": "calibs: calibs\n",
        defects_path(): defects_text(),
        "t.csv": table(),
        "empty.csv": HEADER,
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    done = run_curated("monitor", "Lab", "defects", "--add", "t.csv", cwd=root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "280 metrics added, 0 there already"
    return root


def monitor(root: Path, *arguments):
    return run_curated("monitor", *arguments, cwd=root)


def test_alarms_are_listed_in_eighty_columns(package):
    done = monitor(package, "--one-in", "3000")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "lab defects READ-NOISE (electron)"
    assert lines[3].startswith("  2024-02-19  d01 C00 ")
    assert "12 charts of 4 series, 182 values judged" in done.stdout
    assert "limits for one false alarm of all charts in 3000 nights:" in done.stdout


def test_json_has_each_alarm_and_what_the_limits_promise(package):
    done = monitor(package, "lab", "defects", "--format", "json", "--chart", "ewma", "--one-in", "3000")
    content = json.loads(done.stdout)
    assert (content["format"], content["version"]) == ("curated-monitor", 1)
    (alarm,) = content["alarms"]
    assert (alarm["detector"], alarm["amplifier"], alarm["filter"], alarm["chart"]) == (
        "d01",
        "C00",
        None,
        "ewma",
    )
    assert alarm["shift_sigma"] > 1
    assert content["limits"][0]["run_length"] == 12_000
    assert (content["charts"], content["nights"], content["first_night"]) == (4, 50, "2023-12-31")
    assert content["expected_false_alarms"] == pytest.approx(50 / 3000)


def test_no_alarm_is_success(package):
    done = monitor(package, "lab", "--since", "2024-03-01", "--one-in", "100000")
    assert done.returncode == 0
    assert done.stdout.startswith("no alarm in 9 nights since 2024-03-01")


def test_plots_are_one_for_each_detector(package, tmp_path):
    done = monitor(package, "--plot", tmp_path / "charts", "--plot-format", "svg")
    assert "2 plots in " in done.stderr
    names = sorted(path.name for path in (tmp_path / "charts").iterdir())
    assert names == ["lab-defects-READ-NOISE-d00.svg", "lab-defects-READ-NOISE-d01.svg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lab", "dark"), "there are no metrics of type 'dark'"),
        (("--since", "tonight"), "--since 'tonight' is not a date"),
        (("--one-in", "0"), "Invalid value for '--one-in'"),
        (("--one-in", "nan"), "no limits give one false alarm"),
        (("--one-in", "1e12"), "no limits give one false alarm"),
        (("--plot-format", "svg"), "--plot-format has no effect without --plot"),
        (("--dry-run",), "--dry-run has no effect without --add"),
        (("--add", "t.csv", "--since", "2024-01-01"), "--since cannot be used with --add"),
        (("lab", "defects", "--add", "empty.csv"), "there is no metric in the tables"),
        (("mac", "defects", "--add", "t.csv"), "mac"),
    ],
)
def test_usage_that_makes_no_sense_says_so(package, arguments, message):
    done = monitor(package, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_table_with_errors_adds_nothing_and_says_all_of_them(package, tmp_path):
    (tmp_path / "bad.csv").write_text(
        HEADER
        + "READ-NOISE,2024-01-01,d00,C00,e,nan,,electron\n"
        + "READ-NOISE,yesterday,d00,C00,e,1,,electron\n"
        + "READ-NOISE,2024-01-01,=1+1,C00,e,1,,electron\n"
        + "READ-NOISE,2024-01-01,d00\n"
    )
    done = monitor(package, "lab", "defects", "--add", tmp_path / "bad.csv")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[-1] == "nothing was added"
    for line, code in ((2, "CAL882"), (3, "CAL882"), (4, "CAL883"), (5, "CAL881")):
        assert any(f"bad.csv:{line}:" in text and code in text for text in lines)


def test_a_trial_of_an_addition_writes_nothing(package, tmp_path):
    (tmp_path / "more.csv").write_text("mjd,value\n60500,5\n")
    arguments = (
        "lab",
        "defects",
        "READ-NOISE",
        "--add",
        tmp_path / "more.csv",
        "--dry-run",
        "--format",
        "json",
    )
    content = json.loads(monitor(package, *arguments).stdout)
    assert (content["added"], content["repeated"]) == (1, 0)
    assert not (package / "calibs/lab/metrics/defects/READ-NOISE/2024-07.csv").exists()


def test_files_that_are_wrong_are_exit_status_1(package, tmp_path):
    path = package / "calibs/lab/metrics/defects/OTHER/2024-01.csv"
    path.parent.mkdir()
    path.write_text("\x1b[2J\n")
    try:
        done = monitor(package, "lab", "defects", "OTHER")
    finally:
        path.unlink()
        path.parent.rmdir()
    assert done.returncode == 1
    assert "CAL881" in done.stderr
    assert "\x1b" not in done.stderr
    assert "nothing was judged" in done.stdout
