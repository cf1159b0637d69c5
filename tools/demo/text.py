"""Write values as text in the forms of the stack and of astropy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

import numpy as np
import yaml

from curated.registry import get_type
from curated.text import read

File = tuple[str, str | bytes]
"""Path below the instrument's directory, and content."""

_OTHER_FORMS = ("!<lsst.daf.base.PropertyList>", "__serialized_columns__")


def canonical(generator: Callable[[], Iterator[File]]) -> Callable[[], Iterator[File]]:
    """Decorate a generator of files so that it yields them in the canonical form of `Calib.writeText`.

    Files in special forms of the stack or astropy, and files with comments between the rows, stay as they are, since the
    demonstration should contain some of each.
    """

    @wraps(generator)
    def files() -> Iterator[File]:
        for path, content in generator():
            if isinstance(content, bytes):
                yield path, content
                continue
            commented = "\n# " in content.partition("schema: astropy-2.0\n")[2]
            kind, _, name = path.partition("/")
            if not name or ".inputs." in name or commented or any(form in content for form in _OTHER_FORMS):
                yield path, content
                continue
            form = path.rpartition(".")[2]
            source, _ = read(content.encode(), form)
            calib, problems = get_type(kind).from_source(source)
            if calib is None:
                raise ValueError(f"{path}: {problems}")
            yield path, calib.text_bytes(form).decode()

    return files


def flow(item: Any, style: bool | None = True) -> str:
    """Return plain data as YAML on one line; style `None` is that of headers written by astropy."""
    text: str = yaml.safe_dump(item, default_flow_style=style, sort_keys=False, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")


def ecsv(
    columns: Sequence[Mapping[str, str]],
    keywords: Mapping[str, Any],
    rows: Iterable[Sequence[str] | str],
    quantities: bool = False,
) -> str:
    """Return an ECSV 1.0 file with the header that astropy writes.

    Parameters
    ----------
    columns : sequence [`dict`]
        Name, unit and data type of each column.
    keywords : `dict`
        Metadata in the order in which they are written.
    rows : iterable
        Cells of each row; a string is written as a comment.
    quantities : `bool`, optional
        Whether to mark the columns as quantities, like those of an astropy `QTable`.
    """
    header = ["%ECSV 1.0", "---", "datatype:"]
    header += [f"- {flow(dict(column))}" for column in columns]
    header += ["meta: !!omap"]
    header += [f"- {flow({key: value}, None)}" for key, value in keywords.items()]
    units = sorted((c["name"], c["unit"]) for c in columns if quantities and "unit" in c)
    if units:
        header.append("- __serialized_columns__:")
    for name, unit in units:
        header += [
            f"    {name}:",
            "      __class__: astropy.units.quantity.Quantity",
            f"      unit: !astropy.units.Unit {flow({'unit': unit})}",
            f"      value: !astropy.table.SerializedColumn {flow({'name': name})}",
        ]
    header.append("schema: astropy-2.0")
    lines = [f"# {line}" for line in header]
    lines.append(" ".join(column["name"] for column in columns))
    lines += [f"# {row}" if isinstance(row, str) else " ".join(row) for row in rows]
    return "\n".join(lines) + "\n"


def numbers(values: Any) -> list[list[str]]:
    """Return rows of numbers as text; floats have seven significant digits."""
    rows = np.atleast_2d(values)
    if rows.dtype.kind == "b":
        return [["true" if value else "false" for value in row] for row in rows.tolist()]
    if rows.dtype.kind == "i":
        return [[str(value) for value in row] for row in rows.tolist()]
    return [[decimal(value) if np.isfinite(value) else ".nan" for value in row] for row in rows.tolist()]


def decimal(value: float) -> str:
    """Return a float with seven significant digits, as YAML and JSON read it."""
    text = repr(float(f"{value:.6e}"))
    # YAML 1.1 recognises an exponent only after a decimal point.
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


def cell(values: Any) -> str:
    """Return a cell of an ECSV vector column: a JSON array without blanks."""
    return "[" + ",".join(item for row in numbers(values) for item in row) + "]"


def document(keywords: str, values: Mapping[str, Any]) -> str:
    """Return a YAML calibration: the keywords, then the values in alphabetical order.

    Arrays are written as flat lists, as the stack reads them, with one line for each row of a matrix.
    """
    parts = [keywords]
    for key, value in sorted(values.items()):
        parts += _entry(key, value, "")
    return "\n".join(parts) + "\n"


def _entry(key: str, value: Any, indent: str) -> list[str]:
    """Return the lines of a key and its value."""
    if not isinstance(value, Mapping) or not value:
        return [f"{indent}{flow(key)}: {_value(value, indent)}"]
    return [
        f"{indent}{flow(key)}:",
        *(line for k, v in value.items() for line in _entry(k, v, f"{indent}  ")),
    ]


def _value(value: Any, indent: str) -> str:
    if isinstance(value, np.ndarray):
        rows = [", ".join(row) for row in numbers(value)]
        if len(rows) == 1:
            return f"[{rows[0]}]"
        return f"[\n{indent}  " + f",\n{indent}  ".join(rows) + f"\n{indent}]"
    return decimal(value) if isinstance(value, float) else flow(value)


def plain_metadata(keywords: Mapping[str, Any]) -> str:
    """Return keywords as a YAML mapping."""
    return "\n".join(["metadata:", *(f"  {flow({key: value})[1:-1]}" for key, value in keywords.items())])


_TYPES = {bool: "Bool", int: "Int", float: "Double", str: "String"}


def property_list(keywords: Mapping[str, Any]) -> str:
    """Return keywords as a property list of the stack: name, type, value, comment."""
    rows = [
        f"- {flow([key, 'LongLong' if isinstance(value, int) and abs(value) >= 2**31 else _TYPES[type(value)], value, ''])}"
        for key, value in keywords.items()
    ]
    return "\n".join(["metadata: !<lsst.daf.base.PropertyList>", *rows])


def records(name: str, items: Iterable[Mapping[str, Any]]) -> str:
    """Return a list of mappings, one per line."""
    return "\n".join([f"{name}:", *(f"- {flow(dict(item))}" for item in items)])
