"""Tables in every form of astropy: the calibration has what astropy reads, and bad files have findings."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.io import ascii as astropy_ascii
from astropy.io import fits
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time

from curated.exchange.foreign import ForeignError, open_foreign
from curated.exchange.tables.source import read_table
from support.foreign_tables import Tables, findings

WAVELENGTHS = np.array([3000.1, 3512.25, 4000.0, 1 / 3e-4])
WAVELENGTHS.sort()
FRACTIONS = np.array([0.1, 1 / 3, 0.93, 1e-5])


def curve() -> QTable:
    return QTable({"Wavelength": WAVELENGTHS * u.AA, "Transmission": FRACTIONS * u.dimensionless_unscaled})


def _text(table: Table, form: str, **options: Any) -> str:
    stream = io.StringIO()
    astropy_ascii.write(table, stream, format=form, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "form", ["ecsv", "ipac", "csv", "tab", "basic", "fixed_width", "commented_header", "no_header"]
)
def test_text_of_astropy(tables: Tables, form: str) -> None:
    table = Table(curve())
    if form == "ipac":
        table["Transmission"].unit = ""
    addition = tables.add(
        _text(table, form),
        "transmission_filter",
        units={} if form in ("ecsv", "ipac") else {"wavelength": "Angstrom"},
    )
    assert not findings(addition)
    calib: Any = addition.calib
    assert calib.units["wavelength"] == "Angstrom"
    again = astropy_ascii.read(_text(table, form), format=form)
    assert calib.wavelength.tolist() == again.columns[0].tolist() == WAVELENGTHS.tolist()
    assert calib.efficiency.tolist() == again.columns[1].tolist()


@pytest.mark.filterwarnings("ignore:The unit 'Angstrom' has been deprecated")
@pytest.mark.parametrize("form", ["fits", "votable", "votable.binary"])
def test_files_of_astropy(tables: Tables, form: str) -> None:
    path = tables.root / "curve.dat"
    table = Table(curve())
    if form == "fits":
        table.write(path, format="fits")
    else:
        binary = {"tabledata_format": "binary"} if form.endswith("binary") else {}
        table.write(path, format="votable", **binary)
    calib: Any = tables.add(path, "transmission_filter").calib
    assert calib.wavelength.tolist() == WAVELENGTHS.tolist()
    assert calib.efficiency.tolist() == FRACTIONS.tolist()
    assert calib.metadata["SRCFILE"] == "curve.dat"
    assert len(calib.metadata["SRCSHA"]) == 64


def test_single_precision_of_fits_and_names_in_bytes(tables: Tables) -> None:
    names = np.repeat(np.array([b"C00 ", b"C01", b"C10", b"C11"]), 2)
    values = np.tile(np.array([0.1, 0.7], "f4"), 4)
    table = Table({"AMP": names, "WAVE": np.tile(np.array([400, 900], "f4"), 4), "QE": values * 100})
    table["WAVE"].unit, table["QE"].unit = "nm", "percent"
    table.write(tables.root / "qe.fits")
    addition = tables.add(tables.root / "qe.fits", "qe_curve")
    assert not findings(addition)
    calib: Any = addition.calib
    assert calib.amplifiers == ["C00", "C01", "C10", "C11"]
    assert calib.efficiencies.dtype == np.float32
    assert calib.efficiencies.tolist() == (values * 100).tolist()
    assert calib.mode == "AMP"


def test_one_of_several_tables(tables: Tables) -> None:
    hdus = [fits.PrimaryHDU(), *(fits.BinTableHDU(Table(curve()), name=name) for name in ("SIDE", "CURVE"))]
    fits.HDUList(hdus).writeto(tables.root / "x.fits")
    code, _, message = findings(tables.add(tables.root / "x.fits", "transmission_filter"))[0]
    assert (code, message) == ("CAL715", "the file has 2 tables: SIDE, CURVE")
    for name in ("CURVE", "curve", "2"):
        assert not findings(tables.add(tables.root / "x.fits", "transmission_filter", hdu=name))
    assert findings(tables.add(tables.root / "x.fits", "transmission_filter", hdu="CURVES"))[0][0] == "CAL720"


def test_masked_values_have_rows(tables: Tables) -> None:
    table = Table(
        {
            "wavelength": [400.0, 500.0, 600.0],
            "efficiency": MaskedColumn([1.0, 2, 3], mask=[False, True, False]),
        }
    )
    table["wavelength"].unit, table["efficiency"].unit = "nm", "%"
    addition = tables.add(_text(table, "ecsv"), "transmission_filter")
    header = sum(line.startswith("#") for line in _text(table, "ecsv").splitlines())
    assert findings(addition) == [("CAL724", header + 3, "row 2: efficiency has no value")]
    table.write(tables.root / "x.fits")
    assert (
        findings(tables.add(tables.root / "x.fits", "transmission_filter"))[0][2]
        == "row 2: efficiency is nan"
    )


def test_tables_without_rows_and_columns_that_are_no_numbers(tables: Tables) -> None:
    Table(curve()[:0]).write(tables.root / "x.fits")
    message = "the table has no rows"
    assert findings(tables.add(tables.root / "x.fits", "transmission_filter")) == [("CAL720", 0, message)]
    table = curve()
    table["when"] = Time(np.arange(4.0), format="mjd")
    text = _text(table, "ecsv")
    addition = tables.add(text, "transmission_filter")
    assert (addition.failed, findings(addition, "warning")) == (
        False,
        [("CAL722", 0, "columns 'when' are left out")],
    )


@pytest.mark.parametrize("form", ["rst", "mrt"])
def test_forms_of_journals(tables: Tables, form: str) -> None:
    table = Table({"wavelength": [400.0, 500.0], "throughput": [0.1, 0.5]})
    if form == "mrt":
        table["wavelength"].unit = "nm"
    units = {"wavelength": "nm"} if form == "rst" else {}
    calib: Any = tables.add(_text(table, form), "transmission_filter", units=units).calib
    assert calib.samples()[0].tolist() == [400, 500]
    assert calib.samples()[1].tolist() == [0.1, 0.5]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x1f\x8b\x08\x00", "packed"),
        (b"SIMPLE  =                    T" + b" " * 3000, "damaged"),
        (b"SIMPLE  =", "damaged"),
        (b"<?xml version='1.0'?><VOTABLE><RESOURCE>", "cannot be read"),
        (b"# %ECSV 1.0\n# ---\n# datatype:\n# - {name: a, datatype: float64}\na\nx\n", "cannot be read"),
        (b"# %ECSV 1.0\n# ---\n# [\na\n1\n", "cannot be read"),
        (b"# only\n# comments\n", "no rows"),
        (b"\n \n", "empty"),
        (b"a,b\n1,2\n1\n", "1 values, but 2 columns"),
        (b"a;b\n1,5;2,5\n1,6;2,7\n", "decimal comma"),
        (b"a,a\n1,2\n3,4\n", "two columns are called 'a'"),
        (b"a,b\n1,\xff\n", "UTF-8"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ForeignError, match=message):
        read_table(open_foreign(tmp_path / "x"))


@pytest.mark.parametrize(
    "reference",
    ['<STREAM href="file:///etc/passwd"/>', "<STREAM encoding='gzip' HREF='http://x/y'>", '<!ENTITY a "b">'],
)
def test_tables_that_refer_to_other_files(tmp_path: Path, reference: str) -> None:
    text = f'<?xml version="1.0"?><VOTABLE version="1.3"><RESOURCE><TABLE>{reference}</TABLE></RESOURCE></VOTABLE>'
    (tmp_path / "x.xml").write_text(text)
    with pytest.raises(ForeignError, match="refers to another file"):
        read_table(open_foreign(tmp_path / "x.xml"))


def test_a_curve_of_the_filter_profile_service(tables: Tables) -> None:
    rows = "".join(f"<TR><TD>{w}</TD><TD>{t}</TD></TR>" for w, t in zip(WAVELENGTHS, FRACTIONS, strict=True))
    text = f"""<?xml version="1.0"?>
<VOTABLE version="1.1" xmlns="http://www.ivoa.net/xml/VOTable/v1.1"><INFO name="QUERY_STATUS" value="OK"/>
<RESOURCE type="results"><TABLE utype="photDM:PhotometryFilter.transmissionCurve.spectrum">
<PARAM name="filterID" value="Tiny/Cam.r" datatype="char" arraysize="*"/>
<PARAM name="WavelengthUnit" value="Angstrom" datatype="char" arraysize="*"/>
<FIELD name="Wavelength" ucd="em.wl" unit="Angstrom" datatype="float"/>
<FIELD name="Transmission" ucd="phys.transmission" unit="" datatype="float"/>
<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""
    addition = tables.add(text, "transmission_filter", name="r.xml")
    assert not findings(addition)
    calib: Any = addition.calib
    assert calib.wavelength.tolist() == WAVELENGTHS.astype("f4").tolist()
    assert calib.samples()[1] == pytest.approx(FRACTIONS, rel=1e-6)


def test_curves_of_synphot_and_speclite(tables: Tables) -> None:
    columns = [
        fits.Column("WAVELENGTH", "D", unit="ANGSTROMS", array=WAVELENGTHS),
        fits.Column("THROUGHPUT", "D", array=FRACTIONS),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tables.root / "synphot.fits")
    table = Table(
        {"wavelength": WAVELENGTHS, "response": FRACTIONS}, meta={"group_name": "tiny", "band_name": "r"}
    )
    table["wavelength"].unit = "Angstrom"
    for content in (tables.root / "synphot.fits", _text(table, "ecsv")):
        calib: Any = tables.add(content, "transmission_filter").calib
        assert calib.wavelength.tolist() == WAVELENGTHS.tolist()
        assert calib.units["wavelength"] == "Angstrom"
        assert calib.samples()[1].tolist() == FRACTIONS.tolist()
