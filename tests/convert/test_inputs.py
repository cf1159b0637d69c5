"""A package that changes while it is converted gives no release."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.convert import convert_package, verify_inputs
from curated.convert.origin import find_origin
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from support.packages import defects_path, defects_text

INSTRUMENT = "name: Lab\ndetectors:\n- {id: 0, name: d00}\n"


@pytest.fixture
def lab(make_package: MakePackage) -> GitPackage:
    return make_package(
        {
            "curated.yaml": "url: https://example.org/a\n",
            "calibs/lab/instrument.yaml": INSTRUMENT,
            defects_path(): defects_text(),
        }
    )


CHANGES: dict[str, Callable[[Path], object]] = {
    "instrument": lambda root: (root / "calibs/lab/instrument.yaml").write_text(
        INSTRUMENT.replace("0,", "3,")
    ),
    "no instrument": lambda root: (root / "calibs/lab/instrument.yaml").unlink(),
    "settings": lambda root: (root / "curated.yaml").write_text("url: https://example.org/b\n"),
    "no settings": lambda root: (root / "curated.yaml").unlink(),
    "text": lambda root: (root / defects_path()).write_text(defects_text(x0=7)),
    "another file": lambda root: (root / defects_path(0, "20210101T000000")).write_text(defects_text()),
    "no file": lambda root: (root / defects_path()).unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("dirty", [False, True])
def test_changes_are_noticed(lab: GitPackage, change: str, dirty: bool) -> None:
    if dirty:
        (lab.path / defects_path()).write_text(defects_text(x0=5))
    package = open_package(lab.path)
    origin = find_origin(package, allow_dirty=True)
    assert origin.dirty is dirty
    report, converted = convert_package(package, origin, None)
    verify_inputs(package, origin, report, converted)
    CHANGES[change](lab.path)
    if (change, dirty) == ("text", False):
        return  # it was the commit's when it was read
    with pytest.raises(CuratedError, match=r"while it was read|since it was (read|compared)"):
        verify_inputs(package, origin, report, converted)


def test_a_commit_meanwhile_does_no_harm(lab: GitPackage) -> None:
    package = open_package(lab.path)
    origin = find_origin(package)
    report, converted = convert_package(package, origin, None)
    lab.commit({"notes.txt": "x"})
    verify_inputs(package, origin, report, converted)
