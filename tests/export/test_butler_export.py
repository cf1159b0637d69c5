"""Export files: untrusted data, whose collections, chains and times are those that Butler would import."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from curated.core.diagnostic import CuratedError
from curated.datasets.spans import LAST_NS
from curated.export.butler_export import export_directory, is_export, read_export
from curated.export.holdings import DetectorRecord
from support.exports import codes
from support.repositories import detector_name, make_bundle, tai_ns, write_defects

EXPORT = """
description: Butler Data Repository Export
version: 1.0.2
data:
- {{type: collection, collection_type: CALIBRATION, name: Lab/calib/x}}
- {{type: dataset, dataset_type: defects, run: r, records: [
    {{dataset_id: [!uuid d6cea4e6-ac9c-5803-a151-d99062f6e64c], data_id: [{{instrument: Lab, detector: 0}}], path: {path}}}]}}
- type: associations
  collection: Lab/calib/x
  collection_type: CALIBRATION
  validity_ranges:
  - timespan: !lsst.daf.butler.Timespan {{begin: {begin}, end: null}}
    dataset_ids: [!uuid d6cea4e6-ac9c-5803-a151-d99062f6e64c]
"""
BOMB = "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "".join(
    f"{b}: &{b} {{<<: [{','.join([f'*{a}'] * 9)}]}}\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
ODD_DETECTOR = "- {type: dimension, element: detector, records: [{instrument: Lab, id: '0', full_name: x}]}\n"
ODD_LIMIT = "- {type: dimension, element: instrument, records: [{name: Lab, visit_max: [1]}]}\n"
TAI = "!butler_time/tai/iso '2020-01-01 00:00:37.000000000'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            EXPORT.format(path="x.fits", begin="!!python/object/apply:os.system ['touch owned']"),
            "python/object",
        ),
        (EXPORT.format(path="x.fits", begin="!butler_time/tai/iso 'soon'"), "is no time in TAI"),
        (EXPORT.format(path="x.fits", begin=TAI).replace("1.0.2", "2.0.0"), "version 2.0.0, not 1.0"),
        (EXPORT.format(path="x.fits", begin=TAI).replace("d6cea4e6-", "q", 1), "is no UUID"),
        ("[" * 5000, "nested too deeply"),
        ("data: 7\nversion: 1.0.2\n", "no export file"),
        ("", "it has no 'version' and 'data'"),
        ("- 1\n", "it has no 'version' and 'data'"),
        (f"version: 1.0.2\ndata: []\nx: &x [*x]\n{EXPORT}", "no export file"),
        ("version: 1.0.2\ndata: &d [*d]\n", "no export file"),
        (f"a: &a [1,1,1,1,1,1,1,1,1]\n{BOMB}version: 1.0.2\ndata: []\n", "aliases"),
        (f"a: &a {{k: 1}}\n{MERGES}version: 1.0.2\ndata: []\n", "aliases"),
        (EXPORT.format(path="x.fits", begin="!butler_time/tai/iso .nan"), "is no time in TAI"),
        (EXPORT.format(path="x.fits", begin="!butler_time/tai/iso [1]"), "no export file"),
        (EXPORT.format(path="x.fits", begin=".nan"), "is no time in TAI"),
        (EXPORT.format(path="x.fits", begin=".inf"), "is no time in TAI"),
        (EXPORT.format(path="x.fits", begin="17"), "is no time in TAI"),
        (EXPORT.format(path="x.fits", begin="2020-01-01"), "is no time in TAI"),
        (EXPORT.format(path="x.fits", begin="{}"), "is no time in TAI"),
        (
            EXPORT.format(path="x.fits", begin=TAI).replace("{begin", "[{begin").replace("null}", "null}]"),
            "no export",
        ),
        (EXPORT.format(path="x.fits", begin=TAI).replace("!lsst.daf.butler.Timespan", ""), "no timespan"),
        (EXPORT.format(path="x.fits", begin="!<tag:yaml.org,2002:python/name:os.system> x"), "os.system"),
        (EXPORT.format(path="x.fits", begin="!<!butler_time/tai/iso> soon"), "is no time in TAI"),
        (EXPORT.format(path='"x\\0.fits"', begin=TAI), "is no name"),
        (EXPORT.format(path='"x\\e[31m.fits"', begin=TAI), "is no name"),
        (EXPORT.format(path="[x.fits]", begin=TAI), "is no name"),
        (EXPORT.format(path="'" + "x" * 5000 + "'", begin=TAI), "is no name"),
        (EXPORT.format(path="x.fits", begin=TAI).replace("run: r", "run: {}"), "is no name"),
        (EXPORT.format(path="x.fits", begin=TAI).replace("detector: 0", "detector: .inf"), "is no name"),
        (
            EXPORT.format(path="x.fits", begin=TAI).replace("detector: 0", "detector: " + "9" * 30),
            "is no name",
        ),
        (EXPORT.format(path="x.fits", begin=TAI).replace("detector: 0", "detector: [0]"), "is no name"),
        (EXPORT.format(path="x.fits", begin=TAI).replace("instrument: Lab, ", ""), "is no name"),
        (
            EXPORT.format(path="x.fits", begin=TAI).replace("instrument: Lab", 'instrument: "a\\nb"'),
            "is no name",
        ),
        (EXPORT.format(path="x.fits", begin=TAI).replace("defects, run", "[], run"), "is no name"),
        (
            EXPORT.format(path="x.fits", begin=TAI).replace("data:\n", f"data:\n{ODD_DETECTOR}"),
            "has the number",
        ),
        (EXPORT.format(path="x.fits", begin=TAI).replace("data:\n", f"data:\n{ODD_LIMIT}"), "visit_max"),
    ],
)
def test_an_export_file_is_untrusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/export.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CuratedError) as caught:
        export_directory("in", tmp_path / "out")
    assert message in caught.value.message
    assert not (tmp_path / "owned").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["pipe", "directory", "link", "giant", "binary"])
def test_what_is_no_export_file(tmp_path: Path, kind: str) -> None:
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / "export.yaml"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "directory":
        file.mkdir()
    elif kind == "link":
        (tmp_path / "other.yaml").write_text(EXPORT.format(path="x.fits", begin=TAI))
        file.symlink_to(tmp_path / "other.yaml")
    elif kind == "giant":
        with file.open("wb") as stream:
            stream.truncate(1 << 40)
    else:
        file.write_bytes(bytes(range(256)))
    with pytest.raises(CuratedError, match="is no export file of Butler"):
        read_export(str(tmp_path / "in"))


@pytest.mark.timeout(60)
def test_chains_of_chains_are_followed_once(tmp_path: Path) -> None:
    names = [f"Lab/chain{n}" for n in range(60)]
    chains = "".join(
        f"- {{type: collection, collection_type: CHAINED, name: {name}, children: [{', '.join([child] * 9)}]}}\n"
        for name, child in zip(names, [*names[1:], "Lab/calib/x"], strict=True)
    )
    loop = "- {type: collection, collection_type: CHAINED, name: loop, children: [loop, Lab/chain0]}\n"
    write_defects(tmp_path / "x.fits", 0, 1)
    (tmp_path / "export.yaml").write_text(EXPORT.format(path="x.fits", begin=TAI) + chains + loop)
    holdings = read_export(str(tmp_path), ["loop"])
    assert [len(datasets) for datasets in holdings.certified] == [1]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["pipe", "directory", "giant", "cut", "garbage", "half a header", "bomb"])
def test_a_file_that_is_no_calibration_is_left_out(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "in"
    root.mkdir()
    file = root / ("x.yaml" if kind == "bomb" else "x.fits")
    (root / "export.yaml").write_text(EXPORT.format(path=file.name, begin=TAI))
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "directory":
        file.mkdir()
    elif kind == "bomb":
        file.write_text(f"a: &a [1,1,1,1,1,1,1,1,1]\n{BOMB}")
    else:
        write_defects(file, 0, 1)
        with file.open("r+b") as stream:
            if kind == "giant":
                stream.truncate(1 << 40)
            elif kind == "cut":
                stream.truncate(5000)
            elif kind == "half a header":
                stream.truncate(1000)
            else:
                stream.write(os.urandom(6000))
    report = export_directory(str(root), tmp_path / "out")
    assert codes(report) == ["CAL661"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", ["..", ".", ".git", "../../x", "/x", "a/../b", "-rf", " x", "con.yaml/..", "x" * 900]
)
@pytest.mark.parametrize("place", ["instrument", "detector"])
def test_names_that_become_paths(tmp_path: Path, name: str, place: str) -> None:
    root, out = tmp_path / "in", tmp_path / "inner" / "out"
    root.mkdir()
    out.parent.mkdir()
    instrument = name if place == "instrument" else "Lab"
    write_defects(root / "x.fits", 0, 1)
    with fits.open(root / "x.fits", mode="update") as hdus:
        for hdu in hdus:
            if place == "instrument" and len(name) < 60:
                hdu.header["INSTRUME"] = name
            hdu.header.pop("DET_NAME", None)
    full_name = name if place == "detector" else "d0"
    record = f"{{instrument: '{instrument}', id: 0, full_name: '{full_name}'}}"
    records = f"- {{type: dimension, element: detector, records: [{record}]}}\n"
    text = EXPORT.format(path="x.fits", begin=TAI).replace("instrument: Lab", f"instrument: '{instrument}'")
    (root / "export.yaml").write_text(text.replace("data:\n", f"data:\n{records}"))
    before = {path for path in tmp_path.rglob("*") if "out" not in path.parts}
    report = export_directory(str(root), out)
    assert {path for path in tmp_path.rglob("*") if "out" not in path.parts} == before
    assert set(codes(report)) <= {"CAL661", "CAL664"}
    for path in out.rglob("*"):
        assert path.resolve().is_relative_to(out.resolve())
        assert not any(part.startswith(".") for part in path.relative_to(out).parts)


def test_damaged_files_are_findings(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    (root / "export.yaml").write_text(EXPORT.format(path="x.fits", begin=TAI))
    write_defects(root / "original.fits", 0, 1)
    original = (root / "original.fits").read_bytes()
    choice = random.Random(1)
    for number in range(60):
        content = bytearray(original)
        for _ in range(choice.choice([1, 3, 30])):
            content[choice.randrange(len(content))] = choice.choice([0, 32, 39, 48, 57, 69, 255, 61])
        (root / "x.fits").write_bytes(content)
        report = export_directory(str(root), tmp_path / f"out{number}", jobs=1)
        assert set(codes(report)) <= {"CAL660", "CAL661", "CAL664"}


def test_no_file_outside_of_an_export_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_defects(tmp_path / "secret.fits", 0, 1)
    for path in ("../secret.fits", str(tmp_path / "secret.fits"), "link.fits"):
        shutil.rmtree(tmp_path / "in")
        (tmp_path / "in").mkdir()
        (tmp_path / "in/link.fits").symlink_to(tmp_path / "secret.fits")
        (tmp_path / "in/export.yaml").write_text(EXPORT.format(path=path, begin=TAI))
        report = export_directory(str(tmp_path / "in"), tmp_path / "out")
        assert codes(report) == ["CAL661"]
        assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("export") / "bundle")


def test_a_bundle_is_read_as_it_was_written(bundle: Path) -> None:
    holdings = read_export(str(bundle))
    assert (holdings.source, holdings.collections) == (str(bundle), ("Lab/calib/v1",))
    (datasets,) = holdings.certified
    assert len(datasets) == 6
    ranges = {d.span for d in datasets if d.dataset_type == "defects" and ("detector", 1) in d.data_id}
    change = tai_ns("2020-01-01T00:00:00")
    assert ranges == {(tai_ns("1970-01-01T00:00:00"), change), (change, LAST_NS)}
    assert {dataset.collection for dataset in datasets} == {"Lab/calib/v1"}
    assert {dataset.uuid for dataset in datasets} == holdings.locations.keys()
    with holdings.locations[datasets[0].uuid].as_local() as local:
        assert Path(local.ospath).read_bytes().startswith(b"SIMPLE  =")
    lab = holdings.instruments["Lab"]
    assert lab.detectors[3] == DetectorRecord(3, detector_name(3), "R00", "S10", "SCIENCE")
    assert (lab.filters, lab.values["class_name"]) == ({"g_6": "g"}, "lsst.obs.lab.Lab")


def test_only_datasets_of_the_types_are_read(bundle: Path) -> None:
    (datasets,) = read_export(str(bundle), types=["camera_geometry"]).certified
    assert [(d.dataset_type, d.data_id) for d in datasets] == [
        ("camera_geometry", (("instrument", "Lab"),)),
    ]


def test_a_directory_with_an_export_file_is_no_repository(bundle: Path, tmp_path: Path) -> None:
    assert is_export(str(bundle))
    assert not is_export(str(tmp_path))
    (tmp_path / "export.yaml").touch()
    assert is_export(str(tmp_path))
    (tmp_path / "butler.yaml").touch()
    assert not is_export(str(tmp_path))


COLLECTIONS = """
- {type: collection, collection_type: RUN, name: r}
- {type: collection, collection_type: CHAINED, name: Lab/calib, children: [other, Lab/calib, Lab/calib/x, r]}
- type: associations
  collection: other
  collection_type: CALIBRATION
  validity_ranges:
  - timespan: !lsst.daf.butler.Timespan EMPTY
    dataset_ids: [!uuid d6cea4e6-ac9c-5803-a151-d99062f6e64c]
  - timespan: !lsst.daf.butler.Timespan {begin: null, end: !butler_time/tai/iso '2020-01-01 00:00:37.5'}
    dataset_ids: [!uuid d6cea4e6-ac9c-5803-a151-d99062f6e64c, !uuid 00000000-0000-5000-8000-000000000000]
"""


@pytest.fixture
def two_collections(tmp_path: Path) -> str:
    """An export of one dataset that two collections certify."""
    (tmp_path / "export.yaml").write_text(EXPORT.format(path="x.fits", begin=TAI) + COLLECTIONS)
    return str(tmp_path)


def test_a_chain_is_followed_in_its_order(two_collections: str) -> None:
    holdings = read_export(two_collections, ["Lab/calib"])
    half_second = 500_000_000
    assert [[(d.collection, d.span) for d in datasets] for datasets in holdings.certified] == [
        [("other", (0, tai_ns("2020-01-01T00:00:00") + half_second))],
        [("Lab/calib/x", (tai_ns("2020-01-01T00:00:00"), LAST_NS))],
    ]
    assert [(d.file, d.code) for d in holdings.diagnostics] == [
        ("00000000-0000-5000-8000-000000000000", "CAL661")
    ]
    # Its file is not there.
    assert holdings.locations == {}


@pytest.mark.parametrize(
    ("collections", "message"),
    [
        ([], "other both certify defects"),
        (["nix"], "no collection nix"),
        (["r"], "r does not say when its datasets are valid"),
    ],
)
def test_collections_that_tell_no_ranges_are_refused(
    two_collections: str, collections: list[Any], message: str
) -> None:
    with pytest.raises(CuratedError, match=message) as caught:
        read_export(two_collections, collections)
    assert caught.value.hint
