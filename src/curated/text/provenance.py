"""The file ``<validstart>.inputs.yaml`` beside a calibration: its provenance, read and written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from curated.core.diagnostic import Diagnostic, Problem, brief
from curated.provenance import Provenance, parse
from curated.provenance.record import KEYS, LONG_KEY, PROVENANCE_ENDING
from curated.text.reader import read_text
from curated.text.source import Locator
from curated.text.yaml.locator import yaml_locator
from curated.text.yaml.reader import load_yaml
from curated.text.yaml.writer import quoted_flow


@dataclass(slots=True)
class ProvenanceFile:
    """A provenance file as it was read.

    Parameters
    ----------
    provenance : `Provenance`
        The parts of it that can be used.
    problems : `list` [`Problem`]
        All problems of the file.
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


def read_provenance_file(data: bytes) -> ProvenanceFile:
    """Read a provenance file from its bytes."""
    text, problems = read_text(data)
    if text is None:
        return ProvenanceFile(Provenance(), problems)
    tree, problems = load_yaml(text)
    locator = yaml_locator(text)
    if tree is None and not problems:
        problems = [Problem("CAL120", (), "the file says nothing", line=1)]
    if tree is None:
        return ProvenanceFile(Provenance(), problems, locator)
    if not isinstance(tree, dict):
        detail = f"the document is {brief(tree)}, not a mapping with {', '.join(KEYS)}"
        return ProvenanceFile(Provenance(), [*problems, Problem("CAL120", (), detail, line=1)], locator)
    problems += [
        Problem("CAL120", (key,), f"{brief(key)} is not one of {', '.join(KEYS)}")
        for key in tree
        if key not in KEYS
    ]
    provenance, more = parse({key: value for key, value in tree.items() if key in KEYS})
    return ProvenanceFile(provenance, problems + more, locator)


def provenance_path(path: str) -> str:
    """Return the path of the provenance file of a calibration file."""
    return os.path.splitext(path)[0] + PROVENANCE_ENDING


def provenance_text(provenance: Provenance) -> str:
    """Return the text of a provenance file; equal records give the same text."""
    lines = []
    for key, value in provenance.plain().items():
        lines.append(f"{key}:")
        if isinstance(value, list):
            lines += [f"- {quoted_flow(entry)}" for entry in value]
        else:
            for name, item in value.items():
                is_long = name == LONG_KEY
                lines.append(f"  {name}:{'' if is_long else f' {quoted_flow(item)}'}")
                lines += [f"  - {quoted_flow(entry)}" for entry in item] if is_long else []
    return "".join(f"{line}\n" for line in lines)
