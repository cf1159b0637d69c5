"""A repository with two releases of a package, which tests of commands share."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from conftest import GitPackage
from support.packages import defects_path, defects_text
from support.programs import run_curated

pytest.importorskip("lsst.daf.butler")


class Released(NamedTuple):
    """A package, the bundles of its releases, and the repository that they were imported into."""

    package: GitPackage
    bundles: dict[str, Path]
    repo: Path


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """Releases v1 and v2 in a repository, which no test changes."""
    root = tmp_path_factory.mktemp("released")
    (root / "package").mkdir()
    package = GitPackage(root / "package")
    package.git("init", "--quiet")
    package.commit(
        {"curated.yaml": "", defects_path(0): defects_text(), defects_path(1): defects_text(detector=1)},
        "Add",
    )
    result = Released(package, {}, root / "repo")
    for label in ("v1", "v2"):
        bundle = result.bundles[label] = root / label
        done = run_curated("-q", "bundle", bundle, "--label", label, cwd=package.path)
        assert done.returncode == 0, done.stderr
        done = run_curated("-q", "import", bundle, result.repo)
        assert done.returncode == 0, done.stderr
        package.commit(
            {defects_path(0): defects_text({"VALIDEND": "2024-01-01T00:00:00"})}, "End a calibration"
        )
    return result
