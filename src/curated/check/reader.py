"""One file, from where it is to what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from curated.calib import Calib
from curated.check.companions import check_beside
from curated.check.file import FileReport, check_file
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.keys import CalibFile
from curated.package.files import Files, LeadsOutError
from curated.package.instrument import Instrument


def check_one(
    files: Files, file: CalibFile, declared: Mapping[str, Instrument], *, beside: bool = True
) -> tuple[Calib | None, bytes, FileReport]:
    """Read and check one file, with the file ``beside`` it or without; one that cannot be read is a finding."""
    data = read_file(files, file.path)
    if isinstance(data, Problem):
        return None, b"", _unread(file, data)
    instrument = declared.get(file.key.instrument)
    attach = partial(check_beside, files, file) if beside else None
    side = read_file(files, file.side) if file.side else None
    unread = side if isinstance(side, Problem) else None
    calib, report = check_file(file, data, instrument, attach, side if isinstance(side, bytes) else None)
    if unread is not None:
        report.diagnostics.append(Diagnostic.from_problem(unread, file.side))
    return calib, data, report


def _unread(file: CalibFile, problem: Problem) -> FileReport:
    found = [Diagnostic.from_problem(problem, file.path)]
    return FileReport(file.path, file.key.detector, file.key.filter, {}, "", found)


def read_file(files: Files, path: str) -> bytes | Problem:
    """Return a file's content; a `Problem` where it cannot be read or is a link that leads out of the package."""
    try:
        return files.read(path)
    except LeadsOutError as error:
        return Problem("CAL106", (), error.strerror or "")
    except OSError as error:
        return Problem("CAL201", (), f"{error.strerror or error}")
