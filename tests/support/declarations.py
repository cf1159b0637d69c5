"""Declarations of small calibration types."""

from __future__ import annotations

from typing import Any

from curated.declare import Field, Spec, Table


def make_spec(*tables: Table, **more: Any) -> Spec:
    """Return the declaration of a type; the keyword arguments are those of `Spec`."""
    arguments = {"name": "sample", "title": "A sample", "obstype": "SAMPLE", "dimensions": ("instrument",)}
    arguments |= {
        "storage_class": "Sample",
        "calibcls": "tests.Sample",
        "tables": tables or (Table(name="T"),),
    }
    return Spec(**{**arguments, **more})


def make_field(name: str, dtype: str = "f8", **more: Any) -> Field:
    """Return a field; the keyword arguments are those of `Field`."""
    return Field(**{"name": name, "dtype": dtype, "doc": f"Some {name}.", "column": name.upper(), **more})
