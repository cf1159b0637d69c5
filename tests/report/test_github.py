"""Findings as annotations and as a summary in Markdown."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from conftest import MakePackage
from curated.check.report import Report
from curated.core.codes import Severity
from curated.core.diagnostic import Diagnostic
from curated.report import github
from curated.report.github import annotation, append_summary, summary_lines
from curated.report.text import printable
from support.findings import assert_no_command, finding, hostile, report_text
from support.packages import defects_path, defects_text
from support.programs import run_curated


def test_annotations_begin_with_errors() -> None:
    found = [finding(f"calibs/{n}", code=code) for n, code in enumerate(["CAL404", "CAL304", "CAL301"] * 20)]
    lines = report_text(github, *found).splitlines()
    assert Counter(line.split(" ")[0] for line in lines) == {"::error": 20, "::warning": 20, "::notice": 20}
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 20 + ["::warning"] * 20 + ["::notice"] * 20
    assert [line for line in lines if "error" in line] == sorted(
        (line for line in lines if "error" in line),
        key=lambda line: int(re.findall(r"calibs/(\d+)", line)[0]),
    )


@given(file=hostile, message=hostile)
def test_annotations_of_any_text(file: str, message: str) -> None:
    (line,) = report_text(github, finding(file, message, hint=message)).split("\n")
    assert re.match(r"::error file=[^:,\s]", line + "x") or "file=" in line
    assert len(line.splitlines()) == 1
    assert not re.search(r"##\w*\[", line)


COMMANDS = [
    "x,line=1::owned",
    "x\n::error::owned",
    "x\r::error::owned",
    "x%0A::error::owned",
    "::stop-commands::x",
    ":,%",
]


@pytest.mark.parametrize("text", COMMANDS)
def test_an_annotation_is_one_command(text: str) -> None:
    made = annotation(Diagnostic(text, 3, 4, "CAL301", Severity.ERROR, (), text, text), prefix="sub,dir/")
    assert "\n" not in made
    assert "\r" not in made
    # As the runner takes it apart: the properties end at the first '::', then all is message.
    head, message = re.fullmatch(r"::(?:error) ([^\n]*?)::(.*)", made).groups()  # type: ignore[union-attr]
    properties = dict(part.split("=", 1) for part in head.split(","))
    assert list(properties) == ["file", "line", "col", "title"]

    def undo(value: str, *codes: str) -> str:
        for code in codes:
            value = value.replace(code, chr(int(code[1:], 16)))
        return value.replace("%25", "%")

    file = undo(properties["file"], "%0A", "%0D", "%3A", "%2C")
    assert file.replace("\\r", "\r") == f"sub,dir/{text}"
    assert undo(message, "%0A", "%0D").replace("\\r", "\r").startswith(text)


def page(*diagnostics: Diagnostic) -> str:
    return "\n".join(summary_lines(Report(diagnostics=list(diagnostics))))


@given(file=hostile, message=hostile)
def test_a_summary_shows_any_text_as_it_is(file: str, message: str) -> None:
    text = page(finding(file, message, hint=message))
    assert_no_command(text)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in [*tokens, *inline]}.isdisjoint(
        {"html_block", "html_inline", "link_open", "image", "fence", "code_block", "em_open", "strong_open"}
    )
    assert [token.type for token in tokens].count("table_open") == 2
    spans = [child.content for child in inline if child.type == "code_inline"]
    shown = printable(message).replace("`", "\\x60").replace("|", "\\x7c")
    assert len(spans) == 2, "a place and a message, each whole"
    assert spans[1].strip() == (shown if len(message) <= 300 else spans[1]).strip()


def test_a_summary_of_all_codes(all_bad: list[Diagnostic]) -> None:
    text = page(*all_bad)
    assert text.startswith("## curated check failed\n\n")
    rows = re.findall(r"^\| (CAL\d+) \| (\w+) \| (\d+) \|", text, re.MULTILINE)
    assert {code: int(count) for code, _, count in rows} == Counter(d.code for d in all_bad)
    assert [severity for _, severity, _ in rows] == sorted((s for _, s, _ in rows), key=list(Severity).index)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    types = Counter(child.type for token in tokens for child in token.children or ())
    assert not types.keys() & {"html_inline", "link_open", "em_open", "strong_open"}
    shown = text.partition("| Where |")[2].count("\n| `")
    assert f"And {len(all_bad) - shown} more" in text
    assert len(text) < 100_000


def test_a_summary_of_nothing() -> None:
    assert page() == "## curated check passed\n\n0 calibrations checked: no findings"


def test_a_summary_is_appended(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({"data/curated.yaml": "", f"data/{defects_path()}": defects_text(x0=-1)})
    target = tmp_path / "summary.md"
    target.write_text("# Before\n")
    for form in ("text", "sarif"):
        arguments = ["check", "--format", form, "--summary", target]
        done = run_curated(*arguments, cwd=package.path / "data")
        assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == run_curated("check", "--format", form, cwd=package.path / "data").stdout
    text = target.read_text()
    assert text.startswith("# Before\n\n## curated check failed\n\n1 calibration checked: 1 error\n\n")
    assert text.count("\n\n## curated check failed") == 2
    line = len(defects_text().splitlines())
    assert f"| `data/{defects_path()}:{line}:1` | CAL301 | `row 1 x0: -1 is less than 0` |" in text
    done = run_curated("check", "--summary", tmp_path, cwd=package.path / "data")
    assert (done.returncode, "Is a directory" in done.stderr) == (2, True)
    assert "CAL301" in done.stdout, "the findings are not lost with the summary"


def test_a_summary_of_a_new_file(tmp_path: Path) -> None:
    append_summary(tmp_path / "new.md", Report())
    assert (tmp_path / "new.md").read_text() == page() + "\n"
