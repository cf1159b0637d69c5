"""A record of verification and a certification go into FITS, bundle and repository, and come back as they were."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from astropy.io import fits

from support.commands import Commands
from support.verification import BIAS, RECORD, make_package, write_frames


def test_there_and_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Commands(capsys, monkeypatch)
    package = make_package(tmp_path / "package")
    root = package.path
    write_frames(tmp_path / "frames", 1)
    assert run(root, "verify", BIAS, "--exposures", tmp_path / "frames", "--by", "Ada", "-j", "1").status == 0
    certify = ("--from", "2024-01-01", "--by", "Grace", "--ticket", "CAL-1", "--date", "2026-02-01")
    assert run(root, "certify", BIAS, *certify).status == 0
    package.commit(message="Certify the bias")
    done = run(root, "bundle", tmp_path / "bundle")
    assert done.status == 0, done.stderr
    text = (root / RECORD).read_text()
    (file,) = [path for path in (tmp_path / "bundle/files").rglob("*.fits") if "bias" in path.parts]
    header = fits.getheader(file)
    assert (header["VERDICT"], header["VERIFSHA"]) == ("pass", hashlib.sha256(text.encode()).hexdigest())
    assert (header["CERT_NAME"], header["CERT_TICKET"]) == ("Grace", "CAL-1")
    assert run(root, "import", tmp_path / "bundle", tmp_path / "repo").status == 0
    done = run(root, "export", tmp_path / "repo", "-o", tmp_path / "exported")
    assert done.status == 0, done.stderr
    (record,) = (tmp_path / "exported").rglob("*.verify.yaml")
    assert record.read_text() == text
    exported = next(path for path in record.parent.glob("*.yaml") if ".verify." not in path.name)
    assert "ticket: CAL-1" in exported.read_text()
    # The exported package has no tests of its own, so that the record is void for that reason alone.
    findings = run(tmp_path / "exported", "check", "--no-cache", "--format", "json").json["findings"]
    assert [f["message"] for f in findings if f["code"] == "CAL831"] == ["the tests in force are others now"]


def test_a_void_record_is_stamped_as_void(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Commands(capsys, monkeypatch)
    package = make_package(tmp_path / "package")
    write_frames(tmp_path / "frames", 1)
    run(package.path, "verify", BIAS, "--exposures", tmp_path / "frames", "--by", "Ada", "-j", "1")
    table = package.path / "calibs/cam/verification/bias/19700101T000000.yaml"
    table.write_text(table.read_text().replace("[-1, 1]", "[-2, 2]"))
    package.commit(message="Allow more")
    assert run(package.path, "convert", BIAS, "-o", tmp_path / "out").status == 0
    (file,) = (tmp_path / "out").rglob("*.fits")
    assert fits.getheader(file)["VERDICT"] == "void"
