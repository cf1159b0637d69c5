"""Rows of tests as YAML has them, in tables of tests and in records."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from curated.core.diagnostic import Pointer, Problem, brief
from curated.declare.settings import Setting
from curated.declare.statistic import LEVELS
from curated.verification.verification_test import Operator, VerificationTest

OPERATORS: tuple[Operator, ...] = get_args(Operator)

_EXPONENTIAL = re.compile(r"[-+]?[0-9]{1,20}(\.[0-9]{0,20})?[eE][-+]?[0-9]{1,3}\Z")

_PAIRS = frozenset({"within", "outside"})
"""Operators that have two limits."""

TEST_ROW = Setting(
    kind="mapping",
    doc="A test: a statistic and the limits that it is compared with.",
    keys={
        "id": Setting(
            kind="text",
            required=True,
            longest=128,
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}$",
            says="not a name of letters, digits and - _ . +",
            doc="Its name, such as BIAS-NOISE; each once.",
        ),
        "level": Setting(kind="text", required=True, choices=LEVELS, doc="What it is of."),
        "statistic": Setting(kind="text", required=True, longest=128, doc="Name of the statistic."),
        "operator": Setting(
            kind="text",
            required=True,
            choices=OPERATORS,
            doc="How the value is compared; within and outside have two limits.",
        ),
        "limit": Setting(
            kind="plain", required=True, doc="A number, or the lower and the upper one as a list."
        ),
        "unit": Setting(kind="text", blank=True, longest=64, doc="Unit of the limit; empty for a ratio."),
        "sigma": Setting(
            kind="real",
            minimum=0,
            maximum=100,
            doc="By how many standard errors of the value the limit may be exceeded; 3 if it is not given.",
        ),
        "source": Setting(
            kind="text",
            required=True,
            longest=4096,
            doc="Document and section, or code, that the limit comes from.",
        ),
        "justified": Setting(
            kind="flag", doc="Whether the source argues for the limit; true if it is not given."
        ),
        "required": Setting(
            kind="flag", doc="Whether certification needs it to have run; true if it is not given."
        ),
        "note": Setting(kind="text", blank=True, longest=4096, doc="Anything else that people should know."),
    },
)
"""Declaration of a row."""


def row_problems(rows: Sequence[Mapping[str, Any]], code: str, at: Pointer) -> Iterator[Problem]:
    """Yield what is wrong with rows that the declaration allows: ids that are repeated, and limits.

    Parameters
    ----------
    code : `str`
        Code of the problems.
    at : `tuple`
        Place of the rows in the document.
    """
    first: dict[str, int] = {}
    for number, row in enumerate(rows):
        place = (*at, number)
        original = first.setdefault(row["id"].upper(), number)
        if original != number:
            yield Problem(
                code, (*place, "id"), f"{brief(row['id'])} is the id of test {original + 1} as well"
            )
        limits = _limits(row["limit"])
        expected = 2 if row["operator"] in _PAIRS else 1
        if limits is None:
            yield Problem(
                code, (*place, "limit"), f"{brief(row['limit'])} is neither a number nor a pair of numbers"
            )
        elif len(limits) != expected:
            number_of = "two limits, as in [-1, 1]" if expected == 2 else "one limit"
            yield Problem(
                code, (*place, "limit"), f"{row['operator']} has {number_of}, not {brief(row['limit'])}"
            )
        elif limits[0] > limits[-1]:
            yield Problem(
                code, (*place, "limit"), f"the lower limit {limits[0]:g} is above the upper one {limits[1]:g}"
            )


def _limits(value: Any) -> tuple[float, ...] | None:
    """Return one limit or two; `None` if the value is something else."""
    values = value if isinstance(value, list) else [value]
    # YAML 1.1 takes 1e-5, without a point, for text.
    numbers = [float(v) if isinstance(v, str) and _EXPONENTIAL.match(v) else v for v in values]
    is_number = [
        isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) for v in numbers
    ]
    return tuple(map(float, numbers)) if len(numbers) in (1, 2) and all(is_number) else None


def parse_row(row: Mapping[str, Any]) -> VerificationTest:
    """Return the test of a row that has no problems."""
    values = {key: value for key, value in row.items() if key not in ("limit", "sigma")}
    return VerificationTest(**values, limits=_limits(row["limit"]) or (), sigma=float(row.get("sigma", 3.0)))


def plain_row(test: VerificationTest) -> dict[str, Any]:
    """Return a test as YAML holds it, without what is not given."""
    values: dict[str, Any] = {
        "id": test.id,
        "level": test.level,
        "statistic": test.statistic,
        "operator": test.operator,
        "limit": test.limits[0] if len(test.limits) == 1 else list(test.limits),
        "unit": test.unit,
        "sigma": test.sigma,
        "source": test.source,
    }
    values |= {"justified": False} if not test.justified else {}
    values |= {"required": False} if not test.required else {}
    return values | ({"note": test.note} if test.note else {})
