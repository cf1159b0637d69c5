"""Crosstalk matrices: direction, sign, names and order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support.foreign_tables import AMPLIFIERS, Tables, findings

COEFFS = np.array([[0, 1e-4, 0, 3e-5], [2e-4, 0, 0, 0], [0, 1 / 3e4, 0, 0], [0, 0, 5e-5, 0]])
SAID: dict[str, Any] = {"units": {"": "adu"}, "by_order": True}


def text_of(matrix: Any, separator: str = " ") -> str:
    return "".join(separator.join(map(repr, row)) + "\n" for row in matrix.tolist())


def named(matrix: Any, corner: str, order: tuple[int, ...] = (0, 1, 2, 3)) -> str:
    names = [AMPLIFIERS[i] for i in order]
    shuffled = matrix[np.ix_(order, order)]
    rows = (f"{name}," + ",".join(map(repr, row)) for name, row in zip(names, shuffled.tolist(), strict=True))
    return "\n".join([f"{corner},{','.join(names)}", *rows]) + "\n"


@pytest.mark.parametrize("separator", [" ", ",", "\t"])
def test_direction_is_said(tables: Tables, separator: str) -> None:
    text = text_of(COEFFS, separator)
    addition = tables.add(text, "crosstalk", **SAID)
    assert findings(addition) == [("CAL726", 0, "the file does not say whether rows or columns are sources")]
    by_rows: Any = tables.add(text, "crosstalk", source_axis="rows", **SAID).calib
    by_columns: Any = tables.add(text, "crosstalk", source_axis="columns", **SAID).calib
    assert by_rows.coeffs.tolist() == COEFFS.tolist()
    assert by_columns.coeffs.tolist() == COEFFS.T.tolist()
    assert (by_rows.nAmp, by_rows.hasCrosstalk, by_rows.crosstalkRatiosUnits) == (4, True, "adu")


def test_all_that_is_open_is_said(tables: Tables) -> None:
    codes = [code for code, _, _ in findings(tables.add(text_of(COEFFS), "crosstalk"))]
    assert codes == ["CAL723", "CAL725", "CAL726"]


@pytest.mark.parametrize("corner", ["source\\target", "target/source", "from -> to", "victim \\ aggressor"])
def test_names_of_the_corner_say_the_direction(tables: Tables, corner: str) -> None:
    matrix = COEFFS if corner.startswith(("source", "from")) else COEFFS.T
    for order in ((0, 1, 2, 3), (3, 1, 0, 2)):
        calib: Any = tables.add(named(matrix, corner, order), "crosstalk", units={"": "electron"}).calib
        assert calib.coeffs.tolist() == COEFFS.tolist()
        assert calib.crosstalkRatiosUnits == "electron"


def test_names_that_are_not_the_detectors(tables: Tables) -> None:
    text = named(COEFFS, "source\\target").replace("C11", "C12")
    addition = tables.add(text, "crosstalk", units={"": "adu"})
    assert findings(addition) == [("CAL725", 0, "the detector has no amplifier 'C12'")]


def test_sign_and_diagonal(tables: Tables) -> None:
    options = {"source_axis": "rows", **SAID}
    addition = tables.add(text_of(-COEFFS - 1e-6 * (1 - np.eye(4))), "crosstalk", **options)
    assert [code for code, _, _ in findings(addition)] == ["CAL726"]
    negative = text_of(-COEFFS + np.eye(4))
    corrected: Any = tables.add(negative, "crosstalk", sign="correction", **options).calib
    assert corrected.coeffs.tolist() == COEFFS.tolist()
    mixing: Any = tables.add(text_of(COEFFS + np.eye(4)), "crosstalk", **options).calib
    assert mixing.coeffs.tolist() == COEFFS.tolist()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1 2\n3 4\n5 6\n", "CAL726"),
        ("0 1e-4\n1e-4 0\n", "CAL725"),
        (text_of(COEFFS).replace("0.0002", "nan"), "CAL724"),
        (text_of(COEFFS).replace("0.0002", "x"), "CAL726"),
    ],
)
def test_matrices_that_are_none(tables: Tables, text: str, code: str) -> None:
    assert code in [
        finding[0] for finding in findings(tables.add(text, "crosstalk", source_axis="rows", **SAID))
    ]


IRAF = """\
# XTCOEFF: NOAO/IRAF
#
im1
im2 im1 0.000100 (0.000005) (20.0)
im3 im2 2e-4 (0.000005) (40.0)
im4 im3 -3e-5
"""


def test_lists_of_iraf(tables: Tables) -> None:
    expected = np.zeros((4, 4))
    expected[0, 1], expected[1, 2], expected[2, 3] = 1e-4, 2e-4, -3e-5
    addition = tables.add(IRAF, "crosstalk", units={"": "adu"})
    assert findings(addition)[0] == ("CAL725", 3, "the detector has no amplifier 'im1'")
    by_order: Any = tables.add(IRAF, "crosstalk", **SAID).calib
    assert by_order.coeffs.tolist() == expected.tolist()
    text = IRAF
    for i, name in enumerate(AMPLIFIERS, 1):
        text = text.replace(f"im{i}", name)
    by_name: Any = tables.add(text, "crosstalk", units={"": "adu"}).calib
    assert by_name.coeffs.tolist() == expected.tolist()
    twice = tables.add(text + "C01 C00 5e-4\n", "crosstalk", units={"": "adu"})
    assert findings(twice) == [("CAL724", 7, "the coefficient from C00 to C01 is in line 4 already")]


def test_lists_of_pairs_have_an_order_by_number_only(tables: Tables) -> None:
    expected = np.zeros((4, 4))
    expected[0, 1], expected[1, 2], expected[2, 3], expected[0, 3] = 1e-4, 2e-4, 3e-5, 5e-4
    shuffled = "im4 im3 3e-5\nim4 im1 5e-4\nim2 im1 1e-4\nim3 im2 2e-4\n"
    addition = tables.add(shuffled, "crosstalk", **SAID)
    calib: Any = addition.calib
    assert calib.coeffs.tolist() == expected.tolist()
    assert (
        "CAL728",
        0,
        "amplifiers by their order: im1 is C00, im2 is C01, im3 is C10, im4 is C11",
    ) in findings(addition, "info")
    for name, other in (("im1", "lower"), ("im2", "left"), ("im3", "upper"), ("im4", "right")):
        shuffled = shuffled.replace(name, other)
    assert [code for code, _, _ in findings(tables.add(shuffled, "crosstalk", **SAID))] == ["CAL725"]
    header = ",im1,im2,im3,im4\n"
    rows = [f"im{i + 1}," + ",".join(map(str, row)) + "\n" for i, row in enumerate(expected.tolist())]
    named: Any = tables.add(header + "".join(rows), "crosstalk", **SAID, source_axis="rows").calib
    assert named.coeffs.tolist() == expected.tolist()
    permuted = tables.add(header + "".join(reversed(rows)), "crosstalk", **SAID, source_axis="rows")
    assert [code for code, _, _ in findings(permuted)] == ["CAL725"]


@pytest.mark.parametrize(
    ("header", "is_transposed", "code"),
    [
        ("target,source,coeff\n", False, ""),
        ("source,target,coeff,sigma\n", True, ""),
        ("from;to;value\n", True, ""),
        ("a,b,coeff\n", False, "CAL726"),
        ("", False, "CAL726"),
    ],
)
def test_pairs_with_commas_need_names(tables: Tables, header: str, is_transposed: bool, code: str) -> None:
    addition = tables.add(f"{header}C00,C01,1e-4\nC10,C11,2e-4\n", "crosstalk", units={"": "ADU"})
    calib: Any = addition.calib
    assert [found_code for found_code, _, _ in findings(addition)] == ([code] if code else [])
    if not code:
        coeffs = calib.coeffs.T if is_transposed else calib.coeffs
        assert (coeffs[1, 0], coeffs[3, 2]) == (1e-4, 2e-4)


def test_few_negative_coefficients_may_be_a_correction(tables: Tables) -> None:
    addition = tables.add("C00 C01 -1e-4\nC10 C11 -2e-4\n", "crosstalk", units={"": "adu"})
    assert [code for code, _, _ in findings(addition)] == ["CAL726"]
