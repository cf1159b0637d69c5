"""Imports where the environment fails: full disks, rights, locks and lost databases, by the real command."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from curated.butler import import_bundle
from support.kills import state_of
from support.programs import curated_command, python_command, without_override
from support.programs import run as run_command
from support.repositories import small_bundle

pytest.importorskip("lsst.daf.butler")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return small_bundle(tmp_path / "bundle", label="v2")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that has something already."""
    place = tmp_path_factory.mktemp("first")
    assert import_bundle(small_bundle(place / "bundle"), str(place / "repo")).ok
    return place / "repo"


@pytest.fixture
def repo(tmp_path: Path, first: Path) -> Path:
    """The same again, which a test may spoil."""
    return Path(shutil.copytree(first, tmp_path / "place" / "repo"))


def run(
    bundle: Path, repo: Path, *options: str, before: Callable[[], object] | None = None
) -> subprocess.CompletedProcess[str]:
    if before is None:
        return run_command(curated_command("-q", "import", bundle, repo, *options))
    line = [sys.executable, "-W", "ignore", "-m", "curated", "-q", "import", bundle, repo, *options]
    return subprocess.run(line, capture_output=True, text=True, check=False, preexec_fn=before, timeout=200)


def assert_refused(done: subprocess.CompletedProcess[str], status: int, *texts: str) -> None:
    """The command failed with a clear message."""
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert all(text in done.stderr for text in texts), done.stderr


def test_damaged_and_missing_files_are_findings(bundle, repo) -> None:
    before = state_of(repo)
    flipped, short, gone = sorted((bundle / "files").rglob("*.fits"))[:3]
    content = bytearray(flipped.read_bytes())
    content[3000] ^= 1
    flipped.write_bytes(content)
    short.write_bytes(short.read_bytes()[:-100])
    gone.unlink()
    done = run(bundle, repo)
    assert_refused(done, 1, "CAL614", "CAL613", "nothing was changed")
    assert state_of(repo) == before


def test_a_file_that_cannot_grow(bundle, repo) -> None:
    before = state_of(repo)

    def limit() -> None:
        # Python ignores SIGXFSZ, so that a write fails with EFBIG instead.
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    assert_refused(run(bundle, repo, before=limit), 2, "curated:")
    assert state_of(repo) == before
    assert run(bundle, repo).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk(bundle, repo, small_disk) -> None:
    place = small_disk / "repo"
    shutil.copytree(repo, place)
    before = state_of(place)
    filler = small_disk / "filler"
    with filler.open("wb") as stream:
        stream.write(bytes(shutil.disk_usage(small_disk).free - 30_000))
    assert_refused(run(bundle, place), 2, "curated:")
    assert state_of(place) == before
    filler.unlink()
    assert run(bundle, place).returncode == 0


def test_a_repository_that_may_only_be_read(bundle, repo, tmp_path) -> None:
    before = state_of(repo)
    places = [repo, *repo.rglob("*")]
    for path in places:
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = run(bundle, repo, before=without_override)
    for path in places:
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert_refused(done, 2, "curated:")
    assert state_of(repo) == before


def test_a_database_that_another_program_holds(bundle, repo) -> None:
    before = state_of(repo)
    with closing(sqlite3.connect(repo / "gen3.sqlite3", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        done = run(bundle, repo, "--wait", "1")
        database.execute("ROLLBACK")
    assert_refused(done, 2, "locked", "--wait")
    assert state_of(repo) == before


def test_an_import_that_another_one_keeps_waiting(bundle, repo) -> None:
    hold = "import fcntl, os, sys, time; d = os.open(sys.argv[1], 0); fcntl.flock(d, fcntl.LOCK_EX); print(1, flush=True); time.sleep(600)"
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(repo / "butler.yaml")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        other.stdout.readline()
        assert_refused(run(bundle, repo, "--wait", "1"), 2, "another import", "--wait")
    finally:
        other.kill()
        other.communicate()
    assert run(bundle, repo).returncode == 0


def test_a_database_that_is_gone(bundle, repo) -> None:
    database = repo / "gen3.sqlite3"
    kept = database.rename(repo / "kept.sqlite3")
    assert_refused(run(bundle, repo), 2, "gen3.sqlite3")
    assert not database.exists()
    database.write_bytes(b"no database at all" * 1000)
    assert_refused(run(bundle, repo), 2, "curated:")
    database.unlink()
    kept.rename(database)
    assert run(bundle, repo).returncode == 0


REPLACE = """
import os, shutil, sys
from curated.butler import import_bundle
from curated.core.diagnostic import CuratedError
bundle, repo = sys.argv[1:]
database = f"{repo}/gen3.sqlite3"
shutil.copy(database, database + ".old")
def replace(stage, done, total):
    if stage == "ingest" and os.path.exists(database + ".old"):
        os.replace(database + ".old", database)
try:
    import_bundle(bundle, repo, progress=replace)
except CuratedError as error:
    print(error.message)
    sys.exit(2)
"""


def test_a_database_that_is_replaced_in_the_middle(bundle, repo) -> None:
    before = state_of(repo)
    done = run_command(python_command(REPLACE, bundle, repo))
    assert done.returncode == 2, done.stderr
    assert "database" in done.stdout
    assert "Traceback" not in done.stderr
    after = state_of(repo)
    assert {**after, "unrecorded files": []} == before
    assert run(bundle, repo).returncode == 0
    assert not state_of(repo)["unrecorded files"]


@pytest.mark.parametrize(("labels", "new"), [("ab", [6, 6]), ("aa", [0, 6])])
def test_two_imports_at_once(bundle, repo, labels, new) -> None:
    lines = [
        curated_command("-q", "import", bundle, repo, "--label", label, "--format", "json")
        for label in labels
    ]
    running = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for line in lines]
    imported = []
    for process in running:
        output, _ = process.communicate()
        assert process.returncode == 0
        imported.append(json.loads(output)["instruments"][0]["datasets_new"])
    assert sorted(imported) == new
    state = state_of(repo)
    assert len(state["datasets"]) == 6 + sum(new)
    assert not state["missing files"]
    assert not state["unrecorded files"]
    chain = next(children for name, _, children, _ in state["collections"] if name == "Lab/calib")
    assert sorted(chain) == [*(f"Lab/calib/{label}" for label in sorted(set(labels))), "Lab/calib/v1"]
