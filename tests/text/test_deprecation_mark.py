"""The mark of deprecation in a text: one piece is added, and nothing else changes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import CuratedError
from curated.datasets.deprecation import Deprecation
from curated.package.files import walk
from curated.package.layout import discover
from curated.text import read
from curated.text.deprecation_mark import add_mark, remove_mark
from support.packages import ROOT, defects_text

MARK = Deprecation('Shutter: it\'s "open", #1 {x}', "Zoë Åström 天文", "2024-05-06", "previous")

DATES = ("20200101T000000", "20220101T000000", "20240101T000000")


def text(date: str, x0: int, **meta: str) -> str:
    return defects_text(meta, date=datetime.fromisoformat(date).isoformat(), x0=x0)


# -- the bytes -----------------------------------------------------------------------------------------


def packages() -> list[Path]:
    good = sorted(path for path in (ROOT / "tests/data/good").iterdir() if path.name != "deprecated")
    return [ROOT / "calibs", *(path / "calibs" if (path / "calibs").is_dir() else path for path in good)]


@pytest.mark.parametrize("root", packages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_mark_adds_its_keywords_to_any_form_and_undoing_it_gives_the_same_bytes(root: Path) -> None:
    done = 0
    for file in discover(walk(str(root), ""), "").files:
        data = (root / file.path).read_bytes()
        if b"\r" in data.replace(b"\r\n", b""):
            # Line ends of the oldest kind are left to a person, who is told what to write.
            with pytest.raises(CuratedError) as refused:
                add_mark(data, file.form, MARK)
            assert "DEPRECATED_COVER: previous" in refused.value.hint
            continue
        marked_text = add_mark(data, file.form, MARK)
        done += 1
        assert remove_mark(marked_text, file.form) == data
        assert add_mark(marked_text, file.form, MARK) == marked_text
        # One piece is added, and nothing else is touched.
        start = next(
            place for place, byte in enumerate(marked_text) if data[place : place + 1] != bytes([byte])
        )
        assert marked_text.endswith(data[start:])
        before, after = read(data, file.form)[0], read(marked_text, file.form)[0]
        assert before is not None
        assert after is not None
        assert after.metadata == {**MARK.keywords(), **before.metadata}
    assert done or root.parent.name == "bare"


def test_a_mark_written_by_hand_is_removed_with_its_lines() -> None:
    data = text(DATES[0], 1, **MARK.keywords()).encode()
    assert remove_mark(data, "ecsv").decode() == text(DATES[0], 1)


def test_a_comment_is_never_removed_with_a_mark() -> None:
    data = add_mark(b"metadata:\n  OBSTYPE: defects\n  INSTRUME: Lab\n", "yaml", MARK)
    with pytest.raises(CuratedError, match="only a person"):
        remove_mark(data.replace(b"  DEPRECATED_BY", b"  # who\n  DEPRECATED_BY"), "yaml")


@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp")), min_size=1, max_size=80)
)
def test_any_line_of_text_can_be_the_reason(reason: str) -> None:
    if not reason.isprintable() or not reason.strip():
        return
    mark = Deprecation(reason, "Ada", "2024-05-06", "hole")
    for form, data in (
        ("ecsv", text(DATES[0], 1).encode()),
        ("yaml", b"metadata:\n  OBSTYPE: defects\n"),
        ("json", b'{\n  "metadata": {\n    "OBSTYPE": "defects"\n  }\n}\n'),
    ):
        assert remove_mark(add_mark(data, form, mark), form) == data
