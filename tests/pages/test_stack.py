"""Run the commands of docs/stack.md, those of each section in a directory of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.instrument_class import write_instrument_class
from support.packages import ROOT, tagged_demo
from support.pages import PROMPT, assert_section_shows, sections
from support.preloaded import shared_programs
from support.stack_instruments import register, write_stack_package

pytest.importorskip("lsst.daf.butler")

PAGE = ROOT / "docs/stack.md"
TYPES = ("defects", "crosstalk", "bias", "camera", "transmission_filter")
"""Types of the demonstration that the package of each section has."""


def prepare_names(directory: Path) -> None:
    """Make a package of the stack's form, and two repositories in which the stack registered instruments."""
    shutil.rmtree(directory / "package")
    write_stack_package(directory / "package", "comCam")
    register(directory / "main", ["LSSTCam", "LSSTComCam", "LSSTComCamSim"])
    register(directory / "sim", ["LSSTCam", "LSSTComCamSim"])


PREPARATIONS: Mapping[str, Callable[[Path], Any]] = {
    "Which name the instrument has": prepare_names,
    "Registering the instrument and publishing": write_instrument_class,
}
"""What a section needs beside the package: called with the directory in which the commands of that section run."""

SECTIONS = sections(PAGE.read_text("utf-8"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of each section."""
    return tagged_demo(tmp_path_factory.mktemp("stack") / "package", TYPES).path


@pytest.mark.parametrize("section", [name for name, text in SECTIONS.items() if PROMPT in text])
def test_commands_print_what_the_page_shows(
    section: str, template: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    shutil.copytree(template, tmp_path / "package")
    if section in PREPARATIONS:
        PREPARATIONS[section](tmp_path)
    assert_section_shows(
        PAGE,
        section,
        tmp_path,
        # Where a site's own modules are.
        shared_programs().environment | {"PYTHONPATH": str(tmp_path)},
        update=pytestconfig.getoption("update_expected"),
        names={f"file://{tmp_path}/": "", f"{tmp_path}/": ""},
    )


def test_preparations_belong_to_sections() -> None:
    assert set(PREPARATIONS) <= set(SECTIONS)


def test_links_lead_to_pages() -> None:
    links = re.findall(r"\]\(([^)#:]+)[)#]", PAGE.read_text("utf-8"))
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
