"""Provenance files: read, written, and what is no record."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from curated.provenance import Provenance, parse
from curated.text.provenance import provenance_path, provenance_text, read_provenance_file
from support.packages import ROOT
from support.records import RECORD


def test_the_example_of_the_manual_is_good() -> None:
    manual = (ROOT / "docs/provenance.md").read_text("utf-8")
    file = read_provenance_file(manual.partition("```yaml\n")[2].partition("```")[0].encode())
    assert file.problems == []
    assert len(file.provenance.inputs) == 2
    assert file.provenance.edits[0].name == "Ada Astronomer"


def test_what_is_written_is_plain_yaml_and_comes_back() -> None:
    record, _ = parse(RECORD)
    text = provenance_text(record)
    assert yaml.safe_load(text) == RECORD
    assert read_provenance_file(text.encode()).provenance == record
    assert provenance_text(Provenance()) == ""


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "CAL120", 1),
        (b"- 1\n", "CAL120", 1),
        (b"inputs: []\ncolour: red\n", "CAL120", 2),
        (b"edits:\n- {name: A, date: x, what: y}\n", "CAL121", 2),
        (b"edits: [\n", "CAL204", 2),
        (b"\xff", "CAL202", 1),
    ],
)
def test_what_is_no_record_has_a_place(data: bytes, code: str, line: int) -> None:
    file = read_provenance_file(data)
    (diagnostic,) = [file.diagnose(problem, "a.inputs.yaml") for problem in file.problems]
    assert (diagnostic.code, diagnostic.line, diagnostic.file) == (code, line, "a.inputs.yaml")
    assert not file.provenance


def test_the_name_follows_that_of_the_calibration() -> None:
    assert provenance_path("a/20200101T000000.ecsv") == "a/20200101T000000.inputs.yaml"
    assert Path(provenance_path("a.b/x.yaml")) == Path("a.b/x.inputs.yaml")
