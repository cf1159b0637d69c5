"""The report of an import as text: its plan, and its result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from curated.butler.importing.report import ImportReport, InstrumentReport
from curated.butler.instruments.incomplete import ColumnReport
from curated.core.diagnostic import has_errors
from curated.report.lookup_text import lookup_lines
from curated.report.text import count_text, printable

_WIDTH = 80
"""Columns of text that is wrapped."""

_MOST = 20
"""How many paths and differences are printed."""


def plan_lines(report: ImportReport) -> Iterator[str]:
    """Yield the lines of the plan of an import; if errors have stopped it, as far as it was made."""
    created = ", which would be created" if report.created else ""
    release = report.label or "(unknown)"
    yield printable(f"plan: release {release} of {report.bundle} into {report.repository}{created}")
    for instrument in report.instruments:
        yield from _instrument_lines(instrument, planned=report.planned)
    if report.planned:
        if report.formatters_mended:
            yield f"{'formatters':18} {count_text(report.formatters_mended, 'record')} to mend"
        yield f"{'transfer':18} {report.transfer}, {_size(report.bytes_copied)} to copy"
    if has_errors(report.diagnostics):
        errors = count_text(sum(d.is_error for d in report.diagnostics), "error")
        yield f"it cannot succeed: {errors}; nothing was changed"
    elif not report.changed:
        yield "the repository has everything already: nothing would be changed"
    else:
        yield "it can succeed"


def done_lines(report: ImportReport) -> Iterator[str]:
    """Yield the lines of the result of an import."""
    for instrument in report.instruments:
        if instrument.bundle_name:
            yield _identity(instrument)
        added = _counts(instrument.datasets_new, instrument.certifications_new, "added")
        present = _counts(instrument.datasets_present, instrument.certifications_present, "already there")
        if added or present:
            yield f"{printable(instrument.name)}: {', '.join(filter(None, (added, present)))}"
        if instrument.datasets_restored:
            files = count_text(instrument.datasets_restored, "file")
            yield f"{printable(instrument.name)}: {files} restored that the repository had lost"
        yield from _column_lines(instrument)
        if instrument.chain_after is not None and instrument.chain_after != instrument.chain_before:
            members = ", ".join(instrument.chain_after)
            yield printable(f"{instrument.name}: chain {instrument.chain} is {members}")
        # In a chain without members nothing was found before.
        if instrument.chain_before and instrument.lookups is not None and instrument.lookups.changes:
            yield printable(f"{instrument.name}: changed lookups through {instrument.chain}:")
            yield from lookup_lines(instrument.lookups)
    if report.formatters_mended:
        yield f"{count_text(report.formatters_mended, 'record')} mended: their formatter was replaced"
    yield from _removed_lines(report)
    if not report.changed:
        yield printable(f"{report.repository} had everything already: nothing changed")
    else:
        created = " (new)" if report.created else ""
        copied = f", {_size(report.bytes_copied)} copied" if report.bytes_copied else ""
        yield printable(f"repository {report.repository}{created}, transfer {report.transfer}{copied}")


def _removed_lines(report: ImportReport) -> Iterator[str]:
    for path in report.removed[:_MOST]:
        yield f"removed {printable(path)}"
    if len(report.removed) > _MOST:
        yield f"removed {len(report.removed) - _MOST} more"


def _counts(datasets: int, ranges: int, state: str) -> str:
    """Return how many datasets and validity ranges have a state; empty for none."""
    counts = ((datasets, "dataset"), (ranges, "validity range"))
    text = " and ".join(count_text(count, noun) for count, noun in counts if count)
    return f"{text} {state}" if text else ""


def _instrument_lines(instrument: InstrumentReport, *, planned: bool) -> Iterator[str]:
    yield _identity(instrument) if instrument.bundle_name else printable(instrument.name)
    equal = f"{instrument.records_equal:6} equal  "
    yield _row("dimension records", instrument.records_new, equal, instrument.records_different, "different")
    yield from (f"    {printable(text)}" for text in instrument.differences[:_MOST])
    if len(instrument.differences) > _MOST:
        yield f"    and {len(instrument.differences) - _MOST} more"
    yield from _column_lines(instrument, "  ")
    if planned:
        lost = instrument.datasets_restored
        present = (
            f"{instrument.datasets_present:6} present{f', of which {lost} lost their file' if lost else ''}"
        )
        yield _row(
            "datasets", instrument.datasets_new, present, instrument.datasets_conflicting, "in conflict"
        )
        present = f"{instrument.certifications_present:6} present"
        conflicts = instrument.certifications_conflicting
        yield _row("certifications", instrument.certifications_new, present, conflicts, "in conflict")
    else:
        yield "  datasets and certifications were not compared with the repository: see the errors"
    if instrument.chain_after is not None:
        yield printable(f"  {'chain':18}  {instrument.chain}")
        before = "none" if instrument.chain_before is None else ", ".join(instrument.chain_before) or "empty"
        yield printable(f"    {'before':16}  {before}")
        same = instrument.chain_before == instrument.chain_after
        after = "the same" if same else ", ".join(instrument.chain_after)
        yield printable(f"    {'after':16}  {after}")
    if instrument.lookups is not None and planned:
        changes = "" if instrument.lookups.changes else ", none of which would change"
        yield printable(f"  {'lookups':18}  through {instrument.chain}{changes}")
        yield from lookup_lines(instrument.lookups)


def _column_lines(instrument: InstrumentReport, indent: str = "") -> Iterator[str]:
    """Yield what dimension records lack, or what was filled in, and how to mend it."""
    columns = {
        state: [column for column in instrument.columns if column.state == state]
        for state in ("filled in", "empty", "inferred")
    }
    path = f"{instrument.directory}/instrument.yaml" if instrument.directory else "instrument.yaml"
    command = "'butler register-instrument --update'"
    texts = []
    if columns["filled in"]:
        texts.append(f"filled in: {_listed(columns['filled in'])}")
    if columns["empty"]:
        hint = f"declare them in {path} and import again, or {command}"
        texts.append(f"left empty: {_listed(columns['empty'])} ({hint})")
    if columns["inferred"]:
        hint = f"declare them in {path} before the first import, or {command}"
        if any(column.column == "name" for column in columns["inferred"]):
            hint += "; names stay for good"
        texts.append(f"inferred: {_listed(columns['inferred'])} ({hint})")
    for text in texts:
        line = printable(f"{instrument.name}: {text}")
        yield from wrap(
            line,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=f"{indent}    ",
            break_long_words=False,
            break_on_hyphens=False,
        )


_NOUNS = {"physical_filter": "filter", "detector": "detector"}


def _listed(columns: Sequence[ColumnReport]) -> str:
    """Return the names of columns, those of the same records together."""
    groups: dict[tuple[str, int], list[str]] = {}
    for column in columns:
        groups.setdefault((column.element, column.records), []).append(column.column)
    return "; ".join(
        f"{', '.join(names)} of {count_text(count, _NOUNS[element])}"
        if element in _NOUNS
        else ", ".join(names)
        for (element, count), names in groups.items()
    )


def _identity(instrument: InstrumentReport) -> str:
    """Return which instrument of the repository one of the bundle is, and why."""
    return printable(f"{instrument.name}: {instrument.bundle_name} of the bundle ({instrument.reason})")


def _row(name: str, new: int, present: str, wrong: int, state: str) -> str:
    """Return a row of the plan, with the state of wrong things in capitals if there are any."""
    return f"  {name:18}{new:6} new {present} {wrong:6} {state.upper() if wrong else state}"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
