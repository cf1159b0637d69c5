"""The reference pages are those of the declarations."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from curated.core.codes import CODES
from curated.docs import check_docs, codes_page, find_example, type_page, write_docs
from curated.docs.__main__ import main
from curated.registry import own_types
from support.demo import shown_types

ROOT = Path(__file__).parents[2]


def test_committed_pages_are_those_of_the_declarations():
    assert check_docs(ROOT / "docs") == []


@pytest.mark.parametrize("name", own_types())
def test_a_page_names_everything_that_is_declared(name):
    cls = own_types()[name]
    page = type_page(cls)
    for field in cls.FIELDS:
        for word in (
            f"`{field.key}`",
            f"`{field.column_label or field.keyword or field.key}`",
            field.doc,
            field.unit,
        ):
            assert word in page
    for keyword in cls.SPEC.required_keywords:
        assert f"| `{keyword}` | yes |" in page
    assert cls.SPEC.title in page
    assert "## Example" not in page


@pytest.mark.parametrize("name", shown_types())
def test_a_page_shows_an_example_and_its_fits(name):
    cls = own_types()[name]
    example = find_example(cls, ROOT / "calibs")
    page = type_page(cls, ROOT / "calibs")
    assert example is not None
    assert example.relative_to(ROOT / "calibs").as_posix() in page
    assert "HDU 1" in page


def test_a_package_without_the_type_has_no_example(tmp_path):
    assert find_example(own_types()["bfk"], tmp_path) is None
    assert "## Example" not in type_page(own_types()["bfk"], tmp_path)


def test_every_code_is_on_its_page():
    page = codes_page()
    for code, info in CODES.items():
        assert f"### {code}\n\n**{info.severity.value}: {info.title}**\n\n{info.why}" in page
        assert info.hint in page


def test_links_lead_somewhere():
    for page in [*(ROOT / "docs").rglob("*.md")]:
        for part in page.read_text("utf-8").split("](")[1:]:
            target = part.partition(")")[0].partition("#")[0]
            assert not target or "://" in target or (page.parent / target).exists(), f"{page}: {target}"


def test_drift_is_reported(tmp_path):
    docs = tmp_path / "docs"
    (tmp_path / "calibs").mkdir()
    write_docs(docs)
    assert write_docs(docs) == []
    assert check_docs(docs) == []
    (docs / "codes.md").write_text("")
    (docs / "types" / "bfk.md").unlink()
    (docs / "types" / "gone.md").write_text("")
    found = [str(drift).partition(" (")[0] for drift in check_docs(docs)]
    assert found == [
        "types/bfk.md: is missing",
        "codes.md: is not what the declaration says",
        "types/gone.md: belongs to no declaration",
    ]


def test_the_command_writes_and_checks(tmp_path, capsys):
    (tmp_path / "calibs").mkdir()
    docs = str(tmp_path / "docs")
    assert main([docs]) == 0
    assert "codes.md" in capsys.readouterr().out
    assert main([docs, "--check"]) == 0
    (tmp_path / "docs" / "codes.md").unlink()
    assert main([docs, "--check"]) == 1
    assert "codes.md: is missing" in capsys.readouterr().out


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-P", "-m", "curated.docs", "docs", "--check"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


ROWS = [
    line.split("|")
    for line in (ROOT / "docs" / "pains.md").read_text("utf-8").splitlines()
    if re.match(r"\| \d", line)
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1].strip())
def test_each_pain_is_found_by_the_codes_and_shown_by_the_cases_that_the_page_names(row):
    _, _, what, where, codes, cases, _ = (cell.strip() for cell in row)
    assert what
    assert where
    named = set(re.findall(r"CAL\d{3}", codes))
    assert named
    assert named <= CODES.keys()
    shown = re.findall(r"\[(\S+)\]\((\S+)\)", cases)
    assert shown
    for name, target in shown:
        assert target == f"../tests/data/bad/{name}"
        expected = (ROOT / "tests/data/bad" / name / "expected.txt").read_text("utf-8")
        assert name[:6] in named
        assert f" {name[:6]} " in expected


def test_the_times_of_the_page_are_those_of_the_demonstration():
    page = (ROOT / "docs" / "pains.md").read_text("utf-8")
    command = [sys.executable, "-P", "-m", "curated", "check", "--times", "calibs/demo/defects/d02"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert "".join(f"    {line}\n" for line in printed.splitlines()) in page
