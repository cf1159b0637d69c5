"""Bundles that somebody made to do harm: changes of a good one, with everything else made to fit."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from curated.datasets.record import data_id_of, dataset_uuid
from support.repositories import describe_file, write_hashes, write_manifest

Manifest = dict[str, Any]
Change = Callable[[Path, Manifest], None]
"""Changes a bundle: its files, its manifest, or both."""


def make_hostile(bundle: Path, change: Change) -> None:
    """Change a good bundle; export.yaml and SHA256SUMS follow the manifest, where one can write them for it."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    before = json.dumps(manifest)
    change(bundle, manifest)
    if json.dumps(manifest) == before:
        return
    try:
        write_manifest(bundle, manifest)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        (bundle / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
        write_hashes(bundle, json.loads(before))


def put(*path: str | int, value: Any) -> Change:
    """Return the change of one value of the manifest; UUIDs follow from run, type and data ID."""

    def change(_: Path, manifest: Manifest) -> None:
        parent: Any = manifest
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = value
        renew_uuids(manifest)

    return change


def drop(*path: str | int) -> Change:
    """Return the removal of one value of the manifest."""

    def change(_: Path, manifest: Manifest) -> None:
        parent: Any = manifest
        for key in path[:-1]:
            parent = parent[key]
        del parent[path[-1]]

    return change


def renew_uuids(manifest: Manifest) -> None:
    """Give the datasets the UUIDs that follow from their names, as far as they have names."""
    for dataset in manifest["datasets"] or ():
        try:
            data_id = data_id_of(dataset["data_id"])
            dataset["uuid"] = dataset_uuid(dataset["dataset_type"], dataset["run"], data_id)
        except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
            continue


def rename_everywhere(old: str, new: str) -> Change:
    """Return the replacement of a text in all collections and runs of the manifest."""

    def change(_: Path, manifest: Manifest) -> None:
        for instrument in manifest["instruments"]:
            collections = instrument["collections"]
            collections.update({key: name.replace(old, new) for key, name in collections.items()})
        for dataset in manifest["datasets"]:
            dataset.update({key: dataset[key].replace(old, new) for key in ("run", "collection")})
        renew_uuids(manifest)

    return change


def rename_type(name: str, storage_class: str = "StructuredDataDict") -> Change:
    """Rename the dataset type of the geometry, which is the first of the list."""

    def change(_: Path, manifest: Manifest) -> None:
        manifest["dataset_types"][0].update(name=name, storage_class=storage_class)
        dataset = manifest["datasets"][5]
        dataset["dataset_type"] = name
        dataset["run"] = dataset["run"].replace("unbounded", "curated/19700101T000000Z")
        renew_uuids(manifest)

    return change


def all_of(*changes: Change) -> Change:
    """Return several changes as one."""

    def change(bundle: Path, manifest: Manifest) -> None:
        for one_change in changes:
            one_change(bundle, manifest)

    return change


# -- files ----------------------------------------------------------------------------------------------


def file_of(bundle: Path, manifest: Manifest, number: int = 0) -> Path:
    """Return the file of a dataset."""
    return bundle / str(manifest["datasets"][number]["path"])


def replace_file(make: Callable[[Path], object]) -> Change:
    """Return the replacement of a dataset's file by what a function makes in its place."""

    def change(bundle: Path, manifest: Manifest) -> None:
        path = file_of(bundle, manifest)
        path.unlink()
        make(path)

    return change


def link_away(path: Path) -> None:
    """Make a link to a file of the system."""
    path.symlink_to("/etc/passwd")


def make_socket(path: Path) -> None:
    """Make a socket; its name may be longer than the system takes."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)


def make_sparse(size: int) -> Callable[[Path], None]:
    """Return a function that makes a file of only a hole."""

    def make(path: Path) -> None:
        with path.open("wb") as stream:
            stream.truncate(size)

    return make


def edit_file(edit: Callable[[bytes], bytes], number: int = 0) -> Change:
    """Return an edit of a dataset's file after which size and hashes of the manifest are right."""

    def change(bundle: Path, manifest: Manifest) -> None:
        path = file_of(bundle, manifest, number)
        before = path.read_bytes()
        after = edit(before)
        assert after != before
        path.write_bytes(after)
        describe_file(bundle, manifest["datasets"][number])

    return change


def set_card(key: str, value: str, number: int = 0) -> Change:
    """Return the replacement of the value of a keyword in the first header that has it."""

    def edit(data: bytes) -> bytes:
        place = next(
            place
            for place in card_places(data)
            if key in data[place : place + 30].decode().split("=")[0].split()
        )
        start = data.index(b"=", place) + 2
        return data[:start] + value.encode().ljust(place + 80 - start) + data[place + 80 :]

    return edit_file(edit, number)


def add_card(card: bytes, *, first: bool = True, number: int = 0) -> Change:
    """Return the addition of a card to a primary header, before or after all but the structural ones."""

    def edit(data: bytes) -> bytes:
        end = next(place for place in card_places(data) if data[place : place + 80].rstrip() == b"END")
        place = 80 * 3 if first else end
        assert not data[end + 80 : end + 160].strip(), "the header is full"
        return data[:place] + card.ljust(80) + data[place : end + 80] + data[end + 160 :]

    return edit_file(edit, number)


def card_places(data: bytes) -> Iterator[int]:
    """Yield the offsets of the cards of a file."""
    yield from range(0, len(data), 80)
