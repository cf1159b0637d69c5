"""Plain files are read as astropy reads them, to the type; of anything else astropy is asked."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from curated.fits.plain_tables import PlainHdu, read_plain_hdus
from support.demo import demo_calib, shown_types

BLOCK = 2880
STRUCTURE = ("", "EXTEND", "EXTNAME")
"""Keywords that astropy adds, drops or has as an attribute."""


def plain(path: Path) -> list[PlainHdu] | None:
    with path.open("rb") as stream:
        return read_plain_hdus(stream)


def expected(path: Path) -> list[PlainHdu]:
    """Read a file with astropy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with path.open("rb") as stream, fits.open(stream, memmap=False) as hdus:
            return [_hdu(hdu) for hdu in hdus]


def _hdu(hdu: Any) -> PlainHdu:
    cards = [
        (c.keyword, None if isinstance(c.value, fits.card.Undefined) else c.value) for c in hdu.header.cards
    ]
    is_table = isinstance(hdu, fits.BinTableHDU)
    columns = {c.name: (hdu.data[c.name], c.unit or "") for c in hdu.columns} if is_table else {}
    return PlainHdu(is_table, cards, {"EXTNAME": hdu.name}, columns)


def differences(path: Path, hdus: list[PlainHdu]) -> Iterator[str]:
    """Yield what was read in another way than by astropy."""
    for number, (hdu, other) in enumerate(zip(hdus, expected(path), strict=True)):
        cards = [card for card in hdu.cards if card[0] not in STRUCTURE]
        others = [card for card in other.cards if card[0] not in STRUCTURE]
        if [(*card, type(card[1])) for card in cards] != [(*card, type(card[1])) for card in others]:
            yield f"cards of HDU {number}"
        if hdu.is_table and (hdu.name, list(hdu.columns)) != (other.name, list(other.columns)):
            yield f"names in HDU {number}"
        for name, (values, unit) in hdu.columns.items():
            reference, reference_unit = other.columns[name]
            if unit != reference_unit or not _is_same(values, reference):
                yield f"column {name} of HDU {number}"


def _is_same(values: Any, reference: Any) -> bool:
    if isinstance(values, list):
        return len(values) == len(reference) and all(map(_is_same, values, reference))
    reference = np.asarray(reference)
    if values.dtype.kind == "U":
        return values.shape == reference.shape and values.tolist() == np.char.rstrip(reference).tolist()
    native = reference.astype(reference.dtype.newbyteorder("="))
    return (
        values.dtype == native.dtype and values.shape == native.shape and values.tobytes() == native.tobytes()
    )


@pytest.fixture(scope="module")
def demo_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A FITS file of each type."""
    directory = tmp_path_factory.mktemp("files")
    return {name: Path(demo_calib(name).writeFits(directory / f"{name}.fits")) for name in shown_types()}


def test_files_of_every_type_are_plain(demo_files: dict[str, Path]) -> None:
    unusual = []
    for name, path in demo_files.items():
        hdus = plain(path)
        if hdus is None:
            unusual.append(name)
        else:
            assert list(differences(path, hdus)) == []
    assert unusual == []


def test_files_of_the_stack(corpus: Path) -> None:
    paths = sorted((corpus / "stack_written").rglob("*.fits"))
    results = {path: plain(path) for path in paths}
    assert [text for path, hdus in results.items() if hdus for text in differences(path, hdus)] == []
    # Those with vectors that have no elements, and with truth values in a heap, are read by astropy.
    assert sum(hdus is None for hdus in results.values()) <= 0.1 * len(paths)


COLUMNS = {
    "L": fits.Column("c", "L", array=[True, False]),
    "B": fits.Column("c", "B", array=np.array([0, 255], "u1")),
    "I": fits.Column("c", "I", unit="adu", array=[-1, 2]),
    "3J": fits.Column("c", "3J", array=[[1, 2, 3], [4, 5, 6]]),
    "K": fits.Column("c", "K", array=[2**60, -1]),
    "6E": fits.Column("c", "6E", dim="(3,2)", array=np.arange(12.0).reshape(2, 2, 3)),
    "1D": fits.Column("c", "1D", dim="(1)", array=np.array([[np.nan], [-0.0]])),
    "5A": fits.Column("c", "5A", array=["a  ", " bcd "]),
    "6A": fits.Column("c", "6A", dim="(3,2)", array=np.array([["abc", "d"], ["", "ef"]])),
    "PD": fits.Column("c", "PD()", array=np.array([np.arange(3.0), np.zeros(0)], dtype=object)),
    "QI": fits.Column("c", "QI()", array=np.array([np.arange(2), np.arange(5)], dtype=object)),
}
UNUSUAL = {
    "scaled": fits.Column("c", "E", bscale=2.0, array=np.array([2.0, 4.0])),
    "unsigned": fits.Column("c", "I", bzero=2**15, array=np.array([1, 2], "u2")),
    "null": fits.Column("c", "I", null=-1, array=[1, -1]),
    "complex": fits.Column("c", "C", array=[1j, 2]),
    "bits": fits.Column("c", "3X", array=[[True, False, True]] * 2),
}


# astropy cannot write a table of arrays of texts that has no rows.
@pytest.mark.parametrize(("form", "rows"), [(f, n) for f in COLUMNS for n in (0, 2) if n or f != "6A"])
def test_columns_of_every_format(tmp_path: Path, form: str, rows: int) -> None:
    path = tmp_path / "file.fits"
    table = fits.BinTableHDU.from_columns([COLUMNS[form]])
    if not rows:
        table = fits.BinTableHDU(table.data[:0], table.header)
    table.writeto(path)
    hdus = plain(path)
    assert hdus is not None
    assert list(differences(path, hdus)) == []
    assert len(hdus[1].columns["c"][0]) == rows


@pytest.mark.parametrize("name", UNUSUAL)
def test_of_unusual_columns_astropy_is_asked(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.fits"
    fits.BinTableHDU.from_columns([UNUSUAL[name]]).writeto(path)
    assert plain(path) is None


CARDS: dict[str, bool] = {
    "KEY     = 'it''s'": False,
    "KEY     = 'a: 1.5'": False,
    "KEY     = 1.5D3": False,
    "KEY     = (1, 2)": False,
    "KEY     = 007": False,
    "KEY     = 1 2": False,
    "key     = 1": False,
    "KEY": False,
    "CONTINUE  'x'": False,
    "KEY     = 1.5E+03 / (s) a comment": True,
    "KEY     = -0.0": True,
    "KEY     = +12": True,
    "KEY     =": True,
    "KEY     = '   '": True,
    "KEY     = ' a&  ' / text": True,
    "HIERARCH Key word = 'x'": True,
    "HIERARCH LSST BUTLER ID = 'x' / y": True,
    "COMMENT = 'x'": True,
    "HISTORY   a / b": True,
}


@pytest.mark.parametrize("card", CARDS)
def test_cards(tmp_path: Path, card: str) -> None:
    path = tmp_path / "file.fits"
    table = fits.BinTableHDU.from_columns([COLUMNS["K"]])
    table.header["MARK"] = 1
    table.writeto(path)
    data = path.read_bytes()
    place = data.index(b"MARK    =")
    path.write_bytes(data[:place] + card.encode().ljust(80) + data[place + 80 :])
    hdus = plain(path)
    assert (hdus is not None) == CARDS[card]
    assert hdus is None or list(differences(path, hdus)) == []


def test_long_texts(tmp_path: Path) -> None:
    path = tmp_path / "file.fits"
    table = fits.BinTableHDU.from_columns([COLUMNS["K"]])
    table.header["LONGTEXT"] = "word & x " * 30
    table.header["SHORT"] = ("x" * 40 + " y", "a comment")
    table.writeto(path)
    hdus = plain(path)
    assert hdus is not None
    assert list(differences(path, hdus)) == []
    assert hdus[1].keywords["LONGTEXT"] == ("word & x " * 30).rstrip()


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[:-BLOCK],
    "more behind": lambda data: data + b"\0" * 100,
    "no END": lambda data: data.replace(b"END".ljust(80), b"AND".ljust(80), 1),
    "another order": lambda data: data.replace(b"BITPIX  ", b"BITPAX  "),
    "rows": lambda data: data.replace(b"NAXIS2  =                    2", b"NAXIS2  =                 9999"),
    "width": lambda data: data.replace(b"NAXIS1  =                    8", b"NAXIS1  =                    9"),
    "not ASCII": lambda data: data.replace(b"TTYPE1", b"TTYP\xc31"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_of_damaged_files_astropy_is_asked(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.fits"
    fits.BinTableHDU.from_columns([COLUMNS["K"]]).writeto(path)
    data = DAMAGE[name](path.read_bytes())
    assert data != path.read_bytes()
    path.write_bytes(data)
    assert plain(path) is None


def test_changed_headers_are_read_as_astropy_does_or_not_at_all(
    demo_files: dict[str, Path], tmp_path: Path
) -> None:
    choice = random.Random(20240101)
    path, unusual = tmp_path / "file.fits", 0
    originals = [demo_files[name].read_bytes() for name in ("crosstalk", "transmission_filter", "bfk", "ptc")]
    for _ in range(150):
        data = bytearray(choice.choice(originals))
        starts = [n for n in range(0, len(data), BLOCK) if data[n : n + 8] in (b"SIMPLE  ", b"XTENSION")]
        data[choice.choice(starts) + choice.randrange(80, 1600)] = choice.choice(b" '/=&0139.ET:(")
        path.write_bytes(data)
        hdus = plain(path)
        if hdus is None:
            unusual += 1
            continue
        assert list(differences(path, hdus)) == []
    assert 10 < unusual < 140
