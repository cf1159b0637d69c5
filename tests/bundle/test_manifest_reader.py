"""Manifests checked by the schema, and the findings at their lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curated.bundle.manifest import manifest_text
from curated.bundle.manifest_reader import companion_of, entry_of, read_contents
from curated.core.diagnostic import Diagnostic
from curated.datasets.names import VALUE_SAYS
from curated.declare.validation import Validator
from curated.schema.manifest import DATASET
from support.repositories import make_bundle

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
    | st.sampled_from(
        ["a/../b", "/a", "a//b", "-a", ".a", "a..b", "*", "a,b", "a\n", "a\0", "a b", "\u0430", "e\u0301"]
    )
    | st.sampled_from(
        ["files/a.fits", "files/../a", "files/a\n", "A" * 64, "a" * 64, "a" * 65, "a" * 40, "a" * 2000]
    )
    | st.sampled_from(
        ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01T00:00:00.5Z", "Lab/calib/v1\n"]
    )
    | st.sampled_from([4_102_444_800_000_000_000, 4_102_444_800_000_000_001, 2**36, 2**36 + 1])
)
CHANGES = st.lists(
    st.tuples(st.sampled_from([*PLACES, ("data_id", "visit"), ("more",)]), ANYTHING | st.just("remove")),
    max_size=3,
)


def accepted(data: Any) -> bool:
    try:
        entry = entry_of(data)
        if data.get("provenance") is not None:
            companion_of(data["provenance"])
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
        ("CAL610", line_of(text, '"full_name": ""'), f"full_name is '', {VALUE_SAYS}"),
        ("CAL610", line_of(text, '"size": "12"'), "size is '12', not a whole number or null"),
        ("CAL610", text.count("\n", 0, third) + 1, "'validity' is missing"),
    ]


def test_a_file_needs_a_hash_and_every_dataset_its_content(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["datasets"][0]["sha256"] = None
    manifest["datasets"][1].update(path=None)
    del manifest["datasets"][1]["content"]
    assert [message for _, _, message in findings(bundle, manifest_text(manifest))] == [
        "sha256 is null, which must be known of a file",
        "'content' is missing",
    ]


def test_contradictions_are_at_their_lines(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["datasets"][1]["collection"] = "Other/calib/v1"
    manifest["datasets"][2]["path"] = "files/outside.txt"
    text = manifest_text(manifest)
    assert [(code, line) for code, line, _ in findings(bundle, text)] == [
        ("CAL612", line_of(text, '"path": "files/outside.txt"')),
        ("CAL616", line_of(text, '"collection": "Other/calib/v1"')),
    ]


def test_paths_that_lead_out_have_their_own_code(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    text = (bundle / "manifest.json").read_text()
    path = json.loads(text)["datasets"][2]["path"]
    assert findings(bundle, text.replace(path, "../outside.fits", 1)) == [
        ("CAL612", line_of(text, path), "path is '../outside.fits', not a path below files/")
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
