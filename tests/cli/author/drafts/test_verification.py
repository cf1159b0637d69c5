"""``curated new verification``."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.registry import own_types
from curated.verification.tables import default_table
from support.commands import Commands

TABLE = "calibs/cam/verification/bias/20260101T000000.yaml"


@pytest.fixture
def curated(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


@pytest.fixture
def root(curated: Commands, tmp_path: Path) -> Path:
    (tmp_path / "calibs/cam").mkdir(parents=True)
    (tmp_path / "curated.yaml").write_text("calibs: calibs\nstage: new\n")
    (tmp_path / "calibs/cam/instrument.yaml").write_text("name: Cam\ndetectors: [{name: d00, id: 0}]\n")
    return tmp_path


def test_the_tests_of_a_type_with_their_comments(curated: Commands, root: Path) -> None:
    done = curated(root, "new", "verification", "BIAS", "--instrument", "Cam", "--from", "2026-01-01")
    assert (done.status, done.stdout) == (0, f"{TABLE}: written\n")
    assert "limits that nobody has argued for: BIAS-PROCESSING" in done.stderr
    text = (root / TABLE).read_text("utf-8")
    assert text == default_table("bias")
    assert "# MEAN of cp_verify" in text
    codes = {finding["code"] for finding in curated(root, "check", "--format", "json").json["findings"]}
    assert {code for code in codes if code.startswith("CAL8")} == set()
    (root / TABLE).write_text("tests: []\n")
    assert curated(root, "new", "verification", "bias", "--from", "2026-01-01").status == 2
    assert (root / TABLE).read_text("utf-8") == "tests: []\n"
    assert curated(root, "new", "verification", "bias", "--from", "2026-01-01", "--force").status == 0


def test_dry_run_as_json(curated: Commands, root: Path) -> None:
    done = curated(
        root, "new", "verification", "bfk", "--from", "2026-01-01", "--dry-run", "--format", "json"
    )
    assert done.status == 0
    (file,) = done.json["files"]
    assert file["path"] == "calibs/cam/verification/bfk/20260101T000000.yaml"
    assert file["text"] == default_table("bfk")
    assert done.json["unargued"] == ["BFK-CORRELATION", "BFK-EDGE"]
    assert not (root / "calibs/cam/verification").exists()


def test_types_without_defaults(curated: Commands, root: Path) -> None:
    refused = curated(root, "new", "verification", "events", "--from", "2026-01-01")
    assert (refused.status, "has no statistics" in refused.stderr) == (2, True)
    unknown = curated(root, "new", "verification", "bais", "--from", "2026-01-01")
    assert (unknown.status, "unknown calibration type 'bais'" in unknown.stderr) == (2, True)
    # Whatever has statistics has tests.
    assert all(default_table(name) for name, cls in own_types().items() if cls.SPEC.statistics)
