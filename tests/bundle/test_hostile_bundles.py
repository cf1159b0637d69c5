"""Bundles that somebody made to do harm: each is refused, with a reason, and the repository stays as it was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curated.butler import import_bundle
from curated.core.diagnostic import CuratedError
from curated.report.text import printable
from support.hostile_bundles import (
    Change,
    Manifest,
    add_card,
    all_of,
    drop,
    edit_file,
    file_of,
    link_away,
    make_hostile,
    make_socket,
    make_sparse,
    put,
    rename_everywhere,
    rename_type,
    replace_file,
    set_card,
)
from support.programs import run_python
from support.repositories import make_bundle, write_hashes, write_manifest

pytest.importorskip("lsst.daf.butler")

FIRST = ("datasets", 0)
RUN = "Lab/calib/v1/curated/19700101T000000Z"


def states(*places: Path) -> dict[str, str]:
    """Hashes of all files, and the targets of links."""
    paths = [path for place in places for path in sorted(place.rglob("*"))]
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(path.is_symlink())
        for path in paths
    }


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("good") / "bundle")


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with another release, and a file beside it that nobody may touch."""
    place = tmp_path_factory.mktemp("place")
    report = import_bundle(make_bundle(place / "v0", label="v0"), str(place / "repo"))
    assert report.ok, report.diagnostics
    (place / "x").mkdir()
    (place / "x" / "precious.fits").write_bytes(b"precious")
    return place / "repo"


@pytest.fixture
def bundle(good: Path, tmp_path: Path) -> Path:
    return shutil.copytree(good, tmp_path / "bundle")


def assert_refused(bundle: Path, repo: Path, code: str, **options: Any) -> list[str]:
    """Return the messages of an import that also was to remove what killed imports have left."""
    before = states(repo, repo.parent / "x")
    if code == "usage":
        with pytest.raises(CuratedError, match="is no bundle") as refusal:
            import_bundle(bundle, str(repo), clean=True, **options)
        messages = [refusal.value.message]
    else:
        report = import_bundle(bundle, str(repo), clean=True, **options)
        assert not report.ok
        assert not report.changed
        assert {d.code for d in report.diagnostics} >= {code}, report.diagnostics
        messages = [d.message for d in report.diagnostics]
    assert states(repo, repo.parent / "x") == before
    assert all(messages)
    return messages


def test_the_good_one_is_taken(bundle: Path, tmp_path: Path) -> None:
    assert import_bundle(bundle, str(tmp_path / "repo")).ok
    (tmp_path / "latest").symlink_to(bundle)
    assert not import_bundle(tmp_path / "latest", str(tmp_path / "repo")).changed


# -- names ----------------------------------------------------------------------------------------------

COLLECTIONS = {
    "run-up": (put(*FIRST, "run", value="Lab/calib/v1/../../../../x"), "CAL610"),
    "run-up-inside": (put(*FIRST, "run", value="Lab/calib/v1/curated/../curated"), "CAL610"),
    "run-absolute": (put(*FIRST, "run", value="/tmp/x"), "CAL610"),
    "run-empty-part": (put(*FIRST, "run", value="Lab/calib/v1//curated"), "CAL610"),
    "run-slash-end": (put(*FIRST, "run", value="Lab/calib/v1/"), "CAL610"),
    "run-dot": (put(*FIRST, "run", value="Lab/calib/v1/./x"), "CAL610"),
    "run-empty": (put(*FIRST, "run", value=""), "CAL610"),
    "run-nul": (put(*FIRST, "run", value="Lab/calib/v1/cur\0ated"), "CAL610"),
    "run-newline": (put(*FIRST, "run", value=f"{RUN}\n"), "CAL610"),
    "run-escape": (put(*FIRST, "run", value="Lab/calib/v1/curated/\x1b]0;x"), "CAL610"),
    "run-wildcard": (put(*FIRST, "run", value="Lab/calib/v1/curated/*"), "CAL610"),
    "run-comma": (put(*FIRST, "run", value="Lab/calib/v1/curated/a,b"), "CAL610"),
    "run-dash": (put(*FIRST, "run", value="Lab/calib/v1/-rf"), "CAL610"),
    "run-lookalike": (put(*FIRST, "run", value=RUN.replace("a", "\u0430")), "CAL610"),
    "run-number": (put(*FIRST, "run", value=7), "CAL610"),
    "run-long": (put(*FIRST, "run", value="Lab/calib/v1/" + "x" * 300), "CAL610"),
    "run-of-another-release": (put(*FIRST, "run", value=RUN.replace("v1", "v0")), "CAL616"),
    "run-of-another-instrument": (put(*FIRST, "run", value=RUN.replace("Lab", "Other")), "CAL616"),
    "run-of-a-pipeline": (put(*FIRST, "run", value="Lab/raw/all"), "CAL616"),
    "run-is-the-collection": (put(*FIRST, "run", value="Lab/calib/v1"), "CAL616"),
    "run-with-more": (put(*FIRST, "run", value=f"{RUN}/more"), "CAL616"),
    "run-other-prefix": (put(*FIRST, "run", value=RUN.replace("v1", "v10")), "CAL616"),
    "run-no-time": (put(*FIRST, "run", value="Lab/calib/v1/curated/today"), "CAL616"),
    "run-unbounded": (put(*FIRST, "run", value="Lab/calib/v1/unbounded"), "CAL616"),
    "collection-star": (rename_everywhere("Lab/calib/v1", "*"), "CAL610"),
    "collection-other": (put(*FIRST, "collection", value="Lab/calib/v0"), "CAL616"),
    "collection-of-all": (rename_everywhere("Lab/calib/v1", "Lab/calib/v0"), "CAL616"),
    "chain-of-another": (put("instruments", 0, "collections", "chain", value="Other/calib"), "CAL616"),
    "chain-defaults": (put("instruments", 0, "collections", "chain", value="Lab/defaults"), "CAL616"),
    "chain-is-release": (put("instruments", 0, "collections", "chain", value="Lab/calib/v1"), "CAL616"),
    "calibration-is-chain": (put("instruments", 0, "collections", "calibration", value="Lab/calib"), "CAL616"),
    "label-up": (put("repository", "label", value="v1/../x"), "CAL610"),
    "label-dots": (put("repository", "label", value=".."), "CAL610"),
    "label-dash": (put("repository", "label", value="-x"), "CAL610"),
    "label-other": (put("repository", "label", value="v2"), "CAL616"),
    "label-newline": (put("repository", "label", value="v1\n"), "CAL610"),
}  # fmt: skip

VALUES = {
    "instrument-slash": (put("instruments", 0, "name", value="Lab/x"), "CAL610"),
    "instrument-up": (put("instruments", 0, "name", value="..")   , "CAL610"),
    "instrument-lookalike": (put("instruments", 0, "name", value="L\u0430b"), "CAL610"),
    "instrument-star": (put("instruments", 0, "name", value="*"), "CAL610"),
    "instrument-comma": (put("instruments", 0, "name", value="Lab,Other"), "CAL610"),
    "instrument-other": (put("instruments", 0, "name", value="Other"), "CAL616"),
    "instrument-directory-other": (put("instruments", 0, "directory", value="zoo"), "CAL616"),
    "instrument-class": (put("instruments", 0, "class_name", value="os; import x"), "CAL610"),
    "detector-name-control": (put("instruments", 0, "detectors", 0, "full_name", value="R00\x1b[2J"), "CAL610"),
    "detector-name-direction": (put("instruments", 0, "detectors", 0, "full_name", value="R\u202e00"), "CAL610"),
    "detector-name-slash": (put("instruments", 0, "detectors", 0, "full_name", value="a/b"), "CAL610"),
    "detector-name-up": (put("instruments", 0, "detectors", 0, "full_name", value=".."), "CAL610"),
    "detector-name-long": (put("instruments", 0, "detectors", 0, "full_name", value="x" * 33), "CAL610"),
    "detector-raft-star": (put("instruments", 0, "detectors", 0, "raft", value="*"), "CAL610"),
    "detector-huge": (put("instruments", 0, "detectors", 0, "id", value=2**63), "CAL610"),
    "detector-enormous": (put("instruments", 0, "detectors", 0, "id", value=10**400), "CAL610"),
    "detector-negative": (put("instruments", 0, "detectors", 0, "id", value=-1), "CAL610"),
    "detector-real": (put("instruments", 0, "detectors", 0, "id", value=1.5), "CAL610"),
    "detector-boolean": (put("instruments", 0, "detectors", 0, "id", value=True), "CAL610"),
    "detector-twice": (put("instruments", 0, "detectors", 0, "id", value=1), "CAL610"),
    "detector-name-twice": (put("instruments", 0, "detectors", 0, "full_name", value="R00_S01"), "CAL610"),
    "limit-huge": (put("instruments", 0, "visit_max", value=2**63), "CAL610"),
    "filter-comma": (put("instruments", 0, "filters", 0, "name", value="g,r"), "CAL610"),
    "filter-quote": (put("instruments", 0, "filters", 0, "name", value='g"; drop'), "CAL610"),
    "filter-other-form": (put("instruments", 0, "filters", 0, "name", value="e\u0301"), "CAL610"),
    "filter-invisible": (put("instruments", 0, "filters", 0, "name", value="g\u200b"), "CAL610"),
    "filter-band": (put("instruments", 0, "filters", 0, "band", value="-"), "CAL610"),
    "filter-of-data-id": (put("datasets", 4, "data_id", "physical_filter", value="r_1"), "CAL610"),
    "data-id-detector": (put(*FIRST, "data_id", "detector", value=99), "CAL610"),
    "data-id-huge": (put(*FIRST, "data_id", "detector", value=2**63), "CAL610"),
    "data-id-text": (put(*FIRST, "data_id", "detector", value="0"), "CAL610"),
    "data-id-visit": (put(*FIRST, "data_id", "visit", value=1), "CAL610"),
    "data-id-too-many": (put(*FIRST, "data_id", "physical_filter", value="g_6"), "CAL610"),
    "data-id-too-few": (drop(*FIRST, "data_id", "detector"), "CAL610"),
    "data-id-instrument": (put(*FIRST, "data_id", "instrument", value="Other"), "CAL616"),
    "type-undeclared": (put("dataset_types", 0, "name", value="thing"), "CAL617"),
    "type-camera": (put("dataset_types", 0, "name", value="camera"), "CAL617"),
    "type-raw": (put("dataset_types", 0, "name", value="raw"), "CAL617"),
    "type-other-storage": (put("dataset_types", 0, "storage_class", value="StructuredDataDict"), "CAL617"),
    "type-other-dimensions": (put("dataset_types", 0, "dimensions", value=["instrument", "detector"]), "CAL617"),
    "type-odd-dimension": (put("dataset_types", 0, "dimensions", value=["instrument", "visit"]), "CAL610"),
    "type-dimension-twice": (put("dataset_types", 0, "dimensions", value=["instrument"] * 2), "CAL610"),
    "type-alias": (put("dataset_types", 0, "name", value="CAMERA"), "CAL617"),
    "type-component": (put("dataset_types", 0, "name", value="flat.image"), "CAL610"),
    "type-no-calibration": (put("dataset_types", 0, "is_calibration", value=False), "CAL610"),
    "type-unused": (
        lambda _, m: m["dataset_types"].append({"name": "dark", "dimensions": ["instrument", "detector"],
                                                "storage_class": "ExposureF", "is_calibration": True}), "CAL610"),
    "type-twice": (lambda _, m: m["dataset_types"].append(m["dataset_types"][0]), "CAL610"),
    "instrument-twice": (lambda _, m: m["instruments"].append(m["instruments"][0]), "CAL610"),
}  # fmt: skip


def shift(key: str, nanoseconds: int) -> Change:
    def change(_: Path, manifest: Manifest) -> None:
        manifest["datasets"][1]["validity"][key] += nanoseconds

    return change


def swap_ends(_: Path, manifest: Manifest) -> None:
    validity = manifest["datasets"][0]["validity"]
    validity.update(
        begin=validity["end"],
        begin_tai_ns=validity["end_tai_ns"],
        end=validity["begin"],
        end_tai_ns=validity["begin_tai_ns"],
    )


TIMES = {
    "far": (put(*FIRST, "validity", "end_tai_ns", value=10**30), "CAL610"),
    "beyond": (put(*FIRST, "validity", "end_tai_ns", value=4_102_444_800_000_000_001), "CAL610"),
    "negative": (put(*FIRST, "validity", "begin_tai_ns", value=-1), "CAL610"),
    "real": (put(*FIRST, "validity", "begin_tai_ns", value=1.0), "CAL610"),
    "text-no-time": (put(*FIRST, "validity", "begin", value="2020-13-45T00:00:00Z"), "CAL618"),
    "text-other": (put(*FIRST, "validity", "begin", value="1980-01-01T00:00:00Z"), "CAL618"),
    "text-form": (put(*FIRST, "validity", "begin", value="1970-01-01"), "CAL610"),
    "text-newline": (put(*FIRST, "validity", "begin", value="1970-01-01T00:00:00Z\n"), "CAL610"),
    "text-null": (put(*FIRST, "validity", "begin", value=None), "CAL618"),
    "number-null": (put(*FIRST, "validity", "end_tai_ns", value=None), "CAL618"),
    "one-nanosecond": (shift("begin_tai_ns", 1), "CAL618"),
    "leap-seconds-left-out": (shift("begin_tai_ns", -37 * 10**9), "CAL618"),
    "end-before-begin": (swap_ends, "CAL610"),
    "empty-range": (
        lambda _, m: m["datasets"][0]["validity"].update(
            end=m["datasets"][0]["validity"]["begin"], end_tai_ns=m["datasets"][0]["validity"]["begin_tai_ns"]), "CAL610"),
    "left-out": (drop(*FIRST, "validity", "end"), "CAL610"),
}  # fmt: skip


def list_twice(_: Path, manifest: Manifest) -> None:
    manifest["datasets"].append(dict(manifest["datasets"][0]))


def same_data_id(_: Path, manifest: Manifest) -> None:
    first, second = manifest["datasets"][0], manifest["datasets"][1]
    second.update({key: first[key] for key in ("run", "uuid", "data_id", "dataset_type")})


def swap_paths(_: Path, manifest: Manifest) -> None:
    first, second = manifest["datasets"][0], manifest["datasets"][2]
    for key in ("path", "sha256", "size", "content"):
        first[key], second[key] = second[key], first[key]


DATASETS = {
    "twice": (list_twice, "CAL615"),
    "data-id-twice": (same_data_id, "CAL615"),
    "uuid-other": (lambda _, m: m["datasets"][0].update(uuid=m["datasets"][1]["uuid"]), "CAL615"),
    "uuid-version": (lambda _, m: m["datasets"][0].update(uuid="0f0e0d0c-0b0a-4009-8807-060504030201"), "CAL610"),
    "uuid-case": (lambda _, m: m["datasets"][0].update(uuid=m["datasets"][0]["uuid"].upper()), "CAL610"),
    "uuid-yaml": (lambda _, m: m["datasets"][0].update(uuid="0]\n- type: x\n  y: [0"), "CAL610"),
    "reference-without-base": (lambda _, m: m["datasets"][0].update(path=None), "CAL610"),
    "no-datasets": (put("datasets", value=[]), "CAL610"),
    "datasets-mapping": (put("datasets", value={}), "CAL610"),
    "datasets-null": (put("datasets", value=None), "CAL610"),
    "dataset-null": (put("datasets", 0, value=None), "CAL610"),
    "unknown-key": (put(*FIRST, "formatter", value="os.system"), "CAL610"),
    "unknown-key-at-top": (put("formatters", value={"defects": "os.system"}), "CAL610"),
    "no-content": (drop(*FIRST, "content"), "CAL610"),
    "no-hash": (drop(*FIRST, "sha256"), "CAL610"),
    "no-source": (drop(*FIRST, "source"), "CAL610"),
    "hash-case": (lambda _, m: m["datasets"][0].update(sha256=m["datasets"][0]["sha256"].upper()), "CAL610"),
    "size-negative": (put(*FIRST, "size", value=-1), "CAL610"),
    "size-terabyte": (put(*FIRST, "size", value=1 << 40), "CAL610"),
    "path-up": (put(*FIRST, "path", value="files/../../x/precious.fits"), "CAL612"),
    "path-absolute": (put(*FIRST, "path", value="/etc/passwd"), "CAL612"),
    "path-nul": (put(*FIRST, "path", value="files/a\0.fits"), "CAL612"),
    "path-newline": (put(*FIRST, "path", value="files/a\n.fits"), "CAL612"),
    "path-empty-part": (put(*FIRST, "path", value="files//a.fits"), "CAL612"),
    "path-of-manifest": (put(*FIRST, "path", value="manifest.json"), "CAL612"),
    "path-other-ending": (put(*FIRST, "path", value="files/a.pickle"), "CAL612"),
    "path-uri": (put(*FIRST, "path", value="file:///etc/passwd"), "CAL612"),
    "path-of-two": (lambda _, m: m["datasets"][0].update(path=m["datasets"][1]["path"]), "CAL612"),
    "path-list": (put(*FIRST, "path", value=["files/a.fits"]), "CAL610"),
    "provenance-elsewhere": (
        put(*FIRST, "provenance", value={"path": "files/a.inputs.yaml", "sha256": "0" * 64, "size": 1}), "CAL612"),
    "provenance-up": (
        put(*FIRST, "provenance", value={"path": "files/../a.inputs.yaml", "sha256": "0" * 64, "size": 1}), "CAL612"),
    "files-of-two-swapped": (swap_paths, "CAL619"),
    "content-other": (put(*FIRST, "content", value="0" * 64), "CAL634"),
    "commit-other": (put("repository", "sha1", value="0" * 40), "CAL619"),
    "commit-form": (put("repository", "sha1", value="HEAD"), "CAL610"),
    "version-2": (put("version", value=2), "CAL611"),
    "version-text": (put("version", value="1"), "CAL611"),
    "format": (put("format", value="curated-bundle\n"), "CAL610"),
    "url-control": (put("repository", "url", value="https://x\x1b[31m"), "CAL610"),
}  # fmt: skip

MANIFESTS = {**COLLECTIONS, **VALUES, **TIMES, **DATASETS}


@pytest.mark.parametrize(("change", "code"), MANIFESTS.values(), ids=MANIFESTS.keys())
def test_a_hostile_manifest_is_refused(bundle: Path, repo: Path, change: Change, code: str) -> None:
    make_hostile(bundle, change)
    assert_refused(bundle, repo, code)


# -- the text of the manifest ---------------------------------------------------------------------------

TEXTS: dict[str, Callable[[bytes], bytes]] = {
    "byte-order-mark": lambda data: b"\xef\xbb\xbf" + data,
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "latin-1": lambda data: data.replace(b"Lab", b"L\xe4b", 1),
    "surrogate": lambda data: data.replace(b'"lab"', b'"\\ud800"'),
    "nan": lambda data: data.replace(b'"begin_tai_ns": 8000082000', b'"begin_tai_ns": NaN', 1),
    "infinity": lambda data: data.replace(b'"end_tai_ns": null', b'"end_tai_ns": Infinity', 1),
    "key-twice": lambda data: data.replace(b'"format":', b'"format": "curated-bundle", "format":'),
    "key-twice-in-a-dataset": lambda data: data.replace(b'   "path":', b'   "path": "files/x.fits", "path" :', 1),
    "key-twice-with-escape": lambda data: data.replace(b'   "run":', b'   "r\\u0075n": "x", "run":', 1),
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "more": lambda data: data + b"{}",
    "deep": lambda data: data.replace(b'"curated": "0.1.0"', b'"curated": ' + b"[" * 900 + b"]" * 900),
    "deeper": lambda _: b"[" * 200_000,
    "deep-mappings": lambda _: b'{"format":' * 200_000,
    "long-number": lambda data: data.replace(b'"size": ', b'"size": ' + b"9" * 5000, 1),
    "a-list": lambda _: b"[]",
    "null": lambda _: b"null",
}  # fmt: skip


@pytest.mark.parametrize("change", TEXTS.values(), ids=TEXTS.keys())
def test_a_hostile_text_of_the_manifest_is_refused(
    bundle: Path, repo: Path, change: Callable[[bytes], bytes]
) -> None:
    path = bundle / "manifest.json"
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before
    assert_refused(bundle, repo, "CAL610")


# -- files ----------------------------------------------------------------------------------------------


def link_directory(bundle: Path, manifest: Manifest) -> None:
    directory = file_of(bundle, manifest).parent
    directory.symlink_to(directory.rename(bundle.parent / "elsewhere"))


def link_files(bundle: Path, _: Manifest) -> None:
    (bundle / "files").symlink_to((bundle / "files").rename(bundle.parent / "elsewhere"))


def link_inside(path: Path) -> None:
    path.symlink_to(next(other for other in path.parent.rglob("*.fits")).name)


def claim_size(size: int) -> Change:
    def change(_: Path, manifest: Manifest) -> None:
        manifest["datasets"][0].update(size=size)

    return change


FILES = {
    "link": (replace_file(link_away), "CAL632"),
    "link-inside": (replace_file(link_inside), "CAL632"),
    "link-dangling": (replace_file(lambda path: path.symlink_to("nowhere")), "CAL632"),
    "link-to-itself": (replace_file(lambda path: path.symlink_to(path.name)), "CAL632"),
    "link-to-device": (replace_file(lambda path: path.symlink_to("/dev/zero")), "CAL632"),
    "link-directory": (link_directory, "CAL632"),
    "link-files": (link_files, "CAL632"),
    "pipe": (replace_file(os.mkfifo), "CAL632"),
    "socket": (replace_file(make_socket), "CAL632"),
    "directory": (replace_file(os.mkdir), "CAL632"),
    "sparse-terabyte": (replace_file(make_sparse(1 << 40)), "CAL632"),
    "sparse-as-stated": (all_of(replace_file(make_sparse(1 << 35)), claim_size(1 << 35)), "CAL632"),
    "missing": (replace_file(lambda _: None), "CAL613"),
    "empty": (replace_file(Path.touch), "CAL614"),
    "size": (claim_size(1), "CAL614"),
    "byte": (lambda b, m: file_of(b, m).write_bytes(file_of(b, m).read_bytes()[:-1] + b"x"), "CAL614"),
    "longer": (lambda b, m: file_of(b, m).write_bytes(file_of(b, m).read_bytes() + b"x"), "CAL614"),
    "no-fits": (edit_file(lambda _: b"#!/bin/sh\n"), "CAL635"),
    "pickle": (edit_file(lambda data: b"\x80\x04." + data), "CAL635"),
    "cut": (edit_file(lambda data: data[:-2880]), "CAL635"),
    "no-end": (edit_file(lambda data: data.replace(b"END".ljust(80), b"XND".ljust(80))), "CAL635"),
    "more-after-the-end": (edit_file(lambda data: data + b"\0" * 2880), "CAL635"),
    "hdu-that-is-none": (edit_file(lambda data: data + data[:2880].replace(b"SIMPLE  =", b"SAMPLE  =")), "CAL635"),
    "control-in-header": (edit_file(lambda data: data.replace(b"'Simple", b"'\x1b[2Jx", 1)), "CAL635"),
    "huge-axis": (edit_file(lambda data: data.replace(b"NAXIS2  =                    1", b"NAXIS2  =       99999999999999")), "CAL635"),
    "type": (set_card("OBSTYPE", "'bias    '"), "CAL619"),
    "instrument": (set_card("INSTRUME", "'Other   '"), "CAL619"),
    "detector": (set_card("DETECTOR", "                   1"), "CAL619"),
    "detector-text": (set_card("DETECTOR", "'1       '"), "CAL619"),
    "detector-no-number": (set_card("DETECTOR", "'x       '"), "CAL619"),
    "detector-blank": (set_card("DETECTOR", ""), "CAL619"),
    "detector-real": (set_card("DETECTOR", "                 0.5"), "CAL619"),
    "filter": (set_card("FILTER", "'r_1     '", number=4), "CAL619"),
    "begin": (set_card("VALIDSTART", "'1980-01-01T00:00:00'"), "CAL619"),
    "begin-no-time": (set_card("VALIDSTART", "'soon    '"), "CAL619"),
    "end": (set_card("VALIDEND", "'2030-01-01T00:00:00'"), "CAL619"),
    "end-of-an-open-range": (add_card(b"VALIDEND= '2021-01-01T00:00:00'", number=1), "CAL619"),
    "commit": (set_card("REPOSHA1", f"'{'0' * 40}'"), "CAL619"),
    "source": (set_card("REPOPATH", "'calibs/other.ecsv'"), "CAL619"),
    "blob": (set_card("BLOBSHA1", f"'{'0' * 40}'"), "CAL619"),
    "last-commit": (set_card("FILESHA1", f"'{'0' * 40}'"), "CAL619"),
    "twice": (add_card(b"DETECTOR=                    5"), "CAL619"),
    "twice-at-the-end": (add_card(b"DETECTOR=                    5", first=False), "CAL619"),
    "twice-in-lower-case": (add_card(b"detector=                    5"), "CAL619"),
    "twice-indented": (add_card(b"  FILTER= 'r       '", number=4), "CAL619"),
    "twice-as-a-long-keyword": (add_card(b"HIERARCH DETECTOR = 5"), "CAL619"),
    "twice-as-a-long-keyword-in-lower-case": (add_card(b"HIERARCH  detector = 5"), "CAL619"),
    "long-keyword-for-the-start": (add_card(b"HIERARCH validstart = '1980-01-01'"), "CAL619"),
    "second-header": (
        edit_file(lambda data: data[:2880] + data[2880:].replace(b"DETECTOR=                    0", b"DETECTOR=                    1")), "CAL619"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "code"), FILES.values(), ids=FILES.keys())
def test_a_hostile_file_is_refused(bundle: Path, repo: Path, change: Change, code: str) -> None:
    make_hostile(bundle, change)
    messages = assert_refused(bundle, repo, code)
    assert all(message == printable(message) for message in messages)


# -- documents ------------------------------------------------------------------------------------------


def edit_text(name: str, old: str, new: str) -> Change:
    def change(bundle: Path, _: Manifest) -> None:
        text = (bundle / name).read_text()
        assert old in text
        (bundle / name).write_text(text.replace(old, new, 1))

    return change


def edit_lines(edit: Callable[[list[str]], list[str]]) -> Change:
    def change(bundle: Path, _: Manifest) -> None:
        path = bundle / "SHA256SUMS"
        path.write_text("".join(edit(path.read_text().splitlines(keepends=True))))

    return change


def remove(name: str) -> Change:
    return lambda bundle, _: (bundle / name).unlink()


def make_document(name: str, make: Callable[[Path], object]) -> Change:
    def change(bundle: Path, _: Manifest) -> None:
        (bundle / name).unlink()
        make(bundle / name)

    return change


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)

DOCUMENTS = {
    "export-run": (edit_text("export.yaml", "run: Lab/calib/v1/curated/", "run: Lab/calib/v0/curated/"), "CAL633"),
    "export-up": (edit_text("export.yaml", "run: Lab/calib/v1/curated/", "run: Lab/../../x/curated/"), "CAL633"),
    "export-path": (edit_text("export.yaml", "path: files/", "path: ../files/"), "CAL633"),
    "export-range": (edit_text("export.yaml", "end: null", "end: !butler_time/tai/iso '2050-01-01 00:00:00'"), "CAL633"),
    "export-nan": (edit_text("export.yaml", "end: null", "end: .nan"), "CAL633"),
    "export-comment": (edit_text("export.yaml", "data:\n", "data:\n# more\n"), "CAL633"),
    "export-chain": (edit_text("export.yaml", "data:\n", "data:\n- {type: collection, collection_type: CHAINED, name: x, children: []}\n"), "CAL633"),
    "export-formatter": (edit_text("export.yaml", "    path: ", "    formatter: os.system\n    path: "), "CAL633"),
    "export-python": (edit_text("export.yaml", "data:\n", "more: !!python/object/apply:os.system ['true']\ndata:\n"), "CAL633"),
    "export-aliases": (make_document("export.yaml", lambda path: path.write_text(BOMB)), "CAL633"),
    "export-recursion": (make_document("export.yaml", lambda path: path.write_text("data: &x [*x]\n")), "CAL633"),
    "export-deep": (make_document("export.yaml", lambda path: path.write_text("[" * 100_000)), "CAL633"),
    "export-one-line": (make_document("export.yaml", lambda path: path.write_bytes(b"x" * 5_000_000)), "CAL633"),
    "export-bytes": (make_document("export.yaml", lambda path: path.write_bytes(bytes(range(256)))), "CAL633"),
    "export-cut": (lambda b, _: (b / "export.yaml").write_bytes((b / "export.yaml").read_bytes()[:-30]), "CAL633"),
    "export-more": (lambda b, _: (b / "export.yaml").write_bytes((b / "export.yaml").read_bytes() + b"\n"), "CAL633"),
    "export-missing": (remove("export.yaml"), "CAL633"),
    "export-link": (make_document("export.yaml", link_away), "CAL632"),
    "export-pipe": (make_document("export.yaml", os.mkfifo), "CAL632"),
    "export-sparse": (make_document("export.yaml", make_sparse(1 << 40)), "CAL633"),
    "hashes-missing": (remove("SHA256SUMS"), "CAL633"),
    "hashes-empty": (make_document("SHA256SUMS", Path.touch), "CAL633"),
    "hashes-link": (make_document("SHA256SUMS", link_away), "CAL632"),
    "hashes-pipe": (make_document("SHA256SUMS", os.mkfifo), "CAL632"),
    "hashes-sparse": (make_document("SHA256SUMS", make_sparse(1 << 40)), "CAL632"),
    "hashes-line-missing": (edit_lines(lambda lines: lines[1:]), "CAL633"),
    "hashes-last-line-missing": (edit_lines(lambda lines: lines[:-1]), "CAL633"),
    "hashes-line-twice": (edit_lines(lambda lines: [lines[0], *lines]), "CAL633"),
    "hashes-line-more": (edit_lines(lambda lines: [*lines, f"{'0' * 64}  /etc/passwd\n"]), "CAL633"),
    "hashes-upper-case": (edit_lines(lambda lines: [line[:64].upper() + line[64:] for line in lines]), "CAL633"),
    "hashes-binary-mode": (edit_lines(lambda lines: [line.replace("  ", " *") for line in lines]), "CAL633"),
    "hashes-tagged": (edit_lines(lambda lines: [f"SHA256 ({line[66:-1]}) = {line[:64]}\n" for line in lines]), "CAL633"),
    "hashes-line-ends": (edit_lines(lambda lines: [line.replace("\n", "\r\n") for line in lines]), "CAL633"),
    "hashes-without-last-line-end": (edit_lines(lambda lines: [*lines[:-1], lines[-1][:-1]]), "CAL633"),
    "hashes-bytes": (make_document("SHA256SUMS", lambda path: path.write_bytes(b"\xff\xfe")), "CAL633"),
    "hashes-other": (edit_lines(lambda lines: [f"{'0' * 64}{lines[0][64:]}", *lines[1:]]), "CAL633"),
    "readme-changed": (lambda b, _: (b / "butler-seed.yaml").write_text("datastore: {}\n"), "CAL633"),
    "seed-link": (make_document("butler-seed.yaml", link_away), "CAL632"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "code"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_hostile_documents_are_refused(bundle: Path, repo: Path, change: Change, code: str) -> None:
    make_hostile(bundle, change)
    assert_refused(bundle, repo, code)


@pytest.mark.parametrize("make", [link_away, os.mkfifo, make_sparse(1 << 41), os.mkdir])
def test_a_manifest_that_is_no_regular_file(bundle: Path, repo: Path, make: Callable[[Path], object]) -> None:
    (bundle / "manifest.json").unlink()
    make(bundle / "manifest.json")
    code = (
        "CAL610"
        if (bundle / "manifest.json").is_file() and not (bundle / "manifest.json").is_symlink()
        else "usage"
    )
    assert_refused(bundle, repo, code)


LIMITED = """
import resource, sys, time
from pathlib import Path
from curated.bundle.manifest_reader import read_contents
from curated.bundle.verification import verify
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
contents, diagnostics = read_contents(Path(sys.argv[1]))
problems = [d.code for d in diagnostics] or [p.code for p in verify(contents).values()]
print(sorted({*problems})[0], time.process_time() < 20)
"""

LARGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "lists": (lambda b: (b / "manifest.json").write_bytes(b"[" + b"[]," * 5_500_000 + b"[]]"), "CAL610"),
    "datasets-of-nothing": (
        lambda b: (b / "manifest.json").write_bytes(
            b'{\n "datasets": [\n' + b"  {},\n" * 3_000_000 + b'  {}\n ],\n "format": "curated-bundle", "version": 1\n}\n'), "CAL610"),
    "one-dataset-without-end": (
        lambda b: (b / "manifest.json").write_bytes(
            b'{\n "datasets": [\n' + b'  {"a": "' + b"x" * 20_000_000 + b'"}\n ],\n "format": "curated-bundle", "version": 1\n}\n'), "CAL610"),
    "sparse": (lambda b: make_sparse(1 << 42)(b / "manifest.json"), "CAL610"),
    "export-without-end": (lambda b: (b / "export.yaml").write_bytes(b"- [a, &b c]" * 1_000_000), "CAL633"),
    "hashes-without-end": (lambda b: (b / "SHA256SUMS").write_bytes(b"x\n" * 1_000_000), "CAL632"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "code"), LARGE.values(), ids=LARGE.keys())
def test_memory_and_time_are_bounded(bundle: Path, spoil: Callable[[Path], object], code: str) -> None:
    (bundle / "manifest.json").touch()
    spoil(bundle)
    done = run_python(LIMITED, bundle)
    assert done.stdout.split() == [code, "True"], done.stderr[-500:]


# -- what is allowed ------------------------------------------------------------------------------------


def test_other_dataset_types_have_to_be_allowed(bundle: Path, repo: Path, tmp_path: Path) -> None:
    make_hostile(bundle, rename_type("labThing"))
    assert_refused(bundle, repo, "CAL617")
    assert_refused(bundle, repo, "CAL617", allow_types=("otherThing",))
    report = import_bundle(bundle, str(tmp_path / "repo"), allow_types=("labThing",))
    assert report.ok, report.diagnostics


@pytest.mark.parametrize("name", ["camera", "raw", "bias"])
def test_what_is_declared_or_the_stacks_cannot_be_allowed(bundle: Path, repo: Path, name: str) -> None:
    make_hostile(bundle, rename_type(name))
    assert_refused(bundle, repo, "CAL617", allow_types=(name,))


def test_files_that_nobody_names_are_ignored(bundle: Path, tmp_path: Path) -> None:
    (bundle / "files" / "more.fits").write_bytes(b"x")
    (bundle / "files" / "pipe").unlink(missing_ok=True)
    os.mkfifo(bundle / "files" / "pipe")
    (bundle / "link").symlink_to("/etc/passwd")
    assert import_bundle(bundle, str(tmp_path / "repo")).ok
    assert not [path for path in (tmp_path / "repo").rglob("*") if path.name in ("more.fits", "pipe", "link")]


def test_another_layout_of_the_manifest_is_the_same(bundle: Path, tmp_path: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    write_manifest(bundle, manifest)
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    write_hashes(bundle, manifest)
    assert import_bundle(bundle, str(tmp_path / "repo")).ok
