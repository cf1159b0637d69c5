"""A product with a history: edits, a new epoch, renamed directories, deprecations, ends, merges and removals."""

from __future__ import annotations

import pytest

from conftest import GitPackage
from support.histories import MARK, epoch, path_of
from support.packages import defects_path, defects_text


@pytest.fixture(scope="session")
def storied(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """The product lab/defects/d00; see the subjects of the commits."""
    package = GitPackage(tmp_path_factory.mktemp("storied"))
    package.git("init", "--quiet")
    package.git("config", "user.name", "Ada")
    package.git("config", "user.email", "ada@example.org")
    old = {path.replace("/lab/", "/oldlab/"): text for path, text in {**epoch(2020), **epoch(2021)}.items()}
    package.commit({"curated.yaml": "", **old}, "Add two epochs")
    package.commit({path_of(2021, "oldlab"): next(iter(epoch(2021, 7).values()))}, "Edit 2021")
    package.commit({"notes.txt": "x", defects_path(1): defects_text(detector=1)}, "Add something else")
    (package.path / "calibs/lab/defects").mkdir(parents=True, exist_ok=True)
    package.git("mv", "calibs/oldlab/defects/d00", "calibs/lab/defects/d00")
    package.commit(message="Rename the instrument's directory")
    package.git("checkout", "--quiet", "-b", "branch")
    package.commit(epoch(2022, 3), "Add 2022 on a branch")
    package.commit(epoch(2022, 4), "Edit 2022 on the branch")
    package.git("checkout", "--quiet", "main")
    package.commit({"notes.txt": "y"}, "Change notes")
    package.git(
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Merge the branch",
        "branch",
        GIT_COMMITTER_DATE="2024-02-01T00:00:00",
        GIT_AUTHOR_DATE="2024-02-01T00:00:00",
    )
    package.commits.append(package.git("rev-parse", "HEAD"))
    package.commit(epoch(2022, 4, **MARK), "Deprecate 2022")
    package.commit(epoch(2020, 1, VALIDEND="2020-07-01T00:00:00"), "End 2020")
    package.commit(epoch(2022, 4), "Use 2022 again")
    package.commit({path_of(2021): None}, "Remove 2021")
    package.commit({f"{path_of(2020)[:-5]}.inputs.yaml": "inputs: []\n"}, "Add provenance")
    return package
