"""How a calibration type is declared: its fields, its tables, and everything else that is not code."""

from curated.declare.bound import Bound, InstrumentBound, bound_fault
from curated.declare.comparison import Comparison
from curated.declare.field import Array, Field, column, fields_of
from curated.declare.measure import AB, BANDS, Band, Conditions, Levels, Measure, Part, Reading, Spectrum
from curated.declare.spec import (
    FITS_TABLES,
    Absent,
    PlotSpec,
    Rows,
    Spec,
    Table,
    in_group,
    is_nested,
    required_sizes,
)
from curated.declare.spectra import A0V, SOURCES, K

__all__ = [
    "A0V",
    "AB",
    "BANDS",
    "FITS_TABLES",
    "SOURCES",
    "Absent",
    "Array",
    "Band",
    "Bound",
    "Comparison",
    "Conditions",
    "Field",
    "InstrumentBound",
    "K",
    "Levels",
    "Measure",
    "Part",
    "PlotSpec",
    "Reading",
    "Rows",
    "Spec",
    "Spectrum",
    "Table",
    "bound_fault",
    "column",
    "fields_of",
    "in_group",
    "is_nested",
    "required_sizes",
]
