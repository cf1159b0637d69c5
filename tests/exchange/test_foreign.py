"""Foreign files as values."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.exchange.foreign import ForeignError, open_foreign


def test_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes("\ufeff1 2 Å\n".encode())
    file = open_foreign(path)
    assert (file.name, file.is_text, file.is_fits, file.text) == ("list.txt", True, False, "1 2 Å\n")
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("content", [b"SIMPLE  =\0", b"\x1f\x8b\x08", b"ab\xff\xfecd", b"\x01\x02"])
def test_what_is_no_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert not open_foreign(path).is_text


def test_a_text_that_is_cut_within_a_character_is_text(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a" * 65535 + "Å".encode() + b"\n")
    assert open_foreign(path).is_text


def test_bytes_that_are_no_utf8_have_their_line(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\nb\n\xff\n")
    with pytest.raises(ForeignError) as raised:
        open_foreign(path).text  # noqa: B018
    assert [problem.line for problem in raised.value.problems] == [3]


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(CuratedError):
            open_foreign(path)
