"""The hash of the values of a calibration, with what is needed to compare two of them more closely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np

NOISE, SINGLE_NOISE = 2e-15, 1e-6
"""Largest relative difference of means over 16 amplifiers that are added in another order, in double and single precision.
With the files of obs_lsst_data and lsst.ip.isr.transmissionCurve it is 4e-16 and 2.6e-7; where amplifiers differ more from
each other, it is larger."""


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of the values of a calibration apart from their hash.

    Parameters
    ----------
    form : `str`
        The form in which the values are declared; empty where the file may hold no more than a mean of them.
    exact : `str`
        Hash of the values in this form, none of them rounded.
    fields : `dict` [`str`, `str`]
        Hash of each value that the hash is of, by name.
    parts : `dict` [`str`, `str`]
        Hash of each value in its form, by name.
    curve : `numpy.ndarray`, (N,), float64, optional
        What a mean over amplifiers is made of, where there may be one.
    """

    form: str = ""
    exact: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    curve: np.ndarray[Any, Any] | None = None


class ValuesHash(str):
    """A hash of values, as a text, which also knows `Details`; equal to another one if the hashes are."""

    details: Details

    def __new__(cls, digest: str, details: Details) -> Self:
        """Return the hash with its details."""
        self = super().__new__(cls, digest)
        self.details = details
        return self

    def __getnewargs__(self) -> tuple[str, Details]:  # type: ignore[override]
        """Return what it is made of, for other processes."""
        return str(self), self.details


def is_same_content(first: str, second: str) -> bool:
    """Return whether two contents are the same, as closely as both are known.

    Declared values are compared exactly where both files hold them in the same form. Where there may be no more than a
    mean over amplifiers, it is compared within the noise of the order in which they were added. Otherwise the hashes
    are compared.

    Parameters
    ----------
    first, second : `str`
        Contents, with details where they are hashes of values.
    """
    if not (isinstance(first, ValuesHash) and isinstance(second, ValuesHash)):
        return first == second
    one, other = first.details, second.details
    if one.form and one.form == other.form:
        return one.exact == other.exact
    if one.curve is None or other.curve is None:
        return first == second
    # All but the curve has to be the same as well.
    names = ({*one.fields} | {*other.fields}) - {"throughputs", "steps"}
    same_rest = all(one.fields.get(name) == other.fields.get(name) for name in names)
    return same_rest and _is_close(one.curve, other.curve)


def _is_close(first: Any, second: Any) -> bool:
    import numpy as np

    if first.shape != second.shape:
        return False
    with np.errstate(over="ignore"):
        is_single = all(
            np.array_equal(curve.astype("f4").astype("f8"), curve, equal_nan=True)
            for curve in (first, second)
        )
    return bool(
        np.allclose(first, second, rtol=SINGLE_NOISE if is_single else NOISE, atol=0.0, equal_nan=True)
    )


def differing_fields(first: str, second: str) -> list[str]:
    """Return the names of the fields whose values differ; empty where they are not known."""
    return sorted(_differing(first, second))


def _differing(first: str, second: str) -> Iterator[str]:
    if not (isinstance(first, ValuesHash) and isinstance(second, ValuesHash)):
        return
    if is_same_content(first, second):
        return
    is_exact = first.details.form and first.details.form == second.details.form
    one, other = (side.details.parts if is_exact else side.details.fields for side in (first, second))
    different = [name for name in {*one, *other} if one.get(name) != other.get(name) and name != "steps"]
    # Rounded or not, a curve is one field.
    yield from different or (["throughputs"] if first.details.curve is not None else [])
