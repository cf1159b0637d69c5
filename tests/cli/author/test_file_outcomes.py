"""The output of commands that write files."""

from __future__ import annotations

from conftest import MakePackage
from curated.cli.author.file_outcomes import file_lines, files_to_json, ignored_lines
from curated.core.storage.file_set import FileOutcome
from support.packages import defects_path, defects_text

OUTCOMES = (FileOutcome("a", "new", 1), FileOutcome("b\x1b", "changed", 2), FileOutcome("c", "unchanged", 3))


def test_lines() -> None:
    assert file_lines(OUTCOMES, dry_run=False) == ["a: written", "b\\x1b: changed", "c: unchanged"]
    assert file_lines(OUTCOMES, dry_run=True)[:2] == ["a: would be written", "b\\x1b: would be changed"]
    assert files_to_json(OUTCOMES)[0] == {"path": "a", "state": "new", "size": 1}


def test_files_that_git_ignores(make_package: MakePackage) -> None:
    package = make_package({"curated.yaml": "", defects_path(): defects_text(), ".gitignore": "*.fits\n"})
    outcomes = (FileOutcome("calibs/x.fits", "new", 1), FileOutcome("calibs/x.yaml", "new", 1))
    assert ignored_lines(package.path, outcomes) == [
        "calibs/x.fits is ignored by git (.gitignore:1): 'git add -f' commits it all the same"
    ]
    assert ignored_lines(package.path / "not-yet", outcomes) == []
