"""Contents of a bundle's datasets, by bytes and by values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.bundle.builder import build_bundle
from curated.bundle.manifest_reader import read_contents
from curated.core.diagnostic import CuratedError, Problem
from curated.export.bundle_contents import bytes_of_entries, values_of_entries
from curated.package.package import open_package
from support.packages import defects_path, defects_text


def test_contents(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({"curated.yaml": "calibs: calibs\n", defects_path(0): defects_text()})
    report, bundle = build_bundle(open_package(package.path), tmp_path / "bundle", label="v1")
    assert bundle is not None, report.diagnostics
    contents, _ = read_contents(tmp_path / "bundle")
    assert contents is not None
    entries = contents.entries
    by_values = list(values_of_entries(tmp_path / "bundle", entries, jobs=1))
    assert list(bytes_of_entries(tmp_path / "bundle", entries)) == [entry.content for entry in entries]
    assert by_values != [entry.content for entry in entries]
    assert all(isinstance(content, str) and len(content) == 64 for content in by_values)
    with pytest.raises(CuratedError, match="refers to 1 files of its base"):
        values_of_entries(tmp_path / "bundle", [replace(entries[0], path="")])
    (tmp_path / "bundle" / entries[0].path).unlink()
    (missing,) = values_of_entries(tmp_path / "bundle", entries, jobs=1)
    assert isinstance(missing, Problem)
    assert missing.code == "CAL613"
