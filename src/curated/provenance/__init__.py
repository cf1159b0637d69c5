"""Provenance: what a calibration was made of, who edited it since, and who certified it (DMTN-148, sections 4.3, 4.4 and 4.7)."""

from curated.provenance.keywords import HEADER_LIMIT, combine, keywords, reconcile
from curated.provenance.reader import extract, parse
from curated.provenance.record import Certification, Construction, Edit, Input, Provenance

__all__ = [
    "HEADER_LIMIT",
    "Certification",
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
