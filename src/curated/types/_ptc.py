"""Photon transfer curves: old versions, rules, images in electron."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from curated.calib.arrays import is_kind
from curated.calib.content import Content
from curated.core.diagnostic import Problem, brief
from curated.core.metadata import has_value, is_same
from curated.declare import Array, Field
from curated.image.pixels import Image

DROPPED = dict.fromkeys(
    (
        *("covariancesModelNoB", "aMatrixNoB", "noiseMatrixNoB"),
        *("COVARIANCES_MODEL_NO_B", "A_MATRIX_NO_B", "NOISE_MATRIX_NO_B"),
    ),
    "Of versions before 2.1.",
)
"""What old versions have, and the current one has not."""

_NOISE_SQUARED_BEFORE = 1.9
_MOST_LAGS = 100
"""So large a missing matrix is filled in; what a file claims is not believed without limit."""

_LONE = {"histVars": np.nan, "histChi2Dofs": np.nan, "kspValues": 0.0}
"""Vectors of which a file that lacks them gets one value only, as the stack does."""


# -- reading ------------------------------------------------------------------------------------------


def prepare(fields: tuple[Field, ...], content: Content) -> list[Problem]:
    """Bring older versions to the current one (FORMATS.md of the design, section 6.6), in place.

    Parameters
    ----------
    fields : `tuple` [`Field`]
        Those of the type.
    content : `Content`
        What was read.
    """
    values, metadata = content.values, content.metadata
    version: Any = metadata.get("PTC_VERSION")
    problems = _amplifiers(fields, content)
    fit = values.get("ptcFitType")
    known = metadata.get("PTC_FIT_TYPE")
    if isinstance(fit, str):
        if has_value(known) and not is_same(known, str(fit)):
            detail = f"ptcFitType is {brief(str(fit))}, but PTC_FIT_TYPE is {brief(known)}"
            problems.append(Problem("CAL308", ("metadata", "PTC_FIT_TYPE"), detail))
        metadata["PTC_FIT_TYPE"] = str(fit)
    if is_kind(version, "f8"):
        if version < _NOISE_SQUARED_BEFORE and fit == "FULLCOVARIANCE":
            _root_of_noise(values)
        if version < 2.6:
            metadata["PTC_VERSION"] = 2.6
    if "covMatrixSideFullCovFit" not in values and "covMatrixSide" in values:
        values["covMatrixSideFullCovFit"] = values["covMatrixSide"]
    for field in fields:
        if field.since and not field.common and field.name not in values:
            made = {key: _missing(field, key, values) for key in map(str, values["ampNames"])}
            values[field.name] = {key: value for key, value in made.items() if value is not None}
    return problems


def _amplifiers(fields: tuple[Field, ...], content: Content) -> list[Problem]:
    """Give all mappings the order of ``ampNames``, or make it from them."""
    values = content.values
    own = [f.name for f in fields if not f.common and isinstance(values.get(f.name), Mapping)]
    for name in own:
        values[name] = {str(key): value for key, value in values[name].items()}
    keys = list(dict.fromkeys(key for name in own for key in values[name]))
    given = values.get("ampNames")
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        if given is None:
            values["ampNames"] = keys
            return []
        values["ampNames"] = keys
        return [Problem("CAL211", ("ampNames",), "ampNames is not a list of names")]
    if sorted(given) != sorted(keys):
        values["ampNames"] = keys
        detail = (
            f"ampNames are {', '.join(given) or 'none'}, but values are given for {', '.join(keys) or 'none'}"
        )
        return [Problem("CAL308", ("ampNames",), detail)]
    for name in own:
        values[name] = {key: values[name][key] for key in given if key in values[name]}
    return []


def _root_of_noise(values: dict[str, Any]) -> None:
    """Turn a noise that is a variance in electron^2 into electron, and its error with it."""
    noise, error = values.get("noise"), values.get("noiseErr")
    if not isinstance(noise, dict) or not isinstance(error, dict):
        return
    for key, value in list(noise.items()):
        if is_kind(value, "f8") and value > 0:
            noise[key] = float(np.sqrt(value))
            if is_kind(error.get(key), "f8"):
                error[key] = float(error[key]) / (2 * noise[key])


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (list, np.ndarray)) else 0


def _missing(field: Field, key: str, values: Mapping[str, Any]) -> Any:
    """Return what an amplifier has for a field that its version did not have."""

    def of(name: str) -> Any:
        mapping = values.get(name)
        return mapping.get(key) if isinstance(mapping, Mapping) else None

    pairs = _length(of("rawMeans"))
    if field.name == "gainUnadjusted":
        gain = of("gain")
        return gain if is_kind(gain, "f8") and gain > 0 else np.nan
    if field.name == "ptcTurnoff":
        return _last_used(of("finalMeans"), of("expIdMask"))
    if field.name == "noiseMatrix":
        side: Any = values.get("covMatrixSideFullCovFit")
        known = isinstance(side, (int, np.integer)) and 0 < side <= _MOST_LAGS and _length(of("aMatrix")) > 0
        return [np.nan] * (int(side) ** 2 if known else _length(of("aMatrix")))
    if field.name in _LONE:
        return [_LONE[field.name]]
    if field.shape:
        return [False if field.dtype == "bool" else np.nan] * pairs
    return np.nan


def _last_used(means: Any, mask: Any) -> float:
    if not _length(means) or _length(means) != _length(mask):
        return float(np.nan)
    used = [mean for mean, flag in zip(means, mask, strict=True) if flag is True or flag is np.True_]
    last = used[-1] if used else np.nan
    return float(last) if is_kind(last, "f8") else float(np.nan)


# -- rules --------------------------------------------------------------------------------------------


def problems(ptc: Any) -> Iterator[Problem]:
    """Yield what is wrong with a curve whose mappings have the same amplifiers."""
    names = ptc.ampNames.tolist()
    if not names:
        yield Problem("CAL308", ("ampNames",), "there is no amplifier")
    for name in ptc.badAmps.tolist():
        if name not in names:
            detail = f"badAmps has {name!r}, which is not one of {', '.join(names)}"
            yield Problem("CAL308", ("badAmps",), detail)
    side, fitted = ptc.covMatrixSide, ptc.covMatrixSideFullCovFit
    if fitted > side:
        detail = f"covMatrixSideFullCovFit is {fitted}, more than covMatrixSide, {side}"
        yield Problem("CAL308", ("covMatrixSideFullCovFit",), detail)
    counts = {name: len(ptc.inputExpIdPairs[name]) for name in names}
    if len(set(counts.values())) > 1:
        detail = f"amplifiers have {sorted(set(counts.values()))} exposure pairs, not one number"
        yield Problem("CAL215", ("inputExpIdPairs",), detail)
    for name in names:
        yield from _lengths(ptc, name, counts[name])
        yield from _doubts(ptc, name, counts[name])
    for key, items in ptc.auxValues.items():
        if names and len(items) != counts[names[0]]:
            detail = f"auxValues {key}: {len(items)} values for {counts[names[0]]} exposure pairs"
            yield Problem("CAL215", ("auxValues", key), detail)
    yield from _repeated(ptc, names)
    # What the stack's badAmps lists has no gain by intention.
    lost = [name for name in names if np.isnan(ptc.gain[name]) and name not in ptc.badAmps.tolist()]
    if lost:
        yield Problem("CAL327", ("gain",), f"gain of {', '.join(lost)} is NaN, but badAmps does not list it")


def _lengths(ptc: Any, name: str, pairs: int) -> Iterator[Problem]:
    side, fitted = ptc.covMatrixSide**2, ptc.covMatrixSideFullCovFit**2
    with_matrices = len(ptc.covariances[name]) > 0
    cubes = {"covariances": side, "covariancesSqrtWeights": side, "covariancesModel": fitted}
    matrices = {"aMatrix": fitted, "bMatrix": fitted, "noiseMatrix": fitted}
    for field in ptc.FIELDS:
        if (
            field.common
            or field.dtype == "str"
            or field.shape != ("*",)
            or field.name in ("ptcFitPars", "ptcFitParsError")
        ):
            continue
        found = len(getattr(ptc, field.name)[name])
        expected = matrices.get(field.name, pairs * cubes.get(field.name, 1))
        if field.name in cubes or field.name in matrices:
            fits = found == (expected if with_matrices else 0) or (
                field.name in matrices and found == expected
            )
        else:
            fits = found == expected or (field.name in _LONE and found == 1)
        if not fits:
            words = f"{field.name} of {name}: {found} values, {expected} expected"
            yield Problem("CAL215", (field.key, name), words)
    one, two = len(ptc.ptcFitPars[name]), len(ptc.ptcFitParsError[name])
    if one != two:
        detail = f"ptcFitParsError of {name}: {two} values for {one} parameters"
        yield Problem("CAL215", ("ptcFitParsError", name), detail)


def _doubts(ptc: Any, name: str, pairs: int) -> Iterator[Problem]:
    """Yield what can be, but hardly is right."""
    means, used = ptc.rawMeans[name], ptc.expIdMask[name]
    largest = np.nanmax(means) if np.isfinite(means).any() else np.nan
    if ptc.ptcTurnoff[name] > largest:
        detail = f"ptcTurnoff of {name} is {ptc.ptcTurnoff[name]:g}, the largest mean {largest:g}"
        yield Problem("CAL324", ("ptcTurnoff", name), detail)
    side = ptc.covMatrixSide**2
    if side and pairs and len(ptc.covariances[name]) == pairs * side and len(used) == pairs:
        variances = ptc.covariances[name][::side]
        wrong = int(np.count_nonzero(variances[used] <= 0))
        if wrong:
            detail = f"covariances of {name}: {wrong} of {int(used.sum())} variances that were used are not positive"
            yield Problem("CAL325", ("covariances", name), detail)


def _repeated(ptc: Any, names: list[str]) -> Iterator[Problem]:
    """Yield a scale that is the roll-off itself, which is what a fault of the stack's writer makes of it."""
    scale, rolloff = ([d[name] for name in names] for d in (ptc.ptcRolloffTau, ptc.ptcRolloff))
    if names and scale == rolloff:
        yield Problem("CAL326", ("ptcRolloffTau",), "ptcRolloffTau repeats ptcRolloff")


# -- images -------------------------------------------------------------------------------------------

_POWERS = {"std": 1, "var": 2, "ivar": -2}


def scaled(image: Image, factor: Array) -> Image:
    """Give an image whose pixels were multiplied the unit electron, and its uncertainty the same factor."""
    made: Any = image
    if isinstance(image, np.ndarray):
        return image
    made.unit = "electron"
    uncertainty = getattr(made, "uncertainty", None)
    if uncertainty is not None:
        power = _POWERS.get(uncertainty.uncertainty_type)
        made.uncertainty = None if power is None else type(uncertainty)(uncertainty.array * factor**power)
    return image
