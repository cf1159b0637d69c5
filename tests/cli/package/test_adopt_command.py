"""``curated adopt``: text, JSON and exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.packages import defects_path, defects_text
from support.programs import printed_json, run_curated


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A package without a ``curated.yaml`` and without an ``instrument.yaml``."""
    for detector in (0, 1):
        file = tmp_path / defects_path(detector).removeprefix("calibs/")
        file.parent.mkdir(parents=True)
        file.write_text(defects_text(detector=detector))
    return tmp_path


def test_dry_run(bare: Path) -> None:
    done = run_curated("adopt", bare, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--- curated.yaml\n" in done.stdout
    assert "--- lab/instrument.yaml\n" in done.stdout
    value = printed_json(run_curated("adopt", bare, "--dry-run", "--format", "json"))
    assert sorted((file["path"], file["written"]) for file in value["files"]) == [
        ("curated.yaml", False),
        ("lab/instrument.yaml", False),
    ]
    assert not (bare / "curated.yaml").exists()


def test_written_once(bare: Path) -> None:
    done = run_curated("adopt", bare)
    assert done.returncode == 0
    assert "lab/instrument.yaml: written: 2 detectors, 0 filters, from 2 calibrations\n" in done.stdout
    again = run_curated("adopt", bare)
    assert again.returncode == 1
    assert "curated.yaml: is there already\n" in again.stdout
    assert again.stdout.endswith(
        "nothing was written; --missing writes the other files, and leaves these as they are\n"
    )
    assert printed_json(run_curated("adopt", bare, "--format", "json"))["failed"] is True
    (bare / "curated.yaml").unlink()
    missing = run_curated("adopt", bare, "--missing")
    assert (missing.returncode, "curated.yaml: written\n" in missing.stdout) == (0, True)
