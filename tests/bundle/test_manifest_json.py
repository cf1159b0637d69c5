"""Manifests read in pieces, whatever their layout, within bounds of memory and time."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from curated.bundle import manifest_json as reader
from curated.bundle.manifest import manifest_text
from curated.bundle.manifest_json import load_json, read_pieces
from support.programs import PEAK, run_python

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
    with path.open("rb") as stream:
        frame, datasets = read_pieces(stream)
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


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise KeyError
    return dict(pairs)


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
        expected = json.loads(text, object_pairs_hook=unique)
    except KeyError:
        with pytest.raises(ValueError, match="twice in one object"):
            read(path)
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
    code = f"""
import sys
from pathlib import Path
from curated.bundle.manifest_json import read_pieces
{PEAK}
before = peak()
count = sum(1 for _ in read_pieces(Path(sys.argv[1]).open('rb'))[1])
print(count, peak() - before)
"""
    done = run_python(code, str(path))
    assert done.returncode == 0, done.stderr
    count, kilobytes = map(int, done.stdout.split())
    assert count == 50_000
    assert kilobytes < 25_000


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": 1, "a" : 2}',
        '{"a": 1, "a"\n:\n2}',
        '{"a": 1, "\\u0061": 2}',
        '{"b": "x\\":", "a": 1, "a" : 2}',
        '{"b": [{"c": {"a": 1, "d": 2, "a": 3}}]}',
        '{"a\\\\": 1, "a\\\\": 2}',
        '{"": 1, "": 2}',
    ],
)
def test_a_key_twice_is_refused(text: str) -> None:
    json.loads(text)
    with pytest.raises(ValueError, match="twice in one object"):
        load_json(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "b\\":c", "d" : 1}',
        '{"a": "b : c"}',
        '{"a\\"": 1, "a": 2}',
        '["a:", "\\":"]',
        '{"a": {"a": 1}}',
    ],
)
def test_what_only_looks_like_a_key_is_read(text: str) -> None:
    assert load_json(text.encode()) == json.loads(text)


@given(
    st.recursive(
        st.text('a":\\ \n', max_size=4),
        lambda inner: st.dictionaries(st.text('a": ', max_size=2), inner) | st.lists(inner, max_size=3),
        max_leaves=9,
    )
)
def test_keys_of_any_kind_are_unique(value: Any) -> None:
    for separators in ((",", ":"), (", ", " : ")):
        assert load_json(json.dumps(value, separators=separators).encode()) == value


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 500 + b"]" * 500,
        b'{"a":' * 20 + b"1" + b"}" * 20,
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": "\x00"}',
        b'{"a": 1} {"b": 2}',
        '{"a": 1}'.encode("utf-16"),
        b"",
    ],
)
def test_what_is_no_strict_json(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"line \d+ column|nested more than 16 levels"):
        load_json(data)
    with pytest.raises(ValueError, match=r"line \d+ column|nested more than 16 levels"):
        read_pieces(io.BytesIO(data))


@pytest.mark.parametrize("name", ["LARGEST_MANIFEST", "LARGEST_PIECE"])
def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    text = manifest_text({"datasets": [{"a": n} for n in range(100)], "format": "x"})
    for layout in (text, json.dumps(json.loads(text)), text.replace("\n  },\n", "\n  } ,\n")):
        stream = io.BytesIO(layout.encode())
        datasets = read_pieces(stream)[1]
        assert datasets is not None
        assert len(list(datasets)) == 100
    monkeypatch.setattr(reader, name, 500)
    monkeypatch.setattr(reader, "_BLOCK", 100)
    for layout in (json.dumps(json.loads(text)), text.replace("\n  },\n", "\n  } ,\n")):
        with pytest.raises(ValueError, match="more than 500"):
            list(read_pieces(io.BytesIO(layout.encode()))[1] or ())
