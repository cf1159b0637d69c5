"""Changes that also remove files: whole or not at all, also after a kill, and never what a clone brought along."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.storage.file_set import write_file_set
from curated.core.storage.staging import remove_leftovers
from support.packages import read_tree
from support.programs import run_python

BEFORE = {"a/x": b"same", "b/x": b"same", "c/keep": b"kept"}
AFTER = {"c/keep": b"kept", "shared/x": b"same"}

_RUN = """
import os, signal, sys
moment = int(sys.argv[2])
def hook(event, arguments):
    global moment
    if event in ("os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir"):
        moment -= 1
        if moment == 0:
            os.kill(os.getpid(), signal.SIGKILL)
import hashlib, json, shutil
from pathlib import Path
from curated.core.storage.file_set import write_file_set
sha256 = hashlib.sha256(b"same").hexdigest()
sys.addaudithook(hook)
write_file_set(Path(sys.argv[1]), {"shared/x": b"same"}, removed={"a/x": sha256, "b/x": sha256})
"""


def make(root: Path) -> Path:
    for path, content in BEFORE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def test_a_kill_at_any_moment(tmp_path: Path) -> None:
    numbers = []
    for number in (5, 8, 10, 12, 14, 40):
        root = make(tmp_path / str(number))
        done = run_python(_RUN, str(root), str(number))
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        state = read_tree(root)
        remove_leftovers(root)
        tree = read_tree(root)
        assert tree in (BEFORE, AFTER), (number, sorted(tree))
        numbers.append((tree == AFTER, "journal.json" in str(sorted(state))))
    assert (False, True) in numbers
    assert numbers[-1] == (True, False)
    assert not (tmp_path / "40" / "a").exists()


def test_files_that_are_not_what_was_read(tmp_path: Path) -> None:
    root = make(tmp_path)
    for sha256, path, message in (
        ("00", "a/x", "has changed"),
        ("00", "a/y", "was removed"),
        ("00", "a", "not a reg"),
    ):
        with pytest.raises(CuratedError, match=message):
            write_file_set(root, {"shared/x": b"same"}, removed={path: sha256})
    with pytest.raises(CuratedError, match="is not a path"):
        write_file_set(root, {}, removed={"../x": "00"})
    assert read_tree(root) == BEFORE


def test_a_journal_brings_back_only_the_very_file_that_was_removed(tmp_path: Path) -> None:
    """Otherwise a clone with such a directory could place a hook of git."""
    root = make(tmp_path)
    (root / ".git" / "hooks").mkdir(parents=True)
    staging = root / ".curated-0123456789abcdef"
    (staging / "old").mkdir(parents=True)
    (staging / "old" / "removed-0").write_text("evil")
    status = (staging / "old" / "removed-0").stat()
    move = {
        "source": "",
        "place": ".git/hooks/post-commit",
        "old": "old/removed-0",
        "inode": status.st_ino + 1,
    }
    journal = {"version": 2, "moves": [{**move, "mtime": status.st_mtime_ns}], "directories": []}
    (staging / "journal.json").write_text(json.dumps(journal))
    remove_leftovers(root)
    assert not list((root / ".git" / "hooks").iterdir())
