"""The kind of a source, by its content."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.migration.recognition import survey_source
from curated.migration.survey import SourceError, SourceOptions
from curated.migration.tree import open_source
from support.sources import write_small_registry

OPTIONS = SourceOptions(instrument="X")


def test_kinds_are_recognised_by_content(tmp_path: Path) -> None:
    path = write_small_registry(tmp_path)
    assert survey_source(open_source(tmp_path), "", OPTIONS).kind == "gen2"
    path.rename(tmp_path / "renamed.bin")
    assert survey_source(open_source(tmp_path / "renamed.bin"), "", OPTIONS).kind == "gen2"
    (tmp_path / "copy").write_bytes((tmp_path / "renamed.bin").read_bytes())
    with pytest.raises(CuratedError, match="2 registries"):
        survey_source(open_source(tmp_path), "", OPTIONS)


def test_what_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    for place in (tmp_path, tmp_path / "x"):
        for kind in ("", "gen2"):
            with pytest.raises(SourceError):
                survey_source(open_source(place), kind, OPTIONS)
