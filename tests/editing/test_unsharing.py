"""Detectors and filters of a shared file that get files of their own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError
from curated.core.keys import stored
from curated.core.storage.file_set import write_file_set
from curated.editing.unsharing import UnsharePlan, plan_unshare
from curated.package.package import open_package
from support.packages import defects_text, read_tree
from support.sharing import INSTRUMENT, NUMBERS, TOP, curve_text

SHARED = f"{TOP}/shared/20200101T000000.ecsv"
SETTINGS = {"curated.yaml": "calibs: calibs\n", "calibs/lab/instrument.yaml": INSTRUMENT}
TEXT = defects_text({"DETECTORS": "all"}).replace('# - {"DETECTOR": 0}\n', "")


def unshare(
    root: Path, detectors: tuple[str, ...] = (), filters: tuple[str, ...] = (), start: datetime | None = None
) -> UnsharePlan:
    package = open_package(root)
    (source,) = [f for f in stored(package.layout.files) if "/shared" in f.path]
    plan = plan_unshare(package, source, detectors, filters, start)
    assert not plan.failed
    write_file_set(root, plan.contents, before=plan.before, removed=plan.removed)
    assert not check_package(open_package(root), use_cache=False).failed
    return plan


def test_one_detector(make_package: MakePackage) -> None:
    root = make_package({**SETTINGS, SHARED: TEXT}).path
    plan = unshare(root, ("D01",))
    assert (plan.paths, plan.remaining) == ({"d01": f"{TOP}/d01/20200101T000000.ecsv"}, ("d00", "d02"))
    text = (root / plan.paths["d01"]).read_text()
    assert "DETECTORS" not in text
    for line in ("# - {DETECTOR: 7}", "# - {DET_NAME: D01}", "# - {DET_SER: A7}"):
        assert line in text
    assert "# - {DETECTORS: [d00, d02]}" in (root / SHARED).read_text()
    files = open_package(root).layout.files
    assert {f.key.detector: bool(f.shared) for f in files} == {"d00": True, "d01": False, "d02": True}


def test_all_detectors(make_package: MakePackage) -> None:
    root = make_package({**SETTINGS, SHARED: TEXT}).path
    plan = unshare(root)
    assert plan.remaining == ()
    assert sorted(p for p in read_tree(root) if p.startswith(TOP)) == sorted(plan.paths.values())
    assert set(plan.paths) == set(NUMBERS)


def test_from_a_date_on(make_package: MakePackage) -> None:
    identity = {"CALIB_ID": "instrument=Lab calibDate=2020-01-01"}
    text = TEXT.replace('# - {"CALIBDATE', f'# - {{"CALIB_ID": "{identity["CALIB_ID"]}"}}\n# - {{"CALIBDATE')
    root = make_package({**SETTINGS, SHARED: text}).path
    plan = unshare(root, ("d02",), start=datetime(2024, 3, 1))
    assert (root / SHARED).read_text() == text
    path = f"{TOP}/d02/20240301T000000.ecsv"
    assert (plan.paths, plan.remaining) == ({"d02": path}, ("d00", "d01", "d02"))
    assert '"instrument=Lab calibDate=2024-03-01' in (root / path).read_text()
    files = [(f.key.detector, f.start.year) for f in open_package(root).layout.files]
    assert files == [("d00", 2020), ("d01", 2020), ("d02", 2020), ("d02", 2024)]
    for year in (2019, 2020, 2024):
        with pytest.raises(CuratedError, match="is not within that"):
            unshare(root, ("d02",), start=datetime(year, 3 if year == 2024 else 1, 1))


def test_filters(make_package: MakePackage) -> None:
    place = "calibs/lab/transmission_filter_detector"
    text = curve_text("d00", "x").replace("DETECTOR: 0", "DETECTORS: [d00, D01]")
    path = f"{place}/shared/shared/20200101T000000.ecsv"
    root = make_package({**SETTINGS, path: text.replace("FILTER: x", "FILTERS: all")}).path
    plan = unshare(root, filters=("clear glass",))
    assert plan.paths == {"clear_glass": f"{place}/shared/clear_glass/20200101T000000.ecsv"}
    assert "FILTER: Clear glass" in (root / plan.paths["clear_glass"]).read_text()
    assert "FILTERS: [r]" in (root / path).read_text()
    assert len(open_package(root).layout.files) == 4


def test_what_is_refused(make_package: MakePackage) -> None:
    own = f"{TOP}/d02/20230101T000000.ecsv"
    text = TEXT.replace('"all"', '["d00", "d01"]')
    root = make_package(
        {**SETTINGS, SHARED: text, own: defects_text(detector=2, date="2023-01-01T00:00:00")}
    ).path
    for detectors, filters, message in (
        (("d02",), (), "is not for the detector 'd02'"),
        (("d0l",), (), "is not for the detector 'd0l'"),
        ((), ("r",), "is not shared by filters"),
        (("d00",), ("r",), "at once"),
    ):
        with pytest.raises(CuratedError, match=message):
            unshare(root, detectors, filters)
    package = open_package(root)
    (file,) = [f for f in package.layout.files if f.path == own]
    with pytest.raises(CuratedError, match="is not shared"):
        plan_unshare(package, file)
