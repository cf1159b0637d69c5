"""Keywords and units against a type's declaration, and the sizes of arrays that keywords give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curated.calib.arrays import is_kind
from curated.calib.content import Content
from curated.core.diagnostic import Problem, brief
from curated.core.metadata import READ_KEYWORDS, has_value, is_same, is_storable, meaning
from curated.core.stamp import STAMP_KEYWORDS
from curated.core.units import ANGSTROM, converts, fits_unit, text_unit
from curated.declare import Field, Spec, required_sizes
from curated.fits.foreign_keywords import foreign_keywords


def declared_problems(spec: Spec, fields: tuple[Field, ...], content: Content) -> list[Problem]:
    """Check a calibration's keywords and units against its declaration.

    Values that live in the header are copied, from wherever the file has them, to both keywords and values.

    Parameters
    ----------
    spec : `Spec`
        Declaration of the type.
    content : `Content`
        Keywords, values and units; changed in place.
    """
    return [
        *_foreign_problems(content),
        *_share_keywords(fields, content),
        *_check_scalars(spec, fields, content),
        *_check_version(spec, content),
        *_check_units(spec, fields, content),
        *_check_alternatives(spec, fields, content),
    ]


def _foreign_problems(content: Content) -> Iterator[Problem]:
    """Leave out keywords that say nothing about the calibration."""
    for keyword in foreign_keywords(content.metadata):
        del content.metadata[keyword]
        yield Problem("CAL230", ("metadata", keyword), f"{keyword} is no keyword of a calibration")


def _share_keywords(fields: tuple[Field, ...], content: Content) -> Iterator[Problem]:
    """Copy values that live in the header from the metadata to the values, or the other way."""
    for field in fields:
        keyword, name = field.keyword, field.name
        if not keyword:
            continue
        header_value = content.metadata.get(keyword)
        if name not in content.values and has_value(header_value):
            content.values[name] = header_value
        elif name in content.values and is_storable(content.values[name]):
            value = content.values[name]
            content.beside.add(name)
            if has_value(header_value) and not is_same(header_value, value):
                detail = f"{field.key} is {value!r}, but {keyword} is {header_value!r}"
                yield Problem("CAL308", content.places.get(name, (field.key,)), detail)
            content.metadata[keyword] = value


def _check_scalars(spec: Spec, fields: tuple[Field, ...], content: Content) -> list[Problem]:
    """Return the problems of keywords that should be one value and are mappings, which became dotted keywords."""
    mappings = [keyword.partition(".")[0] for keyword in content.metadata if "." in keyword]
    if not mappings:
        return []
    scalars = {*READ_KEYWORDS, *spec.sizes.values(), *(field.keyword for field in fields)}
    if spec.versions:
        scalars.add(f"{spec.obstype}_VERSION".upper())
    return [
        Problem("CAL211", ("metadata", keyword), f"{keyword} is a mapping, not one value")
        for keyword in dict.fromkeys(mappings)
        if keyword in scalars
    ]


def _check_version(spec: Spec, content: Content) -> Iterator[Problem]:
    if not spec.versions:
        return
    keyword = f"{spec.obstype}_VERSION"
    version = content.metadata.get(keyword)
    if version is not None and not (is_kind(version, "f8") and version in spec.versions):
        versions = ", ".join(map(str, spec.versions))
        yield Problem("CAL310", ("metadata", keyword), f"{keyword} is {version!r}, not one of {versions}")


def _check_alternatives(spec: Spec, fields: tuple[Field, ...], content: Content) -> Iterator[Problem]:
    is_columnar = content.form in ("ecsv", "fits")
    labels = {field.name: field.column if is_columnar else field.key for field in fields}
    for names in spec.alternatives:
        present = [labels[name] for name in names if name in content.values]
        if not present:
            detail = f"one of {', '.join(labels[name] for name in names)} is missing"
            yield Problem("CAL213" if is_columnar else "CAL210", (), detail)
        elif len(present) > 1:
            detail = f"{' and '.join(present)} are given, which are alternatives"
            yield Problem("CAL308", (present[-1],), detail)


def _check_units(spec: Spec, fields: tuple[Field, ...], content: Content) -> Iterator[Problem]:
    """Check the units that the file gives, and fill in those that it may leave out."""
    is_columnar = content.form in ("ecsv", "fits")
    for field in fields:
        unit = content.units.get(field.name)
        label = (field.names or (field.key,))[0] if is_columnar else field.key
        if unit:
            if not converts(unit, field.unit):
                expected = field.unit or "no unit"
                place = (label,) if is_columnar else ("units", field.name)
                yield Problem("CAL216", place, f"{label}: unit {unit!r}, expected {expected!r}")
            elif field.keeps_unit or spec.tables[field.table].fits_units == "given":
                try:
                    spelled = fits_unit(unit)
                except ValueError:
                    place = (label,) if is_columnar else ("units", field.name)
                    yield Problem("CAL228", place, f"{label}: unit {unit!r} has no name in FITS")
                    continue
                if field.keeps_unit and unit not in ANGSTROM:
                    # FITS files give it back like this.
                    content.units[field.name] = text_unit(spelled)
        elif field.needs_unit and _has_values(content.values.get(field.name)):
            has_no_units = content.form == "fits" and spec.tables[field.table].fits_units == "none"
            if is_columnar and not has_no_units:
                yield Problem("CAL216", (label,), f"{label}: no unit, expected {field.unit!r}")
            else:
                content.units[field.name] = field.unit


def _has_values(value: Any) -> bool:
    """Say whether there is anything that a unit would change; FITS has no units in a table without rows."""
    return value is not None and not (hasattr(value, "__len__") and len(value) == 0)


def array_sizes(
    spec: Spec, fields: tuple[Field, ...], metadata: Mapping[str, Any]
) -> tuple[dict[str, int], list[Problem]]:
    """Return the sizes of arrays that keywords give, by their names in `Field.shape`."""
    if not spec.sizes:
        return {}, []
    sizes = {}
    problems = [
        Problem("CAL113", ("metadata",), f"{keyword} is missing: a size of its arrays")
        for keyword in required_sizes(spec, fields)
        if not has_value(metadata.get(keyword))
    ]
    field_keywords = {declared.keyword for declared in fields}
    for name, keyword in spec.sizes.items():
        value = metadata.get(keyword)
        if isinstance(value, (int, float)) and is_kind(value, "i8") and value >= 0:
            sizes[name] = int(value)
        elif has_value(value) and keyword not in field_keywords:
            detail = f"{keyword} is {brief(value)}, not a size"
            problems.append(Problem("CAL211", ("metadata", keyword), detail))
    return sizes, problems


def content_keywords(spec: Spec, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords that have a value, without the stamp and those that the type sets itself.

    Other names of identity keywords, which say nothing of their own, are left out.
    """
    prefix = spec.obstype.upper()
    fixed = {"CALIBCLS", "OBSTYPE", f"{prefix}_SCHEMA", f"{prefix}_VERSION"} | STAMP_KEYWORDS
    return {meaning(k): v for k, v in metadata.items() if has_value(v) and k not in fixed}
