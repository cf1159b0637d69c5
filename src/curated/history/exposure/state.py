"""Whether exposures and their calibrations were made in the same state of the camera.

The stack's ``compareCameraKeywords`` of ip_isr compares keywords such as SEQNAME; here ``match`` in ``instrument.yaml``
says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from curated.core.diagnostic import Diagnostic, Problem, brief
from curated.package.settings.header_mapping import value_as_text


class StateOfFile(NamedTuple):
    """The keywords of a calibration file, in upper case."""

    path: str
    keywords: Mapping[str, Any]


def compare_state(
    state: Mapping[str, Any], keywords: Sequence[str], files: Iterable[StateOfFile], source: str
) -> Iterator[Diagnostic]:
    """Yield what differs between an exposure and its calibrations, and what cannot be compared.

    Parameters
    ----------
    state : `dict` [`str`, `object`]
        Values of the exposure, by keyword.
    keywords : sequence [`str`]
        Keywords of the camera's state, in upper case.
    files : iterable [`StateOfFile`]
        The calibrations that the exposure uses.
    source : `str`
        Name of the exposure.
    """
    files = list(files)
    for keyword in keywords:
        text = value_as_text(state.get(keyword))
        if not text:
            yield _finding(
                "CAL481", source, f"{source} has no {keyword}, which calibrations are compared with"
            )
            continue
        silent = []
        for file in files:
            other = value_as_text(file.keywords.get(keyword))
            if not other:
                silent.append(file.path)
            elif other != text:
                detail = f"{keyword} is {brief(other)}, and {brief(text)} of {source}"
                yield _finding("CAL480", file.path, detail)
        if silent:
            more = f" and {len(silent) - 1} more calibrations have" if len(silent) > 1 else " has"
            detail = f"{silent[0]}{more} no {keyword}, which is {brief(text)} of {source}"
            yield _finding("CAL481", source, detail)


def _finding(code: str, file: str, detail: str) -> Diagnostic:
    return Diagnostic.from_problem(Problem(code, (), detail), file)
