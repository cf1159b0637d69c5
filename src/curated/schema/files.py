"""Files that are generated from declarations and committed: the schemas, and how to write and compare any."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curated.core.diagnostic import CuratedError
from curated.declare.settings import document_schema, schema_name
from curated.package.config import CONFIG
from curated.package.settings.instrument import INSTRUMENT
from curated.provenance.record import PROVENANCE
from curated.registry import all_types
from curated.schema.attestation import ATTESTATION
from curated.schema.document import type_schema
from curated.schema.manifest import MANIFEST
from curated.verification.record_file import RECORD
from curated.verification.tables import TEST_TABLE
from curated.verification.waivers import WAIVERS

RELEASED = "released.json"
"""File with the SHA-256 of every released schema, by file name."""

_COMMAND = "curated schema write"
_PATTERN = "*.schema.json"


_VERSION = "1.0"
CONFIG_SCHEMA, PROVENANCE_SCHEMA, INSTRUMENT_SCHEMA = (
    schema_name(name, _VERSION) for name in ("curated", "inputs", "instrument")
)
TESTS_SCHEMA, WAIVERS_SCHEMA, RECORD_SCHEMA = (
    schema_name(name, _VERSION) for name in ("tests", "waivers", "verify")
)
"""File names of the schemas of settings."""


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``curated.yaml``."""
    schema = document_schema(CONFIG_SCHEMA, "curated.yaml", CONFIG)
    # An empty file is valid: the package has all defaults.
    return schema | {"type": ["object", "null"]}


def provenance_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``<validstart>.inputs.yaml``."""
    return document_schema(PROVENANCE_SCHEMA, "<validstart>.inputs.yaml", PROVENANCE)


def instrument_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``instrument.yaml``."""
    return document_schema(INSTRUMENT_SCHEMA, "instrument.yaml", INSTRUMENT)


def verification_schemas() -> list[dict[str, Any]]:
    """Return the JSON Schemas (2020-12) of tables of tests, waivers and records of verification."""
    return [
        document_schema(TESTS_SCHEMA, "verification/<type>/<validstart>.yaml", TEST_TABLE),
        document_schema(WAIVERS_SCHEMA, "verification/waivers.yaml", WAIVERS),
        document_schema(RECORD_SCHEMA, "<validstart>.verify.yaml", RECORD),
    ]


def schema_files() -> dict[str, str]:
    """Return the text of every schema by file name; the same declarations give the same bytes.

    Types of other packages that are installed are among them.
    """
    schemas = [type_schema(cls) for cls in all_types().values()]
    schemas += [config_schema(), instrument_schema(), provenance_schema(), MANIFEST, ATTESTATION]
    schemas += verification_schemas()
    return {schema["$id"].rpartition("/")[2]: _text(schema) for schema in schemas}


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_schemas(directory: str | os.PathLike[str]) -> list[str]:
    """Write all schemas; released ones are never touched.

    Parameters
    ----------
    directory : path-like
        Directory of the schemas; created if it does not exist.

    Returns
    -------
    changed : `list` [`str`]
        Names of the files whose content has changed.
    """
    root = Path(directory)
    files = schema_files()
    if not (root / RELEASED).exists():
        files[RELEASED] = "{}\n"
    return write_files(root, files, keep=[*_released(root), RELEASED])


def check_schemas(directory: str | os.PathLike[str]) -> list[Drift]:
    """Compare the committed schemas with the declarations.

    Parameters
    ----------
    directory : path-like
        Directory of the schemas.

    Returns
    -------
    drifts : `list` [`Drift`]
        Schemas that are missing, differ from their declaration, belong to none, or have changed since
        their release.
    """
    root = Path(directory)
    released = _released(root)
    drifts = []
    if not (root / RELEASED).is_file():
        drifts.append(Drift(RELEASED, "is missing", f"run '{_COMMAND}' and commit the file"))
    current = schema_files()
    for name, digest in released.items():
        path = root / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            state = "has changed" if path.is_file() else "is missing"
            drifts.append(
                Drift(name, f"{state} since its release", f"bring it back: git checkout <tag> -- {name}")
            )
        elif name in current and path.read_bytes() != current[name].encode():
            hint = "raise 'revision' in the type's SPEC, so that the schema is a new file"
            drifts.append(Drift(name, "is released, and the declaration says something else now", hint))
    expected = {name: text for name, text in current.items() if name not in released}
    drifts += [
        drift for drift in check_files(root, expected, _PATTERN, _COMMAND) if drift.file not in released
    ]
    return sorted(drifts)


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


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """A difference between a committed file and its declaration.

    Parameters
    ----------
    file : `str`
        Path relative to the directory of the generated files.
    message, hint : `str`
        The difference, and how to mend it.
    """

    file: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message} (hint: {self.hint})"


def write_files(directory: Path, files: Mapping[str, str], keep: Iterable[str] = ()) -> list[str]:
    """Write generated files.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Directory of the files; created if it does not exist.
    files : `dict` [`str`, `str`]
        Contents by path relative to the directory.
    keep : iterable [`str`], optional
        Files that are not changed if they exist.

    Returns
    -------
    changed : `list` [`str`]
        Paths of the files whose content has changed.
    """
    changed = []
    for name, text in files.items():
        path = directory / name
        if path.is_file() and (name in keep or path.read_bytes() == text.encode()):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        changed.append(name)
    return changed


def check_files(directory: Path, files: Mapping[str, str], pattern: str, command: str) -> list[Drift]:
    """Compare committed files with what would be generated.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Directory of the files.
    files : `dict` [`str`, `str`]
        Contents by path relative to the directory.
    pattern : `str`
        Glob pattern, relative to the directory, of files that are all generated.
    command : `str`
        Command that writes the files, for hints.

    Returns
    -------
    drifts : `list` [`Drift`]
        Files that are missing, differ, or belong to no declaration.
    """
    drifts = []
    for name, text in files.items():
        path = directory / name
        if not path.is_file():
            drifts.append(Drift(name, "is missing", f"run '{command}' and commit the file"))
        elif path.read_bytes() != text.encode():
            drifts.append(
                Drift(name, "is not what the declaration says", f"run '{command}' and commit the change")
            )
    present = (path.relative_to(directory).as_posix() for path in directory.glob(pattern))
    orphans = sorted(name for name in present if name not in files)
    return drifts + [Drift(name, "belongs to no declaration", "remove the file") for name in orphans]
