"""Reference pages in Markdown, generated from the declarations: one for each type, and one for all codes."""

from __future__ import annotations

import io
import os
from inspect import getdoc
from pathlib import Path
from typing import Any

from curated.calib import Calib
from curated.core.codes import CODES, FAMILIES
from curated.core.metadata import KEYWORD_DOCS
from curated.datasets.deprecation import MARK
from curated.declare import Field, Spec, Table
from curated.declare.settings import schema_name
from curated.docs.markdown import markdown_table
from curated.docs.verification import DEFAULTS_PAGE, defaults_page, verification_sections
from curated.fits.writer import fits_bytes
from curated.package.files import walk
from curated.package.layout import discover
from curated.registry import own_types
from curated.schema.files import Drift, check_files, write_files
from curated.schema.values import shape_text

_COMMAND = "make docs"
_HEAD = f"<!-- Generated from the declarations by '{_COMMAND}'; do not edit. -->\n"
_ROWS = {
    "free": "As many rows as there are values; in YAML a list for each field.",
    "one": "One row of vectors; in YAML a list for each field, matrices nested or flat in row order.",
    "key": "A row for each key; in YAML a mapping for each field, from the key to its value.",
    "records": "A row for each entry; in YAML a list of mappings.",
    "record": "Single values; in YAML a mapping, in FITS keywords of the primary header.",
}
_TYPES = {
    "f": "number",
    "f8": "number",
    "n": "number",
    "i8": "whole number",
    "bool": "flag",
    "str": "text",
    "any": "number or text",
}
_MOST_COLUMNS = 110
_MOST_LINES = {"header": 44, "metadata": 18, "values": 2}
"""Most lines of an example: of an ECSV file, of the metadata in YAML, and of each other value in YAML."""


def docs_files(calibs: Path) -> dict[str, str]:
    """Return the text of every page by its path below ``docs``.

    Parameters
    ----------
    calibs : `~pathlib.Path`
        Calibration directory with the examples.
    """
    pages = {f"types/{name}.md": type_page(cls, calibs) for name, cls in own_types().items()}
    return {
        **pages,
        "types/README.md": _index(),
        "codes.md": codes_page(),
        DEFAULTS_PAGE: f"{_HEAD}\n{defaults_page()}",
    }


def write_docs(directory: str | os.PathLike[str]) -> list[str]:
    """Write all pages, with examples of ``calibs`` beside the directory; return the paths that changed."""
    root = Path(directory)
    return write_files(root, docs_files(root.resolve().parent / "calibs"))


def check_docs(directory: str | os.PathLike[str]) -> list[Drift]:
    """Return the committed pages that are missing, differ, or belong to no type."""
    root = Path(directory)
    files = docs_files(root.resolve().parent / "calibs")
    return check_files(root, files, "types/*.md", _COMMAND)


def _index() -> str:
    rows = [
        (f"[{name}]({name}.md)", cls.SPEC.title, ", ".join(cls.SPEC.dimensions))
        for name, cls in own_types().items()
    ]
    return f"{_HEAD}\n# Calibration types\n\n{markdown_table(('Type', 'What it is', 'One for each'), rows)}"


def codes_page() -> str:
    """Return the page of all codes, from the code table."""
    parts = [
        _HEAD,
        "# Codes of findings\n",
        "An error makes `curated check` fail, and keeps the file out of a bundle; a warning or a note does not. "
        "A code can be silenced for a path in `curated.yaml`, with a reason and a date.\n",
    ]
    for digit, family in FAMILIES.items():
        infos = [info for code, info in CODES.items() if code[3] == digit]
        parts += [f"## CAL{digit}xx: {family}\n"] if infos else []
        for info in infos:
            parts.append(f"### {info.code}\n\n**{info.severity.value}: {info.title}**\n")
            parts.append(f"{info.why}\n\nTo mend it: {info.hint}.\n")
    return "\n".join(parts)


def type_page(cls: type[Calib], calibs: Path | None = None) -> str:
    """Return the page of a calibration type.

    Parameters
    ----------
    cls : `type`
        Class of the type.
    calibs : `~pathlib.Path`, optional
        Calibration directory with an example; without a file of the type there, the page has no example.
    """
    spec = cls.SPEC
    parts = [
        _HEAD,
        f"# {spec.name}: {spec.title}\n",
        (getdoc(cls) or "").replace("``", "`") + "\n",
        _facts(cls),
    ]
    parts.append("## Fields\n")
    for index, table in enumerate(spec.tables):
        single = table.rows == "record"
        fields = [field for field in cls.FIELDS if field.table == index and (single or not field.keyword)]
        parts.append(_fields(cls, table, fields))
    header = [f for f in cls.FIELDS if f.keyword and spec.tables[f.table].rows != "record"]
    if header:
        parts += ["### In the metadata\n", _field_table(header, "Keyword", lambda f: f.keyword)]
    if spec.ignored:
        parts.append("These keys may stand in YAML and are not read:\n")
        parts.append("".join(f"- `{key}`: {doc}\n" for key, doc in spec.ignored.items()))
    parts.append(_keywords(cls))
    if spec.measures:
        rows = [(f"`{m.name}`", m.unit or "-", m.doc) for m in spec.measures]
        parts += [
            "## What a change means\n",
            "`curated diff` says these measures of a change:\n",
            markdown_table(("Measure", "Unit", "How it is computed"), rows),
        ]
    if spec.bounds:
        parts += ["## Plausible values\n", _bounds_table(spec)]
    parts += _comparisons(spec)
    parts += verification_sections(spec)
    example = find_example(cls, calibs) if calibs is not None else None
    if example is not None and calibs is not None:
        parts += [example_section(example, calibs), fits_section(cls.readText(example))]
    return "\n".join(parts)


def _facts(cls: type[Calib]) -> str:
    spec = cls.SPEC
    levels = ["<instrument>", spec.name, *["<detector>"] * spec.has_detector, *["<filter>"] * spec.has_filter]
    endings = ",".join(spec.forms)
    name = f"<validstart>.{{{endings}}}" if len(spec.forms) > 1 else f"<validstart>.{endings}"
    schema = schema_name(spec.name, spec.schema_version)
    read = ", ".join(map(str, spec.versions)) or "any"
    rows = [
        ("Path", f"`{'/'.join([*levels, name])}`"),
        ("One for each", ", ".join(spec.dimensions)),
        ("Other names", ", ".join(spec.aliases) or "none"),
        ("Dataset type", f"`{spec.dataset}`, storage class `{spec.storage_class}`"),
        ("OBSTYPE", f"`{spec.obstype}`"),
        ("Class of the stack", f"`{spec.calibcls}`"),
        ("Version", f"{spec.version} is written, {read} read"),
        ("Schema of YAML and JSON", f"[{schema}](../../schemas/{schema})"),
    ]
    return markdown_table(("", ""), rows)


def _fields(cls: type[Calib], table: Table, fields: list[Field]) -> str:
    if table.rows == "record":
        title = f"### Mapping {table.name}" if table.name else "### At the top of the document"
        return f"{title}\n\n{_ROWS[table.rows]}\n\n{_field_table(fields, 'Keyword', lambda f: f.keyword)}"
    title = f"### Table {table.name}\n\n{_ROWS[table.rows]}"
    if table.group:
        title = (
            f"### Table {table.name}\n\nA row for each key; in YAML a mapping `{table.group}` from the key to its"
            " fields."
        )
    if table.key_column:
        title += f" The keys are the column `{table.key_column}` of ECSV and FITS."
    shared = [f"`{f.key}`" for f in fields if f.common]
    if shared:
        title += f" The same for all keys, and in YAML given once: {', '.join(shared)}."
    if table.optional:
        title += " Left out when there are no rows."
    for names in cls.SPEC.alternatives:
        if names[0] in {field.name for field in fields}:
            title += f" A file has exactly one of {' and '.join(f'`{n}`' for n in names)}."
    return f"{title}\n\n{_field_table(fields, 'Column', lambda f: f.column_label)}"


def _field_table(fields: list[Field], where: str, place: Any) -> str:
    head = ("YAML key", where, "Type", "Shape", "Unit", "Values", "Required", "Meaning")
    return markdown_table(head, [_field_row(field, place(field)) for field in fields])


def _field_row(field: Field, place: str) -> tuple[str, ...]:
    names = " or ".join(f"`{name}`" for name in dict.fromkeys((field.key, *field.aliases)))
    value = field.default if field.fill is None else field.fill
    default = "" if value is None or callable(value) else f"no: {value!r}".replace("''", "empty")
    return (
        names,
        f"`{place}`" if place else "",
        _TYPES[field.dtype],
        shape_text(field.shape),
        field.unit,
        _bounds(field),
        "yes" if field.required else default or "no",
        field.doc,
    )


def _bounds(field: Field) -> str:
    parts = [
        f"at least {_numbers(field.minimum)}" if field.minimum is not None else "",
        f"above {field.above:g}" if field.above is not None else "",
        f"at most {field.maximum:g}" if field.maximum is not None else "",
        ", ".join(field.choices),
        "" if field.finite or field.dtype not in ("f", "f8") else "NaN allowed",
    ]
    return "; ".join(part for part in parts if part)


def _numbers(bound: float | tuple[float, ...]) -> str:
    return ", ".join(f"{number:g}" for number in (bound if isinstance(bound, tuple) else (bound,)))


def _keywords(cls: type[Calib]) -> str:
    spec = cls.SPEC
    rows = [
        (f"`{keyword}`", "yes" if keyword in spec.required_keywords else "", doc)
        for keyword, doc in KEYWORD_DOCS.items()
        if not (keyword == "FILTER" and not spec.has_filter)
        and not (
            keyword in ("DETECTOR", "DET_NAME", "DET_SER", "RAFTNAME", "SLOTNAME") and not spec.has_detector
        )
    ]
    rows += [
        (f"`{keyword}`", "", f"The size {name} of the shapes above.") for name, keyword in spec.sizes.items()
    ]
    rows += [(f"`{keyword}`", "", part.doc) for keyword, part in MARK.keys.items()]
    keywords = ", ".join(f"`{keyword}`" for keyword in spec.keywords)
    more = f" Its own in FITS are {keywords}." if keywords else ""
    return f"## Keywords\n\nAny others are kept as they are.{more}\n\n{markdown_table(('Keyword', 'Required', 'Meaning'), rows)}"


def find_example(cls: type[Calib], calibs: Path) -> Path | None:
    """Return the smallest calibration of a type whose first table, if there is any, has rows; `None` for none."""
    files = [file for file in discover(walk(str(calibs), ""), "").files if file.key.type == cls.SPEC.name]
    for file in sorted(files, key=lambda f: ((calibs / f.path).stat().st_size, f.path)):
        first = cls.readText(calibs / file.path).tables()[:1]
        if not first or any(len(column.values) for column in first[0].columns.values()):
            return calibs / file.path
    return None


def example_section(path: Path, calibs: Path) -> str:
    """Return the section with a calibration as text, shortened if it is long."""
    lines = path.read_text("utf-8").splitlines()
    excerpt = [line if len(line) <= _MOST_COLUMNS else f"{line[: _MOST_COLUMNS - 4]} ..." for line in lines]
    excerpt = _shortened(excerpt) if path.suffix != ".ecsv" else excerpt[: _MOST_LINES["header"]]
    if len(excerpt) < len(lines):
        excerpt.append(f"... ({len(lines)} lines)")
    name = path.relative_to(calibs).as_posix()
    block = "".join(f"    {line}\n".replace("    \n", "\n") for line in excerpt)
    return f"## Example\n\n[{name}](../../calibs/{name}):\n\n{block}"


def _shortened(lines: list[str]) -> list[str]:
    """Return the first lines of the metadata, and of each value after it."""
    excerpt, most, inside = [], 0, 0
    for line in lines:
        if line[:1] not in ("", " ", "-", "]", "}"):
            most = _MOST_LINES["metadata" if line.startswith("metadata") else "values"]
            inside = 0
        if inside <= most:
            excerpt.append(line)
        elif inside == most + 1:
            excerpt.append("    ...")
        inside += 1
    return excerpt


def fits_section(calib: Calib) -> str:
    """Return the section with the HDUs and columns of a calibration in FITS."""
    from astropy.io import fits

    parts = [
        "## FITS\n",
        "What `curated convert` makes of the example. The primary HDU has no data; it holds the keywords, and in "
        "a released file the stamp.\n",
    ]
    with fits.open(io.BytesIO(fits_bytes(calib.fits_content()))) as hdus:
        for number, hdu in enumerate(hdus[1:], 1):
            if hdu.is_image:
                kind = f"{hdu.shape[1]} x {hdu.shape[0]} pixels, BITPIX {hdu.header['BITPIX']}"
                parts.append(f"HDU {number} `{hdu.name}`, an image of {kind}.\n")
                continue
            count = len(hdu.data)
            parts.append(
                f"HDU {number}{f' `{hdu.name}`' if hdu.name else ''}, {count} row{'s' * (count != 1)}:\n"
            )
            rows = [(f"`{c.name}`", f"`{c.format}`", c.dim or "", c.unit or "") for c in hdu.columns]
            parts.append(markdown_table(("Column", "TFORM", "TDIM", "TUNIT"), rows))
    return "\n".join(parts)


def _comparisons(spec: Spec) -> list[str]:
    """Return what is compared with the epoch before, and with other types."""
    parts = []
    rows = [
        (
            f"`{comparison.quantity}`",
            f"{comparison.factor:g}" if comparison.factor else "-",
            {"": "-", "keys": "amplifiers", "matrix": "rows and columns"}[comparison.exchange],
            comparison.doc,
        )
        for comparison in spec.comparisons
        if comparison.factor or comparison.exchange
    ]
    if rows:
        text = (
            "Each epoch is compared with the one before of its key, and `check --since` compares a file with what it was\n"
            "before. Values that grew or shrank by the factor are a warning ([CAL366](../codes.md)), and so are amplifiers that\n"
            "have each other's values ([CAL367](../codes.md)):\n\n"
        )
        head = ("Quantity", "Factor", "What can be exchanged", "What it is")
        parts += ["## Compared with the epoch before\n", text + markdown_table(head, rows)]
    if spec.factors:
        names = "; ".join(
            " or else ".join(f"[{name}]({name}.md)" for name in names) for names in spec.factors
        )
        parts.append(
            "It is compared with the product of those in force at its start, where all of them exist ([CAL368](../codes.md)):\n"
            f"{names}.\n"
        )
    return parts


def _bounds_table(spec: Spec) -> str:
    """Return the bounds beyond which a calibration is in error."""
    rows = [
        (
            f"`{bound.quantity}`",
            bound.unit or "-",
            "-" if bound.minimum is None else f"{bound.minimum:g}",
            "-" if bound.maximum is None else f"{bound.maximum:g}",
            f"[{bound.code}](../codes.md)",
            bound.doc,
            bound.source,
        )
        for bound in spec.bounds
    ]
    text = (
        "Values beyond these are findings of the code in the table. Where an instrument has such values,\n"
        "[`bounds`](../instrument.md#plausible-values) of its `instrument.yaml` changes a limit, with a reason:\n\n"
    )
    head = ("Quantity", "Unit", "Least", "Largest", "Code", "What it is", "Where the limits come from")
    return text + markdown_table(head, rows)
