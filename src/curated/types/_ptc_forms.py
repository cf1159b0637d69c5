"""Older versions of photon transfer curves: how they become the current one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from curated.calib.arrays import is_kind
from curated.calib.content import Content
from curated.core.diagnostic import Problem, brief
from curated.core.metadata import has_value, is_same
from curated.declare import Field

DROPPED = dict.fromkeys(
    (
        *("covariancesModelNoB", "aMatrixNoB", "noiseMatrixNoB"),
        *("COVARIANCES_MODEL_NO_B", "A_MATRIX_NO_B", "NOISE_MATRIX_NO_B"),
    ),
    "Of versions before 2.1.",
)
"""Keys and columns that only old versions have."""

LONE_VALUES = {"histVars": np.nan, "histChi2Dofs": np.nan, "kspValues": 0.0}
"""Vectors that have a single value if the file lacks them, as in the stack."""

_CURRENT = 2.6
_NOISE_IN_ELECTRON = 1.9
"""Version from which noise is in electron; before it was a variance in electron**2."""

_MAX_LAGS = 100
"""Side up to which a missing matrix is filled in: the side that a file gives is untrusted."""


def prepare(fields: tuple[Field, ...], content: Content) -> list[Problem]:
    """Bring an older version to the current one as lsst.ip.isr.PhotonTransferCurveDataset does, in place.

    Parameters
    ----------
    fields : `tuple` [`Field`]
        Fields of the type.
    content : `Content`
        The untrusted values, changed in place.
    """
    values, metadata = content.values, content.metadata
    version: Any = metadata.get("PTC_VERSION")
    problems = _order_amplifiers(fields, content)
    fit_type, keyword = values.get("ptcFitType"), metadata.get("PTC_FIT_TYPE")
    if isinstance(fit_type, str):
        if has_value(keyword) and not is_same(keyword, str(fit_type)):
            detail = f"ptcFitType is {brief(str(fit_type))}, but PTC_FIT_TYPE is {brief(keyword)}"
            problems.append(Problem("CAL308", ("metadata", "PTC_FIT_TYPE"), detail))
        metadata["PTC_FIT_TYPE"] = str(fit_type)
    if is_kind(version, "f8"):
        if version < _NOISE_IN_ELECTRON and fit_type == "FULLCOVARIANCE":
            _take_root_of_noise(values)
        if version < _CURRENT:
            metadata["PTC_VERSION"] = _CURRENT
    if "covMatrixSideFullCovFit" not in values and "covMatrixSide" in values:
        values["covMatrixSideFullCovFit"] = values["covMatrixSide"]
    for field in fields:
        if field.since and not field.common and field.name not in values:
            by_key = {key: _missing_value(field, key, values) for key in map(str, values["ampNames"])}
            values[field.name] = {key: value for key, value in by_key.items() if value is not None}
    return problems


def _order_amplifiers(fields: tuple[Field, ...], content: Content) -> list[Problem]:
    """Bring all mappings into the order of ``ampNames``, or fill in ``ampNames`` from them."""
    values = content.values
    keyed = [f.name for f in fields if not f.common and isinstance(values.get(f.name), Mapping)]
    for name in keyed:
        values[name] = {str(key): value for key, value in values[name].items()}
    keys = list(dict.fromkeys(key for name in keyed for key in values[name]))
    amplifiers = values.get("ampNames")
    if not isinstance(amplifiers, list) or not all(isinstance(name, str) for name in amplifiers):
        values["ampNames"] = keys
        is_wrong = amplifiers is not None
        return [Problem("CAL211", ("ampNames",), "ampNames is not a list of names")] if is_wrong else []
    if sorted(amplifiers) != sorted(keys):
        values["ampNames"] = keys
        detail = f"ampNames are {', '.join(amplifiers) or 'none'}, but values are given for "
        return [Problem("CAL308", ("ampNames",), detail + (", ".join(keys) or "none"))]
    for name in keyed:
        values[name] = {key: values[name][key] for key in amplifiers if key in values[name]}
    return []


def _take_root_of_noise(values: dict[str, Any]) -> None:
    """Convert a noise that is a variance in electron**2 to electron, and its error with it."""
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


def _missing_value(field: Field, key: str, values: Mapping[str, Any]) -> Any:
    """Return an amplifier's value of a field that its version did not have."""

    def value_of(name: str) -> Any:
        mapping = values.get(name)
        return mapping.get(key) if isinstance(mapping, Mapping) else None

    pairs = _length(value_of("rawMeans"))
    if field.name == "gainUnadjusted":
        gain = value_of("gain")
        return gain if is_kind(gain, "f8") and gain > 0 else np.nan
    if field.name == "ptcTurnoff":
        return _last_used(value_of("finalMeans"), value_of("expIdMask"))
    if field.name == "noiseMatrix":
        side: Any = values.get("covMatrixSideFullCovFit")
        size = _length(value_of("aMatrix"))
        has_side = isinstance(side, (int, np.integer)) and 0 < side <= _MAX_LAGS and size > 0
        return [np.nan] * (int(side) ** 2 if has_side else size)
    if field.name in LONE_VALUES:
        return [LONE_VALUES[field.name]]
    if field.shape:
        return [False if field.dtype == "bool" else np.nan] * pairs
    return np.nan


def _last_used(means: Any, mask: Any) -> float:
    """Return the mean of the last pair that was used; NaN if there is none."""
    if not _length(means) or _length(means) != _length(mask):
        return float(np.nan)
    used_means = [mean for mean, flag in zip(means, mask, strict=True) if flag is True or flag is np.True_]
    last = used_means[-1] if used_means else np.nan
    return float(last) if is_kind(last, "f8") else float(np.nan)


def blank_values(fields: tuple[Field, ...], amplifiers: list[str]) -> dict[str, Any]:
    """Return the values of a document without any pair of flat fields, for gains that were measured otherwise."""
    tree: dict[str, Any] = {"ampNames": amplifiers, "ptcFitType": "PARTIAL", "badAmps": []}
    for field in fields:
        if field.name in tree or field.prefix:
            continue
        if field.common:
            tree[field.key] = 0
        elif field.shape:
            tree[field.key] = {name: [] for name in amplifiers}
        elif field.fill is not None:
            tree[field.key] = dict.fromkeys(amplifiers, field.fill)
        else:
            tree[field.key] = dict.fromkeys(amplifiers, float(np.nan))
    return tree
