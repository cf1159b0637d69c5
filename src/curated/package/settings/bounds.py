"""Limits of plausible values that an instrument declares in place of those of the types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curated.core.diagnostic import Problem, brief
from curated.declare import InstrumentBound, bound_fault
from curated.registry import find_type, similar_type


def parse_bounds(items: Mapping[int, Any]) -> tuple[tuple[InstrumentBound, ...], list[Problem]]:
    """Return the bounds without errors, and the problems of the others.

    Parameters
    ----------
    items : `dict` [`int`, `dict`]
        Entries of ``bounds:`` that the schema allows, by their index.
    """
    bounds: list[InstrumentBound] = []
    problems: list[Problem] = []
    indices: dict[tuple[str, str], int] = {}
    for i, item in items.items():
        cls = find_type(item["type"])
        if cls is None:
            similar = similar_type(item["type"])
            remedy = f"; did you mean {similar}?" if similar else ""
            detail = f"{brief(item['type'])} is not a calibration type{remedy}"
            problems.append(Problem("CAL002", ("bounds", i, "type"), detail))
            continue
        quantity, spec = item["quantity"], cls.SPEC
        fault = bound_fault(spec.name, spec.bounds, quantity, item.get("minimum"), item.get("maximum"))
        if fault is None and (spec.name, quantity) in indices:
            number = indices[spec.name, quantity] + 1
            fault = "quantity", f"{quantity} of {spec.name} has limits in entry {number} already"
        if fault is not None:
            problems.append(Problem("CAL002", ("bounds", i, fault[0]), fault[1]))
            continue
        indices[spec.name, quantity] = i
        bounds.append(InstrumentBound(**{**item, "type": spec.name}))
    return tuple(bounds), problems
