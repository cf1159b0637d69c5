"""Files without an index: associations of PypeIt, masks and lists of bad pixels."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from curated.migration.masks import recognises_mask, survey_associations
from curated.migration.result import ADDED, BESIDE
from curated.migration.survey import SourceError, SourceOptions
from curated.migration.tree import open_source
from support.migrations import codes, first_column, migrate
from support.sources import write_defects, write_mask

OPTIONS = SourceOptions(instrument="Tiny", start=datetime(2019, 1, 1))

ASSOCIATION = """\
# Auto-generated calibration association file using PypeIt version:  1.14.0
# UTC 2024-01-01T00:00:00.000
A:
  --:
    dispname: 600/4310
  0:
    arc:
      proc:
      - /rdx/night/Calibrations/Arc_A_0_DET01.fits
      raw:
      - /raw/b1.fits.gz
    bias:
      proc:
      - /rdx/night/Calibrations/BPM_A_0_DET01.fits
      raw:
      - /raw/b2.fits
    science:
    - /raw/b27.fits.gz
"""


def test_masks_and_lists_start_at_their_dates(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_defects(source / "badpix_ccd1.dat", (4, 1, 2, 2))
    write_defects(source / "badpix_ccd1_2020-02-01.dat", (5, 1, 2, 2))
    write_mask(source / "bpm_ccd2_20200301.fits", (6, 2))
    (source / "badpix_notes.txt").write_text("seen by Ann\n")
    migration, package = migrate(source, tmp_path / "target", OPTIONS)
    assert migration.counts() == {ADDED: 3, BESIDE: 0, "listed": 0, "not understood": 0}
    times = (datetime(2018, 1, 1), datetime(2019, 6, 1), datetime(2020, 2, 1))
    assert [first_column(package, "tiny", time, "ccd1") for time in times] == [None, 4, 5]
    assert first_column(package, "tiny", datetime(2020, 3, 1), "ccd2") == 6


def test_what_has_no_date_or_detector_needs_an_option(tmp_path: Path) -> None:
    write_defects(tmp_path / "source/badpix.dat", (4, 1, 2, 2))
    migration, _ = migrate(tmp_path / "source", tmp_path / "a", SourceOptions(instrument="Tiny"))
    assert (migration.unread, codes(migration)) == (1, ["CAL731"])
    migration, _ = migrate(tmp_path / "source", tmp_path / "b", OPTIONS)
    assert (migration.unread, codes(migration)) == (1, ["CAL731"])
    options = SourceOptions(instrument="Tiny", start=datetime(2019, 1, 1), detector="d0")
    assert migrate(tmp_path / "source", tmp_path / "c", options)[0].is_complete


def test_associations(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "night").mkdir(parents=True)
    (source / "night/kast.calib").write_text(ASSOCIATION)
    write_mask(source / "night/Calibrations/BPM_A_0_DET01.fits", (3, 1))
    write_mask(source / "night/Calibrations/Arc_A_0_DET01.fits", (3, 1))
    migration, package = migrate(source, tmp_path / "target", OPTIONS)
    assert migration.counts() == {ADDED: 1, BESIDE: 1, "listed": 0, "not understood": 0}
    assert first_column(package, "tiny", datetime(2020, 1, 1), "DET01") == 3
    assert any("3 raw files" in finding.message for finding in migration.diagnostics)


@pytest.mark.parametrize("text", ["A: [1]\n", "- 1\n", "A: {0: {b: {proc: [", "A:\n  0: 1\nA: 2\n"])
def test_associations_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.calib").write_text(text)
    with pytest.raises(SourceError):
        survey_associations(open_source(tmp_path), ("x.calib",), OPTIONS)


def test_names_and_content_decide_what_is_a_mask() -> None:
    assert recognises_mask("a/badpix.txt", b"# comment\n1 2 3 4\n")
    assert not recognises_mask("a/badpix.txt", b"1 2 x\n")
    assert not recognises_mask("a/badpix.txt", b"")
    assert not recognises_mask("a/bias.fits", b"SIMPLE  =")
    assert not recognises_mask("a/mask.bin", b"\0\1")
