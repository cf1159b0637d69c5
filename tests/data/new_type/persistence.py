"""Persistence: charge of a bright exposure that shows in the next ones."""

from __future__ import annotations

from typing import ClassVar

from curated.calib import Calib, calibration
from curated.declare import PlotSpec, Spec, Table, column


@calibration
class Persistence(Calib):
    """Charge that saturated pixels release into the following exposures, decaying exponentially."""

    SPEC: ClassVar = Spec(
        name="persistence",
        title="Persistence of bright sources",
        obstype="persistence",
        dimensions=("instrument", "detector"),
        storage_class="IsrCalib",
        calibcls="curated.types.persistence.Persistence",
        forms=("yaml", "ecsv", "json"),
        tables=(Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER"),),
        plot=PlotSpec(kind="bars", y="trappedCharge"),
    )

    trappedCharge: dict[str, float] = column(
        "f8",
        column="TRAPPED_CHARGE",
        unit="electron",
        minimum=0,
        doc="Charge that a saturated pixel leaves in traps.",
    )
    decayTime: dict[str, float] = column(
        "f8",
        column="DECAY_TIME",
        unit="s",
        needs_unit=True,
        above=0,
        doc="Time constant with which the traps release it.",
    )
