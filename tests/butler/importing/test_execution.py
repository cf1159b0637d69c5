"""Imports that are killed or fail on the way: nothing is seen of them, and they can be repeated."""

from __future__ import annotations

import gc
import json
import resource
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from curated.bundle.verification import sha256_of
from curated.butler import import_bundle, open_repository
from curated.butler.importing.receipt import commit_count
from curated.core.diagnostic import CuratedError
from curated.datasets.record import data_id_of, dataset_uuid
from curated.fits.digest import content_digest
from support.imports import assert_refused, assert_whole, edit_manifest, run_import, start_import
from support.kills import duration, finish_rollback, kill_once, moments, state_of
from support.preloaded import shared_programs
from support.programs import without_override
from support.remote import repository_contents, server_lock
from support.repositories import BundleMaker

pytest.importorskip("lsst.daf.butler")

RUN = "Lab/calib/v1/curated/20200101T000000Z"


@pytest.mark.parametrize("transfer", ["copy", "hardlink", "symlink", "direct", "move"])
@pytest.mark.parametrize("stage", ["ingest", "certify"])
def test_a_killed_import_leaves_nothing_to_see_and_can_be_repeated(bundle, repo, transfer, stage) -> None:
    killed = start_import(bundle, repo, transfer=transfer, stage=stage)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    butler = open_repository(repo)
    for dataset_type in butler.registry.queryDatasetTypes():
        assert not butler.query_datasets(dataset_type, "*", find_first=False, explain=False)
    assert "Lab/calib" not in butler.collections.query("*")
    assert import_bundle(bundle, repo, transfer=transfer).changed
    assert_whole(repo)


# It kills itself when a function of the transaction has done its work.
_KILLED_AFTER = """
import os, signal, sys
from curated.butler import import_bundle
from curated.butler.importing import execution
bundle, repo, name = sys.argv[1:]
function = getattr(execution, name)
def killed_after(*arguments):
    function(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(execution, name, killed_after)
import_bundle(bundle, repo, formatter="repository")
"""


@pytest.mark.parametrize("function", ["replace_formatters", "_change_chains"])
def test_an_import_killed_while_it_mends_records_and_changes_the_chain(bundle, tmp_path, function) -> None:
    from lsst.daf.butler import Butler

    def formatters(repo: Path) -> list[tuple[str, int]]:
        with closing(sqlite3.connect(repo / "gen3.sqlite3")) as database:
            query = (
                "SELECT formatter, COUNT(*) FROM file_datastore_records GROUP BY formatter ORDER BY formatter"
            )
            return database.execute(query).fetchall()

    repo, clean = tmp_path / "repo", tmp_path / "clean"
    Butler.makeRepo(str(clean))
    assert import_bundle(bundle, str(clean), formatter="curated", chain=False).ok
    shutil.copytree(clean, repo)
    before, formatters_before = state_of(repo), formatters(repo)
    assert import_bundle(bundle, str(clean), formatter="repository").formatters_mended == 6
    done = shared_programs().run("python", _KILLED_AFTER, bundle, repo, function)
    assert done.returncode == -signal.SIGKILL
    finish_rollback(repo)
    assert (state_of(repo), formatters(repo)) == (before, formatters_before)
    assert import_bundle(bundle, str(repo), formatter="repository").formatters_mended == 6
    assert (state_of(repo), formatters(repo)) == (state_of(clean), formatters(clean))
    assert formatters(repo) != formatters_before
    assert not import_bundle(bundle, str(repo), formatter="repository").changed


@pytest.mark.parametrize("transfer", ["copy", "hardlink", "direct"])
def test_an_import_killed_at_any_moment_can_be_repeated(bundle, tmp_path, transfer) -> None:
    """A short form of benchmarks/kill.py."""
    clean = tmp_path / "clean"
    seconds = duration(bundle, clean, transfer)
    clean_state = state_of(clean)
    for moment in moments(7, 2, seconds):
        kill = kill_once(bundle, tmp_path / "killed", transfer, moment, clean_state)
        assert kill.equal, kill


def test_a_run_of_which_butler_wrote_one_row_of_two_is_made_anew(bundle, tmp_path) -> None:
    from lsst.daf.butler import Butler

    repo, clean = tmp_path / "repo", tmp_path / "clean"
    import_bundle(bundle, str(clean))
    small = BundleMaker()
    small.add("defects", "1970-01-01T00:00:00", "2020-01-01T00:00:00", detector=0, seed=1)
    import_bundle(small.write(tmp_path / "small"), str(repo))
    Butler.from_config(str(repo), writeable=True).collections.register(RUN)
    with closing(sqlite3.connect(repo / "gen3.sqlite3")) as database:
        (key,) = database.execute("SELECT collection_id FROM collection WHERE name = ?", (RUN,)).fetchone()
        database.execute("DELETE FROM run WHERE collection_id = ?", (key,))
        database.commit()
    assert import_bundle(bundle, str(repo)).ok
    assert state_of(repo) == state_of(clean)


def add_instrument(bundle: Path, name: str) -> Path:
    """Give a bundle the same datasets of another instrument."""

    def change(manifest: dict[str, Any]) -> None:
        text = json.dumps([manifest["instruments"], manifest["datasets"]])
        directory = name.lower()
        text = text.replace("Lab/calib", f"{name}/calib").replace('"Lab"', f'"{name}"')
        instruments, datasets = json.loads(
            text.replace("/lab/", f"/{directory}/").replace('"lab"', f'"{directory}"')
        )
        for dataset, original in zip(datasets, list(manifest["datasets"]), strict=True):
            path = bundle / dataset["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            with fits.open(bundle / original["path"]) as hdus:
                for hdu in hdus:
                    hdu.header["INSTRUME"] = name
                    if "REPOPATH" in hdu.header:
                        hdu.header["REPOPATH"] = dataset["source"]["path"]
                hdus.writeto(path, checksum="CHECKSUM" in hdus[0].header)
            data_id = data_id_of(dataset["data_id"])
            dataset["uuid"] = dataset_uuid(dataset["dataset_type"], dataset["run"], data_id)
            dataset["size"], dataset["sha256"] = sha256_of(path)
            dataset["content"] = content_digest([path.read_bytes()])
        manifest["instruments"] += instruments
        manifest["datasets"] += datasets

    edit_manifest(bundle, change)
    return bundle


def test_an_import_of_two_instruments_is_one_commit(bundle, next_bundle, repo) -> None:
    assert import_bundle(add_instrument(bundle, "Zoo"), repo).ok
    database = f"{repo}/gen3.sqlite3"
    before = commit_count(database)
    assert import_bundle(add_instrument(next_bundle, "Zoo"), repo).ok
    assert commit_count(database) == before + 1
    butler = open_repository(repo)
    for name in ("Lab", "Zoo"):
        chain = (f"{name}/calib/v2", f"{name}/calib/v1")
        assert butler.collections.get_info(f"{name}/calib").children == chain


_REFUSE = """
CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF NEW.parent = (SELECT collection_id FROM {schema}.collection WHERE name = 'Zoo/calib') THEN RAISE 'full'; END IF;
RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON {schema}.collection_chain FOR EACH ROW EXECUTE FUNCTION {schema}.refuse()
"""


# Butler leaves its connection to whoever collects garbage.
@pytest.mark.filterwarnings("ignore:.*BaseConnection.__del__:pytest.PytestUnraisableExceptionWarning")
def test_the_chains_of_two_instruments_change_together_or_not_at_all(
    bundle, next_bundle, repo, seed, postgres, schema
) -> None:
    assert import_bundle(add_instrument(bundle, "Zoo"), repo, seed_config=str(seed)).ok
    before = repository_contents(repo)
    add_instrument(next_bundle, "Zoo")
    postgres.run(_REFUSE.format(schema=schema), postgres.shared)
    with pytest.raises(CuratedError, match="full"):
        import_bundle(next_bundle, repo)
    assert repository_contents(repo) == before
    postgres.run(f"DROP TRIGGER refuse ON {schema}.collection_chain", postgres.shared)
    assert import_bundle(next_bundle, repo).ok
    butler = open_repository(repo)
    for name in ("Lab", "Zoo"):
        assert butler.collections.get_info(f"{name}/calib").children[0] == f"{name}/calib/v2"
    butler.close()
    del butler
    gc.collect()


def test_a_failed_import_leaves_no_collection(bundle, tmp_path, monkeypatch) -> None:
    from curated.butler.importing import execution

    repo = tmp_path / "repo"
    small = BundleMaker(label="v0")
    small.add("defects", "1970-01-01T00:00:00", detector=0)
    import_bundle(small.write(tmp_path / "small"), str(repo))
    before = state_of(repo)

    def full(*args) -> None:
        raise OSError("no space")

    monkeypatch.setattr(execution, "_certify", full)
    with pytest.raises(CuratedError, match="no space"):
        import_bundle(bundle, str(repo))
    assert state_of(repo) == before


def test_a_file_that_cannot_grow(next_bundle, filled_repo) -> None:
    before = state_of(filled_repo)

    def limit() -> None:
        # Python ignores SIGXFSZ, so that a write fails with EFBIG instead.
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    assert_refused(run_import(next_bundle, filled_repo, before=limit), 2, "curated:")
    assert state_of(filled_repo) == before
    assert run_import(next_bundle, filled_repo).returncode == 0


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


def test_a_full_disk(next_bundle, filled_repo, small_disk) -> None:
    place = small_disk / "repo"
    shutil.copytree(filled_repo, place)
    before = state_of(place)
    filler = small_disk / "filler"
    with filler.open("wb") as stream:
        stream.write(bytes(shutil.disk_usage(small_disk).free - 30_000))
    assert_refused(run_import(next_bundle, place), 2, "curated:")
    assert state_of(place) == before
    filler.unlink()
    assert run_import(next_bundle, place).returncode == 0


def test_a_repository_that_may_only_be_read(next_bundle, filled_repo, tmp_path) -> None:
    before = state_of(filled_repo)
    places = [filled_repo, *filled_repo.rglob("*")]
    for path in places:
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = run_import(next_bundle, filled_repo, before=without_override)
    for path in places:
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert_refused(done, 2, "curated:")
    assert state_of(filled_repo) == before


def test_an_import_killed_while_the_server_works_for_it(server_repo, next_bundle, postgres, schema) -> None:
    before = repository_contents(server_repo)
    process = start_import(next_bundle, server_repo, new_python=True)
    with server_lock(postgres, schema, process):
        process.kill()
        process.communicate()
    assert repository_contents(server_repo) == before
    assert import_bundle(next_bundle, server_repo).changed
    assert not import_bundle(next_bundle, server_repo).changed
    content = repository_contents(server_repo)
    assert (len(content["datasets"]), len(content["certified"])) == (12, 12)
    assert content["chains"] == {"Lab/calib": ("Lab/calib/v2", "Lab/calib/v1")}
