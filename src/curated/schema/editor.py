"""Settings of editors: the YAML files of each schema."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from curated.core.diagnostic import CuratedError
from curated.declare.settings import schema_name
from curated.package.config import CONFIG_FILE
from curated.package.files import INSTRUMENT_FILE
from curated.package.layout import VERIFICATION_DIRECTORY
from curated.package.package import Package
from curated.provenance.record import PROVENANCE_ENDING, VERIFICATION_ENDING
from curated.registry import all_types
from curated.schema.files import (
    CONFIG_SCHEMA,
    INSTRUMENT_SCHEMA,
    PROVENANCE_SCHEMA,
    RECORD_SCHEMA,
    TESTS_SCHEMA,
    WAIVERS_SCHEMA,
    write_files,
)
from curated.schema.snippets import SNIPPETS_FILE, TASKS_FILE, snippets_text, tasks_text
from curated.verification.waivers import WAIVERS_FILE

SETTINGS_FILE = ".vscode/settings.json"
_SCHEMAS, _TAGS = "yaml.schemas", "yaml.customTags"
_PROPERTY_LIST = "lsst.daf.base.PropertyList sequence"
"""Tag of the stack's metadata; an editor marks tags that it does not know as errors."""

_HINT = "mend it, or write into it by hand what docs/pull-requests.md shows under 'Editors'"


def yaml_patterns(top: str) -> dict[str, list[str]]:
    """Return the glob patterns of the YAML files of each schema, by the schema's file name.

    Parameters
    ----------
    top : `str`
        The calibration directory relative to the package's root; empty for a bare package.

    Returns
    -------
    patterns : `dict` [`str`, `list` [`str`]]
        Patterns for language servers: ``**/`` is any number of directories, ``!`` excludes, and the last pattern
        that matches decides.
    """
    start = "" if PurePosixPath(top) == PurePosixPath() else f"{PurePosixPath(top)}/"
    beside, record = f"**/*{PROVENANCE_ENDING}", f"**/*{VERIFICATION_ENDING}"
    verification = f"{start}*/{VERIFICATION_DIRECTORY}"
    patterns = {
        schema_name(spec.name, spec.schema_version): [
            f"{start}*/{spec.name}/**/*.yaml",
            f"!{beside}",
            f"!{record}",
        ]
        for spec in (cls.SPEC for cls in all_types().values())
        if "yaml" in spec.forms
    }
    patterns[CONFIG_SCHEMA] = [CONFIG_FILE]
    patterns[INSTRUMENT_SCHEMA] = [f"{start}*/{INSTRUMENT_FILE}"]
    patterns[PROVENANCE_SCHEMA] = [f"{start}{beside}"]
    patterns[RECORD_SCHEMA] = [f"{start}{record}"]
    patterns[TESTS_SCHEMA] = [f"{verification}/*/*.yaml"]
    patterns[WAIVERS_SCHEMA] = [f"{verification}/{WAIVERS_FILE}"]
    return patterns


def write_editor_settings(package: Package, directory: str | os.PathLike[str]) -> list[str]:
    """Write the files of a package in ``.vscode``: settings, keeping the others that are there, snippets, and a task that checks.

    Parameters
    ----------
    package : `Package`
        Package whose files the settings are for.
    directory : path-like
        Directory of the schemas.

    Returns
    -------
    changed : `list` [`str`]
        Paths of the files that have changed, relative to the package's root.

    Raises
    ------
    CuratedError
        If the existing file is no JSON object, for instance because it has comments, or is a link out of the package.
    """
    path = package.root / SETTINGS_FILE
    if not path.resolve().is_relative_to(package.root.resolve()):
        raise CuratedError(f"{path} is a link that leads out of the package", _HINT)
    text = path.read_text("utf-8-sig") if path.is_file() else "{}"
    settings = _parse(path, text)
    location = os.path.relpath(directory, package.root).replace(os.sep, "/")
    location = location if location.startswith("../") else f"./{location}"
    patterns = {f"{location}/{name}": globs for name, globs in yaml_patterns(package.top).items()}
    other_patterns = {
        name: globs
        for name, globs in settings.get(_SCHEMAS, {}).items()
        if not (name.startswith(f"{location}/") and name.endswith(".schema.json"))
    }
    tags = settings.get(_TAGS, [])
    merged = {
        **settings,
        _SCHEMAS: {**other_patterns, **patterns},
        _TAGS: tags if _PROPERTY_LIST in tags else [*tags, _PROPERTY_LIST],
    }
    files = {SNIPPETS_FILE: snippets_text(), TASKS_FILE: tasks_text()}
    if merged != settings or not path.is_file():
        indent = re.search(r'\n([ \t]+)"', text)
        files[SETTINGS_FILE] = (
            json.dumps(merged, indent=indent[1] if indent else 2, ensure_ascii=False) + "\n"
        )
    # Tasks are those of a person, once there are any.
    return write_files(package.root, files, keep=[TASKS_FILE])


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CuratedError(f"{path} is not plain JSON, and is left alone: {error}", _HINT) from error
    if not isinstance(settings, dict):
        raise CuratedError(f"{path} is not a mapping of settings", _HINT)
    for key, kind in ((_SCHEMAS, dict), (_TAGS, list)):
        if not isinstance(settings.get(key, kind()), kind):
            raise CuratedError(f"{path}: {key!r} is not a {kind.__name__}", _HINT)
    return settings
