"""Read a bundle's manifest, in pieces, as untrusted data: it is checked before anything else happens.

Its datasets, which may be hundreds of thousands, are never in memory as plain data all at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path, PurePosixPath
from sys import intern
from typing import Any, BinaryIO

import orjson

from curated.bundle.contents import DOC, Companion, Contents, Entry, Kind, Target
from curated.bundle.export_file import dimension_records
from curated.core.diagnostic import MAX_FINDINGS, CuratedError, Diagnostic, Pointer, Problem, limited
from curated.datasets.record import DataId, dataset_uuid
from curated.datasets.spans import Span
from curated.declare.validation import Validator
from curated.schema.manifest import DATASET, FORMAT, MANIFEST, VERSION
from curated.text.yaml.locator import json_locator

MANIFEST_FILE = "manifest.json"

_LEAST, _MOST = -(2**63), 2**63 - 1


def read_contents(bundle: Path) -> tuple[Contents | None, list[Diagnostic]]:
    """Read and check a bundle's manifest.

    Parameters
    ----------
    bundle : `pathlib.Path`
        Directory of the bundle.

    Returns
    -------
    contents : `Contents` or `None`
        The datasets of the bundle; `None` if the manifest has errors.
    diagnostics : `list` [`Diagnostic`]
        Errors in the manifest.

    Raises
    ------
    CuratedError
        If there is no bundle.
    """
    path = bundle / MANIFEST_FILE
    try:
        head, datasets = read_pieces(path)
        contents, problems = _checked(bundle, head, datasets)
    except OSError as error:
        raise CuratedError(
            f"{bundle} is no bundle: {error}", "name a directory that 'curated bundle' wrote"
        ) from error
    except json.JSONDecodeError as error:
        problem = Problem("CAL610", (), f"not JSON: {error}")
        return None, [Diagnostic.from_problem(problem, MANIFEST_FILE, error.lineno, error.colno)]
    if not problems:
        return contents, []
    locate = json_locator(path.read_text("utf-8"))
    return None, [Diagnostic.from_problem(p, MANIFEST_FILE, *locate(p.pointer)) for p in limited(problems)]


def _checked(root: Path, head: Any, datasets: Iterable[Any] | None) -> tuple[Contents | None, list[Problem]]:
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        return None, [Problem("CAL610", ("format",), f"not a {FORMAT}")]
    if head.get("version") != VERSION:
        detail = f"version {head.get('version')!r}; this program reads version {VERSION}"
        return None, [Problem("CAL611", ("version",), detail)]
    problems = _schema_problems(_manifest_validator(), head if datasets is None else head | {"datasets": []})
    entries: list[Entry] = []
    companions: list[Companion] = []
    for n, data in enumerate(datasets or ()):
        try:
            entries.append(entry_of(data))
            if data.get("provenance") is not None:
                companions.append(_companion(data["provenance"]))
        except (KeyError, TypeError):
            problems += _schema_problems(_dataset_validator(), data, ("datasets", n))
            if len(problems) > MAX_FINDINGS:
                break
    if problems:
        return None, problems
    contents = _contents(root, head, entries, companions)
    problems = [*_entry_problems(contents), *_reference_problems(contents)]
    return (None if problems else contents), problems


@cache
def _manifest_validator() -> Validator:
    return Validator(MANIFEST)


@cache
def _dataset_validator() -> Validator:
    return Validator(DATASET)


def _schema_problems(validator: Validator, data: Any, place: Pointer = ()) -> list[Problem]:
    return [Problem("CAL610", (*place, *f.pointer), f.detail) for f in validator.faults(data)]


def entry_of(data: Any) -> Entry:
    """Return a dataset of a manifest.

    It accepts exactly what the schema allows, many times faster than a validator, which explains what is wrong with
    the rest.

    Raises
    ------
    KeyError, TypeError
        If the schema does not allow it.
    """
    validity = data["validity"]
    span = Span.of(_number_or_null(validity["begin_tai_ns"]), _number_or_null(validity["end_tai_ns"]))
    _check_texts(validity, "begin", "end")
    _check_texts(data, "recipe")
    if "source" in data:
        _check_texts(data["source"], "path", "blob", "commit")
    path, sha256, size, content = (data.get(key) for key in ("path", "sha256", "size", "content"))
    if None in ((content,) if path is None else (sha256, size)):
        raise KeyError
    return Entry(
        # Few, and the same in many datasets.
        intern(_text(data["dataset_type"])),
        _data_id(data["data_id"]),
        span,
        uuid=_text(data["uuid"]),
        run=intern(_text(data["run"])),
        collection=intern(_text(data["collection"])),
        content="" if content is None else _text(content),
        path="" if path is None else _text(path),
        sha256="" if sha256 is None else _text(sha256),
        size=0 if size is None else _size(size),
        recipe=data.get("recipe") or "",
    )


def _data_id(values: Any) -> DataId:
    if values.__class__ is not dict:
        raise TypeError
    data_id = [("instrument", _text(values["instrument"]))]
    if len(values) > 1:
        if "detector" in values:
            data_id.insert(0, ("detector", _number(values["detector"])))
        if "physical_filter" in values:
            data_id.append(("physical_filter", _text(values["physical_filter"])))
        if len(data_id) < len(values):
            raise KeyError
    return _shared(tuple(data_id))


@lru_cache(maxsize=1 << 16)
def _shared(data_id: DataId) -> DataId:
    """Return the same object for equal data IDs, which many datasets have."""
    return data_id


def _companion(data: Any) -> Companion:
    return Companion(_text(data["path"]), _text(data["sha256"]), _size(data["size"]))


def _text(value: Any) -> Any:
    # Empty text is no value in a Butler database.
    if value.__class__ is str and value:
        return value
    raise TypeError


def _number(value: Any) -> Any:
    if value.__class__ is int and _LEAST <= value <= _MOST:
        return value
    raise TypeError


def _size(value: Any) -> Any:
    if _number(value) >= 0:
        return value
    raise TypeError


def _number_or_null(value: Any) -> Any:
    return None if value is None else _number(value)


def _check_texts(data: Any, *keys: str) -> None:
    """Raise TypeError if the value of a key is neither text nor null."""
    if data.__class__ is not dict:
        raise TypeError
    for key in keys:
        value = data.get(key)
        if value is not None and value.__class__ is not str:
            raise TypeError


def _contents(
    root: Path, head: Mapping[str, Any], entries: Iterable[Entry], companions: Iterable[Companion]
) -> Contents:
    """Return the contents of a bundle whose manifest the schema allows."""
    repository = head["repository"]
    return Contents(
        root=root,
        label=repository["label"],
        base=head.get("base") or "",
        doc=f"{DOC} {repository.get('url') or 'a package'} at commit {repository['sha1']}",
        targets=tuple(
            Target(i["name"], i["collections"]["calibration"], i["collections"]["chain"])
            for i in head["instruments"]
        ),
        kinds=tuple(
            Kind(kind["name"], tuple(kind["dimensions"]), kind["storage_class"])
            for kind in head["dataset_types"]
        ),
        records=dimension_records(head),
        entries=tuple(entries),
        companions=tuple(companions),
    )


def _entry_problems(contents: Contents) -> Iterator[Problem]:
    """Yield what is wrong with each dataset itself."""
    for companion in contents.companions:
        if _leads_out(companion.path):
            yield Problem("CAL612", ("datasets",), f"{companion.path} leads out of the bundle")
    index_by_uuid: dict[str, int] = {}
    for n, entry in enumerate(contents.entries):
        if _leads_out(entry.path):
            yield Problem("CAL612", ("datasets", n, "path"), f"{entry.path} leads out of the bundle")
        if entry.uuid != dataset_uuid(entry.dataset_type, entry.run, entry.data_id):
            detail = f"{entry.uuid} does not follow from {entry} in run {entry.run}"
            yield Problem("CAL615", ("datasets", n, "uuid"), detail)
        if index_by_uuid.setdefault(entry.uuid, n) != n:
            yield Problem("CAL615", ("datasets", n, "uuid"), f"{entry} is listed twice in run {entry.run}")
        if entry.span.begin >= entry.span.end:
            detail = f"{entry}: the range ends before it begins"
            yield Problem("CAL610", ("datasets", n, "validity"), detail)


def _leads_out(path: str) -> bool:
    if ".." not in path and "\0" not in path and not path.startswith("/"):
        return False
    return path.startswith("/") or "\0" in path or ".." in PurePosixPath(path).parts


def _reference_problems(contents: Contents) -> Iterator[Problem]:
    """Yield where datasets contradict the instruments and dataset types of the manifest."""
    dimensions = {kind.name: set(kind.dimensions) for kind in contents.kinds}
    collections: dict[Any, str] = {t.instrument: t.calibration for t in contents.targets}
    detectors = {(r["instrument"], r["id"]) for r in contents.records["detector"]}
    filters = {(r["instrument"], r["name"]) for r in contents.records["physical_filter"]}
    for n, entry in enumerate(contents.entries):
        values = dict(entry.data_id)
        instrument = values["instrument"]
        if dimensions.get(entry.dataset_type) != values.keys():
            detail = "not the dimensions of its dataset type"
        elif collections.get(instrument) != entry.collection:
            detail = f"collection {entry.collection} is not its instrument's"
        elif not entry.is_reference and not entry.run.startswith(f"{entry.collection}/"):
            detail = f"run {entry.run} is not within {entry.collection}"
        elif "detector" in values and (instrument, values["detector"]) not in detectors:
            detail = "the manifest does not define the detector"
        elif "physical_filter" in values and (instrument, values["physical_filter"]) not in filters:
            detail = "the manifest does not define the filter"
        else:
            continue
        yield Problem("CAL610", ("datasets", n, "data_id"), f"{entry}: {detail}")


# As `curated bundle` lays it out. A line end within a text is written `\n`, so that these are found nowhere else.
_OPENS = b'\n "datasets": [\n'
_CLOSES = b"\n ]"
_ENDS = b"\n  },\n"

_LEFT_OUT = "\0datasets"
_BLOCK = 1 << 20


def read_pieces(path: Path) -> tuple[Any, Iterator[Any] | None]:
    """Read a manifest.

    Parameters
    ----------
    path : `pathlib.Path`
        The file; one that is laid out in another way is read whole.

    Returns
    -------
    head
        All of it except its datasets.
    datasets : iterator or `None`
        Iterator over the datasets, or `None` if there is no list of them.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not JSON; the iterator raises it as well.
    """
    with path.open("rb") as stream:
        begin = _find(stream, _OPENS, 0)
        end = _find(stream, _CLOSES, begin + len(_OPENS)) if begin >= 0 else -1
        if end >= 0:
            top, bottom = _part(stream, 0, begin), _part(stream, end + len(_CLOSES), None)
            try:
                head = orjson.loads(b'%b\n "datasets": %b%b' % (top, orjson.dumps(_LEFT_OUT), bottom))
            except ValueError:
                head = None  # the error of the whole file has the right line and column
            if isinstance(head, dict) and head.get("datasets") == _LEFT_OUT:
                return head, _read_datasets(path, begin + len(_OPENS), end)
    head = orjson.loads(path.read_bytes())
    datasets = head.get("datasets") if isinstance(head, dict) else None
    return head, iter(datasets) if isinstance(datasets, list) else None


def _read_datasets(path: Path, begin: int, end: int) -> Iterator[Any]:
    count = 0
    buffer = b""
    with path.open("rb") as stream:
        stream.seek(begin)
        while begin < end:
            block = stream.read(min(_BLOCK, end - begin))
            begin = begin + len(block) if block else end
            buffer += block
            last_end = buffer.rfind(_ENDS)
            if begin < end and last_end < 0:
                continue
            cut = len(buffer) if begin >= end else last_end + len(_ENDS) - len(b",\n")
            try:
                piece = orjson.loads(b"[%b]" % buffer[:cut])
            except ValueError:
                yield from orjson.loads(path.read_bytes())["datasets"][count:]
                return
            yield from piece
            count += len(piece)
            buffer = buffer[cut + 1 :]


def _find(stream: BinaryIO, pattern: bytes, begin: int) -> int:
    """Return the offset of the first occurrence of bytes at or after an offset; -1 if there is none."""
    stream.seek(begin)
    tail = b""
    while block := stream.read(_BLOCK):
        offset = (tail + block).find(pattern)
        if offset >= 0:
            return begin - len(tail) + offset
        begin += len(block)
        tail = (tail + block)[1 - len(pattern) :]
    return -1


def _part(stream: BinaryIO, begin: int, end: int | None) -> bytes:
    stream.seek(begin)
    return stream.read() if end is None else stream.read(end - begin)
