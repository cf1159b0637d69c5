"""A bundle's manifest, read as untrusted data and checked before anything else happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from sys import intern
from typing import Any

from curated.bundle.contents import DOC, Companion, Contents, Entry, Kind, Target
from curated.bundle.export_file import dimension_records
from curated.bundle.manifest_parts import read_pieces
from curated.core.diagnostic import CuratedError, Diagnostic, Pointer, Problem
from curated.datasets.record import data_id_of, dataset_uuid
from curated.datasets.spans import Span

MANIFEST = "manifest.json"
FORMAT = "curated-bundle"
VERSION = 1

_DIMENSIONS = frozenset({"instrument", "detector", "physical_filter"})


def read_contents(bundle: Path) -> tuple[Contents | None, list[Diagnostic]]:
    """Read and check a bundle's manifest.

    Parameters
    ----------
    bundle : `pathlib.Path`
        The bundle's directory.

    Returns
    -------
    contents : `Contents`, optional
        Nothing if the manifest has errors.
    diagnostics : `list` [`Diagnostic`]
        What is wrong with it.

    Raises
    ------
    CuratedError
        If there is no bundle.
    """
    try:
        data, datasets = read_pieces(bundle / MANIFEST)
        problems = list(_version_problems(data))
        if problems:
            return None, _located(problems)
        contents = _contents(bundle, data, datasets)
    except OSError as error:
        raise CuratedError(
            f"{bundle} is no bundle: {error}", "name a directory that 'curated bundle' wrote"
        ) from error
    except _MalformedError as error:
        return None, _located([Problem("CAL610", error.pointer, error.detail)])
    except ValueError as error:
        return None, _located([Problem("CAL610", (), f"not JSON: {error}")])
    problems = [*_entry_problems(contents), *_reference_problems(contents)]
    return (None if problems else contents), _located(problems)


class _MalformedError(Exception):
    def __init__(self, pointer: Pointer, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


def _located(problems: list[Problem]) -> list[Diagnostic]:
    return [Diagnostic.from_problem(problem, MANIFEST) for problem in problems]


def _version_problems(data: Any) -> Iterator[Problem]:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        yield Problem("CAL610", ("format",), f"not a {FORMAT}")
    elif data.get("version") != VERSION:
        yield Problem(
            "CAL611", ("version",), f"version {data.get('version')!r}; this program reads version {VERSION}"
        )


def _contents(root: Path, data: Mapping[str, Any], datasets: Iterable[Any] | None) -> Contents:
    if datasets is None:
        raise _MalformedError(("datasets",), "datasets is missing or not a list")
    repository = _get(data, "repository", dict)
    where: Pointer = ("repository",)
    sha1, label = (_get(repository, key, str, where) for key in ("sha1", "label"))
    url = repository.get("url") or "a package"
    instruments = _get(data, "instruments", list)
    targets = tuple(_target(i, ("instruments", n)) for n, i in enumerate(instruments))
    kinds = tuple(_kind(k, ("dataset_types", n)) for n, k in enumerate(_get(data, "dataset_types", list)))
    entries, companions = [], []
    for n, dataset in enumerate(datasets):
        entries.append(_entry(dataset, ("datasets", n)))
        if dataset.get("provenance") is not None:
            companions.append(_companion(dataset["provenance"], ("datasets", n, "provenance")))
    return Contents(
        root=root,
        label=label,
        base=_get_known(data, "base", str, ()) or "",
        doc=f"{DOC} {url} at commit {sha1}",
        targets=targets,
        kinds=kinds,
        records=dimension_records(data),
        entries=tuple(entries),
        companions=tuple(companions),
    )


def _target(data: Any, where: Pointer) -> Target:
    for key in ("detector_max", "visit_max", "exposure_max", "visit_system"):
        _get_known(data, key, int, where)
    _get_known(data, "class_name", str, where)
    for n, detector in enumerate(_get(data, "detectors", list, where)):
        _get(detector, "id", int, (*where, "detectors", n))
        _get(detector, "full_name", str, (*where, "detectors", n))
        for key in ("name_in_raft", "raft", "purpose"):
            _get_known(detector, key, str, (*where, "detectors", n))
    for n, physical_filter in enumerate(_get(data, "filters", list, where)):
        _get(physical_filter, "name", str, (*where, "filters", n))
        _get_known(physical_filter, "band", str, (*where, "filters", n))
    collections = _get(data, "collections", dict, where)
    inside: Pointer = (*where, "collections")
    return Target(
        instrument=_get(data, "name", str, where),
        calibration=_get(collections, "calibration", str, inside),
        chain=_get(collections, "chain", str, inside),
    )


def _kind(data: Any, where: Pointer) -> Kind:
    name, storage_class = (_get(data, key, str, where) for key in ("name", "storage_class"))
    dimensions = tuple(_get(data, "dimensions", list, where))
    if "instrument" not in dimensions or not _DIMENSIONS.issuperset(dimensions):
        raise _MalformedError((*where, "dimensions"), f"{name}: not the dimensions of a calibration")
    if not _get(data, "is_calibration", bool, where):
        raise _MalformedError((*where, "is_calibration"), f"{name} is not a calibration")
    return Kind(name, dimensions, storage_class)


def _entry(data: Any, where: Pointer) -> Entry:
    validity = _get(data, "validity", dict, where)
    inside: Pointer = (*where, "validity")
    times = {key: _get_known(validity, key, int, inside) for key in ("begin_tai_ns", "end_tai_ns")}
    data_id = _get(data, "data_id", dict, where)
    for key in data_id:
        _get(data_id, key, int if key == "detector" else str, (*where, "data_id"))
    content = _get_known(data, "content", str, where) or ""
    refers = data.get("path") is None and content
    get = _get_known if refers else _get
    return Entry(
        uuid=_get(data, "uuid", str, where),
        # Few, and said of each dataset again.
        dataset_type=intern(_get(data, "dataset_type", str, where)),
        run=intern(_get(data, "run", str, where)),
        collection=intern(_get(data, "collection", str, where)),
        data_id=data_id_of(data_id),
        path=get(data, "path", str, where) or "",
        sha256=get(data, "sha256", str, where) or "",
        size=get(data, "size", int, where) or 0,
        span=Span.of(times["begin_tai_ns"], times["end_tai_ns"]),
        content=content,
    )


def _companion(data: Any, where: Pointer) -> Companion:
    path, sha256 = (_get(data, key, str, where) for key in ("path", "sha256"))
    return Companion(path, sha256, _get(data, "size", int, where))


def _get(data: Any, key: str, kind: type, where: Pointer = ()) -> Any:
    value = data.get(key) if isinstance(data, dict) else None
    # Empty text is no value in a Butler database, and `True` is no number.
    if not isinstance(value, kind) or value == "" or (kind is int and isinstance(value, bool)):
        raise _MalformedError((*where, key), f"{key} is missing or not a {kind.__name__}")
    return value


def _get_known(data: Any, key: str, kind: type, where: Pointer) -> Any:
    known = isinstance(data, dict) and data.get(key) is not None
    return _get(data, key, kind, where) if known else None


def _path_problems(given: str, where: Pointer) -> Iterator[Problem]:
    path = PurePosixPath(given)
    if path.is_absolute() or ".." in path.parts or "\0" in given:
        yield Problem("CAL612", where, f"{given} leads out of the bundle")


def _entry_problems(contents: Contents) -> Iterator[Problem]:
    for companion in contents.companions:
        yield from _path_problems(companion.path, ("datasets",))
    seen: dict[str, int] = {}
    for n, entry in enumerate(contents.entries):
        where: Pointer = ("datasets", n)
        yield from _path_problems(entry.path, (*where, "path"))
        if entry.uuid != dataset_uuid(entry.dataset_type, entry.run, entry.data_id):
            yield Problem("CAL615", (*where, "uuid"), f"{entry.uuid} does not follow from {entry}")
        if seen.setdefault(entry.uuid, n) != n:
            yield Problem("CAL615", (*where, "uuid"), f"{entry} stands twice in run {entry.run}")
        if entry.span.begin >= entry.span.end:
            yield Problem("CAL610", (*where, "validity"), f"{entry}: the range ends before it begins")


def _reference_problems(contents: Contents) -> Iterator[Problem]:
    dimensions = {kind.name: set(kind.dimensions) for kind in contents.kinds}
    collections: dict[Any, str] = {t.instrument: t.calibration for t in contents.targets}
    detectors = {(r["instrument"], r["id"]) for r in contents.records["detector"]}
    filters = {(r["instrument"], r["name"]) for r in contents.records["physical_filter"]}
    for n, entry in enumerate(contents.entries):
        ids = dict(entry.data_id)
        instrument = ids.get("instrument")
        where: Pointer = ("datasets", n, "data_id")
        if dimensions.get(entry.dataset_type) != set(ids):
            yield Problem("CAL610", where, f"{entry}: not the dimensions of its dataset type")
        elif collections.get(instrument) != entry.collection:
            yield Problem("CAL610", where, f"{entry}: collection {entry.collection} is not its instrument's")
        elif not entry.is_reference and not entry.run.startswith(f"{entry.collection}/"):
            yield Problem("CAL610", where, f"{entry}: run {entry.run} is not within {entry.collection}")
        elif "detector" in ids and (instrument, ids["detector"]) not in detectors:
            yield Problem("CAL610", where, f"{entry}: the manifest does not define the detector")
        elif "physical_filter" in ids and (instrument, ids["physical_filter"]) not in filters:
            yield Problem("CAL610", where, f"{entry}: the manifest does not define the filter")
