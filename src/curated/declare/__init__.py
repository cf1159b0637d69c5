"""What a calibration type is made of: fields, tables, and everything else that a declaration says."""

from curated.declare.field import Array, Field, column, fields_of
from curated.declare.plot import PlotSpec
from curated.declare.spec import Absent, Spec, required_sizes
from curated.declare.table import Rows, Table

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
    "required_sizes",
]
