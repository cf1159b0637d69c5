"""``curated fingerprint``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

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
from curated.core.diagnostic import CuratedError

if TYPE_CHECKING:
    from contextlib import ExitStack

    from curated.butler.inventories import SourceInventory
    from curated.datasets.record import Dataset

collection_option = click.option(
    "--collection",
    "collections",
    multiple=True,
    metavar="C",
    help="Collection of a repository; may be repeated, in the order of lookups. The chains <inst>/calib if not given.",
)

choice_option = click.option(
    "--instrument",
    "choices",
    multiple=True,
    metavar="NAME=REPOSITORY'S NAME",
    help="Which of the repository's instruments one of the package is; may be repeated.",
)


bytes_option = click.option(
    "--bytes",
    "by_bytes",
    is_flag=True,
    help="Compare the FITS files themselves, all keywords and bytes but origin and validity, instead of the values.",
)


@click.command("fingerprint")
@click.argument("where", required=False, default="", metavar="[PACKAGE|BUNDLE|REPO]")
@click.option(
    "--rev", "revision", metavar="REV", help="Commit of the package; its files as they are if not given."
)
@collection_option
@click.option(
    "--names-of",
    default="",
    metavar="REPO",
    help="Take the names that this repository has for the instruments of a package or bundle.",
)
@choice_option
@click.option(
    "--list", "list_lines", is_flag=True, help="Print the lines that the fingerprint is the SHA-256 of."
)
@click.option(
    "--without",
    "left_out",
    multiple=True,
    metavar="TYPE",
    help="Leave a type out, such as stack_camera, which a repository has and the package does not; may be repeated.",
)
@bytes_option
@allow_empty_option
@jobs_option
@allow_class_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    where: str,
    revision: str | None,
    collections: tuple[str, ...],
    names_of: str,
    choices: tuple[str, ...],
    list_lines: bool,
    left_out: tuple[str, ...],
    by_bytes: bool,
    allow_empty: bool,
    jobs: int | None,
    form: str,
) -> None:
    """Print one hash over what is in force: type, data ID, validity in TAI, and values of every calibration.

    It is the same from a package, from a bundle and from a repository, whoever filled it and in whatever files,
    exactly when the same calibrations are in force. Of what a file holds, the values that its type declares count;
    with --bytes all of it but origin and validity. Means of curves over amplifiers count rounded, in single precision
    to 1/256: `curated compare` sees smaller differences. `curated fingerprint --list | sha256sum` gives the same hash.

    \b
    Examples:
      curated fingerprint
      curated fingerprint build/repo --collection demo/calib/v1.2
      curated fingerprint --rev v1.2 --list
    """
    from curated.datasets.foreign import foreign_text
    from curated.report.text import printable

    if choices and not names_of:
        raise click.UsageError("--instrument NAME=OTHER needs --names-of REPO")
    names = _dataset_types(left_out)
    audit = find_inventory(
        settings, where, collections, revision, jobs, names_of, choices, certain=True, by_bytes=by_bytes
    )
    if collections and audit.kind != "repository":
        raise click.UsageError(f"--collection has no effect: {where} is no repository")
    datasets = (dataset for dataset in audit.inventory.datasets if dataset.dataset_type not in names)
    audit = replace(audit, inventory=replace(audit.inventory, datasets=tuple(datasets)))
    refuse_empty(audit, allow_empty=allow_empty)
    if audit.foreign and form != "json":
        settings.remark(
            printable(f"not counted: {foreign_text(audit.foreign)}, which no calibration type declares")
        )
    inventory = audit.inventory
    if form == "json":
        print_json(
            "fingerprint",
            failed=audit.failed,
            where=audit.kind,
            source=inventory.source,
            fingerprint=inventory.fingerprint,
            calibrations=len(inventory.datasets),
            foreign=[foreign.to_dict() for foreign in audit.foreign],
            lines=[dataset_to_json(dataset) for dataset in inventory.datasets] if list_lines else None,
            findings=[d.to_dict() for d in audit.diagnostics],
        )
    elif list_lines:
        for line in inventory.lines():
            echo(line)
    elif not audit.failed:
        echo(
            f"{inventory.fingerprint}  {len(inventory.datasets)} calibrations in force in {inventory.source}"
        )
    raise SystemExit(1 if audit.failed else 0)


def _dataset_types(names: tuple[str, ...]) -> set[str]:
    """Return the dataset types of types, or fail for one that does not exist."""
    from curated.registry import get_type

    return {get_type(name).SPEC.dataset for name in names}


def find_inventory(
    settings: Settings,
    where: str,
    collections: tuple[str, ...],
    revision: str | None = None,
    jobs: int | None = None,
    names_of: str = "",
    choices: tuple[str, ...] = (),
    *,
    certain: bool = False,
    by_bytes: bool = False,
    stack: ExitStack | None = None,
) -> SourceInventory:
    """Return the inventory of a package, bundle or repository, after printing its errors."""
    from curated.butler.inventories import read_inventory

    with settings.progress("reading") as progress:
        result = read_inventory(
            where,
            settings.directory,
            collections=collections,
            revision=revision,
            names_of=names_of,
            choices=choices,
            certain=certain,
            jobs=jobs,
            progress=progress,
            by_bytes=by_bytes,
            stack=stack,
        )
    echo_findings(settings, (d for d in result.diagnostics if d.is_error or d.code == "CAL644"))
    if result.failed:
        echo(
            f"{result.inventory.source}: what is in force is not known as long as there are errors", err=True
        )
    return result


def refuse_empty(audit: SourceInventory, *, allow_empty: bool) -> None:
    """Fail if nothing is in force: all empty sources are alike, and most of them are a mistake.

    Raises
    ------
    CuratedError
        If there is no calibration and no error, unless that is allowed.
    """
    from curated.datasets.foreign import foreign_text

    if not (audit.inventory.datasets or audit.failed or allow_empty):
        hint = "see that it is the right one; --allow-empty accepts it"
        others = (
            f", but {foreign_text(audit.foreign)}, which no calibration type declares"
            if audit.foreign
            else ""
        )
        raise CuratedError(f"no calibration is in force in {audit.inventory.source}{others}", hint)


def dataset_to_json(dataset: Dataset) -> dict[str, Any]:
    """Return a calibration in force as data for JSON."""
    begin, end = dataset.span.bounds
    return {
        "dataset_type": dataset.dataset_type,
        "data_id": dict(dataset.data_id),
        "begin_tai_ns": begin,
        "end_tai_ns": end,
        "content": dataset.content,
    }
