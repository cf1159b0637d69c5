"""Migrations of small sources, written to disk, and their answers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from curated.history.lookup import lookup
from curated.migration.plan import plan_migration
from curated.migration.result import Migration
from curated.migration.survey import SourceOptions
from curated.package.package import Package, open_package


def migrate(source: Path, target: Path, options: SourceOptions | None = None) -> tuple[Migration, Package]:
    """Migrate a source, and return the account and the package."""
    migration = plan_migration(source, "", options or SourceOptions())
    for path, content in migration.contents.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    return migration, open_package(target)


def first_column(
    package: Package, instrument: str, time: datetime, detector: str, type_name: str = "defects"
) -> int | None:
    """Return the column of the first bad pixel that is in force; `None` if nothing is."""
    answer = lookup(package, instrument, type_name, time, detector=detector).in_force
    if answer is None:
        return None
    lines = (package.root / answer.file.path).read_text().splitlines()
    return int(lines[-1].split()[0])


def codes(migration: Migration) -> list[str]:
    """Return the codes of the warnings and errors of a migration, in order."""
    return sorted(f.code for f in migration.diagnostics if f.severity.value != "info")
