"""Counts of datasets whose type no calibration type declares."""

from __future__ import annotations

from curated.datasets.foreign import ForeignType, count_foreign, foreign_text
from curated.datasets.record import Dataset
from curated.datasets.spans import Span


def test_a_dataset_counts_once_however_often_it_is_certified() -> None:
    data_id = (("instrument", "Lab"),)
    datasets = [
        Dataset("oddity", data_id, Span(0, 10), uuid="a"),
        Dataset("oddity", data_id, Span(20, 30), uuid="a"),
        Dataset("oddity", data_id, Span(30, 40), uuid="b"),
        Dataset("curio", data_id, uuid="c"),
    ]
    types = count_foreign(datasets, {"oddity": "StructuredDataDict"})
    assert types == (ForeignType("curio", "", 1), ForeignType("oddity", "StructuredDataDict", 2))
    assert foreign_text(types) == "1 curio, 2 oddity (StructuredDataDict)"
    assert types[1].to_dict() == {
        "dataset_type": "oddity",
        "storage_class": "StructuredDataDict",
        "datasets": 2,
    }
    assert count_foreign([], {}) == ()
