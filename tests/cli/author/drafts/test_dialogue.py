"""The questions of ``curated new instrument`` on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from support.commands import Commands

CAMERA = "calibs/cam/camera/19700101T000000.yaml"


@pytest.fixture
def root(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    done = Commands(capsys, monkeypatch)(tmp_path, "new", "package", "package", "--no-git")
    assert done.status == 0
    return tmp_path / "package"


def test_it_asks_on_a_terminal(root: Path) -> None:
    mine, theirs = pty.openpty()
    command = [sys.executable, "-P", "-m", "curated", "new", "instrument", "Cam"]
    with subprocess.Popen(command, cwd=root, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(mine, b"-2\n2\nwide\n64x32\n7\n4\n\n8\n1e9\n1.5\n\n\ng=g, r\n-4\n")
        output = b""
        while True:
            try:
                block = os.read(mine, 4096)
            except OSError:  # the other end is closed
                break
            if not block:
                break
            output += block
    os.close(mine)
    assert process.returncode == 0
    assert b"'wide', not columns and rows" in output
    # What later questions cannot correct is refused at once.
    assert b"'-2' is no name for a detector" in output
    assert b"64x32 pixels cannot be divided among 7 equal amplifiers" in output
    assert b"no instrument has gain of d00 C00 (1e+09)" in output
    text = (root / "calibs/cam/instrument.yaml").read_text("utf-8")
    assert text.count("- {id: ") == 2
    assert "{name: r, band: r}" in text
    assert "utc_offset: -4" in text
    assert "gain: 1.5" in (root / CAMERA).read_text("utf-8")
