"""What a record of verification is bound to: hashes of a calibration and of tests, equal as long as their meaning is."""

from __future__ import annotations

from collections.abc import Iterable

from curated.calib import Calib
from curated.calib.fingerprint import values_digest
from curated.verification.record import VerificationRecord
from curated.verification.rows import plain_row
from curated.verification.verification_test import VerificationTest

_IDENTITY = ("INSTRUME", "DETECTOR", "FILTER")

_MEASURED = ("LSST CALIB ", "LSST ISR ")
"""Beginnings of keywords with numbers that statistics are computed from."""


def product_digest(calib: Calib) -> str:
    """Return the hash of what a calibration holds: its values and pixels, its detector and filter, and measured keywords.

    Ranges, notes, comments, layout, names of files and the form of a file do not count, so that the text of a calibration
    that came out of a repository has the same.
    """
    keywords = {
        name: value
        for key, value in calib.metadata.items()
        if (name := str(key).upper()) in _IDENTITY or name.startswith(_MEASURED)
    }
    return values_digest({"type": calib.SPEC.name, "values": calib.content_values(), "keywords": keywords})


def digest_of_tests(tests: Iterable[VerificationTest]) -> str:
    """Return the hash of tests, in any order; notes and sources do not count."""
    rows = []
    for test in tests:
        row = plain_row(test)
        rows.append({key: row[key] for key in sorted(row) if key not in ("source", "note", "justified")})
    return values_digest({"tests": sorted(rows, key=lambda row: str(row["id"]))})


def void_reasons(record: VerificationRecord, product: str, tests: str) -> list[str]:
    """Return why a record does not speak for a calibration any more; empty if it does.

    Parameters
    ----------
    product : `str`
        Hash of the calibration as it is; see `product_digest`.
    tests : `str`
        Hash of the tests in force at its start; see `digest_of_tests`.
    """
    reasons = []
    if record.product != product:
        reasons.append("the calibration has changed since")
    if record.tests_digest != tests:
        reasons.append("the tests in force are others now")
    return reasons
