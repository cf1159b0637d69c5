"""Findings as SARIF 2.1.0, the format that code scanning, editors and dashboards read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from curated.check.report import Report
from curated.core.codes import CODES, FAMILIES, CodeInfo, Severity
from curated.core.diagnostic import Diagnostic
from curated.core.version import __version__
from curated.report.text import json_text, printable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/curated-calibs/curated"
BASE = "%SRCROOT%"
"""Base of the paths: the name by which readers know the top of the repository."""

FINGERPRINT = "curatedFinding/v1"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_WAIVED = frozenset({"CAL837"})
"""Codes of failures that a person takes responsibility for, which readers show as suppressed."""

_NUMBERS = {code: number for number, code in enumerate(CODES)}


def report_lines(report: Report, prefix: str = "") -> Iterator[str]:
    """Yield the lines of a SARIF log with all findings.

    Parameters
    ----------
    report : `Report`
        Result of a check.
    prefix : `str`, optional
        Path of the package in its git repository.
    """
    yield from json_text(log(report.diagnostics, prefix)).split("\n")


def log(diagnostics: Iterable[Diagnostic], prefix: str = "") -> dict[str, Any]:
    """Return findings as a SARIF log of one run, which does not depend on the machine and the time.

    Parameters
    ----------
    diagnostics : iterable [`Diagnostic`]
        Findings in the order of files and lines.
    prefix : `str`, optional
        Path of the package in its git repository.
    """
    place_counts: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "curated",
                "semanticVersion": __version__,
                "informationUri": HOME,
                "rules": [_rule(info) for info in CODES.values()],
            }
        },
        "originalUriBaseIds": {BASE: {"description": {"text": "The top of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, prefix, place_counts) for diagnostic in diagnostics],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(info: CodeInfo) -> dict[str, Any]:
    return {
        "id": info.code,
        "shortDescription": {"text": _text(f"{info.title[0].upper()}{info.title[1:]}.")},
        "fullDescription": {"text": _text(info.why)},
        "help": {
            "text": _text(f"{info.why}\n\nTo mend it: {info.hint}.\n\nMore: curated explain {info.code}")
        },
        "defaultConfiguration": {"level": _LEVELS[info.severity]},
        "properties": {"tags": [FAMILIES[info.code[3]]]},
    }


def _result(diagnostic: Diagnostic, prefix: str, place_counts: Counter[str]) -> dict[str, Any]:
    hint = f" (hint: {diagnostic.hint})" if diagnostic.hint else ""
    region = {"startLine": max(diagnostic.line, 1)}  # code scanning does not show results without a line
    if diagnostic.column:
        region["startColumn"] = diagnostic.column
    # Percent encoding takes any byte; names that are not UTF-8 have escapes already.
    uri = quote((prefix + diagnostic.file).encode("utf-8", "surrogatepass"))
    place = {"artifactLocation": {"uri": uri, "uriBaseId": BASE}, "region": region}
    message = _text(printable(diagnostic.message + hint))
    # Who takes responsibility, why and until when is in the message (SARIF 2.1.0, section 3.27.23).
    waived = {"suppressions": [{"kind": "external", "status": "accepted", "justification": message}]}
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": _NUMBERS[diagnostic.code],
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": message},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {FINGERPRINT: _fingerprint(diagnostic, place_counts)},
        **(waived if diagnostic.code in _WAIVED else {}),
    }


def _text(text: str) -> str:
    """Return a message without placeholders and links (SARIF 2.1.0, sections 3.11.5 and 3.11.6)."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")


def _fingerprint(diagnostic: Diagnostic, place_counts: Counter[str]) -> str:
    """Return the identity of a finding when lines move: a hash of its code, file and place in the document."""
    place = json.dumps([diagnostic.code, diagnostic.file, diagnostic.pointer])
    place_counts[place] += 1
    return f"{hashlib.sha256(place.encode()).hexdigest()[:16]}:{place_counts[place]}"
