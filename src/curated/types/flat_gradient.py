"""Large-scale gradients of flat fields over the focal plane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Content
from curated.core.diagnostic import Problem
from curated.core.tables import TableData
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.types import _nominal
from curated.types._flat_gradient_math import MEASURES
from curated.types._rules import order_problems


def _scalar(doc: str, name: str, **kwargs: Any) -> Any:
    """Declare a single number."""
    return column("f8", column=name, doc=doc, **kwargs)


@calibration
class FlatGradient(Calib):
    """Radial and planar gradients of a flat field over the focal plane, in one filter.

    A spline in the distance from the centre, a plane, and the ratio of the mean throughputs of the detectors of
    both makers. Positions are in millimetres in the focal plane.
    """

    SPEC: ClassVar = Spec(
        name="flat_gradient",
        title="Large-scale gradients of a flat field",
        obstype="flatGradient",
        version=1.0,
        versions=(1.0,),
        schema="FlatGradient",
        dimensions=("instrument", "physical_filter"),
        start=_nominal.flat_gradient,
        storage_class="IsrCalib",
        dataset_type="flat_gradient_reference",
        calibcls="lsst.ip.isr.flatGradient.FlatGradient",
        forms=("ecsv", "yaml", "json"),
        tables=(Table(name="GRADIENT", rows="one", fits_units="given"),),
        aliases=("flatGradient",),
        measures=MEASURES,
        plot=PlotSpec(
            kind="curve",
            x="radialSplineNodes",
            y="radialSplineValues",
            labels=("Distance from the centre (mm)", "Relative throughput"),
        ),
    )

    radialSplineNodes: Array = column(
        "f8",
        column="RADIAL_SPLINE_NODES",
        shape=("*",),
        unit="mm",
        minimum=0,
        doc="Nodes of the spline: distances from the centre.",
    )
    radialSplineValues: Array = column(
        "f8",
        column="RADIAL_SPLINE_VALUES",
        shape=("*",),
        above=0,
        doc="Relative throughput at the nodes.",
    )
    itlRatio: float = _scalar(
        "Mean throughput of ITL detectors over that of E2V detectors.", "ITL_RATIO", above=0
    )
    centroidX: float = _scalar("Centre of the gradients, x.", "CENTROID_X", unit="mm")
    centroidY: float = _scalar("Centre of the gradients, y.", "CENTROID_Y", unit="mm")
    centroidDeltaX: float = _scalar(
        "Offset of the radial spline's centre from that of the plane, x.", "CENTROID_DELTA_X", unit="mm"
    )
    centroidDeltaY: float = _scalar(
        "Offset of the radial spline's centre from that of the plane, y.", "CENTROID_DELTA_Y", unit="mm"
    )
    gradientX: float = _scalar("Slope of the plane along x.", "GRADIENT_X", unit="1/mm")
    gradientY: float = _scalar("Slope of the plane along y.", "GRADIENT_Y", unit="1/mm")
    normalizationFactor: float = _scalar(
        "Factor by which the flat was divided.", "NORMALIZATION_FACTOR", above=0
    )

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Read numbers from the vectors of one element that the stack writes."""
        if content.form not in ("ecsv", "fits"):
            return []
        for declared in cls.FIELDS:
            value = content.values.get(declared.name)
            if not declared.shape and isinstance(value, np.ndarray) and value.shape == (1,):
                content.values[declared.name] = value[0]
        return []

    def problems(self) -> Iterator[Problem]:
        """Yield splines that cannot be evaluated."""
        nodes, values = self.radialSplineNodes, self.radialSplineValues
        if len(nodes) != len(values):
            detail = f"{len(nodes)} nodes, but {len(values)} values"
            yield Problem("CAL215", ("radialSplineValues",), detail)
        elif len(nodes) < 2:
            yield Problem("CAL215", ("radialSplineNodes",), f"nodes: {len(nodes)}; a spline needs two")
        yield from order_problems("radialSplineNodes", nodes)

    def tables(self) -> list[TableData]:
        """Return the stack's table, with numbers as vectors of one element: its reader takes the first."""
        tables = super().tables()
        for data in tables[0].columns.values():
            data.values = data.values.reshape(1, -1)
        return tables

    def plane(self, x: Any, y: Any) -> Array:
        """Return the planar gradient, ``1 + gradientX (x - centroidX) + gradientY (y - centroidY)``.

        The formula is that of the public review of the stack's class (github.com/lsst/ip_isr, pull request 423):
        the offset of the centre belongs to the radial spline alone.

        Parameters
        ----------
        x, y : `numpy.ndarray`, any shape
            Positions in the focal plane (mm).

        Returns
        -------
        plane : `numpy.ndarray`, shape of ``x`` and ``y``
            Factor of the flat field.
        """
        offset_x, offset_y = np.asarray(x, "f8") - self.centroidX, np.asarray(y, "f8") - self.centroidY
        plane: Array = 1 + self.gradientX * offset_x + self.gradientY * offset_y
        return plane

    def radius(self, x: Any, y: Any) -> Array:
        """Return the distance from the centre of the radial spline, its offset included.

        The kind of spline is not recorded in the file, so there is no method for its value.

        Parameters
        ----------
        x, y : `numpy.ndarray`, any shape
            Positions in the focal plane (mm).

        Returns
        -------
        radius : `numpy.ndarray`, shape of ``x`` and ``y``
            Distances (mm).
        """
        offset_x = np.asarray(x, "f8") - (self.centroidX + self.centroidDeltaX)
        offset_y = np.asarray(y, "f8") - (self.centroidY + self.centroidDeltaY)
        radius: Array = np.hypot(offset_x, offset_y)
        return radius
