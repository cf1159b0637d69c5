"""Tests of the bounds that types declare and instruments override."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.check.instruments import complete_instruments
from curated.check.package import check_package
from curated.package.instrument import parse_instrument
from curated.package.package import open_package

CROSSTALK = """\
hasCrosstalk: true
nAmp: 2
coeffs: [0.0, {value}, 0.001, 0.0]
coeffValid: [true, {valid}, true, true]
metadata:
  OBSTYPE: CROSSTALK
  CROSSTALK_SCHEMA: Gen3 Crosstalk
  CROSSTALK_VERSION: 1.2
  INSTRUME: cam
  DETECTOR: 0
  DET_NAME: d00
  CALIBDATE: '2024-01-01T00:00:00'
"""

INSTRUMENT = "name: cam\ndetectors:\n- {id: 0, name: d00}\n"


def crosstalk_codes(root: Path, value: str, valid: str = "true", bounds: str = "") -> list[str]:
    """Return the codes of the findings in a package with one crosstalk matrix."""
    directory = root / "calibs" / "cam" / "crosstalk" / "d00"
    directory.mkdir(parents=True)
    (root / "curated.yaml").write_text("schema: 1\n")
    (root / "calibs" / "cam" / "instrument.yaml").write_text(INSTRUMENT + bounds)
    (directory / "20240101T000000.yaml").write_text(CROSSTALK.format(value=value, valid=valid))
    return [
        d.code
        for d in check_package(open_package(root)).diagnostics
        if d.code in ("CAL002", "CAL329", "CAL364")
    ]


@pytest.mark.parametrize(
    ("value", "valid", "codes"),
    [
        ("0.01", "true", []),
        ("0.0101", "true", ["CAL364"]),
        ("-0.65", "true", ["CAL364"]),
        ("0.65", "false", ["CAL329"]),
        ("0.05", "false", []),
    ],
)
def test_valid_coefficients_have_a_limit(tmp_path: Path, value: str, valid: str, codes: list[str]) -> None:
    assert crosstalk_codes(tmp_path, value, valid) == codes


@pytest.mark.parametrize(("limit", "codes"), [("0.02", ["CAL364"]), ("0.03", []), ("0.5", [])])
def test_an_instrument_moves_the_limit(tmp_path: Path, limit: str, codes: list[str]) -> None:
    bounds = f"bounds:\n- {{type: crosstalk, quantity: coeffs, maximum: {limit}, reason: long flat cables}}\n"
    assert crosstalk_codes(tmp_path, "0.03", bounds=bounds) == codes


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        ({"type": "crosstalk", "quantity": "coeffs", "maximum": 1.0}, "reason"),
        ({"type": "crosstalk", "quantity": "coeff", "maximum": 1.0, "reason": "x"}, "did you mean coeffs?"),
        ({"type": "bias", "quantity": "coeffs", "maximum": 1.0, "reason": "x"}, "these are: none"),
        ({"type": "crosstalk", "quantity": "gain", "maximum": 1.0, "reason": "x"}, "these are: coeffs"),
        (
            {"type": "crostalk", "quantity": "coeffs", "maximum": 1.0, "reason": "x"},
            "did you mean crosstalk?",
        ),
        ({"type": "what", "quantity": "coeffs", "maximum": 1.0, "reason": "x"}, "not a calibration type"),
        ({"type": "ptc", "quantity": "gain", "maximum": 0.005, "reason": "x"}, "minimum of the type, 0.01"),
        ({"type": "ptc", "quantity": "gain", "minimum": 40.0, "reason": "x"}, "maximum of the type, 30"),
        ({"type": "crosstalk", "quantity": "coeffs", "reason": "x"}, "neither minimum nor maximum"),
        (
            {"type": "crosstalk", "quantity": "coeffs", "minimum": 2.0, "maximum": 1.0, "reason": "x"},
            "above the maximum",
        ),
        ({"type": "crosstalk", "quantity": "coeffs", "maximum": "1", "reason": "x"}, "maximum"),
    ],
)
def test_wrong_bounds_are_reported(entry: dict[str, object], detail: str) -> None:
    instrument, problems = parse_instrument({"name": "cam", "bounds": [entry]}, "cam")
    assert not instrument.bounds
    assert [problem.code for problem in problems] == ["CAL002"]
    assert detail in problems[0].detail


# -- curated.yaml -----------------------------------------------------------------------------------------

OVERRIDE = "calibs: calibs\ninstruments:\n  cam:\n    bounds:\n    - {{type: crosstalk, quantity: {0}, maximum: 0.7, reason: cables}}\n"


@pytest.mark.parametrize("is_declared", [True, False])
@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("coeffs", []),
        (
            "coefs",
            [
                ("calibs/cam/crosstalk/d00/20240101T000000.yaml", "CAL364"),
                ("curated.yaml", "CAL002"),
            ],
        ),
    ],
)
def test_curated_yaml_moves_limits(
    tmp_path: Path, is_declared: bool, quantity: str, expected: list[tuple[str, str]]
) -> None:
    crosstalk_codes(tmp_path, "0.65")
    (tmp_path / "curated.yaml").write_text(OVERRIDE.format(quantity))
    if not is_declared:
        (tmp_path / "calibs" / "cam" / "instrument.yaml").unlink()
    report = check_package(open_package(tmp_path))
    findings = [(d.file, d.code) for d in report.diagnostics if d.is_error]
    assert findings == expected
    lines = [d.line for d in report.diagnostics if d.code == "CAL002"]
    assert lines == [5] * len(lines)
    # Other rules do not take it for a declaration of detectors.
    assert bool(report.declared) is (is_declared or quantity == "coeffs")
    instruments = complete_instruments(open_package(tmp_path), report.reports, report.declared)
    assert instruments["cam"].detectors["d00"].id == 0
    assert len(instruments["cam"].bounds) == (quantity == "coeffs")
