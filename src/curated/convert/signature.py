"""Signatures of the commit or its tags, where ``curated.yaml`` requires one.

Git is not asked: its settings, which may come with the repository, name the program that verifies. The signature is
read from the object, and verified by `curated.core.ssh_signature`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from curated.core.diagnostic import CuratedError
from curated.core.ssh_signature import SIGNERS_VARIABLE, Trust, find_trust, verify
from curated.git.objects import read_objects
from curated.git.repository import Repository, tags_at

_NAMESPACE = "git"
_SSH = b"-----BEGIN SSH SIGNATURE-----"
_OTHER = re.compile(rb"-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SIGNED MESSAGE)-----")
_PERSON = re.compile(rb"^(?:committer|tagger) .*> (-?[0-9]{1,12}) [+-][0-9]{4}$", re.MULTILINE)
_EPOCH = datetime(1970, 1, 1)


class SignedObject(NamedTuple):
    """A commit or a tag, parted.

    Parameters
    ----------
    payload : `bytes`
        What is signed.
    signature : `bytes`
        The signature; empty if there is none.
    date : `datetime.datetime`, optional
        When it was made, in UTC, by its own word.
    """

    payload: bytes
    signature: bytes
    date: datetime | None


class CommitSignature(NamedTuple):
    """Who signed a commit, or tags of it.

    Parameters
    ----------
    signer : `str`
        Principal of the allowed signers.
    tags : `tuple` [`str`]
        The tags that are signed; empty if the commit itself had to be.
    """

    signer: str
    tags: tuple[str, ...] = ()


def split_commit(content: bytes) -> SignedObject:
    """Part the content of a commit into what is signed and the signature, which is one of its header lines."""
    head, separator, message = content.partition(b"\n\n")
    payload, signature = [], []
    field = b""
    for line in head.split(b"\n"):
        field = field if line.startswith(b" ") else line.partition(b" ")[0]
        if field == b"gpgsig":
            signature.append(line[1:] if line.startswith(b" ") else line.partition(b" ")[2])
        elif field != b"gpgsig-sha256":
            payload.append(line)
    text = b"\n".join(signature)
    return SignedObject(b"\n".join(payload) + separator + message, text + b"\n" if text else b"", _date(head))


def split_tag(content: bytes) -> SignedObject:
    """Part the content of a tag into what is signed and the signature, which ends it."""
    begins = [content.rfind(b"\n" + _SSH)]
    begins += [match.start() - 1 for match in _OTHER.finditer(content)]
    begin = max(begins)
    head = content.partition(b"\n\n")[0]
    if begin < 0:
        return SignedObject(content, b"", _date(head))
    return SignedObject(content[: begin + 1], content[begin + 1 :], _date(head))


def _date(head: bytes) -> datetime | None:
    match = _PERSON.search(head)
    try:
        return _EPOCH + timedelta(seconds=int(match[1])) if match else None
    except OverflowError:
        return None


def require_signature(repository: Repository, sha1: str, kind: str) -> CommitSignature:
    """Return who signed a commit, or tags of it.

    Parameters
    ----------
    sha1 : `str`
        Name of the commit.
    kind : `str`
        ``commit`` or ``tag``: what must be signed.

    Raises
    ------
    CuratedError
        If nobody who is allowed signed it, or if nothing outside of the repository says who is.
    """
    trust = find_trust(None, outside=repository.top)
    if trust is None:
        raise CuratedError(
            f"curated.yaml requires a signed {kind}, and nothing says whose signature is accepted",
            f"set {SIGNERS_VARIABLE} to a file of allowed signers outside of the repository",
        )
    if kind == "tag":
        return _signed_tags(repository, sha1, trust)
    (content,) = read_objects(repository, [sha1])
    name = hashlib.sha1(b"commit %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    if name != sha1:
        raise CuratedError(f"commit {sha1[:12]} is not the object of that name", "see 'git fsck'")
    signer, problem = _verify(split_commit(content), trust)
    if problem:
        raise _refused(f"commit {sha1[:12]} {problem}", "sign it: git commit --amend -S")
    return CommitSignature(signer)


def _signed_tags(repository: Repository, sha1: str, trust: Trust) -> CommitSignature:
    tags = tags_at(repository, sha1)
    if not tags:
        raise _refused(f"commit {sha1[:12]} has no tag", "make a signed one: git tag -s")
    signers: dict[str, str] = {}
    problems = []
    for tag, content in zip(tags, read_objects(repository, [f"refs/tags/{t}" for t in tags]), strict=True):
        signer, problem = _tag_signer(tag, content, sha1, trust)
        if problem:
            problems.append(f"tag {tag} {problem}")
        else:
            signers[tag] = signer
    if not signers:
        raise _refused("; ".join(problems), "make a signed tag: git tag -s")
    return CommitSignature(_joined(signers.values()), tuple(signers))


def _tag_signer(tag: str, content: bytes, sha1: str, trust: Trust) -> tuple[str, str]:
    lines = content.partition(b"\n\n")[0].split(b"\n")
    if not content.startswith(b"object "):
        return "", "is not annotated, and so not signed"
    # A signed tag object can be put under another name, or the name onto another commit.
    if lines[:3] != [
        b"object " + sha1.encode(),
        b"type commit",
        b"tag " + tag.encode(errors="surrogateescape"),
    ]:
        return "", "is an object of another name or of another commit"
    return _verify(split_tag(content), trust)


def _verify(signed: SignedObject, trust: Trust) -> tuple[str, str]:
    """Return the signer, or why there is none."""
    if not signed.signature:
        return "", "is not signed"
    if not signed.signature.startswith(_SSH):
        return "", "is signed, but not with an SSH key (git config gpg.format ssh)"
    if signed.date is None:
        return "", "has no date at which the key must have been valid"
    # As git does, at the time that the object states: the same commit has the same result on every day.
    verdict = verify(signed.payload, signed.signature, trust, _NAMESPACE, at=signed.date)
    return verdict.signer, f"is refused: {verdict.problem}" if verdict.problem else ""


def _joined(signers: Iterable[str]) -> str:
    return ", ".join(sorted(set(signers)))


def _refused(message: str, hint: str) -> CuratedError:
    return CuratedError(f"curated.yaml requires a signature: {message}", hint)
