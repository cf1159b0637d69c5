"""A hash of the values of a calibration: the same for equal values, in whatever file and by whomever they were written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from curated.datasets.values import Details, ValuesHash

if TYPE_CHECKING:
    from curated.calib.hooks import Hooks

_LARGEST_EXACT = 2**53
"""Up to here every integer is a float64 as well."""


class Digest(Protocol):
    """What takes bytes, such as a hash."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""


def values_digest(values: Mapping[str, Any]) -> str:
    """Return the hash of named values.

    Numbers count as numbers, whatever their width and byte order, so that 3, 3.0 and float32 3.0 are one; all NaN are
    one, and so are 0.0 and -0.0, as for ``==``. Texts count without blanks at their end, which FITS does not keep. The
    order of mappings does not count. What is `None` or empty counts as missing.

    Parameters
    ----------
    values : `dict`
        Scalars, arrays, lists, and mappings of them, by name.

    Returns
    -------
    digest : `str`
        SHA-256 in hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(values):
        if not _is_empty(values[name]):
            _add_text(digest, name)
            _add(digest, values[name])
    return digest.hexdigest()


def values_hash(calib: Hooks, extra: Mapping[str, Any] | None = None) -> ValuesHash:
    """Return the hash of the values of a calibration, with what two of them are compared by.

    Parameters
    ----------
    extra : `dict`, optional
        Other values that count, by name.
    """
    others = dict(extra or {})
    values = {**calib.content_values(), **others}
    form, exact = calib.exact_values()
    fields = _digests(values)
    digest = values_digest(values)
    curve = calib.mean_curve()
    if curve is None:
        return ValuesHash(digest, Details(form, digest, fields, fields))
    exact |= others
    return ValuesHash(digest, Details(form, values_digest(exact), fields, _digests(exact), curve))


def _digests(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the hash of each value that is not missing."""
    return {name: values_digest({name: value}) for name, value in values.items() if not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.size == 0
    return value is None or (isinstance(value, (str, Mapping, list, tuple)) and not value)


def _add(digest: Digest, value: Any) -> None:
    if value is None:
        digest.update(b"-")
    elif isinstance(value, str):
        _add_text(digest, value.rstrip(" "))
    elif isinstance(value, Mapping):
        digest.update(b"{%d" % len(value))
        for key in sorted(value, key=str):
            _add_text(digest, str(key))
            _add(digest, value[key])
    elif isinstance(value, np.ndarray):
        _add_array(digest, value)
    elif isinstance(value, (list, tuple)):
        digest.update(b"[%d" % len(value))
        for item in value:
            _add(digest, item)
    else:
        _add_array(digest, np.asarray(value))


def _add_text(digest: Digest, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    digest.update(b"t%d:" % len(data))
    digest.update(data)


def _add_array(digest: Digest, array: Any) -> None:
    shape = ",".join(map(str, array.shape)).encode()
    kind = array.dtype.kind
    if kind in "fiu":
        digest.update(b"n%s:" % shape)
        digest.update(number_bytes(array))
    elif kind == "b":
        digest.update(b"b%s:" % shape)
        digest.update(array.astype("u1").tobytes())
    else:
        digest.update(b"a%s:" % shape)
        for item in array.reshape(-1).tolist():
            _add(digest, item)


def number_bytes(array: Any) -> bytes:
    """Return numbers as bytes that are equal where the numbers are."""
    if array.dtype.kind in "iu" and array.size and max(int(array.max()), -int(array.min())) > _LARGEST_EXACT:
        texts: Iterable[str] = map(str, array.reshape(-1).tolist())
        # Those that are floats as well have the bytes of these floats.
        as_floats = array.astype("<f8")
        if [int(value) for value in as_floats.reshape(-1).tolist()] != array.reshape(-1).tolist():
            return b"i" + ",".join(texts).encode()
    # The sum with zero takes the sign from zeros.
    numbers = np.ascontiguousarray(array, dtype="<f8") + 0.0
    is_nan = np.isnan(numbers)
    if is_nan.any():
        numbers = np.where(is_nan, np.nan, numbers)
    return numbers.astype("<f8", copy=False).tobytes()
