"""The schemas as files: written, compared with the declarations, frozen once released."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curated.core.diagnostic import CuratedError
from curated.core.generated import Drift, check_files, write_files
from curated.registry import own_types
from curated.schema.document import type_schema
from curated.schema.manifest import MANIFEST
from curated.schema.settings import config_schema, instrument_schema, provenance_schema

RELEASED = "released.json"
"""File that holds the hash of every released schema, by file name."""

_COMMAND = "curated schema write"
_PATTERN = "*.schema.json"


def schema_files() -> dict[str, str]:
    """Return the text of every schema by file name; the same declarations give the same bytes."""
    schemas = [type_schema(cls) for cls in own_types().values()]
    schemas += [config_schema(), instrument_schema(), provenance_schema(), MANIFEST]
    return {schema["$id"].rpartition("/")[2]: _text(schema) for schema in schemas}


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_schemas(directory: str | os.PathLike[str]) -> list[str]:
    """Write all schemas; released ones are never touched.

    Parameters
    ----------
    directory : path-like
        Where; made if it does not exist.

    Returns
    -------
    changed : `list` [`str`]
        Names of the files whose content is another one now.
    """
    root = Path(directory)
    files = schema_files()
    if not (root / RELEASED).exists():
        files[RELEASED] = "{}\n"
    return write_files(root, files, keep=[*_released(root), RELEASED])


def check_schemas(directory: str | os.PathLike[str]) -> list[Drift]:
    """Return what is wrong with the committed schemas.

    Parameters
    ----------
    directory : path-like
        Where they are.

    Returns
    -------
    found : `list` [`Drift`]
        Schemas that are missing, differ from their declaration, belong to none, or have changed since
        their release.
    """
    root = Path(directory)
    released = _released(root)
    found = []
    if not (root / RELEASED).is_file():
        found.append(Drift(RELEASED, "is missing", f"run '{_COMMAND}' and commit the file"))
    current = schema_files()
    for name, digest in released.items():
        path = root / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            what = "has changed" if path.is_file() else "is missing"
            found.append(
                Drift(name, f"{what} since its release", f"bring it back: git checkout <tag> -- {name}")
            )
        elif name in current and path.read_bytes() != current[name].encode():
            hint = "raise 'revision' in the type's SPEC, so that the schema is a new file"
            found.append(Drift(name, "is released, and the declaration says something else now", hint))
    expected = {name: text for name, text in current.items() if name not in released}
    drifts = check_files(root, expected, _PATTERN, _COMMAND)
    return sorted(found + [drift for drift in drifts if drift.file not in released])


def _released(root: Path) -> dict[str, str]:
    path = root / RELEASED
    if not path.is_file():
        return {}
    try:
        hashes = json.loads(path.read_bytes())
    except ValueError as error:
        raise CuratedError(f"{path} is not JSON: {error}") from error
    if not isinstance(hashes, dict) or not all(isinstance(value, str) for value in hashes.values()):
        raise CuratedError(f"{path} is not a mapping of file names to SHA-256")
    return hashes
