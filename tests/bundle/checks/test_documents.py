"""The documents of a bundle, compared with its manifest; hostile ones are in ``test_hostile_bundles``."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from curated.bundle.checks.documents import document_problems, hash_line
from curated.bundle.manifest_reader import read_contents
from curated.core.diagnostic import Problem
from curated.core.regular_files import FileTree
from support.repositories import make_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "bundle")


def problems_of(bundle: Path) -> dict[str, Problem]:
    contents, diagnostics = read_contents(bundle)
    assert contents is not None, diagnostics
    with FileTree(bundle) as tree:
        return document_problems(tree, contents)


def test_documents_as_they_were_written(bundle: Path) -> None:
    assert problems_of(bundle) == {}


def test_the_first_line_that_differs_is_named(bundle: Path) -> None:
    lines = (bundle / "export.yaml").read_text().splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if line.startswith("    path:"))
    lines[number - 1] = "    path: files/other.fits"
    (bundle / "export.yaml").write_text("".join(f"{line}\n" for line in lines))
    problem = problems_of(bundle)["export.yaml"]
    assert (problem.code, problem.line) == ("CAL633", number)
    assert problem.detail.startswith(
        f"line {number} is '    path: files/other.fits'; for the manifest it is '    path: "
    )


def test_all_documents_with_problems_are_named(bundle: Path) -> None:
    (bundle / "export.yaml").unlink()
    (bundle / "SHA256SUMS").write_text("")
    (bundle / "README.md").symlink_to("/etc/passwd")
    assert {name: problem.detail.split(",")[0] for name, problem in problems_of(bundle).items()} == {
        "export.yaml": "it is missing",
        "README.md": "it is a symbolic link",
        "SHA256SUMS": problems_of(bundle)["SHA256SUMS"].detail.split(",")[0],
    }


def test_an_equal_export_file_of_another_form_is_refused(bundle: Path) -> None:
    """Nothing in it is read, so that nothing in it can do harm."""
    path = bundle / "export.yaml"
    path.write_text(path.read_text().replace("data:", "data:  ", 1))
    assert yaml.compose(path.read_text()) is not None
    assert problems_of(bundle)["export.yaml"].code == "CAL633"


@pytest.mark.parametrize("name", ["plain", "a b", "back\\slash", "line\nfeed", "re\rturn", "é"])
def test_lines_are_those_of_sha256sum(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("content")
    done = subprocess.run(["sha256sum", name], cwd=tmp_path, capture_output=True, text=True, check=True)
    digest = done.stdout.removeprefix("\\").split(" ")[0]
    assert hash_line(digest, name) == done.stdout
