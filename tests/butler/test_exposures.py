"""Exposure records of a real repository, by the names of a package."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

pytest.importorskip("lsst.daf.butler")

from astropy.time import Time, TimeDelta
from lsst.daf.butler import Butler, Timespan

from conftest import MakePackage
from curated.butler import read_repository_exposures
from curated.core.diagnostic import CuratedError
from curated.core.times import tai_nanoseconds
from curated.exposures.batch import NO_NIGHT, NO_TIME
from curated.exposures.moments import night_date
from curated.package.instrument import Detector, Filter, Instrument
from support.commands import Commands
from support.packages import defects_path, defects_text

COUNT = 300
NIGHTS = (20240401, 20240402)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with exposures of an instrument called LabCam, and of another one."""
    root = tmp_path_factory.mktemp("repository") / "repo"
    Butler.makeRepo(str(root))
    with Butler.from_config(str(root), writeable=True) as butler:
        registry = butler.registry
        for name in ("LabCam", "Other"):
            limits = {"visit_max": 9999, "exposure_max": 9999, "detector_max": 9}
            registry.insertDimensionData("instrument", {"name": name, "class_name": "lab.Lab", **limits})
            registry.insertDimensionData("physical_filter", {"instrument": name, "name": "g", "band": "g"})
            registry.insertDimensionData("detector", {"instrument": name, "id": 7, "full_name": "D00"})
            registry.insertDimensionData("group", {"instrument": name, "name": "all"})
            registry.insertDimensionData("day_obs", *({"instrument": name, "id": night} for night in NIGHTS))
        begin = Time("2024-04-01T03:00:00", scale="utc").tai
        minute = TimeDelta(60, format="sec")
        spans = [Timespan(begin + i * minute, begin + (i + 0.5) * minute) for i in range(COUNT)]
        records = [
            {
                "instrument": "LabCam",
                "id": 1000 - i,
                "obs_id": f"{i}",
                "physical_filter": "g",
                "day_obs": NIGHTS[i % 2],
                "group": "all",
                "timespan": span,
            }
            for i, span in enumerate([*spans, None])
        ]
        registry.insertDimensionData("exposure", *records)
        registry.insertDimensionData("exposure", {**records[0], "instrument": "Other"})
    return root


def lab(name: str = "LabCam", *, inferred: tuple[str, ...] = ()) -> Instrument:
    detectors = {"d00": Detector(7, "D00")}
    return Instrument(name, "lab", detectors, {"g": Filter("g", "g")}, not inferred, inferred=inferred)


def test_records_in_the_order_of_their_numbers(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curated.butler.exposures.ROWS", 100)
    batches = list(read_repository_exposures(str(repo), [lab()]))
    assert [len(batch.exposures) for batch in batches] == [100, 100, 100, 1]
    first, last = batches[0].exposures, batches[-1].exposures
    assert first.ids[:2] == [str(1000 - COUNT), str(1000 - COUNT + 1)]
    time = datetime(2024, 4, 1, 3)
    assert last.times.tolist() == [tai_nanoseconds([time])[time]]
    assert (last.rows.tolist(), last.ids) == ([COUNT + 1], ["1000"])
    # Without a timespan only the night is known.
    assert (first.times[0], night_date(first.nights[0])) == (NO_TIME, date(2024, 4, 1))
    assert NO_NIGHT not in first.nights
    assert (set(first.instruments), set(first.detectors), set(first.filters)) == ({"lab"}, {""}, {"g"})


def test_instruments_are_named_as_for_an_import(repo: Path) -> None:
    batches = list(read_repository_exposures(str(repo), [lab("lab", inferred=("name",))], ["lab=LabCam"]))
    assert sum(len(batch.exposures) for batch in batches) == COUNT + 1
    with pytest.raises(CuratedError, match="has none of the package's instruments: Cam") as raised:
        list(read_repository_exposures(str(repo), [lab("Cam")]))
    assert "LabCam, Other" in raised.value.hint


def test_the_command_reads_a_repository(
    repo: Path, make_package: MakePackage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = defects_path(0), defects_path(0, "20240401T040000")
    package = make_package(
        {
            "curated.yaml": "calibs: calibs\n",
            "calibs/lab/instrument.yaml": "name: LabCam\ndetectors: [{id: 7, name: D00}]\nfilters: [{name: g}]\n",
            old: defects_text({"DET_NAME": "D00"}, detector=7),
        },
    )
    package.write({new: defects_text({"DET_NAME": "D00"}, detector=7, date="2024-04-01T04:00:00", x0=90)})
    run = Commands(capsys, monkeypatch)
    done = run(package.path, "impact", "HEAD", "--exposures", repo, "--format", "json")
    assert done.status == 1, done.stderr
    # One each minute, the first one an hour before; the one without a time is at midnight, after it.
    assert (done.json["total"], done.json["affected"]["content"]) == (COUNT + 1, COUNT - 60 + 1)
    assert [(night["night"], night["total"]) for night in done.json["nights"]] == [
        ("2024-04-01", COUNT // 2 + 1),
        ("2024-04-02", COUNT // 2),
    ]
