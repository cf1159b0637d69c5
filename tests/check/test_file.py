"""Files as they are met on disk: links, pipes, and files that cannot be read or are too large."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from curated.check.package import check_package
from curated.package.package import open_package
from support.programs import check_without_override

CASES = Path(__file__).parents[1] / "data"
FILE = "calibs/cam/defects/d00/20240101T000000.ecsv"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of good files, one of each of several types."""
    shutil.copytree(CASES / "good" / "plain", tmp_path / "package")
    return tmp_path / "package"


def codes(root: Path) -> list[tuple[str, str]]:
    report = check_package(open_package(root), use_cache=False, jobs=1)
    return [(d.file, d.code) for d in report.diagnostics]


@pytest.mark.parametrize(
    "target", ["/etc/hostname", "../outside.ecsv", "../../../../../../outside.ecsv", "/dev/zero"]
)
def test_a_link_out_of_the_package(package: Path, target: str) -> None:
    shutil.copy(package / FILE, package.parent / "outside.ecsv")
    (package / FILE).unlink()
    (package / FILE).symlink_to(target)
    assert codes(package) == [
        (FILE, "CAL106" if "outside" not in target or target.count("..") > 5 else "CAL201")
    ]


def test_a_link_inside_of_the_package(package: Path) -> None:
    original = package / "calibs" / "original.txt"
    (package / FILE).rename(original)
    (package / FILE).symlink_to(original)
    assert codes(package) == []


def test_a_link_to_nothing(package: Path) -> None:
    (package / FILE).unlink()
    (package / FILE).symlink_to("absent")
    assert codes(package) == [(FILE, "CAL201")]


def test_a_link_to_itself(package: Path) -> None:
    (package / FILE).unlink()
    (package / FILE).symlink_to(package / FILE)
    assert codes(package) == [(FILE, "CAL201")]


def test_a_link_to_a_directory(package: Path) -> None:
    (package / "calibs/cam/defects/d01").symlink_to(package / "calibs/cam/defects/d00")
    assert codes(package) == [("calibs/cam/defects/d01", "CAL107")]


def test_a_pipe_is_not_waited_for(package: Path) -> None:
    (package / FILE).unlink()
    os.mkfifo(package / FILE)
    assert codes(package) == [(FILE, "CAL201")]


def test_a_directory_that_is_named_like_a_file(package: Path) -> None:
    (package / FILE).unlink()
    (package / FILE).mkdir()
    shutil.copy(CASES / "good/plain" / FILE, package / FILE / "20240101.ecsv")
    assert codes(package) == [(f"{FILE}/20240101.ecsv", "CAL102")]


def test_a_file_that_may_not_be_read(package: Path) -> None:
    (package / FILE).chmod(0)
    findings = check_without_override(package, "--no-cache")
    assert [(f["file"], f["code"]) for f in findings] == [(FILE, "CAL201")]


def test_a_file_beyond_all_measure(package: Path) -> None:
    with (package / FILE).open("wb") as stream:
        stream.truncate(2**40)
    assert codes(package) == [(FILE, "CAL209")]


def test_a_name_that_is_not_utf_8(package: Path) -> None:
    name = os.fsencode(package / "calibs/cam/defects") + b"/\xff"
    try:
        os.mkdir(name)
    except OSError:
        pytest.skip("this file system has no such names")
    shutil.copy(package / FILE, os.fsdecode(name + b"/20240101.ecsv"))
    assert codes(package) == [("calibs/cam/defects/\\xff/20240101.ecsv", "CAL101")]
