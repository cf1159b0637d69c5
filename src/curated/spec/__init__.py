"""What a calibration type is made of: fields, tables, and everything else that a declaration says."""

from curated.spec.declaration import Absent, Spec, required_sizes
from curated.spec.field import Array, Field, column, fields_of
from curated.spec.plot import PlotSpec
from curated.spec.table import Rows, Table

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
