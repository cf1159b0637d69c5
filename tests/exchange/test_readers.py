"""The table of readers, and the choice among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curated.exchange.foreign import Conventions, open_foreign
from curated.exchange.readers import READERS, read_foreign, unused_options
from support.foreign import add, make_package, make_target


def test_names_of_readers_are_unique() -> None:
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"no form that anybody reads\n"])
def test_a_file_that_nothing_recognises(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.dat"
    path.write_bytes(content)
    foreign, reader = read_foreign(open_foreign(path), make_target())
    assert (reader, [problem.code for problem in foreign.problems]) == (None, ["CAL710"])


def test_an_unknown_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.reg"
    path.write_text("image\npoint(1,1)\n")
    foreign, reader = read_foreign(open_foreign(path), make_target(), "ds8")
    assert reader is None
    assert "--list" in foreign.problems[0].hint


def test_a_pointer_of_git_lfs(tmp_path: Path) -> None:
    path = tmp_path / "mask.fits"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    foreign, _ = read_foreign(open_foreign(path), make_target())
    assert [problem.hint for problem in foreign.problems] == ["run 'git lfs pull'"]


@pytest.mark.parametrize(
    ("name", "conventions", "options"),
    [
        ("ds9", {"bits": ("0",), "origin": 0}, ["--bits"]),
        ("ds9", {"inverted": False, "untrimmed": False}, []),
        ("mask", {"origin": 0, "image": "a.fits"}, ["--origin", "--image"]),
        ("table", {"untrimmed": True, "units": {"": "adu"}}, ["--untrimmed", "--unit"]),
        ("image", {"units": {"": "adu", "gain": "adu"}}, ["--unit"]),
        ("badpix", {"units": {"": "adu"}}, ["--unit"]),
    ],
)
def test_options_that_say_nothing(name: str, conventions: dict[str, Any], options: list[str]) -> None:
    reader = next(reader for reader in READERS if reader.name == name)
    problems = list(unused_options(reader, Conventions(**conventions)))
    assert [problem.detail.split()[0] for problem in problems] == options
    assert {problem.code for problem in problems} <= {"CAL756"}


def test_options_that_say_nothing_are_errors(tmp_path: Path) -> None:
    (tmp_path / "a.reg").write_text("image\npoint(1,1)\n")
    package = make_package(tmp_path / "package")
    addition = add(package, tmp_path / "a.reg", bits=("0",))
    assert [finding.code for finding in addition.diagnostics] == ["CAL756"]
    assert not addition.contents
