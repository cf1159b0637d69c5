"""Fields: the quantities of a type, and how a class declares them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""A numpy array; shape and dtype are in the `Field` that declares it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Field:
    """One quantity of a calibration type; readers, writers, schema and docs walk these.

    Parameters
    ----------
    dtype : `str`
        ``f8``, ``i8``, ``bool``, ``str``; ``f`` for the float type that the file has, ``n`` for numbers that
        are whole or not as in the file, ``any`` for such numbers or texts.
    doc : `str`
        One sentence.
    unit : `str`
        Unit in the FITS standard's spelling; empty for numbers without one.
    column : `str`
        FITS and ECSV column name.
    columns : `tuple` [`str`]
        FITS and ECSV names of the columns of its elements, where each has its own.
    prefix : `str`
        What the names of its columns start with, for a mapping whose every value has a column.
    keyword : `str`
        Header keyword, for a value that lives in the header instead of a column.
    text : `str`
        YAML and JSON key; the attribute's name where empty.
    aliases : `tuple` [`str`]
        Other names that are read.
    table : `int`
        Index of its table in `Spec.tables`.
    shape : `tuple`
        Shape of one row's value; names are keys of `Spec.sizes`, ``*`` is any length.
    required : `bool`
        Whether a file without it is an error.
    default : `object`
        Value where it is missing and not required; `None` leaves it out, what can be called makes it.
    fill : `object`
        Value of a key that lacks it, in a ``key`` table; `None` for none.
    common : `bool`
        Whether all rows of a ``key`` table have the same value, which text has once.
    padded : `bool`
        Whether FITS fills its vectors at the end with NaN, to the length of the longest.
    finite : `bool`
        Whether NaN and infinity are errors.
    minimum : `float` or `tuple` [`float`], optional
        Least value; of each element, where these differ.
    maximum, above : `float`, optional
        Other bounds; ``above`` is exclusive.
    choices : `tuple` [`str`]
        The texts allowed; empty for any.
    needs_unit : `bool`
        Whether a column without a unit is an error.
    width : `int`
        Characters that a column of texts has in FITS at least.
    since : `float`
        Class version that introduced it; FITS of the stack has had it since.
    name : `str`
        The attribute's name, filled in by `Spec.fields`.
    """

    dtype: str
    doc: str
    unit: str = ""
    column: str = ""
    columns: tuple[str, ...] = ()
    prefix: str = ""
    keyword: str = ""
    text: str = ""
    aliases: tuple[str, ...] = ()
    table: int = 0
    shape: tuple[str | int, ...] = ()
    required: bool = True
    default: Any = None
    fill: Any = None
    common: bool = False
    padded: bool = False
    finite: bool = True
    minimum: float | tuple[float, ...] | None = None
    maximum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    needs_unit: bool = False
    width: int = 0
    since: float = 0.0
    name: str = ""

    @property
    def key(self) -> str:
        """The YAML and JSON key."""
        return self.text or self.name

    @property
    def where(self) -> str:
        """What people call its column or columns; empty where it has none."""
        return ", ".join(self.columns) or self.column or (f"{self.prefix}*" if self.prefix else "")

    @property
    def names(self) -> tuple[str, ...]:
        """All column names that are read, the canonical one first."""
        return self.columns or ((self.column, *self.aliases) if self.column else ())


def column(dtype: str, **kwargs: Any) -> Any:
    """Declare a field of a calibration type; see `Field` for the arguments."""
    declared = Field(dtype=dtype, **kwargs)
    if declared.required:
        return field(metadata={"field": declared})
    if callable(declared.default):
        return field(default_factory=declared.default, metadata={"field": declared})
    return field(default=declared.default, metadata={"field": declared})


def fields_of(cls: type) -> tuple[Field, ...]:
    """Return the declared fields of a calibration class, named, in order."""
    return tuple(
        dataclasses.replace(f.metadata["field"], name=f.name)
        for f in dataclasses.fields(cls)
        if "field" in f.metadata
    )
