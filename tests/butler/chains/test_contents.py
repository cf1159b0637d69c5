"""Contents of datasets, from records of imports and from files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("lsst.daf.butler")

from lsst.daf.butler import Butler
from lsst.resources import ResourcePath

from curated.bundle.manifest_reader import read_contents
from curated.butler import import_bundle
from curated.butler.chains import contents as module
from curated.butler.chains.contents import contents_of
from curated.butler.repository.compatibility import closing_butler
from curated.butler.repository.records import DIRECTORY


def compared(
    bundle: Path, repo: str, label: str, monkeypatch: pytest.MonkeyPatch, *, read_files: bool
) -> bool:
    """Return whether the contents of a release's datasets are those of its bundle, or else none."""
    contents, _ = read_contents(bundle)
    assert contents is not None
    entries = contents.relabelled(label).entries
    monkeypatch.setattr(module, "_MOST_FILES", 200 if read_files else 0)
    with closing_butler(Butler.from_config(repo)) as butler:
        results = contents_of(butler, ResourcePath(repo, forceDirectory=True), entries, {})
    if not results:
        return False
    assert results == {entry.uuid: entry.content for entry in entries}
    return True


@pytest.mark.parametrize("label", ["v1", "other"])
def test_contents_are_those_of_the_bundle(
    bundle: Path, repo: str, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_bundle(bundle, repo, label=label)
    assert compared(bundle, repo, label, monkeypatch, read_files=False)
    # A manifest that is not the one that was imported is not believed.
    (manifest,) = Path(repo, DIRECTORY).glob("*/manifest.json")
    manifest.write_text(manifest.read_text() + " ")
    assert not compared(bundle, repo, label, monkeypatch, read_files=False)
    # Nor is there need of any record.
    shutil.rmtree(Path(repo, DIRECTORY))
    assert not compared(bundle, repo, label, monkeypatch, read_files=False)
    assert compared(bundle, repo, label, monkeypatch, read_files=True)


def test_what_the_bundle_says_is_not_looked_up(bundle: Path, repo: str) -> None:
    import_bundle(bundle, repo)
    contents, _ = read_contents(bundle)
    assert contents is not None
    expected = {entry.uuid: "content" for entry in contents.entries}
    with closing_butler(Butler.from_config(repo)) as butler:
        root = ResourcePath(repo, forceDirectory=True)
        assert contents_of(butler, root, contents.entries, expected) == expected
