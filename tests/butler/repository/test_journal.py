"""Journals of what imports are about to make."""

from __future__ import annotations

import pytest

from curated.butler.repository.journal import Journal, JournalEntry

FILES = [JournalEntry("/repo/run/a.fits", "run"), JournalEntry("s3://bucket/run/b.fits", "run")]
DIRECTORY = JournalEntry("/new-repository-01234567", "", 7, 9)


@pytest.fixture
def journal(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Journal.of("/repo/")


def test_what_was_written_down_is_read_back(journal) -> None:
    assert (journal.exists, journal.read()) == (False, ())
    journal.add(FILES)
    journal.add([DIRECTORY, FILES[0]])
    assert journal.exists
    assert journal.read() == (*FILES, DIRECTORY)
    assert Journal.of("/repo").read() == (*FILES, DIRECTORY)
    assert Journal.of("/other").read() == ()


def test_what_remains_is_kept(journal) -> None:
    journal.add(FILES)
    journal.replace(FILES[:1])
    assert journal.read() == tuple(FILES[:1])
    journal.replace([])
    journal.replace([])
    assert not journal.exists


@pytest.mark.parametrize("line", [b'["/repo/run', b"17", b"[]", b'["a","b","c","d"]', b"\xff\xfe", b"null"])
def test_a_line_that_is_cut_or_odd_is_left_out(journal, line) -> None:
    journal.add(FILES)
    with journal.path.open("ab") as stream:
        stream.write(line)
    assert journal.read() == tuple(FILES)


def test_a_journal_without_a_cache(tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    journal = Journal.of("/repo")
    journal.add(FILES)
    journal.replace([])
    assert journal.read() == ()
