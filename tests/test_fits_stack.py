"""Our FITS files against those that the stack wrote of the same calibrations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.registry import find_type
from curated.text import read

FOLDERS = {"gain_correction": "gainCorrection"}


def pairs(corpus: Path) -> list[tuple[Path, Path, str]]:
    """Texts, the stack's FITS of the same object, and the type's folder."""
    root = corpus / "stack_written"
    lines = [json.loads(line) for line in (root / "map.jsonl").read_text().splitlines()]
    found = []
    for line in lines:
        for folder in ("calibs", "calibs_other_text"):
            text = root / folder / line["text"]
            if text.exists():
                found.append((text, root / "fits" / line["fits"], Path(line["text"]).parts[1]))
    return found


def keys(header: fits.Header) -> dict[str, object]:
    """Keywords that are not about the layout; repeated ones as lists."""
    skip = ("TTYPE", "TFORM", "TUNIT", "TDIM", "TCCLS", "NAXIS", "CHECKSUM", "DATASUM", "XTENSION", "PCOUNT")
    merged: dict[str, object] = {}
    for card in header.cards:
        if not card.keyword.startswith(skip):
            value = None if isinstance(card.value, fits.card.Undefined) else card.value
            merged[card.keyword] = [merged[card.keyword], value] if card.keyword in merged else value
    return merged


def test_every_type_has_a_pair(corpus: Path) -> None:
    known = {folder for _, _, folder in pairs(corpus) if find_type(folder)}
    assert {"defects", "crosstalk", "bfk", "transmission_sensor", "transmission_system"} <= known


def test_same_hdus_columns_types_and_keys(corpus: Path, tmp_path: Path) -> None:
    compared = 0
    for text, stack_file, folder in pairs(corpus):
        cls = find_type(folder)
        if cls is None:
            continue
        calib = cls.readText(text)
        ours_file = tmp_path / "ours.fits"
        calib.writeFits(ours_file)
        with fits.open(ours_file) as ours, fits.open(stack_file) as stack:
            ours.verify("exception")
            extra = 1 if folder.startswith("transmission") else 0
            assert len(ours) == len(stack) + extra, text
            for mine, theirs in zip(ours[1:], stack[1:], strict=False):
                assert [(c.name, c.format, c.dim, c.unit) for c in mine.columns] == [
                    (c.name, c.format, c.dim, c.unit) for c in theirs.columns
                ], text
                assert keys(mine.header) == keys(theirs.header), text
                assert mine.data.dtype == theirs.data.dtype, text
                for name in theirs.columns.names:
                    for a, b in zip(mine.data[name], theirs.data[name], strict=True):
                        np.testing.assert_array_equal(a, b, err_msg=str(text))
        assert cls.readFits(ours_file) == calib, text
        compared += 1
    assert compared >= 12


@pytest.mark.parametrize("form", ["ecsv", "yaml", "json"])
def test_hostile_bytes_are_findings(form: str) -> None:
    source, problems = read(b"\xff\xfe\x00", form)
    assert source is None
    assert problems[0].code == "CAL202"
