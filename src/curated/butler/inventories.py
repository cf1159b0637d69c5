"""The calibrations in force in a package, a bundle or a repository, and what a bundle can build on."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from curated.bundle.base import Base, read_base
from curated.bundle.checks.consistency import declared_spec
from curated.bundle.contents import Entry
from curated.bundle.label import default_label
from curated.bundle.manifest import make_entries
from curated.bundle.manifest_reader import MANIFEST_FILE, read_contents
from curated.bundle.renaming import Renaming, renamed_instruments
from curated.butler.repository import require_butler
from curated.check.instruments import complete_instruments
from curated.convert import convert_package
from curated.convert.origin import Origin
from curated.core.diagnostic import CuratedError, Diagnostic, Problem, has_errors
from curated.core.parallel import Progress
from curated.datasets.foreign import ForeignType, count_foreign
from curated.datasets.inventory import Inventory
from curated.export.bundle_contents import BundleFile, bytes_of_entries, values_of_entries
from curated.export.differences import Holdings, StoredFile
from curated.export.holdings import LocalFile
from curated.git.checkout import check_out
from curated.git.repository import open_repository, resolve_commit
from curated.git.revisions import find_revision
from curated.package.committed import compare_with_commit
from curated.package.instrument import Instrument
from curated.package.package import Package, open_package


@dataclass(frozen=True, slots=True)
class SourceInventory:
    """The calibrations in force in a source.

    Parameters
    ----------
    kind : `str`
        ``package``, ``bundle`` or ``repository``.
    inventory : `Inventory`
        Calibrations with joined ranges.
    diagnostics : `tuple` [`Diagnostic`]
        Findings; with an error among them the inventory is incomplete.
    foreign : `tuple` [`ForeignType`]
        Dataset types that no calibration type declares: no package can have them, so that they do not count.
    holdings : `Holdings`, optional
        The inventory with the files of its datasets, as long as they are there; see `read_inventory`.
    """

    kind: str
    inventory: Inventory
    diagnostics: tuple[Diagnostic, ...] = ()
    foreign: tuple[ForeignType, ...] = ()
    holdings: Holdings | None = None

    @property
    def failed(self) -> bool:
        """Whether the inventory is incomplete."""
        return has_errors(self.diagnostics)


def read_inventory(
    source: str,
    directory: str = ".",
    *,
    collections: Sequence[str] = (),
    revision: str | None = None,
    names_of: str = "",
    choices: Sequence[str] = (),
    certain: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
    by_bytes: bool = False,
    stack: ExitStack | None = None,
) -> SourceInventory:
    """Return the calibrations in force in a package, a bundle or a repository.

    Parameters
    ----------
    source : `str`
        The directory of a package or a bundle; path, URI or alias of a repository; a revision of the
        package in ``directory``, or a package and a revision, as ``DIR@REV``. Empty for that package
        as it is now.
    directory : `str`, optional
        A directory of the package that revisions are of.
    collections : sequence [`str`], optional
        Collections of a repository, in the order of lookups.
    revision : `str`, optional
        Commit of a package.
    names_of : `str`, optional
        A repository: what it calls the instruments of a package or a bundle is taken instead of inferred names.
        Something else that is no repository is ignored.
    choices : sequence [`str`], optional
        Choices ``NAME=REPOSITORY'S NAME`` for instruments that are not certain.
    certain : `bool`, optional
        Whether it is an error that an instrument is not certain; otherwise it has the package's name.
    jobs : `int`, optional
        Number of processes; as many as processors if not given.
    progress : `~collections.abc.Callable`, optional
        Called with the number of files done and their total.
    by_bytes : `bool`, optional
        Whether the content of a calibration is the hash of its FITS file without origin and validity, instead of that
        of the values that its type declares.
    stack : `contextlib.ExitStack`, optional
        Until it is closed, the files of the inventory are there, also those of a revision.

    Raises
    ------
    CuratedError
        If there is no such source, or it is a bundle without the files that it refers to, and values are wanted.
    """
    if _is_bundle(source):
        return _bundle_inventory(
            Path(source), names_of, choices, jobs, progress, certain=certain, by_bytes=by_bytes
        )
    if _is_repository(source):
        require_butler()
        from curated.butler.certified.inventory import read_repository

        repository = read_repository(source, collections, progress, by_bytes=by_bytes, jobs=jobs)
        return SourceInventory(
            "repository",
            repository.inventory,
            repository.diagnostics,
            repository.foreign,
            repository.holdings,
        )
    with ExitStack() as own_stack:
        package, name = (stack or own_stack).enter_context(_opened_package(source, directory, revision))
        content = _package_content(
            package, "package", jobs, progress, names_of, choices, certain, by_bytes=by_bytes
        )
        inventory = Inventory.of(name, content.entries)
        return SourceInventory(
            "package", inventory, tuple(content.diagnostics), holdings=content.holdings(inventory, package)
        )


def lacks_files(source: str) -> bool:
    """Return whether a source is a bundle that refers to files of its base, so that their values are not known."""
    contents = read_contents(Path(source))[0] if _is_bundle(source) else None
    return contents is not None and any(entry.is_reference for entry in contents.entries)


def find_base(
    source: str, package: Package, *, choices: Sequence[str] = (), progress: Progress | None = None
) -> Base:
    """Return the datasets that a bundle can refer to.

    Parameters
    ----------
    source : `str`
        Directory of a bundle; path, URI or alias of a repository; or a tag or another revision, whose
        release has its default label.
    package : `Package`
        The package that is bundled.
    choices : sequence [`str`], optional
        Choices ``NAME=REPOSITORY'S NAME`` for instruments whose names in a repository are not certain.
    progress : `~collections.abc.Callable`, optional
        Called with the number of files done and their total.

    Raises
    ------
    CuratedError
        If there is no such source, or its inventory is incomplete.
    """
    if _is_bundle(source):
        return read_base(Path(source))
    if _is_repository(source):
        require_butler()
        from curated.butler.certified.inventory import read_repository

        repository = read_repository(source, (), progress)
        _refuse(repository.diagnostics, source)
        return replace(repository.base(), renamings=_renamings_in(source, package, choices))
    commit = resolve_commit(open_repository(package.root), source)
    label = default_label(package, Origin(commit, "", False, {}, {}))
    with _checked_out(package, commit) as committed:
        content = _package_content(committed, label, None, progress)
    _refuse(content.diagnostics, source)
    # The stamp is not known, and so neither is the hash of the file: its content is compared.
    return Base.of(label, (replace(entry, sha256="", size=0) for entry in content.entries))


def _refuse(diagnostics: Sequence[Diagnostic], source: str) -> None:
    errors = [d for d in diagnostics if d.is_error]
    if errors:
        raise CuratedError(
            f"nothing can build on {source}: {errors[0].file}: {errors[0].message} ({len(errors)} errors)",
            "'curated fingerprint' shows them all; bundle without --base",
        )


def _is_bundle(source: str) -> bool:
    return (Path(source) / MANIFEST_FILE).is_file()


def _is_repository(source: str) -> bool:
    if os.path.isdir(source):
        return os.path.lexists(os.path.join(source, "butler.yaml"))
    if os.path.lexists(source) or "://" in source:
        return True
    index = os.environ.get("DAF_BUTLER_REPOSITORY_INDEX") or os.environ.get("DAF_BUTLER_REPOSITORIES")
    if not index or not source:
        return False
    from curated.butler import is_alias

    return is_alias(source)


def _renamings_in(repo: str, package: Package, choices: Sequence[str]) -> dict[str, Renaming]:
    """Return what a repository calls the instruments of a package; it is checked if some of them are inferred."""
    if all(package.layout.instruments.values()) and not choices:
        return {}
    from curated.butler.instruments.names import package_renamings
    from curated.check.package import check_package

    # A cache that is wrong would name another instrument.
    report = check_package(package, use_cache=False)
    instruments = complete_instruments(package, report.reports, report.declared)
    return package_renamings(repo, instruments.values(), choices, certain=True).renamings


def _bundle_inventory(
    path: Path,
    names_of: str,
    choices: Sequence[str],
    jobs: int | None,
    progress: Progress | None,
    *,
    certain: bool,
    by_bytes: bool,
) -> SourceInventory:
    contents, diagnostics = read_contents(path)
    if contents is not None and names_of and _is_repository(names_of):
        require_butler()
        from curated.butler.instruments.names import bundle_renamings

        names = bundle_renamings(names_of, contents, choices, certain=certain)
        contents = contents.renamed(names.renamings)
        diagnostics += [Diagnostic.from_problem(problem, str(path)) for problem in names.unsettled]
    datasets: list[Entry] = []
    others: list[Entry] = []
    classes: dict[str, str] = {}
    if contents is not None:
        classes = {kind.name: kind.storage_class for kind in contents.kinds}
        entries = [entry for entry in contents.entries if declared_spec(entry.dataset_type) is not None]
        others = [entry for entry in contents.entries if declared_spec(entry.dataset_type) is None]
        results = (
            bytes_of_entries(path, entries) if by_bytes else values_of_entries(path, entries, jobs, progress)
        )
        for entry, content in zip(entries, results, strict=True):
            if isinstance(content, Problem):
                diagnostics.append(Diagnostic.from_problem(content, entry.path))
            else:
                datasets.append(replace(entry, content=content))
    inventory = Inventory.of(f"bundle {path}", datasets)
    files = {
        (entry.key, entry.span.begin): StoredFile(entry.path, BundleFile(str(path), entry.path))
        for entry in datasets
        if not entry.is_reference
    }
    records = contents.records.get("detector", ()) if contents is not None else ()
    detector_names = {(str(r["instrument"]), int(r["id"])): str(r["full_name"]) for r in records}
    holdings = Holdings(inventory, files, detector_names=detector_names)
    return SourceInventory("bundle", inventory, tuple(diagnostics), count_foreign(others, classes), holdings)


@contextmanager
def _opened_package(source: str, directory: str, revision: str | None) -> Iterator[tuple[Package, str]]:
    """Give a package, and its name for people."""
    root = source or directory
    if not os.path.isdir(root):
        root, at, source_revision = source.rpartition("@")
        if not at or not os.path.isdir(root):
            root, source_revision = directory, source
        revision = revision or source_revision
    package = open_package(root)
    if revision is None:
        commit = _head(package)
        at = f" at {commit[:12]}{_changes(package, commit)}" if commit else ""
        if package.git_obstacle:
            at += f", of which git says nothing: {package.git_obstacle}"
        yield package, f"package {package.root}{at}"
        return
    try:
        commit = find_revision(open_repository(package.root), revision).sha1
    except CuratedError as error:
        raise CuratedError(
            f"{source or revision}: there is no package, bundle or repository, and {error.message}",
            error.hint or "name a directory, a repository, or a revision of the package that -C names",
        ) from error
    with _checked_out(package, commit) as committed:
        yield committed, f"package {package.root} at {commit[:12]}"


@contextmanager
def _checked_out(package: Package, commit: str) -> Iterator[Package]:
    """Give the package of a commit, with its files on a disk, so that several processes can read them."""
    repository = open_repository(package.root)
    with tempfile.TemporaryDirectory(prefix="curated-") as name:
        directory = Path(name).resolve()
        check_out(repository, commit, directory, keep_pointers=True)
        yield open_package(directory / repository.prefix)


def _head(package: Package) -> str:
    """Return the commit of a work tree; empty if it is in no repository."""
    try:
        return resolve_commit(open_repository(package.root))
    except CuratedError:
        return ""


def _changes(package: Package, commit: str) -> str:
    """Return the words for files of a work tree that are not those of its commit; empty if all are."""
    try:
        comparison = compare_with_commit(package, open_repository(package.root), commit)
    except CuratedError as error:
        return f", or with changes, which is not known: {error.message}"
    return ", with changes that are not committed" if comparison.differences else ""


class _PackageContent(NamedTuple):
    """The datasets of a package, findings in it, the paths of its datasets, and its instruments."""

    entries: list[Entry]
    diagnostics: list[Diagnostic]
    paths: Sequence[str] = ()
    instruments: Sequence[Instrument] = ()

    def holdings(self, inventory: Inventory, package: Package) -> Holdings:
        """Return an inventory of these datasets with their files."""
        files = {
            (entry.key, entry.span.begin): StoredFile(path, LocalFile(os.path.join(package.root, path)))
            for entry, path in zip(self.entries, self.paths, strict=True)
        }
        detectors = {
            (instrument.name, detector.id): instrument.geometry(detector.id)
            for instrument in self.instruments
            for detector in instrument.detectors.values()
        }
        return Holdings(inventory, files, detectors, {place: d.name for place, d in detectors.items()})


def _package_content(
    package: Package,
    label: str,
    jobs: int | None,
    progress: Progress | None,
    names_of: str = "",
    choices: Sequence[str] = (),
    certain: bool = False,
    *,
    by_bytes: bool = True,
) -> _PackageContent:
    """Return the datasets of a bundle of a package, with nothing written and whether or not it is committed."""
    package.require_whole(
        package.hidden,
        "what is in force is not known",
        "name a revision, such as HEAD, to take its own files",
    )
    origin = Origin("", package.config.url, dirty=True, blobs={}, last_commits={})
    report, converted = convert_package(
        package, origin, None, jobs=jobs, progress=progress, for_bundle=by_bytes, for_values=not by_bytes
    )
    if report.failed:
        return _PackageContent([], list(report.diagnostics))
    diagnostics = list(report.diagnostics)
    instruments = complete_instruments(package, report.reports, report.declared)
    if names_of and _is_repository(names_of) and not _is_bundle(names_of):
        require_butler()
        from curated.butler.instruments.names import package_renamings

        names = package_renamings(names_of, instruments.values(), choices, certain=certain)
        instruments = renamed_instruments(instruments, names.renamings)
        diagnostics += [Diagnostic.from_problem(problem, str(package.root)) for problem in names.unsettled]
    paths = [result.file.path for result in converted]
    entries = make_entries(label, report, instruments, converted)
    return _PackageContent(entries, diagnostics, paths, tuple(instruments.values()))
