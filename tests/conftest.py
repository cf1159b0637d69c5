"""Shared fixtures: an isolated git, temporary packages, real calibrations, and servers."""

from __future__ import annotations

import gc
import importlib.util
import os
import secrets
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

# As of the program: threads of a linear-algebra library that compete with other tests make solvers ten times slower.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

from support.servers import Postgres, Store, object_store, postgres_server  # noqa: E402

AUTHOR = "Ada Astronomer"
EMAIL = "ada@example.org"
FIRST_COMMIT = datetime(2024, 1, 1, tzinfo=UTC)

# The speed of the machine must not decide whether a test passes, and in CI neither must chance.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

# A suite started by `nohup` or in the background ignores some signals, and so would the commands that it starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the expected output of tests."""
    parser.addoption(
        "--update-expected",
        action="store_true",
        default=False,
        help="rewrite expected.txt in tests/data and the output shown on pages of docs/; then review the difference",
    )


def pytest_collection_finish() -> None:
    """Leave modules and the collected tests out of the collection of garbage: they stay to the end."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown() -> None:
    """Switch the collection of garbage on: commands that a test ran here may have switched it off, as they soon end."""
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def hermetic_git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Isolate git from the settings of the machine, and curated from its cache."""
    with pytest.MonkeyPatch.context() as patch:
        # A git hook that runs the tests sets GIT_DIR and other variables, which name the wrong repository.
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("GIT_TERMINAL_PROMPT", "0")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@dataclass
class GitPackage:
    """A git repository whose commits have fixed authors and dates, and so fixed hashes."""

    path: Path
    commits: list[str] = field(default_factory=list)

    def git(self, *args: str, **environment: str) -> str:
        """Run git in the repository, and return its output without the last line end."""
        command = ["git", "-c", "init.defaultBranch=main", "-c", "core.autocrlf=false", *args]
        process = subprocess.run(
            command, cwd=self.path, env=os.environ | environment, check=True, capture_output=True, text=True
        )
        return process.stdout.rstrip("\n")

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files without committing them; the content None removes a file."""
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
        """Write files, commit everything, by default a day after the previous commit, and return the hash."""
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
def make_package(tmp_path: Path) -> MakePackage:
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
    """Directory of real calibrations, read-only; they are not part of this repository."""
    value = os.environ.get("CURATED_CORPUS")
    if not value:
        pytest.skip("needs real calibrations: set CURATED_CORPUS to a directory that holds obs_lsst_data/")
    path = Path(value)
    # A wrong path is a mistake to report, not a reason to skip.
    assert (path / "obs_lsst_data").is_dir(), f"CURATED_CORPUS={value} holds no obs_lsst_data/"
    return path.resolve()


@pytest.fixture(scope="session")
def obs_lsst_data(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """The real package as one commit in a git repository. It is shared: a test that changes it must copy it."""
    target = tmp_path_factory.mktemp("corpus") / "obs_lsst_data"
    # Copy contents without modes, since the original may be read-only.
    shutil.copytree(corpus / "obs_lsst_data", target, copy_function=shutil.copyfile)
    for directory in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        directory.chmod(directory.stat().st_mode | stat.S_IRWXU)
    package = GitPackage(target)
    package.git("init", "--quiet")
    package.commit(message="Import the package")
    return package


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, shared by the tests of a process."""
    if importlib.util.find_spec("pgserver") is None:
        pytest.skip("no wheel of the server for this system")
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """An object store, shared by the tests of a process."""
    with object_store() as server:
        yield server


@pytest.fixture
def store_of_test(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The object store, with the environment variables through which programs find it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    return store


@pytest.fixture
def bucket(store_of_test: Store) -> str:
    """A new bucket."""
    return store_of_test.bucket()


@pytest.fixture
def database(postgres: Postgres) -> str:
    """A new database."""
    return postgres.database()


@pytest.fixture
def schema() -> str:
    """Name of a new schema in the shared database, which Butler will create."""
    return f"calibs_{secrets.token_hex(4)}"
