"""The label that a release has by default, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import GitPackage
from curated.bundle.label import find_label
from curated.convert.origin import find_origin
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from support.packages import defects_path, defects_text

IDENTITY = ("-c", "user.name=x", "-c", "user.email=x@example.org")
COMMIT = "git-"


def make(tmp_path: Path, directory: str, tags: list[str], config: str = "", more: str = "notes.txt") -> Path:
    package = GitPackage(tmp_path)
    package.git("init", "--quiet")
    prefix = f"{directory}/" if directory else ""
    package.commit(
        {f"{prefix}curated.yaml": f"url: x\n{config}", f"{prefix}{defects_path()}": defects_text(), more: ""}
    )
    for n, tag in enumerate(tags):
        package.git(*IDENTITY, "tag", *(["--annotate", "--message=x"] if n % 2 else []), tag)
    return tmp_path / directory


CASES = [
    # directory, tags, curated.yaml, another file, label, remark
    ("", [], "", "notes.txt", COMMIT, ""),
    ("", ["v1"], "", "notes.txt", "v1", ""),
    ("", ["v1.9", "v1.10"], "", "notes.txt", "v1.10", "several tags (v1.10, v1.9); the label is v1.10"),
    ("", ["v2-rc1", "v2"], "", "notes.txt", "v2", "several tags (v2, v2-rc1)"),
    ("", ["release/2024.1"], "", "notes.txt", "release-2024.1", ""),
    ("", ["v2+dirty", "v1"], "", "notes.txt", "v1", "several tags (v2+dirty, v1); the label is v1"),
    ("", ["v1"], "", "pyproject.toml", "v1", "holds software too (pyproject.toml)"),
    ("", ["v1"], "", "src/setup.py", "v1", ""),
    ("", ["v5", "calibs-1"], "tags: calibs-*\n", "pyproject.toml", "calibs-1", ""),
    (
        "",
        ["v5"],
        "tags: calibs-*\n",
        "pyproject.toml",
        COMMIT,
        "which 'tags: calibs-*' in curated.yaml does not match",
    ),
    ("", ["v5"], "tags: v*\n", "pyproject.toml", "v5", ""),
    ("data", ["v5"], "", "notes.txt", COMMIT, "the tag v5 at the commit, which names a version of the whole"),
    ("data", ["v5", "v6", "w"], "", "notes.txt", COMMIT, "the tags "),
    ("data", ["v5", "data-v1"], "", "notes.txt", "data-v1", ""),
    ("data", ["v5", "data/v1"], "", "notes.txt", "data-v1", ""),
    ("data", ["database-v1"], "", "notes.txt", COMMIT, "not of the package"),
    ("a/data", ["a/data/v1"], "", "notes.txt", "a-data-v1", ""),
    ("a/data", ["data_v1"], "", "notes.txt", "data_v1", ""),
    ("a/data", ["v5"], "tags: v*\n", "notes.txt", "v5", ""),
]


@pytest.mark.parametrize(("directory", "tags", "config", "more", "label", "remark"), CASES)
def test_which_tag_names_a_release(
    tmp_path: Path, directory: str, tags: list[str], config: str, more: str, label: str, remark: str
) -> None:
    package = open_package(make(tmp_path, directory, tags, config, more))
    origin = find_origin(package)
    found = find_label(package, origin)
    assert found.text == (f"git-{origin.sha1[:12]}" if label == COMMIT else label)
    assert remark in found.remark
    assert bool(remark) == bool(found.remark)


@pytest.mark.parametrize("tag", ["v1@x", "ü", "x" * 65, "v1,v2"])
def test_a_tag_that_is_no_label(tmp_path: Path, tag: str) -> None:
    package = open_package(make(tmp_path, "", [tag]))
    with pytest.raises(CuratedError, match="cannot be a label") as caught:
        find_label(package, find_origin(package))
    assert "--label" in caught.value.hint


def test_with_changes_tags_do_not_count(tmp_path: Path) -> None:
    root = make(tmp_path, "", ["v1"])
    (root / defects_path()).write_text(defects_text(x0=9))
    package = open_package(root)
    origin = find_origin(package, allow_dirty=True)
    assert find_label(package, origin).text.startswith(f"git-{origin.sha1[:12]}-dirty-")
    assert f"{defects_path()} (edited)" in origin.remark
