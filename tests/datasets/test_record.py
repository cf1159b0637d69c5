"""Datasets: as text, and as lookups through several collections find them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from curated.datasets.record import Dataset, data_id_of, in_precedence
from curated.datasets.spans import Span

MOMENTS = range(12)
SPANS = st.builds(Span, st.integers(0, 11), st.integers(1, 12)).filter(lambda span: span.begin < span.end)
DATASETS = st.builds(
    lambda detector, span: Dataset("defects", data_id_of({"detector": detector}), span),
    st.integers(0, 1),
    SPANS,
)


def test_a_dataset_is_named_by_its_type_and_data_id() -> None:
    dataset = Dataset("flat", data_id_of({"physical_filter": "a b", "instrument": "Lab", "detector": 1}))
    assert str(dataset) == 'flat detector=1 instrument=Lab physical_filter="a b"'
    assert dataset.instrument == "Lab"


@given(st.lists(st.lists(DATASETS, max_size=5), max_size=4))
def test_the_first_collection_that_covers_a_moment_counts(collections: list[list[Dataset]]) -> None:
    results = list(in_precedence(collections))
    assert len(results) == len(collections)
    for detector in range(2):
        key = ("defects", data_id_of({"detector": detector}))

        def at(datasets: list[Dataset], moment: int, key: object = key) -> list[Dataset]:
            return [d for d in datasets if d.key == key and d.span.begin <= moment < d.span.end]

        for moment in MOMENTS:
            holders = [at(datasets, moment) for datasets in collections]
            first = next((n for n, datasets in enumerate(holders) if datasets), None)
            for n, datasets in enumerate(results):
                expected = holders[n] if n == first else []
                parts = at(datasets, moment)
                # Each part is one of a dataset, within its range.
                assert len(parts) == len(expected)
                for part, dataset in zip(parts, expected, strict=True):
                    assert replace(part, span=dataset.span) == dataset
                    assert dataset.span.begin <= part.span.begin < part.span.end <= dataset.span.end
