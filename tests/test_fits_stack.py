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


def lost(text: Path) -> tuple[str, ...]:
    """Columns whose values the stack's writer of this text replaced by another's (FORMATS.md, section 8.5)."""
    return ("PTC_ROLLOFF_TAU",) if text.parts[-3] == "ptc" and text.suffix == ".yaml" else ()


def described(table: fits.BinTableHDU, text: Path) -> list[tuple[str, str, str, str]]:
    """Columns with format, shape and unit, in order; that of the auxiliary ones is lost in the stack's YAML."""
    found = [(c.name, c.format, c.dim, c.unit) for c in table.columns]
    if (found[-1][1], found[-1][2]) == ("D", "(0)"):
        # astropy writes rows that are shorter than this says, which no other reader takes; ours says so.
        found[-1] = (found[-1][0], "0D", *found[-1][2:])
    last = [c for c in found if c[0].startswith("PTCAUX_")]
    return found[: len(found) - len(last)] + (sorted(last) if text.suffix == ".yaml" else last)


def keys(header: fits.Header) -> dict[str, object]:
    """Keywords that are not about the layout; repeated ones as lists."""
    skip = ("TTYPE", "TFORM", "TUNIT", "TDIM", "TCCLS", "NAXIS", "CHECKSUM", "DATASUM", "XTENSION", "PCOUNT")
    merged: dict[str, object] = {}
    for card in header.cards:
        if not card.keyword.startswith(skip):
            value = None if isinstance(card.value, fits.card.Undefined) else card.value
            merged[card.keyword] = [merged[card.keyword], value] if card.keyword in merged else value
    return merged


OWN = {"qe_curve": {"CALIBCLS", "qe_curve_SCHEMA", "qe_curve_VERSION"}}
"""Keywords that the stack's files of a type lack and ours have: DMTN-148 wants the version in all of them."""

CLOCK = {"DATE", "CALIB_CREATION_DATE", "CALIB_CREATION_TIME", "COMMENT"}
"""Keywords of the stack's quantum efficiencies that are the time of writing, and comments that only astropy reads."""


def same_keys(mine: dict[str, object], theirs: dict[str, object], folder: str) -> bool:
    if folder != "qe_curve":
        return mine == theirs
    kept = {key: value for key, value in mine.items() if key not in OWN[folder] | CLOCK}
    return (
        kept == {key: value for key, value in theirs.items() if key not in CLOCK} and set(mine) >= OWN[folder]
    )


def test_every_type_has_a_pair(corpus: Path) -> None:
    known = {folder for _, _, folder in pairs(corpus) if find_type(folder)}
    assert {"defects", "crosstalk", "bfk", "transmission_sensor", "transmission_system"} <= known
    assert {"linearizer", "ptc", "cti"} <= known
    assert {"qe_curve", "gain_correction", "flat_gradient", "electrostatic", "shutter"} <= known
    assert {"photodiode", "photodiode_correction"} <= known


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
                assert described(mine, text) == described(theirs, text), text
                assert same_keys(keys(mine.header), keys(theirs.header), folder), text
                for name in theirs.columns.names:
                    assert mine.data.dtype[name] == theirs.data.dtype[name], (text, name)
                for name in theirs.columns.names:
                    if (theirs.columns[name].dim or "").endswith(("(0)", ",0)")) or name in lost(text):
                        continue  # no element but the one that fills the place of none
                    for a, b in zip(mine.data[name], theirs.data[name], strict=True):
                        np.testing.assert_array_equal(a, b, err_msg=str(text))
        assert cls.readFits(ours_file) == calib, text
        compared += 1
    assert compared >= 20


@pytest.mark.parametrize("form", ["ecsv", "yaml", "json"])
def test_hostile_bytes_are_findings(form: str) -> None:
    source, problems = read(b"\xff\xfe\x00", form)
    assert source is None
    assert problems[0].code == "CAL202"
