"""The reasons of differences that git's index and rules tell."""

from __future__ import annotations

import pytest

from conftest import MakePackage
from curated.git.repository import open_repository
from curated.package.difference import Difference, Kind, explain


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_every_kind_has_a_reason_of_its_own_and_a_way_out(kind: Kind) -> None:
    assert kind.way_out
    assert [other for other in Kind if other.text == kind.text] == [kind]


def test_reasons(make_package: MakePackage) -> None:
    package = make_package({name: name for name in ("gone", "hidden", "flagged", "edited", "zoë")})
    package.git("update-index", "--skip-worktree", "hidden")
    package.git("update-index", "--assume-unchanged", "flagged")
    package.write({".gitignore": "*.tmp\n", "inner/.git/HEAD": "ref: refs/heads/main\n"})
    differences = [
        Difference("gone", Kind.MISSING),
        Difference("hidden", Kind.MISSING),
        Difference("flagged", Kind.EDITED),
        Difference("edited", Kind.EDITED),
        Difference("zoë", Kind.MISSING),
        Difference("zoe\u0308", Kind.NEW),
        Difference("x.tmp", Kind.NEW),
        Difference("inner/x", Kind.NEW),
        Difference("new", Kind.NEW),
    ]
    repository = open_repository(package.path)
    kinds = [d.kind for d in explain(repository, str(package.path), ["."], differences)]
    assert kinds == [
        Kind.MISSING,
        Kind.SKIPPED,
        Kind.UNWATCHED,
        Kind.EDITED,
        Kind.MISSING,
        Kind.RENAMED,
        Kind.IGNORED,
        Kind.NESTED,
        Kind.NEW,
    ]
    (package.path / ".git/index").write_bytes(b"garbage")
    kinds = [d.kind for d in explain(repository, str(package.path), ["."], differences[:4])]
    assert kinds == [Kind.MISSING, Kind.MISSING, Kind.EDITED, Kind.EDITED]
