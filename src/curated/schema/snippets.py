"""Snippets for editors: the frame of a calibration of each type, generated from its declaration."""

from __future__ import annotations

import json
from typing import Any

from curated.calib import Calib
from curated.declare import Field, Spec, is_nested
from curated.registry import all_types

SNIPPETS_FILE = ".vscode/curated.code-snippets"
"""Where Visual Studio Code looks for the snippets of a folder."""

TASKS_FILE = ".vscode/tasks.json"


def snippets() -> dict[str, Any]:
    """Return a snippet for each type in each of its forms with columns or keys, by name.

    Their form is that of Visual Studio Code: ``${1:text}`` is a place to fill in. Those of ECSV are for plain text, the language of
    files whose ending an editor does not know; its header is a comment, so that no schema can check it while one types.
    """
    result = {}
    for name, cls in all_types().items():
        if cls.SPEC.beside:
            continue
        for form, lines in (("yaml", _yaml_lines(cls)), ("ecsv", _ecsv_lines(cls))):
            if form in cls.SPEC.forms and lines:
                result[f"{name} ({form.upper()})"] = {
                    "scope": "yaml" if form == "yaml" else "plaintext",
                    "prefix": f"curated-{name}",
                    "description": cls.SPEC.title,
                    "body": lines,
                }
    return result


def snippets_text() -> str:
    """Return the file of all snippets."""
    return json.dumps(snippets(), indent=2, ensure_ascii=False) + "\n"


def tasks_text() -> str:
    """Return the tasks of an editor: a check whose findings it shows in the texts, of ECSV as well."""
    pattern = {
        "regexp": r"^(.+?):(\d+):(?:(\d+):)? (error|warning|info) (CAL\d{3}) (.*)$",
        "file": 1,
        "line": 2,
        "column": 3,
        "severity": 4,
        "code": 5,
        "message": 6,
    }
    task = {
        "label": "curated check",
        "type": "shell",
        "command": "curated check",
        "group": {"kind": "test", "isDefault": True},
        "problemMatcher": {
            "owner": "curated",
            "source": "curated",
            "fileLocation": ["relative", "${workspaceFolder}"],
            "pattern": pattern,
        },
    }
    return json.dumps({"version": "2.0.0", "tasks": [task]}, indent=2) + "\n"


class _Places:
    """Numbers the places to fill in."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, text: str) -> str:
        self.count += 1
        escaped = text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
        return f"${{{self.count}:{escaped}}}"


def _identity(spec: Spec, place: _Places) -> list[tuple[str, str]]:
    keywords = [("INSTRUME", place("instrument")), ("OBSTYPE", spec.obstype)]
    keywords.append(("CALIBDATE", f"'{place('2024-01-31T00:00:00')}'"))
    if spec.has_detector:
        keywords += [("DETECTOR", place("0")), ("DET_NAME", place("d00"))]
    if spec.has_filter:
        keywords.append(("FILTER", place("r")))
    return keywords


def _fields(cls: type[Calib]) -> list[Field]:
    """Return the fields that a file must have, and of alternatives the first."""
    chosen = {group[0] for group in cls.SPEC.alternatives}
    return [declared for declared in cls.FIELDS if declared.required or declared.name in chosen]


def _example(declared: Field) -> str:
    value = {"str": "text", "bool": "true"}.get(
        declared.dtype, "0.0" if declared.dtype.startswith("f") else "0"
    )
    return declared.choices[0] if declared.choices else value


def _yaml_lines(cls: type[Calib]) -> list[str]:
    """Return the frame of a YAML file; empty where a type's values stand below keys of their own."""
    fields = _fields(cls)
    tables = [cls.SPEC.tables[declared.table] for declared in fields]
    columns = [(f, table) for f, table in zip(fields, tables, strict=True) if not f.keyword]
    if not columns or any(
        is_nested(table, f) or f.prefix or (table.rows == "key" and not table.key_column)
        for f, table in columns
    ):
        return []
    place = _Places()
    keywords = _identity(cls.SPEC, place)
    keywords += [(declared.keyword, place(_example(declared))) for declared in fields if declared.keyword]
    lines = ["metadata:", *(f"  {key}: {value}" for key, value in keywords)]
    for declared, table in columns:
        shown = _example(declared)
        if table.rows == "key" and not declared.common:
            shown = f"{{{place('C00')}: {place(shown)}}}"
        elif table.rows == "record":
            shown = place(shown)
        else:
            shown = f"[{place(shown)}]"
        lines += [f"# {declared.caption}", f"{declared.key}: {shown}"]
    return lines


def _ecsv_lines(cls: type[Calib]) -> list[str]:
    """Return the frame of an ECSV file; empty where a type's columns hold more than numbers and texts."""
    declared_columns = [f for f in _fields(cls) if f.table == 0 and not f.keyword]
    table = cls.SPEC.tables[0] if cls.SPEC.tables else None
    if table is None or table.rows != "free" or not declared_columns:
        return []
    if any(f.shape or f.columns or f.prefix or not f.column for f in declared_columns):
        return []
    place = _Places()
    types = {"str": "string", "bool": "bool", "i8": "int64", "n": "float64"}
    lines = ["# %ECSV 1.0", "# ---", "# datatype:"]
    for declared in declared_columns:
        unit = f", unit: '{declared.unit}'" if declared.unit else ""
        lines.append(
            f"# - {{name: {declared.column}{unit}, datatype: {types.get(declared.dtype, 'float64')}}}"
        )
    lines += ["# meta: !!omap", *(f"# - {{{key}: {value}}}" for key, value in _identity(cls.SPEC, place))]
    lines += ["# schema: astropy-2.0", " ".join(f.column for f in declared_columns)]
    lines.append(" ".join(place(_example(f)) for f in declared_columns))
    return lines
