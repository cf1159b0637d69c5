"""The schema of manifests, judged by an independent validator."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conftest import MakePackage
from curated.schema.manifest import DATASET, FORMAT, MANIFEST, MANIFEST_SCHEMA, VERSION
from support.bundles import label_of, package_of
from support.packages import ROOT, defects_path, defects_text
from support.repositories import make_bundle

VALIDATOR = Draft202012Validator(MANIFEST)


def read(bundle: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((bundle / "manifest.json").read_text())
    return manifest


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read(make_bundle(tmp_path_factory.mktemp("manifest")))


def messages(manifest: Any) -> list[str]:
    return [f"{error.json_path}: {error.validator}" for error in VALIDATOR.iter_errors(manifest)]


def test_it_is_a_schema_and_is_committed() -> None:
    Draft202012Validator.check_schema(MANIFEST)
    Draft202012Validator.check_schema(DATASET)
    assert f"manifest-{VERSION}.0.schema.json" == MANIFEST_SCHEMA
    assert json.loads((ROOT / "schemas" / MANIFEST_SCHEMA).read_text()) == MANIFEST


def test_manifests_of_bundles_are_valid(
    manifest: dict[str, Any], make_package: MakePackage, tmp_path: Path
) -> None:
    assert messages(manifest) == []
    label_of(make_package(package_of((defects_path(), defects_text()))), tmp_path / "bundle")
    built = read(tmp_path / "bundle")
    assert messages(built) == []
    assert (built["format"], built["version"]) == (FORMAT, VERSION)


@pytest.mark.parametrize(
    "pointer",
    [
        ("format",),
        ("version",),
        ("repository",),
        ("repository", "sha1"),
        ("repository", "label"),
        ("instruments",),
        ("instruments", 0, "name"),
        ("instruments", 0, "collections", "chain"),
        ("instruments", 0, "detectors", 1, "id"),
        ("instruments", 0, "filters", 0, "name"),
        ("dataset_types", 0, "dimensions"),
        ("datasets", 1, "uuid"),
        ("datasets", 1, "data_id"),
        ("datasets", 1, "data_id", "instrument"),
        ("datasets", 1, "validity", "end_tai_ns"),
        ("datasets", 1, "sha256"),
    ],
    ids=lambda pointer: ".".join(map(str, pointer)),
)
def test_what_must_be_there(manifest: dict[str, Any], pointer: tuple[Any, ...]) -> None:
    spoiled = copy.deepcopy(manifest)
    parent: Any = spoiled
    for key in pointer[:-1]:
        parent = parent[key]
    del parent[pointer[-1]]
    path = "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in pointer[:-1])
    assert messages(spoiled) == [f"{path}: required"]


@pytest.mark.parametrize(
    ("pointer", "value", "keyword"),
    [
        (("format",), "another", "const"),
        (("version",), 2, "const"),
        (("repository", "sha1"), "", "pattern"),
        (("repository", "dirty"), "no", "type"),
        (("dataset_types", 0, "dimensions", 0), "visit", "pattern"),
        (("dataset_types", 0, "is_calibration"), False, "const"),
        (("datasets", 0, "data_id", "visit"), 7, "additionalProperties"),
        (("datasets", 0, "data_id", "detector"), "7", "type"),
        (("datasets", 0, "validity", "begin_tai_ns"), 0.5, "type"),
        (("datasets", 0, "size"), -1, "minimum"),
        (("datasets", 0, "size"), None, "not"),
        (("datasets", 0, "sha256"), None, "not"),
        (("datasets", 0, "content"), None, "type"),
        (("datasets", 0, "more"), 1, "additionalProperties"),
        (("repository", "more"), 1, "additionalProperties"),
        (("instruments", 0, "more"), 1, "additionalProperties"),
        (("more",), 1, "additionalProperties"),
        (("instruments", 0, "name"), "Lab\n", "pattern"),
        (("instruments", 0, "detectors", 0, "id"), 2**63, "maximum"),
        (("instruments", 0, "detectors", 0, "id"), -1, "minimum"),
        (("instruments", 0, "detectors", 0, "full_name"), "x" * 33, "maxLength"),
        (("datasets", 0, "run"), "Lab/calib/v1/../../x", "pattern"),
        (("datasets", 0, "validity", "begin_tai_ns"), 10**30, "maximum"),
        (("datasets", 0, "validity", "begin"), "2020-01-01", "pattern"),
        (("datasets", 0, "path"), "files/../../x.fits", "pattern"),
        (("datasets", 0, "size"), 1 << 40, "maximum"),
        (("repository", "label"), "v1..2", "pattern"),
    ],
)
def test_what_may_not_be(
    manifest: dict[str, Any], pointer: tuple[Any, ...], value: Any, keyword: str
) -> None:
    spoiled = copy.deepcopy(manifest)
    parent: Any = spoiled
    for key in pointer[:-1]:
        parent = parent[key]
    parent[pointer[-1]] = value
    assert [message.split(": ")[1] for message in messages(spoiled)] == [keyword]
