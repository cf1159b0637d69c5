"""The data IDs, UUIDs and runs of the calibrations of a package."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from astropy.io import fits

from conftest import GitPackage, MakePackage
from curated.bundle.identity import package_datasets, validity_times
from curated.check.instruments import complete_instruments
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError
from curated.datasets.deprecation import Deprecation
from curated.datasets.spans import LAST_NS
from curated.package.package import open_package
from curated.registry import own_types
from support.bundles import label_of, package_of, read_manifest
from support.demo import shown_types
from support.packages import DEMO_FILES, defects_path, defects_text
from support.repositories import tai_ns

DETECTORS = {"d00": 0, "d01": 1, "d02": 2, "d03": 3, "g00": 4}
NAMESPACE = UUID("840b31d9-05cd-5161-b2c8-00d32b280d0f")


def test_identity(demo: GitPackage, manifest: dict[str, Any]) -> None:
    (instrument,) = manifest["instruments"]
    assert instrument["name"] == "Demo"
    assert [d["full_name"] for d in instrument["detectors"]] == ["d00", "d01", "d02", "d03", "g00"]
    assert [f["name"] for f in instrument["filters"]] == ["g", "i", "r"]
    label = manifest["repository"]["label"]
    assert instrument["collections"] == {"calibration": f"Demo/calib/{label}", "chain": "Demo/calib"}
    types = own_types()
    assert {t["name"] for t in manifest["dataset_types"]} == {
        cls.SPEC.dataset for cls in shown_types().values()
    }
    assert all(t["is_calibration"] for t in manifest["dataset_types"])
    for dataset in manifest["datasets"]:
        _, _, folder, *levels, _ = dataset["source"]["path"].split("/")
        spec = types[folder].SPEC
        data_id = {"instrument": "Demo"}
        if spec.has_detector:
            data_id["detector"] = DETECTORS[levels.pop(0)]
        if spec.has_filter:
            data_id["physical_filter"] = levels.pop(0)
        assert dataset["data_id"] == data_id
        assert dataset["dataset_type"] == spec.dataset
        assert dataset["collection"] == f"Demo/calib/{label}"
        parts = [("dataset_type", spec.dataset), ("run", dataset["run"]), *sorted(data_id.items())]
        name = ",".join(f"{key}={value}" for key, value in parts)
        assert dataset["uuid"] == str(uuid5(NAMESPACE, name))
    assert len({d["uuid"] for d in manifest["datasets"]}) == DEMO_FILES


def test_runs_are_named_by_calibdate(bundle: Path, manifest: dict[str, Any]) -> None:
    collection = manifest["instruments"][0]["collections"]["calibration"]
    for dataset in manifest["datasets"]:
        date = fits.getval(bundle / dataset["path"], "CALIBDATE").replace("-", "").replace(":", "")
        camera = dataset["dataset_type"] == "camera_geometry"
        assert dataset["run"] == (f"{collection}/unbounded" if camera else f"{collection}/curated/{date}Z")
    assert sum(d["dataset_type"] == "camera_geometry" for d in manifest["datasets"]) == 1


def test_epochs_that_share_their_calibdate_get_runs_of_their_own(
    make_package: MakePackage, tmp_path: Path
) -> None:
    config = "silence:\n- {code: CAL112, path: '*', reason: copied headers, until: '2999-01-01'}\n"
    starts = ["20200101T000000", "20210101T000000", "20220101T000000"]
    package = make_package(
        package_of(*((defects_path(0, start), defects_text()) for start in starts), config=config)
    )
    label_of(package, tmp_path / "out", label="v1")
    datasets = read_manifest(tmp_path / "out")["datasets"]
    run = "Lab/calib/v1/curated/20200101T000000Z"
    assert [d["run"] for d in datasets] == [run, f"{run}/20210101T000000Z", f"{run}/20220101T000000Z"]
    assert len({d["uuid"] for d in datasets}) == 3


def test_silencing_does_not_lead_to_a_bug(make_package: MakePackage, tmp_path: Path) -> None:
    config = "silence:\n- {code: CAL113, path: '*', reason: x, until: '2999-01-01'}\n"
    for key in ("CALIBDATE", "DETECTOR"):
        text = "".join(line for line in defects_text().splitlines(keepends=True) if key not in line)
        package = make_package(package_of((defects_path(0), text), config=config), key)
        with pytest.raises(CuratedError, match="cannot be bundled"):
            label_of(package, tmp_path / "out")


def test_a_deprecated_calibration_has_a_dataset_and_its_run(make_package: MakePackage) -> None:
    """Runs are named as if it were in use, so that they are the same before and after."""
    mark = Deprecation("shutter open", "Ada", "2024-05-06", "previous")
    old, deprecated = defects_path(0), defects_path(0, "20220101T000000")
    files = package_of(
        (old, defects_text()), (deprecated, defects_text(mark.keywords(), date="2022-01-01T00:00:00"))
    )
    package = open_package(make_package(files).path)
    report = check_package(package, use_cache=False, jobs=1)
    instruments = complete_instruments(package, report.reports, report.declared)
    times = validity_times(report)
    assert times == {datetime(y, 1, 1): tai_ns(f"{y}-01-01T00:00:00") for y in (2020, 2022)}
    datasets = package_datasets(report, instruments, "v7", times)
    runs = {path: dataset.run for path, dataset in datasets.items()}
    assert runs == {
        old: "Lab/calib/v7/curated/20200101T000000Z",
        deprecated: "Lab/calib/v7/curated/20220101T000000Z",
    }
    assert datasets[old].span == (tai_ns("2020-01-01T00:00:00"), LAST_NS)
    assert {dataset.collection for dataset in datasets.values()} == {"Lab/calib/v7"}
