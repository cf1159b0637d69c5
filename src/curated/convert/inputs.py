"""One state of a package: what a conversion has read is compared with what is there at its end.

In a clean work tree each file is verified to be that of the commit when it is read. That leaves which files there are,
the settings that were read before, and work trees that differ from their commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from curated.check.instruments import read_instruments
from curated.check.report import Report
from curated.convert.file import Converted
from curated.convert.origin import Origin, committed_package
from curated.core.diagnostic import CuratedError, Problem
from curated.core.storage.limits import raise_exhausted
from curated.git.objects import blob_sha1
from curated.package.config import CONFIG_FILE, Config, parse_config
from curated.package.files import read_file
from curated.package.layout import discover
from curated.package.package import Package
from curated.package.sharing import share


def verify_inputs(package: Package, origin: Origin, report: Report, converted: Iterable[Converted]) -> None:
    """Raise an error if a package is not what it was while it was read.

    Parameters
    ----------
    package : `Package`
        The package that was converted.
    origin : `Origin`
        The commit that it was converted from.
    report : `Report`
        Result of the check, with the instruments that were read.
    converted : iterable [`Converted`]
        The calibrations that were converted, with the blobs that were read.

    Raises
    ------
    CuratedError
        If a file has come, gone or changed.
    """
    try:
        _verify(package, origin, report, converted)
    except OSError as error:
        raise_exhausted(error)
        _require(False, f"{error.filename or package.root} went")


def _verify(package: Package, origin: Origin, report: Report, converted: Iterable[Converted]) -> None:
    before, package = package.layout, committed_package(package, origin)
    layout = discover(package.files.paths(), package.top)
    if not package.bare:
        share(layout, package.files, package.config)
    _require(_paths(before) == _paths(layout), f"files of {package.top or 'the package'} came or went")
    _require(_config(package) == package.config, f"{CONFIG_FILE} changed")
    declared, _ = read_instruments(package)
    for directory in declared.keys() | report.declared.keys():
        changed = declared.get(directory) != report.declared.get(directory)
        _require(not changed, f"{layout.instruments.get(directory) or directory} changed")
    if origin.dirty:
        for entry in converted:
            text = read_file(package.files, entry.file.source)
            unchanged = isinstance(text, bytes) and blob_sha1(text) == entry.blob
            _require(unchanged, f"{entry.file.source} changed")


def _require(condition: bool, change: str) -> None:
    if not condition:
        raise CuratedError(
            f"{change} while it was read: the result would belong to no state of the package",
            "run it again when nothing else writes to the package",
        )


def _paths(layout: Any) -> tuple[Any, Any]:
    """Return what a layout says about the files that are read."""
    return [(file.path, file.side, file.record) for file in layout.files], dict(layout.instruments)


def _config(package: Package) -> Config:
    """Return the settings as they are now."""
    content = read_file(package.files, CONFIG_FILE)
    if package.bare:
        # A file that has come since would have made it another package.
        return package.config if isinstance(content, Problem) else Config()
    return parse_config(content.decode("utf-8", errors="replace")) if isinstance(content, bytes) else Config()
