"""The schema of ``manifest.json``, which lists the datasets of a bundle."""

from __future__ import annotations

from typing import Any

from curated.declare.settings import BASE, DIALECT, schema_name

FORMAT, VERSION = "curated-bundle", 1
MANIFEST_SCHEMA = schema_name("manifest", f"{VERSION}.0")
"""File name of the schema."""

Schema = dict[str, Any]

# Empty text is no value in a Butler database.
_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"], "minLength": 1}
_NUMBER: Schema = {"type": "integer"}
_NUMBER_OR_NULL: Schema = {"type": ["integer", "null"]}
_SIZE: Schema = {"type": "integer", "minimum": 0, "description": "In bytes."}


def _object(description: str, required: dict[str, Schema], optional: dict[str, Schema]) -> Schema:
    """Return the schema of an object, in which other keys are allowed."""
    return {
        "description": description,
        "type": "object",
        "required": list(required),
        "properties": required | optional,
    }


def _list(description: str, items: Schema) -> Schema:
    return {"description": description, "type": "array", "items": items}


def _not_null(message: str) -> Schema:
    return {"not": {"type": "null"}, "errorMessage": message}


_INSTRUMENT = _object(
    "An instrument, as its record in a repository.",
    {
        "name": _TEXT,
        "detectors": _list(
            "All detectors of the instrument.",
            _object(
                "A detector.",
                {"id": _NUMBER, "full_name": _TEXT},
                {"name_in_raft": _TEXT_OR_NULL, "raft": _TEXT_OR_NULL, "purpose": _TEXT_OR_NULL},
            ),
        ),
        "filters": _list(
            "All physical filters of the instrument.",
            _object("A physical filter.", {"name": _TEXT}, {"band": _TEXT_OR_NULL}),
        ),
        "collections": _object(
            "Names of collections: the CALIBRATION collection of the release, and the chain of recommended ones.",
            {"calibration": _TEXT, "chain": _TEXT},
            {},
        ),
    },
    {
        "directory": {"type": "string", "description": "Directory in the package."},
        "class_name": _TEXT_OR_NULL,
        "detector_max": _NUMBER_OR_NULL,
        "visit_max": _NUMBER_OR_NULL,
        "exposure_max": _NUMBER_OR_NULL,
        "visit_system": _NUMBER_OR_NULL,
    },
)

_DATASET_TYPE = _object(
    "A dataset type.",
    {
        "name": _TEXT,
        "dimensions": _list(
            "Its required dimensions.",
            {
                "type": "string",
                "pattern": "^(instrument|detector|physical_filter)$",
                "patternErrorMessage": "not a dimension of a calibration",
            },
        ),
        "storage_class": _TEXT,
        "is_calibration": {"type": "boolean", "const": True},
    },
    {},
)

_FILE: dict[str, Schema] = {
    "path": {**_TEXT, "description": "Path in the bundle."},
    "sha256": _TEXT,
    "size": _SIZE,
}

_TIME = {"type": ["string", "null"], "description": "UTC, ISO 8601; null is open."}
_TAI = {"type": ["integer", "null"], "description": "Nanoseconds since 1970-01-01 TAI; null is open."}

_VALIDITY = _object(
    "When it is in force.", {"begin_tai_ns": _TAI, "end_tai_ns": _TAI}, {"begin": _TIME, "end": _TIME}
)

_SOURCE = _object(
    "Its text in Git.",
    {},
    {
        "path": {"type": ["string", "null"], "description": "Path in the Git repository."},
        "blob": {"type": ["string", "null"], "description": "SHA1 of the blob."},
        "commit": {"type": ["string", "null"], "description": "SHA1 of the last commit that changed it."},
    },
)

DATASET: Schema = {
    **_object(
        "A dataset: a file of this bundle, or a reference to a dataset of an earlier release, which has no path.",
        {
            "uuid": {**_TEXT, "description": "Version 5, by Butler's rule DATAID_TYPE_RUN."},
            "dataset_type": _TEXT,
            "run": {**_TEXT, "description": "The RUN collection."},
            "collection": {**_TEXT, "description": "The CALIBRATION collection."},
            "data_id": {
                "description": "The required dimensions and their values.",
                "type": "object",
                "required": ["instrument"],
                "properties": {"instrument": _TEXT, "detector": _NUMBER, "physical_filter": _TEXT},
                "additionalProperties": False,
            },
            "validity": _VALIDITY,
        },
        {
            "path": {**_TEXT_OR_NULL, "description": "Path of its FITS file in the bundle."},
            "sha256": {**_TEXT_OR_NULL, "description": "Hash of the file."},
            "size": {**_SIZE, "type": ["integer", "null"]},
            "content": {
                **_TEXT_OR_NULL,
                "description": "Hash of the values in the file, without origin and validity.",
            },
            "recipe": {
                "type": ["string", "null"],
                "description": "Hash of all that the file was made of, and of the program that made it.",
            },
            "provenance": {
                **_object("The text file beside it with its provenance.", _FILE, {}),
                "type": ["object", "null"],
            },
            "source": _SOURCE,
        },
    ),
    "if": {"required": ["path"], "properties": {"path": {"type": "string"}}},
    "then": {
        "required": ["sha256", "size"],
        "properties": dict.fromkeys(("sha256", "size"), _not_null("which must be known of a file")),
    },
    "else": {
        "required": ["content"],
        "properties": {"content": _not_null("which must be known of a dataset without a path")},
    },
}
"""One entry of ``datasets``."""

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
                {"sha1": _TEXT, "label": {**_TEXT, "description": "Label of the release."}},
                {
                    "url": {"type": ["string", "null"], "description": "Public address of the package."},
                    "dirty": {"type": "boolean", "description": "Whether files differed from the commit."},
                },
            ),
            "instruments": _list("The instruments.", _INSTRUMENT),
            "dataset_types": _list("The dataset types.", _DATASET_TYPE),
            "datasets": _list("The datasets.", DATASET),
        },
        {
            "curated": {"type": "string", "description": "Version of curated that made the bundle."},
            "base": {
                **_TEXT_OR_NULL,
                "description": "The earlier release that datasets without a path are part of.",
            },
            "deprecated": _list(
                "Calibrations of the package that are out of use, and why; they are not in the bundle.",
                {"type": "object"},
            ),
        },
    ),
}
