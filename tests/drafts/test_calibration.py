"""Drafts of calibrations of every type: valid as they are, marked, and convertible."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from astropy.table import Table as AstropyTable

from curated.calib import Calib, calibration
from curated.calib.arrays import is_equal
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError, Problem
from curated.declare import Spec, Table, column
from curated.drafts.calibration import DraftRequest, Drafts, _from_declaration, draft_calibrations
from curated.drafts.geometry import GeometryOptions, make_detectors
from curated.drafts.instrument import (
    camera_path,
    camera_text,
    declare_instrument,
    draft_camera,
    instrument_text,
    parse_filter,
)
from curated.drafts.package import draft_package
from curated.exchange.placement import Place, find_instrument
from curated.package.package import Package, open_package
from curated.registry import all_types
from curated.text import read
from support.cameras import detector, write_camera

START = datetime(2026, 1, 1)
TYPES = [*all_types().values()]


def write(root: Path, contents: dict[str, bytes]) -> None:
    for path, content in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with an instrument of two detectors with two amplifiers, two filters, and their camera."""
    root = tmp_path_factory.mktemp("drafts")
    detectors = make_detectors(GeometryOptions(detectors="2", size="32x16", amplifiers="2", gain="1.5,1.6"))
    filters = [parse_filter("g"), parse_filter("r_57=r")]
    instrument = declare_instrument("Cam", detectors, filters)
    camera = draft_camera(instrument, detectors, filters, datetime(1970, 1, 1), "a test")
    assert camera is not None
    write(root, {path: text.encode() for path, text in draft_package("cam").items()})
    write(root, {"calibs/cam/instrument.yaml": instrument_text(instrument, "a test").encode()})
    write(root, {f"calibs/{camera_path(instrument, datetime(1970, 1, 1))}": camera_text(camera).encode()})
    write_camera(
        root / "camera.fits",
        "Cam",
        [
            detector(
                n, f"d{n:02d}", width=32, height=16, amplifiers=[(a, 16, 16, 1.5) for a in ("C00", "C01")]
            )
            for n in (0, 1)
        ],
    )
    settings = (root / "curated.yaml").read_text("utf-8").replace("stage: new", "# stage: new")
    (root / "curated.yaml").write_text(settings, "utf-8")
    return root


@pytest.fixture
def package(root: Path) -> Package:
    return open_package(root)


def make(package: Package, cls: type, form: str = "", *, every: bool = False, **changes: object) -> Drafts:
    spec = cls.SPEC  # type: ignore[attr-defined]
    values = {
        "detectors": ("d00",) if spec.has_detector and not every else (),
        "filters": ("r_57",) if spec.has_filter and not every else (),
        "placeholder": True,
        "file": str(package.root / "camera.fits") if spec.verbatim else "",
    }
    request = DraftRequest(start=START, form=form, every=every, **{**values, **changes})  # type: ignore[arg-type]
    return draft_calibrations(package, find_instrument(package, ""), cls, request)


@pytest.mark.parametrize(
    ("name", "form"), [(cls.SPEC.name, form) for cls in TYPES for form in cls.SPEC.forms]
)
def test_every_type_in_every_form_is_valid_and_marked(package: Package, name: str, form: str) -> None:
    cls = next(cls for cls in TYPES if cls.SPEC.name == name)
    contents = make(package, cls, form).contents
    (path,) = (path for path in contents if path.endswith(f".{form}"))
    source, problems = read(contents[path], form)
    assert source is not None
    calib, more = cls.from_source(source)
    assert [p for p in [*problems, *more] if p.code[3] in "23"] == []
    if cls.SPEC.verbatim:
        assert "DRAFT" not in calib.metadata
        return
    keys = calib.metadata["DRAFT"].removeprefix("fill in ").partition(" and ")[0].split(", ")
    text = contents[path].decode()
    # Each of them has its note above, or is named by that of its table; JSON has no comments.
    columns = {
        field.key: field.keyword or field.names[0] for field in cls.FIELDS if field.keyword or field.names
    }
    pairs = [(a, b) for a, b in itertools.pairwise(text.splitlines()) if "FILL IN" in a]
    for key in keys if form != "json" else ():
        assert any(key in note or key in line or columns.get(key, key) in line for note, line in pairs), key
    if form == "ecsv":
        assert (
            AstropyTable.read(text.splitlines(), format="ascii.ecsv").meta["DRAFT"] == calib.metadata["DRAFT"]
        )
    # The canonical text is what is left without the comments.
    lines = [
        line for line in text.splitlines() if "FILL IN" not in line and "a draft of 'curated new'" not in line
    ]
    bare = [line for line in lines if not line.startswith("# Geometry and nominal")]
    assert "\n".join(bare) == calib.text_bytes(form).decode().rstrip("\n")


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.SPEC.name)
def test_every_type_converts_to_fits(package: Package, tmp_path: Path, cls: type[Calib]) -> None:
    write(tmp_path, make(package, cls).contents)
    (text,) = (path for path in tmp_path.rglob("*.*") if path.suffix[1:] in cls.SPEC.forms)
    calib = cls.readText(text)
    fits = tmp_path / "calib.fits"
    calib.writeFits(fits)
    again = cls.readFits(fits)
    assert again.metadata.get("DRAFT") == calib.metadata.get("DRAFT")
    if not cls.SPEC.beside:
        before, after = calib.content_values(), again.content_values()
        assert [name for name in before if not is_equal(before[name], after[name])] == []


def test_all_together_pass_the_check(root: Path, package: Package) -> None:
    for cls in TYPES:
        write(root, make(package, cls).contents)
    package = open_package(root)
    report = check_package(package, use_cache=False, jobs=1)
    drafts = {cls.SPEC.name for cls in TYPES if not cls.SPEC.verbatim}
    assert {d.code for d in report.diagnostics} == {"CAL700"}
    assert {d.file.split("/")[2] for d in report.diagnostics} == drafts


def test_nominal_values_are_those_of_the_camera_in_force(package: Package) -> None:
    cls = next(cls for cls in TYPES if cls.SPEC.name == "ptc")
    (text,) = make(package, cls, "yaml").contents.values()
    assert b"gain:\n  C00: 1.5\n  C01: 1.6\n" in text
    instrument = find_instrument(package, "")
    assert cls.fromDetector(instrument.geometry("d00")).noise == {"C00": 5.0, "C01": 5.0}


def test_one_file_for_each_detector_and_filter(package: Package) -> None:
    cls = next(cls for cls in TYPES if cls.SPEC.name == "transmission_filter_detector")
    paths = list(make(package, cls, every=True).contents)
    assert paths == [
        f"calibs/cam/transmission_filter_detector/{d}/{f}/20260101T000000.ecsv"
        for d in ("d00", "d01")
        for f in ("g", "r_57")
    ]
    assert len(make(package, cls, every=True, detectors=("1", "d01")).contents) == 2


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("defects", {"detectors": ()}, "Cam has 2 detectors"),
        ("defects", {"detectors": ("d0",)}, "Cam has no detector 'd0'"),
        ("defects", {"detectors": ("../d00",)}, "no detector '../d00'"),
        ("defects", {"filters": ("g",)}, "the type has no filter"),
        ("transmission_filter", {"filters": ("r57",)}, "Cam has no filter 'r57'"),
        ("transmission_filter", {"form": "json", "end": START}, "--until is not after --from"),
        ("manual_defects", {"form": "json"}, "manual_defects has no form json"),
        ("flat", {"placeholder": False}, "flat is an image, and there is none"),
        ("flat", {"file": "x.fits"}, "--file is not for images"),
        ("stack_camera", {"file": ""}, "keeps a file as it is"),
        ("stack_camera", {"file": "/dev/zero"}, "is no regular file"),
        ("stack_camera", {"file": __file__}, "no camera file|does not begin with SIMPLE"),
        ("stack_camera", {"file": "none.fits"}, "cannot be read"),
    ],
)
def test_what_cannot_be_drafted_is_refused(
    package: Package, name: str, changes: dict[str, object], message: str
) -> None:
    cls = next(cls for cls in TYPES if cls.SPEC.name == name)
    with pytest.raises(CuratedError, match=message) as caught:
        make(package, cls, **changes)  # type: ignore[arg-type]
    assert caught.value.hint


@calibration
class Visits(Calib):
    """Dated rows, which nobody can make up."""

    SPEC: ClassVar = Spec(
        name="visits",
        title="Visits",
        obstype="visits",
        dimensions=("instrument",),
        storage_class="IsrCalib",
        calibcls="other.Visits",
        forms=("yaml",),
        tables=(Table(name="visits", rows="records"),),
    )

    date: Any = column("str", column="DATE", doc="When it was.")

    def problems(self) -> Iterator[Problem]:
        """Yield dates without digits."""
        for row, date in enumerate(self.date.tolist()):
            if not any(map(str.isdigit, date)):
                yield Problem("CAL301", ("visits", row, "date"), f"{date} is no date")


def test_rows_that_cannot_be_made_up_are_left_out(package: Package) -> None:
    place = Place(directory="x", instrument=find_instrument(package, ""), detector=None, filter="")
    calib, unknown = _from_declaration(Visits, place, {"OBSTYPE": "visits", "INSTRUME": "Cam"})
    assert (calib.toDict()["visits"], unknown) == ([], ("date",))
    assert calib.metadata["DRAFT"] == "fill in date"
