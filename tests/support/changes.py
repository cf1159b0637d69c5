"""A package with three calibrations that tests change, and the check of the change."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from conftest import GitPackage
from curated.check.report import Report
from curated.history.change_check import check_since
from curated.package.package import open_package
from support.packages import defects_path, defects_text

CONFIG = {"curated.yaml": "calibs: calibs\n"}
OLD, MIDDLE, LATER = defects_path(0), defects_path(0, "20220101T000000"), defects_path(0, "20230101T000000")
FUTURE = defects_path(0, "20300101T000000")
DATES = {OLD: "2020-01-01", MIDDLE: "2022-01-01", LATER: "2023-01-01", FUTURE: "2030-01-01"}
OLD_RANGE = "2020-01-01T00:00:00 to 2022-01-01T00:00:00"
MIDDLE_RANGE = "2022-01-01T00:00:00 to open"
IDENTITY = {"MAKER": "A1"}


def version(path: str, *, detector: int = 0, x0: int = 1, **meta: str) -> str:
    """Return a text for one of the paths above."""
    return defects_text({**IDENTITY, **meta}, detector=detector, date=f"{DATES[path]}T00:00:00", x0=x0)


OBSERVED_UNTIL = datetime(2026, 1, 1)
"""End of the past in these tests."""

EPOCHS = {
    **CONFIG,
    OLD: version(OLD),
    MIDDLE: version(MIDDLE, x0=2),
    defects_path(1): version(OLD, detector=1),
}
"""Two epochs of one detector and one of another; packages of tests are committed at 2024-01-01."""


def check(package: GitPackage | Path, revision: str = "main", *paths: str) -> Report:
    """Check what changed in a package since a revision."""
    opened = open_package(getattr(package, "path", package))
    return check_since(opened, revision, paths, use_cache=False, jobs=1, observed_until=OBSERVED_UNTIL)


def messages(package: GitPackage, revision: str = "HEAD", *paths: str) -> list[str]:
    """Return file, code and message of each finding, with REV for the SHA1 of the revision."""
    sha1 = package.git("rev-parse", revision)[:12]
    findings = check(package, revision, *paths).diagnostics
    return [f"{d.file} {d.code} {d.message.replace(sha1, 'REV')}" for d in findings]


def codes(package: GitPackage, revision: str = "HEAD") -> list[tuple[str, str]]:
    """Return file and code of each finding."""
    return [(d.file, d.code) for d in check(package, revision).diagnostics]
