"""The schemas of ``curated.yaml``, ``instrument.yaml`` and ``<validstart>.inputs.yaml``."""

from __future__ import annotations

from typing import Any

from curated.declare.settings import Setting
from curated.package.config import CONFIG
from curated.package.instrument.settings import INSTRUMENT
from curated.provenance.declaration import PROVENANCE
from curated.schema.document import BASE, DIALECT, schema_name
from curated.schema.setting import setting_schema

_VERSION = "1.0"
CONFIG_SCHEMA, PROVENANCE_SCHEMA, INSTRUMENT_SCHEMA = (
    schema_name(name, _VERSION) for name in ("curated", "inputs", "instrument")
)
"""File names of the three schemas."""


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``curated.yaml``."""
    schema = _document(CONFIG_SCHEMA, "curated.yaml", CONFIG)
    # An empty file is a package with all defaults.
    return schema | {"type": ["object", "null"]}


def provenance_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``<validstart>.inputs.yaml``."""
    return _document(PROVENANCE_SCHEMA, "<validstart>.inputs.yaml", PROVENANCE)


def instrument_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``instrument.yaml``."""
    return _document(INSTRUMENT_SCHEMA, "instrument.yaml", INSTRUMENT)


def _document(name: str, title: str, setting: Setting) -> dict[str, Any]:
    head = {"$schema": DIALECT, "$id": BASE + name, "title": title}
    return head | setting_schema(setting)
