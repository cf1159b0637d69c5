"""A bundle into a repository: all of it or nothing, and nothing twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from lsst.daf.butler import Butler, ButlerConfig
from lsst.daf.butler.registry import ConflictingDefinitionError
from sqlalchemy.exc import DBAPIError

from curated.bundle.contents import Contents
from curated.butler.importing.execution import choose_formatters, execute, method_for, renew_runs
from curated.butler.importing.gaps import find_holes
from curated.butler.importing.orphans import find_orphans, remove_orphans
from curated.butler.importing.plan import Plan
from curated.butler.importing.planner import make_plan
from curated.butler.importing.receipt import Witness, write_receipt
from curated.butler.importing.report import ImportReport
from curated.butler.importing.request import ImportRequest
from curated.butler.importing.summary import instrument_reports
from curated.butler.importing.upload import refuse_links, upload, upload_places
from curated.butler.importing.verification import located, question
from curated.butler.repository.creation import create_repository, datastore_root, read_seed
from curated.butler.repository.failures import remote_failures
from curated.butler.repository.locks import config_lock, registry_lock
from curated.butler.repository.opening import (
    check_database,
    database_file,
    find_config,
    repository_root,
)
from curated.core.diagnostic import CuratedError, Problem, has_errors
from curated.registry import all_types

# Where no lock keeps others out, an import that loses a race finds the winner's datasets next time.
_ATTEMPTS = 3


def import_contents(
    contents: Contents, request: ImportRequest, report: ImportReport, missing: Mapping[str, Problem]
) -> ImportReport:
    """Bring a verified bundle into a repository.

    Parameters
    ----------
    contents : `Contents`
        The bundle.
    request : `ImportRequest`
        Into what, and how.
    report : `ImportReport`
        What is known so far.
    missing : `dict` [`str`, `Problem`]
        Files that an import by moving may have moved already.
    """
    with (
        _failures(),
        remote_failures(),
        _repository(contents, request) as (config, created),
        ExitStack() as opened,
    ):
        return _import(contents, config, request, replace(report, created=created), missing, opened)


def _import(
    contents: Contents,
    config: ButlerConfig,
    request: ImportRequest,
    report: ImportReport,
    missing: Mapping[str, Problem],
    opened: ExitStack,
) -> ImportReport:
    for attempt in range(1, _ATTEMPTS + 1):
        witness = Witness(database_file(config))
        witness.look()
        butler = opened.enter_context(closing(Butler.from_config(config, writeable=not request.dry_run)))
        refuse_links(request.transfer, *butler.get_datastore_roots().values())
        plan = make_plan(butler, contents, report.repository, chain=request.chain)
        lost = {entry.path for entry in plan.ingest} | {entry.path for entry, _ in plan.lost}
        plan.diagnostics += located({path: missing[path] for path in sorted(lost & missing.keys())})
        formatters = choose_formatters(plan, config, butler, report.repository)
        if request.chain and plan.complete:
            find_holes(butler, plan, report.repository)
        places = upload_places(butler, config, plan, method_for(request.transfer, plan.contents.root, butler))
        if request.dry_run or has_errors(plan.diagnostics):
            return _reported(report, plan, request, butler)
        if attempt > 1:
            renew_runs(butler, plan)
        try:
            uploaded = upload(plan, places, request.progress)
            execute(
                butler,
                config,
                plan,
                formatters,
                request.transfer,
                witness,
                chain=request.chain,
                progress=request.progress,
                uploaded=uploaded,
            )
        except ConflictingDefinitionError:
            if attempt == _ATTEMPTS:
                raise
        else:
            witness.check()
            done = _reported(report, plan, request, butler)
            _remember(done, plan, request, witness)
            return done
    raise AssertionError("the last attempt returns or raises")


def _remember(report: ImportReport, plan: Plan, request: ImportRequest, witness: Witness) -> None:
    asked = question(plan.contents, request)
    fresh = not plan.present and not plan.certified
    state = witness.state(fresh=fresh, changed=report.changed)
    if asked is not None and state is not None and witness.database is not None:
        write_receipt(asked, report, witness.database, state, plan.files, plan.contents)


def _reported(report: ImportReport, plan: Plan, request: ImportRequest, butler: Butler) -> ImportReport:
    copied = [entry for entry, _ in plan.lost]
    if method_for(request.transfer, plan.contents.root, butler) == "copy":
        copied += plan.ingest
    thoroughly = request.clean or request.dry_run
    orphans = find_orphans(butler, plan, report.repository, thoroughly=thoroughly)
    removed: tuple[str, ...] = ()
    if orphans and request.clean and not request.dry_run and not has_errors(plan.diagnostics):
        removed = remove_orphans(butler, orphans)
    elif orphans:
        plan.find(report.repository, "CAL641", str(orphans))
    return replace(
        report,
        planned=plan.complete,
        instruments=instrument_reports(plan, chain=request.chain),
        bytes_copied=sum(entry.size for entry in copied),
        removed=removed,
        diagnostics=tuple(sorted(plan.diagnostics)),
    )


@contextmanager
def _repository(contents: Contents, request: ImportRequest) -> Iterator[tuple[ButlerConfig, bool]]:
    """Yield the configuration of a repository to work on, and whether it is new."""
    config = find_config(request.repo)
    if config is not None:
        with ExitStack() as locks:
            if not request.dry_run:
                locks.enter_context(config_lock(config, request.wait))
                locks.enter_context(registry_lock(config, request.wait))
            check_database(config, request.wait, write=not request.dry_run)
            yield config, False
        return
    # All types, so that later bundles with more of them find the repository prepared.
    names = {kind.name for kind in contents.kinds} | {cls.SPEC.dataset for cls in all_types().values()}
    seed = read_seed(request.seed_config)
    refuse_links(request.transfer, datastore_root(repository_root(request.repo), seed))
    if not request.dry_run:
        with registry_lock(seed, request.wait):
            found = find_config(request.repo)  # somebody else may have made it in the meantime
            config = found or create_repository(request.repo, names, request.seed_config)
            with config_lock(config, request.wait):
                yield config, found is None
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
    except BlockingIOError as error:
        raise CuratedError(
            "another import works on the repository",
            "run it again when that is done, or wait longer with --wait SECONDS; nothing was changed",
        ) from error
    except (OSError, NotImplementedError) as error:
        raise CuratedError(
            f"the repository could not be written: {error}",
            "see to permissions and space, or use --transfer copy; nothing that readers see was changed",
        ) from error
