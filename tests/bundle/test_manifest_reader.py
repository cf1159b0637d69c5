"""Manifests read in pieces, whatever their layout, and checked by the schema."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from curated.bundle import manifest_reader as reader
from curated.bundle.manifest import manifest_text
from curated.bundle.manifest_reader import entry_of, read_contents, read_pieces
from curated.core.diagnostic import Diagnostic
from curated.declare.validation import Validator
from curated.schema.manifest import DATASET
from support.repositories import make_bundle

KEEP = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
# What the layout is recognised by, within values, where it means nothing.
MARKS = st.sampled_from(['\n "datasets": [\n', "\n ]", "\n  },\n", "},{", "\0datasets", "[", '"', "\\"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | MARKS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["datasets", "base"]) | MARKS, inner, max_size=3)
    ),
    max_leaves=8,
)
MANIFESTS = st.dictionaries(st.sampled_from(["base", "datasets", "format", "version"]), VALUES) | st.builds(
    lambda frame, datasets: {**frame, "datasets": datasets},
    st.dictionaries(st.sampled_from(["base", "format", "version"]), VALUES),
    st.lists(st.dictionaries(st.text(max_size=3) | MARKS, VALUES, max_size=3) | VALUES, max_size=9),
)


def read(path: Path) -> Any:
    """The whole manifest, put together again."""
    frame, datasets = read_pieces(path)
    if datasets is None:
        assert not isinstance(frame, dict) or not isinstance(frame.get("datasets"), list)
        return frame
    return {**frame, "datasets": list(datasets)}


@pytest.mark.parametrize("block", [5, 1 << 20])
@KEEP
@given(manifest=MANIFESTS, indent=st.sampled_from([None, 0, 1, 2]))
def test_pieces_are_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, manifest: dict[str, Any], indent: int | None
) -> None:
    monkeypatch.setattr(reader, "_BLOCK", block)
    path = tmp_path / "manifest.json"
    texts = [json.dumps(manifest, indent=indent, ensure_ascii=False), manifest_text(manifest)]
    for text in texts:
        path.write_text(text, encoding="utf-8", newline="")
        assert read(path) == manifest


LINES = st.sampled_from(
    [
        '{\n "datasets": [\n',
        "  {\n",
        '   "a": {"b": 1}\n',
        '"c": {\n',
        "  },\n",
        "  }\n",
        " ]\n",
        " ],\n",
        '"datasets": [1, 2],\n',
        ' "datasets": "\\u0000datasets",\n',
        "}\n",
        '"e": 2,\n',
    ]
)


@KEEP
@given(lines=st.lists(LINES, max_size=12))
@example(lines=['{\n "datasets": [\n', "  {\n", '"c": {\n', "  },\n", '"e": 2\n', "  }\n", " ]\n", "}\n"])
@example(lines=['{\n "datasets": [\n', "  {\n", "  }\n", " ],\n", '"e": 2\n', "}\n"])
def test_another_layout_is_read_as_json_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    monkeypatch.setattr(reader, "_BLOCK", 5)
    text = "".join(lines)
    path = tmp_path / "manifest.json"
    path.write_text(text)
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"line [0-9]+ column"):
            read(path)
    else:
        assert read(path) == expected


def test_memory_does_not_grow_with_the_datasets(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    dataset = {"uuid": "0" * 36, "data_id": {"detector": 1}, "run": "x" * 900}
    path.write_text(manifest_text({"datasets": [dataset] * 50_000, "format": "curated-bundle"}))
    assert path.stat().st_size > 50_000_000
    code = """
import resource, sys
from pathlib import Path
from curated.bundle.manifest_reader import read_pieces
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for _ in read_pieces(Path(sys.argv[1]))[1])
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    count, kilobytes = map(int, done.stdout.split())
    assert count == 50_000
    assert kilobytes < 25_000


# -- the schema -----------------------------------------------------------------------------------------

CONTENT = "5" * 64
SOUND = {
    "uuid": "d6cea4e6-ac9c-5803-a151-d99062f6e64c",
    "dataset_type": "flat",
    "run": "Lab/calib/v1/curated/20200101T000000Z",
    "collection": "Lab/calib/v1",
    "data_id": {"instrument": "Lab", "detector": 0, "physical_filter": "g"},
    "validity": {"begin": "2020-01-01T00:00:00Z", "end": None, "begin_tai_ns": 1, "end_tai_ns": None},
    "path": "files/flat.fits",
    "sha256": "a" * 64,
    "size": 2880,
    "content": CONTENT,
    "recipe": "",
    "provenance": {"path": "files/flat.inputs.yaml", "sha256": "b" * 64, "size": 10},
    "source": {"path": "calibs/flat.ecsv", "blob": "c" * 40, "commit": None},
}
PLACES = [(key,) for key in SOUND] + [(k, key) for k, v in SOUND.items() if isinstance(v, dict) for key in v]
BIG = st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1])
ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | BIG
    | st.floats()
    | st.sampled_from(["", "x", [], {}, [1]])
)
CHANGES = st.lists(
    st.tuples(st.sampled_from([*PLACES, ("data_id", "visit"), ("more",)]), ANYTHING | st.just("remove")),
    max_size=3,
)


def accepted(data: Any) -> bool:
    try:
        entry = entry_of(data)
        if data.get("provenance") is not None:
            reader._companion(data["provenance"])
    except (KeyError, TypeError):
        return False
    return entry.uuid == data["uuid"]


@settings(max_examples=300)
@given(CHANGES)
@example([(("path",), None)])
@example([(("path",), "remove"), (("sha256",), None), (("size",), None)])
@example([(("path",), None), (("content",), None)])
def test_datasets_are_accepted_exactly_if_the_schema_allows_them(changes: list[tuple[Any, Any]]) -> None:
    data = json.loads(json.dumps(SOUND))
    for place, value in changes:
        parent = data
        for key in place[:-1]:
            parent = parent.get(key, {}) if isinstance(parent, dict) else {}
        if not isinstance(parent, dict):
            continue
        if value == "remove":
            parent.pop(place[-1], None)
        else:
            parent[place[-1]] = value
    # JSON has no other numbers.
    try:
        text = json.dumps(data, allow_nan=False)
    except ValueError:
        return
    assert accepted(json.loads(text)) is (not Validator(DATASET).faults(json.loads(text)))


@pytest.mark.parametrize("data", [None, 1, "text", [], [SOUND], {}])
def test_what_is_no_dataset_is_refused_by_both(data: Any) -> None:
    assert not accepted(data)
    assert Validator(DATASET).faults(data)


def findings(bundle: Path, text: str) -> list[tuple[str, int, str]]:
    (bundle / "manifest.json").write_text(text)
    contents, diagnostics = read_contents(bundle)
    assert contents is None
    assert all(isinstance(d, Diagnostic) and d.file == "manifest.json" for d in diagnostics)
    return [(d.code, d.line, d.message) for d in diagnostics]


def line_of(text: str, part: str, occurrence: int = 1) -> int:
    offset = -1
    for _ in range(occurrence):
        offset = text.index(part, offset + 1)
    return text.count("\n", 0, offset) + 1


def test_every_error_is_at_its_line(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["datasets"][1]["size"] = "12"
    del manifest["datasets"][2]["validity"]
    manifest["instruments"][0]["detectors"][3]["full_name"] = ""
    text = manifest_text(manifest)
    third = text.index("\n  {", text.index('"size": "12"')) + 1
    assert findings(bundle, text) == [
        ("CAL610", line_of(text, '"full_name": ""'), "full_name is '', which is empty"),
        ("CAL610", line_of(text, '"size": "12"'), "size is '12', not a whole number or null"),
        ("CAL610", text.count("\n", 0, third) + 1, "'validity' is missing"),
    ]


def test_a_file_needs_a_hash_and_a_reference_its_content(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["datasets"][0]["sha256"] = None
    manifest["datasets"][1].update(path=None, content=None)
    assert [message for _, _, message in findings(bundle, manifest_text(manifest))] == [
        "sha256 is null, which must be known of a file",
        "content is null, which must be known of a dataset without a path",
    ]


def test_contradictions_are_at_their_lines(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["datasets"][1]["collection"] = "Other/calib/v1"
    manifest["datasets"][2]["path"] = "../outside.fits"
    text = manifest_text(manifest)
    assert [(code, line) for code, line, _ in findings(bundle, text)] == [
        ("CAL612", line_of(text, '"path": "../outside.fits"')),
        ("CAL610", line_of(text, '"data_id"', 2)),
    ]


def test_text_that_is_not_json_is_at_its_line(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    text = (bundle / "manifest.json").read_text()
    (bad,) = findings(bundle, text.replace('"version": 1', '"version": ]'))
    assert bad[:2] == ("CAL610", line_of(text, '"version"'))


def test_many_errors_are_not_all_listed(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["datasets"] = [{}] * 5000
    assert len(findings(bundle, manifest_text(manifest))) < 200
