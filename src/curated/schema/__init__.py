"""JSON Schemas of the text forms and settings, generated from their declarations and committed.

A check validates settings with them (`curated.declare.validation`); calibrations it reads by their declarations.
"""

from curated.schema.document import type_schema
from curated.schema.editor import write_editor_settings, yaml_patterns
from curated.schema.files import (
    check_schemas,
    config_schema,
    instrument_schema,
    provenance_schema,
    schema_files,
    write_schemas,
)

__all__ = [
    "check_schemas",
    "config_schema",
    "instrument_schema",
    "provenance_schema",
    "schema_files",
    "type_schema",
    "write_editor_settings",
    "write_schemas",
    "yaml_patterns",
]
