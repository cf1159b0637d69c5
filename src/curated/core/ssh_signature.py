"""Signatures of OpenSSH (``ssh-keygen -Y``): made, parsed and verified.

The format is that of PROTOCOL.sshsig, the file of allowed signers that of ssh-keygen(1), section ALLOWED SIGNERS.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from curated.core.diagnostic import CuratedError
from curated.core.regular_files import find_program

if TYPE_CHECKING:
    from subprocess import CompletedProcess

SIGNERS_VARIABLE = "CURATED_ALLOWED_SIGNERS"
"""Environment variable with the path of the allowed signers, where no option names them."""

MAX_SIGNATURE = 1 << 16
_MAX_SIGNERS = 1 << 24
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG\0\0\0\1"
_SECONDS = 60
"""How long a signature may take without a terminal; some keys wait for the touch of a finger."""


class Signature(NamedTuple):
    """A signature, as it describes itself; nothing of it is verified.

    Parameters
    ----------
    namespace : `str`
        What it was made for.
    algorithm : `str`
        Kind of the key, such as ``ssh-ed25519``.
    key : `str`
        Fingerprint of the key, ``SHA256:`` and 43 characters.
    """

    namespace: str
    algorithm: str
    key: str


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that are trusted; they never come from what they are to prove.

    Parameters
    ----------
    signers : `~pathlib.Path`
        File of allowed signers.
    revoked : `~pathlib.Path`, optional
        Key revocation list, or a file of revoked public keys.
    signer : `str`, optional
        Identity that must have signed; any allowed one if empty.
    """

    signers: Path
    revoked: Path | None = None
    signer: str = ""


class Verdict(NamedTuple):
    """The result of a verification.

    Parameters
    ----------
    signer : `str`
        Principal of the allowed signers, which may be a pattern; empty if there is none.
    fits : `bool`
        Whether the signature is one of the data and namespace, whoever made it.
    problem : `str`
        Why it is refused; empty if it is accepted.
    """

    signer: str
    fits: bool
    problem: str


def find_trust(
    signers: str | os.PathLike[str] | None,
    *,
    revoked: str | os.PathLike[str] | None = None,
    signer: str = "",
    outside: Path | None = None,
) -> Trust | None:
    """Return the trusted keys that options or the environment name, or `None` if nothing names any.

    Parameters
    ----------
    signers, revoked : path-like, optional
        As in `Trust`.
    signer : `str`, optional
        As in `Trust`.
    outside : `~pathlib.Path`, optional
        Directory of what is to be proven, in which the files must not be.

    Raises
    ------
    CuratedError
        If a file cannot be read or is in that directory, or an identity is a pattern.
    """
    name = os.fspath(signers if signers is not None else os.environ.get(SIGNERS_VARIABLE, ""))
    if not name:
        if signer or revoked is not None:
            raise CuratedError(
                "nothing says whose signatures are accepted",
                f"give --allowed-signers or set {SIGNERS_VARIABLE}",
            )
        return None
    if set(signer) & set("*?!,") or signer.startswith("-"):
        raise CuratedError(f"{signer!r} is no identity", "name one signer, without wildcards")
    trust = Trust(Path(name), Path(revoked) if revoked is not None else None, signer)
    for path in [trust.signers, *([trust.revoked] if trust.revoked is not None else [])]:
        if not path.is_file():
            raise CuratedError(f"{path} is no file", "name the file of allowed signers or revoked keys")
        if outside is not None and path.resolve().is_relative_to(outside.resolve()):
            raise CuratedError(
                f"{path} comes with what it is to prove", "take a file that you have from elsewhere"
            )
    return trust


def read_plain_file(path: str | os.PathLike[str], limit: int) -> bytes:
    """Return the content of a small regular file, without following a link and without waiting.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is a link, no regular file, or larger than the limit.
    """
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("is a link" if stat.S_ISLNK(status.st_mode) else "is no regular file")
    # It may have been replaced since; nothing waits for the other end of a pipe.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("is no regular file")
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"has more than {limit} bytes")
    return data


def parse_signature(text: bytes) -> Signature:
    """Return what a signature says about itself.

    Raises
    ------
    ValueError
        If it is no signature of OpenSSH.
    """
    lines = text.replace(b"\r\n", b"\n").strip().split(b"\n")
    if len(text) > MAX_SIGNATURE or len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise ValueError("not a signature of OpenSSH")
    try:
        blob = base64.b64decode(b"".join(lines[1:-1]), validate=True)
        key, rest = _take(blob.removeprefix(_MAGIC))
        namespace = _take(rest)[0].decode("ascii")
        algorithm = _take(key)[0].decode("ascii")
    except ValueError as error:
        raise ValueError("not a signature of OpenSSH") from error
    if not blob.startswith(_MAGIC):
        raise ValueError("a signature of another version of OpenSSH")
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    return Signature(namespace, algorithm, f"SHA256:{digest}")


def _take(blob: bytes) -> tuple[bytes, bytes]:
    """Return the first string of a blob, and the remainder."""
    length = int.from_bytes(blob[:4], "big")
    if len(blob) < 4 + length:
        raise ValueError("cut off")
    return blob[4 : 4 + length], blob[4 + length :]


def sign(data: bytes, key: str | os.PathLike[str], namespace: str) -> bytes:
    """Sign data with a private key, or with the key of ssh-agent that belongs to a public key.

    A passphrase is asked for on a terminal only.

    Parameters
    ----------
    key : path-like
        File of the private or public key.
    namespace : `str`
        What the signature is for; it holds for nothing else.

    Raises
    ------
    CuratedError
        If it cannot be signed.
    """
    path = os.path.abspath(key)
    if not os.path.isfile(path):
        raise CuratedError(f"no key {os.fspath(key)}", "make one with 'ssh-keygen -t ed25519'")
    alone = not (sys.stdin is not None and sys.stdin.isatty())
    variables = {**os.environ, "SSH_ASKPASS_REQUIRE": "never"} if alone else dict(os.environ)
    done = _run("sign", "-f", path, "-n", namespace, data=data, variables=variables, alone=alone)
    if done.returncode or not done.stdout.startswith(_BEGIN):
        hint = "without a terminal, a key with a passphrase must be in ssh-agent: ssh-add KEY"
        raise CuratedError(f"cannot sign with {os.fspath(key)}: {_reason(done.stderr)}", hint)
    parse_signature(done.stdout)
    return done.stdout


def verify(
    data: bytes, signature: bytes, trust: Trust, namespace: str, at: datetime | None = None
) -> Verdict:
    """Verify that an allowed signer made a signature of data.

    Parameters
    ----------
    signature : `bytes`
        Text of the signature; see `parse_signature`.
    namespace : `str`
        What it must have been made for.
    at : `datetime.datetime`, optional
        Time in UTC at which the key must have been valid; now if not given.

    Raises
    ------
    CuratedError
        If ssh-keygen or a file of the trusted keys cannot be used.
    """
    try:
        mark = parse_signature(signature)
    except ValueError as error:
        return Verdict("", fits=False, problem=str(error))
    if mark.namespace != namespace:
        return Verdict("", fits=False, problem=f"made for {mark.namespace!r}, not for {namespace!r}")
    time = ("-O", f"verify-time={at:%Y%m%d%H%M%S}Z") if at is not None else ()
    with _copies(signature, trust) as (file, signers, revoked):
        if _ask("check-novalidate", "-n", namespace, "-s", file, data=data).returncode:
            return Verdict("", fits=False, problem="not a signature of this content")
        principals = [trust.signer] if trust.signer else _principals(signers, file, time)
        refusal = ""
        for principal in principals:
            options = ("-f", signers, "-I", principal, "-n", namespace, "-s", file, *time, *revoked)
            done = _ask("verify", *options, data=data)
            if not done.returncode:
                return Verdict(principal, fits=True, problem="")
            refusal = _reason(done.stderr or done.stdout)
    who = (
        f"{trust.signer} is not allowed to sign with it"
        if trust.signer
        else "is not that of an allowed signer"
    )
    if "revoked" in refusal.lower():
        who = "is revoked"
    return Verdict("", fits=True, problem=f"key {mark.key} {who}{f' ({refusal})' if refusal else ''}")


@contextmanager
def _copies(signature: bytes, trust: Trust) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield files of a signature, the allowed signers, and the option for revoked keys; each is read once."""
    with tempfile.TemporaryDirectory(prefix="curated-") as directory:
        copies = {"signature": signature, "signers": _limited(trust.signers)}
        if trust.revoked is not None:
            copies["revoked"] = _limited(trust.revoked)
        for name, content in copies.items():
            Path(directory, name).write_bytes(content)
        revoked = ("-r", f"{directory}/revoked") if trust.revoked is not None else ()
        yield f"{directory}/signature", f"{directory}/signers", revoked


def _limited(path: Path) -> bytes:
    try:
        return read_plain_file(path.resolve(), _MAX_SIGNERS)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CuratedError(f"{path}: {reason}", "name the file of allowed signers or revoked keys") from error


def _principals(signers: str, file: str, time: Sequence[str]) -> list[str]:
    """Return the principals of the allowed signers that have the key of a signature, at a time."""
    done = _ask("find-principals", "-f", signers, "-s", file, *time, data=b"")
    lines = done.stdout.decode(errors="replace").splitlines() if not done.returncode else []
    # One line may hold several principals or patterns; a negated one is no identity.
    names = [name for line in lines for name in line.split(",") if name and not name.startswith(("!", "-"))]
    return list(dict.fromkeys(names))


def _ask(action: str, *arguments: str, data: bytes) -> CompletedProcess[bytes]:
    """Run a verification, which needs neither keys nor an agent."""
    variables = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return _run(action, *arguments, data=data, variables=variables, alone=True)


def _run(
    action: str, *arguments: str, data: bytes, variables: dict[str, str], alone: bool
) -> CompletedProcess[bytes]:
    import subprocess  # a check without signatures starts without it

    try:
        return subprocess.run(  # noqa: S603 (no shell, and arguments of this package)
            [find_program("ssh-keygen"), "-Y", action, *arguments],
            input=data,
            capture_output=True,
            # A session of its own has no terminal on which a passphrase could be asked for.
            start_new_session=alone,
            timeout=_SECONDS if alone else None,
            env={**variables, "LC_ALL": "C"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CuratedError(
            f"ssh-keygen did not end within {_SECONDS} s", "see to ssh-agent and the key"
        ) from error
    except OSError as error:
        raise CuratedError(
            "ssh-keygen cannot be run, which makes and verifies signatures",
            "install OpenSSH 8.9 or newer (Debian: openssh-client), and see that it is on the PATH",
        ) from error


def _reason(output: bytes) -> str:
    lines = output.decode(errors="replace").replace("\r", "\n").strip().splitlines()
    text = re.sub(r"[^ -~]", "?", lines[-1]) if lines else "ssh-keygen gave no reason"
    return text[:300]
