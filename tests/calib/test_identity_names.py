"""All names of an identity keyword agree in every file that is written, by the rules of the stack."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import Calib
from curated.calib.error import CalibrationError
from curated.check.file import check_file
from curated.core.metadata import ALIASES, Metadata
from curated.fits.writer import fits_bytes
from curated.package.layout import discover
from curated.registry import find_type, own_types
from support.demo import DEMO, demo_calib
from support.stack import stack_pairs
from support.stack_identity import (
    NAMES,
    Identity,
    StackRefusalError,
    calib_info,
    from_dict,
    identity_of_fits,
    identity_of_text,
    search,
    set_metadata,
)
from support.texts import examples

KEYWORDS = {"instrument": "INSTRUME", "detector": "DETECTOR", "name": "DET_NAME", "serial": "DET_SER"} | {
    "filter": "FILTER",
    "calib_id": "CALIB_ID",
}
DEMO_TEXTS = sorted(
    path for path in DEMO.rglob("*T*.*") if path.suffix in (".ecsv", ".yaml", ".json") and ".inputs" not in path.name
)  # fmt: skip


def identity_of(calib: Calib) -> Identity:
    """Identity that a calibration has by its keywords."""
    values = {attribute: calib.metadata.get(keyword) for attribute, keyword in KEYWORDS.items()}
    return Identity(**{attribute: None if value == "" else value for attribute, value in values.items()})


def assert_the_stack_reads_all(calib: Calib, directory: Path) -> None:
    """Write a calibration in every form, read again, and write once more; the stack finds the same identity in each."""
    expected, cls = identity_of(calib), type(calib)
    assert calib_info(calib.metadata) == expected
    assert set_metadata(calib.toDict()["metadata"]) == expected
    if calib.tables() and not calib.SPEC.name.startswith("transmission"):
        assert set_metadata(calib.toTable()[0].meta) == expected
    stored = directory / "x.fits"
    calib.writeFits(stored)
    assert identity_of_fits(stored) == expected
    again = cls.readFits(stored)
    if cls.SPEC.beside:
        return  # its text stands beside an image
    assert again == calib
    for form in cls.SPEC.forms:
        if form == "ecsv" and len(calib.tables()) > 1:
            continue
        path = directory / f"x.{form}"
        for source in (calib, again):
            source.writeText(path)
            assert identity_of_text(path) == expected, form
            returned = cls.readText(path)
            assert returned == calib
            returned.writeFits(stored)
            assert identity_of_fits(stored) == expected, form
        path.unlink()
        side = path.with_suffix(".inputs.yaml")
        side.unlink(missing_ok=True)


@pytest.mark.parametrize("name", sorted({path.relative_to(DEMO).parts[0] for path in DEMO_TEXTS}))
def test_every_type(name: str, tmp_path: Path) -> None:
    texts = [path for path in DEMO_TEXTS if path.relative_to(DEMO).parts[0] == name]
    by_form = {path.suffix: path for path in texts}
    for path in [*by_form.values(), *(texts if name == "crosstalk" else ())]:
        calib = own_types()[name].readText(path)
        assert identity_of_text(path) == identity_of(calib), path
        assert_the_stack_reads_all(calib, tmp_path)


# -- crosstalk, the one type that the stack writes with two names --------------------------------------------------

DECAM = textwrap.dedent(
    """\
    coeffs: [0.0, -0.0008, 0.0003, 0.0]
    crosstalkShape: !!python/tuple [2, 2]
    hasCrosstalk: true
    metadata: !<lsst.daf.base.PropertyList>
    - [OBSTYPE, String, CROSSTALK, '']
    - [INSTRUME, String, cam, '']
    - [DETECTOR_NAME, String, d07, '']
    - [DETECTOR_SERIAL, {kind}, {serial}, '']
    - [DETECTOR, Int, 7, '']
    - [CROSSTALK_SCHEMA, String, Gen3 Crosstalk, '']
    - [CROSSTALK_VERSION, Double, 1.0, '']
    - [HAS_CROSSTALK, Bool, true, '']
    - [NAMP, Int, 2, '']
    - [CALIBDATE, String, '2024-01-01T00:00:00', '']
    nAmp: 2
    """
)
"""The form of the crosstalk files of lsst/obs_decam_data: names in one spelling only, the serial number as a number."""


@pytest.mark.parametrize(("kind", "serial"), [("Int", "7"), ("String", "'7'")])
def test_crosstalk_with_the_second_names_alone(kind: str, serial: str, tmp_path: Path) -> None:
    path = tmp_path / "decam.yaml"
    path.write_text(DECAM.format(kind=kind, serial=serial), encoding="utf-8")
    assert identity_of_text(path, "CrosstalkCalib").name is None, "the stack loses the name"
    calib = own_types()["crosstalk"].readText(path)
    assert identity_of(calib).name == "d07"
    assert_the_stack_reads_all(calib, tmp_path)
    assert search(calib.metadata, NAMES["serial"]) == yaml.safe_load(serial)


@pytest.mark.parametrize("serial", ["DEMO-003", None, ""])
@pytest.mark.parametrize("other", ["absent", None, "", "equal"])
def test_crosstalk_with_some_names(serial: Any, other: Any, tmp_path: Path) -> None:
    tree = demo_calib("crosstalk").toDict()
    for key in ("DETECTOR_NAME", "DETECTOR_SERIAL", "DET_SER"):
        tree["metadata"].pop(key, None)
    tree["metadata"]["DET_SER"] = serial
    if other != "absent":
        tree["metadata"]["DETECTOR_SERIAL"] = serial if other == "equal" else other
    calib = own_types()["crosstalk"].fromDict(tree)
    assert identity_of(calib).serial == (serial or None)
    assert_the_stack_reads_all(calib, tmp_path)


def test_what_the_text_lacks_stays_absent(tmp_path: Path) -> None:
    """A name that the text does not have is not made up on the way through FITS."""
    cls = own_types()["crosstalk"]
    tree = demo_calib("crosstalk").toDict()
    for key in ("DETECTOR_NAME", "DETECTOR_SERIAL"):
        tree["metadata"].pop(key, None)
    again = cls.readFits(cls.fromDict(tree).writeFits(tmp_path / "x.fits"))
    assert not [key for key in again.metadata if key.startswith("DETECTOR_")]
    tree["metadata"]["DETECTOR_SERIAL"] = tree["metadata"]["DET_SER"]
    again = cls.readFits(cls.fromDict(tree).writeFits(tmp_path / "x.fits"))
    assert again.metadata["DETECTOR_SERIAL"] == tree["metadata"]["DET_SER"]


def test_a_plain_mapping_in_the_place_of_metadata(tmp_path: Path) -> None:
    calib = demo_calib("crosstalk")
    content = calib.fits_content()
    keywords = dict(calib.metadata) | {"DETECTOR_SERIAL": "", "DETECTOR_NAME": None}
    (tmp_path / "x.fits").write_bytes(
        fits_bytes(type(content)(content.spec, keywords, content.provenance, content.tables, content.images))
    )
    assert identity_of_fits(tmp_path / "x.fits") == identity_of(calib)


@pytest.mark.parametrize("value", [[1, 2.5], [2.5, 1], [3, 2**53 - 1, 0.5], [1, 2]])
def test_lists_of_numbers_are_of_one_type_in_fits(value: list[float], tmp_path: Path) -> None:
    calib = demo_calib("defects")
    calib.metadata["SHAPE"] = value
    again = type(calib).readFits(calib.writeFits(tmp_path / "x.fits"))
    assert again == calib
    assert identity_of_fits(tmp_path / "x.fits") == identity_of(calib)


# -- any names with any values -------------------------------------------------------------------------------------

ALL_NAMES = [name for keyword, aliases in ALIASES.items() for name in (keyword, *aliases)]
ABSENT = object()
TYPES = ("crosstalk", "defects", "linearizer", "gain_correction", "flat_gradient", "photodiode")


def values_of(name: str) -> st.SearchStrategy[Any]:
    """Return a strategy of absent, empty, equal and different values."""
    if name in ("DETECTOR", "detectorId"):
        values: list[Any] = [3, 3, 3, "3", 4, 3.0]
    elif name in ("INSTRUME", "instrument"):
        values = ["cam", "cam", "cam", "other"]
    else:
        values = ["a", "a", "a", "b"]
    return st.sampled_from([ABSENT, ABSENT, None, "", *values])


SOME_NAMES = st.fixed_dictionaries({name: values_of(name) for name in ALL_NAMES}).map(
    lambda names: {name: value for name, value in names.items() if value is not ABSENT}
)
TREES = {name: json.dumps(demo_calib(name).toDict()) for name in TYPES}


def refuses(mapping: dict[str, Any]) -> bool:
    try:
        calib_info(mapping)
    except StackRefusalError:
        return True
    return False


@examples(60)
@given(st.sampled_from(TYPES), SOME_NAMES, SOME_NAMES | st.just({}), st.randoms(use_true_random=False))
def test_any_names(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    names: dict[str, Any],
    top: dict[str, Any],
    random: Any,
) -> None:
    cls, tree = own_types()[name], json.loads(TREES[name])
    others = {k: v for k, v in tree.pop("metadata").items() if k not in ALL_NAMES}
    items = list({**others, **names}.items())
    random.shuffle(items)
    document = {"metadata": dict(items), **top, **tree}
    levels = ("d00/" if cls.SPEC.has_detector else "") + ("a/" if cls.SPEC.has_filter else "")
    (file,) = discover([f"cam/{name}/{levels}20200101T000000.yaml"], "").files
    _, report = check_file(file, yaml.safe_dump(document, sort_keys=False).encode())
    codes = {d.code for d in report.diagnostics} & {"CAL115", "CAL336"}
    is_refused = refuses(dict(items)) or refuses({k: v for k, v in top.items() if k in ALL_NAMES})
    if is_refused:
        assert codes
    if codes == {"CAL336"}:
        assert is_refused, "nothing is reported that the stack takes"
    groups = [
        {v if keyword != "DETECTOR" else int(v) for m in (names, top) for n in (keyword, *aliases) if (v := m.get(n)) not in (None, "")}
        for keyword, aliases in ALIASES.items()
    ]  # fmt: skip
    is_contradiction = any(len(values) > 1 for values in groups)
    assert ("CAL115" in codes) == is_contradiction
    try:
        calib = cls.fromDict(document)
    except CalibrationError:
        assert is_contradiction
        return
    assert [calib.metadata.get(keyword) or None for keyword in ALIASES] == [
        next(iter(values), None) for values in groups
    ]
    expected, directory = identity_of(calib), tmp_path_factory.getbasetemp()
    calib.writeFits(directory / "any.fits")
    assert identity_of_fits(directory / "any.fits") == expected
    again = cls.readFits(directory / "any.fits")
    assert again == calib
    form = random.choice([form for form in cls.SPEC.forms if form != "ecsv" or len(calib.tables()) == 1])
    again.writeText(directory / f"any.{form}")
    assert cls.readText(directory / f"any.{form}") == calib
    class_name = cls.SPEC.calibcls.rpartition(".")[2]
    identities = identity_of_text(directory / f"any.{form}"), from_dict(calib.toDict(), class_name)
    if expected.detector is None and name == "crosstalk":
        # CrosstalkCalib takes the serial number for the number of a detector without one.
        identities = replace(identities[0], detector=None), replace(identities[1], detector=None)
    assert identities == (expected, expected)
    assert set_metadata(calib.toTable()[0].meta) == expected


@examples(200)
@given(st.lists(st.tuples(st.sampled_from([*ALL_NAMES, "-DET_SER", "-DETECTOR_SERIAL", "=", "?DETECTOR_NAME"]), st.sampled_from(["a", "b", "", None]))))  # fmt: skip
def test_whoever_sets_keywords(steps: list[tuple[str, Any]]) -> None:
    """A Metadata never holds two values for one keyword, however it was changed."""
    metadata = Metadata({"DET_NAME": "a", "DETECTOR_NAME": "", "DETECTOR_SERIAL": "s"})
    for name, value in steps:
        if name[0] == "-":
            metadata.pop(name[1:], None)
        elif name == "=":
            metadata.update({"DETECTOR_NAME": value, "X": 1, "DET_NAME": "c", "DETECTOR_SERIAL": None})
        elif name[0] == "?":
            metadata.setdefault(name[1:], value)
        else:
            metadata[name] = value
            assert metadata[name] == value
        calib_info(metadata)
        assert "DET_SER" in metadata or "DETECTOR_SERIAL" not in metadata
    assert Metadata(dict(metadata)) == metadata


# -- the reader itself, and real files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "metadata",
    [
        {"DET_SER": "DEMO-003", "DETECTOR_SERIAL": ""},
        {"DETECTOR": 3, "detectorId": "3"},
        {"INSTRUME": "cam", "instrument": ""},
        {"FILTER": ["r", "i"]},
        {"DETECTOR": 3, "SHAPE": [1, 2.5]},
    ],
)
def test_what_the_reader_refuses(metadata: dict[str, Any]) -> None:
    with pytest.raises(StackRefusalError):
        set_metadata(metadata)


def test_what_the_reader_takes() -> None:
    taken = {
        "DET_SER": "",
        "DETECTOR_SERIAL": None,
        "DETECTOR": 3.0,
        "detectorId": 3,
        "det_name": "x",
        "SHAPE": [],
    }
    assert set_metadata(taken) == Identity(detector=3)


def test_real_files(corpus: Path, tmp_path: Path) -> None:
    """Files that the stack wrote itself: the same identity, in texts, in its FITS files and in ours."""
    for pair in stack_pairs(corpus):
        cls = find_type(pair.folder)
        assert cls is not None
        calib = cls.readText(pair.text)
        calib.writeFits(tmp_path / "x.fits")
        expected = identity_of(calib)
        assert identity_of_fits(tmp_path / "x.fits") == expected, pair.text
        stack_identity = asdict(identity_of_fits(pair.fits))
        if not pair.folder.startswith("transmission"):  # the stack's file has no keywords
            differences = {key for key, value in asdict(expected).items() if stack_identity[key] != value}
            assert differences <= {"name", "serial"} if pair.folder == "crosstalk" else not differences, (
                pair.text
            )


def test_one_real_file_of_each_directory(corpus: Path, tmp_path: Path) -> None:
    directories = sorted(path for path in (corpus / "obs_lsst_data").glob("*/*") if find_type(path.name))
    assert len(directories) > 10
    for directory in directories:
        path = next(p for p in sorted(directory.rglob("*")) if p.suffix in (".ecsv", ".yaml"))
        cls = find_type(directory.name)
        assert cls is not None
        calib = cls.readText(path)
        assert identity_of_text(path) == identity_of(calib), path
        calib.writeFits(tmp_path / "x.fits")
        assert identity_of_fits(tmp_path / "x.fits") == identity_of(calib), path
