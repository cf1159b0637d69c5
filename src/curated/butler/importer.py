"""A bundle into a repository: all of it or nothing, and nothing twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from lsst.daf.butler import Butler, ButlerConfig
from lsst.daf.butler.registry import ConflictingDefinitionError
from sqlalchemy.exc import DBAPIError

from curated.butler.contents import Contents
from curated.butler.execute import choose_formatters, execute, method_for
from curated.butler.holes import find_holes
from curated.butler.manifest import read_contents
from curated.butler.orphans import find_orphans, remove_orphans
from curated.butler.plan import Plan, make_plan
from curated.butler.report import ImportReport
from curated.butler.repository import create_repository, exclusive, find_config
from curated.butler.summary import instrument_reports
from curated.butler.verify import Progress, verify
from curated.diagnostic import CuratedError, Diagnostic, Problem, has_errors
from curated.registry import all_types

TRANSFERS = ("copy", "hardlink", "symlink", "direct", "move")

# Where no lock keeps others out, an import that loses a race finds the winner's datasets next time.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to import.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    label : `str`, optional
        Release label to use instead of the bundle's.
    transfer : `str`
        One of `TRANSFERS`.
    chain : `bool`
        Whether to prepend the collections to the chains of recommended ones.
    dry_run : `bool`
        Whether to change nothing.
    clean : `bool`
        Whether to remove what killed imports have left.
    seed_config : `str`, optional
        Configuration for a repository that does not exist yet.
    progress : callable, optional
        Told the stage, how much is done, and how much there is.
    """

    repo: str
    label: str | None = None
    transfer: str = "copy"
    chain: bool = True
    dry_run: bool = False
    clean: bool = False
    seed_config: str | None = None
    progress: Progress | None = None


def run_import(bundle: Path, options: Options) -> ImportReport:
    """Verify a bundle and bring it into a repository.

    Parameters
    ----------
    bundle : `pathlib.Path`
        The bundle's directory.
    options : `Options`
        Into what, and how.
    """
    if options.transfer not in TRANSFERS:
        raise CuratedError(f"no transfer mode {options.transfer}", f"use one of {', '.join(TRANSFERS)}")
    report = ImportReport(
        bundle=str(bundle), repository=options.repo, transfer=options.transfer, dry_run=options.dry_run
    )
    contents, diagnostics = read_contents(bundle)
    if contents is None:
        return replace(report, diagnostics=tuple(diagnostics))
    if options.label is not None:
        contents = contents.relabelled(options.label)
    report = replace(report, label=contents.label)
    problems = verify(contents, options.progress)
    if options.transfer == "move":
        # An import by moving that was killed has moved some files already; planning tells which.
        missing = {path: problem for path, problem in problems.items() if problem.code == "CAL613"}
    else:
        missing = {}
    if len(missing) < len(problems):
        return replace(report, diagnostics=_located(problems))
    with _failures(), _repository(contents, options) as (config, created):
        return _import(contents, config, options, replace(report, created=created), missing)


def _import(
    contents: Contents,
    config: ButlerConfig,
    options: Options,
    report: ImportReport,
    missing: Mapping[str, Problem],
) -> ImportReport:
    for attempt in range(1, _ATTEMPTS + 1):
        butler = Butler.from_config(config, writeable=not options.dry_run)
        plan = make_plan(butler, contents, report.repository, chain=options.chain)
        lost = {entry.path for entry in plan.ingest} | {entry.path for entry, _ in plan.lost}
        plan.diagnostics += _located({path: missing[path] for path in sorted(lost & missing.keys())})
        formatters = choose_formatters(plan, config, butler, report.repository)
        if options.chain and plan.complete:
            find_holes(butler, plan, report.repository)
        if options.dry_run or has_errors(plan.diagnostics):
            return _reported(report, plan, options, butler)
        try:
            execute(
                butler, plan, formatters, options.transfer, chain=options.chain, progress=options.progress
            )
        except ConflictingDefinitionError:
            if attempt == _ATTEMPTS:
                raise
        else:
            return _reported(report, plan, options, butler)
    raise AssertionError("the last attempt returns or raises")


def _reported(report: ImportReport, plan: Plan, options: Options, butler: Butler) -> ImportReport:
    copied = [entry for entry, _ in plan.lost]
    if method_for(options.transfer, plan.contents.root, butler) == "copy":
        copied += plan.ingest
    orphans = find_orphans(butler, plan, report.repository)
    removed: tuple[str, ...] = ()
    if orphans and options.clean and not options.dry_run and not has_errors(plan.diagnostics):
        removed = remove_orphans(butler, orphans)
    elif orphans:
        plan.find(report.repository, "CAL641", str(orphans))
    return replace(
        report,
        planned=plan.complete,
        instruments=instrument_reports(plan, chain=options.chain),
        bytes_copied=sum(entry.size for entry in copied),
        removed=removed,
        diagnostics=tuple(sorted(plan.diagnostics)),
    )


@contextmanager
def _repository(contents: Contents, options: Options) -> Iterator[tuple[ButlerConfig, bool]]:
    """Yield the configuration of a repository to work on, and whether it is new."""
    config = find_config(options.repo)
    if config is not None:
        with nullcontext() if options.dry_run else exclusive(config):
            yield config, False
        return
    # All types, so that later bundles with more of them find the repository prepared.
    names = {kind.name for kind in contents.kinds} | {cls.SPEC.dataset for cls in all_types().values()}
    if not options.dry_run:
        config = create_repository(options.repo, names, options.seed_config)
        with exclusive(config):
            yield config, True
        return
    with tempfile.TemporaryDirectory() as directory:
        # Planned against an empty one, so that what Butler itself would refuse is found as well.
        yield create_repository(str(Path(directory) / "repository"), names), True


@contextmanager
def _failures() -> Iterator[None]:
    """Turn what a repository refuses to do into failures of the environment."""
    try:
        yield
    except ConflictingDefinitionError as error:
        raise CuratedError(
            f"another program keeps changing the same datasets: {error}", "run it again when that is done"
        ) from error
    except DBAPIError as error:
        raise CuratedError(
            f"the repository's database refused: {error.orig}",
            "run it again when no other program writes to the repository; nothing that readers see was changed",
        ) from error
    except (OSError, NotImplementedError) as error:
        raise CuratedError(
            f"the repository could not be written: {error}",
            "see to permissions and space, or use --transfer copy; nothing that readers see was changed",
        ) from error


def _located(problems: Mapping[str, Problem]) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic.from_problem(problem, path) for path, problem in sorted(problems.items()))
