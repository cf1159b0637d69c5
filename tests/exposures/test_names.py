"""Names of instruments, detectors and filters in tables, declared and inferred."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.exposures.names import FilterName, Names, UnknownNameError
from curated.package.package import open_package
from support.packages import defects_path, defects_text

DECLARED = """\
name: LabCam
detectors: [{id: 4, name: R00_S00}, {id: 17, name: R00_S01}]
filters: [{name: g_1, band: g}, {name: g_2, band: g}, {name: "H alpha", band: r}]
utc_offset: 9
"""


def make_names(root: Path, files: dict[str, str], *, selected: tuple[str, ...] = ()) -> Names:
    for path, text in {"curated.yaml": "calibs: calibs\n", **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return Names((open_package(root),), ("u", "g", "r"), selected)


def test_declared_names(tmp_path: Path) -> None:
    names = make_names(tmp_path, {"calibs/lab/instrument.yaml": DECLARED})
    assert [names.instrument(text) for text in ("", "lab", "LAB", "labcam")] == ["lab"] * 4
    assert [names.detector("lab", text) for text in ("4.0", "017", "r00_s00", "R00_S01")] == [
        *("r00_s00", "r00_s01", "r00_s00", "r00_s01"),
    ]
    assert names.filter("lab", "G_1") == FilterName("g_1", "g")
    assert names.filter("lab", "H alpha") == names.filter("lab", "r") == FilterName("h_alpha", "r")
    assert names.utc_offset("lab") == 9.0


@pytest.mark.parametrize(
    ("level", "text", "message"),
    [
        ("detector", "5", "unknown detector '5' of lab; there are r00_s00, r00_s01"),
        ("detector", "R00S1", "did you mean"),
        ("filter", "g", "band 'g' has the filters g_1, g_2: name the filter instead"),
        ("filter", "H-alpa", "did you mean 'h_alpha'?"),
        ("detector", "9" * 5000, "unknown detector"),
        ("detector", "²", "unknown detector"),
    ],
)
def test_unknown_names(tmp_path: Path, level: str, text: str, message: str) -> None:
    names = make_names(tmp_path, {"calibs/lab/instrument.yaml": DECLARED})
    with pytest.raises(UnknownNameError, match=message) as raised:
        getattr(names, level)("lab", text)
    assert len(str(raised.value)) < 300


def test_names_that_are_inferred(tmp_path: Path) -> None:
    lab = {"INSTRUME": "Laboratory"}
    files = {defects_path(1): defects_text(lab, detector=31), defects_path(2): defects_text(lab, detector=32)}
    names = make_names(tmp_path, files)
    assert names.instrument("laboratory") == "lab"
    assert [names.detector("lab", text) for text in ("D01", "32", "31")] == ["d01", "d02", "d01"]
    with pytest.raises(UnknownNameError, match="unknown instrument 'laboratries'; did you mean 'Laboratory'"):
        names.instrument("laboratries")
    # No calibration depends on the filter.
    assert names.filter("lab", "i_1") == FilterName("i_1", "i_1")
    assert names.filter("lab", "g_7") == FilterName("g_7", "g")


def test_selected_instruments(tmp_path: Path) -> None:
    files = {defects_path(instrument=name): defects_text({"INSTRUME": name}) for name in ("lab", "cam")}
    names = make_names(tmp_path, files)
    with pytest.raises(UnknownNameError, match="no instrument; there are cam, lab"):
        names.instrument("")
    names = make_names(tmp_path, files, selected=("Cam",))
    assert [names.instrument(text) for text in ("", "cam", "lab", "other")] == ["cam", "cam", None, None]
    assert [instrument.directory for instrument in names.describe_all()] == ["cam"]
    with pytest.raises(CuratedError, match="unknown instrument 'camm'; did you mean 'cam'"):
        make_names(tmp_path, files, selected=("camm",)).instrument("")
