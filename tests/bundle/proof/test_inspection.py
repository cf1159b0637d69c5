"""Inspection of a whole bundle; attacks on hash list and signature are in test_signature.py."""

from __future__ import annotations

from pathlib import Path

from curated.bundle.proof.inspection import inspect_bundle
from support.repositories import SHA1, make_bundle
from support.signatures import write_sums


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
