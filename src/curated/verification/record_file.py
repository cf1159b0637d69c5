"""Files of records of verification, ``<validstart>.verify.yaml`` beside a calibration: read and written."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from curated.core.diagnostic import Problem, brief
from curated.declare.settings import Setting, check_setting
from curated.declare.statistic import Estimate
from curated.provenance.record import VERIFICATION_ENDING
from curated.text.reader import read_text
from curated.text.source import Locator
from curated.text.yaml.locator import yaml_locator
from curated.text.yaml.reader import load_yaml
from curated.text.yaml.writer import compact_flow
from curated.verification.record import (
    MAX_RESULTS,
    VERDICTS,
    UsedExposure,
    VerificationRecord,
    plain_record,
)
from curated.verification.rows import TEST_ROW, parse_row, row_problems
from curated.verification.verification_test import TestResult, VerificationTest

_HASH = Setting(kind="text", required=True, pattern=r"^[0-9a-f]{64}$", says="not 64 hexadecimal digits")
_LONG_TEXT = Setting(kind="text", longest=4096, blank=True)

_HEADER = """\
# Written by 'curated verify'. It speaks for the calibration as long as that, the tests in force and this file stay as
# they are; 'curated check' says when they do not.
"""


def _text(doc: str, **options: Any) -> Setting:
    return Setting(kind="text", doc=doc, **options)


RECORD = Setting(
    kind="mapping",
    doc="What was tested of a calibration, and what came out.",
    keys={
        "record": Setting(kind="number", required=True, doc="Version of this form: 1."),
        "type": _text("Type of the calibration.", required=True, longest=64),
        "verdict": _text("What all results make together.", required=True, choices=VERDICTS),
        "counts": Setting(
            kind="mapping",
            required=True,
            names=r"^(pass|fail|not run)$",
            items=Setting(kind="number"),
            doc="Results by verdict.",
        ),
        "product": _HASH,
        "tests_from": _text(
            "Path of the tests, or 'curated' for those that come with it.", required=True, longest=1024
        ),
        "tests_sha256": _HASH,
        "by": _text("Who ran it.", required=True),
        "date": _text("When, UTC.", required=True, longest=64),
        "tool": _text("Program and version.", required=True),
        "remarks": Setting(kind="list", items=_LONG_TEXT, most=1000, doc="What readers should know."),
        "exposures": Setting(
            kind="list",
            most=100_000,
            doc="Exposures that it was applied to.",
            items=Setting(
                kind="mapping",
                keys={
                    "name": _text("Name of the file.", required=True, longest=1024),
                    "sha256": _HASH,
                    "begin": _text("When it began, UTC.", longest=64),
                    "role": _text("Whether the calibration was made of it.", choices=("input", "held back")),
                    "corrections": Setting(
                        kind="list",
                        items=_text("Path.", longest=1024),
                        most=100,
                        doc="Calibrations that it was corrected by.",
                    ),
                },
            ),
        ),
        "tests": Setting(
            kind="list",
            most=10_000,
            required=True,
            doc="The tests, as they were.",
            items=TEST_ROW,
        ),
        "results": Setting(
            kind="list",
            most=MAX_RESULTS,
            required=True,
            doc="What came out.",
            items=Setting(
                kind="mapping",
                keys={
                    "test": _text("Id of the test.", required=True, longest=128),
                    "detector": _text("Detector that it is of.", longest=64),
                    "amplifier": _text("Amplifier that it is of.", longest=64),
                    "exposure": _text("Exposure that it is of.", longest=1024),
                    "value": Setting(kind="real", doc="The value, in the unit of the test."),
                    "error": Setting(kind="real", minimum=0, doc="Its standard error by sampling."),
                    "verdict": _text("pass, fail or not run.", required=True, choices=VERDICTS),
                    "reason": _text("Why it was not run.", longest=4096),
                },
            ),
        ),
    },
)
"""Declaration of the text of a record."""


class RecordFile(NamedTuple):
    """A record as it was read.

    Parameters
    ----------
    record : `VerificationRecord` or `None`
        The record; `None` if it has problems.
    locator : `~collections.abc.Callable`
        Finds a value's line and column.
    """

    record: VerificationRecord | None
    problems: tuple[Problem, ...]
    locator: Locator = lambda _: (0, 0)


def record_path(path: str) -> str:
    """Return the path of the record of a calibration file."""
    return os.path.splitext(path)[0] + VERIFICATION_ENDING


def record_text(record: VerificationRecord) -> str:
    """Return the text of a record; equal records give the same text."""
    lines = []
    for key, value in plain_record(record).items():
        if isinstance(value, list):
            lines.append(f"{key}:" if value else f"{key}: []")
            lines += [f"- {compact_flow(entry)}" for entry in value]
        else:
            lines.append(f"{key}: {compact_flow(value)}")
    return _HEADER + "".join(f"{line}\n" for line in lines)


def read_record(data: bytes) -> RecordFile:
    """Read a record from the bytes of its file."""
    text, problems = read_text(data)
    if text is None:
        return RecordFile(None, tuple(problems))
    tree, problems = load_yaml(text)
    locator = yaml_locator(text)
    if problems:
        return RecordFile(None, tuple(problems), locator)
    problems = list(check_setting(RECORD, tree, "CAL830"))
    if not problems:
        problems = list(_problems(tree))
    if problems:
        return RecordFile(None, tuple(problems), locator)
    record = _record(tree)
    problems = list(_contradictions(tree, record))
    return RecordFile(None if problems else record, tuple(problems), locator)


def _problems(tree: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what the declaration cannot say: versions, limits, ids."""
    if tree["record"] != 1:
        yield Problem(
            "CAL830",
            ("record",),
            f"version {tree['record']} of records is not known to this version of curated",
        )
    yield from row_problems(tree["tests"], "CAL830", ("tests",))
    ids = {entry["id"] for entry in tree["tests"]}
    for row, entry in enumerate(tree["results"]):
        if entry["test"] not in ids:
            yield Problem(
                "CAL830", ("results", row, "test"), f"{brief(entry['test'])} is the id of no test above"
            )
        if ("value" in entry) == (entry["verdict"] == "not run"):
            detail = "a result has a value exactly where the test was run"
            yield Problem("CAL830", ("results", row), detail)


def _contradictions(tree: Mapping[str, Any], record: VerificationRecord) -> Iterator[Problem]:
    """Yield sums that are not those of the results, and verdicts that are not those of their values."""
    if tree["verdict"] != record.verdict:
        yield Problem(
            "CAL832", ("verdict",), f"{tree['verdict']} is said, and the results make {record.verdict}"
        )
    counts = {verdict: tree["counts"].get(verdict, 0) for verdict in VERDICTS}
    if counts != record.counts:
        yield Problem("CAL832", ("counts",), f"{counts} are said, and the results are {record.counts}")
    for row, result in enumerate(record.results):
        verdict = result.test.verdict(Estimate(result.value, result.error))
        if result.verdict not in ("not run", verdict):
            detail = f"{result.verdict} is said, and {result.value:g} makes {verdict}"
            yield Problem("CAL832", ("results", row, "verdict"), detail)


def _record(tree: Mapping[str, Any]) -> VerificationRecord:
    tests = {entry["id"]: parse_row(entry) for entry in tree["tests"]}
    return VerificationRecord(
        type_name=tree["type"],
        product=tree["product"],
        tests_source=tree["tests_from"],
        tests_digest=tree["tests_sha256"],
        by=tree["by"],
        date=tree["date"],
        tool=tree["tool"],
        remarks=tuple(tree.get("remarks", ())),
        exposures=tuple(
            UsedExposure(**{**entry, "corrections": tuple(entry.get("corrections", ()))})
            for entry in tree.get("exposures", ())
        ),
        results=tuple(_result(entry, tests[entry["test"]]) for entry in tree["results"]),
    )


def _result(entry: Mapping[str, Any], test: VerificationTest) -> TestResult:
    names = {key: entry[key] for key in ("detector", "amplifier", "exposure", "reason") if key in entry}
    value = float(entry.get("value", math.nan))
    error = float(entry.get("error", 0.0 if "value" in entry else math.nan))
    return TestResult(test=test, value=value, error=error, verdict=entry["verdict"], **names)
