"""Untrusted provenance: what is wrong is a finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.calib import CalibrationError
from curated.provenance import parse
from curated.provenance.record import MAX_INPUTS, MAX_PARAMETERS
from support.records import defects_with


def test_the_reader_of_a_file_refuses_a_wrong_record(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="CAL123"):
        defects_with({"inputs": [{"data_id": {"exposure": 1}}] * 2}, tmp_path)


def test_too_much_is_refused() -> None:
    inputs = [{"data_id": {"exposure": n}} for n in range(MAX_INPUTS + 1)]
    assert [p.code for p in parse({"inputs": inputs})[1]] == ["CAL124"]
    assert parse({"inputs": inputs[1:]})[1] == []
    large = {"parameters": {"a": "x" * MAX_PARAMETERS}}
    assert [p.code for p in parse({"construction": large})[1]] == ["CAL124"]
