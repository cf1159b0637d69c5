"""Attestation of a bundle: an in-toto statement about its files, the commit and the check that they passed.

Statement: https://in-toto.io/Statement/v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from curated.bundle.checks.documents import ATTESTATION_FILE
from curated.bundle.proof.signature import Proof
from curated.check.report import Report
from curated.core.codes import Severity
from curated.core.diagnostic import Diagnostic, Problem, limited
from curated.core.ssh_signature import read_plain_file
from curated.core.version import __version__
from curated.declare.validation import Validator
from curated.package.config import Silence
from curated.schema.attestation import ATTESTATION, PREDICATE_TYPE, STATEMENT_TYPE

_MAX_SIZE = 1 << 29


def make_attestation(
    manifest: Mapping[str, Any], hashes: Mapping[str, str], report: Report, silence: Iterable[Silence]
) -> dict[str, Any]:
    """Return the statement about a bundle; the same commit and version give the same one.

    Parameters
    ----------
    hashes : `dict` [`str`, `str`]
        SHA-256 of each file of the bundle, by path.
    report : `Report`
        Result of the check.
    silence : iterable [`Silence`]
        Codes that ``curated.yaml`` silences.
    """
    severities = Counter(d.severity for d in report.diagnostics)
    codes = Counter(d.code for d in report.diagnostics)
    repository = manifest["repository"]
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": path, "digest": {"sha256": digest}} for path, digest in sorted(hashes.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "release": {
                "label": repository["label"],
                "base": manifest["base"],
                "datasets": len(manifest["datasets"]),
            },
            "source": {
                "uri": without_credentials(repository["url"]),
                "commit": repository["sha1"],
                "dirty": repository["dirty"],
            },
            "tool": {"name": "curated", "version": __version__},
            "check": {
                "files": len(report.files),
                **{f"{severity.value}s": severities[severity] for severity in Severity},
                "codes": dict(sorted(codes.items())),
                "silenced": report.silenced,
                "silences": [
                    {"code": s.code, "path": s.path, "reason": s.reason, "until": s.until.isoformat()}
                    for s in silence
                ],
            },
        },
    }


def attestation_text(statement: Mapping[str, Any]) -> str:
    """Return a statement as text, the same for the same statement."""
    return json.dumps(statement, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def without_credentials(address: str) -> str:
    """Return the address of a repository without user, password, query and fragment."""
    try:
        parts = urlsplit(address)
        if not parts.scheme or not parts.netloc:
            return address
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return ""


def check_attestation(bundle: Path, manifest: Mapping[str, Any], proof: Proof) -> list[Diagnostic]:
    """Return where the attestation of a bundle contradicts its manifest or its files; nothing if it has none.

    Parameters
    ----------
    bundle : `pathlib.Path`
        Directory of the bundle.
    manifest : `dict`
        Its manifest; the datasets may be left out.
    """
    try:
        statement = json.loads(read_plain_file(bundle / ATTESTATION_FILE, _MAX_SIZE))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        return [_finding(f"not a statement: {error}")]
    faults = Validator(ATTESTATION).faults(statement)
    if faults:
        problems = limited(Problem("CAL687", fault.pointer, fault.detail) for fault in faults)
        return [Diagnostic.from_problem(problem, ATTESTATION_FILE) for problem in problems]
    return [
        *_contradictions(statement["predicate"], manifest),
        *_subject_findings(statement["subject"], proof),
    ]


def _contradictions(predicate: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterable[Diagnostic]:
    repository = manifest["repository"]
    pairs = {
        "release label": (predicate["release"]["label"], repository["label"]),
        "base": (predicate["release"]["base"], manifest.get("base")),
        "commit": (predicate["source"]["commit"], repository["sha1"]),
        "repository": (predicate["source"]["uri"], without_credentials(repository.get("url") or "")),
        "mark of uncommitted changes": (predicate["source"]["dirty"], bool(repository.get("dirty"))),
        "version of curated": (predicate["tool"]["version"], manifest.get("curated")),
    }
    for name, (attested, value) in pairs.items():
        if attested != value:
            yield _finding(f"{name} {attested!r}; the manifest has {value!r}")
    if predicate["check"]["errors"]:
        yield _finding("says that the check had errors")


def _subject_findings(subjects: Iterable[Mapping[str, Any]], proof: Proof) -> Iterable[Diagnostic]:
    attested: dict[str, str] = {}
    for subject in subjects:
        name, digest = subject["name"], subject["digest"]["sha256"]
        if attested.setdefault(name, digest) != digest:
            yield _finding(f"{name} is listed twice")
    files = {path: digest for path, digest in proof.hashes.items() if path != ATTESTATION_FILE}
    for path in sorted(attested.keys() | files.keys()):
        if path not in files:
            yield _finding(f"{path} is no file of this bundle")
        elif attested.get(path) != files[path]:
            yield _finding(
                f"{path} has another hash in the bundle" if path in attested else f"{path} is missing"
            )


def _finding(detail: str) -> Diagnostic:
    return Diagnostic.from_problem(Problem("CAL687", (), detail), ATTESTATION_FILE)
