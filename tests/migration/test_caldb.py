"""Indices of HEASARC's calibration databases: their answers over random times, and indices that are none."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from curated.migration.caldb import survey_caldb
from curated.migration.plan import plan_migration
from curated.migration.result import ADDED, BESIDE
from curated.migration.survey import SourceError, SourceOptions
from curated.migration.tree import open_source
from support.migrations import codes, first_column, migrate
from support.sources import write_index, write_region_table

INDEX = "data/tinysat/cam/caldb.indx"
BADPIX = "data/tinysat/cam/bcf/badpix"


def test_lookups_answer_as_the_index_over_random_times(tmp_path: Path) -> None:
    chance = random.Random(5)
    source = tmp_path / "source"
    rows = []
    for detector in ("CCD0", "CCD1"):
        for _ in range(9):
            start = datetime(2010, 1, 1) + timedelta(days=chance.randrange(60), hours=chance.choice([0, 7]))
            name = f"b{len(rows)}.fits"
            write_region_table(source / BADPIX / name, (len(rows), 1, 1, 1))
            rows.append(
                {
                    "DETNAM": detector,
                    "CAL_FILE": name,
                    "CAL_VSD": start.date().isoformat(),
                    "CAL_VST": start.strftime("%H:%M:%S"),
                    "CAL_QUAL": chance.choice([0, 0, 5]),
                }
            )
    write_index(source, rows)
    migration, package = migrate(source, tmp_path / "target")
    assert sum(migration.counts().values()) == len(rows)
    assert not any(finding.is_error for finding in migration.findings)
    for detector in ("CCD0", "CCD1"):
        good = [
            (datetime.fromisoformat(f"{row['CAL_VSD']}T{row['CAL_VST']}"), number)
            for number, row in enumerate(rows)
            if row["DETNAM"] == detector and row["CAL_QUAL"] == 0
        ]
        for _ in range(40):
            time = datetime(2009, 12, 25) + timedelta(seconds=chance.randrange(70 * 86400))
            before = [entry for entry in good if entry[0] <= time]
            expected = max(before)[1] if before else None
            assert first_column(package, "cam", time, detector) == expected


def test_marks_boundaries_and_what_has_no_type(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number in range(6):
        write_region_table(source / BADPIX / f"b{number}.fits", (number, 1, 1, 1))
    cold, warm = (("TEMP(-120--100)C", *("NONE",) * 8), ("TEMP(-100--80)C", *("NONE",) * 8))
    rows = [
        {"CAL_FILE": "b0.fits", "CAL_QUAL": 5, "CAL_VSD": "2011-01-01"},
        {"CAL_FILE": "b1.fits", "CAL_CBD": cold, "CAL_VSD": "01/06/95"},
        {"CAL_FILE": "b2.fits", "CAL_CBD": warm, "CAL_VSD": "1995-06-01"},
        {"CAL_FILE": "b3.fits", "CAL_CNAM": "SPECRESP"},
        {"CAL_FILE": "b4.fits", "CAL_VSD": "soon"},
        {"CAL_FILE": "b9.fits", "CAL_VSD": "2012-01-01"},
    ]
    write_index(source, rows)
    migration, package = migrate(source, tmp_path / "target")
    states = {outcome.product.file.rpartition("/")[2]: outcome.state for outcome in migration.outcomes}
    assert (states["b0.fits"], states["b1.fits"], states["b2.fits"]) == (ADDED, BESIDE, BESIDE)
    assert migration.counts() == {ADDED: 1, BESIDE: 3, "listed": 1, "not understood": 1}
    assert {"CAL731", "CAL732", "CAL733", "CAL735", "CAL736"} <= set(codes(migration))
    text = (tmp_path / "target/calibs/cam/defects/ccd0/20110101T000000.ecsv").read_text()
    assert "DEPRECATED: CAL_QUAL is 5" in text
    assert first_column(package, "cam", datetime(2011, 6, 1), "CCD0") is None
    chosen = SourceOptions(selection={"CAL_CBD": "TEMP(-120--100)C"})
    _, package = migrate(source, tmp_path / "cold", chosen)
    assert first_column(package, "cam", datetime(2011, 6, 1), "CCD0") == 1
    assert first_column(package, "cam", datetime(2012, 6, 1), "CCD0") is None


def test_hostile_rows(tmp_path: Path) -> None:
    (tmp_path / "secret.fits").write_bytes(b"x")
    source = tmp_path / "source"
    rows = [
        {"CAL_DIR": "../..", "CAL_FILE": "secret.fits"},
        {"CAL_DIR": str(tmp_path), "CAL_FILE": "secret.fits"},
        {"DETNAM": "../x", "CAL_FILE": "b.fits"},
        {"DETNAM": "CCD,0", "CAL_FILE": "b.fits"},
        {"CAL_VST": "25:00:00"},
        {"CAL_VSD": "9999-01-01"},
    ]
    write_index(source, rows)
    migration = plan_migration(source, "", SourceOptions())
    assert migration.counts() == {ADDED: 0, BESIDE: 0, "listed": 2, "not understood": 4}
    assert not any("secret" in path for path in migration.contents)


def test_damaged_indices(tmp_path: Path) -> None:
    path = write_index(tmp_path, [{"CAL_FILE": "b.fits"}])
    whole = path.read_bytes()
    chance = random.Random(2)
    for _ in range(25):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 60)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(bytes(data[: chance.choice([len(data), chance.randrange(3000, len(data))])]))
        try:
            survey = survey_caldb(open_source(tmp_path), (INDEX,), SourceOptions())
        except SourceError as error:
            assert error.file == INDEX  # noqa: PT017 - it may as well be read
        else:
            assert len(survey.products) + sum(note.entries for note in survey.notes) <= 1
    columns = [fits.Column("CAL_CNAM", "4A", array=np.array(["x"]))]
    fits.BinTableHDU.from_columns(columns).writeto(path, overwrite=True)
    with pytest.raises(SourceError, match="has no INSTRUME"):
        survey_caldb(open_source(tmp_path), (INDEX,), SourceOptions())


@pytest.mark.parametrize("quality", ["good", 0.5, np.nan])
def test_a_quality_that_is_no_number_marks_nothing(tmp_path: Path, quality: Any) -> None:
    index = write_index(tmp_path, [{}])
    table = Table.read(index, hdu=1)
    table["CAL_QUAL"] = [quality]
    table.write(index, format="fits", overwrite=True)
    survey = survey_caldb(open_source(tmp_path), (INDEX,), SourceOptions())
    assert survey.products == ()
    assert "CAL_QUAL" in survey.notes[0].problem.detail
