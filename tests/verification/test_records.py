"""Records and waivers of a package, read together."""

from __future__ import annotations

import hashlib
from pathlib import Path

from curated.package.package import open_package
from curated.verification.record_file import record_text
from curated.verification.records import read_verifications
from support.verification import BIAS, RECORD, WAIVERS, make_package, waivers
from verification.test_record_file import RECORD as EXAMPLE


def test_a_package_with_a_record_and_waivers(tmp_path: Path) -> None:
    root = make_package(tmp_path / "package").path
    text = record_text(EXAMPLE)
    (root / RECORD).write_text(text)
    (root / WAIVERS).write_text(waivers() + waivers(test="BIAS-MEAN").removeprefix("waivers:\n"))
    content = read_verifications(open_package(root))
    assert content.findings == ()
    assert record_text(content.records[BIAS]) == text
    assert content.digests == {BIAS: hashlib.sha256(text.encode()).hexdigest()}
    assert [waiver.test for waiver in content.waivers["cam"]] == ["BIAS-NOISE", "BIAS-MEAN"]
    assert content.places == {"cam": WAIVERS}
    assert len(content.tests.tables) == 1


def test_one_wrong_waiver_leaves_none(tmp_path: Path) -> None:
    root = make_package(tmp_path / "package").path
    (root / WAIVERS).write_text(waivers() + waivers(until="2020-01-01").removeprefix("waivers:\n"))
    content = read_verifications(open_package(root))
    assert [finding.code for finding in content.findings] == ["CAL839"]
    assert content.waivers == {"cam": ()}


def test_a_record_that_cannot_be_read_has_a_hash_all_the_same(tmp_path: Path) -> None:
    root = make_package(tmp_path / "package").path
    (root / RECORD).write_text("record: 1\n")
    content = read_verifications(open_package(root))
    assert {finding.code for finding in content.findings} == {"CAL830"}
    assert content.records == {}
    assert list(content.digests) == [BIAS]
