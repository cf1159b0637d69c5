"""Files beside a calibration's text: that the one it names is there and is the one it means, and that none is left over."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from curated.calib import Calib
from curated.calib.content import Companion
from curated.check.file import FileReport
from curated.core.diagnostic import Problem
from curated.core.keys import CalibFile
from curated.package.files import Files, LeadsOutError
from curated.package.layout import Layout


def check_beside(
    files: Files, file: CalibFile, calib: Calib, report: FileReport
) -> tuple[Calib, list[Problem]]:
    """Check the file that a calibration's text names, and attach it.

    Parameters
    ----------
    files : `Files`
        The package's files.
    file : `CalibFile`
        The text.
    calib : `Calib`
        What was read from it.
    report : `FileReport`
        Is told which file it is, and its state, by which a later run sees whether it has changed.

    Returns
    -------
    calib : `Calib`
        With what the file holds, where it can be used.
    problems : `list` [`Problem`]
        All that is wrong with the file.
    """
    named = calib.companion()
    if named is None:
        return calib, []
    path = os.path.join(os.path.dirname(file.path), named.file)
    report.beside = path
    at = (*named.pointer, "file")
    try:
        place = files.locate(path)
        if place is None:
            return calib, []
        report.state = files.state(path)
        made, problems = calib.attach(place)
        if not any(p.code == "CAL342" for p in problems):
            problems += _identity(named, place, made)
        return made, problems
    except FileNotFoundError:
        detail = f"{named.file} is not there, in the directory of {os.path.basename(file.path)}"
        return calib, [Problem("CAL340", at, detail)]
    except LeadsOutError as error:
        return calib, [Problem("CAL106", at, f"{named.file} {error.strerror or ''}")]
    except OSError as error:
        return calib, [Problem("CAL201", at, f"{named.file}: {error.strerror or error}")]


def _identity(named: Companion, place: str, calib: Any) -> Iterator[Problem]:
    """Yield a size or a hash that is not the one that the text says."""
    size = os.stat(place).st_size
    if size != named.size:
        detail = f"{named.file} has {size} bytes, but size is {named.size}"
        yield Problem("CAL343", (*named.pointer, "size"), detail)
        return
    from curated.image.planes import digest  # few files have another beside them

    found = digest(place, getattr(calib, "planes", {}).values())
    if found != named.sha256:
        detail = f"the SHA-256 of {named.file} is {found}"
        yield Problem("CAL343", (*named.pointer, "sha256"), detail)


def left_over(layout: Layout, reports: Mapping[str, FileReport]) -> Iterator[tuple[str, Problem]]:
    """Yield the files that a type has beside its texts, and that no text names."""
    if not layout.beside:
        return
    named: Collection[str] = {report.beside for report in reports.values()}
    # A text that cannot be read may well name the file of its own name.
    unread = {os.path.splitext(path)[0] for path, report in reports.items() if not report.beside}
    for path in layout.beside:
        stem = os.path.join(os.path.dirname(path), os.path.basename(path).partition(".fit")[0])
        if path not in named and stem not in unread:
            side = f"{os.path.basename(stem)}.yaml"
            yield path, Problem("CAL410", (), f"no side file names it; {side} would be its own")
