"""Signatures of OpenSSH: keys, allowed signers, expiry, revocation, and everything that is no signature."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.ssh_signature import (
    SIGNERS_VARIABLE,
    Trust,
    find_trust,
    parse_signature,
    read_plain_file,
    sign,
    verify,
)
from support.signatures import SIGNER, make_key, public_key, sign_file, write_signers

DATA = b"what is signed\n"
PURPOSE = "curated-test"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    for name in ("a", "b"):
        make_key(directory / name)
    make_key(directory / "locked", passphrase="secret")
    return directory


@pytest.fixture(scope="module")
def signature(keys: Path) -> bytes:
    return sign(DATA, keys / "a", PURPOSE)


@pytest.fixture(autouse=True)
def no_signers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SIGNERS_VARIABLE, raising=False)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


def test_a_signature_describes_itself(keys: Path, signature: bytes) -> None:
    mark = parse_signature(signature)
    listed = subprocess.run(["ssh-keygen", "-lf", keys / "a.pub"], capture_output=True, text=True, check=True)
    assert mark == (PURPOSE, "ssh-ed25519", listed.stdout.split()[1])
    assert parse_signature(signature.replace(b"\n", b"\r\n")) == mark


@pytest.mark.parametrize(
    ("principals", "options", "signer"),
    [
        (SIGNER, "", SIGNER),
        (f"other@example.org,{SIGNER}", "", "other@example.org"),
        ("*@example.org", "", "*@example.org"),
        (SIGNER, f'namespaces="git,{PURPOSE}"', SIGNER),
        (SIGNER, 'valid-after="20200101",valid-before="29990101"', SIGNER),
    ],
)
def test_allowed(
    keys: Path, signature: bytes, tmp_path: Path, principals: str, options: str, signer: str
) -> None:
    signers = write_signers(tmp_path / "signers", keys / "a", principals, options)
    verdict = verify(DATA, signature, Trust(signers), PURPOSE)
    assert verdict == (signer, True, "")
    assert not verify(DATA, signature, Trust(signers, signer=SIGNER), PURPOSE).problem


@pytest.mark.parametrize(
    ("principals", "options"),
    [
        (SIGNER, 'valid-before="20200101"'),
        (SIGNER, 'valid-after="29980101"'),
        (SIGNER, 'namespaces="git"'),
        (SIGNER, "cert-authority"),
        (f"!{SIGNER},*@example.org", ""),
    ],
)
def test_not_allowed(keys: Path, signature: bytes, tmp_path: Path, principals: str, options: str) -> None:
    signers = write_signers(tmp_path / "signers", keys / "a", principals, options)
    verdict = verify(DATA, signature, Trust(signers, signer=SIGNER), PURPOSE)
    assert verdict.fits
    assert verdict.problem.startswith("key SHA256:")
    if not principals.startswith("!"):
        assert verify(DATA, signature, Trust(signers), PURPOSE).problem


def test_the_key_of_another(keys: Path, signature: bytes, tmp_path: Path) -> None:
    verdict = verify(DATA, signature, Trust(write_signers(tmp_path / "signers", keys / "b")), PURPOSE)
    assert verdict.signer == ""
    assert "is not that of an allowed signer" in verdict.problem


def test_the_identity_of_another(keys: Path, signature: bytes, tmp_path: Path) -> None:
    signers = write_signers(tmp_path / "signers", keys / "a")
    verdict = verify(DATA, signature, Trust(signers, signer="chief@example.org"), PURPOSE)
    assert "chief@example.org is not allowed" in verdict.problem


def test_an_expired_key_was_valid_before(keys: Path, signature: bytes, tmp_path: Path) -> None:
    signers = write_signers(tmp_path / "signers", keys / "a", options='valid-before="20200101"')
    assert not verify(DATA, signature, Trust(signers), PURPOSE, at=datetime(2019, 5, 1)).problem
    assert verify(DATA, signature, Trust(signers), PURPOSE, at=datetime(2020, 5, 1)).problem


@pytest.mark.parametrize("form", ["public key", "KRL"])
def test_a_revoked_key(keys: Path, signature: bytes, tmp_path: Path, form: str) -> None:
    revoked = tmp_path / "revoked"
    if form == "KRL":
        subprocess.run(["ssh-keygen", "-q", "-k", "-f", revoked, keys / "a.pub"], check=True)
    else:
        revoked.write_text(public_key(keys / "a") + "\n")
    signers = write_signers(tmp_path / "signers", keys / "a")
    assert verify(DATA, signature, Trust(signers, revoked), PURPOSE).problem
    other = sign(DATA, keys / "b", PURPOSE)
    both = tmp_path / "both"
    both.write_text(signers.read_text() + f"b@example.org {public_key(keys / 'b')}\n")
    assert verify(DATA, other, Trust(both, revoked), PURPOSE) == ("b@example.org", True, "")


def test_other_data_and_other_purposes(keys: Path, signature: bytes, tmp_path: Path) -> None:
    trust = Trust(write_signers(tmp_path / "signers", keys / "a"))
    assert verify(DATA + b"x", signature, trust, PURPOSE) == ("", False, "not a signature of this content")
    verdict = verify(DATA, signature, trust, "git")
    assert (verdict.fits, verdict.problem) == (False, f"made for '{PURPOSE}', not for 'git'")
    relabelled = re.sub(rb"\n", b"", signature.split(b"\n", 1)[1].rsplit(b"\n-----END", 1)[0])
    blob = base64.b64decode(relabelled).replace(PURPOSE.encode(), b"curated-tesu")
    forged = b"-----BEGIN SSH SIGNATURE-----\n" + base64.b64encode(blob) + b"\n-----END SSH SIGNATURE-----\n"
    assert parse_signature(forged).namespace == "curated-tesu"
    assert not verify(DATA, forged, trust, "curated-tesu").fits


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\n!!!!\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN PGP SIGNATURE-----\nAAAA\n-----END PGP SIGNATURE-----\n",
        b"\0" * 100,
        b"-----BEGIN SSH SIGNATURE-----\n" + b"A" * (1 << 17) + b"\n-----END SSH SIGNATURE-----\n",
    ],
)
def test_no_signature(keys: Path, tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ValueError, match="signature"):
        parse_signature(text)
    trust = Trust(write_signers(tmp_path / "signers", keys / "a"))
    verdict = verify(DATA, text, trust, PURPOSE)
    assert (verdict.signer, verdict.fits) == ("", False)


def test_every_byte_of_a_signature_counts(keys: Path, signature: bytes, tmp_path: Path) -> None:
    trust = Trust(write_signers(tmp_path / "signers", keys / "a"))
    places = [n for n in range(30, len(signature) - 30) if chr(signature[n]).isalnum()]
    for place in places[::8]:
        changed = bytearray(signature)
        changed[place] = ord("B") if changed[place] != ord("B") else ord("C")
        assert verify(DATA, bytes(changed), trust, PURPOSE).problem


@pytest.mark.parametrize("content", ["", "not a line of signers\n", "\0\0\0", "a@x ssh-ed25519 AAAA\n"])
def test_no_allowed_signers(signature: bytes, tmp_path: Path, content: str) -> None:
    (tmp_path / "signers").write_text(content)
    assert verify(DATA, signature, Trust(tmp_path / "signers"), PURPOSE).problem


def test_a_key_with_a_passphrase_is_not_waited_for(keys: Path) -> None:
    start = time.monotonic()
    with pytest.raises(CuratedError, match="cannot sign") as caught:
        sign(DATA, keys / "locked", PURPOSE)
    assert "ssh-agent" in caught.value.hint
    assert time.monotonic() - start < 20


def test_a_key_of_ssh_agent(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        for _ in range(100):
            if socket.exists():
                break
            time.sleep(0.05)
        private = keys / "a"
        subprocess.run(["ssh-add", "-q", private], check=True)
        public = tmp_path / "only.pub"
        public.write_text((keys / "a.pub").read_text())
        signers = write_signers(tmp_path / "signers", private)
        assert not verify(DATA, sign(DATA, public, PURPOSE), Trust(signers), PURPOSE).problem
    finally:
        agent.terminate()
        agent.wait()


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_other_kinds_of_keys(tmp_path: Path, kind: str) -> None:
    key = make_key(tmp_path / "key", kind=kind)
    signers = write_signers(tmp_path / "signers", key)
    assert not verify(DATA, sign(DATA, key, PURPOSE), Trust(signers), PURPOSE).problem


def test_stock_signatures(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DATA)
    signature = sign_file(keys / "a", tmp_path / "data", PURPOSE)
    assert not verify(DATA, signature, Trust(write_signers(tmp_path / "s", keys / "a")), PURPOSE).problem


def test_a_key_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="no key"):
        sign(DATA, tmp_path / "absent", PURPOSE)
    (tmp_path / "text").write_text("no key\n")
    with pytest.raises(CuratedError, match="cannot sign"):
        sign(DATA, tmp_path / "text", PURPOSE)


def test_without_the_program(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CuratedError, match="ssh-keygen cannot be run") as caught:
        sign(DATA, keys / "a", PURPOSE)
    assert "openssh-client" in caught.value.hint


def test_no_program_of_a_bundle_is_run(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ssh-keygen"
    program.write_text("#!/bin/sh\ntouch was-here\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for start in (".:", ":", f"{tmp_path.name}:", "./:"):
        monkeypatch.setenv("PATH", f"{start}{os.defpath}")
        assert sign(DATA, keys / "a", PURPOSE)
    assert os.listdir(tmp_path) == ["ssh-keygen"]


# -- where trust comes from ------------------------------------------------------------------------


def test_trust_from_options_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_trust(None) is None
    for name in ("option", "variable"):
        (tmp_path / name).touch()
    monkeypatch.setenv(SIGNERS_VARIABLE, str(tmp_path / "variable"))
    assert find_trust(None) == Trust(tmp_path / "variable")
    assert find_trust(tmp_path / "option", signer="a@x") == Trust(tmp_path / "option", signer="a@x")


def test_signers_never_come_from_what_they_prove(tmp_path: Path) -> None:
    inside = tmp_path / "bundle" / "signers"
    inside.parent.mkdir()
    inside.touch()
    (tmp_path / "link").symlink_to(inside)
    for path in (inside, tmp_path / "link", tmp_path / "bundle" / ".." / "bundle" / "signers"):
        with pytest.raises(CuratedError, match="comes with what it is to prove"):
            find_trust(path, outside=tmp_path / "bundle")
    assert find_trust(inside, outside=tmp_path / "other") is not None


def test_trust_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "signers").touch()
    with pytest.raises(CuratedError, match="nothing says whose"):
        find_trust(None, signer="a@x")
    with pytest.raises(CuratedError, match="is no file"):
        find_trust(tmp_path)
    with pytest.raises(CuratedError, match="is no file"):
        find_trust(tmp_path / "signers", revoked=tmp_path / "absent")
    for pattern in ("*", "a?@x", "a@x,b@x", "!a@x", "-x"):
        with pytest.raises(CuratedError, match="is no identity"):
            find_trust(tmp_path / "signers", signer=pattern)


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert read_plain_file(file, 5) == b"12345"
    with pytest.raises(ValueError, match="more than 4 bytes"):
        read_plain_file(file, 4)
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (("link", "is a link"), ("pipe", "no regular file"), (".", "no regular file")):
        with pytest.raises(ValueError, match=reason):
            read_plain_file(tmp_path / name, 5)
    with pytest.raises(FileNotFoundError):
        read_plain_file(tmp_path / "absent", 5)
