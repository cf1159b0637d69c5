"""Drafts of tables of tests: the tests that come with a type, in a file of the package."""

from __future__ import annotations

from datetime import datetime

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.times import compact
from curated.package.layout import VERIFICATION_DIRECTORY
from curated.package.package import Package
from curated.verification.tables import default_table

_BLANK = """# Tests of {name}, in force for calibrations that start from {start} on.
#
# 'curated types {name}' lists the statistics that they may compare with limits; docs/verification-tests.md explains each
# key. Without a row nothing is tested.
tests: []
"""


def draft_table(package: Package, directory: str, cls: type[Calib], start: datetime) -> dict[str, bytes]:
    """Return a table of tests by its path: those that come with the type, with their comments.

    Parameters
    ----------
    directory : `str`
        Directory of the instrument.
    start : `datetime.datetime`
        When the table comes into force, UTC.

    Raises
    ------
    CuratedError
        If the type has no statistics, so that nothing can be tested.
    """
    name = cls.SPEC.name
    if not cls.SPEC.statistics:
        raise CuratedError(f"{name} has no statistics, so that nothing of it can be tested")
    text = default_table(name) or _BLANK.format(name=name, start=f"{start:%Y-%m-%d}")
    path = "/".join(
        filter(None, (package.top, directory, VERIFICATION_DIRECTORY, name, f"{compact(start)}.yaml"))
    )
    return {path: text.encode()}
