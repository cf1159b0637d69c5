"""Butler's own provenance in headers, written by Butler and read as the construction of a calibration."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from lsst.daf.butler import DatasetProvenance, DatasetRef, DatasetType, DimensionUniverse

from curated.fits.butler_header import butler_construction
from curated.fits.foreign_keywords import butler_keywords

UNIVERSE = DimensionUniverse()


def make_ref(name: str, run: str) -> DatasetRef:
    from lsst.daf.butler import DataCoordinate

    dataset_type = DatasetType(name, ("instrument", "detector"), "Defects", universe=UNIVERSE)
    data_id = DataCoordinate.standardize(instrument="Lab", detector=3, universe=UNIVERSE)
    return DatasetRef(dataset_type, data_id, run=run)


def make_provenance(count: int) -> tuple[DatasetProvenance, list[DatasetRef]]:
    provenance = DatasetProvenance(quantum_id=uuid.uuid4())
    refs = [make_ref(f"cpPart{n}", f"u/me/run {n}") for n in range(count)]
    for ref in refs:
        provenance.add_input(ref)
    return provenance, refs


def plain(ref: DatasetRef) -> dict[str, str]:
    return {"uuid": str(ref.id), "type": ref.datasetType.name, "run": ref.run}


@pytest.mark.parametrize(
    ("prefix", "separator"),
    [
        ("LSST BUTLER", " "),
        ("lsst.butler", "."),
        ("LSST-BUTLER", "-"),
        ("MADE", " "),
        ("", " "),
        ("A/B", "/"),
    ],
)
@pytest.mark.parametrize("count", [0, 1, 12])
def test_all_that_butler_writes_is_kept(prefix: str, separator: str, count: int) -> None:
    provenance, refs = make_provenance(count)
    ref = make_ref("defects", "u/me/out")
    keywords = provenance.to_flat_dict(ref, prefix=prefix, sep=separator, simple_types=True, use_upper=True)
    header = {**keywords, "OBSTYPE": "defects", "RUN_ID": 3}
    expected = {
        "dataset": plain(ref),
        "quantum": str(provenance.quantum_id),
        "input_datasets": [plain(other) for other in refs],
    }
    assert butler_construction(header) == {key: value for key, value in expected.items() if value}
    assert set(butler_keywords(header)) == set(keywords), "all of them are left out of the keywords"


def test_too_many_inputs_are_a_number_and_short_ones_have_their_ids() -> None:
    provenance, refs = make_provenance(4)
    options: dict[str, Any] = {"prefix": "LSST BUTLER", "sep": " ", "simple_types": True}
    counted = butler_construction(provenance.to_flat_dict(None, max_inputs=3, **options))
    assert counted == {"quantum": str(provenance.quantum_id), "input_count": 4}
    short = butler_construction(provenance.to_flat_dict(None, store_minimalist_inputs=True, **options))
    assert short["input_datasets"] == [{"uuid": str(ref.id)} for ref in refs]


ONE = str(uuid.UUID(int=1))


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ({"OBSTYPE": "bias", "ID": ONE}, {}),
        ({"LSST BUTLER ID": "no UUID", "LSST BUTLER RUN": " "}, {}),
        ({"LSST BUTLER ID": 3, "LSST BUTLER RUN": "x" * 300, "LSST BUTLER QUANTUM": None}, {}),
        ({"LSST BUTLER INPUT 0 RUN": "r", "LSST BUTLER N_INPUTS": 1}, {"input_count": 1}),
        ({"LSST BUTLER INPUT 7 ID": ONE.upper()}, {"input_datasets": [{"uuid": ONE}]}),
        (
            {"LSST BUTLER N_INPUTS": True, "LSST BUTLER INPUT 0 ID": ONE},
            {"input_datasets": [{"uuid": ONE}]},
        ),
        (
            {"LSST BUTLER N_INPUTS": 5, "LSST BUTLER INPUT 0 ID": ONE},
            {"input_datasets": [{"uuid": ONE}], "input_count": 5},
        ),
        ({"LSST BUTLER RUN": ["a", "a"], "LSST BUTLER ID": ["a", "b"]}, {"dataset": {"run": "a"}}),
        ({"HIERARCH LSST BUTLER RUN": "a", "lsst butler id": ONE}, {"dataset": {"uuid": ONE, "run": "a"}}),
        ({"LSST BUTLER RUN": "a\nb", "LSST BUTLER DATASETTYPE": "t"}, {"dataset": {"type": "t"}}),
    ],
)
def test_what_butler_did_not_write_is_left_out(keywords: dict[str, Any], expected: dict[str, Any]) -> None:
    assert butler_construction(keywords) == expected
