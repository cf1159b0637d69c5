"""YAML and JSON documents come back as plain data."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from curated.text.yaml.reader import load_yaml, read_json
from support.texts import PLAIN_DATA, SCALARS, examples, plain_metadata


@examples(200)
@given(PLAIN_DATA, st.sampled_from([None, True, False]), st.sampled_from([10, 80, 1000]))
def test_plain_data_comes_back(data: Any, flow: bool | None, width: int) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, width=width, allow_unicode=True)
    loaded, problems = load_yaml(text)
    # NaN as a key is never found twice; a flag and a number are one key.
    assert [p.code for p in problems] in ([], ["CAL208"])
    if not problems:
        assert plain_metadata(loaded) == plain_metadata(yaml.safe_load(text))


@examples(60)
@given(st.dictionaries(st.text(max_size=5), st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)), max_size=5), st.sampled_from([None, 1, "\t"]))  # fmt: skip
def test_json_comes_back(data: dict[str, Any], indent: int | str | None) -> None:
    data = {"metadata": {}, **{key: value for key, value in data.items() if key != "metadata"}}
    source, problems = read_json(json.dumps(data, indent=indent))
    assert problems == []
    assert source is not None
    assert plain_metadata({"metadata": source.metadata, **source.tree}) == plain_metadata(data)
