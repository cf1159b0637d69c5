"""The grammar of names that reach a repository, in Python and in JSON Schema."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.datasets import names
from curated.datasets.names import is_instrument, is_label, is_plain, is_value, whole

REAL_INSTRUMENTS = [
    "LSSTCam",
    "LSSTComCam",
    "LSSTComCam-imSim",
    "LSST-TS8",
    "LATISS",
    "HSC",
    "DECam",
    "Demo",
    "phosim.2",
]
REAL_VALUES = [
    "g_6", "SDSSr_65mm~empty", "N708 DECam c0013 7080.0 400.0", "g'", "i.MP9701", "Hβ", "y+é", "r#1", "z%20",
    "R22_S11", "0_53", "ITL-3800C-017-Dev", "SCIENCE", "u.1",
]  # fmt: skip
REAL_COLLECTIONS = [
    "Demo/calib",
    "LSSTCam/calib/DM-45678/curated/20200101T000000Z",
    "u/someone/x.y",
    "HSC/runs/RC2~a",
]
HOSTILE = [
    "", ".", "..", "a..b", "-a", " a", "a ", "*", "a*", "a?", "[a]", "{a}", "a,b", "a\\b", 'a"b', "a`b", "a\n", "\na",
    "a\0", "a\x1b[m", "a\x7f", "a\x85", "a\u00a0b", "a\u00adb", "a\u200bb", "a\u202eb", "a\u2028b", "a\ufeffb",
    "a\ufe0fb", "a\ud800", "a\ue000", "a\uffff", "x" * 300, "~a",
]  # fmt: skip


def test_names_that_exist() -> None:
    assert [name for name in REAL_INSTRUMENTS if not is_instrument(name)] == []
    assert [name for name in REAL_VALUES if not is_value(name)] == []
    assert [name for name in REAL_COLLECTIONS if not re.search(names.COLLECTION, name)] == []
    assert is_label("v1.2-rc1_x")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names(text: str) -> None:
    assert not is_instrument(text)
    assert not is_label(text)
    assert not is_value(text)
    assert not re.search(names.DATASET_TYPE, text) or len(text) > names.LONGEST_TYPE
    assert not re.search(names.COLLECTION, text) or len(text) > names.LONGEST_COLLECTION
    assert not re.search(names.COLLECTION, f"Lab/{text}") or len(text) > names.LONGEST_COLLECTION


@pytest.mark.parametrize("text", ["L\u0430b", "ﬁ", "e\u0301", "Å", "é", "a/b", "Lab\u0000", "\u0661"])
def test_names_of_collections_are_ascii(text: str) -> None:
    assert not is_instrument(text)
    assert not is_label(text)
    assert not re.search(names.COLLECTION, text) or text == "a/b"


def test_other_letters_are_in_their_normal_form() -> None:
    assert is_plain("Hβ é 天")
    assert not is_plain(unicodedata.normalize("NFD", "é"))
    assert not is_plain("\N{ANGSTROM SIGN}")
    assert not is_plain("a\N{RIGHT SINGLE QUOTATION MARK}")


@pytest.mark.parametrize(
    "path",
    ["files", "files/", "files/../x", "files/a/..", "files/a/../x", "files/./a", "files/.", "files//a", "/files/a",
     "a/files/b", "files/a\n", "files/a\0", "files/a\\b", "files/a\u202e", "file:///files/a", "../files/a", "files/\ud800"],
)  # fmt: skip
def test_paths_that_lead_elsewhere(path: str) -> None:
    assert not re.search(names.PATH, path)


@pytest.mark.parametrize("path", ["files/a", "files/a b/é.fits", "files/..a/b..", "files/-x/a", "files/a/.b"])
def test_paths_of_files(path: str) -> None:
    assert re.search(names.PATH, path)


@given(st.text(max_size=12) | st.text("ab/.-,*\n ", max_size=8))
def test_no_name_has_a_part_that_means_something_else(text: str) -> None:
    for is_name in (is_instrument, is_label, is_value, lambda name: re.search(names.COLLECTION, name)):
        if is_name(text):
            assert ".." not in text
            assert all(part and not part.startswith(("-", ".")) for part in text.split("/"))
            assert not set(text) & set('*?,[]{}\\"\n\r\0')
            assert text.isprintable()
    if re.search(names.PATH, text):
        assert not {"", ".", ".."} & set(text.split("/"))


def test_a_line_feed_at_the_end_counts() -> None:
    assert re.search("^a$", "a\n")
    assert not re.search(whole("a"), "a\n")
    assert re.search(whole("a|b"), "b")
    assert not re.search(whole("a|b"), "ab")
