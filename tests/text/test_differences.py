"""Hundreds of mutations of texts: what astropy and PyYAML refuse is a finding, and what both read is the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from astropy_difference import COMPARISONS, compare_ecsv, compare_yaml, mutations
from support.packages import ROOT

ECSV_FILES = [
    "calibs/demo/crosstalk/d01/20200101T000000.ecsv",
    "calibs/demo/defects/d00/20230510T000000.ecsv",
    "tests/data/bad/CAL224-masked/calibs/cam/defects/d01/20240101T000000.ecsv",
    "tests/data/bad/CAL225-serialized/calibs/cam/qe_curve/d07/20240101T000000.ecsv",
    "tests/data/bad/CAL226-delimiter/calibs/cam/defects/d05/20240101T000000.ecsv",
]

YAML_FILES = [
    "tests/data/bad/CAL350-crosstalk/calibs/cam/crosstalk/d04/20240101T000000.yaml",
    "tests/data/bad/CAL323-not-in-force/calibs/cam/linearizer/d00/20240101T000000.yaml",
    "tests/data/new_type/20200101T000000.yaml",
]

COUNT = 60


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", [*ECSV_FILES, *YAML_FILES])
def test_mutations(name: str, seed: int) -> None:
    path = ROOT / name
    compare = COMPARISONS[path.suffix]
    outcomes: Counter[str] = Counter()
    for text in mutations(path.read_text(encoding="utf-8"), COUNT // 4, 1000 + seed):
        outcome, difference = compare(text)
        outcomes[outcome] += 1
        assert not difference, (difference, text)
    assert outcomes["both refuse"] + outcomes["same"] > 0


@pytest.mark.parametrize("name", [*ECSV_FILES, *YAML_FILES])
def test_the_originals_are_the_same(name: str) -> None:
    path = ROOT / name
    assert COMPARISONS[path.suffix](path.read_text(encoding="utf-8")) == ("same", "")


def test_a_difference_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    import astropy_difference

    text = Path(ROOT / ECSV_FILES[1]).read_text(encoding="utf-8")
    monkeypatch.setattr(astropy_difference, "read", _without_first_row)
    assert compare_ecsv(text)[0] == "different"
    monkeypatch.setattr(astropy_difference, "load_yaml", lambda _: ({"a": 8}, []))
    assert compare_yaml("a: 8\n") == ("same", "")
    assert compare_yaml("a: 9\n")[0] == "different"
    assert compare_yaml("a: [\n")[0] == "different"


def _without_first_row(data: bytes, form: str) -> object:
    from curated.text import read

    source, problems = read(data, form)
    assert source is not None
    for column in source.columns.values():
        column.values = column.values[1:]
    return source, problems
