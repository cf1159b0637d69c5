"""A record as text: the worst value of each test, within 80 columns."""

from __future__ import annotations

from dataclasses import replace

from curated.report.quality.verification_text import limits_text, record_lines, value_text, worst_of
from verification.test_record_file import MEAN, NOISE, RECORD, RESULTS


def test_a_line_for_each_test() -> None:
    lines = record_lines("calibs/cam/bias/d00/20240101T000000.yaml", RECORD)
    assert lines == [
        "calibs/cam/bias/d00/20240101T000000.yaml: fail (1 pass, 1 fail, 1 not run)",
        "  fail  BIAS-NOISE  0/2  0.1 +- 0.01 (A)  -0.05 to 0.05",
        "    no pixel: none",
        "  pass  BIAS-MEAN   1/1  -1e-07           < 3 adu",
        "  note: no dark is in force",
    ]


def test_the_worst_is_the_farthest_beyond() -> None:
    far, near, within = (
        replace(RESULTS[0], amplifier=a, value=v) for a, v in (("A", 0.2), ("B", -0.1), ("C", 0.0))
    )
    passed = replace(within, verdict="pass")
    assert worst_of([passed, near, far]).amplifier == "A"
    assert worst_of([passed, RESULTS[1]]).verdict == "not run"
    assert worst_of([passed]).amplifier == "C"


def test_values_and_limits() -> None:
    assert value_text(RESULTS[1]) == "-"
    assert limits_text(MEAN) == "< 3 adu"
    assert limits_text(replace(NOISE, operator="outside", unit="%")) == "outside -0.05 to 0.05 %"


def test_names_cannot_control_a_terminal() -> None:
    record = replace(RECORD, remarks=("\x1b[31mred",))
    assert record_lines("a\x07.yaml", record)[0].startswith("a\\x07.yaml")
    assert record_lines("a", record)[-1] == "  note: \\x1b[31mred"
