"""The provenance table of FITS files, in the form of the stack."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.units import UnitsWarning

from curated.calib import CalibrationError
from curated.core.metadata import Metadata
from curated.package.files import walk
from curated.package.layout import discover
from curated.provenance import Provenance, parse
from curated.registry import get_type
from curated.types.defects import Defects
from support.packages import ROOT
from support.records import RECORD, defects_with, through_fits


def test_fits_gives_it_back(tmp_path: Path) -> None:
    calib = defects_with(RECORD, tmp_path)
    again, _ = through_fits(calib, tmp_path)
    assert again.provenance == calib.provenance
    assert again == calib


def test_the_table_has_the_form_of_the_stack(tmp_path: Path, corpus: Path) -> None:
    stack = next((corpus / "stack_written/fits/SynthCam/provenance").rglob("*.fits"))
    inputs = [{"data_id": {"instrument": "SynthCam", "exposure": i, "detector": 94}} for i in (1, 2)]
    headers = through_fits(defects_with({"inputs": inputs}, tmp_path), tmp_path)[1]
    with fits.open(stack) as stack_hdus, fits.open(tmp_path / "a.fits") as hdus:
        table, stack_table = hdus["PROVENANCE"], stack_hdus[1]
        assert [(c.name, c.format, c.dim, c.unit) for c in table.columns] == [
            (c.name, c.format, c.dim, c.unit) for c in stack_table.columns
        ]
        assert table.data.tolist() == stack_table.data.tolist()
        required = {"OBSTYPE", "IsrProvenance_SCHEMA", "IsrProvenance_VERSION", "CALIBCLS"}
        assert {k: table.header[k] for k in required} == {k: stack_table.header[k] for k in required}
        # In the stack CALIBDATE becomes the time of writing.
        assert (table.header["calibType"], table.header["CALIBDATE"]) == ("defects", "2020-01-01T00:00:00")
    assert headers[2]["EXTNAME"] == "SEPARATE"


@pytest.mark.parametrize(
    ("keyword", "value"), [("EDITS", "no JSON"), ("EDITS", "[5]"), ("CONSTRUC", '{"colour": 1}')]
)
def test_a_foreign_table_is_an_error_of_ours(tmp_path: Path, keyword: str, value: str) -> None:
    defects_with(RECORD, tmp_path).writeFits(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits") as hdus:
        hdus["PROVENANCE"].header[keyword] = value
        hdus.writeto(tmp_path / "b.fits")
    with pytest.raises(CalibrationError, match="CAL120"):
        Defects.readFits(tmp_path / "b.fits")


# -- readers that go by position ----------------------------------------------------------------------


def stack_tables(path: Path) -> list[Table]:
    """Read as the stack's readers do: from HDU 2 on until one fails, where a warning is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)  # an odd unit in HDU 1 does no harm
        tables = [Table.read(path, hdu=1)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        while True:
            try:
                tables.append(Table.read(path, hdu=len(tables) + 1))
            except Exception:  # noqa: BLE001 (what they do)
                return tables


def test_no_type_takes_the_record_for_a_table_of_its_own(tmp_path: Path) -> None:
    layout = discover(list(walk(str(ROOT), "calibs")), "calibs")
    types = set()
    for file in layout.files:
        cls = get_type(file.key.type)
        if cls.SPEC.beside:
            continue  # images, which nobody reads by position
        if file.key.type in types and file.key.type not in ("crosstalk", "bfk"):
            continue
        types.add(file.key.type)
        calib = cls.readText(ROOT / file.path)
        metadata = {key: value for key, value in calib.metadata.items() if not key.startswith("CPP_INPUT_")}
        bare = replace(calib, metadata=Metadata(metadata), provenance=Provenance())
        bare.writeFits(tmp_path / "bare.fits")
        full = replace(bare, provenance=parse(RECORD)[0])
        full.writeFits(tmp_path / "full.fits")
        with fits.open(tmp_path / "bare.fits") as few, fits.open(tmp_path / "full.fits") as many:
            assert [h.name for h in many] == [*(h.name for h in few), "SEPARATE", "PROVENANCE"]
            for few_tables, many_tables in zip(few[1:], many[1:-2], strict=True):
                assert few_tables.data.tobytes() == many_tables.data.tobytes()  # NaN included
        few_tables, many_tables = (stack_tables(tmp_path / name) for name in ("bare.fits", "full.fits"))
        assert [t.colnames for t in many_tables] == [t.colnames for t in few_tables], file.path
        assert cls.readFits(tmp_path / "full.fits") == full, file.path
    assert len(types) >= 11


def test_thousands_of_input_datasets_are_a_table(tmp_path: Path) -> None:
    """In a keyword they took minutes, and the stack reads no table behind the separator."""
    datasets = [
        {"uuid": str(UUID(int=n)), "type": "flat", "run": f"u/{'long/' * 20}\\x{n} "} for n in range(1, 6000)
    ]
    datasets += [{"uuid": str(UUID(int=7000))}]
    construction = {"quantum": str(UUID(int=3)), "input_datasets": datasets, "task": "cpFlat"}
    calib = defects_with({"construction": construction}, tmp_path)
    start = time.process_time()
    again, _ = through_fits(calib, tmp_path)
    assert time.process_time() - start < 10
    assert again.provenance == calib.provenance
    assert again == calib
    with fits.open(tmp_path / "a.fits") as hdus:
        names = [hdu.name for hdu in hdus]
        assert names[names.index("SEPARATE") :] == ["SEPARATE", "PROVENANCE", "INPUT_DATASETS"]
        assert len(hdus["INPUT_DATASETS"].data) == len(datasets)
        assert (
            hdus["PROVENANCE"].header["CONSTRUC"]
            == '{"task": "cpFlat", "quantum": "' + construction["quantum"] + '"}'
        )
