"""The stamp's header keywords, which follow from its fields."""

from __future__ import annotations

from dataclasses import fields

import pytest

from curated.core.stamp import ORIGIN_KEYWORDS, STAMP_KEYWORDS, Stamp

VALUES = {
    "valid_start": "2020-01-01T00:00:00",
    "sha1": "1" * 40,
    "url": "",
    "path": "calibs/lab/defects/d00/20200101T000000.ecsv",
    "blob": "2" * 40,
    "file_sha1": "3" * 40,
    "file_date": "2024-01-01T00:00:00",
    "editor": "Ada",
    "dirty": False,
    "version": "1.0",
}
ORDER = [
    *("VALIDSTART", "VALIDEND", "REPOSHA1", "REPOURL", "REPOPATH", "BLOBSHA1"),
    *("FILESHA1", "FILEDATE", "EDITOR", "REPODIRT", "CURATVER"),
]


@pytest.mark.parametrize("end", ["", "2021-01-01T00:00:00"])
def test_keywords_are_those_of_the_fields_in_order(end: str) -> None:
    keywords = Stamp(**VALUES, valid_end=end).keywords()
    assert list(keywords) == [keyword for keyword in ORDER if keyword != "VALIDEND" or end]
    assert keywords["REPOURL"] == "", "an address that is not known is written, an open end is not"
    assert keywords["REPODIRT"] is False
    assert list(keywords.values()) == [
        VALUES["valid_start"],
        *([end] if end else []),
        *list(VALUES.values())[1:],
    ]


def test_every_field_has_a_keyword() -> None:
    assert len(fields(Stamp)) == len(ORDER)
    assert set(ORDER) | {"CHECKSUM", "DATASUM"} == STAMP_KEYWORDS
    assert STAMP_KEYWORDS.difference(ORIGIN_KEYWORDS) == {"VALIDSTART", "VALIDEND"}
