"""All of an import that needs no Butler, which takes seconds to start."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from curated.bundle.contents import Contents
from curated.bundle.manifest_reader import MANIFEST, read_contents
from curated.bundle.verification import verify
from curated.butler.importing.options import TRANSFERS, Options
from curated.butler.importing.receipt import CONFIG, Question, remembered
from curated.butler.importing.report import ImportReport
from curated.core.diagnostic import CuratedError, Diagnostic, Problem


def prepare(bundle: Path, options: Options) -> tuple[ImportReport, Contents | None, dict[str, Problem]]:
    """Read and verify a bundle.

    Parameters
    ----------
    bundle : `pathlib.Path`
        The bundle's directory.
    options : `Options`
        Into what, and how.

    Returns
    -------
    report : `ImportReport`
        The final one where there are no contents.
    contents : `Contents`, optional
        What is left to import.
    missing : `dict` [`str`, `Problem`]
        Files that an import by moving may have moved already.
    """
    if options.transfer not in TRANSFERS:
        raise CuratedError(f"no transfer mode {options.transfer}", f"use one of {', '.join(TRANSFERS)}")
    report = ImportReport(
        bundle=str(bundle), repository=options.repo, transfer=options.transfer, dry_run=options.dry_run
    )
    contents, diagnostics = read_contents(bundle)
    if contents is None:
        return replace(report, diagnostics=tuple(diagnostics)), None, {}
    if options.label is not None:
        contents = contents.relabelled(options.label)
    report = replace(report, label=contents.label)
    problems = verify(contents, options.progress)
    missing: dict[str, Problem] = {}
    if options.transfer == "move":
        # An import by moving that was killed has moved some files already; planning tells which.
        missing = {path: problem for path, problem in problems.items() if problem.code == "CAL613"}
    if len(missing) < len(problems):
        return replace(report, diagnostics=located(problems)), None, {}
    if not options.dry_run and not options.clean:
        asked = question(contents, options)
        done = None if asked is None else remembered(asked, contents, report)
        if done is not None:
            return done, None, {}
    return report, contents, missing


def question(contents: Contents, options: Options) -> Question | None:
    """Return what a receipt would answer; nothing for a repository that is not on a local disk.

    Parameters
    ----------
    contents : `Contents`
        The bundle.
    options : `Options`
        Into what, and how.
    """
    if not os.path.isfile(os.path.join(options.repo, CONFIG)):
        return None
    return Question(
        bundle=os.path.abspath(contents.root),
        repo=os.path.abspath(options.repo),
        label=contents.label,
        transfer=options.transfer,
        chain=options.chain,
        manifest=_digest(contents.root / MANIFEST),
    )


def located(problems: Mapping[str, Problem]) -> tuple[Diagnostic, ...]:
    """Return problems of files as findings."""
    return tuple(Diagnostic.from_problem(problem, path) for path, problem in sorted(problems.items()))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
