"""Fixtures that many tests share: hermetic git, packages made on the fly, and the real calibrations."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from support.servers import Postgres, Store, object_store, postgres_server

AUTHOR = "Ada Astronomer"
EMAIL = "ada@example.org"
FIRST_COMMIT = datetime(2024, 1, 1, tzinfo=UTC)

# How fast a machine is must not decide whether a test passes; in CI, neither must chance.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that rewrites what the cases of tests/data are expected to show."""
    parser.addoption(
        "--update-expected",
        action="store_true",
        default=False,
        help="rewrite expected.txt of the cases in tests/data with what is found now; then read the difference",
    )


@pytest.fixture(scope="session", autouse=True)
def hermetic_git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Git as on a machine where nobody has set anything up, and a cache that nobody else sees."""
    with pytest.MonkeyPatch.context() as patch:
        # A Git hook that runs the tests sets GIT_DIR and more: they would point us at the wrong repository.
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("GIT_TERMINAL_PROMPT", "0")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@dataclass
class GitPackage:
    """A Git repository whose every commit has a fixed author and date, and so a fixed SHA1."""

    path: Path
    commits: list[str] = field(default_factory=list)

    def git(self, *args: str, **environment: str) -> str:
        """Run git in it; the output without its last line end."""
        command = ["git", "-c", "init.defaultBranch=main", "-c", "core.autocrlf=false", *args]
        done = subprocess.run(
            command, cwd=self.path, env=os.environ | environment, check=True, capture_output=True, text=True
        )
        return done.stdout.rstrip("\n")

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files below it without committing them; None removes one."""
        for name, content in files.items():
            target = self.path / name
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(
        self,
        files: Mapping[str, str | bytes | None] | None = None,
        message: str = "Change calibrations",
        *,
        author: str = AUTHOR,
        date: datetime | None = None,
    ) -> str:
        """Write files and commit everything, by default a day after the commit before; the SHA1."""
        self.write(files or {})
        stamp = (date or FIRST_COMMIT + timedelta(days=len(self.commits))).isoformat()
        self.git("add", "--all")
        self.git(
            "commit",
            "--quiet",
            "--allow-empty",
            f"--message={message}",
            GIT_AUTHOR_NAME=author,
            GIT_AUTHOR_EMAIL=EMAIL,
            GIT_AUTHOR_DATE=stamp,
            GIT_COMMITTER_NAME=author,
            GIT_COMMITTER_EMAIL=EMAIL,
            GIT_COMMITTER_DATE=stamp,
        )
        self.commits.append(self.git("rev-parse", "HEAD"))
        return self.commits[-1]


MakePackage = Callable[..., GitPackage]


@pytest.fixture
def git_package(tmp_path: Path) -> MakePackage:
    """Make a repository from a mapping of paths to contents: ``git_package({"curated.yaml": ""})``."""

    def make(files: Mapping[str, str | bytes], name: str = "package") -> GitPackage:
        package = GitPackage(tmp_path / name)
        package.path.mkdir()
        package.git("init", "--quiet")
        package.commit(files, "Add calibrations")
        return package

    return make


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real calibrations, read only. They are not a part of this repository."""
    value = os.environ.get("CURATED_CORPUS")
    if not value:
        pytest.skip("needs real calibrations: set CURATED_CORPUS to a directory that holds obs_lsst_data/")
    path = Path(value)
    # A wrong path is a mistake to be told of, not a reason to skip.
    assert (path / "obs_lsst_data").is_dir(), f"CURATED_CORPUS={value} holds no obs_lsst_data/"
    return path.resolve()


@pytest.fixture(scope="session")
def obs_lsst_data(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """The real package as one commit in a repository of its own. Shared: a test that changes it copies it first."""
    target = tmp_path_factory.mktemp("corpus") / "obs_lsst_data"
    # Contents without modes: the original may be read only, and the copy must not be.
    shutil.copytree(corpus / "obs_lsst_data", target, copy_function=shutil.copyfile)
    for directory in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        directory.chmod(directory.stat().st_mode | stat.S_IRWXU)
    package = GitPackage(target)
    package.git("init", "--quiet")
    package.commit(message="Import the package")
    return package


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests of a process that need one."""
    if importlib.util.find_spec("pgserver") is None:
        pytest.skip("there is no wheel of the server for this system")
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """An object store for all tests of a process that need one."""
    with object_store() as server:
        yield server


@pytest.fixture
def store_of_test(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The object store, as this process and those that it starts find it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    return store


@pytest.fixture
def bucket(store_of_test: Store) -> str:
    """A bucket of the test's own."""
    return store_of_test.bucket()


@pytest.fixture
def database(postgres: Postgres) -> str:
    """A database of the test's own."""
    return postgres.database()


@pytest.fixture
def schema() -> str:
    """Name of a schema of the test's own in the shared database, which Butler makes."""
    return f"calibs_{secrets.token_hex(4)}"
