"""What a type's declaration says about its keywords and units, apart from each value's own dtype and shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curated.calib.arrays import is_kind
from curated.calib.content import Content
from curated.core.diagnostic import Problem, brief
from curated.core.metadata import READ_KEYWORDS, has_value, is_same, is_storable
from curated.core.stamp import STAMP_KEYWORDS
from curated.core.units import converts
from curated.declare import Field, Spec, required_sizes


def declared_problems(spec: Spec, fields: tuple[Field, ...], content: Content) -> list[Problem]:
    """Check a calibration's keywords and units against its declaration.

    Values that live in the header are given to both, the header and the values, wherever the file has them.

    Parameters
    ----------
    spec, fields
        The declaration.
    content : `Content`
        Keywords and values; changed in place.
    """
    return [
        *_share_keywords(fields, content),
        *_check_scalars(spec, fields, content),
        *_check_version(spec, content),
        *_check_units(fields, content),
        *_check_alternatives(spec, fields, content),
    ]


def _share_keywords(fields: tuple[Field, ...], content: Content) -> list[Problem]:
    """Give values that live in the header to both, wherever the file has them."""
    problems = []
    for declared in fields:
        if not declared.keyword:
            continue
        keyword, name = declared.keyword, declared.name
        if name not in content.values and has_value(content.metadata.get(keyword)):
            content.values[name] = content.metadata[keyword]
        elif name in content.values and is_storable(content.values[name]):
            value = content.values[name]
            content.beside.add(name)
            known = content.metadata.get(keyword)
            if has_value(known) and not is_same(known, value):
                problems.append(
                    Problem(
                        "CAL308",
                        content.places.get(name, (declared.key,)),
                        f"{declared.key} is {value!r}, but {keyword} is {known!r}",
                    )
                )
            content.metadata[keyword] = value
    return problems


def _check_scalars(spec: Spec, fields: tuple[Field, ...], content: Content) -> list[Problem]:
    """Return keywords that have a meaning, and are mappings, which have become dotted keywords."""
    dotted = [keyword.partition(".")[0] for keyword in content.metadata if "." in keyword]
    if not dotted:
        return []
    known = {*READ_KEYWORDS, *spec.sizes.values(), *(declared.keyword for declared in fields)}
    if spec.versions:
        known.add(f"{spec.obstype}_VERSION".upper())
    return [
        Problem("CAL211", ("metadata", keyword), f"{keyword} is a mapping, not one value")
        for keyword in dict.fromkeys(dotted)
        if keyword in known
    ]


def _check_version(spec: Spec, content: Content) -> list[Problem]:
    if not spec.versions:
        return []
    keyword = f"{spec.obstype}_VERSION"
    version = content.metadata.get(keyword)
    if version is None or (is_kind(version, "f8") and version in spec.versions):
        return []
    known = ", ".join(map(str, spec.versions))
    return [Problem("CAL310", ("metadata", keyword), f"{keyword} is {version!r}, not one of {known}")]


def _check_alternatives(spec: Spec, fields: tuple[Field, ...], content: Content) -> list[Problem]:
    if not spec.alternatives:
        return []
    columnar = content.form in ("ecsv", "fits")
    labels = {declared.name: declared.column if columnar else declared.key for declared in fields}
    problems = []
    for names in spec.alternatives:
        given = [labels[name] for name in names if name in content.values]
        listed = ", ".join(labels[name] for name in names)
        if not given:
            problems.append(Problem("CAL213" if columnar else "CAL210", (), f"one of {listed} is missing"))
        elif len(given) > 1:
            detail = f"{' and '.join(given)} are given, which are alternatives"
            problems.append(Problem("CAL308", (given[-1],), detail))
    return problems


def _check_units(fields: tuple[Field, ...], content: Content) -> list[Problem]:
    """Check the units that the file gives, and fill in those that YAML may leave out."""
    is_columnar = content.form in ("ecsv", "fits")
    problems = []
    for declared in fields:
        unit = content.units.get(declared.name)
        label = (declared.names or (declared.key,))[0] if is_columnar else declared.key
        if unit:
            if not converts(unit, declared.unit):
                expected = declared.unit or "no unit"
                place = (label,) if is_columnar else ("units", declared.name)
                problems.append(Problem("CAL216", place, f"{label}: unit {unit!r}, expected {expected!r}"))
        elif declared.needs_unit and _has_values(content.values.get(declared.name)):
            if is_columnar:
                problems.append(Problem("CAL216", (label,), f"{label}: no unit, expected {declared.unit!r}"))
            else:
                content.units[declared.name] = declared.unit
    return problems


def _has_values(value: Any) -> bool:
    """Say whether there is anything that a unit would change; a table without rows has no units in FITS."""
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
    """Return the keywords that have a value, without the stamp and those that the type sets itself."""
    prefix = spec.obstype.upper()
    fixed = {"CALIBCLS", "OBSTYPE", f"{prefix}_SCHEMA", f"{prefix}_VERSION"}
    return {k: v for k, v in metadata.items() if has_value(v) and k not in fixed | STAMP_KEYWORDS}
