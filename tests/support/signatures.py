"""SSH keys, files of allowed signers, and signed bundles."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from curated.bundle.proof.signature import NAMESPACE, SIGNATURE_FILE, SUMS_FILE, sign_bundle
from support.repositories import make_bundle

SIGNER = "release@example.org"


def make_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> Path:
    """Make a key pair; the public key is beside the private one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = ("-q", "-t", kind, "-N", passphrase, "-C", path.name, "-f", str(path))
    subprocess.run(["ssh-keygen", *options], check=True, stdin=subprocess.DEVNULL)
    return path


def public_key(key: Path) -> str:
    """Return the kind and the base64 text of a public key."""
    return " ".join(key.with_name(f"{key.name}.pub").read_text().split()[:2])


def write_signers(path: Path, key: Path, principals: str = SIGNER, options: str = "") -> Path:
    """Write a file of allowed signers with one line."""
    path.write_text(f"# allowed\n{principals} {options}{' ' if options else ''}{public_key(key)}\n")
    return path


def write_sums(bundle: Path) -> None:
    """Write the hash list of everything that is in a bundle."""
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    names = [path.relative_to(bundle).as_posix() for path in files]
    hashes = {
        name: hashlib.sha256((bundle / name).read_bytes()).hexdigest()
        for name in names
        if name not in (SUMS_FILE, SIGNATURE_FILE)
    }
    text = "".join(f"{digest}  {name}\n" for name, digest in hashes.items())
    (bundle / SUMS_FILE).write_text(text)


def make_signed_bundle(root: Path, key: Path) -> Path:
    """Make a small bundle with its hash list and signature."""
    bundle = make_bundle(root)
    write_sums(bundle)
    sign_bundle(bundle, key)
    return bundle


def sign_file(key: Path, file: Path, namespace: str = NAMESPACE) -> bytes:
    """Return a signature that stock ssh-keygen made of a file."""
    options = ("-Y", "sign", "-q", "-f", str(key), "-n", namespace)
    with file.open("rb") as stream:
        done = subprocess.run(["ssh-keygen", *options], stdin=stream, capture_output=True, check=True)
    return done.stdout
