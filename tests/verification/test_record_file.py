"""Records of verification: text and back, and everything that a hostile or damaged one may have."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.verification.record import UsedExposure, VerificationRecord
from curated.verification.record_file import read_record, record_path, record_text
from curated.verification.verification_test import TestResult, VerificationTest

NOISE = VerificationTest(
    id="BIAS-NOISE",
    level="amplifier",
    statistic="noise_excess",
    operator="within",
    limits=(-0.05, 0.05),
    source="DMTN-101",
)
MEAN = VerificationTest(
    id="BIAS-MEAN",
    level="detector",
    statistic="mean",
    operator="<",
    limits=(3.0,),
    unit="adu",
    source="test",
    sigma=0.0,
    justified=False,
    required=False,
    note="a: note #1",
)
RESULTS = (
    TestResult(
        test=NOISE, detector="d0", amplifier="A", exposure="a b.fits", value=0.1, error=0.01, verdict="fail"
    ),
    TestResult(test=NOISE, detector="d0", amplifier="B", exposure="a b.fits", reason="no pixel: none"),
    TestResult(test=MEAN, detector="d0", value=-1e-7, error=0.0, verdict="pass"),
)
RECORD = VerificationRecord(
    type_name="bias",
    product="a" * 64,
    tests_source="curated",
    tests_digest="b" * 64,
    by="Ada Astronomer",
    date="2026-11-28T12:00:00",
    tool="curated 0.1.0",
    exposures=(
        UsedExposure(
            name="a b.fits",
            sha256="c" * 64,
            begin="2024-01-01T00:00:00",
            role="held back",
            corrections=("x/y.yaml",),
        ),
    ),
    results=RESULTS,
    remarks=("no dark is in force",),
)


def same(first: VerificationRecord, second: VerificationRecord) -> bool:
    """Say whether records are equal, where NaN equals NaN."""
    return repr(first) == repr(second)


def test_text_and_back() -> None:
    text = record_text(RECORD)
    entry = read_record(text.encode())
    assert entry.problems == ()
    assert entry.record is not None
    assert same(entry.record, RECORD)
    assert record_text(entry.record) == text
    assert 'verdict: fail\ncounts: {pass: 1, fail: 1, "not run": 1}\n' in text


@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5),
    texts=st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]), max_size=20
    ),
)
def test_any_values_and_texts_and_back(values: list[float], texts: str) -> None:
    results = tuple(
        TestResult(test=MEAN, amplifier=texts, value=v, error=abs(v), verdict="pass" if v < 3 else "fail")
        for v in values
    )
    name = texts if texts.strip() else "x"
    record = replace(RECORD, results=results, by=name, remarks=(name,) if texts else ())
    if texts and not texts.strip():
        results = tuple(replace(r, amplifier="") for r in results)
        record = replace(record, results=results)
    entry = read_record(record_text(record).encode())
    assert entry.problems == ()
    assert entry.record is not None
    assert same(entry.record, record)


def test_a_record_stands_beside_its_calibration() -> None:
    assert (
        record_path("calibs/demo/bias/d0/20240101T000000.yaml")
        == "calibs/demo/bias/d0/20240101T000000.verify.yaml"
    )


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("record: 1", "record: 2", "CAL830"),
        ("verdict: fail\ncounts", "verdict: pass\ncounts", "CAL832"),
        ("{pass: 1,", "{pass: 2,", "CAL832"),
        ("product: ", "product: x", "CAL830"),
        ("[-0.05, 0.05]", "[-0.05, 0.05, 1]", "CAL830"),
        ("[-0.05, 0.05]", "[-0.05, .nan]", "CAL830"),
        ("limit: 3.0", "limit: true", "CAL830"),
        ("test: BIAS-MEAN", "test: BIAS-MEDIAN", "CAL830"),
        ("id: BIAS-MEAN", "id: BIAS-NOISE", "CAL830"),
        (", value: 0.1", "", "CAL830"),
        ("verdict: fail}", "verdict: perhaps}", "CAL830"),
        ("by: ", "buy: ", "CAL830"),
        ("results:", "results: !!python/object:os.system", "CAL210"),
    ],
)
def test_what_is_wrong_is_found(old: str, new: str, code: str) -> None:
    text = record_text(RECORD)
    assert old in text
    entry = read_record(text.replace(old, new).encode())
    assert entry.record is None
    codes = {problem.code for problem in entry.problems}
    assert code in codes or (code == "CAL210" and codes)


@pytest.mark.parametrize("data", [b"", b"\xff", b"- 1", b"a: *b", b"{"])
def test_what_is_no_record(data: bytes) -> None:
    entry = read_record(data)
    assert entry.record is None
    assert entry.problems


def test_the_verdict_of_all_results() -> None:
    failed, missing, passed = RESULTS
    assert RECORD.verdict == "fail"
    assert replace(RECORD, results=(missing, passed)).verdict == "not run"
    optional = replace(missing, test=replace(NOISE, required=False))
    assert replace(RECORD, results=(optional, passed)).verdict == "pass"
    assert replace(RECORD, results=()).verdict == "not run"
    assert [test.id for test in RECORD.tests] == ["BIAS-NOISE", "BIAS-MEAN"]
    assert math.isnan(missing.value)
    assert failed.verdict == "fail"
