"""A provenance record reaches objects, dictionaries and tables, and text and FITS give it back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.provenance import Construction, Edit, Input, Provenance
from curated.registry import get_type
from curated.text.provenance import provenance_text
from curated.types.defects import Defects
from support.packages import ROOT, defects_text
from support.records import RECORD, START, defects_with, through_fits
from support.texts import examples

# -- text, objects, FITS ------------------------------------------------------------------------------


def test_the_record_reaches_the_object(tmp_path: Path) -> None:
    calib = defects_with(RECORD, tmp_path)
    assert calib.provenance.plain() == RECORD
    first = calib.provenance.inputs[0]
    assert (first.data_id["exposure"], first.exposure_time, first.scale) == (2019121000100, 30.0, 1.0)
    assert calib.provenance.edits == (Edit(**RECORD["edits"][0]),)


def test_equality_sees_the_record(tmp_path: Path) -> None:
    calib = defects_with(RECORD, tmp_path)
    other = json.loads(json.dumps(RECORD))
    other["inputs"][2]["weight"] = 0.25
    assert defects_with(other, tmp_path) != calib
    assert replace(calib, provenance=Provenance()) != calib


def test_dictionaries_and_tables_carry_it(tmp_path: Path) -> None:
    calib = defects_with(RECORD, tmp_path)
    assert calib.toDict().items() >= RECORD.items()
    assert Defects.fromDict(json.loads(json.dumps(calib.toDict()))) == calib
    assert Defects.fromTable(calib.toTable()) == calib
    calib.toTable()[0].write(tmp_path / "table.ecsv")
    assert Defects.readText(tmp_path / "table.ecsv").provenance == calib.provenance


# -- any record ---------------------------------------------------------------------------------------


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40).filter(
    lambda t: t.strip() and t.isprintable()
) | st.text("a\\x' &:1é天\t\n", min_size=1, max_size=200).filter(str.strip)

numbers = st.floats(allow_nan=False, allow_infinity=False)

names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True).filter(
    lambda n: n not in ("date", "exposure_time", "scale", "weight")
)

kinds = st.sampled_from([st.integers(-(2**63), 2**63 - 1), texts])

dates = st.datetimes().map(lambda t: t.isoformat()) | st.dates().map(lambda d: d.isoformat())

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def records(draw: st.DrawFn) -> Provenance:
    dimensions = draw(st.dictionaries(names, kinds, min_size=1, max_size=4))
    ids = draw(
        st.lists(st.fixed_dictionaries(dimensions), max_size=8, unique_by=lambda d: tuple(sorted(d.items())))
    )
    inputs = tuple(
        Input(
            data_id=dict(sorted(data_id.items())),
            date=draw(st.just("") | dates),
            exposure_time=draw(st.none() | st.floats(0, 1e9)),
            scale=draw(st.none() | numbers),
            weight=draw(st.none() | st.floats(0, 1e9)),
        )
        for data_id in ids
    )
    construction = Construction(
        task=draw(st.just("") | texts),
        parameters=draw(st.dictionaries(texts, plain, max_size=3)),
        software=draw(st.dictionaries(texts, texts, max_size=3)),
    )
    edits = tuple(
        Edit(name=draw(texts), date=draw(dates), what=draw(texts)) for _ in range(draw(st.integers(0, 3)))
    )
    return Provenance(inputs=inputs, construction=construction, edits=edits)


@examples(60)
@given(record=records())
def test_any_record_survives_text_and_fits(
    tmp_path_factory: pytest.TempPathFactory, record: Provenance
) -> None:
    directory = tmp_path_factory.mktemp("record")
    (directory / f"{START}.ecsv").write_text(defects_text())
    text = provenance_text(record)
    if record:
        (directory / f"{START}.inputs.yaml").write_text(text, encoding="utf-8", newline="")
    calib = Defects.readText(directory / f"{START}.ecsv")
    assert calib.provenance == record
    again, _ = through_fits(calib, directory)
    assert again.provenance == record
    assert again == calib
    assert provenance_text(again.provenance) == text
    assert Defects.fromDict(calib.toDict()) == calib


def test_a_text_of_nested_values_holds_it_at_its_top() -> None:
    shutter = get_type("shutter").readText(ROOT / "calibs/demo/shutter/20200101T000000.json")
    recorded = replace(
        shutter, provenance=Provenance(construction=Construction(dataset={"uuid": "1", "run": "Lab/r"}))
    )
    tree = json.loads(recorded.text_bytes("json"))
    assert tree["construction"] == {"dataset": {"uuid": "1", "run": "Lab/r"}}
    assert "construction" not in tree["motionProfile"]
