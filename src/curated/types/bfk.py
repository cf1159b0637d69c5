"""Brighter-fatter kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims, Content
from curated.calib.keyed_tables import key_problems
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import Box, DetectorGeometry, within
from curated.core.tables import ColumnData, TableData, TextColumn
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.image.pixels import Image, no_options, pixels_of, unit_of, with_pixels
from curated.types import _kernel_rules
from curated.types._brighter_fatter import correct


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (list, np.ndarray)) else 1


_KERNEL: tuple[str | int, ...] = ("kernelX", "kernelY")


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
        calibcls="lsst.ip.isr.brighterFatterKernel.BrighterFatterKernel",
        forms=("yaml", "ecsv", "json"),
        tables=(
            Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER"),
            Table(name="DETECTORS", rows="key", key_column="DETECTOR", optional=True),
        ),
        sizes={"kernelX": "KERNEL_DX", "kernelY": "KERNEL_DY"},
        absent="undefined",
        keywords=("LEVEL", "KERNEL_DX", "KERNEL_DY"),
        repeats_metadata=True,
        ignored={"badAmps": "Amplifiers that are not valid; follows from `valid`."},
        aliases=("BFKERNEL",),
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
        doc="Exposure pairs that were used.",
    )
    rawMeans: dict[str, Array] = column(
        "f8",
        column="RAW_MEANS",
        aliases=("MEANS", "means"),
        shape=("*",),
        finite=False,
        doc="Mean signals (adu).",
    )
    rawVariances: dict[str, Array] = column(
        "f8",
        column="RAW_VARIANCES",
        aliases=("VARIANCES", "variances"),
        shape=("*",),
        finite=False,
        doc="Variances (adu^2).",
    )
    rawXcorrs: dict[str, Array] = column(
        "f8", column="RAW_XCORRS", shape=("*",), finite=False, doc="Cross-correlations, flat [pair, y, x]."
    )
    gain: dict[str, float] = column("f8", column="GAIN", finite=False, doc="Gains (electron/adu).")
    noise: dict[str, float] = column("f8", column="NOISE", finite=False, doc="Read noises.")
    meanXcorrs: dict[str, Array] = column(
        "f8", column="MEAN_XCORRS", shape=_KERNEL, finite=False, doc="Mean cross-correlations."
    )
    ampKernels: dict[str, Array] = column(
        "f8", column="KERNEL", shape=_KERNEL, finite=False, doc="Kernel of each amplifier."
    )
    valid: dict[str, bool] = column(
        "bool", column="VALID", doc="Whether each amplifier's kernel can be used."
    )
    detKernels: dict[str, Array] = column(
        "f8",
        column="KERNEL",
        table=1,
        shape=_KERNEL,
        required=False,
        default=dict,
        doc="Kernel of the detector.",
    )

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Read version 1.0, which had no mask, and integers for flags, which FITS has."""
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

    @property
    def kernels(self) -> dict[str, Array]:
        """Kernels in force: by detector at LEVEL DETECTOR, else by amplifier."""
        return self.detKernels if self.level == "DETECTOR" else self.ampKernels

    def problems(self) -> Iterator[Problem]:
        """Yield mappings that do not have the same amplifiers, a level without its kernels, and doubtful kernels."""
        yield from _kernel_rules.problems(self)
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

    def claims(self) -> Claims:
        """Return its amplifiers, where each has a kernel, and their gains."""
        amplifiers = [] if self.level == "DETECTOR" else list(self.ampKernels)
        return Claims("ampKernels", amplifiers, True, gains=dict(self.gain), gain_place="gain")

    def tables(self) -> list[TableData]:
        """Return the stack's tables; a detector kernel's flags, which the stack loses, in one of their own."""
        tables = super().tables()
        if self.level != "DETECTOR" or not self.valid:
            return tables
        columns = {name: ColumnData(np.zeros(0)) for name in tables[0].columns}
        flags = {
            "AMPLIFIER": ColumnData(np.array(list(self.valid), dtype=str)),
            "VALID": ColumnData(np.array(list(self.valid.values())).astype("i8")),
        }
        return [TableData(columns, carries_metadata=True), *tables[1:], TableData(flags)]

    @classmethod
    def from_fits_tables(
        cls, metadata: Mapping[str, Any], tables: Mapping[str, Mapping[str, TextColumn]]
    ) -> tuple[Self | None, list[Problem]]:
        """Read the stack's tables, and the flags of a detector kernel."""
        given = list(tables.values())
        flags = next((t for t in given[1:] if "VALID" in t), None)
        given = [t for t in given if t is not flags]
        made, problems = super().from_fits_tables(metadata, dict(enumerate(given)))  # type: ignore[arg-type]
        if made is not None and flags is not None:
            keys, marks = flags["AMPLIFIER"].values, flags["VALID"].values
            made.valid.update({str(k): bool(v) for k, v in zip(keys, marks, strict=True)})
        return made, problems

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
        """Give charge back to the pixels that it was pushed out of; see `curated.types._brighter_fatter.correct`.

        Pixels that are not finite count as empty, and stay as they are.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image of the detector without its background of bias and dark; it stays as it is.
        detector : `DetectorGeometry`, optional
            Where the amplifiers are; needed where each has a kernel, or a gain that is used.
        unit : `str`, optional
            Unit of the image, ``adu`` or ``electron``; that of a CCDData, else electron.
        gains : `dict` [`str`, `float`], optional
            Gains (electron/adu) of the amplifiers, for an image in adu; where not given those of this calibration, where
            it has none those of ``detector``.
        threshold : `float`, optional
            Change of all pixels together (electron) below which the iteration ends.
        max_iter : `int`, optional
            Most iterations.

        Returns
        -------
        image : the kind of ``target``
            In a floating-point type, in the unit of ``target``; its sum is that of ``target``.

        Raises
        ------
        CuratedError
            If the amplifiers must be known and are not, do not fit to the image, or have no kernel that can be used.

        Warns
        -----
        RuntimeWarning
            If the last iteration changed the image by more than the threshold.
        """
        no_options(self, options)
        data = pixels_of(target)
        kernels = self._kernel_boxes(detector, data.shape)
        electrons = data.astype("f8")
        factor: Array | float = 1.0
        if unit_of(target, unit, "electron") == "adu":
            factor = self._gain_image(detector, gains, data.shape)
        missing = ~np.isfinite(electrons)
        electrons = np.where(missing, 0.0, electrons * factor)
        corrected = correct(electrons, kernels, threshold, max_iter) / factor
        return with_pixels(target, np.where(missing, data, corrected).astype(data.dtype))

    def _kernel_boxes(
        self, detector: DetectorGeometry | None, shape: tuple[int, ...]
    ) -> list[tuple[Array, Box]]:
        """Return the kernels with the pixels that each is for."""
        if self.level == "DETECTOR":
            return [(next(iter(self.detKernels.values())), Box(0, 0, shape[1], shape[0]))]
        wrong = [key for key, flag in self.valid.items() if not flag]
        pairs = []
        for amplifier in within(detector, shape).amplifiers:
            if amplifier.name not in self.ampKernels or amplifier.name in wrong:
                raise CuratedError(f"amplifier {amplifier.name} has no kernel that can be used")
            pairs.append((self.ampKernels[amplifier.name], amplifier.box))
        return pairs

    def _gain_image(
        self, detector: DetectorGeometry | None, gains: Mapping[str, float] | None, shape: tuple[int, ...]
    ) -> Array:
        """Return the gain of each pixel: what the caller gives, then the calibration's, then the geometry's."""
        found = np.ones(shape)
        for amplifier in within(detector, shape).amplifiers:
            gain = {amplifier.name: amplifier.gain, **self.gain, **(gains or {})}[amplifier.name]
            if not gain > 0:
                raise CuratedError(f"the gain of amplifier {amplifier.name} is not known", "give gains=")
            found[amplifier.box.slices] = gain
        return found

    def toDict(self) -> dict[str, Any]:
        """Return plain data, with the amplifiers that are not valid listed as the stack does."""
        return {**super().toDict(), "badAmps": [key for key, flag in self.valid.items() if not flag]}
