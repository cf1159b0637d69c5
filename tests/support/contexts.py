"""Input of the rules from plain values, without files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from curated.check.report import FileReport
from curated.check.rules.context import Context, FileContext, make_context
from curated.core.diagnostic import Problem
from curated.package.config import Config
from curated.package.instrument import Instrument
from curated.package.layout import discover
from curated.registry import get_type


def context_of(
    files: Mapping[str, Mapping[str, Any]],
    *,
    config: Config | None = None,
    declared: Mapping[str, Instrument] | None = None,
    others: Sequence[str] = (),
) -> Context:
    """Return the input of the rules for files with these attributes of their reports, and paths of other files."""
    layout = discover(sorted([*files, *others]), "")
    reports = {
        file.path: FileReport(file.path, file.key.detector, file.key.filter, **files[file.path])
        for file in layout.files
    }
    return make_context(layout, config or Config(), reports, declared or {})


def file_context_of(
    path: str, keywords: Mapping[str, Any], instrument: Instrument | None = None
) -> FileContext:
    """Return the input of the rules for one file with these keywords."""
    (file,) = discover([path], "").files
    return FileContext(file, get_type(file.key.type).SPEC, keywords, instrument)


def problems_of(
    rule: Callable[[Context], Iterator[tuple[str, Problem]]], context: Context
) -> list[tuple[str, str]]:
    """Return path and code of each problem that a rule yields."""
    return [(path, problem.code) for path, problem in rule(context)]
