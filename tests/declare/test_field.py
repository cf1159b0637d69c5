"""Fields: their names and captions, and how a class declares them."""

from __future__ import annotations

from dataclasses import MISSING, fields, make_dataclass

import pytest

from curated.declare import Field, column, fields_of


@pytest.mark.parametrize(
    ("field", "key", "label", "names"),
    [
        (Field(dtype="f8", doc="", name="x"), "x", "", ()),
        (Field(dtype="f8", doc="", name="x", text="y", aliases=("z",)), "y", "", ()),
        (Field(dtype="f8", doc="", name="x", column="X", aliases=("Z",)), "x", "X", ("X", "Z")),
        (Field(dtype="f8", doc="", name="x", columns=("X", "Y")), "x", "X, Y", ("X", "Y")),
        (Field(dtype="f8", doc="", name="x", prefix="AUX_"), "x", "AUX_*", ()),
    ],
)
def test_names(field: Field, key: str, label: str, names: tuple[str, ...]) -> None:
    assert (field.key, field.column_label, field.names) == (key, label, names)


def test_captions_have_the_unit() -> None:
    assert Field(dtype="f8", doc="Read noise.", unit="electron").caption == "Read noise (electron)."
    assert Field(dtype="f8", doc="Read noise.").caption == "Read noise."


Sample = make_dataclass(
    "Sample",
    [
        ("x", float, column("f8", column="X", doc="Needed.")),
        ("y", float, column("f8", required=False, doc="Not needed.")),
        ("z", dict, column("f8", required=False, default=dict, doc="A mapping.")),
        ("other", int, 3),
    ],
)
"""A class with fields of a calibration and another."""


def test_declared_fields_in_order() -> None:
    assert [(f.name, f.column, f.doc) for f in fields_of(Sample)] == [
        ("x", "X", "Needed."),
        ("y", "", "Not needed."),
        ("z", "", "A mapping."),
    ]


def test_required_fields_have_no_default() -> None:
    by_name = {field.name: field for field in fields(Sample)}
    assert by_name["x"].default is by_name["x"].default_factory is MISSING
    with pytest.raises(TypeError, match="'x'"):
        Sample()
    first, second = Sample(1.0), Sample(1.0)
    assert first.y is None
    assert first.z == {}
    assert first.z is not second.z
