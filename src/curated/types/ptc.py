"""Photon transfer curves: variance against mean of flat fields, and the gains that follow from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims, Content
from curated.calib.mismatch import amplifier_mismatches
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import DetectorGeometry
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image
from curated.types import _nominal, _ptc_forms
from curated.types._gains_math import in_electrons
from curated.types._ptc_math import BOUNDS, COMPARISONS, MEASURES
from curated.types._rules import key_problems


def _pairs(name: str, doc: str, dtype: str = "f8", *, since: float = 0.0, **kwargs: Any) -> Any:
    """Declare a vector with an entry for each pair of flat fields."""
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
    """Declare a value that all amplifiers share."""
    return column(dtype, common=True, doc=doc, **kwargs)


@calibration
class PhotonTransferCurve(Calib):
    """Means, variances and covariances of pairs of flat fields, and the models fitted to them.

    Vectors have an entry for each pair of flat fields. Matrices are flat, row by row: covariances
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
        nominal=_nominal.ptc,
        storage_class="PhotonTransferCurveDataset",
        calibcls="lsst.ip.isr.ptcDataset.PhotonTransferCurveDataset",
        tables=(Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER_NAME", fits_units="none"),),
        keywords=("PTC_FIT_TYPE",),
        ignored=_ptc_forms.DROPPED,
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "PTC"),
        bounds=BOUNDS,
        comparisons=COMPARISONS,
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
        "i8", "Side of the covariance matrices (lags).", column="COV_MATRIX_SIDE", minimum=0
    )
    covMatrixSideFullCovFit: int = _shared(
        "i8",
        "Side of the fitted covariance matrices (lags).",
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
        doc="Exposure numbers of each pair; -1 for one that is missing.",
    )
    inputExpPairMjdStartList: dict[str, Array] = _pairs(
        "INPUT_EXP_PAIR_MJD_START", "Start of the first exposure of each pair, MJD.", unit="d", since=2.2
    )
    expIdMask: dict[str, Array] = _pairs("EXP_ID_MASK", "Whether each pair was used in the fit.", "bool")
    expIdRolloffMask: dict[str, Array] = _pairs(
        "EXP_ID_ROLLOFF_MASK", "Whether each pair was used in the fit of the roll-off.", "bool", since=2.6
    )
    rawExpTimes: dict[str, Array] = _pairs("RAW_EXP_TIMES", "Exposure times.", unit="s", minimum=0)
    rawMeans: dict[str, Array] = _pairs("RAW_MEANS", "Mean signals.", unit="adu")
    rawVars: dict[str, Array] = _pairs(
        "RAW_VARS", "Variances of the difference images.", unit="adu**2", minimum=0
    )
    rawDeltas: dict[str, Array] = _pairs(
        "RAW_DELTAS", "Differences between the mean signals of the two exposures.", unit="adu", since=2.5
    )
    rowMeanVariance: dict[str, Array] = _pairs(
        "ROW_MEAN_VARIANCE", "Variances of the row means of the difference images.", since=1.6
    )
    gain: dict[str, float] = _number("GAIN", "Gain.", unit="electron/adu", above=0)
    gainErr: dict[str, float] = _number("GAIN_ERR", "Error of the gain.", unit="electron/adu", minimum=0)
    gainUnadjusted: dict[str, float] = _number(
        "GAIN_UNADJUSTED",
        "Gain before the adjustment between amplifiers.",
        unit="electron/adu",
        above=0,
        since=2.0,
    )
    gainList: dict[str, Array] = _pairs("GAIN_LIST", "Gain from each pair.", unit="electron/adu", since=2.0)
    overscanMedianLevelList: dict[str, Array] = _pairs(
        "OVERSCAN_MEDIAN_LIST", "Median overscan level of each pair.", unit="adu", since=2.2
    )
    overscanMedian: dict[str, float] = _number(
        "OVERSCAN_MEDIAN", "Median overscan level.", unit="adu", since=2.3
    )
    overscanMedianSigma: dict[str, float] = _number(
        "OVERSCAN_MEDIAN_SIGMA", "Scatter of the overscan levels.", unit="adu", since=2.3
    )
    noiseList: dict[str, Array] = _pairs(
        "NOISE_LIST", "Read noise from each pair.", unit="electron", since=1.7
    )
    noise: dict[str, float] = _number("NOISE", "Read noise.", unit="electron", minimum=0)
    noiseErr: dict[str, float] = _number("NOISE_ERR", "Error of the read noise.", unit="electron", minimum=0)
    histVars: dict[str, Array] = _pairs("HIST_VARS", "Variances from histograms.", unit="adu**2", since=1.2)
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
        "PTC_TURNOFF", "Turn-off: largest mean signal that follows the model.", unit="adu", since=1.1
    )
    ptcTurnoffSamplingError: dict[str, float] = _number(
        "PTC_TURNOFF_SAMPLING_ERROR",
        "Sampling error of the turn-off: half the spacing of the means around it.",
        unit="adu",
        since=1.8,
    )
    ptcRolloff: dict[str, float] = _number(
        "PTC_ROLLOFF", "Roll-off: signal above which the variance falls.", unit="adu", since=2.6
    )
    ptcRolloffError: dict[str, float] = _number(
        "PTC_ROLLOFF_ERROR", "Error of the roll-off.", unit="adu", since=2.6
    )
    ptcRolloffTau: dict[str, float] = _number(
        "PTC_ROLLOFF_TAU", "Scale on which the variance falls above the roll-off.", unit="adu", since=2.6
    )
    ptcRolloffTauError: dict[str, float] = _number(
        "PTC_ROLLOFF_TAU_ERROR", "Error of that scale.", unit="adu", since=2.6
    )
    aMatrix: dict[str, Array] = column(
        "f8",
        column="A_MATRIX",
        shape=("*",),
        unit="1/electron",
        finite=False,
        doc="Matrix a of the model: fractional changes of pixel area per electron.",
    )
    bMatrix: dict[str, Array] = column(
        "f8",
        column="B_MATRIX",
        shape=("*",),
        unit="1/electron",
        finite=False,
        doc="Matrix b of the model: the next order of the pixel area changes.",
    )
    noiseMatrix: dict[str, Array] = column(
        "f8",
        column="NOISE_MATRIX",
        shape=("*",),
        unit="electron**2",
        finite=False,
        required=False,
        default=dict,
        since=1.3,
        doc="Noise matrix of the model.",
    )
    badAmps: Array = _shared("str", "Amplifiers that cannot be used.", column="BAD_AMPS", shape=("*",))
    photoCharges: dict[str, Array] = _pairs("PHOTO_CHARGE", "Integrated currents of the photodiode.")
    photoChargeDeltas: dict[str, Array] = _pairs(
        "PHOTO_CHARGE_DELTAS",
        "Differences between the integrated photodiode currents of the two exposures.",
        since=2.5,
    )
    ampOffsets: dict[str, Array] = _pairs(
        "AMP_OFFSETS", "Offset of the amplifier from its neighbours.", unit="adu", since=2.0
    )
    nPixelCovariances: dict[str, int] = column(
        "i8",
        column="NPIXEL_COVARIANCES",
        minimum=-1,
        required=False,
        default=dict,
        fill=-1,
        since=2.4,
        doc="Number of pixels from which covariances were measured; -1 if unknown.",
    )
    covariances: dict[str, Array] = _pairs("COVARIANCES", "Measured covariances, flat.", unit="adu**2")
    covariancesModel: dict[str, Array] = _pairs(
        "COVARIANCES_MODEL", "Fitted covariances, flat.", unit="adu**2"
    )
    covariancesSqrtWeights: dict[str, Array] = _pairs(
        "COVARIANCES_SQRT_WEIGHTS", "Square roots of the weights of the covariances, flat.", unit="1/adu"
    )
    finalVars: dict[str, Array] = _pairs(
        "FINAL_VARS", "Variances that were fitted; NaN for pairs that were not used.", unit="adu**2"
    )
    finalModelVars: dict[str, Array] = _pairs("FINAL_MODEL_VARS", "Variances of the model.", unit="adu**2")
    finalMeans: dict[str, Array] = _pairs(
        "FINAL_MEANS", "Means that were fitted; NaN for pairs that were not used.", unit="adu"
    )
    auxValues: dict[str, Array] = _shared(
        "any",
        "Auxiliary values of each pair, by name.",
        prefix="PTCAUX_",
        shape=("*",),
        required=False,
        default=dict,
        finite=False,
        since=1.4,
    )

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Bring older versions to the current one, and the amplifiers into the order of ``ampNames``."""
        return _ptc_forms.prepare(cls.FIELDS, content)

    def problems(self) -> Iterator[Problem]:
        """Yield amplifiers that differ between fields, vectors and matrices of a wrong size, doubtful fits."""
        differences = list(key_problems(self.FIELDS, self, 0))
        yield from differences
        if not differences:
            yield from self._amplifier_problems(self.ampNames.tolist(), self.badAmps.tolist())

    def _amplifier_problems(self, names: list[str], bad_names: list[str]) -> Iterator[Problem]:
        if not names:
            yield Problem("CAL308", ("ampNames",), "there is no amplifier")
        for name in bad_names:
            if name not in names:
                detail = f"badAmps has {name!r}, which is not one of {', '.join(names)}"
                yield Problem("CAL308", ("badAmps",), detail)
        side, fitted = self.covMatrixSide, self.covMatrixSideFullCovFit
        if fitted > side:
            detail = f"covMatrixSideFullCovFit is {fitted}, more than covMatrixSide, {side}"
            yield Problem("CAL308", ("covMatrixSideFullCovFit",), detail)
        counts = {name: len(self.inputExpIdPairs[name]) for name in names}
        if len(set(counts.values())) > 1:
            detail = f"amplifiers have {sorted(set(counts.values()))} exposure pairs, not one number"
            yield Problem("CAL215", ("inputExpIdPairs",), detail)
        for name in names:
            yield from self._length_problems(name, counts[name])
            yield from self._doubtful_values(name, counts[name])
        for key, items in self.auxValues.items() if names else ():
            if len(items) != counts[names[0]]:
                detail = f"auxValues {key}: {len(items)} values for {counts[names[0]]} exposure pairs"
                yield Problem("CAL215", ("auxValues", key), detail)
        yield from self._fit_problems(names, bad_names)

    def _fit_problems(self, names: list[str], bad_names: list[str]) -> Iterator[Problem]:
        # A fault of the stack's writer puts the roll-off into its scale.
        if names and all(self.ptcRolloffTau[name] == self.ptcRolloff[name] for name in names):
            yield Problem("CAL326", ("ptcRolloffTau",), "ptcRolloffTau repeats ptcRolloff")
        lost = [name for name in names if np.isnan(self.gain[name]) and name not in bad_names]
        if lost:
            detail = f"gain of {', '.join(lost)} is NaN, but badAmps does not list it"
            yield Problem("CAL327", ("gain",), detail)

    def _length_problems(self, name: str, pairs: int) -> Iterator[Problem]:
        """Yield the vectors and matrices of an amplifier whose size is not that of its number of pairs."""
        side, fitted = self.covMatrixSide**2, self.covMatrixSideFullCovFit**2
        has_matrices = len(self.covariances[name]) > 0
        cubes = {"covariances": side, "covariancesSqrtWeights": side, "covariancesModel": fitted}
        matrices = {"aMatrix": fitted, "bMatrix": fitted, "noiseMatrix": fitted}
        parameters = ("ptcFitPars", "ptcFitParsError")
        for field in self.FIELDS:
            if field.common or field.dtype == "str" or field.shape != ("*",) or field.name in parameters:
                continue
            count = len(getattr(self, field.name)[name])
            expected = matrices.get(field.name, pairs * cubes.get(field.name, 1))
            if field.name in cubes:
                allowed = {expected if has_matrices else 0}
            elif field.name in matrices:
                allowed = {expected, expected if has_matrices else 0}
            else:
                allowed = {expected, *([1] if field.name in _ptc_forms.LONE_VALUES else [])}
            if count not in allowed:
                detail = f"{field.name} of {name}: {count} values, {expected} expected"
                yield Problem("CAL215", (field.key, name), detail)
        values, errors = (len(getattr(self, parameter)[name]) for parameter in parameters)
        if values != errors:
            detail = f"ptcFitParsError of {name}: {errors} values for {values} parameters"
            yield Problem("CAL215", ("ptcFitParsError", name), detail)

    def _doubtful_values(self, name: str, pairs: int) -> Iterator[Problem]:
        """Yield a turn-off above all means, and variances that were used although they are not positive."""
        means, is_used = self.rawMeans[name], self.expIdMask[name]
        largest = np.nanmax(means) if np.isfinite(means).any() else np.nan
        if self.ptcTurnoff[name] > largest:
            detail = f"ptcTurnoff of {name} is {self.ptcTurnoff[name]:g}, the largest mean {largest:g}"
            yield Problem("CAL324", ("ptcTurnoff", name), detail)
        side = self.covMatrixSide**2
        if side and pairs and len(self.covariances[name]) == pairs * side and len(is_used) == pairs:
            variances = self.covariances[name][::side]
            count = int(np.count_nonzero(variances[is_used] <= 0))
            if count:
                detail = f"{count} of {int(is_used.sum())} variances that were used are not positive"
                yield Problem("CAL325", ("covariances", name), f"covariances of {name}: {detail}")

    def claims(self) -> Claims:
        """Return its amplifiers and their gains."""
        return Claims("gain", list(self.gain), True, gains=dict(self.gain), gain_place="gain")

    def mismatches(self, other: Calib | DetectorGeometry) -> Iterator[Problem]:
        """Yield differences from a detector: its identity and its amplifiers."""
        yield from super().mismatches(other)
        yield from amplifier_mismatches(self.gain, other, "gain")

    def apply(self, target: Image, *, detector: DetectorGeometry | None = None, **options: Any) -> Image:
        """Convert an image from adu to electron, with the gain of each amplifier.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image of the detector in adu; it stays as it is.
        detector : `DetectorGeometry`
            Where the amplifiers are.

        Returns
        -------
        image : the kind of ``target``
            The signal times the gain (Janesick 2001, Scientific Charge-Coupled Devices, section 2); a CCDData has
            the unit electron and a scaled uncertainty. Pixels of an amplifier without a gain are NaN.

        Raises
        ------
        CuratedError
            If there is no detector, it has other amplifiers, or the image is in another unit.
        """
        if options or detector is None or not detector.amplifiers:
            raise CuratedError(
                "ptc needs the amplifiers of the detector", "give detector=DetectorGeometry(...)"
            )
        reasons = [p.detail for p in amplifier_mismatches(self.gain, detector, "gain")]
        return in_electrons(target, self.gain, detector, reasons)
