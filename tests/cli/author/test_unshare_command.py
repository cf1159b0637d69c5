"""``curated unshare``: an error that it would bring about; other tests are beside those of ``curated share``."""

from __future__ import annotations

import pytest

from conftest import MakePackage
from support.commands import Commands
from support.packages import read_tree
from support.sharing import TOP, copies, copy_text

SHARED = f"{TOP}/shared/20200101T000000.ecsv"


def test_an_explicit_end_that_would_overlap(
    make_package: MakePackage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Commands(capsys, monkeypatch)
    files = copies(**{d: copy_text(d, {"VALIDEND": "2030-01-01"}) for d in ("d00", "d01", "d02")})
    root = make_package(files).path
    assert run(root, "share").status == 0
    before = read_tree(root / "calibs")
    done = run(root, "unshare", SHARED, "--detector", "d00", "--from", "2025-01-01")
    assert (done.status, "nothing was written" in done.stderr) == (1, True)
    assert "CAL403" in done.stderr
    assert read_tree(root / "calibs") == before
