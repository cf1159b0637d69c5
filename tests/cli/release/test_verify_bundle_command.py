"""``curated verify-bundle``, and ``bundle --sign`` and ``import --require-signature`` that belong to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import GitPackage
from curated.core.ssh_signature import SIGNERS_VARIABLE
from support.packages import make_demo_package
from support.programs import printed_json, run_curated
from support.signatures import SIGNER, make_key, make_signed_bundle, write_signers


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("keys") / "key")


@pytest.fixture(scope="module")
def signers(key: Path) -> Path:
    return write_signers(key.with_name("signers"), key)


@pytest.fixture(scope="module")
def signed(key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_signed_bundle(tmp_path_factory.mktemp("signed") / "bundle", key)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    return make_demo_package(tmp_path_factory.mktemp("package") / "package")


def test_sign_and_verify(package: GitPackage, key: Path, signers: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    done = run_curated("-q", "bundle", bundle, "--attest", "--sign", key, cwd=package.path)
    assert done.returncode == 0, done.stderr
    done = run_curated("verify-bundle", bundle, "--allowed-signers", signers, "--signer", SIGNER)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"signed by {SIGNER} with key SHA256:" in done.stdout
    assert "its attestation says the same" in done.stdout
    value = printed_json(
        run_curated("verify-bundle", bundle, "--format", "json", **{SIGNERS_VARIABLE: str(signers)})
    )
    assert (value["format"], value["ok"], value["attested"]) == ("curated-verify-bundle", True, True)
    assert value["signature"]["signer"] == SIGNER
    assert value["repository"]["sha1"] == package.commits[-1]


def test_a_bundle_that_cannot_be_signed_is_not_made(package: GitPackage, tmp_path: Path) -> None:
    locked = make_key(tmp_path / "locked", passphrase="secret")
    done = run_curated("bundle", tmp_path / "bundle", "--sign", locked, cwd=package.path)
    assert done.returncode == 2
    assert "cannot sign with" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["locked", "locked.pub"]


def test_not_signed_by_the_right_one(signed: Path, tmp_path: Path) -> None:
    other = write_signers(tmp_path / "signers", make_key(tmp_path / "other"))
    done = run_curated("verify-bundle", signed, "--allowed-signers", other)
    assert done.returncode == 1
    assert "CAL685" in done.stderr
    assert "must not be imported" in done.stdout
    value = printed_json(run_curated("verify-bundle", signed, "--allowed-signers", other, "--format", "json"))
    assert (value["ok"], value["signature"]["signer"]) == (False, None)


def test_usage(signed: Path, tmp_path: Path) -> None:
    assert run_curated("verify-bundle", tmp_path / "absent").returncode == 2
    assert run_curated("verify-bundle", tmp_path).returncode == 2
    assert run_curated("verify-bundle", signed, "--signer", SIGNER).returncode == 2
    done = run_curated("verify-bundle", signed, "--allowed-signers", signed / "manifest.json")
    assert done.returncode == 2
    assert "comes with what it is to prove" in done.stderr


def test_import_of_signed_bundles_only(signed: Path, signers: Path, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    done = run_curated("import", signed, repo, "--require-signature")
    assert done.returncode == 2
    assert "needs --allowed-signers" in done.stderr
    other = write_signers(tmp_path / "signers", make_key(tmp_path / "other"))
    done = run_curated("import", signed, repo, "--require-signature", "--allowed-signers", other)
    assert done.returncode == 1
    assert "CAL685" in done.stderr
    assert not repo.exists()
    done = run_curated("import", signed, repo, "--require-signature", **{SIGNERS_VARIABLE: str(signers)})
    assert done.returncode == 0, done.stderr
    # What is known to be there is not taken on trust either.
    done = run_curated("import", signed, repo, "--require-signature", "--allowed-signers", other)
    assert done.returncode == 1
