"""The schema of ``attestation.json``: an in-toto statement with a predicate of our own."""

from __future__ import annotations

from typing import Any

from curated.declare.settings import BASE, DIALECT, schema_name

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
ATTESTATION_SCHEMA = schema_name("attestation", "1.0")
PREDICATE_TYPE = BASE + ATTESTATION_SCHEMA
"""Type of the predicate; the address of its schema is its definition."""

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "minLength": 1}
_COUNT: Schema = {"type": "integer", "minimum": 0}


def _object(description: str, keys: dict[str, Schema], **others: Any) -> Schema:
    return {
        "description": description,
        "type": "object",
        "required": list(keys),
        "properties": keys,
        **others,
    }


_CODE: Schema = {"type": "string", "pattern": "^CAL[0-9]{3}$"}

_SILENCE = _object(
    "A code that curated.yaml silences for some files.",
    {"code": _CODE, "path": _TEXT, "reason": _TEXT, "until": _TEXT},
)

_PREDICATE = _object(
    "The origin of the files, and the check that they passed.",
    {
        "release": _object(
            "The release.", {"label": _TEXT, "base": {"type": ["string", "null"]}, "datasets": _COUNT}
        ),
        "source": _object(
            "The commit, and the public address of its repository without credentials, or empty.",
            {
                "uri": {"type": "string"},
                "commit": {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"},
                "dirty": {"type": "boolean", "description": "Whether files differed from the commit."},
            },
        ),
        "tool": _object("The program.", {"name": {"type": "string", "const": "curated"}, "version": _TEXT}),
        "check": _object(
            "Result of the check: numbers of files, of findings by severity and code, and of silenced findings.",
            {
                "files": _COUNT,
                "errors": _COUNT,
                "warnings": _COUNT,
                "infos": _COUNT,
                "codes": {"type": "object", "propertyNames": _CODE, "additionalProperties": _COUNT},
                "silenced": _COUNT,
                "silences": {"type": "array", "items": _SILENCE},
            },
        ),
    },
)

_SUBJECT = _object(
    "A file of the bundle.",
    {
        "name": {**_TEXT, "description": "Path in the bundle."},
        "digest": _object("Hashes.", {"sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}),
    },
)

ATTESTATION: Schema = {
    "$schema": DIALECT,
    "$id": BASE + ATTESTATION_SCHEMA,
    "title": "attestation.json",
    **_object(
        "What was checked and bundled: an in-toto statement about all other files of a bundle.",
        {
            "_type": {"type": "string", "const": STATEMENT_TYPE},
            "subject": {"type": "array", "items": _SUBJECT},
            "predicateType": {"type": "string", "const": PREDICATE_TYPE},
            "predicate": _PREDICATE,
        },
    ),
}
