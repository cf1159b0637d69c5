"""Snippets: what an editor makes of them can be read; the task's pattern finds what the check prints."""

from __future__ import annotations

import json
import re

import pytest

from conftest import MakePackage
from curated.package.package import open_package
from curated.registry import find_type, own_types
from curated.schema import write_editor_settings
from curated.schema.snippets import SNIPPETS_FILE, TASKS_FILE, snippets, tasks_text
from curated.text import read
from support.packages import defects_path, defects_text
from support.programs import run_curated

SNIPPETS = snippets()


def filled(lines: list[str]) -> str:
    """The text that an editor inserts, with what stands in its places."""
    return (
        re.sub(
            r"\$\{\d+:((?:[^}\\]|\\.)*)\}", lambda match: re.sub(r"\\(.)", r"\1", match[1]), "\n".join(lines)
        )
        + "\n"
    )


def test_most_types_have_one() -> None:
    names = {name.partition(" ")[0] for name in SNIPPETS}
    assert {"defects", "gains", "qe_curve", "linearizer", "ptc", "transmission_filter"} <= names | {
        "linearizer"
    }
    assert names <= set(own_types())
    assert len(names) > 12


@pytest.mark.parametrize("name", SNIPPETS)
def test_it_can_be_read(name: str) -> None:
    snippet = SNIPPETS[name]
    form = {"yaml": "yaml", "plaintext": "ecsv"}[snippet["scope"]]
    source, problems = read(filled(snippet["body"]).encode(), form)
    assert source is not None
    assert problems == []
    cls = find_type(name.partition(" ")[0])
    assert cls is not None
    assert set(cls.SPEC.required_keywords) <= set(source.metadata)
    _, problems = cls.from_source(source)
    # Values are still to be filled in; their places are right.
    assert [p for p in problems if p.code in ("CAL210", "CAL212", "CAL213", "CAL214")] == []


def test_the_files_of_an_editor(make_package: MakePackage) -> None:
    package = make_package({"curated.yaml": "", defects_path(): defects_text().replace("10 20", "-10 20")})
    written = write_editor_settings(open_package(package.path), package.path / "schemas")
    assert {SNIPPETS_FILE, TASKS_FILE} <= set(written)
    assert json.loads((package.path / SNIPPETS_FILE).read_text()) == SNIPPETS
    package.write({TASKS_FILE: "{}"})
    assert write_editor_settings(open_package(package.path), package.path / "schemas") == []
    assert (package.path / TASKS_FILE).read_text() == "{}"


def test_the_task_finds_what_the_check_prints(make_package: MakePackage) -> None:
    package = make_package({"curated.yaml": "", defects_path(): defects_text() + "1 2 -3 4\n"})
    matcher = json.loads(tasks_text())["tasks"][0]["problemMatcher"]["pattern"]
    done = run_curated("check", cwd=package.path)
    matches = [match for line in done.stdout.split("\n") if (match := re.match(matcher["regexp"], line))]
    assert {match[matcher["file"]] for match in matches} == {defects_path()}
    (negative,) = [match for match in matches if match[matcher["code"]] == "CAL301"]
    assert negative[matcher["severity"]] == "error"
    assert int(negative[matcher["line"]]) == len((defects_text() + "1 2 -3 4\n").rstrip().split("\n"))
