"""Records of imports in a repository: written, read, merged, and damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lsst.resources import ResourcePath

from curated.butler.repository.records import (
    DIRECTORY,
    ImportRecord,
    RepositoryState,
    is_recorded,
    local_records,
    read_state,
    state_findings,
    update_state,
    write_record,
)

RECORD = ImportRecord("v1", "a" * 64, {"defects": ["f"]}, {"instrument": [{"name": "Lab"}]})


def test_a_record_is_written_once(bundle: Path, tmp_path: Path) -> None:
    root = ResourcePath(tmp_path / "repo", forceDirectory=True)
    write_record(root, bundle, RECORD)
    (directory,) = (tmp_path / "repo" / DIRECTORY).iterdir()
    assert directory.name == f"v1-{'a' * 16}"
    assert (directory / "manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()
    assert ImportRecord.of((directory / "import.json").read_bytes()) == RECORD
    assert is_recorded(str(tmp_path / "repo"), "v1", RECORD.manifest)
    assert not is_recorded(str(tmp_path / "repo"), "v2", RECORD.manifest)
    with local_records(root) as directories:
        assert directories == [directory]
    times = {path: path.stat().st_mtime_ns for path in directory.iterdir()}
    write_record(root, bundle, RECORD)
    assert {path: path.stat().st_mtime_ns for path in directory.iterdir()} == times


def test_changes_are_merged(tmp_path: Path) -> None:
    root = ResourcePath(tmp_path, forceDirectory=True)
    with pytest.raises(FileNotFoundError):
        read_state(root)
    update_state(root, chains={"a": ["b"], "c": []})
    update_state(root, chains={"a": ["d", "b"]}, ranges={"e": {"1": [(0, 5)], "2": []}})
    update_state(root, ranges={"e": {"2": [(1, 2)]}})
    assert read_state(root) == RepositoryState(
        {"a": ["d", "b"], "c": []}, {"e": {"1": [(0, 5)], "2": [(1, 2)]}}
    )


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"format": 1}', "[" * 20000, '{"format": "x", "version": 1}']
)
def test_damaged_records(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        ImportRecord.of(text.encode())
    with pytest.raises(ValueError):  # noqa: PT011
        RepositoryState.of(text.encode())


@pytest.mark.parametrize("key", ["label", "manifest", "formatters", "dimensions"])
def test_records_of_other_shapes(key: str) -> None:
    values = json.loads(RECORD.to_json())
    del values[key]
    with pytest.raises(ValueError, match="curated-import-record"):
        ImportRecord.of(json.dumps(values).encode())


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY).write_text("in the way")
    (finding,) = state_findings(str(tmp_path), chains={"a": []})
    assert finding.code == "CAL698"
