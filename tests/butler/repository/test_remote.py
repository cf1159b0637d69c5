"""Repositories on real servers: a registry in PostgreSQL, files in an object store, and both."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from curated.butler import import_bundle, open_repository
from curated.core.diagnostic import CuratedError
from support.remote import everything, start, write_seed
from support.repositories import STORAGE, small_bundle
from support.servers import Postgres, Store

pytest.importorskip("lsst.daf.butler")

NAMES = ("camera_geometry", "defects", "transmission_filter")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_bundle(tmp_path_factory.mktemp("bundle") / "bundle")


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "bundle")


@pytest.fixture
def seed(postgres: Postgres, schema: str, tmp_path: Path) -> Path:
    return write_seed(tmp_path / "seed.yaml", postgres.url(postgres.shared), schema)


@pytest.fixture
def sqlite(tmp_path: Path) -> Path:
    return write_seed(tmp_path / "seed.yaml", f"sqlite:///{tmp_path}/registry.sqlite3")


@pytest.fixture(scope="module")
def clean(original: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What stock Butler makes of the bundle on the local disk, by copying one file after another."""
    from lsst.daf.butler import Butler, CollectionType

    from curated.butler.repository.creation import create_repository

    repo = str(tmp_path_factory.mktemp("clean") / "repo")
    create_repository(repo, STORAGE)
    butler = Butler.from_config(repo, writeable=True)
    butler.import_(directory=str(original), filename=str(original / "export.yaml"), transfer="copy")
    butler.collections.register("Lab/calib", CollectionType.CHAINED)
    butler.collections.prepend_chain("Lab/calib", "Lab/calib/v1")
    return everything(repo)


@contextmanager
def requests(store: Store) -> Iterator[list[str]]:
    """The methods of the requests that a block makes for FITS files."""
    made: list[str] = []
    before = len(store.requests())
    yield made
    made += [method for method, path in store.requests()[before:] if path.endswith(".fits")]


def nothing_to_see(repo: str) -> bool:
    found = everything(repo)
    return not (found["datasets"] or found["certified"] or found["chains"] or found["instruments"])


def look_up(repo: str, utc: str) -> Any:
    from astropy.time import Time
    from lsst.daf.butler import Timespan

    moment = Timespan.fromInstant(Time(utc, scale="utc").tai)
    with closing(open_repository(repo, collections="Lab/calib")) as butler:
        return butler.get("defects", instrument="Lab", detector=1, timespan=moment)


# Files in the object store.


def test_a_bucket_and_postgresql(bundle, bucket, seed, store_of_test, clean) -> None:
    repo = f"s3://{bucket}/repo"
    with requests(store_of_test) as made:
        report = import_bundle(bundle, repo, seed_config=str(seed))
    assert (report.ok, report.created) == (True, True)
    # Each is uploaded, and nobody asks for any.
    assert made == ["PUT"] * 6
    assert everything(repo) == clean
    for utc, width in (("2019-06-01T00:00:00", 2), ("2020-06-01T00:00:00", 3)):
        found = look_up(repo, utc)
        assert type(found).__module__ == "curated.types.defects"
        assert found.width.tolist() == [width]
    with requests(store_of_test) as made:
        again = import_bundle(bundle, repo)
    assert (again.ok, again.changed) == (True, False)
    assert made == ["HEAD"] * 6
    assert everything(repo) == clean


def test_a_bucket_and_sqlite(bundle, bucket, sqlite, clean) -> None:
    repo = f"s3://{bucket}/repo"
    assert import_bundle(bundle, repo, seed_config=str(sqlite)).changed
    assert everything(repo) == clean
    assert not import_bundle(bundle, repo).changed


@pytest.mark.parametrize(("stage", "count"), [("upload", 3), ("certify", 2)])
def test_an_import_into_a_bucket_that_was_killed(
    bundle, bucket, seed, store_of_test, clean, stage, count
) -> None:
    repo = f"s3://{bucket}/repo"
    killed = start(bundle, repo, seed, stage, count)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert nothing_to_see(repo)
    there = len(store_of_test.objects(bucket))
    assert there >= (3 if stage == "upload" else 6)
    with requests(store_of_test) as made:
        assert import_bundle(bundle, repo).changed
    assert made.count("PUT") == 6 - there
    assert everything(repo) == clean


def test_what_an_earlier_import_left_is_replaced_if_it_is_not_the_same(
    bundle, bucket, sqlite, store_of_test, clean
) -> None:
    repo = f"s3://{bucket}/repo"
    import_bundle(bundle, repo, seed_config=str(sqlite))
    (tmp := Path(sqlite).parent / "registry.sqlite3").unlink()
    store_of_test.client().delete_object(Bucket=bucket, Key="repo/butler.yaml")
    longer, flipped = sorted(store_of_test.objects(bucket))[:2]
    content = store_of_test.objects(bucket)
    other = {longer: content[longer] + b"x", flipped: content[flipped][:-1] + b"x"}
    for key, body in other.items():
        store_of_test.client().put_object(Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="CRC32")
    with requests(store_of_test) as made:
        import_bundle(bundle, repo, seed_config=str(sqlite))
    assert made.count("PUT") == len(other)
    assert tmp.exists()
    assert everything(repo) == clean


def test_a_changed_object_is_found_and_a_lost_one_put_back(
    bundle, bucket, sqlite, store_of_test, clean
) -> None:
    repo = f"s3://{bucket}/repo"
    import_bundle(bundle, repo, seed_config=str(sqlite))
    client = store_of_test.client()
    key, content = next(iter(store_of_test.objects(bucket).items()))
    changed = content[:-1] + b"x"
    client.put_object(Bucket=bucket, Key=key, Body=changed, ChecksumAlgorithm="CRC32")
    assert [d.code for d in import_bundle(bundle, repo).diagnostics] == ["CAL625"]
    client.delete_object(Bucket=bucket, Key=key)
    report = import_bundle(bundle, repo)
    assert [d.code for d in report.diagnostics] == ["CAL630"]
    assert everything(repo) == clean


def test_objects_that_belong_to_nothing_are_reported_and_removed(
    bundle, bucket, sqlite, store_of_test, clean
) -> None:
    repo = f"s3://{bucket}/repo"
    import_bundle(bundle, repo, seed_config=str(sqlite))
    client, objects = store_of_test.client(), store_of_test.objects(bucket)
    key = next(key for key in objects if "/curated/" in key)
    left, elsewhere = f"{key.rpartition('/')[0]}/left + over.fits", "repo/Lab/calib/v0/other.fits"
    for name in (left, elsewhere):
        client.put_object(Bucket=bucket, Key=name, Body=b"SIMPLE")
    # To look costs requests, and has to be asked for.
    assert not import_bundle(bundle, repo).diagnostics
    report = import_bundle(bundle, repo, dry_run=True)
    assert [d.code for d in report.diagnostics] == ["CAL641"]
    assert "1 file (0.0 MB)" in report.diagnostics[0].message
    assert len(store_of_test.objects(bucket)) == len(objects) + 2
    report = import_bundle(bundle, repo, clean=True)
    assert len(report.removed) == 1
    assert store_of_test.objects(bucket).keys() == {*objects, elsewhere}
    assert everything(repo) == clean


def test_without_checksums_the_size_has_to_do(bundle, bucket, store_of_test) -> None:
    from lsst.resources import ResourcePath

    from curated.butler.repository.files import object_state

    source = bundle / "manifest.json"
    size = source.stat().st_size
    place = ResourcePath(f"s3://{bucket}/parts")
    client = store_of_test.client()
    upload = client.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = {"Bucket": bucket, "Key": "parts", "UploadId": upload}
    assert object_state(place, size, source) == "missing"
    tag = client.upload_part(**part, PartNumber=1, Body=source.read_bytes())["ETag"]
    client.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]})
    assert object_state(place, size, source) in ("alike", "same")
    assert object_state(place, size + 1, source) == "differs"
    assert object_state(ResourcePath(str(source)), size, source) == "alike"


def test_moving_into_a_bucket_empties_the_bundle(bundle, bucket, sqlite, clean) -> None:
    repo = f"s3://{bucket}/repo"
    assert import_bundle(bundle, repo, seed_config=str(sqlite), transfer="move").changed
    assert not list((bundle / "files").rglob("*.fits"))
    assert everything(repo) == clean
    assert not import_bundle(bundle, repo, transfer="move").changed


@pytest.mark.parametrize("transfer", ["hardlink", "symlink"])
def test_no_link_leads_into_a_bucket(bundle, bucket, sqlite, store_of_test, transfer) -> None:
    repo = f"s3://{bucket}/repo"
    for _ in range(2):
        with pytest.raises(CuratedError, match=f"no {transfer} can lead into s3://") as caught:
            import_bundle(bundle, repo, seed_config=str(sqlite), transfer=transfer)
        assert "--transfer copy" in caught.value.hint
        assert not store_of_test.objects(bucket, (".fits",))
        # Refused before a repository is made, and where there is one.
        other = Path(sqlite).parent / "other"
        if not other.exists():
            assert not store_of_test.objects(bucket, ("butler.yaml",))
            other.touch()
            import_bundle(bundle, repo, seed_config=str(sqlite), transfer="direct")


def test_direct_leaves_the_files_where_they_are(bundle, bucket, sqlite, store_of_test) -> None:
    repo = f"s3://{bucket}/repo"
    assert import_bundle(bundle, repo, seed_config=str(sqlite), transfer="direct").changed
    assert not store_of_test.objects(bucket)
    butler = open_repository(repo)
    refs = [ref for name in NAMES for ref in butler.query_datasets(name, "*", find_first=False)]
    assert {butler.getURI(ref).ospath for ref in refs} == set(map(str, (bundle / "files").rglob("*.fits")))
    assert not import_bundle(bundle, repo, transfer="direct").changed


def test_two_datasets_never_share_an_object(bundle, bucket, sqlite, store_of_test) -> None:
    with sqlite.open("a") as stream:
        stream.write("datastore:\n  templates:\n    default: '{run:/}/{datasetType}_{instrument}'\n")
    repo = f"s3://{bucket}/repo"
    # A new repository is planned with Butler's own templates; here is one.
    for dry in (False, True):
        report = import_bundle(bundle, repo, seed_config=str(sqlite), dry_run=dry)
        assert [d.code for d in report.diagnostics] == ["CAL650"] * 2
        assert not store_of_test.objects(bucket)


def test_a_dry_run_uploads_nothing(bundle, bucket, sqlite, store_of_test) -> None:
    report = import_bundle(bundle, f"s3://{bucket}/repo", seed_config=str(sqlite), dry_run=True)
    assert report.changed
    assert not store_of_test.objects(bucket, ("",))
    assert not (sqlite.parent / "registry.sqlite3").exists()


# The registry in PostgreSQL, files on the local disk.


def test_postgresql_and_a_local_root(bundle, seed, tmp_path, clean) -> None:
    repo = str(tmp_path / "repo")
    report = import_bundle(bundle, repo, seed_config=str(seed))
    assert (report.ok, report.created) == (True, True)
    assert everything(repo) == clean
    assert look_up(repo, "2020-06-01T00:00:00").width.tolist() == [3]
    files = {path: path.stat().st_ino for path in (tmp_path / "repo").rglob("*.fits")}
    assert len(files) == 6
    assert not import_bundle(bundle, repo).changed
    assert not import_bundle(bundle, repo, seed_config=str(seed)).changed
    assert {path: path.stat().st_ino for path in (tmp_path / "repo").rglob("*.fits")} == files


@contextmanager
def held_at_the_end(postgres: Postgres, schema: str, process: subprocess.Popen[str]) -> Iterator[int]:
    """Hold an import where it certifies, and yield the number of the server's process that works for it.

    Nobody else can write into the tables of certifications until the block ends.
    """
    with postgres.connect(postgres.shared) as connection:
        tables = [row[0] for row in connection.execute(_CERTIFICATIONS.format(schema)).fetchall()]
        assert tables
        connection.autocommit = False
        for table in tables:
            connection.execute(f"LOCK TABLE {schema}.{table} IN SHARE MODE")
        yield waits(postgres, "relation", process)
        connection.rollback()


_CERTIFICATIONS = (
    "SELECT tablename FROM pg_tables WHERE tablename LIKE 'dataset_calibs_%' AND schemaname = '{}'"
)


def waits(postgres: Postgres, what: str, process: subprocess.Popen[str]) -> int:
    """Wait until a process waits for a lock, and return the number of the server's process that works for it."""
    query = f"SELECT pid FROM pg_stat_activity WHERE datname = '{postgres.shared}' AND wait_event = '{what}'"
    deadline = time.monotonic() + 60
    while not (found := postgres.run(query)):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(process.communicate())
        time.sleep(0.05)
    return int(found[0][0])


@pytest.fixture
def prepared(bundle, seed, tmp_path) -> tuple[Path, str]:
    """A repository with a release in it, and the bundle of the next one."""
    repo = str(tmp_path / "repo")
    import_bundle(bundle, repo, seed_config=str(seed))
    return small_bundle(tmp_path / "next", label="v2"), repo


def test_a_lost_connection(prepared, postgres, schema) -> None:
    following, repo = prepared
    before = everything(repo)
    command = [sys.executable, "-W", "ignore", "-m", "curated", "-q", "import", str(following), repo]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with held_at_the_end(postgres, schema, process) as backend:
        postgres.run(f"SELECT pg_terminate_backend({backend})")
        output, errors = process.communicate()
    assert (process.returncode, output) == (2, "")
    error, hint = errors.splitlines()
    assert error.startswith(
        "curated: error: the connection to the repository's database was lost: terminating"
    )
    assert hint == "curated: hint: run it again; nothing that readers see was changed"
    assert everything(repo) == before
    assert import_bundle(following, repo).changed
    assert len(everything(repo)["datasets"]) == 12


def test_an_import_killed_while_the_server_works_for_it(prepared, postgres, schema) -> None:
    following, repo = prepared
    before = everything(repo)
    process = start(following, repo)
    with held_at_the_end(postgres, schema, process):
        process.kill()
        process.communicate()
    assert everything(repo) == before
    assert import_bundle(following, repo).changed
    assert not import_bundle(following, repo).changed
    found = everything(repo)
    assert (len(found["datasets"]), len(found["certified"])) == (12, 12)
    assert found["chains"] == {"Lab/calib": ("Lab/calib/v2", "Lab/calib/v1")}


def test_a_second_import_waits_for_the_first(prepared, postgres, schema) -> None:
    following, repo = prepared
    first = start(following, repo)
    with held_at_the_end(postgres, schema, first):
        # Another machine has no lock on our disk; only the database knows of both.
        other = shutil.copytree(repo, f"{repo}-elsewhere", ignore=shutil.ignore_patterns("Lab"))
        second = start(following, other)
        waits(postgres, "advisory", second)
    assert first.communicate()[0] == "6 True\n"
    # The copy of the configuration stands where no files are: it finds all certified, and restores what it lacks.
    assert second.communicate()[0] == "0 True\n"
    assert len(everything(repo)["datasets"]) == 12


def test_two_imports_create_one_repository(bundle, bucket, seed, clean) -> None:
    repo = f"s3://{bucket}/repo"
    running = [start(bundle, repo, seed) for _ in range(2)]
    outputs = [process.communicate() for process in running]
    assert sorted(output for output, _ in outputs) == ["0 True\n", "6 True\n"], outputs
    assert everything(repo) == clean


def test_an_import_without_the_lock_that_lost_a_race_repeats(
    bundle, bucket, seed, monkeypatch, clean
) -> None:
    from curated.butler.importing import importer

    repo = f"s3://{bucket}/repo"
    stale: list[Any] = []
    real = importer.make_plan

    def late(*args: Any, **kwargs: Any) -> Any:
        stale.append(real(*args, **kwargs))
        if len(stale) == 1:
            with monkeypatch.context() as patch:
                patch.setattr(importer, "make_plan", real)
                patch.setattr(importer, "registry_lock", lambda *_: nullcontext())
                assert import_bundle(bundle, repo).changed
        return stale[-1]

    monkeypatch.setattr(importer, "make_plan", late)
    report = import_bundle(bundle, repo, seed_config=str(seed))
    assert (report.ok, report.instruments[0].changed, len(stale)) == (True, False, 2)
    assert everything(repo) == clean


# Creating.


def test_an_alias_is_a_repository(bundle, bucket, seed, tmp_path, monkeypatch, clean) -> None:
    index = tmp_path / "index.yaml"
    index.write_text(f"main: s3://{bucket}/repo\n")
    monkeypatch.setenv("DAF_BUTLER_REPOSITORY_INDEX", str(index))
    monkeypatch.chdir(tmp_path)
    report = import_bundle(bundle, "main", seed_config=str(seed))
    assert (report.created, report.changed) == (True, True)
    assert not (tmp_path / "main").exists()
    assert everything("main") == everything(f"s3://{bucket}/repo") == clean
    assert not import_bundle(bundle, "main").changed


def test_a_creation_that_was_killed_goes_on(bundle, seed, tmp_path, clean) -> None:
    from lsst.daf.butler import Butler, Config

    # The database is ready and the configuration has not been written yet.
    Butler.makeRepo(
        str(tmp_path / "repo"),
        Config(str(seed)),
        forceConfigRoot=False,
        outfile=str(tmp_path / "elsewhere.yaml"),
    )
    repo = str(tmp_path / "repo")
    assert import_bundle(bundle, repo, seed_config=str(seed)).created
    assert everything(repo) == clean
    assert "root" not in Config(f"{repo}/butler.yaml")
    with pytest.raises(CuratedError, match="is not empty"):
        import_bundle(bundle, str(tmp_path / "second"), seed_config=str(seed))
    assert not (tmp_path / "second" / "butler.yaml").exists()


def test_two_repositories_share_a_database(bundle, postgres, schema, tmp_path, clean) -> None:
    for name in ("one", "two"):
        own = write_seed(tmp_path / f"{name}.yaml", postgres.url(postgres.shared), f"{schema}_{name}")
        assert import_bundle(bundle, str(tmp_path / name), seed_config=str(own)).created
    assert everything(str(tmp_path / "one")) == everything(str(tmp_path / "two")) == clean
