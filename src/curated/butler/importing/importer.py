"""Import of a verified bundle into a repository: all of it or nothing, and nothing twice."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from lsst.daf.butler import Butler, ButlerConfig
from lsst.daf.butler.registry import ConflictingDefinitionError
from sqlalchemy.exc import DBAPIError

from curated.bundle.contents import Contents
from curated.butler.chains.cameras import other_cameras
from curated.butler.datastores.choice import FormatterChoice, choose_formatters
from curated.butler.datastores.stores import FileStore, datastore_problems, file_stores
from curated.butler.importing.execution import (
    Execution,
    execute,
    renew_runs,
)
from curated.butler.importing.integrity import FileStates
from curated.butler.importing.lookups import compare_lookups
from curated.butler.importing.orphans import close_journal, find_orphans, remove_orphans
from curated.butler.importing.placement import require_places
from curated.butler.importing.plan import Plan, make_plan
from curated.butler.importing.receipt import DatabaseSnapshot, write_receipt
from curated.butler.importing.report import ImportReport, instrument_reports
from curated.butler.importing.request import ImportRequest
from curated.butler.importing.transfer import Uris, butler_mode, plan_uploads, refuse_links, upload
from curated.butler.repository.compatibility import closing_butler
from curated.butler.repository.creation import (
    create_repository,
    create_trial,
    datastore_root,
    read_seed,
)
from curated.butler.repository.database import check_database, database_file
from curated.butler.repository.failures import remote_failures, repository_failures
from curated.butler.repository.locks import config_lock, registry_lock
from curated.butler.repository.opening import collection_info, find_config, journal_of, repository_root
from curated.butler.repository.records import make_record, update_state, write_record
from curated.butler.repository.universe import fit_records
from curated.core.diagnostic import CuratedError, Diagnostic, Problem, has_errors
from curated.datasets.lookups import LookupChanges
from curated.registry import all_types

# Where no lock keeps others out, an import that loses a race finds the winner's datasets at the next attempt.
_ATTEMPTS = 3


class _Preparation(NamedTuple):
    """A plan with the choices that it needs, and all findings."""

    plan: Plan
    stores: tuple[FileStore, ...]
    formatters: FormatterChoice
    destinations: Uris
    lookups: Mapping[str, LookupChanges]
    diagnostics: tuple[Diagnostic, ...]


def import_contents(
    request: ImportRequest, contents: Contents, missing: Mapping[str, Problem], states: FileStates
) -> ImportReport:
    """Import a verified bundle into a repository.

    Parameters
    ----------
    missing : `dict` [`str`, `Problem`]
        Problems of missing files, which an earlier import may have moved into the repository, by path.
    states : `dict` [`str`, `FileState`]
        States of the bundle's files when they were verified.

    Raises
    ------
    CuratedError
        If the repository cannot be used or written.
    """
    with (
        repository_failures(request.repo),
        _failures(),
        remote_failures(),
        _repository(request, contents) as (config, created),
    ):
        for attempt in range(1, _ATTEMPTS + 1):
            with closing_butler(Butler.from_config(config, writeable=not request.dry_run)) as butler:
                try:
                    report = _attempt(butler, config, request, contents, missing, states, retry=attempt > 1)
                    return replace(report, created=created)
                except ConflictingDefinitionError:
                    if attempt == _ATTEMPTS:
                        raise
    raise AssertionError("the last attempt returns or raises")


def _attempt(
    butler: Butler,
    config: ButlerConfig,
    request: ImportRequest,
    contents: Contents,
    missing: Mapping[str, Problem],
    states: FileStates,
    *,
    retry: bool,
) -> ImportReport:
    database = database_file(config)
    snapshot = None if database is None else DatabaseSnapshot.of(database)
    refuse_links(request.transfer, butler.get_datastore_roots().values())
    preparation = _prepare(butler, request, contents, missing)
    plan = preparation.plan
    if request.dry_run or has_errors(preparation.diagnostics):
        return _report(butler, config, request, preparation, paths=plan.files.paths.values())
    if retry:
        renew_runs(butler, plan)
    journal = journal_of(request.repo)
    uploads = upload(plan, preparation.destinations, states, journal, request.progress)
    execution = execute(
        butler, config, plan, request, preparation.stores, preparation.formatters, uploads, states, journal
    )
    if snapshot is not None:
        snapshot.require_same_file()
    paths = {**plan.files.paths, **execution.paths}
    report = _report(
        butler,
        config,
        request,
        preparation,
        tuple(_record(butler, request, plan)),
        paths.values(),
        {str(uri) for uri in uploads.values()},
    )
    # A receipt has one file of each dataset.
    if snapshot is not None and len(preparation.stores) == 1:
        _write_receipt(request, plan, report, snapshot, execution, paths)
    return report


def _prepare(
    butler: Butler,
    request: ImportRequest,
    contents: Contents,
    missing: Mapping[str, Problem],
) -> _Preparation:
    stores = file_stores(butler)
    fitted = fit_records(butler, contents)
    plan = make_plan(butler, fitted.contents, request)
    mode = butler_mode(request.transfer, contents.root, butler)
    refs = [plan.refs[entry.uuid] for entry in plan.ingest]
    problems = list(datastore_problems(stores, refs, mode, contents.root.stat().st_dev))
    require_places(stores, plan, mode)
    uploads = plan_uploads(stores, plan, mode)
    formatters = choose_formatters(
        stores, zip(plan.ingest, refs, strict=True), plan.present_records(), request.formatter, request.repo
    )
    lookups = compare_lookups(butler, plan, request.repo)
    members = {instrument: chain.before or () for instrument, chain in plan.chains.items()}
    cameras = other_cameras(butler, plan.contents, members)
    paths = {entry.path for entry in (*plan.ingest, *(entry for entry, _ in plan.files.lost))}
    diagnostics = (
        *plan.diagnostics,
        *(Diagnostic.from_problem(problem, request.repo) for problem in fitted.problems),
        *(Diagnostic.from_problem(missing[path], path) for path in paths & missing.keys()),
        *(Diagnostic.from_problem(problem, request.repo) for problem in problems),
        *formatters.diagnostics,
        *lookups.diagnostics,
        *(Diagnostic.from_problem(problem, request.repo) for problem in cameras),
        *uploads.diagnostics,
    )
    return _Preparation(plan, stores, formatters, uploads.destinations, lookups.changes, diagnostics)


def _report(
    butler: Butler,
    config: ButlerConfig,
    request: ImportRequest,
    preparation: _Preparation,
    diagnostics: Iterable[Diagnostic] = (),
    paths: Iterable[str] = (),
    uploads: Collection[str] = (),
) -> ImportReport:
    """Look for files of killed imports, remove them if requested, and report."""
    plan = preparation.plan
    report = ImportReport.of(request, plan.contents, (*preparation.diagnostics, *diagnostics))
    runs = {entry.run for entry in plan.contents.entries}
    journal = journal_of(request.repo)
    stores = request.clean or request.dry_run
    files = {*paths, *_own_files(config)}
    orphans = find_orphans(butler, request.repo, runs, files, journal, stores=stores)
    removed: tuple[str, ...] = ()
    problems = orphans.problems()
    if orphans and request.clean and not request.dry_run and report.ok:
        removed = remove_orphans(butler, orphans)
        problems = replace(orphans, files=(), directories=()).problems()
    if not request.dry_run and report.ok:
        close_journal(journal, runs, orphans, cleaned=bool(removed), stores=stores, uploads=uploads)
    findings = [Diagnostic.from_problem(problem, request.repo) for problem in problems]
    report = replace(report, diagnostics=tuple(sorted((*report.diagnostics, *findings))))
    copied = [entry for entry, _ in plan.files.lost]
    if butler_mode(request.transfer, plan.contents.root, butler) == "copy":
        copied += plan.ingest
    return replace(
        report,
        planned=plan.complete,
        instruments=instrument_reports(plan, preparation.lookups, butler.dimensions),
        formatters_mended=preparation.formatters.mended,
        bytes_copied=sum(entry.size for entry in copied),
        removed=removed,
    )


def _record(butler: Butler, request: ImportRequest, plan: Plan) -> Iterator[Diagnostic]:
    """Record in the repository what was imported, for `curated scrub`."""
    contents = plan.contents
    root = repository_root(request.repo)
    try:
        write_record(root, contents.root, make_record(butler, contents))
        infos = [collection_info(butler, chain.name) for chain in plan.chains.values()]
        chains = {info.name: info.children for info in infos if info is not None}
        if update_state(root, chains=chains, replace_damaged=True):
            text = "what was recorded of earlier changes was damaged, and is written anew without them"
            yield Diagnostic.from_problem(Problem("CAL698", (), text), request.repo)
    except OSError as error:
        text = f"release {contents.label} could not be recorded: {error.strerror or error}"
        yield Diagnostic.from_problem(Problem("CAL698", (), text), request.repo)


def _own_files(config: ButlerConfig) -> Iterator[str]:
    """Yield the files of a repository that belong to no dataset: its configuration and its database."""
    if config.configFile is not None and config.configFile.isLocal:
        yield config.configFile.ospath
    database = database_file(config)
    if database is not None:
        yield from (database, f"{database}-journal", f"{database}-wal", f"{database}-shm")


def _write_receipt(
    request: ImportRequest,
    plan: Plan,
    report: ImportReport,
    snapshot: DatabaseSnapshot,
    execution: Execution,
    paths: Mapping[str, str],
) -> None:
    state = snapshot.undisturbed_state(
        execution.first_commit or 0,
        execution.commits,
        fresh=not plan.datasets.refs and not plan.certifications.present,
        changed=report.changed,
    )
    if state is not None:
        write_receipt(request, plan.contents, report, snapshot.database, state, paths)


@contextmanager
def _repository(request: ImportRequest, contents: Contents) -> Iterator[tuple[ButlerConfig, bool]]:
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
    # All types, so that the repository is ready for later bundles with more of them.
    names = {kind.name for kind in contents.kinds} | {cls.SPEC.dataset for cls in all_types().values()}
    seed = read_seed(request.seed_config)
    refuse_links(request.transfer, [datastore_root(repository_root(request.repo), seed)])
    if not request.dry_run:
        with registry_lock(seed, request.wait):
            existing = find_config(request.repo)  # another import may have created it in the meantime
            config = existing or create_repository(request.repo, names, request.seed_config)
            with config_lock(config, request.wait):
                yield config, existing is None
        return
    with tempfile.TemporaryDirectory() as directory:
        # A plan for an empty repository also shows what Butler itself would refuse.
        yield create_trial(Path(directory) / "repository", names, request.seed_config), True


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
