"""Import of a bundle into a Butler repository."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from curated.butler.importing.report import ImportReport, InstrumentReport
from curated.butler.importing.request import ImportRequest
from curated.butler.repository import require_butler
from curated.core.diagnostic import Diagnostic, Problem, has_errors

if TYPE_CHECKING:
    from curated.bundle.contents import Contents
    from curated.core.ssh_signature import Trust

__all__ = ["ImportReport", "ImportRequest", "InstrumentReport", "run_import"]


def run_import(request: ImportRequest) -> ImportReport:
    """Read and verify a bundle, then import it; see `curated.butler.import_bundle`.

    Butler, which takes seconds to start, is imported only if it is needed.
    """
    from curated.bundle.manifest_reader import read_contents
    from curated.bundle.verification import verify
    from curated.butler.importing.integrity import file_states
    from curated.butler.importing.receipt import read_receipt
    from curated.butler.instruments.settlement import parse_choices

    parse_choices(request.instruments)  # before a repository is created
    if request.camera is not None:
        return _import_with_camera(request, request.camera)
    contents, diagnostics = read_contents(request.bundle, allow_types=request.allow_types)
    if contents is None:
        return ImportReport.of(request, None, diagnostics)
    bundled = contents
    if request.label is not None:
        contents = contents.relabelled(request.label)
    states = file_states(contents)
    # The documents of the bundle have its own label.
    problems = verify(bundled, request.progress)
    missing = _movable(problems) if request.transfer == "move" else {}
    if len(missing) < len(problems):
        diagnostics = [Diagnostic.from_problem(problem, path) for path, problem in problems.items()]
        return ImportReport.of(request, contents, diagnostics)
    if request.trust is not None:
        findings = _signature_findings(contents, request.trust, missing)
        if has_errors(findings):
            return ImportReport.of(request, contents, findings)
    if not request.dry_run and not request.clean:
        report = read_receipt(request, contents)
        if report is not None:
            return report
    require_butler()
    from curated.butler.importing.importer import import_contents

    return import_contents(request, contents, missing, states)


def _import_with_camera(request: ImportRequest, camera: str) -> ImportReport:
    """Import a copy of the bundle that has the stack's camera file as well."""
    from curated.bundle.camera import add_camera
    from curated.bundle.manifest_reader import read_contents
    from curated.bundle.verification import verify
    from curated.core.storage.staging import staging_directory

    contents, diagnostics = read_contents(request.bundle, allow_types=request.allow_types)
    if contents is None:
        return ImportReport.of(request, None, diagnostics)
    problems = verify(contents, request.progress)
    if problems:
        diagnostics = [Diagnostic.from_problem(problem, path) for path, problem in problems.items()]
        return ImportReport.of(request, contents, diagnostics)
    findings = _signature_findings(contents, request.trust, {}) if request.trust is not None else []
    if has_errors(findings):
        return ImportReport.of(request, contents, findings)
    # As large as the bundle: the next run removes what a killed one left.
    with staging_directory(tempfile.gettempdir(), private=True) as directory:
        diagnostics = add_camera(contents, camera, directory)
        if diagnostics:
            return ImportReport.of(request, contents, diagnostics)
        report = run_import(replace(request, bundle=directory, camera=None, trust=None))
    return replace(report, bundle=str(request.bundle))


def _signature_findings(contents: Contents, trust: Trust, missing: Mapping[str, Problem]) -> list[Diagnostic]:
    """Return why a bundle is not one of the trusted keys; files that an earlier import has moved may be missing."""
    from curated.bundle.proof.inspection import proof_findings
    from curated.bundle.proof.signature import read_proof

    proof = read_proof(contents.root, trust)
    findings = [*proof.diagnostics, *proof_findings(contents, proof)]
    return [finding for finding in findings if finding.file not in missing]


def _movable(problems: Mapping[str, Problem]) -> dict[str, Problem]:
    """Return the problems of missing files, which a killed import may have moved; the comparison shows which."""
    return {path: problem for path, problem in problems.items() if problem.code == "CAL613"}
