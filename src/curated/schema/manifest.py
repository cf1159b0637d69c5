"""The schema of ``manifest.json``, which lists the datasets of a bundle."""

from __future__ import annotations

from typing import Any

from curated.datasets import names
from curated.datasets.spans import FIRST_NS, LAST_NS
from curated.declare.settings import BASE, DIALECT, schema_name

FORMAT, VERSION = "curated-bundle", 1
MANIFEST_SCHEMA = schema_name("manifest", f"{VERSION}.0")
"""File name of the schema."""

LARGEST_FILE = 1 << 36
"""Most bytes of a file of a bundle."""

Schema = dict[str, Any]


def _text(pattern: str, longest: int, message: str, description: str = "") -> Schema:
    schema = {"type": "string", "maxLength": longest, "pattern": pattern, "patternErrorMessage": message}
    return schema | ({"description": description} if description else {})


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _digits(length: int, description: str) -> Schema:
    message = f"not {length} hexadecimal digits"
    return {
        "type": "string",
        "pattern": names.whole(f"[0-9a-f]{{{length}}}"),
        "patternErrorMessage": message,
        "description": description,
    }


_INSTRUMENT_NAME = _text(names.INSTRUMENT, names.LONGEST_INSTRUMENT, names.NAME_SAYS)
_VALUE = _text(names.VALUE, names.LONGEST_VALUE, names.VALUE_SAYS)
_TYPE = _text(names.DATASET_TYPE, names.LONGEST_TYPE, "not a name of ASCII letters, digits and '_'")
_COLLECTION = _text(names.COLLECTION, names.LONGEST_COLLECTION, "not the name of a collection")
_LINE_OR_EMPTY = _text(names.LINE, 1024, "not a line of text without control characters")
_LINE: Schema = {**_LINE_OR_EMPTY, "minLength": 1}
_COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
_SIZE: Schema = {"type": "integer", "minimum": 0, "maximum": LARGEST_FILE, "description": "In bytes."}
_SHA256 = _digits(64, "Hash of the file.")
_COMMIT_OR_EMPTY: Schema = {
    "type": ["string", "null"],
    "pattern": names.whole("(?:[0-9a-f]{40}(?:[0-9a-f]{24})?)?"),
    "patternErrorMessage": "not a hash of git",
}
_COMMIT: Schema = {
    **_COMMIT_OR_EMPTY,
    "type": "string",
    "pattern": names.whole("[0-9a-f]{40}(?:[0-9a-f]{24})?"),
}
_FILE_PATH = _text(names.PATH, 1024, "not a path below files/")


def _object(description: str, required: dict[str, Schema], optional: dict[str, Schema]) -> Schema:
    """Return the schema of an object, in which no other keys are allowed."""
    return {
        "description": description,
        "type": "object",
        "required": list(required),
        "properties": required | optional,
        "additionalProperties": False,
    }


def _list(description: str, items: Schema, most: int) -> Schema:
    return {"description": description, "type": "array", "items": items, "maxItems": most}


def _not_null(message: str) -> Schema:
    return {"not": {"type": "null"}, "errorMessage": message}


def _inferred(*keys: str) -> Schema:
    return _list(
        "Keys whose values nobody declared: they were inferred from the calibrations, and a repository knows better.",
        {"type": "string", "enum": list(keys)},
        len(keys),
    )


_INSTRUMENT = _object(
    "An instrument, as its record in a repository.",
    {
        "name": _INSTRUMENT_NAME,
        "detectors": _list(
            "All detectors of the instrument.",
            _object(
                "A detector.",
                {"id": _COUNT, "full_name": _VALUE},
                {
                    **{key: _or_null(_VALUE) for key in ("name_in_raft", "raft", "purpose")},
                    "inferred": _inferred("full_name", "name_in_raft", "purpose", "raft"),
                },
            ),
            100_000,
        ),
        "filters": _list(
            "All physical filters of the instrument.",
            _object(
                "A physical filter.",
                {"name": _VALUE},
                {"band": _or_null(_VALUE), "inferred": _inferred("band", "name")},
            ),
            100_000,
        ),
        "collections": _object(
            "Names of collections: the CALIBRATION collection of the release, <name>/calib/<label>, and the chain of"
            " recommended ones, <name>/calib.",
            {"calibration": _COLLECTION, "chain": _COLLECTION},
            {},
        ),
    },
    {
        "directory": {**_LINE_OR_EMPTY, "description": "Directory in the package."},
        "inferred": _inferred("name"),
        "aliases": _list("Other names that its files give it.", _INSTRUMENT_NAME, 100),
        "class_name": _or_null(_text(names.CLASS_NAME, names.LONGEST_CLASS, "not the full name of a class")),
        **dict.fromkeys(("detector_max", "visit_max", "exposure_max", "visit_system"), _or_null(_COUNT)),
    },
)

_DATASET_TYPE = _object(
    "A dataset type.",
    {
        "name": _TYPE,
        "dimensions": _list(
            "Its required dimensions.",
            {
                "type": "string",
                "pattern": names.whole("instrument|detector|physical_filter"),
                "patternErrorMessage": "not a dimension of a calibration",
            },
            3,
        ),
        "storage_class": _TYPE,
        "is_calibration": {"type": "boolean", "const": True},
    },
    {},
)

_TIME: Schema = {
    "type": ["string", "null"],
    "pattern": names.whole(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?Z"),
    "patternErrorMessage": "not a time such as 2020-01-01T00:00:00Z",
    "description": "UTC, ISO 8601; null is open.",
}
_TAI: Schema = {
    "type": ["integer", "null"],
    "minimum": FIRST_NS,
    "maximum": LAST_NS,
    "description": "Nanoseconds since 1970-01-01 TAI; null is open.",
}

_VALIDITY = _object(
    "When it is in force, from begin to before end: twice, in UTC and in TAI.",
    {"begin": _TIME, "end": _TIME, "begin_tai_ns": _TAI, "end_tai_ns": _TAI},
    {},
)

_SOURCE = _object(
    "Its text in Git.",
    {
        "path": {**_LINE, "description": "Path in the Git repository."},
        "blob": {**_COMMIT_OR_EMPTY, "description": "Hash of the blob."},
        "commit": {**_COMMIT_OR_EMPTY, "description": "Hash of the last commit that changed it."},
    },
    {},
)

DATASET: Schema = {
    **_object(
        "A dataset: a file of this bundle, or a reference to a dataset of an earlier release, which has no path.",
        {
            "uuid": {
                "type": "string",
                "pattern": names.whole("[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
                "patternErrorMessage": "not a UUID of version 5",
                "description": "Version 5, by Butler's rule DATAID_TYPE_RUN.",
            },
            "dataset_type": _TYPE,
            "run": {
                **_COLLECTION,
                "description": "The RUN collection: for a file <collection>/unbounded or <collection>/curated/<CALIBDATE>Z.",
            },
            "collection": {**_COLLECTION, "description": "The CALIBRATION collection."},
            "data_id": _object(
                "The required dimensions and their values.",
                {"instrument": _INSTRUMENT_NAME},
                {"detector": _COUNT, "physical_filter": _VALUE},
            ),
            "validity": _VALIDITY,
            "content": _digits(64, "Hash of the values in the file, without origin and validity."),
            "source": _SOURCE,
        },
        {
            "path": {**_or_null(_FILE_PATH), "description": "Path of its FITS file in the bundle."},
            "sha256": {**_SHA256, "type": ["string", "null"]},
            "size": {**_SIZE, "type": ["integer", "null"]},
            "recipe": {
                "type": ["string", "null"],
                "pattern": names.whole("(?:[0-9a-f]{64})?"),
                "patternErrorMessage": "not 64 hexadecimal digits",
                "description": "Hash of all that the file was made of, and of the program that made it.",
            },
            "provenance": {
                **_object(
                    "The text file beside it with its provenance.",
                    {
                        "path": {**_FILE_PATH, "description": "Path in the bundle."},
                        "sha256": _SHA256,
                        "size": _SIZE,
                    },
                    {},
                ),
                "type": ["object", "null"],
            },
        },
    ),
    "if": {"required": ["path"], "properties": {"path": {"type": "string"}}},
    "then": {
        "required": ["sha256", "size"],
        "properties": dict.fromkeys(("sha256", "size"), _not_null("which must be known of a file")),
    },
}
"""One entry of ``datasets``."""

_DEPRECATED = _object(
    "A calibration that is out of use.",
    {
        "dataset_type": _TYPE,
        **dict.fromkeys(("instrument", "by", "date", "cover"), _LINE),
        "reason": {"type": "string", "minLength": 1, "maxLength": 4096},
        "source": _SOURCE,
        "validity": _object("When it would be in force.", {"begin": _LINE, "end": _or_null(_LINE)}, {}),
    },
    dict.fromkeys(("detector", "filter"), _LINE),
)

MANIFEST: Schema = {
    "$schema": DIALECT,
    "$id": BASE + MANIFEST_SCHEMA,
    "title": "manifest.json",
    **_object(
        "The datasets of a bundle: what each is, where it comes from and when it is in force.",
        {
            "format": {"type": "string", "const": FORMAT},
            "version": {"type": "integer", "const": VERSION},
            "repository": _object(
                "The commit that the bundle was made of.",
                {
                    "sha1": _COMMIT,
                    "label": _text(
                        names.LABEL,
                        names.LONGEST_LABEL,
                        "not a label of letters, digits and '._-', without '..'",
                        "Label of the release.",
                    ),
                },
                {
                    "url": {**_or_null(_LINE_OR_EMPTY), "description": "Public address of the package."},
                    "dirty": {"type": "boolean", "description": "Whether files differed from the commit."},
                },
            ),
            "instruments": _list("The instruments.", _INSTRUMENT, 1000),
            "dataset_types": _list("The dataset types.", _DATASET_TYPE, 1000),
            "datasets": _list("The datasets.", DATASET, 10_000_000),
        },
        {
            "curated": {**_LINE, "description": "Version of curated that made the bundle."},
            "base": {
                **_or_null(_LINE),
                "description": "The earlier release that datasets without a path are part of.",
            },
            "deprecated": _list(
                "Calibrations of the package that are out of use, and why; they are not in the bundle.",
                _DEPRECATED,
                1_000_000,
            ),
        },
    ),
}
