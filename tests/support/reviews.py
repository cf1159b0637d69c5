"""A review made of values, with names that do not mean well."""

from __future__ import annotations

from datetime import date, datetime

from curated.check.report import Report
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.keys import CalibKey
from curated.declare import Reading
from curated.difference.change import Change, Difference, Effect
from curated.exposures.impact import Counts, Impact, Largest, NightImpact, TypeImpact
from curated.package.validity import Range
from curated.report.review.content import Review
from curated.types.defects import Defects

EVIL = "<script>alert(1)</script>|`[x](http://evil.example)`\x1b[31m"
COUNTS = Counts(3, 3, 2, 1, 0, 0)


def make_review(name: str = "d00", *, changes: int = 1, nights: int = 1, findings: int = 1) -> Review:
    """Return a review of changes of defects, each of which gains pixels."""
    measure = next(measure for measure in Defects.SPEC.measures if measure.name == "pixels_gained")
    effect = Effect(measure, Reading(12.0, 3.0, 15.0))
    ranges = (Range(datetime(2020, 1, 1), None),)
    made = tuple(
        Change(
            CalibKey("lab", "defects", f"{name}{n or ''}"),
            "a.ecsv",
            f"{name}.ecsv",
            ranges,
            (effect,),
            ("x0",),
        )
        for n in range(changes)
    )
    difference = Difference.of("0" * 40, "work tree", made)
    kind = TypeImpact("defects", COUNTS, COUNTS, Largest(effect, made[0]))
    by_night = tuple(NightImpact("lab", date(2024, 1, 1), 5, COUNTS, (kind,)) for _ in range(nights))
    impact = Impact(
        before="0" * 40,
        after="work tree",
        total=5,
        rejected=2,
        left_out=0,
        night_count=nights,
        affected=COUNTS,
        types=(kind,),
        nights=by_night,
        findings=(),
    )
    diagnostics = tuple(
        Diagnostic.from_problem(Problem("CAL301", (), f"row {n} of {name}"), f"{name}.ecsv")
        for n in range(findings)
    )
    return Review(f"main{name}", Report(diagnostics=diagnostics), difference, impact, f"{name}.csv")
