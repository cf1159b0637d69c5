"""Run docs/ccdproc.md on the frames of a real camera."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from support.packages import ROOT
from support.page_doctests import run_page


@pytest.mark.filterwarnings("ignore")
def test_from_raw_frames_to_a_calibrated_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ccdproc")
    if find_spec("msfc_ccd") is None:
        pytest.skip("needs real frames: install msfc-ccd")
    monkeypatch.chdir(tmp_path)
    shown, failures = run_page((ROOT / "docs/ccdproc.md").read_text(), "docs/ccdproc.md", {})
    assert shown >= 10
    assert failures == ""
