"""The schema of attestations is a schema, committed, and defines the type of the predicate."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from curated.schema.attestation import ATTESTATION, ATTESTATION_SCHEMA, PREDICATE_TYPE

ROOT = Path(__file__).parents[2]


def test_the_schema() -> None:
    Draft202012Validator.check_schema(ATTESTATION)
    assert ATTESTATION["$id"] == PREDICATE_TYPE
    assert json.loads((ROOT / "schemas" / ATTESTATION_SCHEMA).read_text()) == ATTESTATION
