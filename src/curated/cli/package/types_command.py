"""``curated types``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import click

from curated.calib import Calib
from curated.cli.context import Settings, echo, format_option, pass_settings, print_json
from curated.cli.prerequisites import require_option
from curated.registry import all_types, distribution_of, get_type, plugin_distributions, plugin_faults


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
        "distribution": str(distribution_of(spec.name) or "") or None,
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
@click.option(
    "--check",
    "is_check",
    is_flag=True,
    help="Check the declarations instead: of the type NAME, or of all types of other packages.",
)
@click.option(
    "--example",
    "examples",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A calibration of the type NAME that must survive its text forms and FITS. May be repeated.",
)
@format_option()
@pass_settings
def command(
    settings: Settings, name: str | None, is_check: bool, examples: tuple[Path, ...], form: str
) -> None:
    """List the calibration types with their forms, or describe the type NAME.

    With --check, say what is wrong in declarations; exit 1 if anything is. docs/own-type.md tells how to declare a type
    of one's own.

    \b
    Examples:
      curated types
      curated types crosstalk
      curated types --check persistence --example 20240101T000000.yaml
    """
    require_option("--check", "--example")
    if examples and not name:
        raise click.UsageError("--example needs the NAME of its type")
    if is_check:
        _check(name, examples, form)
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


def _check(name: str | None, examples: tuple[Path, ...], form: str) -> NoReturn:
    """Check declarations, print the result, and end the command."""
    from curated.schema.declarations import declaration_faults, example_faults

    classes = [get_type(name)] if name else [all_types()[other] for other in plugin_distributions()]
    faults = {cls.SPEC.name: declaration_faults(cls) for cls in classes}
    for path in examples:
        faults[classes[0].SPEC.name] += example_faults(classes[0], path)
    unusable = [str(fault) for fault in plugin_faults() if name is None or fault.name == name]
    is_failed = bool(unusable) or any(faults.values())
    if form == "json":
        print_json("types-check", failed=is_failed, types=faults, unusable=unusable)
        raise SystemExit(int(is_failed))
    for type_name, texts in faults.items():
        distribution = distribution_of(type_name)
        origin = f" ({distribution})" if distribution else ""
        echo(f"{type_name}{origin}: {'sound' if not texts else f'{len(texts)} wrong'}")
        for text in texts:
            echo(f"  {text}")
    for text in unusable:
        echo(f"not usable: {text}")
    if not faults and not unusable:
        echo("no type of another package is installed; name one to check its declaration")
    raise SystemExit(int(is_failed))


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
    if entry["distribution"]:
        echo(f"declared by    {entry['distribution']}")
    if entry["aliases"]:
        echo(f"also called    {', '.join(entry['aliases'])}")
    echo("", "fields:")
    for f in entry["fields"]:
        shape = f"[{','.join(map(str, f['shape']))}]" if f["shape"] else ""
        unit = f" {f['unit']}" if f["unit"] else ""
        optional = "" if f["required"] else " (optional)"
        place = f["column"] or f["keyword"] or ""
        echo(f"  {f['key']:22s} {place:24s} {f['dtype']}{shape}{unit}{optional}", f"      {f['doc']}")
