"""Copies of repositories elsewhere: in time, without a trace, and without secrets."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.core.diagnostic import CuratedError
from curated.git.address import parse_address
from curated.git.clone import _last_line, clone
from curated.git.repository import open_repository, resolve_commit

A = "calibs/lab/defects/d00/20200101T000000.ecsv"
SECRET = "s3cr3t@/"
QUOTED = "s3cr3t%40%2F"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of temporary files, empty before and after."""
    import tempfile

    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class _Handler(BaseHTTPRequestHandler):
    """A server of files, which wants a password below ``/closed``, and answers oddly elsewhere."""

    root: Path
    requests: list[str]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/closed/"):
            authorization = self.headers.get("Authorization")
            self.requests.append(authorization or "")
            if authorization != "Basic " + b64encode(f"ada:{SECRET}".encode()).decode():
                self.answer(401, b"who is there", ("WWW-Authenticate", f'Basic realm="{SECRET}"'))
                return
            file = self.root / path.removeprefix("/closed/")
            self.answer(200, file.read_bytes()) if file.is_file() else self.answer(404, b"")
        elif path.startswith("/round"):
            self.answer(302, b"", ("Location", f"/round{time.monotonic_ns()}{path[-20:]}"))
        elif path.startswith("/file"):
            self.answer(302, b"", ("Location", f"file://{self.root}/info/refs"))
        elif path.startswith("/plain"):
            self.answer(302, b"", ("Location", "http://127.0.0.1:1/info/refs"))
        elif path.startswith("/ext"):
            self.answer(302, b"", ("Location", "ext::sh -c 'touch canary'"))
        elif path.startswith("/drip"):
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.2)
        elif path.startswith("/escape"):
            self.answer(200, b"\x1b[2J\0", ("Content-Type", "application/x-git-upload-pack-advertisement"))
        else:
            self.answer(200, b"<html>no git</html>")

    def answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(
    make_package: MakePackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, type[_Handler]]]:
    """Host and port of a server with a certificate, and its class."""
    package = make_package({A: "1"})
    package.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    subprocess.run(["git", "update-server-info"], cwd=tmp_path / "bare", check=True)
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    options = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost"
        " -addext subjectAltName=DNS:localhost"
    )
    command = ["openssl", *options.split(), "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate))
    handler = type("Handler", (_Handler,), {"root": tmp_path / "bare", "requests": []})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    http.socket = context.wrap_socket(http.socket, server_side=True)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"localhost:{http.server_address[1]}", handler
    http.shutdown()
    http.server_close()


def test_a_copy(make_package: MakePackage, temporary: Path) -> None:
    package = make_package({A: "1"})
    copy = clone(package.path.as_uri())
    repository = open_repository(Path(copy.name))
    assert repository.is_bare
    assert resolve_commit(repository) == package.commits[0]
    assert not (Path(copy.name) / "hooks").exists()
    copy.cleanup()
    assert os.listdir(temporary) == []


@pytest.mark.parametrize("scheme", ["https", "ssh"])
def test_a_silent_server_is_given_up(scheme: str, silent: int, temporary: Path) -> None:
    start = time.monotonic()
    with pytest.raises(CuratedError, match="has been silent for 1 s"):
        clone(f"{scheme}://127.0.0.1:{silent}/x", silence=1)
    assert time.monotonic() - start < 15
    assert os.listdir(temporary) == []


def test_there_is_a_longest_time(silent: int, temporary: Path) -> None:
    with pytest.raises(CuratedError, match=r"takes longer than 0\.5 s"):
        clone(f"https://127.0.0.1:{silent}/x", longest=0.5)
    assert os.listdir(temporary) == []


def test_a_password_answers_the_server_and_is_not_shown(
    server: tuple[str, type[_Handler]], temporary: Path
) -> None:
    host, handler = server
    with clone(f"https://ada:{QUOTED}@{host}/closed/") as name:
        assert resolve_commit(open_repository(Path(name)))
        texts = b"".join(path.read_bytes() for path in Path(name).rglob("*") if path.is_file())
    assert "s3cr3t" not in texts.decode(errors="replace")
    assert any(handler.requests)
    with pytest.raises(CuratedError) as caught:
        clone(f"https://ada:wrong{QUOTED}@{host}/closed/")
    assert "Authentication failed" in caught.value.message
    assert "s3cr3t" not in caught.value.message + caught.value.hint
    assert f"https://{host}/closed/" in caught.value.message
    assert os.listdir(temporary) == []


@pytest.mark.parametrize("path", ["round", "file", "plain", "ext", "drip", "escape", "html"])
def test_odd_answers(server: tuple[str, type[_Handler]], temporary: Path, path: str) -> None:
    with pytest.raises(CuratedError, match="cannot be fetched") as caught:
        clone(f"https://ada:{QUOTED}@{server[0]}/{path}/x?token=s3cr3t", silence=2, longest=6)
    assert "s3cr3t" not in caught.value.message
    assert caught.value.message.isprintable()
    assert os.listdir(temporary) == []


def test_a_user_may_say_how_to_reach_a_server(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {temporary}/way; false")
    with pytest.raises(CuratedError, match="x cannot be fetched: fatal: "):
        clone("ssh://example.org/x")
    assert os.listdir(temporary) == ["way"]


def test_short_names_are_taken_out_as_words() -> None:
    address = parse_address("https://u:p@host/x")
    assert (
        _last_line(b"fatal: unable to access: u p u:p", address) == "fatal: unable to access: *** *** ***:***"
    )
    assert _last_line(b"fatal: xtoken1y", parse_address("https://token1@host/x")) == "fatal: x***y"
