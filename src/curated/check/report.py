"""What a check found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from curated.check.file import FileReport
from curated.core.diagnostic import Diagnostic, has_errors
from curated.core.keys import CalibFile
from curated.package.instrument import Instrument
from curated.package.validity import Range


@dataclass(slots=True, eq=False, repr=False)
class Report:
    """What a check found.

    Parameters
    ----------
    files : `list` [`CalibFile`]
        The files that were checked.
    diagnostics : `list` [`Diagnostic`]
        All findings, in the order of files and lines.
    ranges : `dict` [`str`, `Range`]
        Validity of every file of the package, by path.
    reports : `dict` [`str`, `FileReport`]
        What is known of each file, by path.
    silenced : `int`
        Findings that ``curated.yaml`` silences.
    settle : `~collections.abc.Callable`
        Returns the instruments.
    """

    files: list[CalibFile] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    ranges: dict[str, Range] = field(default_factory=dict)
    reports: dict[str, FileReport] = field(default_factory=dict)
    silenced: int = 0
    settle: Callable[[], dict[str, Instrument]] = dict
    _settled: dict[str, Instrument] | None = None

    @property
    def instruments(self) -> dict[str, Instrument]:
        """Instruments by directory. They are inferred when they are asked for, since it takes a look at all files."""
        if self._settled is None:
            self._settled = self.settle()
        return self._settled

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return has_errors(self.diagnostics)
