"""Errors of databases and object stores as messages of one line, without the passwords in addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import yaml
from lsst.utils.db_auth import DbAuthError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from curated.core.diagnostic import CuratedError

_UNCHANGED = "nothing that readers see was changed"
ADDRESS = "see to registry.db of the configuration; user and password may be in db-auth.yaml"

# How to install a missing module; ours come with an extra.
_INSTALL = {
    "psycopg": "pip install 'curated-calibs[postgres]'",
    "psycopg2": "pip install it; or, with a newer Butler, write postgresql:// for psycopg, which 'curated-calibs[postgres]' brings",
    "boto3": "pip install 'curated-calibs[s3]'",
    "botocore": "pip install 'curated-calibs[s3]'",
}

# By the name of the exception: the classes cannot be imported where the extra is absent.
_STORE_HINTS = {
    "NoCredentialsError": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE",
    "PartialCredentialsError": "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "EndpointConnectionError": "see to S3_ENDPOINT_URL and to the network",
}
_STORE_HINT = f"see to the keys, what they permit, and S3_ENDPOINT_URL; {_UNCHANGED}"

# Packages that read repositories: what they raise is about a repository, not a mistake of ours.
_READERS = frozenset({"lsst", "sqlalchemy", "sqlite3", "psycopg", "pydantic", "yaml", "json"})

# What SQLite says of the disk that its file is on.
_DISK_HINTS = {
    "disk is full": "make room on that disk, and run it again",
    "disk I/O error": "the disk or its connection is broken; see the log of the system",
}

_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*):[^\s/]*@")


def plain(text: object) -> str:
    """Return a message as one line without passwords."""
    return _PASSWORD.sub(r"\1:***@", " ".join(str(text).split()))


@contextmanager
def remote_failures() -> Iterator[None]:
    """Turn errors of databases, drivers and object stores into `CuratedError`."""
    try:
        yield
    except ImportError as error:
        name = _absent_module(error)
        if name not in _INSTALL:
            raise
        raise CuratedError(
            f"this repository needs a module that is not installed: {name}", _INSTALL[name]
        ) from error
    except DBAPIError as error:
        if failure := _database_failure(error):
            raise failure from error
        raise
    except DbAuthError as error:
        raise CuratedError(f"no password for the repository's database: {plain(error)}", ADDRESS) from error
    except Exception as error:
        if failure := _other_failure(error):
            raise failure from error
        raise


def _absent_module(error: ImportError) -> str:
    """Return the package whose absence caused an error; Butler says it in the text where it imports by name."""
    match = re.search(r"No module named '(\w+)", str(error))
    name = match[1] if match else error.name or ""
    return name.partition(".")[0]


@contextmanager
def repository_failures(repo: str) -> Iterator[None]:
    """Turn everything that Butler raises about a repository into `CuratedError`.

    What it raises for a database or a configuration that is damaged, or made to deceive, can be of any class.

    Parameters
    ----------
    repo : `str`
        Name of the repository in messages.
    """
    try:
        with remote_failures():
            yield
    except MemoryError as error:
        raise CuratedError(
            f"there is not enough memory for the repository {plain(repo)}", f"give it more; {_UNCHANGED}"
        ) from error
    except CuratedError:
        raise
    except Exception as error:
        if isinstance(error, RuntimeError) and "start new thread" in str(error):
            raise CuratedError(f"no more threads or memory for {plain(repo)}: {error}", _UNCHANGED) from error
        if not is_about_repository(error):
            raise
        reason = error.orig if isinstance(error, DBAPIError) else error
        name = type(reason).__name__
        raise CuratedError(
            f"the repository {plain(repo)} cannot be used: {name}: {plain(reason)[:400]}",
            f"it is damaged, or not of a version that this Butler reads: restore it, or update Butler; {_UNCHANGED}",
        ) from error


def is_about_repository(error: BaseException) -> bool:
    """Return whether an exception comes from the programs that read repositories."""
    if isinstance(error, SQLAlchemyError | yaml.YAMLError | OSError):
        return True
    traceback = error.__traceback__
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in _READERS:
            return True
        traceback = traceback.tb_next
    return False


def _database_failure(error: DBAPIError) -> CuratedError | None:
    for cause in _causes(error):
        for words, hint in _DISK_HINTS.items():
            if words in str(cause):
                return CuratedError(f"the repository's database refused: {cause}", f"{hint}; {_UNCHANGED}")
    if error.connection_invalidated:
        return CuratedError(
            f"the connection to the repository's database was lost: {plain(error.orig)}",
            f"run it again; {_UNCHANGED}",
        )
    if "butler_attributes" in str(error.orig):
        return CuratedError(
            f"the repository's database is no registry: {plain(error.orig)}",
            "see to registry.db and registry.namespace of the configuration",
        )
    if error.statement is None:
        return CuratedError(f"no connection to the repository's database: {plain(error.orig)}", ADDRESS)
    return None


def _causes(error: DBAPIError) -> Iterator[BaseException]:
    """Yield what a database said, and before that: undoing a transaction often fails for another reason than it."""
    cause: BaseException | None = error
    passed = set[int]()
    while cause is not None and id(cause) not in passed:
        passed.add(id(cause))
        if isinstance(cause, DBAPIError) and cause.orig is not None:
            yield cause.orig
        # Where "from None" hides a context, it is still there.
        cause = cause.__cause__ or cause.__context__


def _other_failure(error: Exception) -> CuratedError | None:
    if type(error).__module__.partition(".")[0] in ("boto3", "botocore"):
        hint = _STORE_HINTS.get(type(error).__name__, _STORE_HINT)
        return CuratedError(f"the object store refused: {plain(error)}", hint)
    if isinstance(error, RuntimeError) and "btree_gist" in str(error):
        return CuratedError(
            "the database lacks the extension btree_gist, which Butler needs",
            "have an administrator run 'CREATE EXTENSION btree_gist' in it",
        )
    return None
