"""What is in force of the products of an instrument, as a table of text, as rows of CSV and as JSON."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Protocol

from curated.core.keys import CalibFile, CalibKey
from curated.core.times import iso
from curated.history.exposure.usage import Usage
from curated.history.products import Part, Product
from curated.package.validity import Range
from curated.report.text import count_text, printable

_WIDTH = 80
_MOST_HOLES = 5
"""Products without a calibration that are named."""

COLUMNS = ("exposure", "instrument", "type", "detector", "filter", "begin", "end", "file", "commit")
"""Columns of the CSV form."""


class LastChange(Protocol):
    """The last commit that changed a file."""

    @property
    def sha1(self) -> str:
        """Its name."""

    @property
    def date(self) -> str:
        """Its committer date."""

    @property
    def author(self) -> str:
        """Name of its author."""


def usage_lines(usage: Usage, top: str, uncommitted: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield a table of what is in force: the files of each type with their ranges, then what is missing.

    Parameters
    ----------
    top : `str`
        The calibration directory of the package; empty if the instruments are at the root.
    uncommitted : `dict` [`str`, `str`], optional
        What is not committed, by path.
    """
    for (instrument, type_name), products in groupby(
        usage.products, lambda product: (product.key.instrument, product.key.type)
    ):
        parts = [(product, part) for product in products for part in product.parts]
        rows = [row for product, part in parts for row in _row(product, part)]
        if not rows:
            continue
        directory = _directory(parts)
        yield printable(directory or "/".join(filter(None, (top, instrument, type_name))))
        yield from _table_lines(rows, directory, uncommitted or {})
    yield from _summary_lines(usage)


def _directory(parts: Iterable[tuple[Product, Part]]) -> str:
    """Return the directory of a type, which some calibrations are below."""
    directories = []
    for product, part in parts:
        if part.file is not None:
            levels = 1 + bool(product.key.detector) + bool(product.key.filter)
            directories.append(part.file.source.rsplit("/", levels)[0])
    return os.path.commonpath(directories) if directories else ""


def _row(product: Product, part: Part) -> Iterator[tuple[str, str, str]]:
    """Yield path, name and range of a part; a hole is shown where something is in force in the rest of the span."""
    if part.file is not None and part.range is not None:
        yield part.file.source, "", str(part.range)
    elif product.epochs:
        names = "/".join(filter(None, (product.key.detector, product.key.filter)))
        yield "", f"{names + ': ' if names else ''}nothing", str(part.span)


def _table_lines(
    rows: list[tuple[str, str, str]], directory: str, uncommitted: Mapping[str, str]
) -> Iterator[str]:
    names = [printable(path.removeprefix(f"{directory}/") if path else name) for path, name, _ in rows]
    width = max(map(len, names))
    for name, (path, _, valid) in zip(names, rows, strict=True):
        if len(name.ljust(width)) + len(valid) + 4 <= _WIDTH:
            yield f"  {name.ljust(width)}  {valid}"
        elif len(name) + len(valid) + 4 <= _WIDTH:
            yield f"  {name}  {valid}"
        else:
            yield from (f"  {name}", f"      {valid}")
        if uncommitted.get(path):
            yield f"      but {uncommitted[path]}"


def _summary_lines(usage: Usage) -> Iterator[str]:
    count = sum(bool(product.epochs) for product in usage.products)
    yield f"{count_text(count, 'product')} with a calibration in force"
    missing = [str(product.key) for product in usage.products if not product.epochs]
    if missing:
        more = f" and {len(missing) - _MOST_HOLES} more" if len(missing) > _MOST_HOLES else ""
        yield f"{len(missing)} without one:"
        yield from (f"  {printable(name)}" for name in missing[:_MOST_HOLES])
        yield from [f" {more}; --format json lists all"] if more else []
    changes = [str(product.key) for product in usage.products if product.epochs and len(product.parts) > 1]
    if changes:
        more = f" and {len(changes) - _MOST_HOLES} more" if len(changes) > _MOST_HOLES else ""
        yield f"{len(changes)} changing in between:"
        yield from (f"  {printable(name)}" for name in changes[:_MOST_HOLES])
        yield from [f" {more}"] if more else []


# -- for programs -----------------------------------------------------------------------------------------


def usage_to_json(
    usage: Usage, commits: Mapping[str, LastChange], uncommitted: Mapping[str, str]
) -> dict[str, Any]:
    """Return what is in force as plain data: ``calibrations`` and ``holes``, with ranges in UTC.

    Parameters
    ----------
    commits : `dict` [`str`, `Commit`]
        The last commit that changed a file, by path.
    uncommitted : `dict` [`str`, `str`]
        What is not committed, by path.
    """
    return {
        "instrument": usage.selection.instrument,
        "begin": f"{iso(usage.begin)}Z",
        "end": None if usage.end is None else f"{iso(usage.end)}Z",
        "calibrations": [
            _calibration_to_json(key, file, valid, commits.get(file.source), uncommitted.get(file.source, ""))
            for key, file, valid in _epochs(usage)
        ],
        "holes": [
            {**_names(product.key), **_range_to_json(hole if usage.end else Range(usage.begin, usage.begin))}
            for product in usage.products
            for hole in product.holes
        ],
        "findings": [finding.to_dict() for finding in usage.findings],
    }


def exposure_to_json(usage: Usage) -> dict[str, Any]:
    """Return what the header of an exposure says, as plain data."""
    exposure = usage.exposure
    if exposure is None:
        return {}
    return {
        "exposure": exposure.source,
        "detector": usage.selection.detector or None,
        "filter": usage.selection.filter or None,
        "translator": exposure.translator or None,
    }


def _calibration_to_json(
    key: CalibKey, file: CalibFile, valid: Range, commit: LastChange | None, uncommitted: str
) -> dict[str, Any]:
    change = None if commit is None else {"sha1": commit.sha1, "date": commit.date, "author": commit.author}
    names = _names(key)
    return {
        **names,
        "file": file.source,
        **_range_to_json(valid),
        "commit": change,
        "uncommitted": uncommitted,
    }


def _names(key: CalibKey) -> dict[str, str | None]:
    return {
        "instrument": key.instrument,
        "type": key.type,
        "detector": key.detector or None,
        "filter": key.filter or None,
    }


def _range_to_json(valid: Range) -> dict[str, str | None]:
    return {"begin": f"{iso(valid.start)}Z", "end": f"{iso(valid.end)}Z" if valid.end is not None else None}


def _epochs(usage: Usage) -> Iterator[tuple[CalibKey, CalibFile, Range]]:
    for product in usage.products:
        for file, valid in product.epochs:
            yield product.key, file, valid


def csv_lines(usages: Iterable[Usage], commits: Mapping[str, LastChange]) -> Iterator[str]:
    """Yield the lines of a table with `COLUMNS`, a row for each calibration in force.

    Parameters
    ----------
    commits : `dict` [`str`, `Commit`]
        The last commit that changed a file, by path.
    """
    yield ",".join(COLUMNS)
    for usage in usages:
        source = usage.exposure.source if usage.exposure is not None else ""
        for key, file, valid in _epochs(usage):
            span = _range_to_json(valid)
            commit = commits.get(file.source)
            names = (source, key.instrument, key.type, key.detector, key.filter)
            row = (*names, span["begin"], span["end"] or "", file.source, commit.sha1 if commit else "")
            line = io.StringIO()
            csv.writer(line, lineterminator="").writerow(row)
            yield line.getvalue()
