"""``curated types``."""

from __future__ import annotations

from typing import Any

import click

from curated.calib import Calib
from curated.cli.context import Settings, echo, format_option, pass_settings, print_json
from curated.registry import all_types, get_type, plugin_faults


def describe(cls: type[Calib]) -> dict[str, Any]:
    """Return a type's declaration as plain data."""
    spec = cls.SPEC
    return {
        "name": spec.name,
        "title": spec.title,
        "aliases": list(spec.aliases),
        "dataset_type": spec.dataset,
        "storage_class": spec.storage_class,
        "dimensions": list(spec.dimensions),
        "forms": list(spec.forms),
        "version": spec.version,
        "class": spec.calibcls,
        "fields": [
            {
                "name": f.name,
                "key": f.key,
                "column": f.column_label or None,
                "keyword": f.keyword or None,
                "dtype": f.dtype,
                "shape": list(f.shape),
                "unit": f.unit,
                "required": f.required,
                "doc": f.doc,
            }
            for f in cls.FIELDS
        ],
    }


@click.command("types")
@click.argument("name", required=False)
@format_option()
@pass_settings
def command(settings: Settings, name: str | None, form: str) -> None:
    """List the calibration types with their forms, or describe the type NAME.

    \b
    Examples:
      curated types
      curated types crosstalk
    """
    types = [get_type(name)] if name else list(all_types().values())
    descriptions = [describe(cls) for cls in types]
    if form == "json":
        print_json("types", types=descriptions)
    elif name:
        _print_description(descriptions[0])
    else:
        _print_list(descriptions)
    for fault in plugin_faults():
        echo(f"not usable: {fault}", err=True)


def _print_list(descriptions: list[dict[str, Any]]) -> None:
    rows = [
        (
            entry["name"],
            ", ".join(entry["forms"]),
            ", ".join(d for d in entry["dimensions"] if d != "instrument") or "-",
            entry["title"],
        )
        for entry in descriptions
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        echo("  ".join(map(str.ljust, row, widths)).rstrip())


def _print_description(entry: dict[str, Any]) -> None:
    echo(f"{entry['name']}: {entry['title']}", "")
    path = "/".join(
        [
            "<instrument>",
            entry["name"],
            *[f"<{d.removeprefix('physical_')}>" for d in entry["dimensions"][1:]],
            "<validstart>",
        ]
    )
    echo(f"path           {path}.{{{','.join(entry['forms'])}}}")
    echo(
        f"dataset type   {entry['dataset_type']} ({', '.join(entry['dimensions'])}), storage class {entry['storage_class']}"
    )
    echo(f"class          {entry['class']}, version {entry['version']}")
    if entry["aliases"]:
        echo(f"also called    {', '.join(entry['aliases'])}")
    echo("", "fields:")
    for f in entry["fields"]:
        shape = f"[{','.join(map(str, f['shape']))}]" if f["shape"] else ""
        unit = f" {f['unit']}" if f["unit"] else ""
        optional = "" if f["required"] else " (optional)"
        place = f["column"] or f["keyword"] or ""
        echo(f"  {f['key']:22s} {place:24s} {f['dtype']}{shape}{unit}{optional}", f"      {f['doc']}")
