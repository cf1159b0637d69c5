"""Amplifiers out of use become boxes of the defects of their time, in every way that values are converted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conftest import MakePackage
from curated.check.package import check_package, read_package
from curated.check.rules.bad_amplifiers import make_masks
from curated.convert.origin import find_origin
from curated.convert.package import convert_package
from curated.core.geometry import Box
from curated.package.package import open_package
from curated.types.defects import Defects
from support.packages import ROOT

CAMERA = (ROOT / "tests/data/bad/CAL317-gain/calibs/cam/camera/20240101T000000.yaml").read_text()


def defects(start: str) -> str:
    path = next((ROOT / "tests/data/bad/CAL380-goes-out-of-use/calibs/cam/defects/d00").iterdir())
    return (
        path.read_text()
        .replace("'2024-01-01T00:00:00'", f"'{start}'")
        .replace("'2024-06-01T12:00:00'", f"'{start}'")
    )


def texts(kind: str, *rows: str) -> dict[str, str]:
    head = "metadata: {OBSTYPE: bad_amps, INSTRUME: cam, CALIBDATE: '2024-01-01T00:00:00'}\n"
    files = {f"{day}T000000": f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00" for day in ("20240101", "20240601")}
    return {
        "curated.yaml": "calibs: calibs\n",
        "calibs/cam/camera/20240101T000000.yaml": CAMERA,
        "calibs/cam/bad_amps/20240101T000000.yaml": head
        + "amplifiers:\n"
        + "".join(f"- {{detector: d00, reason: dead, {row}}}\n" for row in rows),
        **{f"calibs/cam/{kind}/d00/{name}.ecsv": defects(start) for name, start in files.items()},
    }


@pytest.mark.parametrize("kind", ["defects", "manual_defects"])
def test_boxes_of_each_epoch(make_package: MakePackage, tmp_path: Path, kind: str) -> None:
    made = make_package(texts(kind, "amplifier: C01", "amplifier: C00, from: '2024-06-01'"))
    package = open_package(made.path)
    report, converted = convert_package(package, find_origin(package), tmp_path)
    assert [finding for finding in report.diagnostics if finding.is_error] == []
    files = {c.file.start.month: tmp_path / c.path for c in converted if c.file.key.type == kind}
    early, late = (Defects.readFits(files[month]) for month in (1, 6))
    expected = np.zeros((1024, 1024), bool)
    expected[:10, :10] = True
    expected[:, 512:] = True
    np.testing.assert_array_equal(early.mask((1024, 1024)), expected)
    assert late.mask((1024, 1024)).all()
    assert [c.metadata["BADAMPS"] for c in (early, late)] == ["C01", "C00,C01"]
    assert early.metadata["BADAMPSF"].endswith("calibs/cam/bad_amps/20240101T000000.yaml")


@pytest.mark.parametrize(
    ("later", "times"),
    [
        (["amplifier: C01", "amplifier: C00, from: '2024-06-01'"], []),
        (["amplifier: C01, from: '2024-04-01'"], ["2024-03-01", "2024-04-01"]),
        (["amplifier: C00"], ["2024-03-01", "2024-03-01"]),
        ([], ["2024-03-01"]),
    ],
)
def test_an_amplifier_of_two_lists_stays_out_of_use(
    make_package: MakePackage, later: list[str], times: list[str]
) -> None:
    """A new list changes the amplifiers that are in one of the lists only, at its start."""
    files = texts("defects", "amplifier: C01")
    second = texts("defects", *later)["calibs/cam/bad_amps/20240101T000000.yaml"].replace(
        "'2024-01-01T", "'2024-03-01T"
    )
    files["calibs/cam/bad_amps/20240301T000000.yaml"] = (
        second if later else second.replace("amplifiers:", "amplifiers: []")
    )
    package = open_package(make_package(files).path)
    report = check_package(package)
    details = [finding.message for finding in report.diagnostics if finding.code == "CAL380"]
    assert sorted(detail.split(" at ")[1][:10] for detail in details) == times


def test_boxes_that_are_there_are_not_repeated() -> None:
    boxes = {"C00": Box(0, 0, 3, 4), "C01": Box(3, 0, 3, 4)}
    empty = Defects.fromDict({"x0": [3], "y0": [0], "width": [3], "height": [4]})
    masked = empty.with_boxes(boxes, "a.yaml")
    assert masked.x0.tolist() == [3, 0]
    assert masked.with_boxes(boxes, "a.yaml") == masked
    assert len(empty.x0) == 1


def test_manual_defects_have_no_boxes_where_there_are_defects(make_package: MakePackage) -> None:
    files = {**texts("manual_defects", "amplifier: C01"), **texts("defects", "amplifier: C01")}
    package = open_package(make_package(files).path)
    reports = read_package(package, use_cache=False).reports
    masks = make_masks(package.layout.files, reports)
    assert {path.split("/")[2] for path in masks} == {"defects"}
    assert [mask.boxes for mask in masks.values()] == [{"C01": Box(512, 0, 512, 1024)}] * 2


def test_values_depend_on_what_is_out_of_use(make_package: MakePackage) -> None:
    hashes = []
    # The last one is in use again before the file is in force.
    for row in ("amplifier: C00", "amplifier: C01", "amplifier: C01, to: '2024-01-01'"):
        package = open_package(make_package(texts("defects", row), f"package{len(hashes)}").path)
        _, converted = convert_package(package, find_origin(package), None, for_values=True)
        (value,) = {c.content for c in converted if c.file.key.type == "defects"}
        hashes.append(value)
    assert len(set(hashes)) == 3
