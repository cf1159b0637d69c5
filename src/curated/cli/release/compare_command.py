"""``curated compare``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from curated.cli.context import (
    Settings,
    allow_class_option,
    allow_empty_option,
    echo,
    echo_findings,
    format_option,
    jobs_option,
    pass_settings,
    print_json,
)
from curated.cli.release.fingerprint_command import (
    bytes_option,
    choice_option,
    collection_option,
    dataset_to_json,
    find_inventory,
    refuse_empty,
)

if TYPE_CHECKING:
    from curated.butler.inventories import SourceInventory
    from curated.datasets.inventory import Difference
    from curated.datasets.record import Dataset, Key
    from curated.difference.change import Change

_KINDS = {
    "missing": "only in A",
    "added": "only in B",
    "validity": "valid at other times",
    "content": "another content",
}


_MOST_CHANGES = 3
"""Changes of a product whose measures text shows."""


@click.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@collection_option
@choice_option
@bytes_option
@allow_empty_option
@jobs_option
@allow_class_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    first: str,
    second: str,
    collections: tuple[str, ...],
    choices: tuple[str, ...],
    by_bytes: bool,
    allow_empty: bool,
    jobs: int | None,
    form: str,
) -> None:
    """Compare the calibrations in force in A and in B; exit 1 if they differ.

    Each of them is a package, a bundle, a repository, a revision of this package, or DIR@REV.
    The values that calibrations declare are compared, whoever wrote their files; with --bytes, the files themselves.
    What a difference means physically is said below it, such as shifts of zero points; `curated diff --between` says more.
    Values that differ in their units or by rounding alone are the same.
    Where a file of the stack holds only the mean of curves over amplifiers, the means are compared to rounding errors.
    Where one is a repository, the other one's instruments have the names there under which they would be imported, or were.

    \b
    Examples:
      curated compare v1.1 v1.2
      curated compare HEAD build/repo
      curated compare /site/a/repo /site/b/repo
      curated compare build/v2 build/repo --collection demo/calib/v2
    """
    from curated.butler.inventories import lacks_files
    from curated.datasets.foreign import foreign_text
    from curated.datasets.inventory import cameras_apart, compare
    from curated.datasets.record import key_text
    from curated.report.text import printable

    if not by_bytes and any(map(lacks_files, (first, second))):
        by_bytes = True
        echo("files are compared, as with --bytes: a bundle refers to files of its base", err=True)
    with ExitStack() as stack:
        # Where one of them is a repository, the other one takes its names for instruments.
        audits = [
            find_inventory(
                settings,
                where,
                collections,
                None,
                jobs,
                names_of=other,
                choices=choices,
                by_bytes=by_bytes,
                stack=stack,
            )
            for where, other in ((first, second), (second, first))
        ]
        _require_repository(audits, *collections, *choices)
        if not any(audit.inventory.datasets for audit in audits):
            refuse_empty(audits[0], allow_empty=allow_empty)
        echo_findings(settings, (d for audit in audits for d in audit.diagnostics if d.code == "CAL648"))
        failed = any(audit.failed for audit in audits)
        inventories = [audit.inventory for audit in audits]
        differences, apart = cameras_apart(
            compare(*inventories), [audit.kind == "repository" for audit in audits]
        )
        changes = {} if by_bytes else _measure(audits, differences, jobs)
        differences = [d for d in differences if not _is_rounding(d, changes.get(d.key, ()))]
    if form == "json":
        print_json(
            "compare",
            failed=failed,
            same=not differences,
            sources=[inventory.source for inventory in inventories],
            foreign=[[foreign.to_dict() for foreign in audit.foreign] for audit in audits],
            fingerprints=[inventory.fingerprint for inventory in inventories],
            differences=[_to_json(difference, changes) for difference in differences],
            apart=[_to_json(difference, changes) for difference in apart],
            findings=[d.to_dict() for audit in audits for d in audit.diagnostics],
        )
    elif not failed:
        for name, inventory in zip("AB", inventories, strict=True):
            echo(f"{name}: {printable(inventory.source)}")
        for name, audit in zip("AB", audits, strict=True):
            if audit.foreign:
                text = f"not compared: {foreign_text(audit.foreign)} in {name}, which no calibration type declares"
                echo(printable(text))
        for difference in apart:
            name, lacking = ("A", "B") if difference.first else ("B", "A")
            echo(printable(f"not compared: {key_text(difference.key)} in {name}; {lacking} has no camera"))
        for text in _lines(differences, changes):
            echo(printable(text))
        number = len(inventories[0].datasets) - sum(len(difference.first) for difference in apart)
        same = f"the same {number} calibrations are in force in both"
        echo(_summary(differences) if differences else same)
    raise SystemExit(1 if failed or differences else 0)


def _require_repository(audits: Sequence[SourceInventory], *options: str) -> None:
    """Refuse values of options that have no effect where neither of the two is a repository."""
    if options and not any(audit.kind == "repository" for audit in audits):
        raise click.UsageError("--collection and --instrument have no effect: neither is a repository")


def _measure(
    audits: Sequence[SourceInventory], differences: Sequence[Difference], jobs: int | None
) -> dict[Key, list[Change]]:
    """Return what the differences of contents mean physically, the largest first, by dataset type and data ID."""
    holdings = [audit.holdings for audit in audits if audit.holdings is not None]
    keys = {difference.key for difference in differences if difference.kind == "content"}
    if len(holdings) != len(audits) or not keys:
        return {}
    from curated.declare import Conditions
    from curated.export.differences import measure_pairs

    changes: dict[Key, list[Change]] = {}
    first, second = holdings
    for key, change in measure_pairs(first, second, Conditions(), keys=keys, jobs=jobs):
        changes.setdefault(key, []).append(change)
    return {key: sorted(values, key=lambda change: -change.weight) for key, values in changes.items()}


def _is_rounding(difference: Difference, changes: Sequence[Change]) -> bool:
    """Say whether the contents of a product differ by rounding or in their units alone.

    Hashes cannot tell, but the values can, wherever one calibration of A and one of B are in force at the same time.
    A keyword that contradicts the data ID is always a difference.
    """
    return (
        difference.kind == "content"
        and bool(changes)
        and not any(change.is_physical for change in changes)
        and bool(difference.fields)
        and not any(name.startswith("metadata ") for name in difference.fields)
    )


def _to_json(difference: Difference, changes: Mapping[Key, Sequence[Change]]) -> dict[str, object]:
    from curated.report.difference_text import change_to_json

    dataset_type, data_id = difference.key
    return {
        "dataset_type": dataset_type,
        "data_id": dict(data_id),
        "kind": difference.kind,
        "fields": list(difference.fields),
        "first": [dataset_to_json(dataset) for dataset in difference.first],
        "second": [dataset_to_json(dataset) for dataset in difference.second],
        "changes": [change_to_json(change) for change in changes.get(difference.key, ())],
    }


def _lines(differences: list[Difference], changes: Mapping[Key, Sequence[Change]]) -> Iterator[str]:
    from curated.datasets.record import key_text
    from curated.datasets.spans import utc_span_texts
    from curated.report.difference_text import measures_text

    texts = utc_span_texts(
        dataset.span for difference in differences for dataset in (*difference.first, *difference.second)
    )

    def line(sign: str, dataset: Dataset) -> str:
        return f"  {sign} {texts[dataset.span].removesuffix(' UTC')}  {dataset.content[:12]}"

    for difference in differences:
        names = f" ({', '.join(difference.fields)})" if difference.fields else ""
        yield f"{key_text(difference.key)}: {_KINDS[difference.kind]}{names}"
        yield from (line("-", dataset) for dataset in difference.first)
        yield from (line("+", dataset) for dataset in difference.second)
        measures = [text for change in changes.get(difference.key, ()) if (text := measures_text(change))]
        yield from (f"    {text}" for text in measures[:_MOST_CHANGES])
        if len(measures) > _MOST_CHANGES:
            yield f"    and {len(measures) - _MOST_CHANGES} more changes"


def _summary(differences: list[Difference]) -> str:
    counts = Counter(difference.kind for difference in differences)
    parts = [f"{counts[kind]} {text}" for kind, text in _KINDS.items() if counts[kind]]
    total = "1 product differs" if len(differences) == 1 else f"{len(differences)} products differ"
    return f"{total}: {', '.join(parts)} (- in A, + in B; times are UTC)"
