"""Gen2 registries: their answers over random times, and databases that are none."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from astropy.time import Time

from curated.core.diagnostic import CuratedError
from curated.history.lookup import lookup
from curated.migration.gen2 import survey_gen2
from curated.migration.plan import plan_migration
from curated.migration.survey import SourceError, SourceOptions
from curated.migration.tree import open_source
from curated.package.package import open_package
from support.sources import entry, write_defects, write_registry, write_small_registry

INDEX = "calibRegistry.sqlite3"
OPTIONS = SourceOptions(instrument="Hyper")


def migrate(source: Path, target: Path, options: SourceOptions = OPTIONS):  # type: ignore[no-untyped-def]
    migration = plan_migration(source, "", options)
    for path, content in migration.contents.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    return migration


def test_lookups_answer_as_the_registry_over_random_times(tmp_path: Path) -> None:
    chance = random.Random(3)
    rows = []
    for ccd in (0, 3):
        start = datetime(2014, 1, 1, tzinfo=UTC)
        for number in range(9):
            end = start + timedelta(days=chance.randint(2, 40))
            date = (start + timedelta(days=1)).date().isoformat()
            shown_end = end if number < 8 else datetime(2037, 12, 31, tzinfo=UTC)
            rows.append(
                ("defects", entry(date, start.date().isoformat(), shown_end.date().isoformat(), ccd=ccd))
            )
            write_defects(tmp_path / f"source/DEFECTS/{date}/defects-{ccd:03d}.dat", (len(rows), 0, 1, 1))
            # The next one: at once, after a day, a day too early, or after a hole.
            start = end + timedelta(days=chance.choice([0, 1, 1, -1, 5]))
    write_registry(tmp_path / "source", rows)
    migration = migrate(tmp_path / "source", tmp_path / "target")
    assert migration.is_complete
    package = open_package(tmp_path / "target")
    for ccd in (0, 3):
        spans = [
            (Time(row["validStart"], scale="tai"), Time(row["validEnd"], scale="tai"), number)
            for number, (_, row) in enumerate(rows, 1)
            if row["ccd"] == ccd
        ]
        for index, (start, end, number) in enumerate(spans[:-1]):
            following = spans[index + 1][0]
            if abs((following - end).jd) <= 1.001:
                spans[index] = (start, following, number)
        for _ in range(40):
            time = datetime(2013, 12, 20) + timedelta(seconds=chance.randint(0, 400 * 86400))
            moment = Time(time, scale="utc").tai
            expected = [number for start, end, number in spans if start <= moment < end]
            answer = lookup(package, "hyper", "defects", time, detector=str(ccd)).in_force
            text = (tmp_path / "target" / answer.file.path).read_text() if answer else ""
            assert [int(line.split()[0]) for line in text.splitlines()[-1:]] == expected


def test_names_of_detectors_and_what_is_not_understood(tmp_path: Path) -> None:
    columns = {"raftName": "R22", "detectorName": "S11", "detector": 94}
    write_defects(tmp_path / "defects/2020-01-01/d-det094-2020-01-01.dat", (1, 1, 1, 1))
    rows = [
        ("defects", entry("2020-01-01", "2020-01-01", "2037-12-31", **columns, operator="ann")),
        ("defects", entry("2020-01-01", "soon", "2037-12-31", **columns)),
        ("defects", entry("2020-01-01", "2020-02-01", "2020-01-01", **columns)),
        ("defects", entry("2020-01-01", "2020-01-01", "2037-12-31", detector=None)),
        ("flat", entry("2020-01-01", "2020-01-01", "2037-12-31", detector=94, filter="a/../b")),
        ("fiberTrace", entry("2020-01-01", "2020-01-01", "2037-12-31", detector=94)),
    ]
    rows[1][1]["operator"] = rows[2][1]["operator"] = rows[3][1]["operator"] = None
    write_registry(tmp_path, rows)
    survey = survey_gen2(open_source(tmp_path), INDEX, OPTIONS)
    assert survey.detectors == {"R22_S11": 94}
    assert [(p.type, p.detector, p.file) for p in survey.products] == [
        ("defects", "R22_S11", "defects/2020-01-01/d-det094-2020-01-01.dat"),
        ("", "", ""),
    ]
    assert sorted(note.problem.code for note in survey.notes if note.entries) == ["CAL731"] * 4
    assert any("operator has no place" in note.problem.detail for note in survey.notes)


def _view(database: sqlite3.Connection) -> None:
    database.execute(
        "create view bias as with recursive n(i) as (select 1 union all select i+1 from n) select i from n"
    )


def _trigger(database: sqlite3.Connection) -> None:
    database.execute("create table t (a)")
    database.execute("create trigger x after insert on t begin delete from t; end")


def _other(database: sqlite3.Connection) -> None:
    database.execute("create table t (a)")


def _virtual(database: sqlite3.Connection) -> None:
    database.execute("create virtual table v using fts5(a)")


@pytest.mark.parametrize("spoil", [_view, _trigger, _other, _virtual])
def test_a_database_that_is_no_registry(tmp_path: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    with closing(sqlite3.connect(tmp_path / INDEX)) as database:
        spoil(database)
        database.commit()
    migration = plan_migration(tmp_path, "", OPTIONS)
    assert ([d.code for d in migration.diagnostics], migration.contents) == (["CAL730"], {})


def test_a_column_that_computes_for_ever_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curated.migration.gen2._MOST_CALLS", 3)
    monkeypatch.setattr("curated.migration.gen2._STEPS", 10)
    write_small_registry(tmp_path)
    with pytest.raises(SourceError, match="too long"):
        survey_gen2(open_source(tmp_path), INDEX, OPTIONS)


def test_damaged_and_unfinished_databases(tmp_path: Path) -> None:
    path = write_small_registry(tmp_path)
    whole = path.read_bytes()
    chance = random.Random(1)
    for _ in range(25):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 200)):
            data[chance.randrange(20, len(data))] = chance.randrange(256)
        path.write_bytes(bytes(data[: chance.choice([len(data), chance.randrange(100, len(data))])]))
        with suppress(SourceError):
            survey_gen2(open_source(tmp_path), INDEX, OPTIONS)
    path.write_bytes(whole)
    (tmp_path / f"{INDEX}-wal").write_bytes(b"x")
    with pytest.raises(SourceError, match="not finished"):
        survey_gen2(open_source(tmp_path), INDEX, OPTIONS)


def test_wrong_types_of_values(tmp_path: Path) -> None:
    values = (
        None,
        7,
        2.5,
        b"\xff\xfe",
        "x" * 100_000,
        "2014-13-01",
        "\x1b[31m",
        "9999-99-99",
        "2014-01-01T25:00:00",
    )
    rows = [("bias", entry("2014-01-01", value, "2037-12-31", ccd=1)) for value in values]  # type: ignore[arg-type]
    rows.append(("bias", entry("2014-01-01", "2014-01-01", "2037-12-31", ccd=2**40)))
    write_registry(tmp_path, rows)
    survey = survey_gen2(open_source(tmp_path), INDEX, OPTIONS)
    assert (survey.products, sum(note.entries for note in survey.notes)) == ((), len(rows))


def test_the_instrument_must_have_a_name(tmp_path: Path) -> None:
    write_small_registry(tmp_path)
    for name in ("", "../x", "a" * 40):
        with pytest.raises(CuratedError, match="instrument"):
            plan_migration(tmp_path, "", SourceOptions(instrument=name))
