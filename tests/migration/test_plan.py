"""What becomes of the entries of a source."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
from astropy.io import fits

from curated.check.package import check_package
from curated.history.lookup import lookup
from curated.migration.plan import plan_migration
from curated.migration.result import ADDED, BESIDE, LISTED, Migration
from curated.migration.survey import SourceOptions
from curated.package.package import open_package
from support.sources import entry, write_defects, write_registry

OPTIONS = SourceOptions(instrument="Hyper")


def codes(migration: Migration) -> list[str]:
    return [finding.code for finding in migration.diagnostics if finding.severity.value != "info"]


def test_each_entry_is_accounted_for_and_nothing_is_used_in_place_of_what_is_lost(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    rows = [
        ("defects", entry("2014-01-01", "2014-01-01", "2015-01-01", ccd=0)),
        ("defects", entry("2015-01-01", "2015-01-01", "2016-01-01", ccd=0)),  # its file is no list
        ("defects", entry("2016-01-01", "2016-01-01", "2017-01-01", ccd=0)),
        ("defects", entry("2017-01-01", "2017-01-01", "2037-12-31", ccd=0)),  # without a file
        ("fiberTrace", entry("2014-01-01", "2014-01-01", "2037-12-31", ccd=0)),
    ]
    for year in (2014, 2016):
        write_defects(source / f"defects/{year}-01-01/x-000.dat", (1, 1, 1, 1))
    (source / "defects/2015-01-01").mkdir()
    (source / "defects/2015-01-01/x-000.dat").write_text("no boxes\n")
    write_registry(source, rows)
    migration = plan_migration(source, "", OPTIONS)
    states = [outcome.state for outcome in migration.outcomes]
    assert states == [ADDED, BESIDE, ADDED, LISTED, LISTED]
    assert sum(migration.counts().values()) == len(rows)
    assert codes(migration).count("CAL734") == 1
    assert not migration.is_complete
    assert "foreign/defects/2015-01-01/x-000.dat" in migration.contents
    for path, content in migration.contents.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    package = open_package(target)
    assert not check_package(package, jobs=1, use_cache=False).failed
    in_force = [
        lookup(package, "hyper", "defects", datetime(year, 6, 1), detector="0").in_force is not None
        for year in (2013, 2014, 2015, 2016, 2017, 2030)
    ]
    assert in_force == [False, True, False, True, False, False]


def test_links_and_odd_names_are_not_followed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (tmp_path / "secret.dat").write_text("1 1 1 1\n")
    rows = [("defects", entry("2014-01-01", "2014-01-01", "2037-12-31", ccd=n)) for n in range(2)]
    write_registry(source, rows)
    (source / "defects").mkdir()
    (source / "defects/2014-01-01-000.dat").symlink_to(tmp_path / "secret.dat")
    templates = {"defects": "../secret%(ccd).dat"}
    for options in (OPTIONS, SourceOptions(instrument="Hyper", templates={"defects": "../secret.dat"})):
        migration = plan_migration(source, "", options)
        assert [outcome.state for outcome in migration.outcomes] == [LISTED, LISTED]
        assert codes(migration).count("CAL732") == 2
    assert (
        codes(plan_migration(source, "", SourceOptions(instrument="H", templates=templates))).count("CAL732")
        == 2
    )


def test_units_are_those_of_one_kind_of_product(tmp_path: Path) -> None:
    source = tmp_path / "source"
    rows = [
        ("bias", entry("2014-01-01", "2014-01-01", "2037-12-31", ccd=0)),
        ("flat", entry("2014-01-01", "2014-01-01", "2037-12-31", ccd=0, filter="r")),
    ]
    for path in ("BIAS/2014-01-01/BIAS-000.fits", "FLAT/2014-01-01/r/FLAT-r-000.fits"):
        (source / path).parent.mkdir(parents=True)
        fits.PrimaryHDU(np.ones((8, 10), "f4")).writeto(source / path)
    write_registry(source, rows)
    states = [outcome.state for outcome in plan_migration(source, "", OPTIONS).outcomes]
    assert states == [BESIDE, ADDED]
    units = {"bias": {"": "adu"}}
    migration = plan_migration(source, "", SourceOptions(instrument="Hyper", units=units))
    texts = {
        path.split("/")[2]: text
        for path, text in migration.contents.items()
        if path.count("/") > 3 and path.endswith(".yaml")
    }
    assert b"unit: adu" in texts["bias"]
    assert b"unit: adu" not in texts["flat"]
