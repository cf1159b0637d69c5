"""The defaults of hooks: a type that overrides none has no rules, no files beside it, and is not applied to images."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from curated.calib import Calib, calibration
from curated.core.diagnostic import CuratedError
from curated.core.geometry import DetectorGeometry
from curated.declare import Array, Spec, Table, column


@calibration
class Curve(Calib):
    """A type with a declaration and nothing else."""

    SPEC: ClassVar = Spec(
        name="curve",
        title="A curve",
        obstype="CURVE",
        dimensions=("instrument",),
        storage_class="Curve",
        calibcls="tests.Curve",
        tables=(Table(name="curve", rows="free"),),
    )
    x: Array = column("f8", column="x", unit="nm", doc="Abscissae.")


def test_a_declaration_is_enough() -> None:
    curve = Curve.fromDict({"metadata": {"INSTRUME": "Lab"}, "x": [1.0, 2.0]})
    assert curve.validate()
    assert list(curve.problems()) == list(curve.fits_on(1, 1)) == curve.fits_images() == []
    assert curve.claims() is curve.companion() is None
    assert curve.attach("x.fits") == (curve, [])
    assert curve.described("x.fits") is curve
    assert Curve.text_schema({"a": 1}) == {"a": 1}
    assert curve.tables()[0].columns.keys() == {"x"}
    assert Curve.fromTable(curve.toTable()) == curve
    assert Curve.fromDict(curve.toDict()) == curve


def test_what_a_type_has_to_say_itself() -> None:
    with pytest.raises(CuratedError, match="curve is nothing that can be applied to an image"):
        Curve.fromDict({"metadata": {}, "x": [1.0]}).apply(np.zeros((2, 2)))
    with pytest.raises(CuratedError, match="curve: a detector alone does not imply a calibration"):
        Curve.fromDetector(DetectorGeometry("d00", 0))
