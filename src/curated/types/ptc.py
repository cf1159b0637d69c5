"""Photon transfer curves: variance against mean of flat fields, and the gains that follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims, Content
from curated.calib.keyed_tables import key_problems
from curated.calib.mismatch import amplifier_mismatches
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import DetectorGeometry
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.image.pixels import Image, pixels_of, with_pixels
from curated.types import _ptc


def _pairs(name: str, doc: str, dtype: str = "f8", *, since: float = 0.0, **kwargs: Any) -> Any:
    """Declare a vector with an entry for each pair of exposures."""
    return column(
        dtype,
        column=name,
        shape=("*",),
        required=not since,
        default=dict,
        finite=False,
        since=since,
        doc=doc,
        **kwargs,
    )


def _number(name: str, doc: str, *, since: float = 0.0, **kwargs: Any) -> Any:
    """Declare a number of each amplifier."""
    return column(
        "f8", column=name, required=not since, default=dict, finite=False, since=since, doc=doc, **kwargs
    )


def _shared(dtype: str, doc: str, **kwargs: Any) -> Any:
    """Declare what all amplifiers have in common."""
    return column(dtype, common=True, doc=doc, **kwargs)


@calibration
class PhotonTransferCurve(Calib):
    """Means, variances and covariances of pairs of flat fields, and what was fitted to them.

    Vectors have an entry for each pair of exposures. Matrices are flat, row by row: covariances
    ``[pair, i, j]`` of side ``covMatrixSide``, fitted ones of side ``covMatrixSideFullCovFit``. The models are
    those of Astier et al. 2019, A&A 629, A36.
    """

    SPEC: ClassVar = Spec(
        name="ptc",
        title="Photon transfer curves: variances against means, and gains",
        obstype="PTC",
        version=2.6,
        versions=(*(1 + n / 10 for n in range(10)), *(2 + n / 10 for n in range(7))),
        schema="Gen3 Photon Transfer Curve",
        dimensions=("instrument", "detector"),
        storage_class="PhotonTransferCurveDataset",
        calibcls="lsst.ip.isr.ptcDataset.PhotonTransferCurveDataset",
        tables=(Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER_NAME"),),
        keywords=("PTC_FIT_TYPE",),
        ignored=_ptc.DROPPED,
        plot=PlotSpec(
            kind="keyed",
            x="rawMeans",
            y="rawVars",
            used="expIdMask",
            labels=("Mean (adu)", "Variance (adu$^2$)"),
        ),
    )

    ampNames: Array = _shared(
        "str", "Names of the amplifiers, in their order.", shape=("*",), required=False, default=list
    )
    ptcFitType: str = _shared(
        "str",
        "Model that was fitted.",
        column="PTC_FIT_TYPE",
        choices=("PARTIAL", "EXPAPPROXIMATION", "FULLCOVARIANCE", "FULLCOVARIANCE_NO_B", "POLYNOMIAL"),
    )
    covMatrixSide: int = _shared(
        "i8", "Lags of the covariances, on a side.", column="COV_MATRIX_SIDE", minimum=0
    )
    covMatrixSideFullCovFit: int = _shared(
        "i8",
        "Lags of the fitted covariances, on a side.",
        column="COV_MATRIX_SIDE_FULL_COV_FIT",
        minimum=0,
        required=False,
        default=0,
        since=1.5,
    )
    inputExpIdPairs: dict[str, Array] = column(
        "i8",
        column="INPUT_EXP_ID_PAIRS",
        shape=("*", 2),
        doc="Numbers of the exposures; -1 where one is missing.",
    )
    inputExpPairMjdStartList: dict[str, Array] = _pairs(
        "INPUT_EXP_PAIR_MJD_START", "Start of the first exposure (MJD).", since=2.2
    )
    expIdMask: dict[str, Array] = _pairs("EXP_ID_MASK", "Whether each pair was used in the fit.", "bool")
    expIdRolloffMask: dict[str, Array] = _pairs(
        "EXP_ID_ROLLOFF_MASK", "Whether each pair was used in the fit of the roll-off.", "bool", since=2.6
    )
    rawExpTimes: dict[str, Array] = _pairs("RAW_EXP_TIMES", "Exposure times (s).", minimum=0)
    rawMeans: dict[str, Array] = _pairs("RAW_MEANS", "Mean signals (adu).")
    rawVars: dict[str, Array] = _pairs("RAW_VARS", "Variances of the differences (adu^2).", minimum=0)
    rawDeltas: dict[str, Array] = _pairs(
        "RAW_DELTAS", "Differences of the two mean signals (adu).", since=2.5
    )
    rowMeanVariance: dict[str, Array] = _pairs("ROW_MEAN_VARIANCE", "Variances of the row means.", since=1.6)
    gain: dict[str, float] = _number("GAIN", "Gain (electron/adu).", above=0)
    gainErr: dict[str, float] = _number("GAIN_ERR", "Error of the gain (electron/adu).", minimum=0)
    gainUnadjusted: dict[str, float] = _number(
        "GAIN_UNADJUSTED", "Gain before corrections between amplifiers (electron/adu).", above=0, since=2.0
    )
    gainList: dict[str, Array] = _pairs("GAIN_LIST", "Gain from each pair (electron/adu).", since=2.0)
    overscanMedianLevelList: dict[str, Array] = _pairs(
        "OVERSCAN_MEDIAN_LIST", "Median level of the overscan of each pair (adu).", since=2.2
    )
    overscanMedian: dict[str, float] = _number(
        "OVERSCAN_MEDIAN", "Median level of the overscan (adu).", since=2.3
    )
    overscanMedianSigma: dict[str, float] = _number(
        "OVERSCAN_MEDIAN_SIGMA", "Scatter of that level (adu).", since=2.3
    )
    noiseList: dict[str, Array] = _pairs("NOISE_LIST", "Read noise from each pair (electron).", since=1.7)
    noise: dict[str, float] = _number("NOISE", "Read noise (electron).", minimum=0)
    noiseErr: dict[str, float] = _number("NOISE_ERR", "Error of the read noise (electron).", minimum=0)
    histVars: dict[str, Array] = _pairs("HIST_VARS", "Variances from histograms (adu^2).", since=1.2)
    histChi2Dofs: dict[str, Array] = _pairs(
        "HIST_CHI2_DOFS", "Reduced chi-squared of the histograms.", since=1.2
    )
    kspValues: dict[str, Array] = _pairs(
        "KS_PVALUES", "P-values of Kolmogorov-Smirnov tests of the histograms.", since=1.2
    )
    ptcFitPars: dict[str, Array] = column(
        "f8", column="PTC_FIT_PARS", shape=("*",), finite=False, doc="Parameters of the fit."
    )
    ptcFitParsError: dict[str, Array] = column(
        "f8", column="PTC_FIT_PARS_ERROR", shape=("*",), finite=False, doc="Errors of the parameters."
    )
    ptcFitChiSq: dict[str, float] = _number("PTC_FIT_CHI_SQ", "Reduced chi-squared of the fit.")
    ptcTurnoff: dict[str, float] = _number(
        "PTC_TURNOFF", "Mean signal up to which the curve is as fitted (adu).", since=1.1
    )
    ptcTurnoffSamplingError: dict[str, float] = _number(
        "PTC_TURNOFF_SAMPLING_ERROR", "Half the distance of the means around the turnoff (adu).", since=1.8
    )
    ptcRolloff: dict[str, float] = _number(
        "PTC_ROLLOFF", "Signal at which the variance starts to fall (adu).", since=2.6
    )
    ptcRolloffError: dict[str, float] = _number(
        "PTC_ROLLOFF_ERROR", "Error of the roll-off (adu).", since=2.6
    )
    ptcRolloffTau: dict[str, float] = _number(
        "PTC_ROLLOFF_TAU", "Scale on which the variance falls (adu).", since=2.6
    )
    ptcRolloffTauError: dict[str, float] = _number(
        "PTC_ROLLOFF_TAU_ERROR", "Error of that scale (adu).", since=2.6
    )
    aMatrix: dict[str, Array] = column(
        "f8", column="A_MATRIX", shape=("*",), finite=False, doc="Matrix a of the model (1/electron)."
    )
    bMatrix: dict[str, Array] = column(
        "f8", column="B_MATRIX", shape=("*",), finite=False, doc="Matrix b of the model (1/electron)."
    )
    noiseMatrix: dict[str, Array] = column(
        "f8",
        column="NOISE_MATRIX",
        shape=("*",),
        finite=False,
        required=False,
        default=dict,
        since=1.3,
        doc="Noise matrix of the model (electron^2).",
    )
    badAmps: Array = _shared("str", "Amplifiers that cannot be used.", column="BAD_AMPS", shape=("*",))
    photoCharges: dict[str, Array] = _pairs("PHOTO_CHARGE", "Integrated current of the photodiode.")
    photoChargeDeltas: dict[str, Array] = _pairs(
        "PHOTO_CHARGE_DELTAS", "Differences of that of the two exposures.", since=2.5
    )
    ampOffsets: dict[str, Array] = _pairs(
        "AMP_OFFSETS", "Offset of the amplifier from its neighbours (adu).", since=2.0
    )
    nPixelCovariances: dict[str, int] = column(
        "i8",
        column="NPIXEL_COVARIANCES",
        minimum=-1,
        required=False,
        default=dict,
        fill=-1,
        since=2.4,
        doc="Pixels behind the covariances; -1 where not known.",
    )
    covariances: dict[str, Array] = _pairs("COVARIANCES", "Covariances (adu^2), flat.")
    covariancesModel: dict[str, Array] = _pairs("COVARIANCES_MODEL", "Fitted covariances (adu^2), flat.")
    covariancesSqrtWeights: dict[str, Array] = _pairs(
        "COVARIANCES_SQRT_WEIGHTS", "Square roots of the weights of the covariances (1/adu), flat."
    )
    finalVars: dict[str, Array] = _pairs("FINAL_VARS", "Variances that were fitted; NaN where not used.")
    finalModelVars: dict[str, Array] = _pairs("FINAL_MODEL_VARS", "Variances of the model.")
    finalMeans: dict[str, Array] = _pairs("FINAL_MEANS", "Means that were fitted; NaN where not used.")
    auxValues: dict[str, Array] = _shared(
        "any",
        "Other values of each pair, by name.",
        prefix="PTCAUX_",
        shape=("*",),
        required=False,
        default=dict,
        finite=False,
        since=1.4,
    )

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Read older versions, and give the amplifiers the order that ``ampNames`` says."""
        return _ptc.prepare(cls.FIELDS, content)

    def problems(self) -> Iterator[Problem]:
        """Yield amplifiers that differ between fields, vectors and matrices of a wrong size, doubtful fits."""
        differing = list(key_problems(self.FIELDS, self, 0))
        yield from differing
        if not differing:
            yield from _ptc.problems(self)

    def claims(self) -> Claims:
        """Return its amplifiers and their gains."""
        return Claims("gain", list(self.gain), True, gains=dict(self.gain), gain_place="gain")

    def mismatches(self, other: Calib | DetectorGeometry) -> Iterator[Problem]:
        """Yield why it cannot be used with a detector: another one, other amplifiers."""
        yield from super().mismatches(other)
        yield from amplifier_mismatches(self.gain, other, "gain")

    def apply(self, target: Image, *, detector: DetectorGeometry | None = None, **options: Any) -> Image:
        """Turn an image from adu into electron, with the gain of each amplifier.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The assembled image of the detector in adu, [row, column]; it stays as it is.
        detector : `DetectorGeometry`
            Where the amplifiers are.
        **options
            None are known.

        Returns
        -------
        image : the kind of ``target``
            The image in electron, signal times gain (Janesick 2001, Scientific Charge-Coupled Devices,
            section 2); a CCDData has that unit and a scaled uncertainty. Pixels of an amplifier without a gain
            are NaN.

        Raises
        ------
        CuratedError
            If there is no detector, it has other amplifiers, or the image is in another unit.
        """
        if options or detector is None or not detector.amplifiers:
            raise CuratedError(
                "ptc needs the amplifiers of the detector", "give detector=DetectorGeometry(...)"
            )
        unit = str(getattr(target, "unit", None) or "adu")
        if unit != "adu":
            raise CuratedError(f"the image is in {unit}, not in adu", "gains turn adu into electron")
        wrong = [p.detail for p in amplifier_mismatches(self.gain, detector, "gain")]
        pixels = pixels_of(target)
        factor = np.ones_like(pixels)
        for amplifier in detector.amplifiers:
            box = amplifier.box
            if box.x0 + box.width > pixels.shape[1] or box.y0 + box.height > pixels.shape[0]:
                wrong.append(f"amplifier {amplifier.name} lies outside of the image")
            factor[box.slices] = self.gain.get(amplifier.name, np.nan)
        if wrong:
            raise CuratedError("; ".join(wrong), "give the assembled image and the geometry of its detector")
        return _ptc.scaled(with_pixels(target, pixels * factor), factor)
