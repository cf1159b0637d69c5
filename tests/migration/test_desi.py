"""Calibration YAML of DESI: its answers over random nights, its values, and documents that are none."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from curated.migration.desi import survey_desi
from curated.migration.plan import plan_migration
from curated.migration.result import ADDED
from curated.migration.survey import SourceError, SourceOptions
from curated.migration.tree import open_source
from curated.types.crosstalk import Crosstalk
from curated.types.gains import Gains
from support.migrations import codes, first_column, migrate
from support.sources import write_mask

INDEX = "spec/sm1/sm1-b.yaml"


def write(root: Path, versions: dict[str, Any], camera: str = "b1") -> None:
    (root / INDEX).parent.mkdir(parents=True, exist_ok=True)
    (root / INDEX).write_text(yaml.safe_dump({camera: versions}))


def test_lookups_answer_as_calibfinder_over_random_times(tmp_path: Path) -> None:
    chance = random.Random(11)
    source = tmp_path / "source"
    versions: dict[str, Any] = {}
    night = date(2020, 1, 1)
    for number in range(8):
        last = night + timedelta(days=chance.randrange(12))
        write_mask(source / f"ccd/mask{number}.fits", (number, 3), shape=(6, 12))
        end = last.strftime("%Y%m%d") if number < 7 else chance.choice(["none", 99999999])
        versions[f"V{number}"] = {
            "DATE-OBS-BEGIN": chance.choice([str, int])(night.strftime("%Y%m%d")),
            "DATE-OBS-END": end,
            "DETECTOR": f"sn{number // 4}",
            "MASK": f"ccd/mask{number}.fits",
        }
        night = last + timedelta(days=chance.choice([1, 1, 4]))
    write(source, versions)
    migration, package = migrate(source, tmp_path / "target")
    assert migration.is_complete
    for _ in range(80):
        time = datetime(2019, 12, 30) + timedelta(seconds=chance.randrange(80 * 86400))
        # A night begins at noon in Arizona.
        observed = int((time - timedelta(hours=19)).strftime("%Y%m%d"))
        expected = [
            number
            for number, version in enumerate(versions.values())
            if int(version["DATE-OBS-BEGIN"]) <= observed
            and (
                str(version["DATE-OBS-END"]) in ("none", "99999999")
                or observed <= int(version["DATE-OBS-END"])
            )
        ]
        answer = first_column(package, "desi", time, "b1")
        assert ([] if answer is None else [answer]) == expected


def test_values_become_gains_and_crosstalk(tmp_path: Path) -> None:
    source = tmp_path / "source"
    values = {
        "DATE-OBS-BEGIN": 20200101,
        "AMPLIFIERS": "ABCD",
        "CROSSTALKAB": 1.5e-4,
        "CROSSTALKDC": -2e-5,
        "BROKENFIBERS": "1,2",
        "PSF": "spec/sm1/psf.fits",
    }
    for number, name in enumerate("ABCD"):
        values |= {f"GAIN{name}": 1.0 + number / 10, f"SATURLEV{name}": 60000}
    write(source, {"V0": values})
    migration, _ = migrate(source, tmp_path / "target")
    assert sorted(o.product.kind for o in migration.outcomes if o.state == ADDED) == ["crosstalk", "gains"]
    text = "calibs/desi/{}/b1/20200101T190000.{}"
    gains = Gains.readText(tmp_path / "target" / text.format("gains", "yaml"))
    assert gains.gain == {"A": 1.0, "B": 1.1, "C": 1.2, "D": 1.3}
    assert gains.saturation["D"] == 60000
    crosstalk = Crosstalk.readText(tmp_path / "target" / text.format("crosstalk", "ecsv"))
    assert (crosstalk.coeffs[0, 1], crosstalk.coeffs[3, 2], crosstalk.coeffs[1, 0]) == (1.5e-4, -2e-5, 0)
    notes = [finding.message for finding in migration.diagnostics if finding.code == "CAL736"]
    assert notes == ["b1: 'BROKENFIBERS' has no place in a package; 1 versions have it"]
    assert {"CAL732", "CAL733"} <= set(codes(migration))


def test_versions_for_other_electronics_exclude_each_other(tmp_path: Path) -> None:
    source = tmp_path / "source"
    versions = {}
    for number, name in enumerate(("slow", "fast")):
        write_mask(source / f"ccd/mask{number}.fits", (number, 1))
        versions[name] = {
            "DATE-OBS-BEGIN": 20200101,
            "CCDCFG": f"{name}.cfg",
            "MASK": f"ccd/mask{number}.fits",
        }
    write(source, versions)
    migration, package = migrate(source, tmp_path / "target")
    assert "CAL735" in codes(migration)
    assert migration.counts()[ADDED] == 0
    assert any(
        "'CCDCFG' is a condition of use" in f.message and "2 versions" in f.message
        for f in migration.diagnostics
    )
    _, package = migrate(source, tmp_path / "fast", SourceOptions(selection={"CCDCFG": "fast.cfg"}))
    assert first_column(package, "desi", datetime(2020, 2, 1), "b1") == 1


@pytest.mark.parametrize(
    "values",
    [
        {"DATE-OBS-BEGIN": "soon", "MASK": "x.fits"},
        {"DATE-OBS-BEGIN": 20201301},
        {"MASK": "x.fits"},
        {"DATE-OBS-BEGIN": 20200102, "DATE-OBS-END": 20200101},
        {"DATE-OBS-BEGIN": [1], "DATE-OBS-END": {}},
        {"DATE-OBS-BEGIN": 20200102, "AMPLIFIERS": "AB", "GAINA": 1.5, "GAINB": "unknown"},
        "text",
        None,
    ],
)
def test_versions_that_are_not_understood_are_counted(tmp_path: Path, values: Any) -> None:
    write(tmp_path, {"V0": values})
    survey = survey_desi(open_source(tmp_path), (INDEX,), SourceOptions())
    assert (survey.products, sum(note.entries for note in survey.notes)) == ((), 1)


@pytest.mark.parametrize(
    "text", ["[1, 2]", "a: [", "a: 1\na: 2\n", "!!python/object/apply:os.system [x]", "{" * 300, "1: 2\n"]
)
def test_documents_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(f"{text} # DATE-OBS-BEGIN")
    with pytest.raises(SourceError):
        survey_desi(open_source(tmp_path), ("x.yaml",), SourceOptions())
    assert plan_migration(tmp_path, "", SourceOptions()).failed


def test_names_do_not_lead_out(tmp_path: Path) -> None:
    write_mask(tmp_path / "secret.fits", (1, 1))
    source = tmp_path / "source"
    versions = {
        f"V{n}": {"DATE-OBS-BEGIN": 20200101 + n, "DATE-OBS-END": 20200101 + n, "MASK": path}
        for n, path in enumerate(["../secret.fits", str(tmp_path / "secret.fits"), 7, "\x1b[31m/x.fits"])
    }
    write(source, versions)
    migration = plan_migration(source, "", SourceOptions())
    assert migration.counts()["listed"] == 4
    assert codes(migration).count("CAL732") == 4
