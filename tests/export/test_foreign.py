"""Calibrations of dataset types that no calibration type declares: listed apart, and no failure."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from astropy.io import fits

from curated.datasets.foreign import ForeignType
from curated.datasets.record import Dataset
from curated.export.butler_export import export_directory
from curated.export.foreign import Division, divide
from curated.export.holdings import Holdings
from support.exports import TICKET, PipelineRepository, errors, export, out, paths
from support.programs import run_curated

SENSOR = ("instrument", "detector")


@pytest.fixture
def odd(lab: PipelineRepository) -> Path:
    """A FITS file that does not say what it is."""
    path = lab.files / "odd.fits"
    fits.PrimaryHDU().writeto(path)
    return path


def add_odd(
    lab: PipelineRepository, path: Path, *, begin: str = "2020-01-01", storage_class: str = ""
) -> None:
    lab.add(
        begin,
        name="oddity",
        path=path,
        dimensions=SENSOR,
        storage_class=storage_class or "StructuredDataDict",
    )


def test_they_are_listed_apart_and_all_others_are_written(lab: PipelineRepository, odd: Path) -> None:
    lab.add("2020-01-01")
    add_odd(lab, odd)
    done = run_curated("export", lab.root, "--collection", TICKET, "-o", out(lab))
    assert (done.returncode, "error" in done.stderr) == (0, False), done.stderr
    assert (
        "copied into foreign/, 1 in all: 1 oddity (StructuredDataDict), of dataset types that no calibration type"
        " declares" in done.stderr
    )
    (copy,) = (out(lab) / "foreign").rglob("*.fits")
    assert copy.read_bytes() == odd.read_bytes()
    side = yaml.safe_load(copy.with_name(f"{copy.name}.dataset.yaml").read_text())
    assert side["sha256"] == hashlib.sha256(odd.read_bytes()).hexdigest()
    assert (side["dataset_type"], side["storage_class"], side["file"]) == (
        "oddity",
        "StructuredDataDict",
        copy.name,
    )
    assert [entry["end"] for entry in side["ranges"]] == [None]
    assert side["ranges"][0]["begin"].startswith("2020-01-01")
    assert errors(out(lab)) == []
    again = run_curated("export", lab.root, "--collection", TICKET, "-o", out(lab), "--format", "json")
    answer = json.loads(again.stdout)
    assert answer["failed"] is False
    assert answer["foreign"] == [
        {"dataset_type": "oddity", "storage_class": "StructuredDataDict", "datasets": 1}
    ]
    assert answer["foreign_files"] == [copy.relative_to(out(lab)).as_posix()]


def test_what_is_asked_for_by_name_and_cannot_be_written_is_a_failure(
    lab: PipelineRepository, odd: Path
) -> None:
    lab.add("2020-01-01")
    add_odd(lab, odd)
    report = export(lab, types=("oddity",))
    assert [finding.code for finding in report.diagnostics] == ["CAL660"]
    assert not report.foreign


def test_those_that_rivals_or_other_instruments_could_not_name() -> None:
    known = Dataset("defects", (("detector", 0), ("instrument", "Lab")), uuid="a")
    rivals = [Dataset("oddity", (("instrument", "Lab"),), uuid=uuid) for uuid in "bc"]
    stray = Dataset("skymap", (("skymap", "rings"),), uuid="d")
    holdings = Holdings("repo", ("Lab/calib",), ((known, *rivals), (stray,)), {}, {})
    division = divide(holdings)
    assert division.holdings.certified == ((known,), ())
    assert division.foreign == (ForeignType("oddity", "", 2), ForeignType("skymap", "", 1))
    assert divide(division.holdings) == Division(division.holdings, ())


def test_a_damaged_file_of_a_known_storage_class_is_not_passed_over(lab: PipelineRepository) -> None:
    lab.add("2020-01-01")
    damaged = lab.files / "damaged.fits"
    damaged.write_bytes(b"no FITS file")
    add_odd(lab, damaged, storage_class="Defects")
    assert [finding.code for finding in export(lab).diagnostics] == ["CAL661"]


def test_one_of_another_name_is_known_by_any_file_that_says_what_it_is(
    lab: PipelineRepository, odd: Path
) -> None:
    lab.add("2020-01-01", name="oddity")
    lab.add("2021-01-01", name="oddity", path=odd, detector=1)
    report = export(lab)
    assert [finding.code for finding in report.diagnostics] == ["CAL660"]
    assert len(paths(report)) == 1
    assert not report.foreign


def test_an_export_directory_says_the_same(lab: PipelineRepository, odd: Path, tmp_path: Path) -> None:
    lab.add("2020-01-01")
    add_odd(lab, odd)
    report = export_directory(str(lab.export(tmp_path / "stock")), tmp_path / "package")
    assert (report.ok, len(report.exported)) == (True, 1)
    assert report.foreign == (ForeignType("oddity", "StructuredDataDict", 1),)


def test_nothing_but_foreign_ones(lab: PipelineRepository, odd: Path) -> None:
    add_odd(lab, odd)
    done = run_curated("export", lab.root, "--collection", TICKET, "-o", out(lab))
    assert done.returncode == 2
    assert (
        "no calibrations but 1 oddity (StructuredDataDict), which no calibration type declares" in done.stderr
    )
