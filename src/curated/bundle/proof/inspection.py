"""All checks of a bundle that need no repository: manifest, files, hash list, signature and attestation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curated.bundle.checks.documents import ATTESTATION_FILE
from curated.bundle.contents import Contents
from curated.bundle.manifest_reader import MANIFEST_FILE, read_contents
from curated.bundle.proof.attestation import check_attestation
from curated.bundle.proof.signature import Proof, coverage_problems, read_proof
from curated.bundle.verification import Progress, verify
from curated.core.diagnostic import Diagnostic, has_errors
from curated.core.ssh_signature import Trust


@dataclass(frozen=True, slots=True)
class Inspection:
    """Result of the inspection of a bundle.

    Parameters
    ----------
    contents : `Contents` or `None`
        What the manifest says; `None` if it has errors.
    proof : `Proof`
        The hash list, and who signed it.
    repository : `dict`
        Commit, address and label, as the manifest has them.
    attested : `bool`
        Whether there is an attestation.
    diagnostics : `tuple` [`Diagnostic`]
        All findings.
    """

    contents: Contents | None
    proof: Proof
    repository: Mapping[str, Any]
    attested: bool
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether the bundle is whole and, where signers are required, theirs."""
        return not has_errors(self.diagnostics)


def inspect_bundle(bundle: Path, trust: Trust | None = None, progress: Progress | None = None) -> Inspection:
    """Check a bundle.

    Parameters
    ----------
    bundle : `pathlib.Path`
        Directory of the bundle.
    trust : `Trust`, optional
        Trusted keys, by one of which the bundle must be signed; if not given, it need not be signed.
    progress : `Progress`, optional
        Called with ``verify`` and the numbers of files.

    Raises
    ------
    CuratedError
        If there is no bundle.
    """
    contents, findings = read_contents(bundle)
    if contents is None:
        proof = read_proof(bundle, trust)
        return Inspection(None, proof, {}, attested=False, diagnostics=(*findings, *proof.diagnostics))
    findings += [Diagnostic.from_problem(p, path) for path, p in verify(contents, progress).items()]
    proof = read_proof(bundle, trust)
    findings += [*proof.diagnostics, *proof_findings(contents, proof)]
    findings += check_attestation(bundle, contents.head, proof)
    attested = (bundle / ATTESTATION_FILE).exists()
    return Inspection(contents, proof, contents.head["repository"], attested, tuple(sorted(set(findings))))


def proof_findings(contents: Contents, proof: Proof) -> list[Diagnostic]:
    """Return where the manifest, the files and the hash list of a bundle differ; nothing if the list is unreadable."""
    if not proof.hashes:
        return []
    hashed = {entry.path: entry.sha256 for entry in contents.entries if not entry.is_reference}
    hashed |= {companion.path: companion.sha256 for companion in contents.companions}
    # What was parsed is what has to be listed, whatever the file holds by now.
    hashed[MANIFEST_FILE] = contents.manifest_sha256
    return coverage_problems(contents.root, proof, hashed)
