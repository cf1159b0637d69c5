"""Choose the formatters that an import records, and find the records that it mends."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lsst.daf.butler import DatasetRef

from curated.bundle.contents import Entry
from curated.butler.datastores.names import FormatterClass, LoadedFormatter, extension_problem, load_formatter
from curated.butler.datastores.stores import FileRecord, FileStore
from curated.butler.formatter import CalibFormatter
from curated.core.diagnostic import Diagnostic, Problem

Formatters = Mapping[tuple[str, str], FormatterClass]
"""Formatter to record, by dataset type and instrument."""

Mends = Mapping[str, Sequence[tuple[DatasetRef, FileRecord]]]
"""Records of which the formatter is replaced, by the name of the new one."""

_OURS = CalibFormatter.name()


class FormatterChoice(NamedTuple):
    """Formatters to record, records to mend, and what is to be said about them."""

    formatters: Formatters
    mends: Mends
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def mended(self) -> int:
        """Number of records to mend."""
        return sum(map(len, self.mends.values()))


@dataclass(frozen=True, slots=True)
class _Configured:
    """The formatter that a repository's configuration names for a dataset type and instrument."""

    name: str | None
    loaded: LoadedFormatter
    problem: str = ""

    @property
    def recorded_name(self) -> str:
        """The name that is recorded: that of the class if it can be imported, as Butler does it."""
        return self.loaded.formatter.name() if self.loaded.formatter is not None else str(self.name)


@dataclass(slots=True)
class _Remarks:
    """Dataset types by what is to be said about their formatter."""

    refused: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_name: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    replaced: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unmended: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    references: Counter[tuple[str, str, str]] = field(default_factory=Counter)


def choose_formatters(
    stores: Sequence[FileStore],
    new: Iterable[tuple[Entry, DatasetRef]],
    present: Iterable[tuple[Entry, DatasetRef, FileRecord]],
    formatter: str | None,
    repository: str,
) -> FormatterChoice:
    """Choose the formatters to record for the datasets that an import ingests, and the records that it mends.

    The repository's configuration decides, as it does when Butler ingests: what it names is recorded, by name alone where
    its package is not installed. In a chain of datastores the first one that accepts a dataset decides for all of them,
    as in Butler.

    Parameters
    ----------
    stores : sequence [`FileStore`]
        All datastores of the repository that hold files, in Butler's order.
    new : iterable [`tuple`]
        Datasets to ingest.
    present : iterable [`tuple`]
        Datasets that the repository has, with each of their records.
    formatter : `str` or `None`
        Whose formatter is recorded; see `curated.butler.importing.request.ImportRequest`.
    repository : `str`
        Name of the repository in findings.
    """
    configured: dict[tuple[str, str], _Configured] = {}

    def configured_for(entry: Entry, ref: DatasetRef) -> _Configured:
        key = (entry.dataset_type, entry.instrument)
        if key not in configured:
            configured[key] = _configured(stores, entry, ref)
        return configured[key]

    remarks = _Remarks()
    formatters: dict[tuple[str, str], FormatterClass] = {}
    for entry, ref in new:
        key = (entry.dataset_type, entry.instrument)
        if key not in formatters:
            formatters[key] = _formatter_to_record(entry, configured_for(entry, ref), formatter, remarks)
    mends: dict[str, list[tuple[DatasetRef, FileRecord]]] = defaultdict(list)
    for entry, ref, record in present:
        name = _mended_name(entry, record.info.formatter, configured_for(entry, ref), formatter, remarks)
        if name:
            mends[name].append((ref, record))
    findings = (Diagnostic.from_problem(problem, repository) for problem in _problems(remarks))
    return FormatterChoice(formatters, mends, tuple(findings))


def _configured(stores: Sequence[FileStore], entry: Entry, ref: DatasetRef) -> _Configured:
    # Where none accepts it, that is an error of its own.
    store = next((store for store in stores if store.accepts(ref)), stores[0])
    name = store.formatters.name(ref)
    if name is None:
        problem = "the repository's configuration names no formatter for it"
        return _Configured(None, LoadedFormatter(None, "broken"), problem)
    loaded = load_formatter(name)
    if loaded.formatter is None or loaded.state == "broken":
        return _Configured(name, loaded, loaded.reason)
    return _Configured(name, loaded, extension_problem(loaded.formatter, entry.path) if entry.path else "")


def _formatter_to_record(
    entry: Entry, configured: _Configured, formatter: str | None, remarks: _Remarks
) -> FormatterClass:
    if formatter == "curated":
        if configured.name != _OURS:
            remarks.replaced[str(configured.name)].add(entry.dataset_type)
        return CalibFormatter
    loaded = configured.loaded
    is_insisted = formatter == "repository" and loaded.state == "broken" and loaded.formatter is not None
    if loaded.formatter is None or (configured.problem and not is_insisted):
        remarks.refused[configured.problem].add(entry.dataset_type)
        return CalibFormatter
    if loaded.state != "imported":
        remarks.by_name[loaded.reason].add(entry.dataset_type)
    return loaded.formatter


def _mended_name(
    entry: Entry, name: str, configured: _Configured, formatter: str | None, remarks: _Remarks
) -> str:
    """Return the formatter that replaces the recorded one; empty if that stays."""
    proper = _OURS if formatter == "curated" else configured.recorded_name
    if (
        name == proper
        or (formatter is None and name != _OURS)
        or (formatter != "curated" and not configured.name)
    ):
        # A name that is not the configured one may be another name of the same class.
        return ""
    key = (entry.dataset_type, name, proper)
    if entry.is_reference:
        # The record of its own release would say otherwise.
        remarks.references[key] += 1
        return ""
    loaded = configured.loaded
    if formatter != "curated" and (
        loaded.formatter is None
        or (formatter is None and loaded.state != "imported")
        or (configured.problem and loaded.state == "imported")
    ):
        remarks.unmended[key] += 1
        return ""
    if formatter == "curated":
        remarks.replaced[str(configured.name)].add(entry.dataset_type)
    elif loaded.state != "imported":
        remarks.by_name[loaded.reason].add(entry.dataset_type)
    return proper


def _problems(remarks: _Remarks) -> Iterator[Problem]:
    for reason, types in sorted(remarks.refused.items()):
        yield Problem("CAL629", (), f"{_names(types)}: {reason}")
    for reason, types in sorted(remarks.by_name.items()):
        yield Problem("CAL658", (), f"{_names(types)}: {reason}")
    for name, types in sorted(remarks.replaced.items()):
        yield Problem("CAL628", (), f"{_names(types)}: the configuration names {name}")
    for (dataset_type, name, proper), number in sorted(remarks.unmended.items()):
        yield formatter_problem(dataset_type, number, name, proper)
    for (dataset_type, name, proper), number in sorted(remarks.references.items()):
        verb = "is" if number == 1 else "are"
        text = (
            f"{number} of {dataset_type}, of earlier releases, {verb} read with {name} and not with {proper}"
        )
        yield Problem(
            "CAL699", (), text, "import those releases again in the same way, which mends their records"
        )


def formatter_problem(dataset_type: str, number: int, name: str, proper: str) -> Problem:
    """Return the problem of datasets whose recorded formatter is not the one of the configuration.

    Parameters
    ----------
    number : `int`
        How many datasets there are.
    name, proper : `str`
        Formatter that is recorded, and the one that is configured.
    """
    verb = "is" if number == 1 else "are"
    return Problem(
        "CAL699", (), f"{number} of {dataset_type} {verb} read with {name}; the configuration names {proper}"
    )


def _names(types: set[str]) -> str:
    return ", ".join(sorted(types))
