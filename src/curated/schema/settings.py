"""The schemas of ``curated.yaml``, ``instrument.yaml`` and ``<validstart>.inputs.yaml``."""

from __future__ import annotations

from typing import Any

from curated.declare.settings import document_schema, schema_name
from curated.package.config import CONFIG
from curated.package.instrument.settings import INSTRUMENT
from curated.provenance.record import PROVENANCE

_VERSION = "1.0"
CONFIG_SCHEMA, PROVENANCE_SCHEMA, INSTRUMENT_SCHEMA = (
    schema_name(name, _VERSION) for name in ("curated", "inputs", "instrument")
)
"""File names of the three schemas."""


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``curated.yaml``."""
    schema = document_schema(CONFIG_SCHEMA, "curated.yaml", CONFIG)
    # An empty file is a package with all defaults.
    return schema | {"type": ["object", "null"]}


def provenance_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``<validstart>.inputs.yaml``."""
    return document_schema(PROVENANCE_SCHEMA, "<validstart>.inputs.yaml", PROVENANCE)


def instrument_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``instrument.yaml``."""
    return document_schema(INSTRUMENT_SCHEMA, "instrument.yaml", INSTRUMENT)
