"""The files of a commit, put into a directory of their own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from curated.core.diagnostic import CuratedError
from curated.git.command import GIT, POINTING
from curated.git.repository import Repository


def check_out(repository: Repository, sha1: str, directory: Path) -> None:
    """Put the package's files of a commit into a directory, as a checkout would; work tree and index are left alone.

    Parameters
    ----------
    repository : `Repository`
        The repository.
    sha1 : `str`
        The commit.
    directory : `~pathlib.Path`
        Where to; files are placed as in the repository.

    Raises
    ------
    CuratedError
        If git cannot do it, for instance since a filter, such as that of git-lfs, does not find its files.
    """
    environment = {k: v for k, v in os.environ.items() if k not in POINTING}
    environment |= {
        "GIT_DIR": str(Path(repository.repo.git_dir).resolve()),
        "GIT_WORK_TREE": str(directory),
        "GIT_INDEX_FILE": str(directory / ".curated-index"),
    }

    def run(*arguments: str, given: bytes = b"") -> bytes:
        done = subprocess.run(  # noqa: S603 (the command is git, with arguments of this package)
            [*GIT, *arguments], cwd=directory, env=environment, input=given, capture_output=True, check=False
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise CuratedError(
                f"commit {sha1[:12]} cannot be checked out: {said[-1] if said else 'git failed'}",
                "see whether 'git checkout' of it works",
            )
        return done.stdout

    run("read-tree", sha1)
    listed = run("ls-files", "-z", "--", repository.prefix or ".")
    run("checkout-index", "-z", "--stdin", "--force", "--quiet", given=listed)
    (directory / ".curated-index").unlink(missing_ok=True)
