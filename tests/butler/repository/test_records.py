"""Records of imports in a repository: written, read, merged, and damaged."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from lsst.resources import ResourcePath

from curated.butler.repository.records import (
    DIRECTORY,
    ImportRecord,
    RepositoryState,
    file_sha256,
    is_recorded,
    local_records,
    read_state,
    state_findings,
    update_state,
    write_record,
)

RECORD = ImportRecord("v1", "a" * 64, {"defects": ["f"]}, {"instrument": [{"name": "Lab"}]})


def record_of(bundle: Path) -> ImportRecord:
    return replace(RECORD, manifest=file_sha256(bundle / "manifest.json"))


def test_a_record_is_written_once(bundle: Path, tmp_path: Path) -> None:
    record = record_of(bundle)
    root = ResourcePath(tmp_path / "repo", forceDirectory=True)
    write_record(root, bundle, record)
    (directory,) = (tmp_path / "repo" / DIRECTORY).iterdir()
    assert directory.name == f"v1-{record.manifest[:16]}"
    assert (directory / "manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()
    assert ImportRecord.of((directory / "import.json").read_bytes()) == record
    assert is_recorded(str(tmp_path / "repo"), "v1", record.manifest)
    assert not is_recorded(str(tmp_path / "repo"), "v2", record.manifest)
    with local_records(root) as directories:
        assert directories == [directory]
    times = {path: path.stat().st_mtime_ns for path in directory.iterdir()}
    write_record(root, bundle, record)
    assert {path: path.stat().st_mtime_ns for path in directory.iterdir()} == times


def test_a_manifest_that_was_changed_is_not_recorded(bundle: Path, tmp_path: Path) -> None:
    root = ResourcePath(tmp_path / "repo", forceDirectory=True)
    with pytest.raises(OSError, match="was changed"):
        write_record(root, bundle, RECORD)
    assert not (tmp_path / "repo" / DIRECTORY).exists()


@pytest.mark.parametrize("kind", ["pipe", "link", "giant", "directory"])
def test_an_odd_signature_is_not_recorded(bundle: Path, tmp_path: Path, kind: str) -> None:
    """Nothing has looked at the signature of a bundle of which none is required."""
    signature = bundle / "SHA256SUMS.sig"
    (tmp_path / "secret").write_text("secret")
    {
        "pipe": lambda: os.mkfifo(signature),
        "link": lambda: signature.symlink_to(tmp_path / "secret"),
        "giant": lambda: os.truncate(os.open(signature, os.O_CREAT | os.O_WRONLY), 1 << 40),
        "directory": signature.mkdir,
    }[kind]()
    write_record(ResourcePath(tmp_path / "repo", forceDirectory=True), bundle, record_of(bundle))
    names = {path.name for path in (tmp_path / "repo" / DIRECTORY).rglob("*.*")}
    assert {"import.json", "manifest.json"} <= names
    assert "SHA256SUMS.sig" not in names


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_an_odd_state_is_replaced_by_imports_alone(tmp_path: Path, kind: str) -> None:
    """Nothing waits for the other end of a pipe, and what a link leads to stays as it is."""
    root = ResourcePath(tmp_path / "repo", forceDirectory=True)
    state, target = tmp_path / "repo" / DIRECTORY / "state.json", tmp_path / "target"
    state.parent.mkdir(parents=True)
    target.write_text("precious")
    os.mkfifo(state) if kind == "pipe" else state.symlink_to(target)
    with pytest.raises(ValueError, match=r"is (a link|no regular file)"):
        read_state(root)
    with pytest.raises(OSError, match=r"state\.json is damaged, and stays as it is"):
        update_state(root, chains={"a": ["b"]})
    assert update_state(root, chains={"a": ["b"]}, replace_damaged=True)
    assert read_state(root) == RepositoryState({"a": ["b"]})
    assert target.read_text() == "precious"


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
