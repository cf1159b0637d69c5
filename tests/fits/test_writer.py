"""FITS files against those that the stack wrote of the same calibrations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

from curated.registry import find_type
from support.stack import replaced_columns, stack_pairs


def column_forms(table: fits.BinTableHDU, text: Path) -> list[tuple[str, str, str, str]]:
    """Columns with format, shape and unit, in order; the stack's YAML has lost the order of the auxiliary ones."""
    forms = [(c.name, c.format, c.dim, c.unit) for c in table.columns]
    if (forms[-1][1], forms[-1][2]) == ("D", "(0)"):
        # astropy writes rows that are shorter than this says, which no other reader takes; ours says so.
        forms[-1] = (forms[-1][0], "0D", *forms[-1][2:])
    auxiliary = [c for c in forms if c[0].startswith("PTCAUX_")]
    return forms[: len(forms) - len(auxiliary)] + (sorted(auxiliary) if text.suffix == ".yaml" else auxiliary)


def keywords(header: fits.Header) -> dict[str, object]:
    """Keywords that are not about the layout; repeated ones as lists."""
    skip = ("TTYPE", "TFORM", "TUNIT", "TDIM", "TCCLS", "NAXIS", "CHECKSUM", "DATASUM", "XTENSION", "PCOUNT")
    merged: dict[str, object] = {}
    for card in header.cards:
        if not card.keyword.startswith(skip):
            value = None if isinstance(card.value, fits.card.Undefined) else card.value
            merged[card.keyword] = [merged[card.keyword], value] if card.keyword in merged else value
    return merged


OUR_KEYWORDS = {"qe_curve": {"CALIBCLS", "qe_curve_SCHEMA", "qe_curve_VERSION"}}
"""Keywords that the stack's files of a type lack and ours have: DMTN-148 wants the version in all of them."""

CLOCK = {
    "qe_curve": {"DATE", "CALIB_CREATION_DATE", "CALIB_CREATION_TIME", "COMMENT"},
    "provenance": {"CALIBDATE", "CALIB_CREATION_DATE", "CALIB_CREATION_TIME"},
}
"""Keywords that are the time at which the stack wrote the file, and comments that only astropy reads."""


def assert_same_keywords(header: dict[str, object], stack_header: dict[str, object], folder: str) -> None:
    own_keywords, clock = OUR_KEYWORDS.get(folder, set()), CLOCK.get(folder, set())
    assert set(header) >= own_keywords
    assert {key: value for key, value in header.items() if key not in own_keywords | clock} == {
        key: value for key, value in stack_header.items() if key not in clock
    }


def test_every_class_has_a_type(corpus: Path) -> None:
    folders = {pair.folder for pair in stack_pairs(corpus)}
    assert not [folder for folder in folders if find_type(folder) is None]
    assert len(folders) >= 20


def test_same_hdus_columns_types_and_keys(corpus: Path, tmp_path: Path) -> None:
    for text, stack_file, folder in stack_pairs(corpus):
        cls = find_type(folder)
        assert cls is not None
        calib = cls.readText(text)
        path = tmp_path / "ours.fits"
        calib.writeFits(path)
        with fits.open(path) as hdus, fits.open(stack_file) as stack_hdus:
            hdus.verify("exception")
            extra = 1 if folder.startswith("transmission") else 0
            assert len(hdus) == len(stack_hdus) + extra, text
            for hdu, stack_hdu in zip(hdus[1:], stack_hdus[1:], strict=False):
                assert column_forms(hdu, text) == column_forms(stack_hdu, text), text
                assert_same_keywords(keywords(hdu.header), keywords(stack_hdu.header), folder)
                for name in stack_hdu.columns.names:
                    assert hdu.data.dtype[name] == stack_hdu.data.dtype[name], (text, name)
                    is_empty = (stack_hdu.columns[name].dim or "").endswith(("(0)", ",0)"))
                    if is_empty or name in replaced_columns(text):
                        continue  # the one element stands for none
                    for row, stack_row in zip(hdu.data[name], stack_hdu.data[name], strict=True):
                        np.testing.assert_array_equal(row, stack_row, err_msg=str(text))
        assert cls.readFits(path) == calib, text
