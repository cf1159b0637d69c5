"""Records of verification: what was tested, of what, by whom, and what came out; ``<validstart>.verify.yaml``."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from curated.verification.rows import plain_row
from curated.verification.verification_test import TestResult, Verdict, VerificationTest

MAX_RESULTS = 1_000_000
"""Most results of one record."""

VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "not run")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedExposure:
    """An exposure that a calibration was applied to.

    Parameters
    ----------
    name : `str`
        Name of its file.
    sha256 : `str`
        SHA-256 of its file, 64 hexadecimal digits.
    begin : `str`
        When it began, UTC, ISO 8601; empty if its header does not say.
    role : `str`
        ``input`` if the calibration was made of it, ``held back`` if not, or empty if that is not known.
    corrections : `tuple` [`str`]
        Paths of the calibrations that it was corrected by before.
    """

    name: str
    sha256: str
    begin: str = ""
    role: str = ""
    corrections: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return it as YAML holds it."""
        values = {
            "name": self.name,
            "sha256": self.sha256,
            "begin": self.begin,
            "role": self.role,
            "corrections": list(self.corrections),
        }
        return {key: value for key, value in values.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRecord:
    """The record of one verification of one calibration.

    Parameters
    ----------
    type_name : `str`
        Type of the calibration.
    product : `str`
        SHA-256 of what the calibration holds; see `curated.verification.binding.product_digest`.
    tests_source : `str`
        Path of the table of tests, or ``curated`` for the defaults that come with it.
    tests_digest : `str`
        SHA-256 of its rows; see `curated.verification.binding.digest_of_tests`.
    by : `str`
        Who ran the verification.
    date : `str`
        When, UTC, ISO 8601.
    tool : `str`
        Program and version.
    exposures : `tuple` [`UsedExposure`]
        What it was applied to.
    results : `tuple` [`TestResult`]
        Result of each test, for each part that it is of.
    remarks : `tuple` [`str`]
        What readers should know, such as corrections that were not there.
    """

    type_name: str
    product: str
    tests_source: str
    tests_digest: str
    by: str
    date: str
    tool: str
    exposures: tuple[UsedExposure, ...] = ()
    results: tuple[TestResult, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[Verdict, int]:
        """Number of results by verdict."""
        counter = Counter(result.verdict for result in self.results)
        return {verdict: counter[verdict] for verdict in VERDICTS}

    @property
    def verdict(self) -> Verdict:
        """``fail`` if a test failed, else ``not run`` if a required test was not run or there is none at all, else ``pass``."""
        if any(result.verdict == "fail" for result in self.results):
            return "fail"
        missing = any(result.verdict == "not run" and result.test.required for result in self.results)
        return "not run" if missing or not self.results else "pass"

    @property
    def tests(self) -> tuple[VerificationTest, ...]:
        """The tests that it has results of, each once."""
        return tuple(dict.fromkeys(result.test for result in self.results))


# -- plain data ---------------------------------------------------------------------------------------------


def plain_record(record: VerificationRecord) -> dict[str, Any]:
    """Return a record as YAML holds it."""
    tests = [plain_row(test) for test in record.tests]
    return {
        "record": 1,
        "type": record.type_name,
        "verdict": record.verdict,
        "counts": dict(record.counts),
        "product": record.product,
        "tests_from": record.tests_source,
        "tests_sha256": record.tests_digest,
        "by": record.by,
        "date": record.date,
        "tool": record.tool,
        **({"remarks": list(record.remarks)} if record.remarks else {}),
        "exposures": [exposure.plain() for exposure in record.exposures],
        "tests": tests,
        "results": [plain_result(result) for result in record.results],
    }


def plain_result(result: TestResult) -> dict[str, Any]:
    """Return a result as YAML holds it, by the id of its test."""
    values: dict[str, Any] = {"test": result.test.id}
    for name in ("detector", "amplifier", "exposure"):
        if text := getattr(result, name):
            values[name] = text
    if math.isfinite(result.value):
        values["value"] = result.value
        if result.error:
            values["error"] = result.error
    values["verdict"] = result.verdict
    if result.reason:
        values["reason"] = result.reason
    return values
