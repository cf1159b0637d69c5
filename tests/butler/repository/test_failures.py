"""Servers that are down, closed or not what they should be: one line for people, exit status 2, and no password."""

from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from curated.butler import import_bundle
from curated.butler.repository.failures import plain, remote_failures
from curated.core.diagnostic import CuratedError
from support.remote import repository_contents, server_lock, write_seed
from support.servers import PASSWORD

pytest.importorskip("lsst.daf.butler")

from sqlalchemy.exc import DBAPIError

# Butler leaves its connection to whoever collects garbage when it does not like the database.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*BaseConnection.__del__:pytest.PytestUnraisableExceptionWarning"
)


SECRET = "told-to-nobody"


def refusal(bundle: Path, repo: str, seed: Path | None = None) -> tuple[str, str]:
    """Message and hint of an import that is refused."""
    with pytest.raises(CuratedError) as caught:
        import_bundle(bundle, repo, seed_config=None if seed is None else str(seed))
    texts = (caught.value.message, caught.value.hint)
    del caught
    gc.collect()
    assert all(text and "\n" not in text for text in texts)
    assert not any(secret in text for text in texts for secret in (SECRET, PASSWORD))
    return texts


@pytest.mark.parametrize(
    ("address", "message", "hint"),
    [
        ("postgresql://observatory:{secret}@127.0.0.1:1/calibs", "Connection refused", "registry.db"),
        (
            "postgresql://observatory:{secret}@127.0.0.1:{port}/calibs",
            "password authentication failed",
            "db-auth.yaml",
        ),
        (
            "postgresql://observatory:{password}@127.0.0.1:{port}/calibs",
            'database "calibs" does not',
            "registry.db",
        ),
        ("postgresql://observatory:{secret}@127.0.0.1:port/calibs", "no such address", "registry.db"),
        (
            "postgresql+psycopg2://observatory:{secret}@127.0.0.1:{port}/calibs",
            "not installed: psycopg2",
            "pip install",
        ),
        ("quill://observatory:{secret}@127.0.0.1/calibs", "quill", "registry.db"),
        ("sqlite:////nowhere/registry.sqlite3", "unable to open database file", ""),
    ],
)
def test_a_database_that_is_not_there(bundle, tmp_path, postgres, address, message, hint) -> None:
    db = address.format(secret=SECRET, password=PASSWORD, port=postgres.port)
    text, advice = refusal(bundle, str(tmp_path / "repo"), write_seed(tmp_path / "seed.yaml", db))
    assert message in text
    assert hint in advice
    assert not (tmp_path / "repo" / "butler.yaml").exists()


def test_a_database_without_the_extension(bundle, tmp_path, postgres, database) -> None:
    postgres.run("DROP EXTENSION btree_gist", database)
    seed = write_seed(tmp_path / "seed.yaml", postgres.url(database))
    assert "CREATE EXTENSION btree_gist" in refusal(bundle, str(tmp_path / "repo"), seed)[1]
    postgres.run("CREATE EXTENSION btree_gist", database)
    assert import_bundle(bundle, str(tmp_path / "repo"), seed_config=str(seed)).created


def test_a_database_that_was_emptied(bundle, tmp_path, postgres, database) -> None:
    repo = str(tmp_path / "repo")
    import_bundle(bundle, repo, seed_config=str(write_seed(tmp_path / "seed.yaml", postgres.url(database))))
    postgres.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE EXTENSION btree_gist", database)
    postgres.run("GRANT ALL ON SCHEMA public TO observatory", database)
    message, hint = refusal(bundle, repo)
    assert "registry" in message
    assert "registry.namespace" in hint


def test_a_store_that_is_not_there(bundle, bucket, tmp_path, store_of_test, monkeypatch) -> None:
    seed = write_seed(tmp_path / "seed.yaml", f"sqlite:///{tmp_path}/registry.sqlite3")
    message, hint = refusal(bundle, "s3://no-such-bucket/repo", seed)
    assert "no-such-bucket does not exist" in message
    assert "make the bucket" in hint
    message, hint = refusal(bundle, f"s3://{bucket}/repo")
    assert "database elsewhere" in message
    assert "--seed-config" in hint
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    # A client of its own, which asks for keys.
    monkeypatch.setenv("S3_ENDPOINT_URL", store_of_test.url.replace("127.0.0.1", "localhost"))
    message, hint = refusal(bundle, f"s3://{bucket}/repo", seed)
    assert "credentials" in message
    assert "AWS_ACCESS_KEY_ID" in hint


def test_a_driver_that_an_old_butler_imports_by_name() -> None:
    # In Butler 29, whose import by name raises this instead of a ModuleNotFoundError.
    text = "Could not get attribute 'postgresql' from 'lsst.daf.butler.registry.databases' (No module named 'psycopg2')"
    with (
        pytest.raises(CuratedError, match=r"needs a module that is not installed: psycopg2$"),
        remote_failures(),
    ):
        raise ImportError(text)
    with pytest.raises(ImportError, match="a module of the stack"), remote_failures():
        raise ImportError("a module of the stack: No module named 'lsst.afw'")


@pytest.mark.parametrize(("module", "extra"), [("psycopg", "postgres"), ("botocore", "s3")])
def test_a_module_that_is_not_installed(bundle, bucket, tmp_path, postgres, module, extra) -> None:
    seed = write_seed(tmp_path / "seed.yaml", postgres.url("calibs"))
    repo = f"s3://{bucket}/repo" if extra == "s3" else str(tmp_path / "repo")
    code = f"import sys; sys.modules[{module!r}] = None; from curated.cli.main import main; main()"
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        code,
        "-q",
        "import",
        str(bundle),
        repo,
        "--seed-config",
        str(seed),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    error, hint = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert error.startswith("curated: error: this repository needs a module that is not installed")
    assert hint == f"curated: hint: pip install 'curated-calibs[{extra}]'"


def test_no_password_is_printed() -> None:
    text = plain(
        f"no\n  postgresql+psycopg://me:{SECRET}@host/db, https://a:{SECRET}@b@c and postgresql://me@host/db"
    )
    assert text == "no postgresql+psycopg://me:***@host/db, https://a:***@c and postgresql://me@host/db"


def test_a_lost_connection(server_repo, next_bundle, postgres, schema) -> None:
    before = repository_contents(server_repo)
    command = [sys.executable, "-W", "ignore", "-m", "curated", "-q", "import", str(next_bundle), server_repo]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with server_lock(postgres, schema, process) as backend:
        postgres.run(f"SELECT pg_terminate_backend({backend})")
        output, errors = process.communicate()
    assert (process.returncode, output) == (2, "")
    error, hint = errors.splitlines()
    assert error.startswith(
        "curated: error: the connection to the repository's database was lost: terminating"
    )
    assert hint == "curated: hint: run it again; nothing that readers see was changed"
    assert repository_contents(server_repo) == before
    assert import_bundle(next_bundle, server_repo).changed
    assert len(repository_contents(server_repo)["datasets"]) == 12


def test_a_full_disk_is_the_reason_even_where_undoing_fails_too() -> None:
    undoing = DBAPIError("ROLLBACK TO", (), sqlite3.OperationalError("no such savepoint: a"))
    undoing.__context__ = DBAPIError("INSERT", (), sqlite3.OperationalError("database or disk is full"))
    with pytest.raises(CuratedError) as caught, remote_failures():
        raise undoing
    assert caught.value.message == "the repository's database refused: database or disk is full"
    assert caught.value.hint.startswith("make room on that disk")


@pytest.mark.parametrize("error", ["disk I/O error", "database or disk is full"])
def test_a_commit_that_the_disk_refuses_is_no_matter_of_passwords(error: str) -> None:
    with pytest.raises(CuratedError) as caught, remote_failures():
        raise DBAPIError(None, None, sqlite3.OperationalError(error))
    assert caught.value.message == f"the repository's database refused: {error}"
    assert "password" not in caught.value.hint
