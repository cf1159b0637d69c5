"""``curated edit-defects``: from the file of a package to the page, and back into the file."""

from __future__ import annotations

import hashlib
import http.client
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from astropy.io import fits

from conftest import GitPackage, MakePackage
from support.packages import defects_path, defects_text
from support.programs import curated_command, run_curated


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "flat.fits"
    fits.PrimaryHDU(np.arange(2000, dtype="f4").reshape(40, 50)).writeto(path)
    return path


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package({"curated.yaml": "", defects_path(): defects_text()})


@pytest.fixture
def process(package: GitPackage, image: Path) -> Iterator[subprocess.Popen[str]]:
    command = curated_command("edit-defects", defects_path(), "--image", image, "--no-browser")
    with subprocess.Popen(
        command, cwd=package.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def address_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Host and path of the page, as the command prints them."""
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("drawing at http://127.0.0.1:"), line
    parts = urlsplit(line.split()[-1])
    return parts.netloc, parts.path


def post(host: str, path: str, value: object) -> int:
    connection = http.client.HTTPConnection(host, timeout=20)
    headers = {"Content-Type": "application/json", "Origin": f"http://{host}"}
    with closing(connection):
        connection.request("POST", path, json.dumps(value), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def test_boxes_of_the_page_reach_the_file(package: GitPackage, process: subprocess.Popen[str]) -> None:
    host, path = address_of(process)
    before = (package.path / defects_path()).read_text()
    rows = before.split("height\n")[1].strip().split("\n")
    boxes = [
        dict(zip(("x0", "y0", "width", "height"), map(int, row.split()), strict=True), row=i)
        for i, row in enumerate(rows)
    ]
    new = {"row": None, "x0": 1, "y0": 2, "width": 3, "height": 4}
    version = hashlib.sha256(before.encode()).hexdigest()
    assert post(host, f"{path}save", {"version": version, "boxes": [*boxes, new]}) == 200
    assert (package.path / defects_path()).read_text() == f"{before}1 2 3 4\n"
    (package.path / defects_path()).write_text(before)
    version = hashlib.sha256(f"{before}1 2 3 4\n".encode()).hexdigest()
    # Somebody else has changed the file.
    assert post(host, f"{path}save", {"version": version, "boxes": []}) == 409
    assert (package.path / defects_path()).read_text() == before
    assert post(host, f"{path}end", {}) == 200
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, f"{defects_path()}: saved, {len(rows) + 1} boxes\n")


def test_interrupted(package: GitPackage, process: subprocess.Popen[str]) -> None:
    before = (package.path / defects_path()).read_bytes()
    address_of(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert (package.path / defects_path()).read_bytes() == before


def test_what_cannot_be_drawn(package: GitPackage, image: Path, tmp_path: Path) -> None:
    package.write({"calibs/lab/notes.txt": "x"})
    other_server = socket.create_server(("127.0.0.1", 0))
    port = str(other_server.getsockname()[1])
    for arguments, part in (
        ((defects_path(), "--image", image, "--port", port), f"--port {port} cannot be used"),
        (("nothing.ecsv", "--image", image), "does not exist"),
        (("curated.yaml", "--image", image), "is not a list of defects in ECSV"),
        ((defects_path(), "--image", tmp_path / "nothing.fits"), "does not exist"),
        ((defects_path(), "--image", "calibs/lab/notes.txt"), "cannot be read"),
        ((defects_path(), "--image", image, "--hdu", "3"), "HDU 3 is no image"),
    ):
        done = run_curated("edit-defects", *arguments, "--no-browser", cwd=package.path)
        assert (done.returncode, part in done.stderr) == (2, True), done.stderr
    other_server.close()
