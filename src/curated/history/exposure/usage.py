"""Which calibrations an exposure, a moment or a night uses, and what speaks against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from curated.check.file import read_and_check
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.keys import CalibKey
from curated.history.exposure.raw import Exposure, instrument_settings
from curated.history.exposure.state import StateOfFile, compare_state
from curated.history.products import Product, find_products, is_selected, select
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.registry import get_type


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked up.

    Parameters
    ----------
    instrument : `str`
        The instrument's directory, or its name in a repository.
    type_name, detector, filter : `str`
        Name or alias of a type, name or number of a detector, name of a filter; empty for all.
    state : `dict` [`str`, `str`]
        Values of keywords of the camera's state, in upper case, that go before those of a header.
    """

    instrument: str
    type_name: str = ""
    detector: str = ""
    filter: str = ""
    state: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The calibrations that are in force for an exposure, or over a span of time.

    Parameters
    ----------
    selection : `CalibKey`
        Names of the directories that select the products; empty ones select all.
    begin : `datetime.datetime`
        First moment of the span, UTC.
    end : `datetime.datetime` or `None`
        First moment after it; `None` if the span is one moment.
    products : `tuple` [`Product`]
        What is in force of each product, in the order of their keys.
    findings : `tuple` [`Diagnostic`]
        What speaks against them.
    exposure : `Exposure`, optional
        The exposure, as its header describes it.
    """

    selection: CalibKey
    begin: datetime
    end: datetime | None
    products: tuple[Product, ...]
    findings: tuple[Diagnostic, ...] = ()
    exposure: Exposure | None = None

    @property
    def paths(self) -> list[str]:
        """Files of all calibrations that are in force, each once."""
        return list(dict.fromkeys(file.source for product in self.products for file, _ in product.epochs))


def find_usage(
    package: Package,
    declared: Mapping[str, Instrument],
    question: Question,
    begin: datetime,
    end: datetime | None = None,
) -> Usage:
    """Return what is in force over a span of time.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    begin : `datetime.datetime`
        First moment of the span, UTC.
    end : `datetime.datetime`, optional
        First moment after it; if it is not given, the span is one moment.

    Raises
    ------
    CuratedError
        If there is no such type, instrument, detector or filter, or if git hides a calibration.
    """
    names = (question.instrument, question.type_name, question.detector, question.filter)
    selection = select(package, declared, *names)
    products = find_products(package, selection, begin, end)
    state = question.state or {}
    keywords = instrument_settings(package, declared, selection.instrument).match if state else ()
    findings = _state_findings(package, products, state, [*keywords, *state], "the exposure")
    return Usage(selection, begin, end, tuple(products), tuple(findings))


def find_exposure_usage(
    package: Package, declared: Mapping[str, Instrument], question: Question, exposure: Exposure
) -> Usage:
    """Return what is in force for an exposure, from its beginning to its end, as Butler looks it up.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    question : `Question`
        What is looked up; its detector and filter go before those of the header.

    Raises
    ------
    CuratedError
        If the instrument has no such detector or filter, or if the header has no detector and calibrations differ
        between detectors.
    """
    spec = get_type(question.type_name).SPEC if question.type_name else None
    detector = question.detector or (exposure.detector if spec is None or spec.has_detector else "")
    filter_name = question.filter or (exposure.filter if spec is None or spec.has_filter else "")
    try:
        # Without a type, the names of all products have to be right, and those that no product has do not matter.
        everything = select(package, declared, exposure.instrument, question.type_name)
        keys = {file.key for file in package.layout.files if is_selected(file.key, everything)}
        detector = detector if any(key.detector for key in keys) else ""
        filter_name = filter_name if any(key.filter for key in keys) else ""
        selection = select(package, declared, exposure.instrument, question.type_name, detector, filter_name)
    except CuratedError as error:
        raise CuratedError(f"{exposure.source}: {error.message}", error.hint) from error
    if not detector and any(key.detector for key in keys):
        raise _no_detector(exposure, instrument_settings(package, declared, exposure.instrument))
    end = exposure.end if exposure.end != exposure.begin else None
    products = find_products(package, selection, exposure.begin, end)
    findings = list(_changes(products, exposure.source))
    if not filter_name and any(key.filter for key in keys):
        products = [product for product in products if not product.key.filter]
        detail = f"{exposure.source} has no filter: calibrations that have one are left out"
        findings.append(Diagnostic.from_problem(Problem("CAL483", (), detail), exposure.source))
    if exposure.fault:
        detail = f"{exposure.fault}; it is read by the keywords of 'headers'"
        findings.append(Diagnostic.from_problem(Problem("CAL372", (), detail), exposure.source))
    entry = instrument_settings(package, declared, exposure.instrument)
    state = {**exposure.state, **(question.state or {})}
    keywords = list(dict.fromkeys([*entry.match, *state]))
    findings += _state_findings(package, products, state, keywords, exposure.source)
    return Usage(selection, exposure.begin, end, tuple(products), tuple(findings), exposure)


def _no_detector(exposure: Exposure, entry: Instrument) -> CuratedError:
    if exposure.translator:
        return CuratedError(f"{exposure.source} has no detector", "give it with --detector")
    return CuratedError(
        f"{exposure.source} does not say which detector it is of: it has none of {', '.join(entry.headers.detector)}",
        f"name the keywords in {entry.directory}/instrument.yaml, as in "
        "'headers: {detector: [\"{RAFTBAY}_{CCDSLOT}\"]}', or give --detector",
    )


def _changes(products: Sequence[Product], source: str) -> Iterator[Diagnostic]:
    for product in products:
        if len(product.parts) > 1:
            parts = "; ".join(
                f"{part.file.path if part.file else 'nothing'} {part.span}" for part in product.parts
            )
            detail = f"{product.key} changes during {source}: {parts} UTC"
            yield Diagnostic.from_problem(Problem("CAL482", (), detail), source)


def _state_findings(
    package: Package,
    products: Sequence[Product],
    state: Mapping[str, Any],
    keywords: Sequence[str],
    source: str,
) -> Iterator[Diagnostic]:
    if not keywords:
        return
    files = []
    for file, _ in dict.fromkeys(epoch for product in products for epoch in product.epochs):
        calib = read_and_check(package.files, file, {}, companion=False).calib
        if calib is not None:  # another file has errors, which the check reports
            metadata = {str(key).upper(): value for key, value in calib.metadata.items()}
            files.append(StateOfFile(file.source, metadata))
    yield from compare_state(state, list(dict.fromkeys(keywords)), files, source)
