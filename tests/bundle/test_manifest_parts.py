"""Manifests read in pieces: what comes out is what a JSON reader makes of the whole file, however it is laid out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from curated.bundle import manifest_parts as pieces
from curated.bundle.manifest import manifest_text
from curated.bundle.manifest_parts import read_pieces

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
    monkeypatch.setattr(pieces, "_BLOCK", block)
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
    monkeypatch.setattr(pieces, "_BLOCK", 5)
    text = "".join(lines)
    path = tmp_path / "manifest.json"
    path.write_text(text)
    try:
        wanted = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"line [0-9]+ column"):
            read(path)
    else:
        assert read(path) == wanted


def test_memory_does_not_grow_with_the_datasets(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    dataset = {"uuid": "0" * 36, "data_id": {"detector": 1}, "run": "x" * 900}
    path.write_text(manifest_text({"datasets": [dataset] * 50_000, "format": "curated-bundle"}))
    assert path.stat().st_size > 50_000_000
    code = """
import resource, sys
from pathlib import Path
from curated.bundle.manifest_parts import read_pieces
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for _ in read_pieces(Path(sys.argv[1]))[1])
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    count, kilobytes = map(int, done.stdout.split())
    assert count == 50_000
    assert kilobytes < 25_000
