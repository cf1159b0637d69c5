"""Copies of repositories elsewhere, fetched within a time limit and without a trace of passwords."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from curated.core.diagnostic import CuratedError
from curated.git import settings
from curated.git.address import Address, parse_address, public_address
from curated.git.command import start_process

if TYPE_CHECKING:
    from subprocess import Popen
    from tempfile import TemporaryDirectory

SILENCE = 30
"""Seconds without a word from a server, after which it is given up."""

LONGEST = 900
"""Seconds after which any fetch is given up."""

_BLOCK = 1 << 16
_MAX_MESSAGES = 1 << 20
_SHORT = 3
"""Length of a user or password up to which it is looked for as a word."""

_USER, _PASSWORD = "CURATED_FETCH_USER", "CURATED_FETCH_PASSWORD"
# The environment of a process is its user's alone, while everybody can read its arguments.
_HELPER = f'!f() {{ test "$1" = get && printf "username=%s\\npassword=%s\\n" "${_USER}" "${_PASSWORD}"; }}; f'


def clone(address: str, *, silence: float = SILENCE, longest: float = LONGEST) -> TemporaryDirectory[str]:
    """Fetch a repository, without a work tree, into a temporary directory.

    Parameters
    ----------
    address : `str`
        Starts with ``https://``, ``ssh://`` or ``file://``.
    silence, longest : `float`, optional
        Seconds without a word from the server, and altogether, after which it is given up.

    Returns
    -------
    directory : `tempfile.TemporaryDirectory`
        The copy, which is removed together with this object.

    Raises
    ------
    CuratedError
        If the address is of another kind, or the repository cannot be fetched in time.
    """
    import tempfile  # no check needs it

    parts = parse_address(address)
    directory = tempfile.TemporaryDirectory(prefix="curated-", ignore_cleanup_errors=True)
    try:
        _fetch(parts, Path(os.path.realpath(directory.name)), silence, longest)
    except BaseException:
        directory.cleanup()
        raise
    return directory


def _fetch(address: Address, directory: Path, silence: float, longest: float) -> None:
    variables = settings.environment(directory, fetches=True)
    # A user's url.*.insteadOf may turn one of these into another one.
    variables |= {"GIT_ALLOW_PROTOCOL": "https:ssh:file"}
    # Nobody is there to be asked for a password.
    if "GIT_SSH" not in variables:
        variables.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=15")
    seconds = max(1, round(silence))
    options = [
        *("-c", "http.lowSpeedLimit=1000", "-c", f"http.lowSpeedTime={seconds}"),
        *("-c", "http.followRedirects=initial", "-c", "transfer.bundleURI=false"),
    ]
    if address.user or address.password:
        variables |= {_USER: address.user, _PASSWORD: address.password}
        options += ["-c", "credential.helper=", "-c", f"credential.helper={_HELPER}"]
    process = start_process(
        directory,
        [
            *(*settings.options(fetches=True), *options),
            *("clone", "--bare", "--progress", "--template=", "--no-local", "--", address.url, "."),
        ],
        variables,
        keep_stderr=True,
        new_session=True,
    )
    try:
        messages, reason = _watch(process, silence, longest)
    finally:
        _end(process)
    if process.returncode != 0:
        reason = reason or _last_line(messages, address)
    elif not any(path.is_file() for path in (directory / "packed-refs", *(directory / "refs").rglob("*"))):
        # Git takes anything that a server of files answers for a repository that is empty.
        reason = "it is empty, or no git repository"
    if reason:
        raise CuratedError(
            f"{address.shown} cannot be fetched: {reason}", "see whether 'git ls-remote' of it works"
        )


def _watch(process: Popen[bytes], silence: float, longest: float) -> tuple[bytes, str]:
    """Wait for the end of a fetch; return its messages, and why it is given up, or an empty text."""
    import selectors
    from subprocess import TimeoutExpired

    messages = b""
    start = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for stream in filter(None, (process.stdout, process.stderr)):
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            left = start + longest - time.monotonic()
            if left <= 0:
                return messages, f"it takes longer than {longest:g} s"
            events = selector.select(min(silence, left))
            if not events and left > silence:
                return messages, f"the server has been silent for {silence:g} s"
            for key, _ in events:
                block = os.read(key.fd, _BLOCK)
                if not block:
                    selector.unregister(key.fileobj)
                messages = (messages + block)[-_MAX_MESSAGES:]
    try:
        process.wait(silence)
    except TimeoutExpired:
        return messages, f"git has not ended after {silence:g} s"
    return messages, ""


def _end(process: Popen[bytes]) -> None:
    """End a fetch with all programs that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.communicate()


def _last_line(messages: bytes, address: Address) -> str:
    """Return what git said last, without anything secret, as printable text."""
    text = messages.decode("utf-8", errors="replace")
    for secret in (address.password, address.user):
        # A user called "u" is no reason to take this letter out of all words.
        pattern = re.escape(secret) if len(secret) > _SHORT else rf"(?<!\w){re.escape(secret)}(?!\w)"
        text = re.sub(pattern, "***", text) if secret else text
    lines = [line.strip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
    reasons = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:"))] or lines
    line = public_address((reasons or ["git failed"])[0])
    return "".join(c if c.isprintable() else "?" for c in line)[:500]
