"""The camera: lists of records, checked at their lines, and generated cameras through all forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
from curated.text import read
from curated.types.camera import CameraGeometry
from support.round_trips import NAMES, NUMBERS, POSITIVE, Tree, assert_comes_back
from support.texts import examples

FILE = Path(__file__).parents[2] / "calibs/demo/camera/20200101T000000.yaml"


@pytest.fixture(scope="module")
def text() -> str:
    return FILE.read_text()


@pytest.fixture(scope="module")
def camera() -> CameraGeometry:
    return CameraGeometry.readText(FILE)


def findings(text: str) -> list[tuple[int, str, str]]:
    """Line, code and message of all that is wrong."""
    source, problems = read(text.encode(), "yaml")
    assert source is not None
    _, more = CameraGeometry.from_source(source)
    diagnostics = sorted(source.diagnose(problem, "camera.yaml") for problem in problems + more)
    return [(d.line, d.code, d.message) for d in diagnostics]


def line_of(text: str, start: str) -> int:
    return 1 + next(i for i, line in enumerate(text.splitlines()) if line.startswith(start))


def test_values_and_defaults(camera: CameraGeometry) -> None:
    assert camera.detector_name.tolist() == ["d00", "d01", "d02", "d03"]
    assert camera.detector_type.tolist() == ["SCIENCE"] * 4
    assert camera.detector_rotation.tolist() == [0, 0, 180, 180]
    assert camera.flip_x.dtype == bool
    assert camera.amplifier_gain.shape == (16,)


def test_fits_tables_are_named_and_have_units(camera: CameraGeometry, tmp_path: Path) -> None:
    with fits.open(camera.writeFits(tmp_path / "camera.fits")) as hdus:
        assert [hdu.name for hdu in hdus[1:]] == ["DETECTORS", "AMPLIFIERS", "FILTERS"]
        assert hdus["DETECTORS"].columns["X"].unit == "mm"
        assert hdus["AMPLIFIERS"].columns["GAIN"].unit == "electron/adu"
        assert hdus["FILTERS"].columns["WAVELENGTH"].unit == "nm"
        assert hdus["DETECTORS"].header["INSTRUME"] == "Demo"


def test_fits_and_back(camera: CameraGeometry, tmp_path: Path) -> None:
    again = CameraGeometry.readFits(camera.writeFits(tmp_path / "camera.fits"))
    for declared in camera.FIELDS:
        assert np.array_equal(getattr(again, declared.name), getattr(camera, declared.name)), declared.name
    trees = [{k: v for k, v in calib.toDict().items() if k != "metadata"} for calib in (again, camera)]
    assert trees[0] == trees[1]


def test_fits_tables_are_found_by_name(camera: CameraGeometry, tmp_path: Path) -> None:
    path = tmp_path / "camera.fits"
    camera.writeFits(path)
    with fits.open(path) as hdus:
        fits.HDUList([hdus[0].copy(), *(hdus[i].copy() for i in (3, 1, 2))]).writeto(tmp_path / "other.fits")
    assert (
        CameraGeometry.readFits(tmp_path / "other.fits").amplifier_name.tolist()
        == camera.amplifier_name.tolist()
    )


def test_fits_without_a_table(camera: CameraGeometry, tmp_path: Path) -> None:
    path = tmp_path / "camera.fits"
    camera.writeFits(path)
    with fits.open(path) as hdus:
        fits.HDUList([hdus[0].copy(), hdus["DETECTORS"].copy()]).writeto(tmp_path / "short.fits")
    with pytest.raises(CalibrationError, match="no table AMPLIFIERS"):
        CameraGeometry.readFits(tmp_path / "short.fits")


def test_fits_without_a_column(camera: CameraGeometry, tmp_path: Path) -> None:
    """A column that is not required has its default; one that is, is named."""
    tree = camera.fits_tables()
    for names, expected in ((("SERIAL", "ROTATION"), None), (("WIDTH",), "column 'WIDTH' is missing")):
        tables = {t.keywords["EXTNAME"]: _columns(t, names) for t in tree}
        made, problems = CameraGeometry.from_fits_tables(camera.metadata, tables)
        if expected is None:
            assert made is not None
            assert made.detector_serial.tolist() == [""] * 4
            assert made.detector_rotation.tolist() == [0.0] * 4
        else:
            assert made is None
            assert any(expected in problem.detail for problem in problems)


def _columns(table, without):
    from curated.core.tables import TextColumn

    return {
        name: TextColumn(column.values, str(column.values.dtype), column.unit)
        for name, column in table.columns.items()
        if name not in without
    }


def test_dictionary_and_back(camera: CameraGeometry) -> None:
    tree = camera.toDict()
    assert "type" not in tree["detectors"][0]
    assert tree["detectors"][2]["rotation"] == 180.0
    assert "units" not in tree
    assert CameraGeometry.fromDict(tree) == camera


def test_filters_are_optional(text: str, tmp_path: Path) -> None:
    bare = text[: text.index("filters:")]
    assert findings(bare) == []
    path = tmp_path / "camera.yaml"
    path.write_text(bare)
    camera = CameraGeometry.readText(path)
    assert camera.filter_name.tolist() == []
    assert "filters" not in camera.toDict()
    again = CameraGeometry.readFits(camera.writeFits(tmp_path / "camera.fits"))
    assert again.filter_name.tolist() == []


def test_a_filter_without_a_wavelength(text: str) -> None:
    assert findings(text.replace(", wavelength: 476.5", "")) == []


CASES = [
    ("id: 1", "id: 0", "- {id: 0, name: d01", "CAL306", "id 0 is that of detectors 1"),
    ("id: 1", "id: true", "- {id: true", "CAL211", "True is not a whole number"),
    ("id: 1", "id: 1.5", "- {id: 1.5", "CAL305", "1.5 is not a whole number"),
    ("id: 1", f"id: {10**25}", "- {id: 10", "CAL211", "is not a whole number"),
    ("slot: S01", "slot: 1", "- {id: 1", "CAL211", "1 is not text"),
    (", pixel_size: 0.015", "", "- {id: 0", "CAL210", "field 'pixel_size' is missing"),
    (
        "pixel_size: 0.015",
        "pixel_size: -1",
        "- {id: 0",
        "CAL301",
        "detectors 1 pixel_size: -1.0 is not positive",
    ),
    ("x: 8.43", "x: .nan", "- {id: 1", "CAL302", "nan is not finite"),
    ("slot: S01", "slot: S01, type: SPARE", "- {id: 1", "CAL301", "'SPARE' is not one of SCIENCE, GUIDER"),
    ("slot: S01", "slot: S01, colour: red", "- {id: 1", "CAL212", "'colour' is not one of"),
    ("detectors:", "detector:", "", "CAL210", "the list 'detectors' is missing"),
    ("filters:", "filters: 5\nothers:", "filters: 5", "CAL211", "filters is not a list"),
    ("- {name: g, band: g, wavelength: 476.5}", "- 5", "- 5", "CAL211", "filters 1 is not a mapping"),
    (
        "name: C01",
        "name: C00",
        "- {detector: d00, name: C00, x0: 512",
        "CAL306",
        "name d00 C00 is that of amplifiers 1",
    ),
    (
        "x0: 512, y0: 0, width: 512",
        "x0: 513, y0: 0, width: 512",
        "- {detector: d00, name: C01",
        "CAL307",
        "1024 x 1024",
    ),
    ("x0: 512, y0: 0", "x0: 511, y0: 0", "- {detector: d00, name: C01", "CAL308", "C01 overlaps d00 C00"),
    (
        "detector: d00, name: C01",
        "detector: dx, name: C01",
        "- {detector: dx",
        "CAL308",
        "detector 'dx' is not one of d00",
    ),
    ("flip_x: true", "flip_x: 1", "- {detector: d00, name: C01", "CAL211", "1 is not true or false"),
    (
        "readout_corner: LR",
        "readout_corner: XX",
        "- {detector: d00, name: C01",
        "CAL301",
        "'XX' is not one of LL, LR",
    ),
    ("filters:", "units: {detector_x: s}\nfilters:", "units:", "CAL216", "unit 's', expected 'mm'"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1])
def test_problem_at_its_line(text: str, case: tuple[str, str, str, str, str]) -> None:
    old, new, start, code, message = case
    assert findings(text) == []
    changed = text.replace(old, new, 1)
    assert changed != text
    line = line_of(changed, start) if start else 1
    found = findings(changed)
    assert any(f[:2] == (line, code) and message in f[2] for f in found), found


def test_a_detector_without_amplifiers(text: str) -> None:
    changed = "\n".join(line for line in text.splitlines() if not line.startswith("- {detector: d03")) + "\n"
    assert findings(changed) == [(line_of(changed, "- {id: 3"), "CAL308", "detector d03 has no amplifier")]


# -- any values -----------------------------------------------------------------------------------------

OVERSCAN = (
    *("raw_x0", "raw_y0", "serial_overscan_x0", "serial_overscan_y0"),
    *("serial_overscan_width", "serial_overscan_height"),
)


PIXELS = st.integers(1, 10**6)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    detectors, amplifiers = [], []
    for number, name in enumerate(draw(st.lists(NAMES, max_size=2, unique=True))):
        # Amplifiers beside each other, as wide as the detector together.
        parts = draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
        width, height = draw(PIXELS), draw(PIXELS)
        detectors.append(
            {
                "id": number,
                "name": name,
                "raft": draw(NAMES),
                "slot": draw(NAMES),
                "serial": draw(NAMES),
                "width": width * len(parts),
                "height": height,
                "x": draw(NUMBERS),
                "y": draw(NUMBERS),
                "pixel_size": draw(POSITIVE),
            }
        )
        amplifiers += [
            {
                "detector": name,
                "name": part,
                "x0": i * width,
                "y0": 0,
                "width": width,
                "height": height,
                **{key: draw(st.integers(0, 10**6)) for key in OVERSCAN},
                "flip_x": draw(st.booleans()),
                "flip_y": draw(st.booleans()),
                "gain": draw(POSITIVE),
                "read_noise": draw(POSITIVE),
                "saturation": draw(POSITIVE),
                "readout_corner": draw(st.sampled_from(["LL", "LR", "UL", "UR"])),
            }
            for i, part in enumerate(parts)
        ]
    filters = [{"name": name, "band": draw(NAMES)} for name in draw(st.lists(NAMES, max_size=2, unique=True))]
    metadata = {"OBSTYPE": "camera", "INSTRUME": "cam", "CALIBDATE": "2024-01-01T00:00:00"}
    return {"metadata": metadata, "detectors": detectors, "amplifiers": amplifiers, "filters": filters}


@examples(50)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert_comes_back(CameraGeometry.fromDict(tree), tmp_path_factory.getbasetemp())
