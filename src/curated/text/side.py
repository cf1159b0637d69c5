"""The file ``<validstart>.inputs.yaml`` beside a calibration: read, joined to it, and written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from curated.calib import Calib
from curated.core.diagnostic import Diagnostic, Problem, brief
from curated.core.metadata import Metadata
from curated.provenance import Provenance, parse, settle
from curated.provenance.declaration import SIDE_ENDING
from curated.provenance.reading import KEYS
from curated.text.reader import read_text
from curated.text.source import Locator
from curated.text.yaml.flow import flow
from curated.text.yaml.reader import load_yaml, yaml_locator

C = TypeVar("C", bound=Calib)


@dataclass(slots=True)
class Side:
    """A provenance file that was read.

    Parameters
    ----------
    provenance : `Provenance`
        What can be used of it.
    problems : `list` [`Problem`]
        All that is wrong with it.
    locator : `~collections.abc.Callable`
        Finds a value's line and column.
    """

    provenance: Provenance
    problems: list[Problem] = field(default_factory=list)
    locator: Locator = lambda _: (0, 0)

    def diagnose(self, problem: Problem, file: str) -> Diagnostic:
        """Complete a problem with its place in this file."""
        line, column = (0, 0) if problem.line is not None else self.locator(problem.pointer)
        return Diagnostic.from_problem(problem, file, line, column)


def read_side(data: bytes) -> Side:
    """Read a provenance file.

    Parameters
    ----------
    data : `bytes`
        Its content.
    """
    text, problems = read_text(data)
    if text is None:
        return Side(Provenance(), problems)
    tree, problems = load_yaml(text)
    locator = yaml_locator(text)
    if tree is None and not problems:
        problems = [Problem("CAL120", (), "the file says nothing", line=1)]
    if tree is None:
        return Side(Provenance(), problems, locator)
    if not isinstance(tree, dict):
        detail = f"the document is {brief(tree)}, not a mapping with {', '.join(KEYS)}"
        return Side(Provenance(), [*problems, Problem("CAL120", (), detail, line=1)], locator)
    problems += [
        Problem("CAL120", (key,), f"{brief(key)} is not one of {', '.join(KEYS)}")
        for key in tree
        if key not in KEYS
    ]
    provenance, wrong = parse({key: value for key, value in tree.items() if key in KEYS})
    return Side(provenance, problems + wrong, locator)


def join(calib: C, side: Side) -> tuple[C, list[Problem]]:
    """Give a calibration the provenance that stands beside it.

    Parameters
    ----------
    calib : `Calib`
        The calibration, with what its own file says.
    side : `Side`
        The file beside it.

    Returns
    -------
    calib : `Calib`
        The same with both.
    problems : `list` [`Problem`]
        What both say (``CAL125``), and what does not agree with its keywords, as places in the file beside.
    """
    own, more = calib.provenance.plain(), side.provenance.plain()
    twice = [
        Problem("CAL125", (key,), f"{key} stands in the calibration as well") for key in more if key in own
    ]
    added = {key: getattr(side.provenance, key) for key in more if key not in own}
    metadata = Metadata(calib.metadata)
    found = settle(Provenance(**added), metadata, {key: (key,) for key in added})
    return replace(calib, metadata=metadata, provenance=replace(calib.provenance, **added)), twice + found


def read_beside(path: Path, calib: C) -> tuple[C, list[Problem]]:
    """Return a calibration with what ``<validstart>.inputs.yaml`` beside its file says, and what is wrong."""
    beside = Path(side_path(str(path)))
    if not beside.is_file():
        return calib, []
    side = read_side(beside.read_bytes())
    joined, problems = join(calib, side)
    return joined, side.problems + problems


def side_path(path: str) -> str:
    """Return the path of the provenance file of a calibration file."""
    return os.path.splitext(path)[0] + SIDE_ENDING


def side_text(provenance: Provenance) -> str:
    """Return a provenance file; the same record gives the same text.

    Parameters
    ----------
    provenance : `Provenance`
        The record.
    """
    lines = []
    for key, value in provenance.plain().items():
        lines.append(f"{key}:")
        if isinstance(value, list):
            lines += [f"- {flow(entry)}" for entry in value]
        else:
            lines += [f"  {name}: {flow(item)}" for name, item in value.items()]
    return "".join(f"{line}\n" for line in lines)
