"""``curated types``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import click

from curated.calib import Calib
from curated.cli.context import Settings, echo, format_option, pass_settings, print_json
from curated.cli.prerequisites import require_option
from curated.declare.statistic import Statistic
from curated.registry import (
    all_statistics,
    all_types,
    distribution_of,
    get_type,
    plugin_distributions,
    plugin_faults,
    statistic_distributions,
    statistic_faults,
)
from curated.verification.rows import plain_row
from curated.verification.tables import default_tests


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


def describe_verification(cls: type[Calib]) -> dict[str, Any]:
    """Return the statistics of a type, and the tests that come with it, as plain data."""
    return {
        "statistics": [
            {
                "name": s.name,
                "unit": s.unit,
                "levels": list(s.levels),
                "needs": list(s.needs),
                "formula": s.formula,
                "source": s.source,
                "distribution": str(statistic_distributions().get(s.name, "")) or None,
            }
            for s in _statistics(cls)
        ],
        "tests": [plain_row(test) for test in default_tests(cls.SPEC.name)],
    }


def _statistics(cls: type[Calib]) -> list[Statistic]:
    """Return the statistics of a type, and those that other packages register for any."""
    of_types = {s.name for other in all_types().values() for s in other.SPEC.statistics}
    return [*cls.SPEC.statistics, *(s for name, s in all_statistics().items() if name not in of_types)]


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
    # Tests are read from files, which takes longer than a list should.
    is_complete = name is not None or form == "json"
    descriptions = [describe(cls) | (describe_verification(cls) if is_complete else {}) for cls in types]
    if form == "json":
        print_json("types", types=descriptions)
    elif name:
        _print_description(descriptions[0])
    else:
        _print_list(descriptions)
    for fault in (*plugin_faults(), *(statistic_faults() if name else ())):
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
    _print_verification(entry)


def _print_verification(entry: dict[str, Any]) -> None:
    if entry["statistics"]:
        echo("", "statistics, which tests of verification compare with limits:")
    for s in entry["statistics"]:
        unit = f" {s['unit']}" if s["unit"] else ""
        origin = f" of {s['distribution']}" if s["distribution"] else ""
        echo(f"  {s['name']}{unit} ({', '.join(s['levels'])}){origin}", f"      {s['formula']}")
    if entry["tests"]:
        echo("", "tests in force where a package has none of its own:")
    for test in entry["tests"]:
        limit = test["limit"]
        limits = f"{limit[0]:g} to {limit[1]:g}" if isinstance(limit, list) else f"{limit:g}"
        text = f"{test['statistic']} {test['operator']} {limits} {test['unit']}".rstrip()
        echo(f"  {test['id']:32s} {text}", f"      {test['source']}")
