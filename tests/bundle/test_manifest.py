"""The manifest of a bundle: its origin, its files and their validity ranges."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from conftest import GitPackage
from curated.bundle.manifest import manifest_text
from curated.core.version import __version__
from support.packages import EDITED, URL, calibration_paths, fits_path, validity_ranges

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tai_ns(utc: str) -> int:
    """Nanoseconds since 1970-01-01 TAI of a time in UTC since 2017, when TAI went 37 s ahead."""
    time = datetime.fromisoformat(utc)
    assert time.tzinfo == UTC
    assert time.year >= 2017
    return ((time - EPOCH) // timedelta(microseconds=1)) * 1000 + 37_000_000_000


def test_the_manifest_names_its_origin(demo: GitPackage, manifest: dict[str, Any]) -> None:
    head = demo.git("rev-parse", "HEAD")
    assert manifest["format"] == "curated-bundle"
    assert manifest["version"] == 1
    assert manifest["curated"] == __version__
    assert manifest["repository"] == {
        "sha1": head,
        "url": URL,
        "dirty": False,
        "label": f"git-{head[:12]}",
    }


def test_the_manifest_agrees_with_the_files(demo: GitPackage, bundle: Path, manifest: dict[str, Any]) -> None:
    datasets = {d["source"]["path"]: d for d in manifest["datasets"]}
    assert sorted(datasets) == calibration_paths(demo)
    for path, dataset in datasets.items():
        file = bundle / dataset["path"]
        content = file.read_bytes()
        assert dataset["path"] == f"files/{fits_path(path)}"
        assert dataset["size"] == len(content)
        assert dataset["sha256"] == hashlib.sha256(content).hexdigest()
        header = fits.getheader(file)
        assert dataset["source"]["blob"] == header["BLOBSHA1"] == demo.git("hash-object", path)
        assert dataset["source"]["commit"] == header["FILESHA1"]
        assert header["REPOSHA1"] == manifest["repository"]["sha1"]


def test_validity_in_utc_and_tai(demo: GitPackage, bundle: Path, manifest: dict[str, Any]) -> None:
    expected = validity_ranges(demo)
    for dataset in manifest["datasets"]:
        valid = dataset["validity"]
        start, end = expected[dataset["source"]["path"]]
        assert (valid["begin"], valid["end"]) == (f"{start}Z", f"{end}Z" if end else None)
        assert valid["begin_tai_ns"] == tai_ns(valid["begin"])
        assert valid["end_tai_ns"] == (tai_ns(valid["end"]) if end else None)
        header = fits.getheader(bundle / dataset["path"])
        assert (header["VALIDSTART"], header.get("VALIDEND")) == (start, end)


def test_the_hole_and_the_explicit_end(manifest: dict[str, Any]) -> None:
    ranges = {
        d["source"]["path"]: (d["validity"]["begin"], d["validity"]["end"]) for d in manifest["datasets"]
    }
    hole = "calibs/demo/defects/d02"
    assert ranges[f"{hole}/20200101T000000.ecsv"] == ("2020-01-01T00:00:00Z", "2021-06-15T00:00:00Z")
    assert ranges[f"{hole}/20220301T000000.ecsv"][0] == "2022-03-01T00:00:00Z"
    assert ranges["calibs/demo/manual_defects/d01/20220301T000000.ecsv"][1] is not None
    assert ranges[EDITED] == ("2024-03-01T00:00:00Z", None)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(manifest=st.dictionaries(st.text(max_size=5), VALUES), seed=st.randoms(use_true_random=False))
def test_the_text_does_not_depend_on_the_order_of_keys(manifest: dict[str, Any], seed: random.Random) -> None:
    text = manifest_text(manifest)
    assert json.loads(text) == manifest
    assert text.endswith("}\n")
    shuffled = list(manifest.items())
    seed.shuffle(shuffled)
    assert manifest_text(dict(shuffled)) == text


def test_the_text_keeps_letters_of_all_languages() -> None:
    assert manifest_text({"b": ["Åström 天文"], "a": 1}) == '{\n "a": 1,\n "b": [\n  "Åström 天文"\n ]\n}\n'
