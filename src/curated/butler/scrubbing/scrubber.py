"""Scrub a repository: every stored file, certification and definition against what was imported."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lsst.daf.butler import Butler, CollectionType, MissingCollectionError
from lsst.resources import ResourcePath

from curated.bundle.contents import Contents
from curated.bundle.manifest_reader import MANIFEST_FILE, read_contents
from curated.bundle.proof.signature import SUMS_FILE, Proof, read_proof
from curated.bundle.verification import THREADS
from curated.butler.repository.failures import is_about_repository, plain
from curated.butler.repository.files import name_in_zip, read_stored
from curated.butler.repository.opening import collection_info, opened, repository_root
from curated.butler.repository.records import (
    DIRECTORY,
    IMPORT_FILE,
    MOST_STATE,
    STATE_FILE,
    ImportRecord,
    RepositoryState,
    file_sha256,
    local_records,
    read_state,
)
from curated.butler.scrubbing.files import FileProblem, StoredFile, check_files, check_object
from curated.butler.scrubbing.registry import (
    Holdings,
    Release,
    chain_findings,
    definition_findings,
    expected_files,
    formatter_findings,
    read_holdings,
    release_findings,
    shared_file_findings,
)
from curated.core.diagnostic import CuratedError, Diagnostic, Problem, has_errors
from curated.core.parallel import Progress, run_all
from curated.core.ssh_signature import Trust, read_plain_file
from curated.datasets.foreign import ForeignType
from curated.datasets.record import key_text


@dataclass(frozen=True, slots=True)
class ScrubRequest:
    """The request of a scrub.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    bundles : sequence [`pathlib.Path`], optional
        Bundles whose manifests count instead of the repository's own records of them.
    collections : sequence [`str`], optional
        CALIBRATION collections and chains to look at; all releases and chains ``<inst>/calib`` if empty.
    trust : `Trust`, optional
        Trusted keys, by one of which records and bundles must be signed; if not given, they need not be signed.
    sample : `float`, optional
        Percentage of the files that are read; the registry is compared as a whole.
    seed : `int`, optional
        Which part of the files is read: consecutive numbers select parts that follow on one another.
    jobs : `int`, optional
        Number of processes that read files.
    progress : callable, optional
        Called with the number of files read and their total.
    """

    repo: str
    bundles: Sequence[Path] = ()
    collections: Sequence[str] = ()
    trust: Trust | None = None
    sample: float = 100.0
    seed: int = 0
    jobs: int | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class ScrubReport:
    """Result of a scrub.

    Parameters
    ----------
    repository : `str`
        Path, URI or alias of the repository.
    releases : `tuple` [`Release`]
        Releases that the repository was compared with.
    files, bytes : `int`
        Files that were read, and their size where it is known.
    selected_of : `int`
        Files among which these were selected.
    datasets, certifications : `int`
        Datasets and certifications that were compared.
    uncovered : `dict` [`str`, `int`]
        Numbers of datasets that nothing vouches for, by collection; of those of their files that were read, the FITS
        checksums that they have were verified.
    foreign : `tuple` [`ForeignType`]
        Dataset types that no calibration type declares, of datasets that nothing vouches for; they are not among ``uncovered``.
    diagnostics : `tuple` [`Diagnostic`]
        Findings.
    """

    repository: str
    releases: tuple[Release, ...] = ()
    files: int = 0
    bytes: int = 0
    selected_of: int = 0
    datasets: int = 0
    certifications: int = 0
    uncovered: Mapping[str, int] | None = None
    foreign: tuple[ForeignType, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged, missing or changed."""
        return not has_errors(self.diagnostics)

    @property
    def complete(self) -> bool:
        """Whether something vouches for all that was looked at."""
        return not self.uncovered and all(d.code != "CAL698" for d in self.diagnostics)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for machine-readable output."""
        return {
            "repository": self.repository,
            "ok": self.ok,
            "complete": self.complete,
            "releases": [
                {"label": r.contents.label, "source": r.source, "signer": r.signer or None}
                for r in self.releases
            ],
            "files": self.files,
            "bytes": self.bytes,
            "selected_of": self.selected_of,
            "datasets": self.datasets,
            "certifications": self.certifications,
            "uncovered": dict(self.uncovered or {}),
            "foreign": [foreign.to_dict() for foreign in self.foreign],
            "findings": [d.to_dict() for d in self.diagnostics],
        }


def scrub(request: ScrubRequest) -> ScrubReport:
    """Compare what a repository holds with what was imported; nothing is changed.

    Raises
    ------
    CuratedError
        If there is no repository, no such collection or bundle, or its database cannot be opened.
    """
    with opened(request.repo) as butler:
        try:
            return _scrub(butler, repository_root(request.repo), request)
        except (CuratedError, OSError, MemoryError):
            raise
        except Exception as error:
            # Whatever stands in the tables in place of what belongs there, Butler fails on it in its own ways.
            if not is_about_repository(error):
                raise
            detail = f"it cannot be read: {type(error).__name__}: {plain(error)[:300]}"
            return ScrubReport(request.repo, diagnostics=(_finding("CAL695", detail, request.repo),))


def _scrub(butler: Butler, root: ResourcePath, request: ScrubRequest) -> ScrubReport:
    with local_records(root) as records:
        releases, findings = _releases(request, records)
        state, damage = _state(root, is_recorded=bool(records))
    findings += damage
    collections = _collections(butler, request.collections, releases)
    releases = [r for r in releases if any(t.calibration in collections for t in r.contents.targets)]
    holdings = read_holdings(butler, collections)
    for release in releases:
        findings += definition_findings(butler, release)
        findings += release_findings(holdings, release, state, releases)
    findings += chain_findings(butler, releases, state)
    findings += shared_file_findings(holdings)
    findings += formatter_findings(holdings, releases)
    files, uncovered, foreign = expected_files(holdings, releases)
    selected = [item for item in files if _is_selected(item[0], request.sample, request.seed)]
    findings += _file_findings(holdings, selected, request)
    findings += [_uncovered_finding(name, count) for name, count in sorted(uncovered.items())]
    return ScrubReport(
        request.repo,
        tuple(releases),
        files=sum(_copies(holdings, uuid) for uuid, _ in selected),
        bytes=sum(file.size * _copies(holdings, uuid) for uuid, file in selected),
        selected_of=sum(_copies(holdings, uuid) for uuid, _ in files),
        datasets=len(holdings.members),
        certifications=sum(map(len, holdings.certified.values())),
        uncovered=uncovered,
        foreign=foreign,
        diagnostics=tuple(sorted(set(findings))),
    )


# -- what vouches for a release -----------------------------------------------------------------------------


def _releases(request: ScrubRequest, records: Sequence[Path]) -> tuple[list[Release], list[Diagnostic]]:
    """Return the releases that bundles and records vouch for, and what is wrong with these."""
    findings: list[Diagnostic] = []
    by_manifest: dict[str, list[Release]] = {}
    for directory in records:
        release, problems = _recorded_release(directory, request.trust, request.bundles)
        findings += problems
        if release is not None:
            by_manifest.setdefault(release.record.manifest, []).append(release)
    for bundle in request.bundles:
        contents, signer, problems = _vouched(bundle, str(bundle), request.trust)
        findings += problems
        if contents is None or has_errors(problems):
            continue
        digest = contents.manifest_sha256
        recorded = by_manifest.get(digest, [])
        by_manifest[digest] = [
            replace(
                release,
                contents=contents.relabelled(release.contents.label).renamed(release.record.renamings),
                source=str(bundle),
                signer=signer,
            )
            for release in recorded
        ] or [Release(contents, source=str(bundle), signer=signer)]
    return [release for releases in by_manifest.values() for release in releases], findings


def _recorded_release(
    directory: Path, trust: Trust | None, bundles: Sequence[Path]
) -> tuple[Release | None, list[Diagnostic]]:
    place = f"{DIRECTORY}/{directory.name}"
    try:
        record = ImportRecord.of(read_plain_file(directory / IMPORT_FILE, MOST_STATE))
        digest = file_sha256(directory / MANIFEST_FILE)
    except (OSError, ValueError) as error:
        return None, [_finding("CAL697", str(error), place)]
    if record.manifest != digest or directory.name != record.name:
        return None, [_finding("CAL697", "its manifest is not the one that was imported", place)]
    if any(_same_manifest(bundle, digest) for bundle in bundles):
        trust = None  # the bundle is asked instead
    contents, signer, findings = _vouched(directory, place, trust)
    if contents is None or has_errors(findings):
        return None, findings
    if contents.manifest_sha256 != digest:
        return None, [_finding("CAL697", "its manifest changes while it is read", place)]
    try:
        contents = contents.relabelled(record.label).renamed(record.renamings)
        return Release(contents, record, place, signer), findings
    except CuratedError as error:
        return None, [_finding("CAL697", error.message, place)]


def _same_manifest(bundle: Path, digest: str) -> bool:
    try:
        return file_sha256(bundle / MANIFEST_FILE) == digest
    except OSError:
        return False


def _vouched(
    directory: Path, place: str, trust: Trust | None
) -> tuple[Contents | None, str, list[Diagnostic]]:
    """Return a manifest that its signed hash list contains, the signer, and what is wrong with them."""
    contents, findings = read_contents(directory)
    signer = ""
    if (directory / SUMS_FILE).exists() or trust is not None:
        proof = read_proof(directory, trust)
        findings += [d for d in proof.diagnostics if d.is_error]
        if contents is not None:
            findings += _list_findings(contents, proof)
        signer = proof.signer
    return contents, signer, [replace(d, file=f"{place}/{d.file}") for d in findings]


def _list_findings(contents: Contents, proof: Proof) -> Iterator[Diagnostic]:
    if proof.hashes and proof.hashes.get(MANIFEST_FILE) != contents.manifest_sha256:
        yield _finding("CAL697", f"the manifest is not the one in {SUMS_FILE}", MANIFEST_FILE)


def _state(root: ResourcePath, *, is_recorded: bool) -> tuple[RepositoryState, list[Diagnostic]]:
    """Return the recorded state, and what is wrong with it; every import that is recorded records one."""
    try:
        return read_state(root), []
    except FileNotFoundError:
        missing = [_finding("CAL697", f"{STATE_FILE} is gone", DIRECTORY)]
        return RepositoryState(), missing if is_recorded else []
    except (OSError, ValueError) as error:
        return RepositoryState(), [_finding("CAL697", str(error), DIRECTORY)]


# -- what is looked at --------------------------------------------------------------------------------------


def _collections(butler: Butler, names: Sequence[str], releases: Iterable[Release]) -> set[str]:
    """Return the CALIBRATION collections to look at."""
    kind = {CollectionType.CALIBRATION}
    if names:
        try:
            return set(butler.collections.query(names, collection_types=kind, flatten_chains=True))
        except MissingCollectionError as error:
            raise CuratedError(str(error), "'butler query-collections' lists them") from error
    collections = {target.calibration for release in releases for target in release.contents.targets}
    for record in butler.query_dimension_records("instrument", explain=False, limit=None):
        chain = f"{record.name}/calib"
        collections.update(butler.collections.query(f"{chain}/*", collection_types=kind))
        if collection_info(butler, chain) is not None:
            collections.update(butler.collections.query(chain, collection_types=kind, flatten_chains=True))
    return collections


def _is_selected(uuid: str, percentage: float, seed: int) -> bool:
    """Say whether a dataset is in a sample: parts of consecutive numbers follow on one another, and together are all."""
    share = percentage / 100
    place = int.from_bytes(hashlib.sha256(uuid.encode()).digest()[:8], "big") / 2**64
    return share >= 1 or (place - seed * share) % 1 < share


def _file_findings(
    holdings: Holdings, selected: Sequence[tuple[str, StoredFile]], request: ScrubRequest
) -> Iterator[Diagnostic]:
    """Yield what is wrong with stored files; those on a local disk are read by several processes."""
    local, remote = [], []
    for uuid, file in selected:
        uris = [record.uri for record in holdings.files.get(uuid, ()) if record.info.component is None]
        if not uris:
            detail = f"{key_text_of(holdings, uuid)}: the repository knows of no single file"
            yield _finding("CAL691", detail, uuid)
        for uri in uris:
            if uri.isLocal and not name_in_zip(uri):
                local.append((uuid, file._replace(path=uri.ospath)))
            else:
                remote.append((uri, file._replace(path=str(uri))))
    results = run_all(check_files, [file for _, file in local], request.jobs, request.progress)
    for (_, file), problem in zip(local, results, strict=True):
        yield from _problem_findings(file.path, problem)
    with ThreadPoolExecutor(THREADS) as pool:
        checks = pool.map(lambda pair: check_object(_reader(pair[0]), pair[1]), remote)
        for count, ((uri, _), problem) in enumerate(zip(remote, checks, strict=True), start=1):
            yield from _problem_findings(str(uri), problem)
            if request.progress is not None:
                request.progress(count, len(remote))


def _copies(holdings: Holdings, uuid: str) -> int:
    """Return the number of files of a dataset, of which a chain of datastores may have several; 1 where none is known."""
    return len(holdings.files.get(uuid, ())) or 1


def _reader(uri: ResourcePath) -> Callable[[], bytes]:
    return partial(read_stored, uri) if name_in_zip(uri) else uri.read


def key_text_of(holdings: Holdings, uuid: str) -> str:
    """Return type and data ID of a dataset as text."""
    from curated.butler.certified.lookup import key_of

    return key_text(key_of(holdings.members[uuid]))


def _problem_findings(path: str, problem: FileProblem | None) -> Iterator[Diagnostic]:
    if problem is not None:
        yield _finding(problem.code, problem.detail, path)


def _uncovered_finding(run: str, count: int) -> Diagnostic:
    noun = "1 dataset" if count == 1 else f"{count} datasets"
    return _finding(
        "CAL698",
        f"no record covers {noun}; of their files only the FITS checksums that they have were verified",
        run,
    )


def _finding(code: str, detail: str, place: str) -> Diagnostic:
    return Diagnostic.from_problem(Problem(code, (), detail), place)
