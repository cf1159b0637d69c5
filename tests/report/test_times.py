"""When files are in force: in UTC, TAI and MJD, and by the observing night."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from curated.core.times import parse_time
from support.packages import defects_path, defects_text
from support.programs import run_curated


@pytest.fixture(scope="module")
def scales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with starts on both sides of leap seconds, before 1972, and at the ends of the calendar."""
    root = tmp_path_factory.mktemp("scales")
    (root / "curated.yaml").write_text("calibs: calibs\n")
    for name in (
        "19700101T000000",
        "20161231T235959",
        "20170101T000000",
        "20240601T113000",
        "99991231T235959",
        "18500101T000000",
    ):
        path = root / defects_path(0, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(defects_text(date=datetime.fromisoformat(name).isoformat()))
    return root


def times_of(root: Path, *options: str) -> dict[str, dict[str, dict[str, object] | None]]:
    done = run_curated("-C", root, "check", "--times", "--no-cache", "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["format"], printed["version"]) == ("curated-times", 1)
    return {Path(row["file"]).stem: row for row in printed["files"]}


def test_times_are_those_of_astropy(scales: Path) -> None:
    rows = times_of(scales)
    assert len(rows) == 6
    for name in ("19700101T000000", "20161231T235959", "20170101T000000", "20240601T113000"):
        said = rows[name]["start"]
        assert scales is not None
        exact = Time(parse_time(name), scale="utc").tai
        assert said["utc"] == parse_time(name).isoformat()
        assert said["tai"] == exact.isot.removesuffix(".000") or str(said["tai"])[:23] == exact.isot
        assert said["mjd_tai"] == pytest.approx(exact.mjd, abs=1e-8)
    assert rows["19700101T000000"]["start"]["tai"] == "1970-01-01T00:00:08.000082"  # type: ignore[index]
    assert rows["20161231T235959"]["end"] == rows["20170101T000000"]["start"]
    assert rows["99991231T235959"]["end"] is None
    # The calendar ends before TAI does.
    assert rows["99991231T235959"]["start"]["tai"] is None  # type: ignore[index]


@pytest.mark.parametrize(("offset", "night"), [("", "2024-05-31"), ("utc_offset: 1.5\n", "2024-06-01")])
def test_the_night_begins_at_noon(scales: Path, offset: str, night: str) -> None:
    declared = scales / "calibs/lab/instrument.yaml"
    declared.write_text(f"name: Lab\ndetectors: [{{id: 0, name: d00}}]\n{offset}")
    try:
        said = times_of(scales)["20240601T113000"]["start"]
    finally:
        declared.unlink()
    assert scales is not None
    assert said["night"] == night


def test_times_as_text(scales: Path) -> None:
    done = run_curated("-C", scales, "check", "--times", scales / defects_path(0, "20170101T000000"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "       UTC                  TAI                  MJD (TAI)       night       file\n"
        f"start  2017-01-01T00:00:00  2017-01-01T00:00:37  57754.00042824  2016-12-31  {defects_path(0, '20170101T000000')}\n"
        f"end    2024-06-01T11:30:00  2024-06-01T11:30:37  60462.47959491  2024-05-31  {defects_path(0, '20170101T000000')}\n"
    )


def test_times_of_a_wrong_package_say_so(tmp_path: Path) -> None:
    (tmp_path / "curated.yaml").write_text("")
    path = tmp_path / defects_path()
    path.parent.mkdir(parents=True)
    path.write_text(defects_text(x0=-1))
    done = run_curated("-C", tmp_path, "check", "--times")
    assert done.returncode == 1
    assert "errors" in done.stderr
    assert defects_path() in done.stdout


@given(st.datetimes(datetime(1972, 1, 1), datetime(2100, 1, 1)), st.integers(-48, 56))
def test_a_night_goes_from_noon_to_noon(moment: datetime, quarters: int) -> None:
    from curated.report.times import _scales

    scales = _scales(moment, {moment: 0}, quarters / 4)
    assert scales is not None
    local = moment + timedelta(hours=quarters / 4)
    begins = datetime.fromisoformat(str(scales["night"])) + timedelta(hours=12)
    assert begins <= local < begins + timedelta(days=1)
