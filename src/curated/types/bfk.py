"""Brighter-fatter kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims, Content
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.geometry import Box, DetectorGeometry, within
from curated.core.tables import ColumnData, TableData, TextColumn
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options, pixels_of, unit_of, with_pixels
from curated.types._bfk_math import BOUNDS, COMPARISONS, MEASURES, correct
from curated.types._rules import key_problems

_KERNEL: tuple[str | int, ...] = ("kernelX", "kernelY")
_ASYMMETRY = 1e-3
"""Largest difference of mirrored values, as a fraction of the largest value, that rounding in text explains."""


@calibration
class BrighterFatterKernel(Calib):
    """Kernels that describe how charge already collected repels more (Coulton et al. 2018, AJ 155, 258)."""

    SPEC: ClassVar = Spec(
        name="bfk",
        title="Kernels of the brighter-fatter effect",
        obstype="bfk",
        version=1.1,
        versions=(1.0, 1.1),
        schema="Brighter-fatter kernel",
        dimensions=("instrument", "detector"),
        storage_class="BrighterFatterKernel",
        is_read_by_stack=True,
        calibcls="lsst.ip.isr.brighterFatterKernel.BrighterFatterKernel",
        forms=("yaml", "ecsv", "json"),
        tables=(
            Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER", fits_units="none"),
            Table(name="DETECTORS", rows="key", key_column="DETECTOR", optional=True, fits_units="none"),
        ),
        sizes={"kernelX": "KERNEL_DX", "kernelY": "KERNEL_DY"},
        absent="undefined",
        keywords=("LEVEL", "KERNEL_DX", "KERNEL_DY"),
        repeats_metadata=True,
        ignored={"badAmps": "Amplifiers that are not valid; follows from `valid`."},
        aliases=("BFKERNEL",),
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "BFK"),
        bounds=BOUNDS,
        comparisons=COMPARISONS,
        plot=PlotSpec(
            kind="matrix",
            y="kernels",
            labels=("Lag along the row (pix)", "Lag along the column (pix)", "Kernel (1/electron)"),
            log=True,
            centred=True,
        ),
    )

    level: str = column(
        "str",
        keyword="LEVEL",
        text="level",
        required=False,
        default="AMP",
        choices=("AMP", "DETECTOR"),
        doc="Whether there is a kernel for each amplifier or one for the detector.",
    )
    expIdMask: dict[str, Array] = column(
        "bool",
        column="EXP_ID_MASK",
        shape=("*",),
        required=False,
        default=dict,
        doc="Whether each pair of flat fields was used.",
    )
    rawMeans: dict[str, Array] = column(
        "f8",
        column="RAW_MEANS",
        aliases=("MEANS", "means"),
        shape=("*",),
        unit="adu",
        finite=False,
        doc="Mean signal of each pair of flat fields.",
    )
    rawVariances: dict[str, Array] = column(
        "f8",
        column="RAW_VARIANCES",
        aliases=("VARIANCES", "variances"),
        shape=("*",),
        unit="adu**2",
        finite=False,
        doc="Variance of each pair of flat fields.",
    )
    rawXcorrs: dict[str, Array] = column(
        "f8",
        column="RAW_XCORRS",
        shape=("*",),
        finite=False,
        doc="Cross-correlations of each pair of flat fields, flat [pair, y, x].",
    )
    gain: dict[str, float] = column(
        "f8", column="GAIN", unit="electron/adu", finite=False, doc="Gain of the amplifier."
    )
    noise: dict[str, float] = column("f8", column="NOISE", finite=False, doc="Read noise of the amplifier.")
    meanXcorrs: dict[str, Array] = column(
        "f8", column="MEAN_XCORRS", shape=_KERNEL, finite=False, doc="Mean cross-correlations."
    )
    ampKernels: dict[str, Array] = column(
        "f8", column="KERNEL", shape=_KERNEL, unit="1/electron", finite=False, doc="Kernel of each amplifier."
    )
    valid: dict[str, bool] = column(
        "bool", column="VALID", doc="Whether each amplifier's kernel can be used."
    )
    detKernels: dict[str, Array] = column(
        "f8",
        column="KERNEL",
        table=1,
        shape=_KERNEL,
        unit="1/electron",
        required=False,
        default=dict,
        doc="Kernel of the detector.",
    )

    @property
    def kernels(self) -> dict[str, Array]:
        """Kernels in force: by detector at LEVEL DETECTOR, else by amplifier."""
        return self.detKernels if self.level == "DETECTOR" else self.ampKernels

    # -- text and FITS --------------------------------------------------------------------------------

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Read version 1.0, which had no mask, and the integers that FITS has for flags."""
        values = content.values
        valid, means = values.get("valid"), values.get("rawMeans")
        if isinstance(valid, Mapping) and content.form in ("fits", "ecsv"):
            values["valid"] = {key: bool(flag) for key, flag in valid.items()}
        if "expIdMask" not in values and isinstance(means, Mapping):
            values["expIdMask"] = {key: [True] * _length(mean) for key, mean in means.items()}
        if values.get("level", "AMP") == "DETECTOR":
            for name in ("expIdMask", "rawMeans", "rawVariances", "rawXcorrs"):
                if isinstance(values.get(name), Mapping) and not any(map(_length, values[name].values())):
                    values[name] = {}
        return []

    def tables(self) -> list[TableData]:
        """Return the stack's tables, and a table of its own for a detector kernel's flags, which the stack loses."""
        tables = super().tables()
        if self.level != "DETECTOR" or not self.valid:
            return tables
        no_amplifiers = {name: ColumnData(np.zeros(0)) for name in tables[0].columns}
        flags = {
            "AMPLIFIER": ColumnData(np.array(list(self.valid), dtype=str)),
            "VALID": ColumnData(np.array(list(self.valid.values())).astype("i8")),
        }
        return [TableData(no_amplifiers, carries_metadata=True), *tables[1:], TableData(flags)]

    @classmethod
    def from_fits_tables(
        cls, metadata: Mapping[str, Any], tables: Mapping[str, Mapping[str, TextColumn]]
    ) -> tuple[Self | None, list[Problem]]:
        """Read the stack's tables, and the table of a detector kernel's flags."""
        flags = next((t for t in list(tables.values())[1:] if "VALID" in t), None)
        kernel_tables = {name: table for name, table in tables.items() if table is not flags}
        calib, problems = super().from_fits_tables(metadata, kernel_tables)
        if calib is not None and flags is not None:
            keys, marks = flags["AMPLIFIER"].values, flags["VALID"].values
            calib.valid.update({str(k): bool(v) for k, v in zip(keys, marks, strict=True)})
        return calib, problems

    @classmethod
    def from_tree(
        cls, metadata: Mapping[str, Any], tree: Mapping[Any, Any], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Read a document, whose list of bad amplifiers has to be that of the flags, which alone are in force."""
        calib, problems = super().from_tree(metadata, tree, form)
        bad_amplifiers = tree.get("badAmps")
        if calib is not None and isinstance(bad_amplifiers, list):
            invalid = {key for key, flag in calib.valid.items() if not flag}
            if {str(name) for name in bad_amplifiers} != invalid:
                names = ", ".join(sorted(invalid)) or "no amplifier"
                detail = f"badAmps is {brief(bad_amplifiers)}, but valid is false for {names}"
                problems = [*problems, Problem("CAL308", ("badAmps",), detail)]
        return calib, problems

    def toDict(self) -> dict[str, Any]:
        """Return plain data, with the stack's list of amplifiers that are not valid."""
        return {**super().toDict(), "badAmps": [key for key, flag in self.valid.items() if not flag]}

    # -- rules ----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield doubtful kernels, a level without its kernels, and amplifiers that differ between fields."""
        yield from self._kernel_problems()
        if self.level == "DETECTOR":
            if not self.detKernels:
                yield Problem("CAL308", ("detKernels",), "LEVEL is DETECTOR, but there is no detector kernel")
            return
        if self.level != "AMP":
            return
        yield from key_problems(self.FIELDS, self, 0)
        lengths = {len(mean) for mean in self.rawMeans.values()}
        if len(lengths) > 1:
            yield Problem(
                "CAL215", ("rawMeans",), f"amplifiers have {sorted(lengths)} exposure pairs, not one number"
            )

    def _kernel_problems(self) -> Iterator[Problem]:
        """Yield kernels in force that are not finite, and those that are not their own mirror image.

        A kernel is the potential of charge in the central pixel. It is symmetric under reflection in x and in
        y, but not under their exchange (Coulton et al. 2018, AJ 155, 258, section 3).
        """
        declared = next(f for f in self.FIELDS if getattr(self, f.name) is self.kernels)
        place = declared.key
        for name, values in self.kernels.items():
            if not self.valid.get(name, True) or not values.size:
                continue
            largest = np.abs(values).max()
            if not np.isfinite(largest):
                # If the declaration forbids it, each such value has been reported.
                if not declared.finite:
                    count = int(np.count_nonzero(~np.isfinite(values)))
                    detail = f"{place} of {name}: {count} of {values.size} values are not finite"
                    yield Problem("CAL328", (place, name), detail)
                continue
            for mirrored, sides in ((values[:, ::-1], "left and right"), (values[::-1], "top and bottom")):
                # As fractions of the largest value no difference overflows.
                worst = float(np.abs(values / largest - mirrored / largest).max()) if largest else 0.0
                if worst > _ASYMMETRY:
                    detail = f"{sides} differ by up to {100 * worst:.2g} % of the largest value"
                    yield Problem("CAL316", (place, name), f"{place} of {name}: {detail}")

    def claims(self) -> Claims:
        """Return its amplifiers, if each has a kernel, and their gains."""
        amplifiers = [] if self.level == "DETECTOR" else list(self.ampKernels)
        return Claims("ampKernels", amplifiers, True, gains=dict(self.gain), gain_place="gain")

    # -- images ---------------------------------------------------------------------------------------

    def apply(
        self,
        target: Image,
        *,
        detector: DetectorGeometry | None = None,
        unit: str | None = None,
        gains: Mapping[str, float] | None = None,
        threshold: float = 1000.0,
        max_iter: int = 10,
        **options: Any,
    ) -> Image:
        """Move charge back to the pixels that it was pushed out of; see `curated.types._bfk_math.correct`.

        Pixels that are not finite count as empty, and stay as they are.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image of the detector, bias and dark subtracted; it stays as it is.
        detector : `DetectorGeometry`, optional
            Where the amplifiers are; needed if each has a kernel, or a gain that is used.
        unit : `str`, optional
            Unit of the image, ``adu`` or ``electron``; by default that of a CCDData, else electron.
        gains : `dict` [`str`, `float`], optional
            Gains (electron/adu) by amplifier for an image in adu; by default those of this calibration, else
            those of ``detector``.
        threshold : `float`, optional
            Sum of the absolute changes of all pixels (electron) below which the iteration ends.
        max_iter : `int`, optional
            Largest number of iterations.

        Returns
        -------
        image : the kind of ``target``
            In a floating-point dtype and in the unit of ``target``, whose sum it has.

        Raises
        ------
        CuratedError
            If the amplifiers are needed and not known, do not fit the image, or have no kernel that can be used.

        Warns
        -----
        RuntimeWarning
            If the last iteration changed the image by more than the threshold.
        """
        no_options(self, options)
        data = pixels_of(target)
        kernels = self._kernel_boxes(detector, data.shape)
        electrons = data.astype("f8")
        gain: Array | float = 1.0
        if unit_of(target, unit, "electron") == "adu":
            gain = self._gain_image(detector, gains, data.shape)
        is_missing = ~np.isfinite(electrons)
        electrons = np.where(is_missing, 0.0, electrons * gain)
        corrected = correct(electrons, kernels, threshold, max_iter) / gain
        return with_pixels(target, np.where(is_missing, data, corrected).astype(data.dtype))

    def _kernel_boxes(
        self, detector: DetectorGeometry | None, shape: tuple[int, ...]
    ) -> list[tuple[Array, Box]]:
        """Return the kernels, each with the pixels that it is for."""
        if self.level == "DETECTOR":
            return [(next(iter(self.detKernels.values())), Box(0, 0, shape[1], shape[0]))]
        invalid = [key for key, flag in self.valid.items() if not flag]
        pairs = []
        for amplifier in within(detector, shape).amplifiers:
            if amplifier.name not in self.ampKernels or amplifier.name in invalid:
                raise CuratedError(f"amplifier {amplifier.name} has no kernel that can be used")
            pairs.append((self.ampKernels[amplifier.name], amplifier.box))
        return pairs

    def _gain_image(
        self, detector: DetectorGeometry | None, gains: Mapping[str, float] | None, shape: tuple[int, ...]
    ) -> Array:
        """Return the gain of each pixel: the caller's, else the calibration's, else the geometry's."""
        image = np.ones(shape)
        for amplifier in within(detector, shape).amplifiers:
            gain = {amplifier.name: amplifier.gain, **self.gain, **(gains or {})}[amplifier.name]
            if not gain > 0:
                raise CuratedError(f"the gain of amplifier {amplifier.name} is not known", "give gains=")
            image[amplifier.box.slices] = gain
        return image


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (list, np.ndarray)) else 1
