"""Texts that are written: what is in them comes back, to us and to everybody else, and twice gives the same bytes."""

from __future__ import annotations

import json
import os
import stat
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.table import Table
from astropy.units import UnitsWarning
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import Calib, CalibrationError
from curated.calib.arrays import is_equal
from curated.core.diagnostic import CuratedError
from curated.provenance import Provenance
from curated.registry import find_type, own_types
from curated.text import read
from curated.text.yaml.writer import json_scalar, yaml_scalar
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
    made, _ = type(calib).from_source(source)
    assert made is not None
    return made


def assert_same_bits(one: Calib, other: Calib, short: bool = False) -> None:
    """Compare every value to the bit; in YAML and JSON a short float becomes a double of the same value."""
    for field in one.FIELDS:
        mine, its = getattr(one, field.name), getattr(other, field.name)
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
        made = again(calib, text, form)
        # Beside ECSV the provenance is a file of its own, and so are the pixels of an image.
        expected = replace(calib, provenance=Provenance()) if form == "ecsv" else calib
        assert Calib.__eq__(made, expected) is True
        assert_same_bits(calib, made, short=form != "ecsv")
        assert written(made, form) == text
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
        ours = column.values
        if isinstance(ours, list):
            assert [bits(cell) for cell in ours] == [bits(np.asarray(cell)) for cell in table[name]]
        elif len(ours):
            # astropy takes an empty text for one that is missing.
            given = (
                table[name].filled("")
                if ours.dtype.kind == "U" and hasattr(table[name], "mask")
                else table[name]
            )
            theirs = np.asarray(given)
            assert bits(ours.astype(ours.dtype.newbyteorder("="))) == bits(theirs), name


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
    # A file in another form is an example of it, so it must differ: else the exception hides a difference.
    assert (copy.read_text() == text) is not is_other_form(text)


# -- scalars ------------------------------------------------------------------------------------------

AWKWARD = """yes No on null ~ 1e5 1e+5 0x1F 0o17 017 1_000 12:30:45 1:2 2024-01-01 2024-01-01T00:00:00Z .nan .inf nan
-.5 +1 = << - -- ? : :x #x x#y |x >x %x @x `x !x &x *x {x} [x] 'x "x x: x, R22_S11 é 天文 😀 true,false x=1""".split()
AWKWARD += [
    "",
    " ",
    " x",
    "x ",
    "a: b",
    "a #b",
    "a\nb",
    "a\tb",
    "\x85",
    "\u2028",
    "\ufeff",
    "\x7f",
    "---",
    "...",
]


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text: str) -> None:
    shown = yaml_scalar(text)
    assert "\n" not in shown
    for document in (f"[{shown}]", f"- {shown}\n", f"k: {shown}\n", f"{{k: {shown}}}"):
        loaded = yaml.safe_load(document)
        assert (loaded["k"] if isinstance(loaded, dict) else loaded[0]) == text
    metadata = {"OBSTYPE": "defects", "SOURCE": text}
    calib = Defects.fromDict({"metadata": metadata, "x0": [], "y0": [], "width": [], "height": []})
    for form in ("ecsv", "yaml", "json"):
        assert again(calib, written(calib, form), form).metadata["SOURCE"] == text
    assert Table.read(written(calib, "ecsv").split("\n"), format="ascii.ecsv").meta["SOURCE"] == text


PRINTED = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))


@examples(200)
@given(PRINTED)
def test_texts(text: str) -> None:
    assert yaml.safe_load(f"k: [{yaml_scalar(text)}]") == {"k": [text]}
    assert json.loads(json_scalar(text)) == text


@examples(300)
@given(st.one_of(st.floats(), st.integers(-(2**70), 2**70), st.booleans(), st.none()))
def test_numbers(value: Any) -> None:
    for loaded in (yaml.safe_load(yaml_scalar(value)), json.loads(json_scalar(value))):
        assert repr(loaded) == repr(value)


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


# -- refusals and files -------------------------------------------------------------------------------


def test_forms_that_a_type_does_not_have(tmp_path: Path) -> None:
    crosstalk = Crosstalk.readText(DEMO / "crosstalk/d00/20200101T000000.yaml")
    with pytest.raises(CuratedError, match="has 2 tables, and an ECSV file holds one") as caught:
        crosstalk.writeText(tmp_path / "x.ecsv")
    assert "yaml" in caught.value.hint
    with pytest.raises(CuratedError, match="crosstalk is not written as txt"):
        crosstalk.writeText(tmp_path / "x.txt")
    with pytest.raises(CuratedError, match="without an ending"):
        crosstalk.writeText(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
    assert crosstalk.writeText(tmp_path / "x.txt", form="yaml") == str(tmp_path / "x.txt")


def test_what_does_not_come_back_is_not_written(tmp_path: Path) -> None:
    calib = Defects.readText(DEMO / "defects/d00/20200101T000000.ecsv")
    calib.metadata["WEIGHT"] = float("nan")
    with pytest.raises(CalibrationError, match="CAL502 WEIGHT is nan, which no header can hold"):
        calib.writeText(tmp_path / "x.yaml")
    calib.metadata["WEIGHT"] = [1, [2]]
    with pytest.raises(CalibrationError, match="CAL502 WEIGHT"):
        calib.writeText(tmp_path / "x.yaml")
    table = Table({"amp_name": ["a\nb"] * 2, "wavelength": [1.0, 2.0], "throughput": [0.0, 0.0]})
    table["wavelength"].unit = "nm"
    curve = FilterTransmission.fromTable([table])
    with pytest.raises(CalibrationError, match="CAL2"):
        curve.writeText(tmp_path / "x.ecsv")
    padded = FilterTransmission.fromTable([Table({**table, "amp_name": [" a"] * 2})])
    padded.units["wavelength"] = "nm"
    with pytest.raises(CuratedError, match="cannot be written as ecsv without loss: amp_name"):
        padded.writeText(tmp_path / "x.ecsv")
    curve.writeText(tmp_path / "x.yaml")
    assert FilterTransmission.readText(tmp_path / "x.yaml") == curve
    wrong = Defects(x0=np.array([0.5]), y0=np.array([0]), width=np.array([1]), height=np.array([1]))
    with pytest.raises(CalibrationError, match="CAL305"):
        wrong.writeText(tmp_path / "y.yaml")
    assert [p.name for p in tmp_path.iterdir()] == ["x.yaml"]


@pytest.mark.parametrize("name", ["x.ecsv", "x.fits"])
def test_files_are_whole(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calib = Defects.readText(DEMO / "defects/d00/20200101T000000.ecsv")
    write = calib.writeFits if name.endswith("fits") else calib.writeText
    path = tmp_path / name
    path.write_text("old")
    path.chmod(0o640)

    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            write(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert write(path) == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    first = path.read_bytes()
    write(path)
    assert path.read_bytes() == first


def test_a_link_stays_one_and_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    calib = Defects.readText(DEMO / "defects/d00/20200101T000000.ecsv")
    (tmp_path / "plain").write_text("")
    (tmp_path / "link.ecsv").symlink_to("x.ecsv")
    calib.writeText(tmp_path / "link.ecsv")
    assert (tmp_path / "link.ecsv").is_symlink()
    assert (tmp_path / "x.ecsv").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert Defects.readText(tmp_path / "link.ecsv") == calib
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)
        assert len(Table.read(tmp_path / "x.ecsv", format="ascii.ecsv")) == len(calib.x0)
