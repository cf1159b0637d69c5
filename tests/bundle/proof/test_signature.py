"""Hash list and signature of a bundle: what is signed, what is covered, and attacks on both."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from curated.bundle.proof.inspection import inspect_bundle
from curated.bundle.proof.signature import (
    NAMESPACE,
    SIGNATURE_FILE,
    SUMS_FILE,
    parse_sums,
    read_proof,
    sign_bundle,
)
from curated.core.ssh_signature import Trust
from support.signatures import SIGNER, make_key, make_signed_bundle, sign_file, write_signers, write_sums


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("keys") / "key")


@pytest.fixture(scope="module")
def trust(key: Path) -> Trust:
    return Trust(write_signers(key.with_name("signers"), key))


@pytest.fixture(scope="module")
def original(key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_signed_bundle(tmp_path_factory.mktemp("signed") / "bundle", key)


@pytest.fixture
def signed(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "bundle")


def codes(bundle: Path, trust: Trust | None) -> set[str]:
    return {finding.code for finding in inspect_bundle(bundle, trust).diagnostics}


def test_a_signed_bundle(original: Path, trust: Trust) -> None:
    inspection = inspect_bundle(original, trust)
    assert (inspection.ok, inspection.diagnostics) == (True, ())
    assert inspection.proof.signer == SIGNER
    assert inspection.proof.sums == hashlib.sha256((original / SUMS_FILE).read_bytes()).hexdigest()
    assert codes(original, None) == {"CAL688"}


def test_stock_programs_agree(original: Path, trust: Trust) -> None:
    subprocess.run(["sha256sum", "--quiet", "-c", SUMS_FILE], cwd=original, check=True)
    options = ["-f", trust.signers, "-I", SIGNER, "-n", NAMESPACE, "-s", original / SIGNATURE_FILE]
    with (original / SUMS_FILE).open("rb") as stream:
        subprocess.run(
            ["ssh-keygen", "-Y", "verify", *options], stdin=stream, check=True, capture_output=True
        )


def first_file(bundle: Path) -> Path:
    return min(bundle.rglob("*.fits"))


def change_file(bundle: Path) -> None:
    data = bytearray(first_file(bundle).read_bytes())
    data[-1] ^= 1
    first_file(bundle).write_bytes(data)


def change_manifest(bundle: Path) -> None:
    text = (bundle / "manifest.json").read_text()
    (bundle / "manifest.json").write_text(text + " ")


def change_export(bundle: Path) -> None:
    with (bundle / "export.yaml").open("a") as stream:
        stream.write("# more\n")


def remove_export(bundle: Path) -> None:
    (bundle / "export.yaml").unlink()


def add_file(bundle: Path) -> None:
    (bundle / "files" / "more.fits").write_bytes(b"more")


def add_hidden_file(bundle: Path) -> None:
    (bundle / ".hidden").write_bytes(b"more")


def link_file(bundle: Path) -> None:
    target = bundle.parent / "elsewhere"
    first_file(bundle).rename(target)
    first_file(bundle / "files").parent.joinpath("x.fits").symlink_to(target)


def add_pipe(bundle: Path) -> None:
    os.mkfifo(bundle / "files" / "pipe")


def drop_line(bundle: Path) -> None:
    lines = (bundle / SUMS_FILE).read_text().splitlines(keepends=True)
    (bundle / SUMS_FILE).write_text("".join(line for line in lines if "export.yaml" not in line))


def cut_list(bundle: Path) -> None:
    (bundle / SUMS_FILE).write_bytes((bundle / SUMS_FILE).read_bytes()[:-1])


ATTACKS = [
    change_file,
    change_manifest,
    change_export,
    remove_export,
    add_file,
    add_hidden_file,
    link_file,
    add_pipe,
    drop_line,
    cut_list,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_nothing_can_change(signed: Path, trust: Trust, attack: Callable[[Path], None]) -> None:
    attack(signed)
    assert not inspect_bundle(signed, trust).ok
    assert not inspect_bundle(signed).ok


@pytest.mark.parametrize(
    "attack", [change_file, change_manifest, change_export, add_file], ids=lambda attack: attack.__name__
)
def test_a_new_list_needs_a_new_signature(signed: Path, trust: Trust, attack: Callable[[Path], None]) -> None:
    attack(signed)
    write_sums(signed)
    assert "CAL684" in codes(signed, trust)


def test_no_signature(signed: Path, trust: Trust) -> None:
    (signed / SIGNATURE_FILE).unlink()
    assert codes(signed, trust) == {"CAL683"}
    assert codes(signed, None) == set()


def test_no_list(signed: Path, trust: Trust) -> None:
    (signed / SUMS_FILE).unlink()
    assert codes(signed, trust) == {"CAL633", "CAL686"}
    assert codes(signed, None) == {"CAL633", "CAL686"}


def test_the_key_of_another(signed: Path, trust: Trust, tmp_path: Path) -> None:
    sign_bundle(signed, make_key(tmp_path / "other"))
    assert codes(signed, trust) == {"CAL685"}


def test_the_signature_of_another_bundle(signed: Path, key: Path, trust: Trust, tmp_path: Path) -> None:
    other = tmp_path / "text"
    other.write_text("another list\n")
    (signed / SIGNATURE_FILE).write_bytes(sign_file(key, other))
    assert codes(signed, trust) == {"CAL684"}


@pytest.mark.parametrize("namespace", ["git", "file", f"{NAMESPACE}2"])
def test_a_signature_for_another_purpose(signed: Path, key: Path, trust: Trust, namespace: str) -> None:
    (signed / SIGNATURE_FILE).write_bytes(sign_file(key, signed / SUMS_FILE, namespace))
    assert codes(signed, trust) == {"CAL684"}
    assert codes(signed, None) == {"CAL684"}


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "giant", "empty", "garbage"])
@pytest.mark.parametrize("name", [SIGNATURE_FILE, SUMS_FILE])
def test_odd_files(signed: Path, trust: Trust, name: str, kind: str) -> None:
    path = signed / name
    elsewhere = path.rename(signed.parent / "elsewhere")
    if kind == "link":
        path.symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "giant":
        with path.open("wb") as stream:
            stream.truncate(1 << 40)
    else:
        path.write_bytes(b"" if kind == "empty" else bytes(range(256)))
    inspection = inspect_bundle(signed, trust)
    assert not inspection.ok
    assert {finding.code for finding in inspection.diagnostics} & {"CAL684", "CAL686"}


def test_a_list_is_read_with_its_escapes(tmp_path: Path) -> None:
    names = ["a b", "back\\slash", "line\nend", "ü"]
    for name in names:
        (tmp_path / name).write_text(name)
    done = subprocess.run(["sha256sum", *names], cwd=tmp_path, capture_output=True, check=True)
    hashes, problems = parse_sums(done.stdout)
    assert problems == []
    assert hashes == {name: hashlib.sha256(name.encode()).hexdigest() for name in names}


@pytest.mark.parametrize(
    "text",
    [
        "x\n",
        f"{'a' * 63}  f\n",
        f"{'a' * 64} f\n",
        f"{'A' * 64}  f\n",
        f"{'a' * 64}  f\n{'b' * 64}  f\n",
        "\n",
    ],
)
def test_lines_that_are_none(text: str) -> None:
    assert [problem.code for problem in parse_sums(text.encode())[1]] == ["CAL686"]
    assert parse_sums(b"\xff")[1]


def test_an_unreadable_list_has_no_hashes(tmp_path: Path) -> None:
    assert read_proof(tmp_path, None).hashes == {}
