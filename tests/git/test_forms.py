"""The forms that a blob has in a work tree, and the way back."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.git.forms import (
    blob_of_file,
    committed_content,
    is_annex_link,
    is_annex_pointer,
    is_form_of,
    matches_pointer,
    parse_pointer,
)
from curated.git.tree import object_name

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n".encode()

lines = st.lists(st.sampled_from([b"a", b"$Id$", b"$Id", b"\r", b"", b"x $Id$ y"]), max_size=6)


@given(lines, st.booleans(), st.booleans())
def test_the_way_back_of_what_git_writes(parts: list[bytes], crlf: bool, ident: bool) -> None:
    blob = b"\n".join(parts).replace(b"\r\n", b"\n")
    name = object_name("blob", blob)
    data = blob.replace(b"$Id$", b"$Id: %s $" % name.encode()) if ident else blob
    data = data.replace(b"\n", b"\r\n") if crlf else data
    assert committed_content(data, name) == blob
    assert is_form_of(data, blob)


@pytest.mark.parametrize("change", [b"b", b"a ", b"a\n", b"\ra", b"A", b""])
def test_other_content_has_no_way_back(change: bytes) -> None:
    assert committed_content(change, object_name("blob", b"a")) is None
    assert not is_form_of(change, b"a")


@pytest.mark.parametrize(
    ("encoding", "codec", "mark"),
    [
        ("UTF-16", "utf-16", ""),
        ("UTF-16LE-BOM", "utf-16-le", "\ufeff"),
        ("utf-16be", "utf-16-be", ""),
        ("UTF-32", "utf-32", ""),
        ("ISO-8859-1", "latin-1", ""),
        ("SHIFT-JIS", "shift_jis", ""),
    ],
)
def test_encodings_of_the_work_tree(encoding: str, codec: str, mark: str) -> None:
    text = "a\nx = 1\n" if codec == "shift_jis" else "é\nx = 1\n"
    assert is_form_of((mark + text).encode(codec), text.encode(), encoding)
    assert is_form_of((mark + text.replace("\n", "\r\n")).encode(codec), text.encode(), encoding)
    assert not is_form_of((mark + text.replace("1", "2")).encode(codec), text.encode(), encoding)
    assert not is_form_of(b"\xff\xfe\x00", text.encode(), encoding)


def test_an_encoding_that_does_not_exist() -> None:
    assert not is_form_of(b"a", b"a", "none-such")


def test_pointers_of_git_lfs() -> None:
    assert parse_pointer(POINTER) == (OID, 12345)
    assert parse_pointer(POINTER.replace(b"oid", b"ext-0-foo sha256:aa\noid")) == (OID, 12345)
    for wrong in (
        POINTER[1:],
        POINTER.replace(b"4d", b"4"),
        POINTER.replace(b"size", b"x"),
        POINTER + b" " * 2000,
    ):
        assert parse_pointer(wrong) is None


def test_the_content_that_a_pointer_names(tmp_path: Path) -> None:
    data = b"pixels" * 300_000
    path = tmp_path / "image"
    path.write_bytes(data)
    pointer = parse_pointer(
        POINTER.replace(OID.encode(), hashlib.sha256(data).hexdigest().encode()).replace(
            b"12345", str(len(data)).encode()
        )
    )
    assert pointer is not None
    assert matches_pointer(str(path), pointer)
    assert blob_of_file(str(path), 40) == object_name("blob", data)
    assert blob_of_file(str(path), 64) == object_name("blob", data, 64)
    path.write_bytes(data[:-1] + b"x")
    assert not matches_pointer(str(path), pointer)
    path.write_bytes(data + b"x")
    assert not matches_pointer(str(path), pointer)


@pytest.mark.parametrize(
    "target",
    [
        "../.git/annex/objects/Xx/Yy/SHA256E-s3--ab.fits/SHA256E-s3--ab.fits",
        ".git/annex/objects/a",
        "../.git/modules/x/annex/objects/a",
    ],
)
def test_links_of_git_annex(target: str) -> None:
    assert is_annex_link(target)
    assert is_annex_pointer(target.encode())


def test_pointers_of_git_annex() -> None:
    assert is_annex_pointer(b"/annex/objects/SHA256E-s3--ab.fits\n")
    assert not is_annex_pointer(b"SHA256E-s3--ab.fits\n")
    assert not is_annex_link("../d00/20200101T000000.ecsv")
