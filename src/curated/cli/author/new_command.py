"""``curated new``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from curated.cli.context import Settings, echo, format_option, pass_settings, print_json
from curated.core.diagnostic import CuratedError


@click.group("new", subcommand_metavar="package DIR | instrument NAME | TYPE")
def command() -> None:
    """Write drafts of a package, an instrument or a calibration.

    \b
    Examples:
      curated new package my-calibs

    What is written passes 'curated check' as it is. Nothing is overwritten without --force.
    """


@command.command("package")
@click.argument("directory", metavar="DIR", type=click.Path())
@click.option(
    "--url",
    default="",
    metavar="URL",
    help="Public address of the package, which is stamped into each FITS file.",
)
@click.option(
    "--git/--no-git",
    "with_git",
    default=None,
    help="Make it a git repository; by default unless it is in one, or there is no git.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@format_option()
@pass_settings
def package(
    settings: Settings,
    directory: str,
    url: str,
    with_git: bool | None,
    dry_run: bool,
    force: bool,
    form: str,
) -> None:
    """Write a package without calibrations into the directory DIR, which is made if need be.

    Its files: curated.yaml, which marks the package; README.md; calibs/, for the instruments; .gitattributes and
    .gitignore; a workflow that checks pull requests on GitHub, and a hook of pre-commit that checks commits.

    'curated check' accepts that it has no calibration yet, since curated.yaml says 'stage: new'.

    \b
    Examples:
      curated new package my-calibs
      curated new package . --no-git --url https://example.org/calibs
      curated new package my-calibs --dry-run

    Exit status 2 if a file is there already and --force is not given; then nothing is written.
    """
    from curated.core.storage.staging import replace_together
    from curated.drafts.package import draft_package
    from curated.git.repository import create_repository, find_work_tree
    from curated.package.config import CONFIG_FILE, parse_config

    root = Path(os.path.abspath(os.path.join(settings.directory, directory)))
    name = root.name
    if not name or not name.isprintable():
        raise CuratedError(
            f"{directory!r} is no name for a package", "name a directory: curated new package my-calibs"
        )
    if os.path.lexists(root) and not root.is_dir():
        raise CuratedError(f"{root} is no directory", "name one, or a new name")
    _refuse_enclosing_package(root)
    is_repository = find_work_tree(root) is not None
    if with_git is None:
        with_git = not is_repository and shutil.which("git") is not None
    contents = draft_package(name, url)
    faults = parse_config(contents[CONFIG_FILE]).diagnostics
    if faults:
        raise CuratedError(f"--url: {faults[0].message}", faults[0].hint)
    existing = [path for path in contents if os.path.lexists(root / path)]
    if existing and not force:
        raise CuratedError(
            f"{', '.join(existing)}: there already, in {root}",
            "name another directory, or replace them with --force",
        )
    if not dry_run:
        is_new = not os.path.lexists(root)
        try:
            replace_together(
                root, {path: text.encode() for path, text in contents.items()}, only_new=not force
            )
            if with_git and not is_repository:
                create_repository(root)
        except BaseException:
            if is_new:
                shutil.rmtree(root, ignore_errors=True)
            raise
    is_created = with_git and not is_repository
    if form == "json":
        _print_json(root, contents, existing, dry_run=dry_run, repository=is_created)
        return
    _print_files(contents, existing, dry_run=dry_run)
    if is_created:
        echo(f".git: {'would be made' if dry_run else 'made'}, a repository with the branch main")
    if not dry_run:
        where = os.path.relpath(root)
        steps = ["curated new instrument NAME --detectors 4 --size 4096x4096 --filter g=g"]
        echo("", "next:", *(f"  {step}" for step in ([] if where == "." else [f"cd {where}"]) + steps))


def _refuse_enclosing_package(root: Path) -> None:
    """Refuse a directory inside another package, which would be part of it."""
    from curated.package.config import CONFIG_FILE

    for directory in root.parents:
        if os.path.lexists(directory / CONFIG_FILE):
            raise CuratedError(
                f"{root} is in the package {directory}", "make the package beside it; packages are not nested"
            )


def _print_json(root: Path, contents: Mapping[str, str], existing: list[str], **values: Any) -> None:
    files = [
        {"path": path, "exists": path in existing, "text": text} for path, text in sorted(contents.items())
    ]
    print_json("new", root=str(root), files=files, **values)


def _print_files(contents: Mapping[str, str], existing: list[str], *, dry_run: bool) -> None:
    """Print which files were written, or their texts."""
    for path, text in contents.items():
        if dry_run:
            echo(f"--- {path}", *text.rstrip("\n").split("\n"))
        else:
            echo(f"{path}: {'replaced' if path in existing else 'written'}")
