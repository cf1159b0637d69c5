"""The export file and the UUIDs are what real Butler makes of them."""

from __future__ import annotations

import io
import json
import uuid

import pytest
import yaml

from curated.bundle.export_file import time_tag, write_export, write_seed
from curated.datasets.record import data_id_of, dataset_uuid
from support.programs import run_python
from support.repositories import BundleMaker, make_bundle, run_stock_butler, run_without_curated

butler = pytest.importorskip("lsst.daf.butler")


@pytest.mark.parametrize(
    ("name", "dimensions", "data_id"),
    [
        ("defects", ["instrument", "detector"], {"instrument": "Lab", "detector": 12}),
        (
            "transmission_filter",
            ["instrument", "physical_filter"],
            {"instrument": "Lab", "physical_filter": "g 6"},
        ),
        (
            "flat",
            ["instrument", "detector", "physical_filter"],
            {"instrument": "Lab", "detector": 0, "physical_filter": "Hβ~é"},
        ),
        ("camera_geometry", ["instrument"], {"instrument": "Lab"}),
    ],
)
def test_uuid_is_the_one_that_butler_makes(name: str, dimensions: list[str], data_id: dict) -> None:
    from lsst.daf.butler import (
        DataCoordinate,
        DatasetIdFactory,
        DatasetIdGenEnum,
        DatasetType,
        DimensionUniverse,
    )

    universe = DimensionUniverse()
    dataset_type = DatasetType(name, dimensions, "Defects", universe=universe, isCalibration=True)
    coordinate = DataCoordinate.standardize(data_id, dimensions=dataset_type.dimensions)
    run = "Lab/calib/v1/curated/20200101T000000Z"
    dataset_id = DatasetIdFactory().makeDatasetId(
        run, dataset_type, coordinate, DatasetIdGenEnum.DATAID_TYPE_RUN
    )
    assert dataset_uuid(name, run, data_id_of(data_id)) == str(dataset_id)


@pytest.mark.parametrize(
    "nanoseconds", [1, 8000082000, 1435665635000000001, 1577836836999999999, 4102444799999999999]
)
def test_times_reach_butler_exact_to_the_nanosecond(nanoseconds: int) -> None:
    from lsst.daf.butler import Timespan

    text = f"!lsst.daf.butler.Timespan {{begin: {time_tag(nanoseconds)}, end: {time_tag(None)}}}"
    loaded = yaml.safe_load(text)
    assert isinstance(loaded, Timespan)
    assert loaded.nsec[0] == nanoseconds


def test_names_of_any_kind_survive() -> None:
    names = [
        "on",
        "null",
        "1e3",
        "0x10",
        "a: b",
        "#1",
        "é\u2028",
        "Hβ 'x' \"y\"",
        "{z}",
        "~",
        "y",
        "-",
        "\x85",
        "u.g",
    ]
    maker = BundleMaker(filters=tuple(names))
    for name in names:
        maker.add("transmission_filter", "2020-01-01T00:00:00", physical_filter=name)
    stream = io.StringIO()
    write_export(maker.manifest(), stream)
    data = yaml.safe_load(stream.getvalue())["data"]
    records = next(d["records"] for d in data if d.get("element") == "physical_filter")
    assert [r["name"] for r in records] == names
    assert [r["band"] for r in records] == [name[0] for name in names]
    filters = [
        r["data_id"][0]["physical_filter"] for d in data if d["type"] == "dataset" for r in d["records"]
    ]
    assert filters == names


def test_each_range_has_one_entry_for_all_dataset_types() -> None:
    maker = BundleMaker()
    for type_ in ("defects", "bfk"):
        for detector in range(3):
            maker.add(type_, "2020-01-01T00:00:00", detector=detector)
    stream = io.StringIO()
    write_export(maker.manifest(), stream)
    (association,) = [d for d in yaml.safe_load(stream.getvalue())["data"] if d["type"] == "associations"]
    (entry,) = association["validity_ranges"]
    assert entry["dataset_ids"] == [uuid.UUID(d["uuid"]) for d in maker.datasets]


def test_there_is_no_chain_and_no_formatter(tmp_path) -> None:
    data = yaml.safe_load((make_bundle(tmp_path) / "export.yaml").read_text())["data"]
    assert {d["collection_type"] for d in data if d["type"] == "collection"} == {"RUN", "CALIBRATION"}
    assert not any("formatter" in r for d in data if d["type"] == "dataset" for r in d["records"])


def test_writing_needs_neither_lsst_nor_astropy() -> None:
    code = (
        "import sys, curated.bundle.export_file\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('lsst', 'astropy')])"
    )
    assert run_python(code).stdout.strip() == "[]"


LOOK_UP = """
import json, sys
from astropy.time import Time
from lsst.daf.butler import Butler, Timespan
assert "curated" not in sys.modules
butler = Butler.from_config(sys.argv[1])
def find(time):
    span = Timespan.fromInstant(Time(time, scale="utc"))
    ref = butler.find_dataset("defects", instrument="Lab", detector=1, timespan=span, collections="Lab/calib/v1")
    with butler.getURI(ref).as_local() as local:
        return [str(ref.id), open(local.ospath, "rb").read(6).decode()]
print(json.dumps([find("2019-12-31T23:59:59.9"), find("2020-01-01T00:00:00")]))
"""


@pytest.mark.parametrize("transfer", ["copy", "hardlink", "direct"])
def test_stock_butler_imports_the_bundle_without_curated(tmp_path, transfer: str) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    repo = str(tmp_path / "repo")
    for arguments in (
        ["create", repo, "--seed-config", str(bundle / "butler-seed.yaml")],
        ["import", repo, str(bundle), "--export-file", "export.yaml", "-t", transfer],
    ):
        done = run_stock_butler(*arguments)
        assert done.returncode == 0, done.stderr
    query = run_stock_butler("query-datasets", repo, "defects")
    assert query.stdout.count("Lab/calib/v1/curated/") == 4
    results = json.loads(run_without_curated(LOOK_UP, repo).stdout)
    datasets = json.loads((bundle / "manifest.json").read_text())["datasets"]
    expected = [d["uuid"] for d in datasets if d["data_id"].get("detector") == 1]
    assert results == [[dataset_id, "SIMPLE"] for dataset_id in expected]


def test_curated_is_really_absent_in_those_processes() -> None:
    done = run_without_curated("import curated")
    assert "No module named 'curated'" in done.stderr


def test_the_seed_names_every_dataset_type_once() -> None:
    stream = io.StringIO()
    write_seed(["defects", "bias", "defects"], stream)
    assert list(yaml.safe_load(stream.getvalue())["datastore"]["formatters"]) == ["bias", "defects"]


def test_the_stock_formatter_still_takes_fits_files() -> None:
    from lsst.daf.butler import Location
    from lsst.utils import doImportType

    from curated.bundle.export_file import STOCK_FORMATTER

    doImportType(STOCK_FORMATTER).validate_extension(Location("file:///tmp/", "a.fits"))
