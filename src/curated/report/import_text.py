"""An import for people: the plan of one, and what one has done."""

from __future__ import annotations

from collections.abc import Iterator

from curated.butler.importing.report import ImportReport, InstrumentReport
from curated.core.diagnostic import has_errors
from curated.report.text import printable

_MOST = 20


def plan_lines(report: ImportReport) -> Iterator[str]:
    """Yield the plan of an import, or of one that errors have stopped, as far as it was worked out.

    Parameters
    ----------
    report : `curated.butler.ImportReport`
        What the import would do.
    """
    made = ", which would be created" if report.created else ""
    yield f"plan: release {report.label or '(unknown)'} of {report.bundle} into {report.repository}{made}"
    for one in report.instruments:
        yield from _instrument_lines(one, planned=report.planned)
    if report.planned:
        yield f"{'transfer':18} {report.transfer}, {_size(report.bytes_copied)} to copy"
    if has_errors(report.diagnostics):
        errors = sum(d.is_error for d in report.diagnostics)
        yield f"it cannot succeed: {errors} error{'s' * (errors > 1)}; nothing was changed"
    elif not report.changed:
        yield "the repository has everything already: nothing would be changed"
    else:
        yield "it can succeed"


def done_lines(report: ImportReport) -> Iterator[str]:
    """Yield what an import has done.

    Parameters
    ----------
    report : `curated.butler.ImportReport`
        What it has done.
    """
    for one in report.instruments:
        yield (
            f"{one.name}: {one.datasets_new} datasets and {one.certifications_new} validity ranges were added, "
            f"{one.datasets_present} and {one.certifications_present} were there already"
        )
        if one.datasets_restored:
            yield f"{one.name}: {one.datasets_restored} files that the repository had lost were put back"
        if one.chain_after is not None and one.chain_after != one.chain_before:
            yield f"{one.name}: chain {one.chain} is {', '.join(one.chain_after)}"
    for path in report.removed[:_MOST]:
        yield f"removed {printable(path)}"
    if len(report.removed) > _MOST:
        yield f"removed {len(report.removed) - _MOST} more"
    made = " (new)" if report.created else ""
    if not report.changed:
        yield f"{report.repository} had everything already: nothing changed"
    else:
        copied = f", {_size(report.bytes_copied)} copied" if report.bytes_copied else ""
        yield f"repository {report.repository}{made}, transfer {report.transfer}{copied}"


def _instrument_lines(one: InstrumentReport, *, planned: bool) -> Iterator[str]:
    yield printable(one.name)
    records = f"{one.records_new:6} new {one.records_equal:6} equal   {one.records_different:6} DIFFERENT"
    yield f"  {'dimension records':18}{records if one.records_different else records.replace('DIFFERENT', 'different')}"
    yield from (f"    {printable(text)}" for text in one.differences[:_MOST])
    if len(one.differences) > _MOST:
        yield f"    and {len(one.differences) - _MOST} more"
    if planned:
        restored = f", of which {one.datasets_restored} lost their file" if one.datasets_restored else ""
        for name, new, present, bad in (
            (
                "datasets",
                one.datasets_new,
                f"{one.datasets_present:6} present{restored}",
                one.datasets_conflicting,
            ),
            (
                "certifications",
                one.certifications_new,
                f"{one.certifications_present:6} present",
                one.certifications_conflicting,
            ),
        ):
            yield f"  {name:18}{new:6} new {present} {bad:6} {'IN CONFLICT' if bad else 'in conflict'}"
    else:
        yield "  datasets and certifications were not held against the repository: see the errors"
    if one.chain_after is not None:
        yield f"  {'chain':18}  {one.chain}"
        before = "none" if one.chain_before is None else ", ".join(one.chain_before) or "empty"
        yield f"    {'before':16}  {before}"
        same = one.chain_before == one.chain_after
        yield f"    {'after':16}  {'the same' if same else ', '.join(one.chain_after)}"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
