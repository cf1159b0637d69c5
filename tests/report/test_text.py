"""Findings as text, and where there are many of them."""

from __future__ import annotations

import json
import re

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import MakePackage
from curated.core.diagnostic import Diagnostic
from curated.report.text import (
    MANY,
    count_text,
    excerpt,
    findings_text,
    json_text,
    output_line,
    place_of,
    printable,
    summary_text,
)
from support.findings import assert_harmless, assert_no_command, finding, hostile
from support.packages import defects_path, defects_text
from support.programs import run_curated


def shown(*diagnostics: Diagnostic, every: bool = False) -> list[str]:
    return list(findings_text(diagnostics, lambda *_: "1 2 3", every=every))


def test_a_hundred_findings_are_shown_whole() -> None:
    found = [finding(line=line) for line in range(1, MANY + 1)]
    assert shown(*found) == shown(*found, every=True)
    assert sum("CAL301" in line for line in shown(*found)) == MANY


def test_many_findings_in_one_file() -> None:
    found = [finding(line=line) for line in range(1, 1001)]
    found.insert(500, finding(line=500, code="CAL305"))
    text = shown(*found)
    assert len(text) < 20
    assert sum(": error CAL301" in line for line in text) == 3
    assert sum(": error CAL305" in line for line in text) == 1
    assert "    and 997 more CAL301 in this file" in text
    assert text[-1].startswith("997 of 1001 findings are not shown; 'curated check --all'")
    assert sum(": error " in line for line in shown(*found, every=True)) == 1001


def test_many_findings_in_many_files() -> None:
    found = [finding(f"calibs/{n:04d}", f"{n}") for n in range(1000)] + [finding("calibs/x", code="CAL404")]
    text = shown(*found)
    assert sum(": error CAL301" in line for line in text) == 10
    assert sum(": info CAL404" in line for line in text) == 1
    assert len(text) < 60
    assert text[-1].startswith("990 of 1001 findings")


def test_the_same_of_many_files_is_said_once() -> None:
    found = [finding(f"calibs/{n:02d}", code="CAL411", line=0) for n in range(24)]
    other = [finding(f"calibs/{n:02d}") for n in range(3)]
    text = shown(*found, *other)
    assert text[-5:] == [
        "CAL411 in 24 files: warning text (hint: mend it)",
        "    calibs/00",
        "    calibs/01",
        "    calibs/02",
        "    and 21 more; 'curated check --all' shows them",
    ]
    assert sum(": error CAL301" in line for line in text) == 3
    assert "CAL411 in" not in "".join(shown(*found, *other, every=True))
    assert "CAL411 in 4 files" in "".join(shown(*found[:4]))
    assert "CAL411 in" not in "".join(shown(*found[:3], finding("calibs/x", "another", code="CAL411")))


def test_a_finding_twice_in_a_file_counts_one_file() -> None:
    found = [finding(f"calibs/{n}", line=line) for n in range(4) for line in (1, 2)]
    assert shown(*found)[0].startswith("CAL301 in 4 files: ")
    assert shown(*found)[1] == "    calibs/0:1:4"


def test_many_findings_that_many_files_share() -> None:
    found = [finding(f"calibs/{n}", f"row {row}", line=row) for n in range(10) for row in range(1, 102)]
    text = shown(*found)
    assert sum("CAL301 in 10 files" in line for line in text) == 3
    assert text[-1].startswith("980 of 1010 findings are not shown")


def test_the_command_shows_all_of_many(make_package: MakePackage) -> None:
    rows = "".join(f"-{n} 2 3 4\n" for n in range(1, 101))
    files = {defects_path(n): defects_text(detector=n).replace("1 2 3 4\n", rows) for n in range(10)}
    package = make_package({"curated.yaml": "", **files})
    brief = run_curated("check", cwd=package.path).stdout
    assert len(brief.splitlines()) < 60
    assert re.search(r"^  CAL301 +1000  a value out of range$", brief, re.MULTILINE)
    assert brief.endswith("10 calibrations checked: 1000 errors\n")
    assert run_curated("check", "--all", cwd=package.path).stdout.count(": error CAL301") == 1000
    for form, text in (("github", "::error "), ("sarif", '"ruleId": "CAL301"'), ("junit", ": error CAL301")):
        assert run_curated("check", "--format", form, cwd=package.path).stdout.count(text) == 1000


@given(file=hostile, message=hostile)
def test_text_and_json_of_any_text(file: str, message: str) -> None:
    assert_no_command("\n".join(shown(finding(file, message, hint=message))))
    assert_no_command(json_text([file, message]))
    assert json.loads(json_text({"a": [file, message]})) == {"a": [file, message]}


@given(text=hostile | st.text(), commands=st.booleans())
def test_a_line_of_output_of_any_text(text: str, commands: bool) -> None:
    shown = output_line(text, commands=commands)
    assert "\n" not in shown
    assert_harmless(shown.lstrip(": ") if commands else shown)
    assert output_line(shown) == output_line(text)
    assert printable(printable(text)) == printable(text)


@given(text=hostile)
def test_only_colours_are_left_of_styles(text: str) -> None:
    line = click.style(printable(text), fg="red", bold=True)
    shown = output_line(line, styled=True)
    assert_harmless(click.unstyle(shown))
    assert shown == line or printable(text).lstrip().startswith("::")


@pytest.mark.parametrize("text", ["plain", "caf\u00e9 \u03bcm 10 %", "#1 [a] a::b", "\u65e5\u672c", ": :"])
def test_harmless_texts_stay(text: str) -> None:
    assert output_line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\x1b[2J", r"a\tb\x1b[2J"),
        ("a\u202eb\u00adc\ufe0fd\u3164", r"a\u202eb\xadc\ufe0fd\u3164"),
        ("  ::error::x", r"  \x3a:error::x"),
        ("##[error]x ##vso[a]", r"\x23#[error]x \x23#vso[a]"),
        ("\ud800\U000e0041", r"\ud800\U000e0041"),
    ],
)
def test_what_is_escaped(text: str, shown: str) -> None:
    assert output_line(text) == shown


@pytest.mark.parametrize(
    ("file", "line", "column", "place"),
    [
        ("calibs/x", 3, 4, "sub/calibs/x:3:4"),
        ("calibs/x", 3, 0, "sub/calibs/x:3"),
        ("calibs/x", 0, 0, "sub/calibs/x"),
    ],
)
def test_places(file: str, line: int, column: int, place: str) -> None:
    assert place_of(finding(file, line=line, column=column), "sub/") == place


def test_a_place_that_starts_like_a_command() -> None:
    assert place_of(finding("::error::x", line=0)) == "./::error::x"


def test_an_excerpt_of_a_long_line() -> None:
    line = "a" * 500 + "X" + "b" * 500
    first, second = excerpt(line, 501)
    assert len(first) < 120
    assert first[second.index("^")] == "X"
    first, second = excerpt("\x1b\tab", 3)
    assert first[second.index("^")] == "a"
    assert excerpt("short", 0) == ["    | short"]


def test_counts() -> None:
    assert [count_text(count, "file") for count in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def test_summary_and_verdict() -> None:
    found = [finding(), finding(line=5), finding(code="CAL304"), finding(code="CAL404")]
    assert list(summary_text(found, 7, 2)) == [
        "",
        "  CAL301     2  a value out of range",
        "  CAL304     1  a throughput outside 0 to 1",
        "  CAL404     1  a hole in validity",
        "",
        "7 calibrations checked: 2 errors, 1 warning, 1 info, 2 silenced",
    ]
    assert list(summary_text([], 1, 0)) == ["1 calibration checked: no findings"]
