"""Provenance: what a calibration was made of, and who edited it since (DMTN-148, sections 4.3, 4.4 and 4.7)."""

from curated.provenance.keywords import HEADER_LIMIT, combine, keywords, reconcile
from curated.provenance.reader import extract, parse
from curated.provenance.record import Construction, Edit, Input, Provenance

__all__ = [
    "HEADER_LIMIT",
    "Construction",
    "Edit",
    "Input",
    "Provenance",
    "combine",
    "extract",
    "keywords",
    "parse",
    "reconcile",
]
