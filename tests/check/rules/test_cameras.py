"""The stack's camera file against instrument.yaml: detectors and amplifiers, with both values."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import MakePackage
from curated.check.package import check_package
from curated.package.package import open_package
from support.cameras import camera_texts, detector

CAMERA = [detector(0, "R00_S00"), detector(1, "R00_S01")]


def findings(make_package: MakePackage, declared: list[dict[str, Any]]) -> list[tuple[str, str]]:
    package = make_package({"curated.yaml": "", **camera_texts("Lab", CAMERA, declared)})
    report = check_package(open_package(package.path), use_cache=False)
    return [(finding.code, finding.message) for finding in report.diagnostics]


def test_equal_detectors(make_package: MakePackage) -> None:
    assert findings(make_package, CAMERA) == []


@pytest.mark.parametrize(
    ("declared", "texts"),
    [
        (
            {"label": "R00_S07"},
            ["detector 1 is 'R00_S01' in the camera file, 'R00_S07' in instrument.yaml"],
        ),
        (
            {"width": 47},
            [
                "detector 1: width is 48 in the camera file, 47 in instrument.yaml",
                "detector 1: the amplifiers of the camera file have 1536 pixels, instrument.yaml has 47 x 32",
            ],
        ),
        (
            {"amplifiers": [("C00",), ("C07",)]},
            ["detector 1: amplifiers are C00, C01 in the camera file, C00, C07 in instrument.yaml"],
        ),
    ],
)
def test_values_that_differ(make_package: MakePackage, declared: dict[str, Any], texts: list[str]) -> None:
    name = declared.pop("label", "R00_S01")
    result = findings(make_package, [CAMERA[0], detector(1, name, **declared)])
    assert [code for code, _ in result] == ["CAL361"] * len(texts)
    assert all(any(text in message for _, message in result) for text in texts), result


def test_detectors_that_only_one_has(make_package: MakePackage) -> None:
    result = findings(make_package, [CAMERA[0], detector(5, "R00_S05")])
    assert [code for code, _ in result] == ["CAL362", "CAL362"]
    messages = " ".join(message for _, message in result)
    assert "instrument.yaml, but not the camera file, has detector 5 R00_S05" in messages
    assert "the camera file, but not instrument.yaml, has detector 1 R00_S01" in messages


def test_another_instrument(make_package: MakePackage) -> None:
    declared = [detector(n, f"RXX_S{n:02d}") for n in range(2)]
    assert [code for code, _ in findings(make_package, declared)] == ["CAL361", "CAL361"]
