"""Rules on verification: records that do not speak for their calibrations, failures, waivers, missing certifications."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from curated.check.report import FileReport
from curated.check.rules.context import Context
from curated.core.diagnostic import Problem
from curated.core.keys import CalibFile
from curated.core.times import iso
from curated.verification.binding import digest_of_tests, void_reasons
from curated.verification.record import VerificationRecord
from curated.verification.verification_test import TestResult
from curated.verification.waivers import NOTICE, Judgement, Waiver, judge

_MOST_NAMES = 5


def verified_calibrations(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield records that are void, and failures that no waiver covers."""
    for file in context.files:
        record = context.verifications.records.get(file.source)
        if record is None or context.ranges[file.path].deprecation is not None:
            continue
        yield from _record_problems(context, file, record)


def _record_problems(
    context: Context, file: CalibFile, record: VerificationRecord
) -> Iterator[tuple[str, Problem]]:
    if record.type_name != file.key.type:
        detail = f"it is of {record.type_name}, and stands beside a calibration of {file.key.type}"
        yield file.record, Problem("CAL830", ("type",), detail)
        return
    product = context.reports[file.path].product
    if product:
        reasons = void_reasons(record, product, digest_of_tests(context.tests_of(file)))
        if reasons:
            yield file.record, Problem("CAL831", (), "; ".join(reasons))
            return
    judgement = judge(file.key, record.results, context.waivers_of(file), context.waiver_day)
    yield from _judged(context, file, judgement)


def _judged(context: Context, file: CalibFile, judgement: Judgement) -> Iterator[tuple[str, Problem]]:
    path, day = file.record, context.waiver_day
    for result, waiver in judgement.expired:
        days = -waiver.days_left(day) if day is not None else 0
        ago = "today" if not days else "yesterday" if days == 1 else f"{days} days ago"
        detail = (
            f"{label(result)}: the waiver of {waiver.name} ({waiver.ticket}) ended on {waiver.until}, {ago}"
        )
        yield path, Problem("CAL835", (), detail)
    for result, waiver in judgement.worse:
        detail = (
            f"{label(result)} is {value(result)}; {waiver.name} waived {waiver.value:.6g} ({waiver.ticket})"
        )
        yield path, Problem("CAL838", (), detail)
    reported = {id(result) for result, _ in (*judgement.expired, *judgement.worse)}
    others = [result for result in judgement.blocking if id(result) not in reported]
    if others:
        yield path, Problem("CAL842", (), f"{len(others)} of the tests: {named(others)}")
    groups: dict[Waiver, list[TestResult]] = {}
    for result, waiver in judgement.waived:
        groups.setdefault(waiver, []).append(result)
    for waiver, results in groups.items():
        yield path, Problem("CAL837", (), f"{waiver_text(waiver, day)}: {named(results)}")
        if day is not None and waiver.until - day <= NOTICE:
            yield path, Problem("CAL836", (), f"{waiver.label}: {waiver_text(waiver, day)}")


def waiver_text(waiver: Waiver, day: date | None) -> str:
    """Return who waived a result, why and until when."""
    rest = (
        f", {waiver.days_left(day)} day{'s' * (waiver.days_left(day) != 1)} from now"
        if day is not None
        else ""
    )
    return f"waived by {waiver.name} ({waiver.ticket}) until {waiver.until}{rest}: {waiver.reason}"


def label(result: TestResult) -> str:
    """Return test, detector, amplifier and exposure of a result."""
    return " ".join(filter(None, (result.test.id, result.detector, result.amplifier, result.exposure)))


def value(result: TestResult) -> str:
    """Return the value of a result with its unit, or that it was not run."""
    if result.verdict == "not run":
        return f"not run ({result.reason})"
    return f"{result.value:.6g} {result.test.unit}".strip()


def named(results: list[TestResult]) -> str:
    """Return the first of some results, and how many more there are."""
    labels = [f"{label(result)} is {value(result)}" for result in results[:_MOST_NAMES]]
    more = len(results) - len(labels)
    return "; ".join(labels) + (f"; and {more} more" if more else "")


def unused_waivers(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield waivers that cover no result of any calibration."""
    for instrument, waivers in context.verifications.waivers.items():
        files = [
            (file, record)
            for file in context.files
            if file.key.instrument == instrument
            and (record := context.verifications.records.get(file.source)) is not None
        ]
        for row, waiver in enumerate(waivers):
            if not any(
                waiver.is_for(file.key, result) for file, record in files for result in record.results
            ):
                detail = f"no record has a result of {waiver.label}"
                yield context.verifications.places[instrument], Problem("CAL840", ("waivers", row), detail)


def missing_certifications(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield calibrations that need a certification and have none that holds."""
    for file in context.files:
        report = context.reports[file.path]
        if context.ranges[file.path].deprecation is not None:
            continue
        if report.certified:
            yield from _lapsed(context, file, report)
            continue
        instrument = context.declared.get(file.key.instrument)
        if instrument is None or not instrument.certification.is_for(file.key.type, file.start):
            continue
        if instrument.certification.types or context.tests_of(file):
            yield file.path, Problem("CAL833", (), f"instrument.yaml of {instrument.name} requires one")


def _lapsed(context: Context, file: CalibFile, report: FileReport) -> Iterator[tuple[str, Problem]]:
    """Yield why a certification does not hold."""
    digest, begin, end = report.certified
    reasons = []
    if begin != iso(file.start) or end != report.end:
        reasons.append(f"it is of the range from {begin} to {end or 'further notice'}, which is another now")
    record = context.verifications.digests.get(file.source)
    if record is None:
        reasons.append("the record of verification that it rests on is not there")
    elif record != digest:
        reasons.append("it rests on another record of verification than the one that is there")
    if reasons:
        yield file.path, Problem("CAL834", (), "; ".join(reasons))
