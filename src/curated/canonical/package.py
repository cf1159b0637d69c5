"""The canonical form of the texts of a package: calibrations, their provenance, and settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from curated.canonical.formatter import form_of, format_text
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.parallel import Progress, run_all
from curated.package.config import CONFIG_FILE
from curated.package.files import Files, read_file
from curated.package.package import Package


class TextFile(NamedTuple):
    """A text of a package.

    Parameters
    ----------
    path : `str`
        Path relative to the package's root.
    is_calibration : `bool`
        Whether it is a calibration; others are settings and provenance.
    """

    path: str
    is_calibration: bool


class FormattedFile(NamedTuple):
    """A text of a package and its canonical form.

    Parameters
    ----------
    path : `str`
        Path relative to the package's root.
    before, after : `bytes`
        Content of the file, and its canonical form; the same where it has none.
    diagnostics : `tuple` [`Diagnostic`]
        Why it has none.
    """

    path: str
    before: bytes
    after: bytes
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def is_canonical(self) -> bool:
        """Whether nothing has to be changed."""
        return self.before == self.after


def text_files(package: Package, paths: Sequence[str] = ()) -> list[TextFile]:
    """Return the texts of a package, or those at or below some paths, in the order of their paths."""
    layout = package.layout
    calibrations = {file.source for file in layout.files}
    settings = {*layout.sides, *filter(None, layout.instruments.values())}
    if not isinstance(read_file(package.files, CONFIG_FILE), Problem):
        settings.add(CONFIG_FILE)
    selected = tuple(path.rstrip("/") for path in paths)
    return [
        TextFile(path, path in calibrations)
        for path in sorted(calibrations | settings)
        if form_of(path) and (not selected or _is_below(path, selected))
    ]


def _is_below(path: str, selected: Sequence[str]) -> bool:
    return any(path == top or path.startswith(f"{top}/") for top in selected)


def format_package(
    package: Package,
    files: Sequence[TextFile],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Iterator[FormattedFile]:
    """Yield each text with its canonical form, in order; nothing is written."""
    yield from run_all(partial(_format_files, package.files), files, jobs, progress)


def _format_files(reader: Files, files: Sequence[TextFile]) -> list[FormattedFile]:
    return [_format_file(reader, file) for file in files]


def _format_file(reader: Files, file: TextFile) -> FormattedFile:
    data = read_file(reader, file.path)
    if isinstance(data, Problem):
        return FormattedFile(file.path, b"", b"", (Diagnostic.from_problem(data, file.path),))
    after, problems = format_text(data, form_of(file.path), is_calibration=file.is_calibration)
    findings = tuple(
        Diagnostic.from_problem(problem, file.path, problem.line or 0, problem.column or 0)
        for problem in problems
    )
    return FormattedFile(file.path, data, after, findings)
