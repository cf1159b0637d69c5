"""Texts without quotes: what YAML 1.1 makes of them, and what the findings say that the file has."""

from __future__ import annotations

import pytest
import yaml

from curated.check.file import check_file
from curated.core.diagnostic import Diagnostic
from curated.core.metadata import normalise
from curated.package.layout import discover
from curated.text import read
from curated.text.yaml.locator import yaml_spelling

IN_QUOTES = ["010", "1:30", "12:30:45", "yes", "No", "on", "OFF", "true", "0x1f", "0b11", "1_000", "2024-01-01", "1.50", "1.e+3", "-0", "007",
             "1:30.5", ".5", "+7", "5", "2024-01-01 10:00:00", "0o17", "1e3", "12e4", "08", "y", "N", "abc", "1.2.3"]  # fmt: skip

KEYWORDS = [
    "DET_SER",
    "SLOTNAME",
    "RAFTNAME",
    "DET_NAME",
    "CALIB_ID",
    "SEQFILE",
    "SEQNAME",
    "SEQCKSUM",
    "CALIBCLS",
    "SOURCE",
]

FORMS = {
    "yaml": "metadata:\n  OBSTYPE: CROSSTALK\n  INSTRUME: cam\n  DETECTOR: 0\n  CALIBDATE: '2024-01-01'\n  {key}: {value}\n"
    "hasCrosstalk: true\nnAmp: 1\ncoeffs: [0.0]\n",
    "ecsv": "# %ECSV 1.0\n# ---\n# datatype:\n# - {{name: x0, datatype: int64}}\n# - {{name: y0, datatype: int64}}\n# - {{name: width, datatype: int64}}\n"
    "# - {{name: height, datatype: int64}}\n# meta: !!omap\n# - {{OBSTYPE: defects}}\n# - {{INSTRUME: cam}}\n# - {{DETECTOR: 0}}\n"
    "# - {{CALIBDATE: '2024-01-01'}}\n# - {{{key}: {value}}}\n# schema: astropy-2.0\nx0 y0 width height\n1 2 3 4\n",
}  # fmt: skip


def findings(form: str, key: str, value: str) -> list[Diagnostic]:
    kind = "crosstalk" if form == "yaml" else "defects"
    (file,) = discover([f"cam/{kind}/d00/20240101T000000.{form}"], "").files
    _, report = check_file(file, FORMS[form].format(key=key, value=value).encode())
    return [d for d in report.diagnostics if d.code in ("CAL222", "CAL223")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", IN_QUOTES)
def test_what_is_no_text_needs_quotes(form: str, value: str) -> None:
    is_text = isinstance(yaml.safe_load(value), str)
    for key in KEYWORDS if value in ("010", "yes") else KEYWORDS[:2]:
        problems = findings(form, key, value)
        quoted = [d for d in problems if d.code == "CAL222"]
        assert bool(quoted) is not is_text
        assert all(value in d.message and d.hint for d in quoted)
        assert findings(form, key, f"'{value}'") == []


@pytest.mark.parametrize("form", FORMS)
def test_a_date_is_no_instrument(form: str) -> None:
    text = FORMS[form].format(key="SOURCE", value="x").replace("INSTRUME: cam", "INSTRUME: 2024-01-01")
    kind = "crosstalk" if form == "yaml" else "defects"
    (file,) = discover([f"2024-01-01/{kind}/d00/20240101T000000.{form}"], "").files
    _, report = check_file(file, text.encode())
    assert [d.code for d in report.diagnostics] == ["CAL222"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("value", "number", "words"),
    [
        ("010", 8, "octal"),
        ("-0012", -10, "octal"),
        ("0x1F", 31, "hexadecimal"),
        ("0b101", 5, "binary"),
        ("1:30", 90, "base 60"),
        ("1_000", 1000, "'_'"),
        ("1:30.5", 90.5, "base 60"),
    ],
)
def test_numbers_in_another_base(form: str, value: str, number: float, words: str) -> None:
    (problem,) = findings(form, "N_SOMETHING", value)
    assert problem.code == "CAL223"
    assert words in problem.message
    assert str(number) in problem.message
    assert value in problem.message


@pytest.mark.parametrize("value", ["0", "-5", "+5", "1.5", "1.0e-9", "100", "08", "0.5", "-0.0", ".inf"])
def test_ordinary_numbers_are_no_findings(value: str) -> None:
    assert findings("yaml", "N_SOMETHING", value) == []


@pytest.mark.parametrize("key", ["010", "1:30", "yes", "on", "null", "~", "1.50", "1_0", "0x1f", "+1"])
def test_keys(key: str) -> None:
    text = f"metadata: {{OBSTYPE: x}}\nvalues: {{a: 1, {key}: 2}}\n"
    source, problems = read(text.encode(), "yaml")
    assert source is not None
    assert "CAL222" in {p.code for p in problems}
    assert all(p.line == 2 for p in problems)
    assert any(key in p.detail for p in problems)


@pytest.mark.parametrize("key", ["0", "12", "1.5", "'010'", "C00", "y", "N", "'on'", "2024-01-01"])
def test_keys_that_are_what_they_seem(key: str) -> None:
    _, problems = read(f"metadata: {{OBSTYPE: x}}\nvalues: {{{key}: 2}}\n".encode(), "yaml")
    assert problems == []


@pytest.mark.parametrize(("value", "number"), [("12", 12), (" 7 ", 7), ("08", 8), ("007", 7)])
def test_a_detector_as_text_is_taken_as_the_stack_takes_it(value: str, number: int) -> None:
    for key in ("DETECTOR", "detectorId", "detector"):
        metadata, problems = normalise({key: value})
        assert problems == []
        assert metadata["DETECTOR"] == number
        assert type(metadata["DETECTOR"]) is int


@pytest.mark.parametrize("value", ["", "x", "1.0", "-1", "1_0", "\u0661", "9" * 30])
def test_a_detector_that_is_no_number_stays(value: str) -> None:
    metadata, _ = normalise({"DETECTOR": value})
    assert metadata["DETECTOR"] == value


def test_spellings() -> None:
    spelling = yaml_spelling("metadata:\n- [A, Int, 010, '']\nb: {c: [yes, 'no', on]}\nd: 1e3\n")
    assert spelling(("metadata", "A")) == "010"
    assert [spelling(("b", "c", i)) for i in range(4)] == ["yes", "", "on", ""]
    assert spelling(("d",)) == "1e3"
    assert spelling(("e",)) == spelling(("b",)) == ""
    assert yaml_spelling("a: [")(("a",)) == ""
