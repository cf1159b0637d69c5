"""Addresses that are taken and that are not, and what of them is shown."""

from __future__ import annotations

import pytest

from curated.core.diagnostic import CuratedError
from curated.git.address import has_credentials, is_address, parse_address, public_address


@pytest.mark.parametrize(
    ("text", "url", "user", "password", "shown"),
    [
        ("https://h/x", "https://h/x", "", "", "https://h/x"),
        ("https://u:p@h:8443/x", "https://h:8443/x", "u", "p", "https://h:8443/x"),
        ("https://token@h/x", "https://h/x", "token", "", "https://h/x"),
        ("https://u:p%40q@h/x", "https://h/x", "u", "p@q", "https://h/x"),
        ("HTTPS://u:a:b@h/x", "https://h/x", "u", "a:b", "HTTPS://h/x"),
        ("https://h/x?private_token=s", "https://h/x?private_token=s", "", "", "https://h/x"),
        ("https://h/x#s", "https://h/x#s", "", "", "https://h/x"),
        ("ssh://git@h:22/x", "ssh://git@h:22/x", "", "", "ssh://h:22/x"),
        ("file:///a/b", "file:///a/b", "", "", "file:///a/b"),
        ("https://[::1]/x", "https://[::1]/x", "", "", "https://[::1]/x"),
    ],
)
def test_addresses(text: str, url: str, user: str, password: str, shown: str) -> None:
    assert is_address(text)
    assert parse_address(text) == (url, user, password, shown)


REFUSED = [
    *(
        "http://u:secret@h/x",
        "git://u:secret@h/x",
        "ftp://u:secret@h/x",
        "ext::sh -c secret",
        "fd::17/secret",
    ),
    *("ext://secret", "git@h:secret", "u:secret@h:x/y", "ssh://u:secret@h/x", "file://u:secret@h/x"),
    *("https://u:secret@-h/x", "ssh://-oProxyCommand=x/y", "ssh://-u@h/y", "https:///x", "file://h/x"),
    *(
        "https://u:secret@h/\0",
        "https://u:secret@h/\n",
        "https://u:secret@h/\x1b[2J",
        "https://u:secret@h/a b",
    ),
    *(
        "https://u:secret%0aprotocol=x@h/",
        "https://u%00:secret@h/x",
        "https://u:secret@h:99999/",
        "https://[::1/x",
    ),
    *(
        "https://u:secret@h/\u202ex",
        "https://u:secret@h/" + "x" * 5000,
        "https://u:secret@h:port/",
        "https://",
    ),
    *(
        "https://u:secret@/x",
        "https://\ud800/x",
        "transport::https://u:secret@h/x",
        "://h/x",
        "-uhttps://h/x",
    ),
]


@pytest.mark.parametrize("text", REFUSED)
def test_refused_addresses_show_no_secret(text: str) -> None:
    with pytest.raises(CuratedError) as caught:
        parse_address(text)
    message = caught.value.message
    assert caught.value.exit_status == 2
    assert message.isprintable()
    assert len(message) < 400
    assert "u:secret" not in message
    assert "secret@" not in message
    assert "file://" in caught.value.hint or caught.value.hint == "leave it out"


@pytest.mark.parametrize("text", ["a/b", "/a", "a:b", "C:/x", "./u@h:x", ".", "", "d@v1", "v1.0"])
def test_paths_are_no_addresses(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://h/x", False),
        ("https://h/@x", False),
        ("ssh://git@h/x", False),
        ("ssh://git:p@h/x", True),
        ("https://t@h/x", True),
        ("https://u:p@h", True),
        ("see https://u:p@h and", True),
    ],
)
def test_credentials(text: str, expected: bool) -> None:
    assert has_credentials(text) is expected


def test_texts_without_secrets() -> None:
    text = "fatal: unable to access 'https://u:p@h/x?token=y': https://t@g/ failed"
    assert public_address(text) == "fatal: unable to access 'https://h/x https://g/ failed"
    assert public_address("see https://h/x") == "see https://h/x"


def test_schemes_in_capitals() -> None:
    assert parse_address("HTTPS://u:p@host/X").url == "https://host/X"
    assert parse_address("File:///X").url == "file:///X"
