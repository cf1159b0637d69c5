"""Keywords of Butler and of the form of files, told from those of calibrations."""

from __future__ import annotations

import uuid

import pytest
from lsst.daf.butler import DatasetProvenance

from curated.fits.foreign_keywords import butler_keywords, foreign_keywords

HONEST = [
    "OBSTYPE",
    "RUN",
    "ID",
    "RUN ID",
    "DETECTOR",
    "INPUT_RANGE",
    "LSST BUTLERY",
    "SOURCE",
    "CPP_INPUT_0",
    "EXPID",
]


@pytest.mark.parametrize(
    ("prefix", "separator"), [("LSST BUTLER", " "), ("lsst.butler", "."), ("LSST-BUTLER", "-")]
)
def test_keys_of_butler(prefix: str, separator: str) -> None:
    provenance = DatasetProvenance(quantum_id=uuid.uuid4())
    keys = [
        *provenance.to_flat_dict(None, prefix=prefix, sep=separator),
        *(separator.join((prefix, *parts)) for parts in (["ID"], ["RUN"], ["DATASETTYPE"], ["N_INPUTS"])),
        *(separator.join((prefix, *parts)) for parts in (["DATAID", "DETECTOR"], ["INPUT", "12", "RUN"])),
    ]

    assert butler_keywords([*keys, *HONEST]) == keys


def test_any_prefix_with_all_three() -> None:
    keys = ["MADE RUN", "MADE ID", "MADE DATASETTYPE", "MADE DATAID DETECTOR", "MADE INPUT 0 ID"]
    assert butler_keywords([*keys, *HONEST]) == keys
    assert butler_keywords(keys[:2]) == []


def test_structure() -> None:
    keys = [
        "AFW_TABLE_VERSION",
        "EXTTYPE",
        "AR_NCAT",
        "AR_CATN",
        "AR_NAME",
        "CAT.ARCHIVE",
        "TDOC1",
        "TCCLS12",
        "INHERIT",
        "SKYWCS_ID",
        "LTV1",
        "CRVAL2A",
    ]
    assert foreign_keywords([*keys, *HONEST]) == tuple(keys)
