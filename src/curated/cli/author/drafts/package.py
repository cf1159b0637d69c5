"""``curated new package``."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import click

from curated.cli.author.drafts.output import write_drafts
from curated.cli.author.file_outcomes import dry_run_option, force_option
from curated.cli.context import Settings, format_option, pass_settings
from curated.core.diagnostic import CuratedError


@click.command("package")
@click.argument("directory", metavar="DIR", type=click.Path())
@click.option(
    "--url", default="", metavar="URL", help="Public address of the package, stamped into FITS files."
)
@click.option(
    "--git/--no-git",
    "with_git",
    default=None,
    help="Make it a git repository; by default unless it is in one, or there is no git.",
)
@dry_run_option
@force_option
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
    from curated.drafts.package import draft_package
    from curated.git.repository import create_repository, find_work_tree
    from curated.package.config import CONFIG_FILE, parse_config

    root = _root(settings, directory)
    is_in_repository = find_work_tree(root) is not None
    if with_git is None:
        with_git = shutil.which("git") is not None
    contents = draft_package(root.name, url)
    faults = parse_config(contents[CONFIG_FILE]).diagnostics
    if faults:
        raise CuratedError(f"--url: {faults[0].message}", faults[0].hint)
    creates = with_git and not is_in_repository
    if creates and shutil.which("git") is None:
        raise CuratedError("there is no git to make a repository with", "install git, or leave --git out")
    where = os.path.relpath(root)
    # A directory after a dash would be an option of 'cd'.
    steps = [f"cd {shlex.quote(f'./{where}' if where.startswith('-') else where)}"] * (where != ".")
    steps += ["curated new instrument NAME --detectors 4 --size 4096x4096 --filter g=g"]
    remarks = [f"{'made' if not dry_run else 'would make'} a git repository with the branch main"] * creates
    write_drafts(
        settings,
        root,
        {path: text.encode() for path, text in contents.items()},
        form,
        force=force,
        dry_run=dry_run,
        remarks=remarks,
        steps=steps,
        repository=creates,
    )
    if creates and not dry_run:
        try:
            create_repository(root)
        except CuratedError as error:
            hint = (
                error.hint
                or f"the files are written; run 'git init' in {root}, or leave it out with --no-git"
            )
            raise CuratedError(error.message, hint) from error


def _root(settings: Settings, directory: str) -> Path:
    """Return the directory of a new package.

    Raises
    ------
    CuratedError
        If there can be none.
    """
    from curated.package.config import CONFIG_FILE

    root = Path(os.path.abspath(os.path.join(settings.directory, directory)))
    if not directory.strip() or not root.name or not root.name.isprintable():
        raise CuratedError(
            f"{directory!r} is no name for a package", "name a directory: curated new package my-calibs"
        )
    for parent in root.parents:
        if os.path.lexists(parent / CONFIG_FILE):
            raise CuratedError(
                f"{root} is in the package {parent}", "make the package beside it; packages are not nested"
            )
    return root
