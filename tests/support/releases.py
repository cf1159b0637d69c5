"""Compare the FITS files of a release with their texts, using only astropy and PyYAML, and look up calibrations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from astropy import units as u
from astropy.io import fits
from astropy.io.fits.card import Undefined
from astropy.table import Table

from support.programs import run_with_butler

# Keywords that name the class by which the stack reads the FITS file (ip_isr's `IsrCalib.readFits`).
REWRITTEN = ("OBSTYPE", "CALIBCLS")
ALIASES = {"DETECTORNAME": "DET_NAME"}

# A program that uses nothing but Butler: [type, data ID, UTC, nanoseconds] to path and class of the calibration.
LOOK_UP = """
import json, sys
from astropy.time import Time, TimeDelta
from lsst.daf.butler import Butler, Timespan
butler = Butler.from_config(sys.argv[1])
answers = []
for kind, data_id, utc, nanoseconds in json.loads(sys.argv[2]):
    time = Time(utc, scale="utc").tai + TimeDelta(nanoseconds * 1e-9, format="sec")
    query = {"collections": f"{data_id['instrument']}/calib", "timespan": Timespan.fromInstant(time), **data_id}
    ref = butler.find_dataset(kind, **query)
    if ref is None:
        answers.append(None)
        continue
    value = butler.get(kind, **query)
    answers.append([value.metadata["REPOPATH"], type(value).__module__, type(value).__name__])
print(json.dumps(answers))
"""

COUNT = """
import json, sys
from lsst.daf.butler import Butler
butler = Butler.from_config(sys.argv[1])
kinds = [kind.name for kind in butler.registry.queryDatasetTypes()]
query = {"collections": "*", "find_first": False, "explain": False, "limit": None}
print(json.dumps({kind: len(butler.query_datasets(kind, **query)) for kind in kinds}))
"""

Question = tuple[str, dict[str, Any], str, int]


def look_up(repo: Path, questions: list[Question]) -> list[list[str] | None]:
    """Look up calibrations in a repository's chain: path of the source, module and name of the class that `get` returns."""
    done = run_with_butler(LOOK_UP, str(repo), json.dumps(questions))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def count_datasets(repo: Path) -> dict[str, int]:
    """Count the datasets of each type in a repository."""
    done = run_with_butler(COUNT, str(repo))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def assert_same_as_text(text: Path, file: Path) -> None:
    """Assert that a FITS file equals the text that it was made from, bit by bit, including units and keywords."""
    with fits.open(file, checksum=True) as hdus:
        hdus.verify("exception")
        if text.suffix == ".yaml":
            kernel_agrees(text, hdus)
            return
        table = Table.read(text, format="ascii.ecsv")
        keywords_agree(dict(table.meta), hdus[0].header)
        if "wavelength" in table.colnames:
            curve_agrees(table, hdus)
        elif "CT_COEFFS" in table.colnames:
            crosstalk_agrees(table, hdus[1])
        else:
            defects_agree(table, hdus[1])


def keywords_agree(meta: dict[str, Any], header: fits.Header) -> None:
    """Assert that the header has every keyword of the text with its value."""
    header_values: dict[str, list[Any]] = {}
    for card in header.cards:
        header_values.setdefault(card.keyword.upper(), []).append(card.value)
    names = {key: ALIASES.get(key.upper(), key.upper()) for key in meta}
    present_names = {names[key] for key, value in meta.items() if value not in (None, "")}
    for key, value in meta.items():
        name = names[key]
        if key.startswith("__") or name in REWRITTEN or name.endswith(("_VERSION", "_SCHEMA")):
            continue
        if value in (None, ""):
            # No value, or the value is under another spelling of the keyword.
            assert name in present_names or all(
                v in (None, "") or isinstance(v, Undefined) for v in header_values.get(name, [])
            )
            continue
        expected = value if isinstance(value, list) else [value]
        assert header_values[name] == expected, key
        assert [type(v) for v in header_values[name]] == [type(v) for v in expected], key


def same_bits(actual: Any, expected: Any) -> None:
    """Assert that two arrays have the same type, shape and bits; all NaNs are equal."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    actual = actual.astype(actual.dtype.newbyteorder("="))
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    if actual.dtype.kind == "f":
        assert actual.tobytes() == expected.tobytes() or np.array_equal(actual, expected, equal_nan=True)
        assert np.array_equal(np.signbit(actual), np.signbit(expected)) or np.isnan(actual).any()
    else:
        assert np.array_equal(actual, expected)


def unit_of(column: Any) -> u.UnitBase | None:
    """Return the unit of a FITS column."""
    return u.Unit(column.unit, format="fits") if column.unit else None


def curve_agrees(table: Table, hdus: fits.HDUList) -> None:
    """Assert that the plain table equals the text, and the archive the curve of afw's TransmissionCurve, computed here."""
    curve_table = hdus["CURVE"]
    name = "efficiency" if "efficiency" in table.colnames else "throughput"
    assert [c.name for c in curve_table.columns] == table.colnames
    for column in table.colnames:
        values = np.asarray(table[column])
        if values.dtype.kind == "U":
            assert curve_table.data[column].tolist() == values.tolist()
            continue
        same_bits(curve_table.data[column], values)
        expected_unit = table[column].unit
        actual_unit = unit_of(curve_table.columns[column])
        if str(expected_unit) in ("None", "", "-"):
            assert actual_unit is None
        else:
            assert actual_unit is not None
            assert (1 * actual_unit).to_value(expected_unit) == 1
    wavelength, values = np.asarray(table["wavelength"]), np.asarray(table[name])
    if "amp_name" in table.colnames:
        amplifiers = np.asarray(table["amp_name"])
        names = list(dict.fromkeys(amplifiers.tolist()))
        wavelength = wavelength[amplifiers == names[0]]
        values = np.array([values[amplifiers == n] for n in names]).mean(axis=0)
    # Converted in the precision of the column, then to double.
    wavelength = (wavelength * table["wavelength"].unit).to(u.AA).value.astype("f8")
    if table[name].unit == u.percent:
        values = values * values.dtype.type(0.01)
    archive = hdus[2]
    assert archive.header["EXTNAME"] == archive.header["AR_NAME"] == "SpatiallyConstantTransmissionCurve"
    assert hdus[1].header["EXTNAME"] == "ARCHIVE_INDEX"
    same_bits(archive.data["wavelengths"][0], wavelength)
    same_bits(archive.data["throughput"][0], values.astype("f8"))
    assert archive.data["throughputAtMin"].tolist() == archive.data["throughputAtMax"].tolist() == [0.0]
    assert archive.columns["wavelengths"].unit == "angstrom"


def crosstalk_agrees(table: Table, hdu: fits.BinTableHDU) -> None:
    """Assert that the table is one row of vectors; fields that the version of the text lacks are zero."""
    size = int(table.meta["NAMP"])
    for name in table.colnames:
        same_bits(hdu.data[name], np.asarray(table[name]))
    missing = set(hdu.columns.names) - set(table.colnames)
    assert missing <= {"CT_FIT_GAINS"}
    for name in missing:
        same_bits(hdu.data[name], np.zeros((1, size)))
    assert hdu.header["CROSSTALK_VERSION"] == 1.2
    assert hdu.header["NAMP"] == size


def defects_agree(table: Table, hdu: fits.BinTableHDU) -> None:
    """Assert that the boxes are those of the text, as integers whatever its data type."""
    assert hdu.columns.names == ["x0", "y0", "width", "height"]
    assert len(hdu.data) == len(table)
    for name in hdu.columns.names:
        values = np.asarray(table[name])
        if len(values):
            assert hdu.data[name].dtype == np.dtype(">i8")
            assert hdu.data[name].tolist() == values.tolist()
            assert hdu.columns[name].unit == (str(table[name].unit) if table[name].unit else None)


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """A YAML loader for the tag that real kernels have."""


_Loader.add_constructor(
    "lsst.daf.base.PropertyList",
    lambda loader, node: {row[0]: row[2] for row in loader.construct_sequence(node, deep=True)},
)


def kernel_agrees(text: Path, hdus: fits.HDUList) -> None:
    """Assert that the detector kernels are those of the text, and that there are no amplifier kernels."""
    tree = yaml.load(text.read_text(), _Loader)
    assert tree["metadata"]["LEVEL"] == "DETECTOR"
    keywords_agree(tree["metadata"], hdus[0].header)
    assert len(hdus[1].data) == 0
    assert hdus[2].data["DETECTOR"].tolist() == list(tree["detKernels"])
    same_bits(hdus[2].data["KERNEL"], np.array(list(tree["detKernels"].values())))
    assert hdus[1].header["bfk_VERSION"] == 1.1
