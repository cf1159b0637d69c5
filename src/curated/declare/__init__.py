"""How a calibration type is declared: its fields, its tables, and everything else that is not code."""

from curated.declare.field import Array, Field, column, fields_of
from curated.declare.spec import Absent, PlotSpec, Rows, Spec, Table, in_group, is_nested, required_sizes

__all__ = [
    "Absent",
    "Array",
    "Field",
    "PlotSpec",
    "Rows",
    "Spec",
    "Table",
    "column",
    "fields_of",
    "in_group",
    "is_nested",
    "required_sizes",
]
