"""Statistics and tests on the pages."""

from __future__ import annotations

from curated.docs.verification import defaults_page, limit_text, verification_sections
from curated.registry import get_type, own_types
from curated.verification.tables import default_tests
from curated.verification.verification_test import VerificationTest


def test_pages_of_types_list_statistics_and_tests() -> None:
    text = "\n".join(verification_sections(get_type("ptc").SPEC))
    for statistic in get_type("ptc").SPEC.statistics:
        assert f"| `{statistic.name}` |" in text
        assert statistic.source in text
    assert "| `PTC-TURNOFF` | amplifier | `turnoff_charge` | within 90000 to 500000 electron |" in text
    assert verification_sections(get_type("events").SPEC) == []


def test_the_page_of_all_tests_is_complete() -> None:
    page = defaults_page()
    for name in own_types():
        assert all(f"| `{test.id}` |" in page for test in default_tests(name))
    assert "(*unargued; optional*)" in page


def test_limits_for_people() -> None:
    test = VerificationTest(id="T", level="detector", statistic="s", operator="<=", limits=(5e-6,))
    assert limit_text(test) == "<= 5e-06"
