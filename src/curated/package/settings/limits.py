"""Limits of changes, ``limits:`` in ``curated.yaml`` and ``instrument.yaml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.similar import similar_name
from curated.declare.settings import Setting
from curated.registry import find_type, similar_type

LimitValues = Mapping[tuple[str, str], float]
"""Largest changes without a note, by calibration type and measure, in the unit of the measure."""

LIMITS = Setting(
    kind="mapping",
    doc="Largest changes that need no note, by calibration type.",
    items=Setting(
        kind="mapping",
        doc="By measure, as on the type's page.",
        items=Setting(
            kind="real", minimum=0, says="less than zero", doc="Largest change, in the unit of the measure."
        ),
    ),
)
"""Declaration of ``limits:``."""


def parse_limits(
    tree: Any, code: str, at: Pointer = ("limits",), wrong_places: Collection[Pointer] = ()
) -> tuple[dict[tuple[str, str], float], list[Problem]]:
    """Return the limits of types and measures that exist, and the problems of the others.

    Parameters
    ----------
    tree : `dict`
        Content of ``limits:``.
    code : `str`
        Code of the problems.
    at : `tuple`, optional
        Place of the content in the document.
    wrong_places : collection [`tuple`], optional
        Places at which the schema allows no such value; what is there is left out.
    """
    limits: dict[tuple[str, str], float] = {}
    problems: list[Problem] = []
    # The schema has said what is wrong with keys that are no text.
    entries = {k: v for k, v in tree.items() if isinstance(k, str)} if at not in wrong_places else {}
    for type_name, values in entries.items():
        cls = find_type(type_name)
        if cls is None:
            meant = similar_type(type_name)
            detail = f"{brief(type_name)} is not a calibration type{_question(meant)}"
            problems.append(Problem(code, (*at, type_name), detail))
            continue
        for measure, value in values.items() if (*at, type_name) not in wrong_places else ():
            fault = measure_fault(type_name, measure)
            if fault:
                problems.append(Problem(code, (*at, type_name, measure), fault))
            elif (cls.SPEC.name, measure) in limits:
                detail = f"{cls.SPEC.name}.{measure} has a limit already, under another name of the type"
                problems.append(Problem(code, (*at, type_name, measure), detail))
            elif (*at, type_name, measure) not in wrong_places:
                limits[cls.SPEC.name, measure] = float(value)
    return limits, problems


def measure_fault(type_name: str, measure: str) -> str:
    """Return what is wrong with the name of a measure of a type; empty for nothing."""
    cls = find_type(type_name)
    names = [declared.name for declared in cls.SPEC.measures] if cls is not None else []
    if measure in names:
        return ""
    meant = similar_name(measure, names)
    listing = f"; these are: {', '.join(names) or 'none'}" if not meant else ""
    return f"{brief(measure)} is not a measure of {type_name}{_question(meant)}{listing}"


def _question(meant: str) -> str:
    return f"; did you mean {meant!r}?" if meant else ""
