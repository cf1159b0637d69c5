"""Our FITS files against those that the stack wrote of the same calibrations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.calib.arrays import is_equal
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

CLOCK = {
    "qe_curve": {"DATE", "CALIB_CREATION_DATE", "CALIB_CREATION_TIME", "COMMENT"},
    "provenance": {"CALIBDATE", "CALIB_CREATION_DATE", "CALIB_CREATION_TIME"},
}
"""Keywords that are the time at which the stack wrote the file, and comments that only astropy reads."""


def same_keys(mine: dict[str, object], theirs: dict[str, object], folder: str) -> bool:
    own, clock = OWN.get(folder, set()), CLOCK.get(folder, set())
    kept = {key: value for key, value in mine.items() if key not in own | clock}
    return set(mine) >= own and kept == {key: value for key, value in theirs.items() if key not in clock}


def test_every_class_has_a_type(corpus: Path) -> None:
    found = pairs(corpus)
    assert not {folder for _, _, folder in found if find_type(folder) is None}
    assert len({folder for _, _, folder in found}) >= 20


def test_the_stacks_fits_says_what_its_text_says(corpus: Path) -> None:
    """Where the stack's own reader takes another column, flattens or drops one, ours does not."""
    for text, stack_file, folder in pairs(corpus):
        cls = find_type(folder)
        assert cls is not None
        said, found = cls.readText(text), cls.readFits(stack_file)
        if folder.startswith("transmission"):
            # The archive has one curve in Angstrom, whatever the text has; its ends are those of the text but for rounding.
            at = np.linspace(301.0, 1099.0, 411)
            np.testing.assert_allclose(found.throughput_at(at), said.throughput_at(at), rtol=1e-12)
            continue
        for field in cls.FIELDS:
            values = [getattr(calib, field.name) for calib in (said, found)]
            if field.prefix:
                # The stack's YAML has lost their order.
                values = [dict(sorted(mapping.items())) for mapping in values]
            if field.column not in lost(text):
                assert is_equal(*values), (text, field.name)


def test_same_hdus_columns_types_and_keys(corpus: Path, tmp_path: Path) -> None:
    for text, stack_file, folder in pairs(corpus):
        cls = find_type(folder)
        assert cls is not None
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


@pytest.mark.parametrize("form", ["ecsv", "yaml", "json"])
def test_hostile_bytes_are_findings(form: str) -> None:
    source, problems = read(b"\xff\xfe\x00", form)
    assert source is None
    assert problems[0].code == "CAL202"
