"""``curated compare``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from curated.cli.context import Settings, format_option, jobs_option, pass_settings, print_json
from curated.cli.release.fingerprint_command import collection_option, look, plain_dataset

if TYPE_CHECKING:
    from curated.datasets.inventory import Difference
    from curated.datasets.record import Dataset

_SAID = {
    "missing": "only in A",
    "added": "only in B",
    "validity": "valid at other times",
    "content": "another content",
}


@click.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@collection_option
@jobs_option
@format_option()
@pass_settings
def command(
    settings: Settings, first: str, second: str, collections: tuple[str, ...], jobs: int | None, form: str
) -> None:
    """Say what differs between the calibrations in force in A and in B; exit 1 if anything does.

    Each of them is a package, a bundle, a repository, a revision of this package, or DIR@REV.

    \b
    Examples:
      curated compare v1.1 v1.2
      curated compare HEAD build/repo
      curated compare /site/a/repo /site/b/repo
      curated compare build/v2 build/repo --collection demo/calib/v2
    """
    from curated.datasets.inventory import compare
    from curated.report.text import printable

    one, other = (look(settings, where, collections, None, jobs) for where in (first, second))
    failed = one.failed or other.failed
    found = compare(one.inventory, other.inventory)
    if form == "json":
        print_json(
            "compare",
            failed=failed,
            same=not found,
            sources=[one.inventory.source, other.inventory.source],
            fingerprints=[one.inventory.fingerprint, other.inventory.fingerprint],
            differences=[_plain(difference) for difference in found],
        )
    elif not failed:
        click.echo(f"A: {printable(one.inventory.source)}\nB: {printable(other.inventory.source)}")
        for text in _lines(found):
            click.echo(printable(text))
        number = len(one.inventory.datasets)
        click.echo(_summary(found) if found else f"the same {number} calibrations are in force in both")
    raise SystemExit(1 if failed or found else 0)


def _plain(difference: Difference) -> dict[str, object]:
    dataset_type, data_id = difference.key
    return {
        "dataset_type": dataset_type,
        "data_id": dict(data_id),
        "kind": difference.kind,
        "first": [plain_dataset(dataset) for dataset in difference.first],
        "second": [plain_dataset(dataset) for dataset in difference.second],
    }


def _lines(found: list[Difference]) -> Iterator[str]:
    from curated.datasets.record import key_text
    from curated.datasets.spans import utc_span_texts

    texts = utc_span_texts(dataset.span for one in found for dataset in (*one.first, *one.second))

    def line(sign: str, dataset: Dataset) -> str:
        return f"  {sign} {texts[dataset.span].removesuffix(' UTC')}  {dataset.content[:12]}"

    for one in found:
        yield f"{key_text(one.key)}: {_SAID[one.kind]}"
        yield from (line("-", dataset) for dataset in one.first)
        yield from (line("+", dataset) for dataset in one.second)


def _summary(found: list[Difference]) -> str:
    counts = Counter(one.kind for one in found)
    parts = [f"{counts[kind]} {said}" for kind, said in _SAID.items() if counts[kind]]
    counted = "1 product differs" if len(found) == 1 else f"{len(found)} products differ"
    return f"{counted}: {', '.join(parts)} (- in A, + in B; times are UTC)"
