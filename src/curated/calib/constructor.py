"""The making of calibrations: from untrusted content, from values given in Python, and from others by replacement."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from curated.calib.arrays import is_equal
from curated.calib.astropy_tables import plain_values
from curated.calib.content import Content
from curated.calib.error import FATAL, or_raise
from curated.calib.field_reader import FieldReader
from curated.calib.hooks import Hooks
from curated.calib.keywords import array_sizes, declared_problems
from curated.calib.mismatch import type_keywords
from curated.calib.reader import complete_keys
from curated.calib.writer import plain
from curated.core.diagnostic import CuratedError, Problem
from curated.core.metadata import Metadata, has_value, normalise
from curated.core.similar import similar_name
from curated.core.units import text_unit
from curated.declare import Field
from curated.provenance import Provenance
from curated.provenance.origin import Origin


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Constructor(Hooks):
    """What a calibration has besides its values, and how it is made.

    Values may be given as lists, as astropy quantities and columns with a unit, and ``metadata`` as a plain mapping.
    They are then brought to their declared types and units, and checked as those of a file are; keywords that follow
    from the type (OBSTYPE, its schema and version, CALIBCLS) and values that follow from others are filled in.
    Calibrations that are made of arrays and a `Metadata` are taken as they are.

    Parameters
    ----------
    metadata : `Metadata` or `dict`
        Keywords, looked up without regard to case.
    units : `dict` [`str`, `str`]
        Units that the file gives, by attribute name; values that were converted have the declared unit.
    provenance : `Provenance`
        Inputs, construction and manual edits.
    origin : `Origin`, optional
        The file that it was read from; it is not compared.

    Raises
    ------
    CalibrationError
        If lists or plain keywords are wrong; it names all problems.
    """

    metadata: Metadata = field(default_factory=Metadata)
    units: dict[str, str] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    origin: Origin | None = None

    def __post_init__(self) -> None:
        """Bring plain values to those that a file would give."""
        values = {declared.name: getattr(self, declared.name) for declared in self.FIELDS}
        if type(self.metadata) is Metadata and not any(_is_plain(value) for value in values.values()):
            return
        units = dict(self.units)
        for declared in self.FIELDS:
            value = values[declared.name]
            if value is None or (not declared.required and _is_default(declared, value)):
                del values[declared.name]
            else:
                values[declared.name] = _without_unit(declared, value, units)
        keywords, problems = normalise(self.metadata)
        for key, value in type_keywords(self.SPEC).items():
            keywords.setdefault(key, value)
        content = Content(keywords, values, units, provenance=self.provenance)
        self.complete(content)
        complete_keys(self.SPEC, self.FIELDS, content)
        calib = or_raise(*self.build(content, problems))
        for name in ("metadata", "units", "provenance", *(declared.name for declared in self.FIELDS)):
            object.__setattr__(self, name, getattr(calib, name))

    @classmethod
    def build(cls, content: Content, problems: Iterable[Problem] = ()) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of untrusted values.

        Parameters
        ----------
        content : `Content`
            Values by field name.
        problems : iterable [`Problem`], optional
            Problems of the content that are known already.

        Returns
        -------
        calib : `Calib` or `None`
            The calibration; `None` where a value cannot be used at all.
        problems : `list` [`Problem`]
            All problems, including those of the type's own rules.
        """
        problems = [*problems, *declared_problems(cls.SPEC, cls.FIELDS, content), *cls.prepare(content)]
        sizes, size_problems = array_sizes(cls.SPEC, cls.FIELDS, content.metadata)
        reader = FieldReader(cls.SPEC, cls.FIELDS, content, sizes)
        values = {declared.name: reader.read(declared) for declared in cls.FIELDS}
        problems += size_problems + reader.problems
        for declared in cls.FIELDS:
            if declared.keyword and values[declared.name] is not None:
                content.metadata[declared.keyword] = plain(values[declared.name])
        if any(p.code in FATAL for p in problems):
            return None, problems
        units = {name: unit for name, unit in content.units.items() if unit}
        calib = cls(metadata=Metadata(content.metadata), units=units, provenance=content.provenance, **values)
        return calib, problems + [reader.in_columns(problem) for problem in calib.problems()]

    def replace(
        self,
        *,
        metadata: Mapping[str, Any] | None = None,
        provenance: Provenance | None = None,
        **values: Any,
    ) -> Self:
        """Return a copy with other values or keywords; the calibration itself stays as it is.

        Parameters
        ----------
        metadata : `dict`, optional
            Keywords to set; all others stay. `None` removes a keyword.
        provenance : `Provenance`, optional
            The provenance of the copy; by default that of the calibration.
        **values
            New values by attribute name, as for the constructor: arrays, lists, quantities.

        Returns
        -------
        calib : the type of the calibration
            It has no `origin`: no file holds it.

        Raises
        ------
        CalibrationError
            If the copy would be wrong; it names all problems.
        CuratedError
            If the type has no such value.

        Examples
        --------
        >>> moved = defects.replace(x0=defects.x0 + 1, metadata={"SOURCE": "dome flats"})  # doctest: +SKIP
        """
        fields = {declared.name: declared for declared in self.FIELDS}
        for name in values:
            if name not in fields:
                similar = similar_name(name, fields)
                hint = f"did you mean {similar!r}?" if similar else f"it has {', '.join(fields)}"
                raise CuratedError(f"{self.SPEC.name} has no value {name!r}", hint)
        changes = Metadata(metadata or {})
        kept = {
            name: getattr(self, name)
            for name, declared in fields.items()
            if name not in values and not (declared.keyword and declared.keyword in changes)
        }
        keywords = Metadata(self.metadata)
        for key in [*(fields[name].keyword for name in values if fields[name].keyword), *changes]:
            keywords.pop(key, None)
        keywords.update({key: value for key, value in changes.items() if value is not None})
        # The unit of new values that have none is that of the old ones.
        units = dict(self.units)
        plain_values = {
            name: _without_unit(fields[name], value, units)
            for name, value in {**kept, **values}.items()
            if value is not None
        }
        content = Content(keywords, plain_values, units, provenance=provenance or self.provenance)
        complete_keys(self.SPEC, self.FIELDS, content)
        calib = or_raise(*self.build(content))
        others = {f.name for f in dataclasses.fields(self)} - {
            *fields,
            "metadata",
            "units",
            "provenance",
            "origin",
        }
        return dataclasses.replace(calib, **{name: getattr(self, name) for name in others})


def _is_plain(value: Any) -> bool:
    """Say whether a value has another form than those of calibrations that were read: a list, or with unit or mask."""
    if isinstance(value, dict):
        return any(map(_is_plain, value.values()))
    return isinstance(value, (list, tuple, np.ma.MaskedArray)) or _has_unit(value)


def _has_unit(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_unit, value.values()))
    return value is not None and hasattr(value, "unit") and not isinstance(value, type)


def _is_default(declared: Field, value: Any) -> bool:
    default = declared.default() if callable(declared.default) else declared.default
    if default is None or type(default) is not type(value):
        return False
    return is_equal(value, default)


def _without_unit(declared: Field, value: Any, units: dict[str, str]) -> Any:
    """Return a value as a plain array, list or mapping, after noting the unit that it has."""
    if isinstance(value, Mapping):
        return {str(key): _without_unit(declared, item, units) for key, item in value.items()}
    if _has_unit(value) and has_value(value.unit):
        units[declared.name] = text_unit(str(value.unit))
    if not (_has_unit(value) or isinstance(value, np.ndarray)):
        return value
    masked = value if isinstance(value, np.ma.MaskedArray) else getattr(value, "value", value)
    try:
        return _text_list(plain_values(masked))
    except ValueError as error:
        raise CuratedError(
            f"{declared.name}: {error}", "fill in the values, or leave out their rows"
        ) from error


def _text_list(values: Any) -> Any:
    """Return texts as a list, as files give them; numbers as they are."""
    return values.tolist() if values.dtype.kind == "U" else values
