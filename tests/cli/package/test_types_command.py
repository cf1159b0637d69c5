"""``curated types``: the list, and one type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curated.registry import own_types
from support.commands import Commands
from support.programs import printed_json, run_curated


def test_list() -> None:
    names = [entry["name"] for entry in printed_json(run_curated("types", "--format", "json"))["types"]]
    text = run_curated("types").stdout
    assert all(re.search(rf"^{name} ", text, re.MULTILINE) for name in names)


def test_one_type_by_an_alias() -> None:
    text = run_curated("types", "BFKERNEL").stdout
    assert text.startswith("bfk: ")
    assert "KERNEL" in text
    (entry,) = printed_json(run_curated("types", "BFKERNEL", "--format", "json"))["types"]
    assert (entry["name"], entry["dataset_type"]) == ("bfk", "bfk")
    assert all(field["doc"] and field["doc"] in text for field in entry["fields"])


def test_every_type_is_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = Commands(capsys, monkeypatch)
    for name in own_types():
        output = commands(tmp_path, "types", name).stdout
        assert output.startswith(f"{name}: "), name
        assert "fields:" in output, name
