"""The stamp: its keywords, in order."""

from __future__ import annotations

from dataclasses import fields, replace

from curated.core.stamp import ORIGIN_KEYWORDS, STAMP_KEYWORDS, Stamp

STAMP = Stamp(
    sha1="1" * 40,
    url="https://example.org/calibs",
    path="calibs/x.ecsv",
    blob="2" * 40,
    file_sha1="3" * 40,
    file_date="2024-01-01T00:00:00",
    editor="Ada Astronomer",
    dirty=False,
    version="0.1.0",
    signer="release@example.org",
    verdict="pass",
    record="4" * 64,
    valid_start="2020-01-01T00:00:00",
    valid_end="2021-01-01T00:00:00",
)


def test_every_part_has_a_keyword() -> None:
    keywords = STAMP.keywords()
    assert list(keywords) == [
        *("VALIDSTART", "VALIDEND", "REPOSHA1", "REPOURL", "REPOPATH", "BLOBSHA1"),
        *("FILESHA1", "FILEDATE", "EDITOR", "REPODIRT", "CURATVER", "VERDICT", "VERIFSHA", "REPOSIGN"),
    ]
    assert set(keywords.values()) == {getattr(STAMP, field.name) for field in fields(STAMP)}
    assert keywords.keys() == STAMP_KEYWORDS - {"CHECKSUM", "DATASUM"}
    assert keywords["REPOSHA1"] == STAMP.sha1
    assert keywords["REPODIRT"] is False


def test_an_open_end_has_no_keyword() -> None:
    assert "VALIDEND" not in replace(STAMP, valid_end="").keywords()


def test_without_a_required_signature_nothing_is_stamped() -> None:
    assert "REPOSIGN" not in replace(STAMP, signer="").keywords()


def test_an_unknown_address_is_written() -> None:
    assert replace(STAMP, url="").keywords()["REPOURL"] == ""


def test_validity_is_no_origin() -> None:
    assert {"VALIDSTART", "VALIDEND"} == STAMP_KEYWORDS - ORIGIN_KEYWORDS
