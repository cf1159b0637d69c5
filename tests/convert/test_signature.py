"""Signed commits and tags: real git signs them, and everything that is not quite a signature is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from astropy.io import fits

from conftest import GitPackage
from curated.convert.signature import require_signature, split_commit, split_tag
from curated.core.diagnostic import CuratedError
from curated.core.ssh_signature import SIGNERS_VARIABLE
from curated.git.repository import open_repository
from support.packages import defects_path, defects_text
from support.programs import run_curated
from support.signatures import SIGNER, make_key, write_signers

Sign = Callable[..., str]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    make_key(directory / "a")
    make_key(directory / "b")
    write_signers(directory / "signers", directory / "a")
    return directory


@pytest.fixture
def package(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> GitPackage:
    monkeypatch.setenv(SIGNERS_VARIABLE, str(keys / "signers"))
    package = GitPackage(tmp_path / "package")
    package.path.mkdir()
    package.git("init", "--quiet")
    return package


def signing(key: Path) -> tuple[str, ...]:
    return ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}")


PERSON = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


def commit(package: GitPackage, key: Path | None, kind: str = "commit") -> str:
    """Make a commit of a package that requires signatures, and return its name."""
    package.write({"curated.yaml": f"signatures: {kind}\n", defects_path(): defects_text()})
    package.git("add", "--all")
    options = ("-S",) if key is not None else ()
    prefix = signing(key) if key is not None else ()
    package.git(*prefix, "commit", "--quiet", "--message=Two lines\n\nof text", *options, **PERSON)
    return package.git("rev-parse", "HEAD")


def tag(package: GitPackage, name: str, key: Path | None) -> None:
    if key is None:
        package.git("tag", "-a", "-m", "release", name, **PERSON)
    else:
        package.git(*signing(key), "tag", "-s", "-m", "release", name, **PERSON)


def required(package: GitPackage, kind: str) -> object:
    repository = open_repository(package.path)
    return require_signature(repository, package.git("rev-parse", "HEAD"), kind)


def test_a_signed_commit(package: GitPackage, keys: Path) -> None:
    commit(package, keys / "a")
    assert required(package, "commit") == (SIGNER, ())


def test_a_signed_tag(package: GitPackage, keys: Path) -> None:
    commit(package, None, "tag")
    tag(package, "v1", keys / "a")
    tag(package, "v2", None)
    package.git("tag", "light")
    assert required(package, "tag") == (SIGNER, ("v1",))


@pytest.mark.parametrize("key", [None, "b"])
@pytest.mark.parametrize("kind", ["commit", "tag"])
def test_not_signed_by_the_right_one(package: GitPackage, keys: Path, kind: str, key: str | None) -> None:
    path = keys / key if key else None
    commit(package, path, kind)
    tag(package, "v1", path)
    with pytest.raises(CuratedError, match="requires a signature") as caught:
        required(package, kind)
    assert ("not signed" if key is None else "not that of an allowed signer") in caught.value.message


def test_no_tag(package: GitPackage, keys: Path) -> None:
    commit(package, keys / "a", "tag")
    with pytest.raises(CuratedError, match="has no tag"):
        required(package, "tag")


def rewrite(package: GitPackage, kind: str, content: bytes) -> str:
    """Write an object as it is, and return its name."""
    import subprocess

    done = subprocess.run(
        ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"],
        input=content,
        cwd=package.path,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def read(package: GitPackage, kind: str, name: str) -> bytes:
    return (package.git("cat-file", kind, name) + "\n").encode()


def test_a_commit_that_was_changed_after_it_was_signed(package: GitPackage, keys: Path) -> None:
    content = read(package, "commit", commit(package, keys / "a"))
    package.git("reset", "--quiet", "--soft", rewrite(package, "commit", content.replace(b"Two", b"Ten")))
    with pytest.raises(CuratedError, match="not a signature of this content"):
        required(package, "commit")


def test_a_tag_under_another_name_or_on_another_commit(package: GitPackage, keys: Path) -> None:
    commit(package, None, "tag")
    tag(package, "v1", keys / "a")
    package.git("update-ref", "refs/tags/v9", package.git("rev-parse", "refs/tags/v1"))
    package.git("update-ref", "-d", "refs/tags/v1")
    with pytest.raises(CuratedError, match="object of another name"):
        required(package, "tag")


def test_programs_that_the_repository_names_are_not_run(
    package: GitPackage, keys: Path, tmp_path: Path
) -> None:
    commit(package, None)
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path / 'sprung'}\nexit 0\n")
    trap.chmod(0o755)
    for name in ("gpg.program", "gpg.ssh.program", "gpg.x509.program"):
        package.git("config", name, str(trap))
    package.git("config", "gpg.ssh.allowedSignersFile", str(keys / "b.pub"))
    with pytest.raises(CuratedError, match="is not signed"):
        required(package, "commit")
    assert not (tmp_path / "sprung").exists()


def test_signers_of_the_repository_itself_do_not_count(
    package: GitPackage, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package.path / "signers").write_text((keys / "signers").read_text())
    commit(package, keys / "a")
    monkeypatch.setenv(SIGNERS_VARIABLE, str(package.path / "signers"))
    with pytest.raises(CuratedError, match="comes with what it is to prove"):
        required(package, "commit")
    monkeypatch.delenv(SIGNERS_VARIABLE)
    with pytest.raises(CuratedError, match="nothing says whose signature"):
        required(package, "commit")


def test_parts_of_objects() -> None:
    head = b"tree 1\ncommitter A <a> 86400 +0000\n"
    signature = b"gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n"
    parts = split_commit(head + signature + b"gpgsig-sha256 x\n y\n\ntext\n\ngpgsig no\n")
    assert parts.payload == head + b"\ntext\n\ngpgsig no\n"
    assert parts.signature == b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"
    assert parts.date is not None
    assert parts.date.isoformat() == "1970-01-02T00:00:00"
    text = b"object 1\ntagger A <a> 1 +0000\n\ntext\n"
    assert split_tag(text).signature == b""
    for armor in (b"SSH SIGNATURE", b"PGP SIGNATURE"):
        signed = split_tag(text + b"-----BEGIN " + armor + b"-----\nx\n")
        assert (signed.payload, signed.signature) == (text, b"-----BEGIN " + armor + b"-----\nx\n")


def test_bundles_are_stamped(package: GitPackage, keys: Path, tmp_path: Path) -> None:
    commit(package, None, "tag")
    done = run_curated("bundle", tmp_path / "bundle", cwd=package.path)
    assert done.returncode == 2
    assert "curated.yaml requires a signature" in done.stderr
    tag(package, "v1", keys / "a")
    done = run_curated("bundle", tmp_path / "bundle", cwd=package.path)
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "bundle").rglob("*.fits")
    assert fits.getheader(file)["REPOSIGN"] == SIGNER
    # A label that nobody signed is refused.
    package.git("tag", "v9")
    done = run_curated("bundle", tmp_path / "other", cwd=package.path)
    assert done.returncode == 2
    assert "v9" in done.stderr


def test_without_the_setting_nothing_is_stamped(package: GitPackage, keys: Path, tmp_path: Path) -> None:
    package.write({"curated.yaml": "", defects_path(): defects_text()})
    package.commit(message="Add")
    assert run_curated("bundle", tmp_path / "bundle", cwd=package.path).returncode == 0
    (file,) = (tmp_path / "bundle").rglob("*.fits")
    assert "REPOSIGN" not in fits.getheader(file)
