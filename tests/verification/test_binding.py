"""What a record is bound to: the values of a calibration, not its layout, range and place; the rows of its tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from curated.types.bias import Bias
from curated.types.defects import Defects
from curated.verification.binding import digest_of_tests, product_digest, void_reasons
from verification.test_record_file import MEAN, NOISE, RECORD

BOXES = {"x0": [1, 5], "y0": [0, 2], "width": [2, 1], "height": [3, 1]}
METADATA = {"INSTRUME": "Demo", "DETECTOR": 0, "OBSTYPE": "defects", "CALIBDATE": "2024-01-01T00:00:00"}


def defects(metadata: dict[str, object] | None = None, **values: object) -> Defects:
    return Defects.fromDict({"metadata": {**METADATA, **(metadata or {})}, **BOXES, **values})


@pytest.mark.parametrize(
    "metadata",
    [
        {"CALIBDATE": "2025-01-01T00:00:00"},
        {"VALIDEND": "2026-01-01T00:00:00"},
        {"DEPRECATED": "damaged"},
        {"CALIB_CREATION_DATE": "2020-01-01"},
    ],
)
def test_dates_and_marks_do_not_count(metadata: dict[str, object]) -> None:
    assert product_digest(defects(metadata)) == product_digest(defects())


@pytest.mark.parametrize("metadata", [{"DETECTOR": 1}, {"LSST CALIB DEFECTS C00 N_HOT": 3}])
def test_other_keywords_count(metadata: dict[str, object]) -> None:
    assert product_digest(defects(metadata)) != product_digest(defects())


def test_values_count() -> None:
    assert product_digest(defects(x0=[1, 6])) != product_digest(defects())


def test_an_image_counts_by_its_pixels() -> None:
    pixels = np.arange(12, dtype="f4").reshape(3, 4)
    first = Bias.from_pixels(pixels, metadata={"INSTRUME": "Demo"}, unit="adu")
    same = Bias.from_pixels(
        pixels.astype(">f4"), metadata={"INSTRUME": "Demo", "CALIBDATE": "2024-01-01"}, unit="adu"
    )
    assert product_digest(same) == product_digest(first)
    for other in (
        Bias.from_pixels(pixels + 1, metadata={"INSTRUME": "Demo"}, unit="adu"),
        replace(first, unit="electron"),
    ):
        assert product_digest(other) != product_digest(first)


def test_tests_count_in_any_order_and_without_their_notes() -> None:
    digest = digest_of_tests([NOISE, MEAN])
    assert digest_of_tests([replace(MEAN, note="", source="elsewhere"), NOISE]) == digest
    for other in (replace(MEAN, limits=(4.0,)), replace(MEAN, required=True), replace(MEAN, sigma=1.0)):
        assert digest_of_tests([NOISE, other]) != digest


def test_reasons() -> None:
    assert void_reasons(RECORD, RECORD.product, RECORD.tests_digest) == []
    assert void_reasons(RECORD, "0" * 64, RECORD.tests_digest) == ["the calibration has changed since"]
    assert void_reasons(RECORD, RECORD.product, "0" * 64) == ["the tests in force are others now"]
