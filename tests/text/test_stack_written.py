"""Texts that the stack's own classes wrote are read without an error, in every form."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.calib.arrays import is_equal
from curated.check.file import check_file
from curated.package.layout import discover
from curated.registry import find_type

FORMS = ("calibs", "calibs_other_text")
LINEARITY = ("lookuptable", "squared", "polynomial", "spline", "doublespline", "proportional", "none")


@pytest.fixture(scope="module")
def written(corpus: Path) -> Path:
    return corpus / "stack_written"


def texts(written: Path) -> list[Path]:
    """All of them; their third level names the case and is no detector."""
    paths = [path for form in FORMS for path in sorted((written / form / "SynthCam").rglob("*.*"))]
    return [path for path in paths if path.is_file()]


def test_no_type_is_forgotten(written: Path) -> None:
    read = {(path.parts[-3], path.parts[-2], path.suffix) for path in texts(written)}
    assert not [name for name, _, _ in read if find_type(name) is None]
    assert {
        ("defects", "plain", ".ecsv"),
        ("defects", "empty", ".ecsv"),
        ("defects", "plain", ".yaml"),
        ("defects", "empty", ".yaml"),
        ("crosstalk", "plain", ".ecsv"),
        ("crosstalk", "plain", ".yaml"),
        ("crosstalk", "interchip", ".yaml"),
        ("bfk", "plain", ".yaml"),
        ("bfk", "detector", ".yaml"),
        *(("linearizer", case, ".yaml") for case in LINEARITY),
        *(("linearizer", case, ".ecsv") for case in LINEARITY[1:]),
        *(("ptc", case, suffix) for case in ("plain", "empty") for suffix in (".ecsv", ".yaml")),
        ("cti", "plain", ".yaml"),
        ("transmission_sensor", "plain", ".ecsv"),
        ("transmission_optics", "plain", ".ecsv"),
        ("transmission_filter", "plain", ".ecsv"),
        ("transmission_filter_detector", "plain", ".ecsv"),
        ("transmission_system", "plain", ".ecsv"),
        ("transmission_atmosphere", "plain", ".ecsv"),
        ("qe_curve", "detector", ".ecsv"),
        ("qe_curve", "amp", ".ecsv"),
        ("gain_correction", "plain", ".ecsv"),
        ("gain_correction", "plain", ".yaml"),
        ("flat_gradient", "plain", ".ecsv"),
        ("flat_gradient", "plain", ".yaml"),
        ("electrostatic", "plain", ".ecsv"),
        ("electrostatic", "plain", ".yaml"),
        ("electrostatic", "filters", ".ecsv"),
        ("electrostatic", "filters", ".yaml"),
        ("electrostatic", "smaller_fit", ".ecsv"),
        ("electrostatic", "smaller_fit", ".yaml"),
        ("photodiode", "plain", ".ecsv"),
        ("photodiode", "plain", ".yaml"),
        ("photodiode_correction", "plain", ".yaml"),
        ("shutter", "v1", ".json"),
        ("shutter", "v1", ".yaml"),
        ("shutter", "v2", ".json"),
        ("shutter", "v2", ".yaml"),
        ("provenance", "plain", ".ecsv"),
        ("provenance", "plain", ".yaml"),
    } <= read


def test_they_are_read_without_an_error(written: Path) -> None:
    for path in texts(written):
        cls = find_type(path.parts[-3])
        assert cls is not None
        calib = cls.readText(path)
        again = cls.fromDict(calib.toDict())
        assert again == calib, path


def test_the_check_finds_nothing_but_the_made_up_path(written: Path) -> None:
    for path in texts(written):
        name = path.parts[-3]
        spec = find_type(name).SPEC  # type: ignore[union-attr]
        levels = ["r22_s11"] * spec.has_detector + ["r"] * spec.has_filter
        (file,) = discover(["/".join(["SynthCam", name, *levels, path.name])], "").files
        _, report = check_file(file, path.read_bytes())
        errors = {d.code for d in report.diagnostics if d.is_error}
        # The path's filter is made up, and the metadata of all of them names a detector.
        expected = {"CAL111"} if spec.has_filter else set()
        expected |= set() if spec.has_detector else {"CAL118"}
        if name == "provenance":
            expected = {"CAL112"}  # its CALIBDATE is when the stack wrote it
        if name == "shutter":
            expected = {"CAL113"}  # the observatory's files do not say what they are of
        assert errors <= expected, (path, report.diagnostics)


def test_both_forms_say_the_same(written: Path) -> None:
    compared = 0
    for path in texts(written):
        if path.parts[-5] != "calibs":
            continue
        for other in (written / "calibs_other_text").joinpath(*path.parts[-4:-1]).glob("*.*"):
            cls = find_type(path.parts[-3])
            assert cls is not None
            first, second = cls.readText(path), cls.readText(other)
            for field in cls.FIELDS:
                if field.name == "ptcRolloffTau":
                    continue  # PhotonTransferCurveDataset.toDict writes ptcRolloff in its place
                values = [getattr(calib, field.name) for calib in (first, second)]
                if field.prefix:
                    # The stack's YAML has lost their order.
                    values = [dict(sorted(mapping.items())) for mapping in values]
                assert is_equal(*values), (path, field.name)
            compared += 1
    assert compared >= 11
