"""Which calibrations must be certified: ``certification:`` in ``instrument.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from curated.core.diagnostic import Problem, brief
from curated.core.times import parse_time
from curated.declare.settings import Setting
from curated.registry import find_type, similar_type

REQUIRED = "required"

CERTIFICATION = Setting(
    kind="plain",
    doc="Which calibrations must be certified: 'required' for all, or a mapping with 'from', the first start of validity "
    "that needs it, and 'types'.",
)
"""The key ``certification`` of ``instrument.yaml``."""


@dataclass(frozen=True, slots=True)
class CertificationRule:
    """Which calibrations must be certified.

    Parameters
    ----------
    required : `bool`
        Whether any must.
    begin : `datetime.datetime` or `None`
        The first start of validity, UTC, that needs it; `None` for all.
    types : `tuple` [`str`]
        Types that need it; empty for all that have tests.
    """

    required: bool = False
    begin: datetime | None = None
    types: tuple[str, ...] = ()

    def is_for(self, type_name: str, start: datetime) -> bool:
        """Say whether calibrations of a type that start at a time (UTC) need a certification, if the type has tests."""
        if not self.required or (self.begin is not None and start < self.begin):
            return False
        return not self.types or type_name in self.types


def parse_certification(value: Any) -> tuple[CertificationRule, list[Problem]]:
    """Return the rule that a value of ``certification`` makes, and what is wrong with it.

    With an error all calibrations need one: a check never becomes weaker by a mistake.
    """
    if value is None or value == REQUIRED:
        return CertificationRule(value == REQUIRED), []
    at = ("certification",)
    if not isinstance(value, dict):
        detail = f"certification is {brief(value)}, neither 'required' nor a mapping with from and types"
        return CertificationRule(True), [Problem("CAL002", at, detail)]
    problems = [
        Problem("CAL002", (*at, str(key)), f"{brief(key)} is not one of from, types")
        for key in value
        if key not in ("from", "types")
    ]
    begin = None
    if "from" in value:
        try:
            begin = parse_time(value["from"])
        except (TypeError, ValueError, AttributeError):
            problems.append(
                Problem("CAL002", (*at, "from"), f"{brief(value['from'])} is not a date such as '2026-01-31'")
            )
    names = value.get("types", [])
    if not isinstance(names, list):
        problems.append(Problem("CAL002", (*at, "types"), f"{brief(names)} is not a list of types"))
        names = []
    types = set()
    for i, name in enumerate(names):
        cls = find_type(name) if isinstance(name, str) else None
        if cls is not None:
            types.add(cls.SPEC.name)
            continue
        similar = similar_type(name) if isinstance(name, str) else ""
        remedy = f"; did you mean {similar}?" if similar else ""
        problems.append(
            Problem("CAL002", (*at, "types", i), f"{brief(name)} is not a calibration type{remedy}")
        )
    return CertificationRule(True) if problems else CertificationRule(
        True, begin, tuple(sorted(types))
    ), problems
