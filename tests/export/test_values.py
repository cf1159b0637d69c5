"""Contents of stored files by their values: files as the stack writes them are equal to ours."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from lsst.daf.butler import Butler, CollectionType, DataCoordinate, DatasetRef, DatasetType, FileDataset

from curated.bundle.builder import build_bundle
from curated.bundle.checks.consistency import declared_spec
from curated.bundle.export_file import STOCK_FORMATTER
from curated.bundle.manifest_reader import read_contents
from curated.butler import import_bundle
from curated.butler.certified.lookup import timespan_of
from curated.butler.inventories import read_inventory
from curated.datasets.inventory import compare
from curated.package.package import open_package
from curated.registry import get_type
from support.demo import shown_types
from support.independent_files import write_image_file, write_table_file
from support.packages import make_demo_package
from support.programs import run_curated

_OURS = (
    "REPOSHA1",
    "REPOURL",
    "REPOPATH",
    "BLOBSHA1",
    "FILESHA1",
    "FILEDATE",
    "EDITOR",
    "VALIDSTART",
    "VALIDEND",
)


def as_the_stack_writes(path: Path) -> None:
    """Write a file anew in the layout of lsst.ip.isr.IsrCalib.writeFits, or the table archive of a transmission curve.

    The primary HDU is empty, keywords are in the first table, and the columns have another order here.
    """
    with fits.open(path, memmap=False) as hdus:
        if any(h.is_image and h.data is not None for h in hdus):
            return
        tables = [h for h in hdus[1:] if isinstance(h, fits.BinTableHDU)]
        is_curve = tables[0].name == "ARCHIVE_INDEX"
        written = [fits.PrimaryHDU()]
        for number, table in enumerate(tables[:2] if is_curve else tables):
            if table.name in ("PROVENANCE", "INPUTS"):
                continue
            if is_curve or number or table.name:
                written.append(table)  # with its heap and its own keywords
                continue
            # astropy loses the heap of vectors of several lengths where columns are arranged anew.
            is_plain = len(table.data) and not any("P" in column.format for column in table.columns)
            columns = list(table.columns)[::-1]
            new = fits.BinTableHDU.from_columns(columns) if is_plain else fits.BinTableHDU(table.data)
            new.header.extend(
                [
                    c
                    for c in hdus[0].header.cards
                    if c.keyword not in (*_OURS, "SIMPLE", "BITPIX", "NAXIS", "EXTEND")
                ],
                bottom=True,
            )
            new.header["HIERARCH LSST BUTLER ID"] = "ae0fa83d-cc89-41dd-9680-f97ede49f01e"
            new.header["HIERARCH AFW_TABLE_VERSION"] = 3
            written.append(new)
        fits.HDUList(written).writeto(path.with_suffix(".new"), overwrite=True)
    path.with_suffix(".new").replace(path)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demonstration, its bundle, its repository, and a copy of that with files as the stack writes them."""
    root = tmp_path_factory.mktemp("values")
    package = make_demo_package(root / "package").path
    report, bundle = build_bundle(open_package(package), root / "bundle", label="v1")
    assert bundle is not None, report.diagnostics
    assert import_bundle(root / "bundle", str(root / "repo")).ok
    shutil.copytree(root / "repo", root / "stack")
    for path in (root / "stack").rglob("*.fits"):
        as_the_stack_writes(path)
    return {"package": package, **{name: root / name for name in ("bundle", "repo", "stack")}}


def test_whoever_wrote_the_files(places: dict[str, Path]) -> None:
    done = run_curated("compare", places["repo"], places["stack"])
    assert "calibrations are in force in both" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
    fingerprints = {run_curated("fingerprint", where).stdout.partition(" ")[0] for where in places.values()}
    assert len(fingerprints) == 1
    strict = run_curated("compare", places["repo"], places["stack"], "--bytes")
    assert strict.returncode == 1
    assert "another content" in strict.stdout


def test_a_repository_that_butlers_own_interface_filled(places: dict[str, Path], tmp_path: Path) -> None:
    """Files of every type that astropy alone wrote, ingested and certified with Butler's interface."""
    contents = read_contents(places["bundle"])[0]
    assert contents is not None
    repo = str(tmp_path / "repo")
    Butler.makeRepo(repo)
    with Butler.from_config(repo, writeable=True) as butler:
        for element, records in contents.records.items():
            for record in records:
                butler.registry.syncDimensionData(element, record)
        for kind in contents.kinds:
            butler.registry.registerDatasetType(
                DatasetType(
                    kind.name,
                    kind.dimensions,
                    kind.storage_class,
                    universe=butler.dimensions,
                    isCalibration=True,
                )
            )
        for run in sorted({entry.run for entry in contents.entries}):
            butler.collections.register(run)
        butler.collections.register("Demo/calib", CollectionType.CALIBRATION)
        for number, entry in enumerate(contents.entries):
            spec = declared_spec(entry.dataset_type)
            assert spec is not None
            calib = get_type(spec.name).readFits(contents.root / entry.path)
            path = tmp_path / f"{number}.fits"
            if spec.beside:
                write_image_file(calib, path, ("wide", "tiles")[number % 2])
            else:
                write_table_file(calib, path, Random(number))
            kind = butler.get_dataset_type(entry.dataset_type)
            data_id = DataCoordinate.standardize(dict(entry.data_id), dimensions=kind.dimensions)
            ref = DatasetRef(kind, data_id, run=entry.run)
            butler.ingest(FileDataset(path, [ref], formatter=STOCK_FORMATTER), transfer="copy")
            butler.registry.certify("Demo/calib", [ref], timespan_of(entry.span))
    bundle, repository = (read_inventory(str(where)).inventory for where in (places["bundle"], repo))
    assert [str(difference.key) + str(difference.fields) for difference in compare(bundle, repository)] == []
    assert bundle.fingerprint == repository.fingerprint
    assert len({dataset.dataset_type for dataset in repository.datasets}) == len(shown_types())


def test_what_differs_is_seen(places: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(places["stack"], tmp_path / "repo")
    path = next(
        path for path in sorted((tmp_path / "repo").rglob("*.fits")) if "gain_correction" in str(path).lower()
    )
    with fits.open(path, memmap=False) as hdus:
        data: Any = hdus[1].data
        data["GAIN_ADJUSTMENT"][0] = np.nextafter(data["GAIN_ADJUSTMENT"][0], 9)
        hdus.writeto(path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)
    done = run_curated("compare", places["repo"], tmp_path / "repo")
    assert done.returncode == 1
    assert "1 product differs" in done.stdout
