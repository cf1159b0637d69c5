"""Hash list and signature of a bundle: everything that counts is listed, and the list is what is signed."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from curated.bundle.checks.documents import MANIFEST_FILE
from curated.bundle.verification import sha256_of
from curated.core.diagnostic import Diagnostic, Problem, limited
from curated.core.ssh_signature import (
    MAX_SIGNATURE,
    Trust,
    parse_signature,
    read_plain_file,
    sign,
    verify,
)

SUMS_FILE = "SHA256SUMS"
SIGNATURE_FILE = "SHA256SUMS.sig"
NAMESPACE = "curated-bundle"
"""Namespace of the signatures of bundles: one that was made for anything else, such as a commit, is none."""

MAX_SUMS = 1 << 28
_LINE = re.compile(r"(\\?)([0-9a-f]{64})  (.+)")
_ESCAPES = {r"\\": "\\", r"\n": "\n", r"\r": "\r"}


@dataclass(frozen=True, slots=True)
class Proof:
    """The hash list of a bundle, and who signed it.

    Parameters
    ----------
    hashes : `dict` [`str`, `str`]
        SHA-256 by path; empty if the list cannot be read.
    sums : `str`
        SHA-256 of the list itself.
    key : `str`
        Fingerprint of the key that signed it; empty if it is not signed.
    signer : `str`
        The allowed signer; empty unless it was verified.
    diagnostics : `tuple` [`Diagnostic`]
        Findings.
    """

    hashes: Mapping[str, str]
    sums: str = ""
    key: str = ""
    signer: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


def sign_bundle(directory: Path, key: str | os.PathLike[str]) -> None:
    """Sign the hash list of a bundle that is being made.

    Parameters
    ----------
    key : path-like
        As in `curated.core.ssh_signature.sign`.
    """
    signature = sign((directory / SUMS_FILE).read_bytes(), key, NAMESPACE)
    (directory / SIGNATURE_FILE).write_bytes(signature)


def read_proof(bundle: Path, trust: Trust | None) -> Proof:
    """Read the hash list of a bundle and verify its signature.

    The list is read once: what is verified is what is returned.

    Parameters
    ----------
    bundle : `pathlib.Path`
        Directory of the bundle.
    trust : `Trust` or `None`
        The trusted keys; without any, a signature is only compared with the list.
    """
    try:
        data = read_plain_file(bundle / SUMS_FILE, MAX_SUMS)
    except (OSError, ValueError) as error:
        return Proof({}, diagnostics=(_finding("CAL686", _reason(error), SUMS_FILE),))
    hashes, problems = parse_sums(data)
    findings = [Diagnostic.from_problem(problem, SUMS_FILE) for problem in limited(problems)]
    key, signer = "", ""
    try:
        signature = read_plain_file(bundle / SIGNATURE_FILE, MAX_SIGNATURE)
        key = parse_signature(signature).key
    except FileNotFoundError:
        if trust is not None:
            findings.append(_finding("CAL683", f"there is no {SIGNATURE_FILE}", SUMS_FILE))
    except (OSError, ValueError) as error:
        findings.append(_finding("CAL684", _reason(error), SIGNATURE_FILE))
    else:
        signer, finding = _verify(data, signature, key, trust)
        findings += finding
    return Proof(hashes, hashlib.sha256(data).hexdigest(), key, signer, tuple(findings))


def _verify(data: bytes, signature: bytes, key: str, trust: Trust | None) -> tuple[str, list[Diagnostic]]:
    """Return the signer of a hash list, and findings about the signature."""
    if trust is None:
        mark = parse_signature(signature)
        if mark.namespace != NAMESPACE:
            detail = f"made for {mark.namespace!r}, not for {NAMESPACE!r}"
            return "", [_finding("CAL684", detail, SIGNATURE_FILE)]
        return "", [_finding("CAL688", f"signed with key {key}, whose owner nothing tells", SIGNATURE_FILE)]
    verdict = verify(data, signature, trust, NAMESPACE)
    if not verdict.problem:
        return verdict.signer, []
    return "", [_finding("CAL685" if verdict.fits else "CAL684", verdict.problem, SIGNATURE_FILE)]


def parse_sums(data: bytes) -> tuple[dict[str, str], list[Problem]]:
    """Return the hashes of a list in the form of ``sha256sum`` by path, and what is wrong with its lines."""
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return {}, [Problem("CAL686", (), "not UTF-8")]
    hashes: dict[str, str] = {}
    problems = []
    if lines.pop():
        problems.append(Problem("CAL686", (), "its last line is cut off"))
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            problems.append(Problem("CAL686", (), "not a hash, two blanks and a path", line=number))
            continue
        path = match[3]
        if match[1]:
            path = re.sub(r"\\[\\nr]", lambda m: _ESCAPES[m[0]], path)
        if hashes.setdefault(path, match[2]) != match[2]:
            problems.append(Problem("CAL686", (), f"{path!r} is listed twice", line=number))
    return hashes, problems


def coverage_problems(bundle: Path, proof: Proof, hashed: Mapping[str, str]) -> list[Diagnostic]:
    """Return what a bundle holds and the hash list does not, and the other way round.

    Parameters
    ----------
    bundle : `pathlib.Path`
        Directory of the bundle.
    hashed : `dict` [`str`, `str`]
        Hash of the manifest that was read, and those that it has, by path: the hashes of these files are compared with the list, the files
        themselves with the manifest by `curated.bundle.verification.verify`.
    """
    findings = []
    present = set()
    for path, problem in _walk(str(bundle)):
        present.add(path)
        if problem:
            findings.append(_finding("CAL686", problem, path))
        elif path not in proof.hashes:
            findings.append(_finding("CAL686", f"not listed in {SUMS_FILE}", path))
        elif path not in hashed:
            try:
                differs = sha256_of(os.path.join(bundle, path))[1] != proof.hashes[path]
            except OSError as error:
                findings.append(_finding("CAL686", _reason(error), path))
                continue
            if differs:
                findings.append(_finding("CAL686", f"its SHA-256 is not the one in {SUMS_FILE}", path))
    for path, digest in proof.hashes.items():
        if hashed.get(path, digest) != digest:
            detail = (
                f"its SHA-256 is not the one in {SUMS_FILE}"
                if path == MANIFEST_FILE
                else f"{MANIFEST_FILE} and {SUMS_FILE} have different hashes"
            )
            findings.append(_finding("CAL686", detail, path))
        if path not in present:
            findings.append(_finding("CAL686", f"listed in {SUMS_FILE}, and not in the bundle", path))
    absent = [path for path in hashed if path not in proof.hashes and path not in present]
    findings += [_finding("CAL686", f"not listed in {SUMS_FILE}", path) for path in absent]
    return findings


def _walk(top: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the paths of everything in a bundle but its hash list and signature, and what is wrong with its kind."""
    with os.scandir(os.path.join(top, prefix)) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = prefix + entry.name
            if path in (SUMS_FILE, SIGNATURE_FILE):
                continue
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                yield from _walk(top, f"{path}/")
            elif stat.S_ISREG(mode):
                yield path, ""
            else:
                yield path, "is a link" if stat.S_ISLNK(mode) else "is no regular file"


def _finding(code: str, detail: str, file: str) -> Diagnostic:
    return Diagnostic.from_problem(Problem(code, (), detail), file)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
