"""Findings in files that stand for several detectors or filters: each is reported once, and says for which it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from curated.check.report import FileReport
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.keys import CalibFile, by_source

_PATH = re.compile(r"[^\s'\"]+\.(?:ecsv|yaml|json)")
_MOST_NAMED = 8


def merge_findings(files: Iterable[CalibFile], reports: Mapping[str, FileReport]) -> list[Diagnostic]:
    """Return the findings of files, those that all copies of a shared file have only once.

    Parameters
    ----------
    reports : `dict` [`str`, `FileReport`]
        Reports of the files by path.
    """
    findings: list[Diagnostic] = []
    for copies in by_source(files):
        names: dict[Diagnostic, list[str]] = {}
        for file in copies:
            for finding in dict.fromkeys(reports[file.path].diagnostics):
                names.setdefault(finding, []).append(_name(file))
        if len(copies) == 1:
            findings += reports[copies[0].path].diagnostics
            continue
        for finding, concerned in names.items():
            remark = _remark(concerned, copies)
            findings.append(replace(finding, message=finding.message + remark) if remark else finding)
    return findings


def merge_problems(
    problems: Sequence[tuple[str, Problem]], files: Iterable[CalibFile]
) -> list[tuple[str, Problem]]:
    """Return problems of rules over a package, with shared files in place of the copies that they stand for."""
    files_by_path = {file.path: file for file in files if file.shared}
    if not files_by_path:
        return list(problems)
    groups = {copies[0].source: copies for copies in by_source(files_by_path.values())}
    names: dict[tuple[str, Problem], list[str]] = {}
    for path, problem in problems:
        file = files_by_path.get(path)
        detail = _PATH.sub(lambda match: _source(match[0], files_by_path), problem.detail)
        place = (file.source if file else path), replace(problem, detail=detail)
        names.setdefault(place, []).append(_name(file) if file else "")
    merged = []
    for (path, problem), concerned in names.items():
        remark = _remark(concerned, groups[path]) if path in groups and any(concerned) else ""
        merged.append((path, replace(problem, detail=problem.detail + remark) if remark else problem))
    return merged


def _source(path: str, files_by_path: Mapping[str, CalibFile]) -> str:
    return files_by_path[path].source if path in files_by_path else path


def _name(file: CalibFile) -> str:
    return " ".join(filter(None, (file.key.detector, file.key.filter)))


def _remark(concerned: Sequence[str], copies: Sequence[CalibFile]) -> str:
    """Return for which copies something holds; empty for all of them."""
    if len(set(concerned)) >= len(copies):
        return ""
    more = ", ..." if len(concerned) > _MOST_NAMED else ""
    return f" (for {', '.join(concerned[:_MOST_NAMED])}{more})"


def name_sources(diagnostics: Iterable[Diagnostic], files: Iterable[CalibFile]) -> list[Diagnostic]:
    """Return findings with shared files in place of the copies that they stand for, each once.

    Parameters
    ----------
    files : iterable [`CalibFile`]
        All files of the package; those of another state of it may be among them.
    """
    files_by_path = {file.path: file for file in files if file.shared}
    if not files_by_path:
        return list(diagnostics)
    groups = {copies[0].source: copies for copies in by_source(files_by_path.values())}
    names: dict[Diagnostic, list[str]] = {}
    for finding in diagnostics:
        file = files_by_path.get(finding.file)
        message = _PATH.sub(lambda match: _source(match[0], files_by_path), finding.message)
        place = replace(finding, file=file.source if file else finding.file, message=message)
        names.setdefault(place, []).append(_name(file) if file else "")
    merged = []
    for finding, concerned in names.items():
        remark = _remark(concerned, groups[finding.file]) if finding.file in groups and any(concerned) else ""
        merged.append(replace(finding, message=finding.message + remark) if remark else finding)
    return merged
