"""Texts that are written: what is in them comes back, to us and to everybody else, and twice gives the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import Calib
from curated.calib.arrays import is_equal
from curated.provenance import Provenance
from curated.registry import find_type, own_types
from curated.text import read
from curated.types.crosstalk import Crosstalk
from curated.types.defects import Defects
from curated.types.transmission_filter import FilterTransmission
from support.texts import astropy_table, bits, case_files, examples

DEMO = Path(__file__).parents[2] / "calibs" / "demo"

DEMO_FILES = [
    p
    for p in sorted(DEMO.rglob("*T*.*"))
    if p.suffix in (".ecsv", ".yaml", ".json") and not p.name.endswith(".inputs.yaml")
]


def type_of(path: Path) -> type[Calib] | None:
    return next((cls for part in path.parts[-5:-1] if (cls := find_type(part)) is not None), None)


def written(calib: Calib, form: str) -> str:
    return calib.text_bytes(form).decode()


def again(calib: Calib, text: str, form: str) -> Calib:
    source, problems = read(text.encode(), form)
    assert source is not None, problems
    reread, _ = type(calib).from_source(source)
    assert reread is not None
    return reread


def assert_same_bits(calib: Calib, other: Calib, short: bool = False) -> None:
    """Compare every value to the bit; in YAML and JSON a short float becomes a double of the same value."""
    for field in calib.FIELDS:
        mine, its = getattr(calib, field.name), getattr(other, field.name)
        pairs = [(mine[k], its[k]) for k in mine] if isinstance(mine, dict) else [(mine, its)]
        for a, b in pairs:
            if isinstance(a, np.ndarray) and a.dtype.kind == "f":
                assert bits(a.astype("f8") if short else a) == bits(b), field.name
            else:
                assert is_equal(a, b), field.name


def forms_of(calib: Calib) -> list[str]:
    return [f for f in calib.SPEC.forms if f != "ecsv" or len(calib.tables()) == 1]


def assert_comes_back(calib: Calib) -> None:
    for form in forms_of(calib):
        text = written(calib, form)
        reread = again(calib, text, form)
        # Beside ECSV the provenance is a file of its own, and so are the pixels of an image.
        expected = replace(calib, provenance=Provenance()) if form == "ecsv" else calib
        assert Calib.__eq__(reread, expected) is True
        assert_same_bits(calib, reread, short=form != "ecsv")
        assert written(reread, form) == text
        if form == "ecsv":
            assert_astropy_agrees(calib, text)
        else:
            plain = yaml.safe_load(text) if form == "yaml" else json.loads(text)
            source, _ = read(text.encode(), form)
            assert repr(plain.pop("metadata")) == repr(source.metadata)
            assert repr(plain) == repr(source.tree)


def assert_astropy_agrees(calib: Calib, text: str) -> None:
    table = astropy_table(text)
    for name, column in calib.tables()[0].columns.items():
        values = column.values
        if isinstance(values, list):
            assert [bits(cell) for cell in values] == [bits(np.asarray(cell)) for cell in table[name]]
        elif len(values):
            # astropy takes an empty text for one that is missing.
            filled = (
                table[name].filled("")
                if values.dtype.kind == "U" and hasattr(table[name], "mask")
                else table[name]
            )
            astropys = np.asarray(filled)
            assert bits(values.astype(values.dtype.newbyteorder("="))) == bits(astropys), name


@pytest.mark.parametrize("path", DEMO_FILES, ids=lambda p: str(p.relative_to(DEMO)))
def test_demo(path: Path) -> None:
    assert_comes_back(type_of(path).readText(path))


@pytest.mark.parametrize("path", case_files("good"), ids=lambda p: "-".join(p.parts[-5:]))
def test_good_cases(path: Path) -> None:
    cls = type_of(path)
    if cls is not None and path.name != "instrument.yaml" and not path.name.endswith(".inputs.yaml"):
        assert_comes_back(cls.readText(path))


def test_what_the_stack_wrote(corpus: Path) -> None:
    count = 0
    for form in ("calibs", "calibs_other_text"):
        for path in sorted((corpus / "stack_written" / form).rglob("*.*")):
            cls = type_of(path)
            if path.is_file() and cls is not None:
                assert_comes_back(cls.readText(path))
                count += 1
    assert count >= 15


@pytest.mark.slow
def test_real_files(obs_lsst_data: Any) -> None:
    for kind in own_types():
        for path in sorted(obs_lsst_data.path.glob(f"*/{kind}/**/*.*"))[::20]:
            if path.suffix in (".ecsv", ".yaml", ".json"):
                assert_comes_back(type_of(path).readText(path))


def is_other_form(text: str) -> bool:
    """Whether a file has what only people, astropy's QTable or the stack write."""
    body = text.partition("schema: astropy-2.0\n")[2]
    return "!<lsst" in text or "__serialized_columns__" in text or "\n# " in body


@pytest.mark.parametrize("path", DEMO_FILES, ids=lambda p: str(p.relative_to(DEMO)))
def test_text_to_object_to_text_is_identical(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    copy = tmp_path / path.name
    assert type_of(path).readText(path).writeText(copy) == str(copy)
    if "computed by tools/make_demo.py" not in text:
        assert type_of(path).readText(copy) == type_of(path).readText(path)  # written by hand
        return
    # A file in another form is an example of it, so it must differ: else the exception hides a difference.
    assert (copy.read_text() == text) is not is_other_form(text)


PRINTED = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))

# -- whole calibrations -------------------------------------------------------------------------------


KEYWORD = st.one_of(
    st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), PRINTED
)

METADATA = st.dictionaries(st.from_regex(r"\A[A-Z][A-Z0-9_]{0,6}X\Z"), KEYWORD, max_size=5)

COORDINATE = st.integers(0, 2**63 - 1)


@examples(60)
@given(
    METADATA, st.lists(st.tuples(COORDINATE, COORDINATE, st.integers(1, 9), st.integers(1, 9)), max_size=5)
)
def test_defects(metadata: dict[str, Any], boxes: list[tuple[int, ...]]) -> None:
    columns = dict(zip(("x0", "y0", "width", "height"), map(list, zip(*boxes, strict=True)), strict=False))
    empty = {name: [] for name in ("x0", "y0", "width", "height")}
    assert_comes_back(Defects.fromDict({"metadata": metadata, **empty, **columns}))


@examples(60)
@given(st.data(), st.sampled_from([32, 64]), st.sampled_from([32, 64]))
def test_curves(data: st.DataObject, width: int, other: int) -> None:
    """Columns of both precisions, with NaN, and names of amplifiers that need quotes."""
    wave = st.lists(st.floats(1, 2000, width=width), min_size=2, max_size=6, unique=True).map(sorted)
    wavelength = np.array(data.draw(wave), f"f{width // 8}")
    values = st.lists(
        st.one_of(st.floats(0, 1, width=other), st.just(np.nan), st.just(-0.0)),
        min_size=len(wavelength),
        max_size=len(wavelength),
    )
    names = ["C00", "a b", 'say "hi"', "#1", "é天", "'"]
    table = Table(
        {
            "amp_name": [data.draw(st.sampled_from(names))] * len(wavelength),
            "wavelength": wavelength,
            "throughput": np.array(data.draw(values), f"f{other // 8}"),
        }
    )
    table["wavelength"].unit = "nm"
    assert_comes_back(FilterTransmission.fromTable([table]))


@pytest.mark.parametrize("amplifiers", [1, 2])
def test_few_amplifiers(amplifiers: int) -> None:
    shape = (amplifiers, amplifiers)
    values = {"coeffs": np.zeros(shape).tolist(), "coeffErr": np.full(shape, np.nan).tolist()}
    calib = Crosstalk.fromDict(
        {"metadata": {"NAMP": amplifiers, "HAS_CROSSTALK": True, "CROSSTALK_VERSION": 1.2}, **values}
    )
    assert_comes_back(calib)
    assert ".nan" in written(calib, "yaml")
    assert "NaN" in written(calib, "ecsv")


def test_no_crosstalk_at_all() -> None:
    for form in ("yaml", "json"):
        calib = Crosstalk.fromDict({"metadata": {"HAS_CROSSTALK": False}})
        assert again(calib, written(calib, form), form) == calib


def test_floats_of_short_columns_are_short() -> None:
    table = Table({"wavelength": np.array([500.1, 600.2], "f4"), "throughput": np.array([0.1, 0.2], "f4")})
    table["wavelength"].unit = "nm"
    assert written(FilterTransmission.fromTable([table]), "ecsv").endswith("\n500.1 0.1\n600.2 0.2\n")


def test_keywords_are_canonical() -> None:
    tree = {"x0": [], "y0": [], "width": [], "height": []}
    calib = Defects.fromDict(
        {"metadata": {"instrument": "X", "defects_VERSION": 2.0, "REPOSHA1": "0"}, **tree}
    )
    text = written(calib, "yaml")
    assert text.startswith(
        "metadata:\n  OBSTYPE: defects\n  INSTRUME: X\n  defects_VERSION: 2.0\n  CALIBCLS: "
    )
    assert "REPOSHA1" not in text
