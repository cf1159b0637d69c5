"""A package as it would be after a plan."""

from __future__ import annotations

import pytest

from conftest import MakePackage
from curated.core.keys import CalibKey
from curated.editing.planned_files import PlannedFiles, foresee
from curated.package.package import open_package
from support.sharing import TOP, copies, copy_text

TYPES = [("lab", "defects")]
D00, D01 = (f"{TOP}/{detector}/20200101T000000.ecsv" for detector in ("d00", "d01"))


def test_files(make_package: MakePackage) -> None:
    package = open_package(make_package(copies()).path)
    new = f"{TOP}/d01/20210101T000000.ecsv"
    planned = PlannedFiles(package.files, {D01: b"x"}, frozenset({D00}), {new: D00})
    assert set(planned.paths()) ^ set(package.files.paths()) == {D00, new}
    assert (planned.read(D01), planned.read(new)) == (b"x", package.files.read(D00))
    assert planned.locate(new) == package.files.locate(D00)
    assert planned.state(new) == package.files.state(D00)


@pytest.mark.parametrize(
    ("contents", "removed", "changed", "codes"),
    [
        ({}, {}, [], []),
        ({D01: copy_text("d01", x0=5)}, {}, [], []),
        ({}, {D00}, ["d00"], []),
        ({D01: copy_text("d00")}, {}, [], ["CAL110"]),
        ({D01: copy_text("d01", {"VALIDEND": "2021-01-01"})}, {}, ["d01"], []),
    ],
)
def test_what_a_plan_changes(
    make_package: MakePackage,
    contents: dict[str, str],
    removed: set[str],
    changed: list[str],
    codes: list[str],
) -> None:
    package = open_package(make_package(copies()).path)
    planned = PlannedFiles(
        package.files, {path: text.encode() for path, text in contents.items()}, frozenset(removed)
    )
    outlook = foresee(package, planned, TYPES)
    assert outlook.changed_keys() == [CalibKey("lab", "defects", name) for name in changed]
    assert sorted({d.code for d in outlook.diagnostics}) == codes
