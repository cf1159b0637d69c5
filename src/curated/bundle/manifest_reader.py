"""Read a bundle's manifest, in pieces, as untrusted data: it is checked before anything else happens.

Its datasets, which may be hundreds of thousands, are never in memory as plain data all at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from sys import intern
from typing import Any

from curated.bundle.checks.consistency import contradictions
from curated.bundle.contents import Claims, Companion, Contents, Entry, Kind, Target
from curated.bundle.export_file import DOC, dimension_records, inferred_keys
from curated.bundle.manifest_json import LARGEST_PIECE, read_pieces
from curated.core.diagnostic import MAX_FINDINGS, CuratedError, Diagnostic, Pointer, Problem, limited
from curated.core.regular_files import FileTree
from curated.datasets.record import DataId
from curated.datasets.spans import FIRST_NS, LAST_NS, Span
from curated.declare.validation import Validator
from curated.schema.manifest import DATASET, FORMAT, LARGEST_FILE, MANIFEST, VERSION
from curated.text.yaml.locator import json_locator

MANIFEST_FILE = "manifest.json"

_MOST = 2**63 - 1


def read_contents(
    bundle: Path, *, allow_types: Collection[str] | None = ()
) -> tuple[Contents | None, list[Diagnostic]]:
    """Read and check a bundle's manifest.

    Parameters
    ----------
    bundle : `pathlib.Path`
        Directory of the bundle.
    allow_types : collection [`str`] or `None`, optional
        Names of dataset types that may be in the bundle although no type declares them; any if `None`.

    Returns
    -------
    contents : `Contents` or `None`
        The datasets of the bundle, with the hash of the very bytes that were parsed; `None` if the manifest has errors.
    diagnostics : `list` [`Diagnostic`]
        Errors in the manifest.

    Raises
    ------
    CuratedError
        If there is no bundle.
    """
    try:
        with FileTree(bundle) as tree, os.fdopen(tree.open(MANIFEST_FILE), "rb") as stream:
            digest = hashlib.sha256()
            try:
                # Nothing else refers to the pieces, which may be large.
                contents, problems = check_manifest(
                    bundle, *read_pieces(stream, digest), allow_types=allow_types
                )
            except json.JSONDecodeError as error:
                problem = Problem("CAL610", (), f"not JSON: {error}")
                return None, [Diagnostic.from_problem(problem, MANIFEST_FILE, error.lineno, error.colno)]
            except ValueError as error:
                contents, problems = None, [Problem("CAL610", (), str(error))]
            if contents is not None:
                return replace(contents, manifest_sha256=digest.hexdigest()), []
            stream.seek(0)
            locate = json_locator(stream.read(LARGEST_PIECE).decode("utf-8", "replace"))
    except OSError as error:
        raise CuratedError(
            f"{bundle} is no bundle: {error.strerror or error}",
            "name a directory that 'curated bundle' wrote",
        ) from error
    places = (
        (problem, locate(problem.pointer) if problem.pointer else (0, 0)) for problem in limited(problems)
    )
    return None, [Diagnostic.from_problem(problem, MANIFEST_FILE, *place) for problem, place in places]


def check_manifest(
    root: Path, head: Any, datasets: Iterable[Any] | None, *, allow_types: Collection[str] | None = ()
) -> tuple[Contents | None, list[Problem]]:
    """Return the contents of a manifest, `None` with problems.

    Parameters
    ----------
    root : `pathlib.Path`
        Directory of the bundle.
    head : `object`
        The manifest as plain data, without its datasets.
    datasets : iterable
        The datasets; `None` if there is no list of them.
    allow_types : collection [`str`] or `None`, optional
        See `read_contents`.
    """
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        return None, [Problem("CAL610", ("format",), f"not a {FORMAT}")]
    if head.get("version") != VERSION:
        detail = f"version {head.get('version')!r:.60}; this program reads version {VERSION}"
        return None, [Problem("CAL611", ("version",), detail)]
    problems = _schema_problems(_manifest_validator(), head if datasets is None else head | {"datasets": []})
    entries: list[Entry] = []
    companions: list[Companion] = []
    for n, data in enumerate(datasets or ()):
        try:
            entries.append(entry_of(data))
            if data.get("provenance") is not None:
                companions.append(companion_of(data["provenance"]))
        except (KeyError, TypeError):
            problems += _schema_problems(_dataset_validator(), data, ("datasets", n))
            if len(problems) > MAX_FINDINGS:
                break
    if problems:
        return None, problems
    contents = _contents(root, head, entries, companions)
    problems = contradictions(contents, allow_types)
    return (None if problems else contents), problems


@cache
def _manifest_validator() -> Validator:
    return Validator(MANIFEST)


@cache
def _dataset_validator() -> Validator:
    return Validator(DATASET)


def _schema_problems(validator: Validator, data: Any, place: Pointer = ()) -> list[Problem]:
    problems = []
    for fault in validator.faults(data):
        is_path = fault.keyword == "pattern" and fault.pointer in (("path",), ("provenance", "path"))
        problems.append(Problem("CAL612" if is_path else "CAL610", (*place, *fault.pointer), fault.detail))
    return problems


# -- datasets -------------------------------------------------------------------------------------------

_KEYS = DATASET["properties"].keys()
_FILE_KEYS = DATASET["properties"]["provenance"]["properties"].keys()
_VALIDITY_KEYS = DATASET["properties"]["validity"]["properties"].keys()
_SOURCE_KEYS = DATASET["properties"]["source"]["properties"].keys()


def entry_of(data: Any) -> Entry:
    """Return a dataset of a manifest.

    It accepts exactly what the schema allows, many times faster than a validator, which explains what is wrong with
    the rest.

    Raises
    ------
    KeyError, TypeError
        If the schema does not allow it.
    """
    if data.__class__ is not dict or not data.keys() <= _KEYS:
        raise TypeError
    validity, source = _object(data["validity"], _VALIDITY_KEYS), _object(data["source"], _SOURCE_KEYS)
    path, sha256, size = data.get("path"), data.get("sha256"), data.get("size")
    if path is not None and (sha256 is None or size is None):
        raise KeyError
    recipe = data.get("recipe")
    return Entry(
        # Few, and the same in many datasets.
        intern(_checked(_is_type, data["dataset_type"])),
        _data_id(data["data_id"]),
        Span.of(_moment(validity["begin_tai_ns"]), _moment(validity["end_tai_ns"])),
        uuid=_checked(_is_uuid, data["uuid"]),
        run=intern(_checked(_is_collection, data["run"])),
        collection=intern(_checked(_is_collection, data["collection"])),
        content=_checked(_is_sha256, data["content"]),
        path="" if path is None else _checked(_is_path, path),
        sha256="" if sha256 is None else _checked(_is_sha256, sha256),
        size=0 if size is None else _number(size, LARGEST_FILE),
        recipe="" if recipe in ("", None) else _checked(_is_sha256, recipe),
        claims=Claims(
            _text_or_null(_is_time, validity["begin"]),
            _text_or_null(_is_time, validity["end"]),
            validity["begin_tai_ns"],
            validity["end_tai_ns"],
            _checked(_is_line, source["path"]),
            _text_or_null(_is_blob, source["blob"]),
            _text_or_null(_is_commit, source["commit"]),
        ),
    )


def companion_of(data: Any) -> Companion:
    """Return the provenance file of a dataset; see `entry_of`."""
    _object(data, _FILE_KEYS)
    return Companion(
        _checked(_is_path, data["path"]),
        _checked(_is_sha256, data["sha256"]),
        _number(data["size"], LARGEST_FILE),
    )


def _object(data: Any, keys: Collection[str]) -> Any:
    if data.__class__ is not dict or data.keys() != keys:
        raise TypeError
    return data


def _data_id(values: Any) -> DataId:
    if values.__class__ is not dict:
        raise TypeError
    data_id = [("instrument", _checked(_is_instrument, values["instrument"]))]
    if len(values) > 1:
        if "detector" in values:
            data_id.insert(0, ("detector", _number(values["detector"], _MOST)))
        if "physical_filter" in values:
            data_id.append(("physical_filter", _checked(_is_value, values["physical_filter"])))
        if len(data_id) < len(values):
            raise KeyError
    return _shared(tuple(data_id))


@lru_cache(maxsize=1 << 16)
def _shared(data_id: DataId) -> DataId:
    """Return the same object for equal data IDs, which many datasets have."""
    return data_id


def _checked(test: Callable[[str], bool], value: Any) -> Any:
    if value.__class__ is str and test(value):
        return value
    raise TypeError


def _text_or_null(test: Callable[[str], bool], value: Any) -> str:
    return "" if value is None else intern(_checked(test, value))


def _number(value: Any, most: int) -> Any:
    if value.__class__ is int and 0 <= value <= most:
        return value
    raise TypeError


def _moment(value: Any) -> Any:
    if value is None or (value.__class__ is int and FIRST_NS <= value <= LAST_NS):
        return value
    raise TypeError


def _test_of(schema: Mapping[str, Any]) -> Callable[[str], bool]:
    """Return the test of a text that a schema describes."""
    search = re.compile(schema["pattern"]).search
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 1 << 16)
    return lambda text: shortest <= len(text) <= longest and search(text) is not None


_PROPERTIES = DATASET["properties"]
_is_uuid, _is_sha256 = _test_of(_PROPERTIES["uuid"]), _test_of(_PROPERTIES["content"])
_is_path, _is_line = _test_of(_PROPERTIES["path"]), _test_of(_PROPERTIES["source"]["properties"]["path"])
# Few, and the same in many datasets.
_is_type, _is_collection, _is_time, _is_blob, _is_commit, _is_instrument, _is_value = (
    lru_cache(maxsize=1 << 12)(_test_of(schema))
    for schema in (
        _PROPERTIES["dataset_type"],
        _PROPERTIES["run"],
        _PROPERTIES["validity"]["properties"]["begin"],
        _PROPERTIES["source"]["properties"]["blob"],
        _PROPERTIES["source"]["properties"]["commit"],
        _PROPERTIES["data_id"]["properties"]["instrument"],
        _PROPERTIES["data_id"]["properties"]["physical_filter"],
    )
)


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
            Target(
                i["name"],
                i["collections"]["calibration"],
                i["collections"]["chain"],
                i.get("directory", ""),
                tuple(i.get("aliases", ())),
            )
            for i in head["instruments"]
        ),
        kinds=tuple(
            Kind(kind["name"], tuple(kind["dimensions"]), kind["storage_class"])
            for kind in head["dataset_types"]
        ),
        records=dimension_records(head),
        inferred=inferred_keys(head),
        entries=tuple(entries),
        companions=tuple(companions),
        sha1=repository["sha1"],
        head={key: value for key, value in head.items() if key != "datasets"},
    )
