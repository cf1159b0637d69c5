"""Everything that docs/security.md refers to exists."""

from __future__ import annotations

import re

import pytest

from curated.core.codes import CODES
from support.packages import ROOT

TEXT = (ROOT / "docs/security.md").read_text("utf-8")
HEADER = "| attack | what happens | test |"
#: The cells of each row, with the line on which it stands.
ROWS = [
    pytest.param(number, [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]], id=str(number))
    for number, line in enumerate(TEXT.splitlines(), 1)
    if line.startswith("| ") and line != HEADER
]


@pytest.mark.parametrize(("number", "cells"), ROWS)
def test_each_row_names_tests_that_exist(number: int, cells: list[str]) -> None:
    assert len(cells) == 3, "a row has an attack, what happens, and its tests"
    assert all(cells)
    names = re.findall(r"`([^`]+)`", cells[2])
    assert names, "a row names a test"
    for name in names:
        path, _, function = name.partition("::")
        source = ROOT / path
        assert path.startswith(("tests/", "fuzz/", "benchmarks/")), (
            f"docs/security.md:{number}: {name} has no full path"
        )
        assert source.exists(), f"docs/security.md:{number}: there is no {path}"
        if function:
            pattern = rf"^(def |class )?{re.escape(function)}\b"
            assert re.search(pattern, source.read_text("utf-8"), re.MULTILINE), f"{path} has no {function}"


def test_sections_are_complete() -> None:
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    for section in sections:
        title, _, body = section.partition("\n")
        assert body.strip(), f"nothing is said about {title}"
    lines = TEXT.splitlines()
    headers = [lines[number - 1] for number, line in enumerate(lines) if re.fullmatch(r"[|-]+", line)]
    assert headers
    assert set(headers) == {HEADER}


def test_no_attack_stands_twice() -> None:
    attacks = [row.values[1][0] for row in ROWS]
    assert [attack for attack in attacks if attacks.count(attack) > 1] == []


def test_codes_exist() -> None:
    assert set(re.findall(r"CAL\d{3}", TEXT)) <= set(CODES)
