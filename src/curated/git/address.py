"""Addresses of repositories elsewhere: which are taken, and what of them may be shown."""

from __future__ import annotations

import re
from typing import NamedTuple

from curated.core.diagnostic import CuratedError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*::")
_SHELL = re.compile(r"[^/\s@]+@[^/\s:@]+:(?!//)")
"""The short form of ssh, ``user@host:path``."""

SCHEMES = ("https", "file", "ssh")
"""Ways to fetch a repository; git has others, which run programs or check nobody's identity."""

_LONGEST = 4096
_USER_INFO = re.compile(r"(?<=://)[^/?#\s]*@")
_QUERY = re.compile(r"(?<=://)([^?#\s]*)[?#]\S*")


class Address(NamedTuple):
    """An address, taken apart so that no process shows its password in the list of processes.

    Parameters
    ----------
    url : `str`
        The address without a password; of https, without a user too.
    user, password : `str`
        With which to answer a server that asks; empty if the address has none.
    shown : `str`
        The address for people: neither user, password nor query, which may be a token.
    """

    url: str
    user: str
    password: str
    shown: str


def is_address(text: str) -> bool:
    """Say whether a text is meant as the address of a repository, and not as a path."""
    return any(pattern.match(text) for pattern in (_SCHEME, _HELPER, _SHELL))


def has_credentials(text: str) -> bool:
    """Say whether an address names a password, or for https a user, which is where tokens are put."""
    match = _USER_INFO.search(text)
    return match is not None and (":" in match[0] or not text.lower().startswith("ssh:"))


def public_address(text: str) -> str:
    """Return a text in which no address has a user, a password or a query."""
    return _QUERY.sub(r"\1", _USER_INFO.sub("", text))


def parse_address(text: str) -> Address:
    """Take an address apart.

    Raises
    ------
    CuratedError
        If it is of a kind that is not fetched, or cannot be one.
    """
    from urllib.parse import unquote, urlsplit  # a check needs none of it

    hint = f"give a path, or an address with {', '.join(f'{name}://' for name in SCHEMES)}"
    shown = public_address(text if "://" in text else text.rpartition("@")[2])
    brief = repr(shown if len(shown) < 200 else f"{shown[:200]}...")
    scheme = _SCHEME.match(text)
    if scheme is None or scheme[1].lower() not in SCHEMES:
        raise CuratedError(f"{brief} is not the address of a repository", hint)
    if len(text) > _LONGEST or not text.isprintable() or " " in text:
        raise CuratedError(
            f"{brief} is not an address: it has blanks or control characters, or is too long", hint
        )
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise CuratedError(f"{brief} is not an address", hint) from error
    name = scheme[1].lower()
    # Git knows its transports in small letters only.
    text = name + text[len(name) :]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if (name != "file") == (not host) or host.startswith("-") or user.startswith("-"):
        raise CuratedError(f"{brief} is not an address: it has no host, or one that cannot be", hint)
    if not (user + password).isprintable():
        raise CuratedError(f"{brief} is not an address: user or password have control characters", hint)
    if name == "https":
        return Address(_USER_INFO.sub("", text, count=1), user, password, shown)
    if password or (name == "file" and user):
        raise CuratedError(f"{brief} has a password, which {name} does not take", "leave it out")
    return Address(text, "", "", shown)
