"""Statistics and tests of verification on the pages of types, and the page with all tests that come with curated."""

from __future__ import annotations

from curated.declare import Spec
from curated.docs.markdown import markdown_table
from curated.registry import own_types
from curated.verification.tables import default_tests
from curated.verification.verification_test import VerificationTest

DEFAULTS_PAGE = "verification-defaults.md"

_HEAD = ("Test", "Of each", "Statistic", "Limit", "Where the limit comes from")


def verification_sections(spec: Spec) -> list[str]:
    """Return the sections of a type's page about its statistics and the tests that come with curated."""
    parts = []
    if spec.statistics:
        rows = [
            (f"`{s.name}`", s.unit or "-", ", ".join(s.levels), ", ".join(s.needs), s.formula, s.source)
            for s in spec.statistics
        ]
        head = ("Statistic", "Unit", "Of each", "Needs", "Formula", "Source")
        text = (
            "Tests of verification compare these with limits; [verification-tests.md](../verification-tests.md) explains\n"
            "the words.\n\n"
        )
        parts += ["## Statistics\n", text + markdown_table(head, rows)]
    tests = default_tests(spec.name)
    if tests:
        text = (
            "These are in force where the package has no table of tests for the type; `curated new verification "
            f"{spec.name}`\nwrites them into one:\n\n"
        )
        parts += ["## Tests\n", text + markdown_table(_HEAD, [_row(test) for test in tests])]
    return parts


def defaults_page() -> str:
    """Return the page with the tests of all types that come with curated."""
    parts = [
        "# Tests that come with curated\n",
        "They are in force where a package has no table of tests for a type; [verification-tests.md](verification-tests.md)\n"
        "explains how to change them. *Unargued* limits are those for which the source gives no reason; *optional* tests need\n"
        "not have run before a calibration is certified.\n",
    ]
    for name, cls in own_types().items():
        tests = default_tests(name)
        if tests:
            parts.append(f"## {name}: {cls.SPEC.title}\n")
            parts.append(markdown_table(_HEAD, [_row(test) for test in tests]))
    return "\n".join(parts)


def _row(test: VerificationTest) -> tuple[str, ...]:
    remarks = "; ".join(
        text for text, holds in (("unargued", not test.justified), ("optional", not test.required)) if holds
    )
    source = f"{test.source} (*{remarks}*)" if remarks else test.source
    return f"`{test.id}`", test.level, f"`{test.statistic}`", limit_text(test), source


def limit_text(test: VerificationTest) -> str:
    """Return operator, limits and unit of a test for people, such as ``within -0.05 to 0.05``."""
    limits = " to ".join(f"{limit:g}" for limit in test.limits)
    return f"{test.operator} {limits} {test.unit}".rstrip()
