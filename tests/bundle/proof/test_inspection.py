"""Inspection of a whole bundle; attacks on hash list and signature are in test_signature.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from curated.bundle.proof.inspection import inspect_bundle
from curated.core.diagnostic import Diagnostic
from curated.core.ssh_signature import Trust
from support.repositories import SHA1, make_bundle
from support.signatures import make_key, make_signed_bundle, write_signers, write_sums


def test_all_checks_of_a_bundle(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    write_sums(bundle)
    calls: list[tuple[str, int, int]] = []
    inspection = inspect_bundle(bundle, progress=lambda *call: calls.append(call))
    assert inspection.diagnostics == ()
    assert inspection.contents is not None
    assert calls[-1] == ("verify", len(inspection.contents.entries), len(inspection.contents.entries))
    assert inspection.repository["sha1"] == SHA1
    assert not inspection.attested


def test_a_manifest_that_is_none(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    (bundle / "manifest.json").write_text("{}")
    inspection = inspect_bundle(bundle)
    assert inspection.contents is None
    assert {finding.code for finding in inspection.diagnostics} >= {"CAL610"}


def test_damage_is_named_once(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    write_sums(bundle)
    damaged = min(bundle.rglob("*.fits"))
    damaged.write_bytes(b"x")
    assert {finding.file for finding in inspect_bundle(bundle).diagnostics} == {
        damaged.relative_to(bundle).as_posix()
    }


@pytest.mark.parametrize("command", ["verify-bundle", "import"])
def test_the_manifest_that_was_parsed_is_the_one_that_is_signed(tmp_path: Path, command: str) -> None:
    """Whoever puts the signed manifest back after another one was parsed gains nothing."""
    key = make_key(tmp_path / "key")
    trust = Trust(write_signers(tmp_path / "signers", key))
    bundle = make_signed_bundle(tmp_path / "bundle", key)
    names = ("manifest.json", "SHA256SUMS", "SHA256SUMS.sig")
    originals = {name: (bundle / name).read_bytes() for name in names}
    (bundle / "manifest.json").write_bytes(originals["manifest.json"] + b" ")
    write_sums(bundle)

    def put_back(*_: object) -> None:
        for name, data in originals.items():
            (bundle / name).write_bytes(data)

    findings = _findings(command, bundle, trust, put_back)
    assert [(f.code, f.file, f.message) for f in findings if f.file == "manifest.json"] == [
        ("CAL686", "manifest.json", "its SHA-256 is not the one in SHA256SUMS")
    ]
    assert _findings(command, bundle, trust, put_back) == ()


def _findings(
    command: str, bundle: Path, trust: Trust, progress: Callable[[str, int, int], None]
) -> tuple[Diagnostic, ...]:
    if command == "verify-bundle":
        return inspect_bundle(bundle, trust, progress).diagnostics
    pytest.importorskip("lsst.daf.butler")
    from curated.butler import import_bundle

    return import_bundle(bundle, str(bundle.parent / "repo"), trust=trust, progress=progress).diagnostics
