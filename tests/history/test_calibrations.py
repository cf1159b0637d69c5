"""Calibrations from Python: the object in force, from a work tree, a commit, a repository elsewhere."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from astropy.time import Time

import curated
from conftest import GitPackage, MakePackage
from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.history.calibrations import Calibrations
from curated.history.lookup import lookup
from curated.package.instrument import Detector, Instrument
from curated.package.package import open_package
from curated.registry import own_types
from curated.text import read
from curated.types.camera import CameraGeometry
from curated.types.crosstalk import Crosstalk
from curated.types.defects import Defects
from support.packages import ROOT, defects_path, defects_text, make_demo_package

HOLE = {"instrument": "demo", "detector": "d02", "at": "2021-12-01"}


@pytest.fixture(scope="module")
def demo() -> Calibrations:
    return curated.open(ROOT)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    return make_demo_package(tmp_path_factory.mktemp("open") / "package")


# -- which one ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "time", ["2020-01-01", "2021-06-14T23:59:59", "2021-06-15", "2022-03-01", "2030-01-01"]
)
@pytest.mark.parametrize("detector", ["d00", "d02"])
def test_it_is_what_lookup_finds(demo: Calibrations, time: str, detector: str) -> None:
    at = datetime.fromisoformat(time)
    answer = lookup(open_package(ROOT), "demo", "defects", at, detector=detector)
    epoch = demo.find("defects", instrument="demo", detector=detector, at=time)
    assert (epoch.path if epoch else None) == (answer.in_force.file.path if answer.in_force else None)
    if epoch is not None:
        got = demo.get("defects", instrument="demo", detector=detector, at=time)
        assert got == Defects.readText(ROOT / epoch.path)
        assert (epoch.start, epoch.end) == (answer.in_force.range.start, answer.in_force.range.end)
        assert epoch in demo.epochs("defects", instrument="demo", detector=detector)


EDGE = datetime(2024, 3, 1)


@pytest.mark.parametrize(
    "at",
    [
        "2024-03-01",
        "20240301T000000",
        "2024-03-01T02:00:00+02:00",
        EDGE,
        EDGE.replace(tzinfo=UTC),
        datetime(2024, 2, 29, 19, tzinfo=timezone(timedelta(hours=-5))),
        Time("2024-03-01T00:00:00", scale="utc"),
        Time("2024-03-01T00:00:37", scale="tai"),
        Time(60370.0, format="mjd", scale="utc"),
    ],
)
def test_ways_to_say_when(demo: Calibrations, at: object) -> None:
    """All of them are the boundary, which belongs to the later one; a moment before does not."""
    epoch = demo.find("defects", instrument="demo", detector=0, at=at)
    assert epoch.start == EDGE
    before = "2024-02-29T23:59:59.999999" if isinstance(at, str) else at - timedelta(milliseconds=1)
    assert demo.find("defects", instrument="demo", detector=0, at=before).end == EDGE


@pytest.mark.parametrize("at", ["yesterday", "", 2024, None, Time(["2024-01-01", "2024-01-02"])])
def test_what_is_no_time(demo: Calibrations, at: object) -> None:
    with pytest.raises(CuratedError, match="is not a date-time"):
        demo.get("defects", instrument="demo", detector=0, at=at)


def test_filters_and_aliases(demo: Calibrations) -> None:
    curve = demo.get("transmission_system", instrument="Demo", detector="D01", filter="r", at="2024-01-01")
    assert (curve.metadata["FILTER"], curve.metadata["DETECTOR"]) == ("r", 1)
    assert demo.get("BFKERNEL", instrument="demo", detector=3, at="2024-01-01").level == "DETECTOR"


# -- what there is --------------------------------------------------------------------------------------


def test_lists(demo: Calibrations) -> None:
    assert demo.instruments == ["demo"]
    assert demo.types() == demo.types("Demo") == sorted(demo.types())
    assert {"bfk", "camera", "crosstalk", "defects"} <= set(demo.types())
    epochs = demo.epochs("defects", instrument="demo", detector=2)
    assert [(e.start.year, e.end and e.end.year) for e in epochs] == [(2020, 2021), (2022, None)]
    assert str(epochs[0]) == f"{epochs[0].path}: 2020-01-01T00:00:00 to 2021-06-15T00:00:00"
    assert {e.filter for e in demo.epochs(detector="d01", filter="g")} == {"g"}
    assert len(demo.epochs()) == len(open_package(ROOT).layout.files)


def test_a_hole_is_none_to_find_and_an_error_to_get(demo: Calibrations) -> None:
    assert demo.find("defects", **HOLE) is None
    with pytest.raises(
        CuratedError, match="no demo/defects/d02 is in force at 2021-12-01T00:00:00 UTC"
    ) as caught:
        demo.get("defects", **HOLE)
    assert "20220301T000000.ecsv 2022-03-01T00:00:00 to open" in caught.value.hint


@pytest.mark.parametrize(
    ("type_name", "levels", "message", "hint"),
    [
        ("defects", {"detector": "d99"}, "demo has no detector 'd99'", "d00, d01, d02, d03"),
        ("defects", {"detector": 99}, "demo has no detector '99'", "d00, d01, d02, d03"),
        ("transmission_filter", {"filter": "u"}, "demo has no filter 'u'", "g, i, r"),
        ("defects", {}, "defects has a detector level", "give the detector"),
        ("camera", {"detector": "d00"}, "camera has no detector level", "leave the detector out"),
        (
            "transmission_filter",
            {"detector": "r"},
            "has no detector level",
            "if 'r' is a filter, write --filter r",
        ),
        (
            "defects",
            {"filter": "d00", "detector": 0},
            "has no filter level",
            "if 'd00' is a detector, write --detector d00",
        ),
        ("nothing", {}, "unknown calibration type 'nothing'", "crosstalk"),
        ("defects", {"detector": 0, "instrument": "other"}, "unknown instrument 'other'", "demo"),
    ],
)
def test_errors_say_what_there_is(
    demo: Calibrations, type_name: str, levels: dict[str, object], message: str, hint: str
) -> None:
    for method in (demo.get, demo.find):
        with pytest.raises(CuratedError, match=message) as caught:
            method(type_name, **{"instrument": "demo", "at": "2024-01-01", **levels})
        assert hint in caught.value.hint


def test_a_type_that_the_instrument_does_not_have(make_package: MakePackage) -> None:
    package = curated.open(make_package({"curated.yaml": "", defects_path(): defects_text()}).path)
    with pytest.raises(CuratedError, match="lab has no type 'crosstalk'") as caught:
        package.get("crosstalk", instrument="lab", detector=0, at="2024-01-01")
    assert caught.value.hint == "known types: defects"
    assert package.find("defects", instrument="lab", detector=0, at="2019-01-01") is None
    with pytest.raises(CuratedError, match="nothing says which detectors lab has"):
        package.detector(0, instrument="lab", at="2024-01-01")


def test_a_file_with_errors_is_refused(make_package: MakePackage) -> None:
    wrong = defects_text(detector=3).replace("1 2 3 4", "1 2 -3 4").replace("INSTRUME: ", "")
    package = curated.open(make_package({"curated.yaml": "", defects_path(3): wrong}).path)
    with pytest.raises(CuratedError, match=r"20200101T000000.ecsv cannot be used: CAL301 row 1 width: -3"):
        package.get("defects", instrument="lab", detector="d03", at="2024-01-01")


# -- where from -----------------------------------------------------------------------------------------


def test_any_commit_without_a_checkout(repository: GitPackage) -> None:
    first = repository.git("rev-list", "--max-parents=0", "HEAD").strip()
    when = {"instrument": "demo", "detector": "d00", "at": "2024-06-01"}
    edited = curated.open(repository.path).get("defects", **when).metadata["SOURCE"]
    assert edited.endswith("not measured at all")
    for place_of in (repository.path, repository.path / "calibs" / "demo"):
        old = curated.open(place_of, rev=first)
        assert old.commit == first
        assert old.get("defects", **when).metadata["SOURCE"].endswith("not measured")
    assert repository.git("status", "--porcelain") == ""
    with pytest.raises(CuratedError, match="'v9' is not a commit"):
        curated.open(repository.path, rev="v9")


def test_a_work_tree_is_read_as_it_is(make_package: MakePackage) -> None:
    package = make_package({"curated.yaml": "", defects_path(): defects_text()})
    package.write({defects_path(): defects_text(x0=77)})
    when = {"instrument": "lab", "detector": 0, "at": "2024-01-01"}
    assert curated.open(package.path).get("defects", **when).x0.tolist() == [77]
    assert curated.open(package.path, rev="HEAD").get("defects", **when).x0.tolist() == [1]


def test_an_address_is_fetched_and_removed(repository: GitPackage) -> None:
    when = {"instrument": "demo", "detector": 1, "at": "2024-06-01"}
    head = repository.git("rev-parse", "HEAD").strip()
    with curated.open(repository.path.as_uri()) as fetched:
        directory = fetched.package.root
        assert fetched.commit == head
        assert fetched.get("crosstalk", **when) == curated.open(repository.path).get("crosstalk", **when)
        assert not any(path.suffix == ".ecsv" for path in directory.rglob("*"))
    assert not directory.exists()
    with curated.open(repository.path.as_uri(), rev="HEAD~2") as old:
        assert old.get("defects", instrument="demo", detector=0, at="2024-06-01").metadata["SOURCE"]


def test_a_repository_without_a_work_tree(repository: GitPackage, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", "--bare", repository.path, tmp_path / "bare"], check=True)
    for rev in (None, "HEAD"):
        bare = curated.open(tmp_path / "bare", rev=rev)
        assert bare.commit == repository.git("rev-parse", "HEAD").strip()
        # A directory above that looks like a package is not the one that is asked for.
        (tmp_path / "lab/defects").mkdir(parents=True, exist_ok=True)
        assert len(bare.get("defects", instrument="demo", detector="d00", at="2024-06-01").x0) == 4


@pytest.mark.parametrize(
    "address", ["ext::sh -c touch% x", "http://example.org/x", "--upload-pack=touch", "git://example.org/x"]
)
def test_other_addresses_are_refused(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CuratedError):
        curated.open(address)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "path",
    [
        "a\0b",
        "https://u:s3cr3t@example.org/\0",
        "u:s3cr3t@example.org:x",
        "fd::17/x",
        Path("a\0b"),
        b"a\0b",
    ],
)
def test_odd_paths_are_refused_without_a_secret(path: Path | str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CuratedError) as caught:
        curated.open(path)
    assert "s3cr3t" not in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_directory_may_be_named_like_an_address(
    repository: GitPackage, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "ada@host:x").symlink_to(repository.path)
    monkeypatch.chdir(tmp_path)
    with curated.open("ada@host:x") as calibrations:
        assert calibrations.instruments


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="nothing cannot be fetched: fatal: "):
        curated.open((tmp_path / "nothing").as_uri())
    with pytest.raises(CuratedError, match="is not a directory"):
        curated.open(tmp_path / "nothing")
    with pytest.raises(CuratedError, match="is not a package: there is no"):
        curated.open(tmp_path)


def test_importing_is_cheap() -> None:
    code = "import curated, sys; print([m for m in ('numpy', 'astropy', 'git', 'yaml') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# -- seeds ----------------------------------------------------------------------------------------------


def test_a_supplied_calibration_overrides_the_seed(demo: Calibrations) -> None:
    supplied = demo.get("defects", instrument="demo", detector="d02", at="2022-06-01", seed=True)
    assert supplied == demo.get("defects", instrument="demo", detector="d02", at="2022-06-01")
    assert len(supplied.x0) == 1
    seed = demo.get("defects", **HOLE, seed=True)
    assert len(seed.x0) == 0
    assert seed.metadata.text("DET_NAME") == "d02"
    assert "CALIBDATE" not in seed.metadata


def test_the_camera_overrides_the_instrument(demo: Calibrations, make_package: MakePackage) -> None:
    from_camera = demo.detector(2, instrument="demo", at="2024-01-01")
    assert from_camera.amplifiers[1].box == Box(512, 0, 512, 512)
    before = demo.detector("d02", instrument="demo", at="2019-01-01")
    assert before.amplifiers[1].box == Box(0, 0, 0, 0)
    assert [a.name for a in before.amplifiers] == [a.name for a in from_camera.amplifiers]
    same = ("name", "id", "width", "height", "instrument", "raft", "slot", "serial")
    assert all(getattr(before, name) == getattr(from_camera, name) for name in same)


def seeds() -> list[str]:
    return [
        name
        for name, cls in own_types().items()
        if any("neutral" in vars(base) for base in cls.__mro__ if base.__module__.startswith("curated.types"))
    ]


@pytest.mark.parametrize("name", seeds())
def test_seeds_are_neutral_calibrations_of_the_detector(
    demo: Calibrations, name: str, tmp_path: Path
) -> None:
    detector = demo.detector("d01", instrument="demo", at="2024-01-01")
    cls = own_types()[name]
    seed = cls.fromDetector(detector)
    assert seed.validate(detector)
    assert {
        k: seed.metadata[k] for k in ("INSTRUME", "RAFTNAME", "SLOTNAME", "DETECTOR", "DET_NAME", "DET_SER")
    } == {
        "INSTRUME": "Demo",
        "RAFTNAME": "R0",
        "SLOTNAME": "S01",
        "DETECTOR": 1,
        "DET_NAME": "d01",
        "DET_SER": "DEMO-002",
    }
    with pytest.raises(CalibrationError, match="DETECTOR is 1, but 0 is"):
        seed.validate(demo.detector("d00", instrument="demo", at="2024-01-01"))
    form = next(f for f in cls.SPEC.forms)
    assert cls.readText(seed.writeText(tmp_path / f"seed.{form}")) == seed
    assert cls.readFits(seed.writeFits(tmp_path / "seed.fits")) == seed


def test_seeds_of_the_types() -> None:
    assert {"crosstalk", "defects", "manual_defects"} <= set(seeds())
    detector = DetectorGeometry("d00", 0, 10, 20)
    assert len(Defects.fromDetector(detector).x0) == 0
    with pytest.raises(CuratedError, match="amplifiers of detector d00 are not known"):
        Crosstalk.fromDetector(detector)
    crosstalk = Crosstalk.fromDetector(
        Instrument("X", "x", {"d00": Detector(0, "d00", amplifiers=("A", "B", "C"))}).geometry("d00")
    )
    assert crosstalk.hasCrosstalk
    assert not np.any(crosstalk.coeffs)
    assert crosstalk.coeffs.shape == (3, 3)
    nominal = {"linearizer", "ptc", "gain_correction", "cti", "electroBfDistortionMatrix"}
    assert nominal <= {name for name, cls in own_types().items() if cls.SPEC.nominal is not None}
    for cls in own_types().values():
        if cls.SPEC.nominal is not None:
            with pytest.raises(CuratedError, match="amplifiers of detector d00 are not known"):
                cls.fromDetector(detector)
            amplifiers = (Amplifier("A", Box(0, 0, 10, 20), gain=1.5, read_noise=7.0),)
            calib = cls.fromDetector(replace(detector, amplifiers=amplifiers))
            assert getattr(calib, "gain", {"A": 1.5}) == {"A": 1.5}
            assert getattr(calib, "noise", {"A": 7.0}) == {"A": 7.0}
    for name in {n for n, cls in own_types().items() if cls.SPEC.nominal is None} - set(seeds()):
        with pytest.raises(CuratedError, match=f"{name}: a detector alone does not imply a calibration"):
            own_types()[name].fromDetector(detector)


def test_the_spelling_of_the_instrument() -> None:
    detectors = {"d00": Detector(0, "d00")}
    assert Instrument("Demo", "demo", detectors).geometry(0).instrument == "Demo"
    assert Instrument("LSSTCam-imSim", "imsim", detectors).geometry("D00").instrument == "imsim"
    with pytest.raises(CuratedError, match="there is no detector 'd1'") as caught:
        Instrument("Demo", "demo", detectors).geometry("d1")
    assert caught.value.hint == "known detectors: d00 (0)"
    source, _ = read((ROOT / "calibs/demo/camera/20200101T000000.yaml").read_bytes(), "yaml")
    camera, _ = CameraGeometry.from_source(source)
    with pytest.raises(CuratedError, match="there is no detector 7"):
        camera.detector(7)


# -- all that is in force -----------------------------------------------------------------------------------


def test_all_agrees_with_find(demo: Calibrations) -> None:
    for at in ("2021-12-01", datetime(2024, 3, 1), Time("2023-06-01T00:00:00", scale="tai")):
        epochs = demo.all("Demo", at=at)
        assert {epoch.type for epoch in epochs} <= set(demo.types())
        for epoch in epochs:
            found = demo.find(
                epoch.type, instrument="demo", at=at, detector=epoch.detector, filter=epoch.filter
            )
            assert found == epoch
    assert not [e for e in demo.all("demo", at="2021-12-01") if (e.type, e.detector) == ("defects", "d02")]
    by_number = demo.all("demo", at="2024-01-01", type_name="DEFECTS", detector=2)
    assert [epoch.detector for epoch in by_number] == ["d02"]


def test_a_night_has_what_changes(demo: Calibrations) -> None:
    question = {"type_name": "defects", "detector": "d00"}
    for night in ("2024-02-29", "20240229", datetime(2024, 2, 29).date()):
        assert [e.start.year for e in demo.night("demo", night, **question)] == [2023, 2024]
    assert [e.start.year for e in demo.night("demo", "2024-03-01", **question)] == [2024]
    calib = demo.read(demo.night("demo", "2024-03-01", **question)[0])
    assert calib == demo.get("defects", instrument="demo", detector="d00", at="2024-03-02")


def test_names_and_times_that_do_not_exist(demo: Calibrations) -> None:
    for call, message in (
        (lambda: demo.all("demo", at="soon"), "'soon' is not a date-time"),
        (lambda: demo.all("demo", at="2024-01-01", detector="d0"), "demo has no detector 'd0'"),
        (lambda: demo.night("demo", "2024-02-30"), "'2024-02-30' is not a date of the calendar"),
        (lambda: demo.night("dem", "2024-02-01"), "unknown instrument 'dem'"),
        (lambda: demo.epochs(instrument="demo", detector="d9"), "demo has no detector 'd9'"),
        (lambda: demo.epochs("defects", instrument="demo", detector=99), "demo has no detector '99'"),
        (lambda: demo.epochs(instrument="demo", filter="rr"), "demo has no filter 'rr'"),
    ):
        with pytest.raises(CuratedError, match=message) as caught:
            call()
        assert caught.value.hint
    assert demo.epochs("flat", instrument="demo", detector="d00", filter="r") == []


def test_numbers_of_detectors_that_nobody_declares(make_package: MakePackage) -> None:
    files = {defects_path(0).replace("/d00/", "/left/"): defects_text(detector=7), "curated.yaml": ""}
    calibrations = curated.open(make_package(files).path)
    for detector in (7, "7", "LEFT"):
        assert [e.detector for e in calibrations.epochs(instrument="lab", detector=detector)] == ["left"]
        assert [e.detector for e in calibrations.all("lab", at="2024-01-01", detector=detector)] == ["left"]
