"""Compare CONTRIBUTING.md with the sources: the functions that it names, its example of a type, its picture."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from support.packages import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
NEW_TYPE = ROOT / "tests" / "data" / "new_type"
NAME = re.compile(r"`((?:[a-z_]+\.)+(?:[A-Z]\w*|[a-z_]+)(?:\.[a-z_]+)?)`")


def section(title: str) -> str:
    """Return the text of a section."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def resolve(name: str) -> Any:
    """Return what a dotted name below `curated` refers to."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(["curated", *parts[:length]]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            value = getattr(value, part)
        return value
    raise AssertionError(f"no module of {name}")


NAMES = [name for name in NAME.findall(section("The way of one file")) if name != "curated.yaml"]


@pytest.mark.parametrize("name", NAMES)
def test_the_way_of_one_file_names_functions(name: str) -> None:
    if name.startswith("butler."):
        pytest.importorskip("lsst.daf.butler")
    assert callable(resolve(name)) or isinstance(resolve(name), tuple)


def test_the_way_of_one_file_is_long() -> None:
    assert len(NAMES) > 20


@pytest.mark.parametrize(
    ("language", "file"), [("python", "persistence.py"), ("yaml", "20200101T000000.yaml")]
)
def test_the_example_of_a_type_is_the_tested_one(language: str, file: str) -> None:
    block = section("Add a calibration type").partition(f"```{language}\n")[2].partition("```")[0]
    assert textwrap.dedent(f"{block.rstrip()}\n") == (NEW_TYPE / file).read_text("utf-8")


def test_picture_and_table_are_current() -> None:
    command = [sys.executable, ROOT / "tools" / "draw_rooms.py", "--check"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", (ROOT / name).read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
