"""Values of drafts from declarations alone, as types of other packages have them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from curated.calib import Calib, calibration
from curated.calib.mismatch import detector_keywords
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare import Spec, Table, column
from curated.declare.starting_values import complete_values
from curated.drafts.calibration import make_draft

NO_BOX = Box(0, 0, 0, 0)
DETECTOR = DetectorGeometry("d00", 0, 32, 16, (Amplifier("A", NO_BOX), Amplifier("B", NO_BOX)), "Cam")


def spec(**more: Any) -> Spec:
    values = {
        "name": "wavefront",
        "title": "Wavefronts",
        "obstype": "wavefront",
        "dimensions": ("instrument", "detector"),
        "storage_class": "IsrCalib",
        "calibcls": "other.Wavefront",
        "tables": (
            Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER"),
            Table(name="ROWS", rows="free"),
        ),
        "sizes": {"side": "SIDE"},
    }
    return Spec(**{**values, **more})


@calibration
class Wavefront(Calib):
    """A type of another package, without a word of drafts."""

    SPEC: ClassVar = spec()

    level: dict[str, float] = column("f8", column="LEVEL", above=0, doc="Level.")
    count: dict[str, int] = column("i8", column="COUNT", minimum=3, maximum=9, doc="Count.")
    share: dict[str, float] = column("f8", column="SHARE", above=0, maximum=0.5, doc="Share.")
    kind: dict[str, str] = column("str", column="KIND", choices=("flat", "bent"), doc="Kind.")
    used: dict[str, bool] = column("bool", column="USED", doc="Whether it is used.")
    time: dict[str, float] = column("f8", column="TIME", unit="s", needs_unit=True, doc="Time.")
    matrix: dict[str, Any] = column("f8", column="MATRIX", shape=("side", "side"), doc="Matrix.")
    optional: dict[str, float] = column(
        "f8", column="OPTIONAL", required=False, default=dict, doc="Not needed."
    )
    row: Any = column("f8", table=1, column="ROW", maximum=-1, doc="A row.")


def draft(cls: type[Calib]) -> Any:
    metadata = {**detector_keywords(cls.SPEC, DETECTOR), "CALIBDATE": "2026-01-01T00:00:00"}
    return make_draft(
        cls, complete_values(cls.SPEC, cls.FIELDS, cls.draft(DETECTOR), ["A", "B"], metadata), metadata
    )


def test_values_keep_to_the_declaration() -> None:
    calib = draft(Wavefront)
    assert (calib.level, calib.count, calib.share) == (
        {"A": 1.0, "B": 1.0},
        {"A": 6, "B": 6},
        {"A": 0.25, "B": 0.25},
    )
    assert (calib.kind["A"], calib.used["B"], calib.optional) == ("flat", False, {})
    assert calib.matrix["A"].shape == (3, 3)
    assert calib.metadata["SIDE"] == 3
    assert calib.row.tolist() == [-1.0]
    assert calib.units["time"] == "s"
    again = Wavefront.fromDict(calib.toDict())
    assert again == calib


@calibration
class Odd(Wavefront):
    """A type with a rule that no declaration expresses."""

    SPEC: ClassVar = spec(name="odd")

    def problems(self) -> Any:
        """Yield levels that are not even."""
        if self.level["A"] % 2:
            yield Problem("CAL301", ("level", "A"), "level of A is not even")


@calibration
class Even(Odd):
    """The same type, which says what its drafts start from."""

    SPEC: ClassVar = spec(
        name="odd", start=lambda detector: {"level": {a.name: 2.0 for a in detector.amplifiers}}
    )


def test_a_rule_beyond_the_declaration_needs_a_start() -> None:
    with pytest.raises(CuratedError, match="level of A is not even") as caught:
        draft(Odd)
    assert "'start'" in caught.value.hint
    assert draft(Even).level == {"A": 2.0, "B": 2.0}
    assert np.isfinite(draft(Even).matrix["A"]).all()


def test_rows_may_be_left_out() -> None:
    values = complete_values(Wavefront.SPEC, Wavefront.FIELDS, {}, ["A"], {}, has_rows=False)
    assert values["row"] == []
    assert values["level"] == {"A": 1.0}
