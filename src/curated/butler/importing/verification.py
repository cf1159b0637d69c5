"""Verify a bundle before an import: all of it that needs no Butler, which takes seconds to start."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from curated.bundle.contents import Contents
from curated.bundle.manifest_reader import MANIFEST, read_contents
from curated.bundle.verification import verify
from curated.butler.importing.receipt import CONFIG, Question, remembered
from curated.butler.importing.report import ImportReport
from curated.butler.importing.request import ImportRequest
from curated.core.diagnostic import Diagnostic, Problem


def verify_bundle(
    request: ImportRequest,
) -> tuple[ImportReport, Contents | None, dict[str, Problem]]:
    """Read a bundle and verify its files.

    Returns
    -------
    report : `ImportReport`
        The final one if there are no contents.
    contents : `Contents`, optional
        The bundle; `None` if there is nothing to import, or errors stand in the way.
    missing : `dict` [`str`, `Problem`]
        Problems of missing files, which an earlier import may have moved into the repository, by path.
    """
    bundle = request.bundle
    report = ImportReport(
        bundle=str(bundle), repository=request.repo, transfer=request.transfer, dry_run=request.dry_run
    )
    contents, diagnostics = read_contents(bundle)
    if contents is None:
        return replace(report, diagnostics=tuple(diagnostics)), None, {}
    if request.label is not None:
        contents = contents.relabelled(request.label)
    report = replace(report, label=contents.label)
    problems = verify(contents, request.progress)
    missing: dict[str, Problem] = {}
    if request.transfer == "move":
        # An import by moving that was killed has moved some files already; planning tells which.
        missing = {path: problem for path, problem in problems.items() if problem.code == "CAL613"}
    if len(missing) < len(problems):
        return replace(report, diagnostics=located(problems)), None, {}
    if not request.dry_run and not request.clean:
        asked = question(contents, request)
        done = None if asked is None else remembered(asked, contents, report)
        if done is not None:
            return done, None, {}
    return report, contents, missing


def question(contents: Contents, request: ImportRequest) -> Question | None:
    """Return what a receipt would answer; nothing for a repository that is not on a local disk.

    Parameters
    ----------
    contents : `Contents`
        The bundle.
    request : `ImportRequest`
        Into what, and how.
    """
    if not os.path.isfile(os.path.join(request.repo, CONFIG)):
        return None
    return Question(
        bundle=os.path.abspath(contents.root),
        repo=os.path.abspath(request.repo),
        label=contents.label,
        transfer=request.transfer,
        chain=request.chain,
        manifest=_digest(contents.root / MANIFEST),
    )


def located(problems: Mapping[str, Problem]) -> tuple[Diagnostic, ...]:
    """Return problems of files as findings."""
    return tuple(Diagnostic.from_problem(problem, path) for path, problem in sorted(problems.items()))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
