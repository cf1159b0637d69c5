"""Copies that become one file: which they are, what the file says, and that nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import MakePackage
from curated.check.package import check_package, read_package
from curated.core.diagnostic import CuratedError
from curated.core.storage.file_set import write_file_set
from curated.editing.sharing import SharePlan, plan_share, shareable
from curated.package.package import Package, open_package
from support.packages import defects_text, read_tree
from support.sharing import TOP, copies, copy_text, curve_text

NAME = "20200101T000000.ecsv"


def plan(package: Package, **options: Any) -> SharePlan:
    reading = read_package(package, use_cache=False)
    return plan_share(package, reading, shareable(package, package.layout.files), **options)


def write(root: Path, result: SharePlan) -> None:
    write_file_set(root, result.contents, before=result.before, removed=result.removed)


def keywords(root: Path, path: str) -> list[str]:
    return [line[2:] for line in (root / path).read_text().splitlines() if line.startswith("# - {")]


def test_copies_become_one_file(make_package: MakePackage) -> None:
    root = make_package(copies()).path
    before = {f.path: f for f in open_package(root).layout.files}
    result = plan(open_package(root))
    (merge,) = result.merges
    assert (merge.path, merge.is_all, merge.detectors) == (
        f"{TOP}/shared/{NAME}",
        True,
        ("d00", "d01", "d02"),
    )
    assert merge.dropped == {"DETECTOR": 3, "DET_NAME": 3}
    assert (result.separate, result.failed) == ((), False)
    write(root, result)
    now = open_package(root)
    assert [(f.path, f.key, f.start, f.shared) for f in now.layout.files] == [
        (f.path, f.key, f.start, merge.path) for f in before.values()
    ]
    assert not check_package(now, use_cache=False).diagnostics
    assert [path for path in read_tree(root) if path.startswith(TOP)] == [merge.path]
    assert not (root / TOP / "d00").exists()
    assert keywords(root, merge.path)[4:] == [
        '- {"OBSTYPE": "defects"}',
        '- {"INSTRUME": "Lab"}',
        '- {"CALIBDATE": "2020-01-01T00:00:00"}',
        "- {DETECTORS: all}",
        '- {"CALIB_ID": "instrument=Lab calibDate=2020-01-01"}',
    ]
    assert not plan(now).merges


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (copy_text("d02", x0=5), "other values of pixels"),
        (copy_text("d02", {"SOURCE": "x"}), "SOURCE 'x' which is not there"),
        (copy_text("d02", {"VALIDEND": "2030-01-01"}), "VALIDEND 2030-01-01T00:00:00 which is not there"),
        (copy_text("d02").replace("\n1 2", "\n# hot\n1 2"), "other comments"),
        (copy_text("d02").replace("x0 y0 width height\n1", "1"), "it has an error: CAL"),
        (copy_text("d02", {"INSTRUME": "LAB"}), ""),
        (copy_text("d02", {"VALIDSTART": "2020-01-01"}), ""),
        (copy_text("d02", {"CALIBDATE": "2020-01-01"}), ""),
        (copy_text("d02").replace("\n", "\r\n"), ""),
    ],
)
def test_what_keeps_a_file_apart(make_package: MakePackage, text: str, reason: str) -> None:
    result = plan(open_package(make_package(copies(d02=text)).path))
    (merge,) = result.merges
    assert merge.detectors == (("d00", "d01") if reason else ("d00", "d01", "d02"))
    assert [(s.path, s.reason[: len(reason)]) for s in result.separate] == (
        [(f"{TOP}/d02/{NAME}", reason)] if reason else []
    )
    assert not result.failed


def test_keywords_that_may_differ(make_package: MakePackage) -> None:
    texts = {d: copy_text(d, {"SOURCE": f"made of {d}", "DATE": "2020-01-02"}) for d in ("d00", "d01")}
    texts["d02"] = copy_text("d02", {"DATE": "2020-01-02"}).replace("\n1 2", "\n# hot\n1 2")
    root = make_package(copies(**texts)).path
    assert not plan(open_package(root)).merges
    result = plan(open_package(root), dropped=["SOURCE", "DATE", "comments"])
    (merge,) = result.merges
    assert merge.dropped == {"DETECTOR": 3, "DET_NAME": 3, "SOURCE": 2, "comments": 1}
    write(root, result)
    assert '- {"DATE": "2020-01-02"}' in keywords(root, merge.path)
    assert "SOURCE" not in (root / merge.path).read_text()
    with pytest.raises(CuratedError, match="VALIDEND decides"):
        plan(open_package(root), dropped=["VALIDEND"])


def test_groups_of_one_start_have_directories_of_their_own(make_package: MakePackage) -> None:
    files = copies()
    instrument = files["calibs/lab/instrument.yaml"].replace(
        "filters:", "- {id: 3, name: d03}\n- {id: 4, name: d04}\nfilters:"
    )
    for detector, number in (("d03", 3), ("d04", 4)):
        files[f"{TOP}/{detector}/2020-01-01.ecsv"] = defects_text(detector=number, x0=9)
    root = make_package({**files, "calibs/lab/instrument.yaml": instrument}).path
    result = plan(open_package(root))
    assert [(m.path, len(m.members), m.is_all) for m in result.merges] == [
        (f"{TOP}/shared/{NAME}", 3, False),
        (f"{TOP}/shared-d03/2020-01-01.ecsv", 2, False),
    ]
    write(root, result)
    assert "- {DETECTORS: [d00, D01, d02]}" in keywords(root, result.merges[0].path)
    assert not check_package(open_package(root), use_cache=False).failed
    named = plan(open_package(root), name="e2v")
    assert not named.merges


def test_a_shared_file_takes_up_others(make_package: MakePackage) -> None:
    files = copies()
    del files[f"{TOP}/d00/{NAME}"], files[f"{TOP}/d01/{NAME}"]
    text = copy_text("d00").replace('{"DETECTOR": 0}', "{DETECTORS: [d00, d01]}")
    shared = text.replace('# - {"DET_NAME": "d00"}\n', "").replace("detectorName=d00 detector=0 ", "")
    path = f"{TOP}/shared-e2v/{NAME}"
    root = make_package({**files, path: shared}).path
    result = plan(open_package(root), names_all=False)
    (merge,) = result.merges
    assert (merge.path, merge.members) == (path, (path, f"{TOP}/d02/{NAME}"))
    write(root, result)
    assert "- {DETECTORS: [d00, D01, d02]}" in keywords(root, path)
    assert len(open_package(root).layout.files) == 3


def test_detectors_and_filters(make_package: MakePackage) -> None:
    place = "calibs/lab/transmission_filter_detector"
    files = {p: t for p, t in copies().items() if not p.startswith(TOP)}
    for detector in ("d00", "d01", "d02"):
        for name, directory in (("r", "r"), ("Clear glass", "clear_glass")):
            value = 70 if (detector, name) == ("d02", "r") else 80
            files[f"{place}/{detector}/{directory}/{NAME}"] = curve_text(detector, name, value)
    package = open_package(make_package(files).path)
    both = plan(package)
    assert [(m.path, m.detectors, m.filters) for m in both.merges] == [
        (f"{place}/shared/shared/{NAME}", ("d00", "d01"), ("clear_glass", "r"))
    ]
    assert [s.reason for s in both.separate] == ["copies for other filters", "other values of throughputs"]
    over_detectors = plan(package, levels=["detectors"])
    assert [(m.path, m.detectors, m.filters) for m in over_detectors.merges] == [
        (f"{place}/shared/clear_glass/{NAME}", ("d00", "d01", "d02"), ("clear_glass",)),
        (f"{place}/shared/r/{NAME}", ("d00", "d01"), ("r",)),
    ]
    over_filters = plan(package, levels=["filters"])
    assert [m.path for m in over_filters.merges] == [
        f"{place}/d00/shared/{NAME}",
        f"{place}/d01/shared/{NAME}",
    ]
    write(package.root, both)
    again = open_package(package.root)
    assert not check_package(again, use_cache=False).failed
    assert len(again.layout.files) == 6
    assert "FILTERS: all" in (package.root / both.merges[0].path).read_text()


def test_packages_without_shared_files(make_package: MakePackage) -> None:
    files = copies()
    bare = {
        p.removeprefix("calibs/"): t
        for p, t in files.items()
        if p != "curated.yaml" and "instrument" not in p
    }
    with pytest.raises(CuratedError, match=r"no curated\.yaml"):
        plan(open_package(make_package(bare, "bare").path))
    del files["calibs/lab/instrument.yaml"]
    result = plan(open_package(make_package(files, "undeclared").path))
    assert not result.merges
    assert {s.reason[:25] for s in result.separate} == {"lab has no instrument.yam"}
