"""A directory that Butler's own export wrote, or a bundle: ``export.yaml`` and files, read as untrusted data."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.parallel import Progress
from curated.core.regular_files import FileTree, UnsafeFileError
from curated.datasets.record import Dataset, Key, data_id_of
from curated.datasets.spans import Span
from curated.export.holdings import LARGEST_FILE, Holdings, InstrumentRecord, LocalFile, instrument_record
from curated.export.package import dataset_type_names, export_holdings
from curated.export.report import ExportReport
from curated.text.yaml.locator import is_too_deep

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # libyaml is optional in PyYAML's source distribution
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

EXPORT_FILE = "export.yaml"
LARGEST = 1 << 27
"""Most bytes of an export file: 128 MB, about 200,000 datasets."""

_ENDLESS = 10**18
_LONGEST_NAME = 1000
_LARGEST_NUMBER = 2**63

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1)


class _ExportLoader(_Loader):
    """A safe loader that knows the three tags of calibrations in an export file."""


def _uuid(loader: Any, node: Any) -> str:
    try:
        return str(uuid.UUID(hex=loader.construct_scalar(node)))
    except ValueError as error:
        raise yaml.constructor.ConstructorError(
            None, None, f"{node.value!r} is no UUID", node.start_mark
        ) from error


class _Nanoseconds(int):
    """A time that has the tag of one."""


def _time(loader: Any, node: Any) -> _Nanoseconds:
    match = _TIME.match(loader.construct_scalar(node))
    try:
        passed = datetime.fromisoformat(f"{match[1]}T{match[2]}") - _EPOCH if match else None
    except ValueError:
        passed = None
    if match is None or passed is None:
        raise yaml.constructor.ConstructorError(
            None, None, f"{node.value!r} is no time in TAI", node.start_mark
        )
    seconds = passed.days * 86_400 + passed.seconds
    return _Nanoseconds(seconds * 1_000_000_000 + int((match[3] or "").ljust(9, "0")))


def _timespan(loader: Any, node: Any) -> Span | None:
    if isinstance(node, yaml.ScalarNode):
        return None  # EMPTY
    ends = loader.construct_mapping(node, deep=True)
    begin, end = ends.get("begin"), ends.get("end")
    for time in (begin, end):
        # A number is no time that Butler writes, and there are some that are not equal to themselves.
        if time is not None and not isinstance(time, _Nanoseconds):
            raise yaml.constructor.ConstructorError(
                None, None, f"{str(time)[:100]!r} is no time in TAI", node.start_mark
            )
    return Span.of(None if begin is None else int(begin), None if end is None else int(end))


_ExportLoader.add_constructor("!uuid", _uuid)
_ExportLoader.add_constructor("!butler_time/tai/iso", _time)
_ExportLoader.add_constructor("!lsst.daf.butler.Timespan", _timespan)


@dataclass(slots=True)
class _Content:
    """Content of an export file, by kind of entry."""

    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    chains: dict[str, list[str]] = field(default_factory=dict)
    runs: set[str] = field(default_factory=set)
    certified: dict[str, list[tuple[Span, str]]] = field(default_factory=dict)
    storage_classes: dict[str, str] = field(default_factory=dict)


def is_export(directory: str) -> bool:
    """Return whether a directory has an export file, and is no repository."""
    return os.path.isfile(os.path.join(directory, EXPORT_FILE)) and not os.path.exists(
        os.path.join(directory, "butler.yaml")
    )


def export_directory(
    directory: str,
    output: Path,
    *,
    collections: Sequence[str] = (),
    types: Sequence[str] = (),
    at: datetime | None = None,
    into: bool = False,
    share: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Write the calibrations of a directory that ``Butler.export`` or ``curated bundle`` wrote as a package of text files.

    Butler is not needed; parameters are those of `curated.butler.export_package`, but for the directory.

    Raises
    ------
    CuratedError
        If the directory has no readable export file or no such collection, or other files are in ``output``.
    """
    names = dataset_type_names(types)
    holdings = read_export(directory, collections, names)
    options: dict[str, Any] = {"into": into, "share": share, "jobs": jobs, "progress": progress}
    return export_holdings(holdings, Path(output), types=names, at=at, **options)


def read_export(directory: str, collections: Sequence[str] = (), types: Sequence[str] = ()) -> Holdings:
    """Read a directory that ``Butler.export`` or ``curated bundle`` wrote.

    Parameters
    ----------
    directory : `str`
        Directory with an ``export.yaml``.
    collections : sequence [`str`], optional
        CALIBRATION collections and chains of them, in the order of lookups; all of them if empty.
    types : sequence [`str`], optional
        Names of dataset types; all of them if empty.

    Raises
    ------
    CuratedError
        If it is none, or has no such collection.
    """
    root = Path(directory)
    try:
        with FileTree(root) as tree:
            text = tree.read(EXPORT_FILE, LARGEST).decode("utf-8")
        return _holdings(directory, _sorted(_load(text)), collections, types)
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
    ) as error:
        reason = f"{type(error).__name__}: {error}"[:400]
    except UnsafeFileError as error:
        reason = f"it {error.strerror}"
    raise CuratedError(
        f"{root / EXPORT_FILE} is no export file of Butler: {reason}", "export it again with Butler.export"
    )


def _holdings(
    directory: str, content: _Content, collections: Sequence[str], types: Sequence[str]
) -> Holdings:
    root = Path(directory)
    names = tuple(collections) or tuple(sorted(content.certified))
    flat_names = _flat(content, names)
    certified = tuple(tuple(_certified(content, name, types)) for name in flat_names)
    if not collections:
        _refuse_rivals(certified)
    uuids = {dataset.uuid for datasets in certified for dataset in datasets}
    instruments = sorted({d.instrument for datasets in certified for d in datasets if d.instrument})
    return Holdings(
        source=directory,
        collections=names,
        certified=certified,
        locations=dict(_locations(root, content, uuids)),
        instruments={name: _instrument(content, name) for name in instruments},
        diagnostics=tuple(d for name in flat_names for d in _findings(content, name)),
        storage_classes=content.storage_classes,
    )


def _load(text: str) -> Any:
    if is_too_deep(text):
        raise ValueError("nested too deeply")
    try:
        loader = _ExportLoader(text)
        node = loader.get_single_node()
        if "*" in text and "&" in text:
            refuse_bomb(node, len(text))
        return None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def refuse_bomb(root: Any, length: int) -> None:
    """Raise an error if the aliases of a document stand for far more than what is written, or for themselves.

    Parameters
    ----------
    root : `yaml.Node`
        Root of the document, with aliases resolved to the nodes that they stand for.
    length : `int`
        Number of characters that are written.

    Raises
    ------
    ValueError
        If it would take far more memory than its text, or is endless.
    """
    sizes: dict[int, int] = {}
    pending: list[tuple[Any, bool]] = [(root, False)]
    while pending:
        node, is_counted = pending.pop()
        if not isinstance(node, yaml.CollectionNode) or (id(node) in sizes and not is_counted):
            continue
        is_mapping = isinstance(node, yaml.MappingNode)
        children = [part for pair in node.value for part in pair] if is_mapping else node.value
        if is_counted:
            sizes[id(node)] = 1 + sum(sizes.get(id(child), 1) for child in children)
            continue
        sizes[id(node)] = _ENDLESS  # for an alias to a part that is still open
        pending.append((node, True))
        pending += [(child, False) for child in children]
    if sizes.get(id(root), 1) > 100_000 + 10 * length:
        raise ValueError("its aliases (*) stand for far more than what is written")


def _sorted(document: Any) -> _Content:
    if not isinstance(document, dict):
        raise TypeError("it has no 'version' and 'data'")
    version = str(document["version"])
    if version != "0" and not re.match(r"1\.0(?:\.|\Z)", version):
        raise ValueError(f"version {version}, not 1.0")
    content = _Content()
    for entry in document["data"]:
        kind = entry["type"]
        if kind == "dimension":
            records = content.records.setdefault(_text(entry["element"]), [])
            records += (dict(record) for record in entry["records"])
        elif kind == "collection":
            _add_collection(content, entry["collection_type"], _text(entry["name"]), entry)
        elif kind == "dataset_type":
            content.storage_classes[_text(entry["name"])] = _text(entry["storage_class"])
        elif kind == "dataset":
            _add_datasets(content, entry)
        elif kind == "associations" and entry["collection_type"] == "CALIBRATION":
            content.certified.setdefault(_text(entry["collection"]), []).extend(_ranges(entry))
    return content


def _add_datasets(content: _Content, entry: Mapping[str, Any]) -> None:
    for dataset, path in _datasets(entry):
        if dataset.uuid in content.datasets:
            raise ValueError(f"dataset {dataset.uuid} is listed twice")
        content.datasets[dataset.uuid], content.paths[dataset.uuid] = dataset, path


def _add_collection(content: _Content, kind: Any, name: str, entry: Mapping[str, Any]) -> None:
    if kind == "CHAINED":
        content.chains[name] = [_text(child) for child in entry["children"]]
    elif kind == "CALIBRATION":
        content.certified.setdefault(name, [])
    else:
        content.runs.add(name)


def _text(value: Any) -> str:
    """Return a name or a path; it becomes a part of messages, records and paths."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME or not value.isprintable():
        raise ValueError(f"{str(value)[:100]!r} is no name")
    return value


def _datasets(entry: Mapping[str, Any]) -> Iterator[tuple[Dataset, str]]:
    dataset_type, run = _text(entry["dataset_type"]), _text(entry["run"])
    for record in entry["records"]:
        ids, data_ids = record["dataset_id"], record["data_id"]
        pairs = zip(ids, data_ids, strict=True) if isinstance(ids, list) else [(ids, data_ids)]
        for dataset_id, data_id in pairs:
            key = data_id_of({_text(name): _data_value(value) for name, value in dict(data_id).items()})
            dataset = Dataset(dataset_type, key, uuid=str(uuid.UUID(dataset_id)), run=run)
            _text(dataset.instrument)
            yield dataset, _text(record["path"])


def _data_value(value: Any) -> int | str:
    """Return a value of a data ID: a name, or a number that a database can hold."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_NUMBER:
        return value
    return _text(value)


def _ranges(entry: Mapping[str, Any]) -> Iterator[tuple[Span, str]]:
    for validity_range in entry["validity_ranges"]:
        span = validity_range["timespan"]
        if span is None:
            continue
        if not isinstance(span, Span):
            raise TypeError(f"{str(span)[:100]!r} is no timespan")
        yield from ((span, str(uuid.UUID(dataset_id))) for dataset_id in validity_range["dataset_ids"])


def _flat(content: _Content, names: Sequence[str]) -> list[str]:
    """Return the CALIBRATION collections in the order of lookups, chains followed, each once."""
    for name in names:
        if name not in content.chains and name not in content.certified:
            if name in content.runs:
                raise CuratedError(
                    f"{name} does not say when its datasets are valid", "name a CALIBRATION collection"
                )
            existing = ", ".join(sorted(content.certified)) or "none"
            raise CuratedError(f"no collection {name}", f"CALIBRATION collections here: {existing[:400]}")
    flat_names: dict[str, None] = {}
    visited: set[str] = set()
    pending = list(reversed(names))
    while pending:
        name = pending.pop()
        if name in content.chains and name not in visited:
            # Whatever else leads to it comes later in the order, and adds nothing.
            visited.add(name)
            pending += reversed(content.chains[name])
        elif name in content.certified and name not in content.chains:
            flat_names[name] = None
    return list(flat_names)


def _certified(content: _Content, collection: str, types: Sequence[str]) -> Iterator[Dataset]:
    for span, dataset_id in content.certified[collection]:
        dataset = content.datasets.get(dataset_id)
        is_selected = dataset is not None and (not types or dataset.dataset_type in types)
        if dataset is not None and is_selected and span.begin < span.end:
            yield replace(dataset, span=span, collection=collection)


def _findings(content: _Content, collection: str) -> Iterator[Diagnostic]:
    """Yield a finding for each certified dataset that the file does not list."""
    for _, dataset_id in content.certified[collection]:
        if dataset_id not in content.datasets:
            detail = f"certified in {collection}, but {EXPORT_FILE} does not list it"
            yield Diagnostic.from_problem(Problem("CAL661", (), detail), dataset_id)


def _refuse_rivals(certified: Sequence[Sequence[Dataset]]) -> None:
    """Refuse collections whose order a lookup would have to know."""
    owners: dict[Key, str] = {}
    for datasets in certified:
        for dataset in datasets:
            owner = owners.setdefault(dataset.key, dataset.collection)
            if owner != dataset.collection:
                raise CuratedError(
                    f"{owner} and {dataset.collection} both certify {dataset.dataset_type}",
                    "name one with --collection, or several in the order of lookups",
                )


def _locations(root: Path, content: _Content, uuids: set[str]) -> Iterator[tuple[str, LocalFile]]:
    """Yield the datasets' files; those outside of the directory, or not there, or no regular files, are left out."""
    real_root = root.resolve()
    for dataset_id in sorted(uuids):
        path = (root / content.paths[dataset_id]).resolve()
        if path.is_relative_to(real_root) and path.is_file() and path.stat().st_size <= LARGEST_FILE:
            yield dataset_id, LocalFile(str(path))


def _instrument(content: _Content, name: str) -> InstrumentRecord:
    records = content.records
    instruments = [record for record in records.get("instrument", []) if record["name"] == name]
    detectors, filters = (
        [record for record in records.get(element, []) if record["instrument"] == name]
        for element in ("detector", "physical_filter")
    )
    for record in (*instruments[:1], *detectors, *filters):
        for key, value in record.items():
            if value is not None and not isinstance(value, int | float | str | bool):
                raise TypeError(f"{_text(key)} of a record of {name} is {str(value)[:100]!r}")
            if isinstance(value, str) and value:
                _text(value)
    for detector in detectors:
        if not isinstance(detector["id"], int) or isinstance(detector["id"], bool):
            raise TypeError(f"a detector of {name} has the number {str(detector['id'])[:100]!r}")
    return instrument_record(instruments[0] if instruments else {"name": name}, detectors, filters)
