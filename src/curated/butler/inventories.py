"""What is in force in a package, in a bundle or in a repository, so that any two of them can be compared."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curated.bundle.base import Base, read_base
from curated.bundle.builder import default_label
from curated.bundle.manifest import make_manifest
from curated.check.instruments import complete_instruments
from curated.convert import convert_package
from curated.convert.origin import Origin
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.parallel import Progress
from curated.datasets.inventory import Inventory
from curated.datasets.record import Dataset, data_id_of
from curated.datasets.spans import Span
from curated.fits.digest import content_digest
from curated.git.repository import check_out, open_repository, resolve_commit
from curated.package.package import Package, open_package

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Audit:
    """What is in force somewhere.

    Parameters
    ----------
    kind : `str`
        ``package``, ``bundle`` or ``repository``.
    inventory : `Inventory`
        What is in force.
    diagnostics : `tuple` [`Diagnostic`]
        What is wrong there; with an error among them the inventory is not whole.
    """

    kind: str
    inventory: Inventory
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the inventory is not whole."""
        return any(d.is_error for d in self.diagnostics)


def audit(
    where: str,
    directory: str = ".",
    *,
    collections: Sequence[str] = (),
    revision: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Find out what is in force in a package, a bundle or a repository.

    Parameters
    ----------
    where : `str`
        The directory of a package or a bundle; path, URI or alias of a repository; a revision of the
        package in ``directory``, or a package and a revision, as ``DIR@REV``. Empty for that package
        as it is now.
    directory : `str`, optional
        A directory of the package that revisions are of.
    collections : sequence [`str`], optional
        Collections of a repository, in the order of lookups.
    revision : `str`, optional
        Commit of a package.
    jobs : `int`, optional
        Number of processes.
    progress : `~collections.abc.Callable`, optional
        Told of progress.

    Raises
    ------
    CuratedError
        If there is nothing of the kind.
    """
    path = Path(where)
    if (path / "manifest.json").is_file():
        return _of_bundle(path)
    if _is_repository(where):
        return _of_repository(where, collections, progress)
    with _found_package(where, directory, revision) as (package, place):
        return _of_package(package, place, jobs, progress)


def find_base(where: str, package: Package, *, progress: Progress | None = None) -> Base:
    """Return what a bundle can build on.

    Parameters
    ----------
    where : `str`
        Directory of a bundle; path, URI or alias of a repository; or a tag or another revision, whose
        release has the label that it gets by itself.
    package : `Package`
        The package that is bundled.
    progress : `~collections.abc.Callable`, optional
        Told of progress.
    """
    if (Path(where) / "manifest.json").is_file():
        return read_base(Path(where))
    if _is_repository(where):
        from curated.butler.certified.inventory import take_inventory

        found = take_inventory(where, (), _staged(progress))
        _refuse(found.diagnostics, where)
        return found.base()
    commit = resolve_commit(open_repository(package.root), where)
    label = default_label(package, Origin(commit, "", False, {}, {}))
    with _checked_out(package, commit) as earlier:
        manifest, diagnostics = _manifest(earlier, label, None, progress)
    _refuse(diagnostics, where)
    # The stamp is not known, and so neither is the hash of the file: what it holds is compared.
    return Base.of(label, (d | {"sha256": None, "size": None} for d in manifest["datasets"]))


def _refuse(diagnostics: Sequence[Diagnostic], where: str) -> None:
    errors = [d for d in diagnostics if d.is_error]
    if errors:
        raise CuratedError(
            f"nothing can build on {where}: {errors[0].file}: {errors[0].message} ({len(errors)} errors)",
            "'curated fingerprint' shows them all; bundle without --base",
        )


def _is_repository(where: str) -> bool:
    if os.path.isdir(where):
        return os.path.isfile(os.path.join(where, "butler.yaml"))
    if os.path.isfile(where) or "://" in where:
        return True
    index = os.environ.get("DAF_BUTLER_REPOSITORY_INDEX") or os.environ.get("DAF_BUTLER_REPOSITORIES")
    if not index or not where:
        return False
    from curated.butler import is_alias

    return is_alias(where)


def _of_bundle(path: Path) -> Audit:
    from curated.bundle.manifest_reader import read_contents

    _, found = read_contents(path)
    diagnostics = list(found)
    base = read_base(path)
    datasets: list[dict[str, Any]] = []
    for dataset in base.by_identity.values():
        content = dataset["content"]
        if dataset["path"] is not None:
            try:
                content = _content(path / dataset["path"])
            except OSError as error:
                problem = Problem("CAL613", (), f"the file cannot be read: {error.strerror}")
                diagnostics.append(Diagnostic.from_problem(problem, dataset["path"]))
                continue
        datasets.append({**dataset, "content": content})
    return Audit("bundle", Inventory.of(f"bundle {path}", map(_record, datasets)), tuple(diagnostics))


def _content(path: Path) -> str:
    with path.open("rb", buffering=0) as stream:
        return content_digest(iter(lambda: stream.read(_CHUNK), b""))


def _of_repository(where: str, collections: Sequence[str], progress: Progress | None) -> Audit:
    from curated.butler.certified.inventory import take_inventory

    found = take_inventory(where, collections, _staged(progress))
    return Audit("repository", found.inventory, found.diagnostics)


def _staged(progress: Progress | None) -> Any:
    return None if progress is None else lambda _, done, total: progress(done, total)


@contextmanager
def _found_package(where: str, directory: str, revision: str | None) -> Iterator[tuple[Package, str]]:
    """Give a package, and what it is for people."""
    place = where or directory
    if not os.path.isdir(place):
        place, at, named = where.rpartition("@")
        if not at or not os.path.isdir(place):
            place, named = directory, where
        revision = revision or named
    package = open_package(place)
    if revision is None:
        commit = _commit(package)
        yield package, f"package {package.root}" + (f" at {commit[:12]}" if commit else "")
        return
    try:
        commit = resolve_commit(open_repository(package.root), revision)
    except CuratedError as error:
        raise CuratedError(
            f"{where or revision}: there is no package, bundle or repository, and {error.message}",
            error.hint or "name a directory, a repository, or a revision of the package that -C names",
        ) from error
    with _checked_out(package, commit) as earlier:
        yield earlier, f"package {package.root} at {commit[:12]}"


@contextmanager
def _checked_out(package: Package, commit: str) -> Iterator[Package]:
    """Give the package of a commit, with its files on a disk, so that several processes can read them."""
    repository = open_repository(package.root)
    with tempfile.TemporaryDirectory(prefix="curated-") as name:
        directory = Path(name).resolve()
        check_out(repository, commit, directory)
        yield open_package(directory / repository.prefix)


def _of_package(package: Package, source: str, jobs: int | None, progress: Progress | None) -> Audit:
    manifest, diagnostics = _manifest(package, "package", jobs, progress)
    return Audit("package", Inventory.of(source, map(_record, manifest["datasets"])), tuple(diagnostics))


def _record(dataset: Mapping[str, Any]) -> Dataset:
    span = Span.of(dataset["validity"]["begin_tai_ns"], dataset["validity"]["end_tai_ns"])
    return Dataset(dataset["dataset_type"], data_id_of(dataset["data_id"]), span, content=dataset["content"])


def _commit(package: Package) -> str:
    """Return the commit that a work tree is of; nothing where there is none."""
    try:
        return resolve_commit(open_repository(package.root))
    except CuratedError:
        return ""


def _manifest(
    package: Package, label: str, jobs: int | None, progress: Progress | None
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """Return what a bundle of a package would list, with nothing written and whatever git says of it."""
    origin = Origin("", package.config.url, dirty=True, blobs={}, last_commits={})
    report, converted = convert_package(package, origin, None, jobs=jobs, progress=progress, for_bundle=True)
    if report.failed:
        return {"datasets": []}, list(report.diagnostics)
    instruments = complete_instruments(package, report.reports, report.declared)
    return make_manifest(origin, label, report, instruments, converted), list(report.diagnostics)
