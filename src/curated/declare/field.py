"""Fields: the quantities of a calibration type, and how a class declares them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""A numpy array; the `Field` that declares it has its shape and dtype."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Field:
    """One quantity of a calibration type; readers, writers, schemas and pages are derived from it.

    Parameters
    ----------
    dtype : `str`
        ``f8``, ``i8``, ``bool`` or ``str``; ``f`` for floats in the precision of the file, ``n`` for numbers that
        stay integers where the file has integers, ``any`` for such numbers or text.
    doc : `str`
        One sentence that says what it is. Leave the unit out: pages and messages add it.
    unit : `str`
        Unit in the FITS standard's spelling; empty for plain numbers. Values are in this unit: those that a file
        gives in another are converted when they are read.
    column : `str`
        Column name in FITS and ECSV.
    columns : `tuple` [`str`]
        Column names of the elements of a vector that has a column for each.
    prefix : `str`
        Start of the column names of a mapping whose every value is a column.
    keyword : `str`
        Header keyword, for a value that lives in the header instead of a column.
    text : `str`
        Key in YAML and JSON; the attribute's name if empty.
    aliases : `tuple` [`str`]
        Other keys and column names that are read.
    table : `int`
        Index of its table in `Spec.tables`.
    shape : `tuple`
        Shape of one row's value: numbers, keys of `Spec.sizes`, or ``*`` for any length.
    required : `bool`
        Whether a file without it is an error.
    default : `object`
        Value of a field that is missing and not required: `None` for no value at all; a callable is called.
    fill : `object`
        Value for the keys of a ``key`` table that lack it; `None` for none.
    common : `bool`
        Whether all rows of a ``key`` table share one value, which text gives once.
    padded : `bool`
        Whether FITS pads its vectors with NaN to the length of the longest.
    finite : `bool`
        Whether NaN and infinity are errors.
    minimum : `float` or `tuple` [`float`], optional
        Least value that is allowed; a tuple has one for each element.
    maximum : `float`, optional
        Largest value that is allowed.
    above : `float`, optional
        Exclusive lower bound.
    choices : `tuple` [`str`]
        Allowed texts; empty for any.
    needs_unit : `bool`
        Whether a column without a unit is an error; YAML and JSON may leave the unit out.
    keeps_unit : `bool`
        Whether values stay in the unit that the file gives, for classes that convert them where they use them.
    width : `int`
        Minimum width in characters of a text column in FITS.
    since : `float`
        Version of the stack's class that introduced it.
    name : `str`
        Attribute name, filled in by `fields_of`.
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
    keeps_unit: bool = False
    width: int = 0
    since: float = 0.0
    name: str = ""

    @property
    def key(self) -> str:
        """Key in YAML and JSON."""
        return self.text or self.name

    @property
    def column_label(self) -> str:
        """Its column names as people read them; empty if it has no column."""
        return ", ".join(self.columns) or self.column or (f"{self.prefix}*" if self.prefix else "")

    @property
    def names(self) -> tuple[str, ...]:
        """All column names that are read, the canonical one first."""
        return self.columns or ((self.column, *self.aliases) if self.column else ())

    @property
    def caption(self) -> str:
        """Its sentence with the unit, for messages."""
        return f"{self.doc.rstrip('.')} ({self.unit})." if self.unit else self.doc


def column(dtype: str, **kwargs: Any) -> Any:
    """Declare a field of a calibration type; the keyword arguments are those of `Field`."""
    declaration = Field(dtype=dtype, **kwargs)
    metadata = {"field": declaration}
    if declaration.required:
        return field(metadata=metadata)
    if callable(declaration.default):
        return field(default_factory=declaration.default, metadata=metadata)
    return field(default=declaration.default, metadata=metadata)


def fields_of(cls: type) -> tuple[Field, ...]:
    """Return the fields that a calibration class declares, with their names, in order."""
    return tuple(
        dataclasses.replace(f.metadata["field"], name=f.name)
        for f in dataclasses.fields(cls)
        if "field" in f.metadata
    )
