"""Changes of lookups, against a comparison of every moment."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from curated.datasets.lookups import LookupChanges, changed_ranges, classified
from curated.datasets.record import Dataset, data_id_of
from curated.datasets.spans import LAST_NS, Span

IDS = [data_id_of({"instrument": "I", "detector": n}) for n in range(2)]


def make_datasets(chance: random.Random, names: str, *, overlap: bool) -> list[Dataset]:
    datasets = []
    for data_id in IDS:
        bounds = sorted(chance.sample(range(1, 12), 2 * chance.randint(0, 3)))
        spans = [Span(*pair) for pair in pairwise(bounds)] if overlap else []
        spans += [Span(b, e) for b, e in zip(bounds[::2], bounds[1::2], strict=True)]
        datasets += [Dataset("defects", data_id, span, uuid=chance.choice(names)) for span in spans]
    return datasets


def uuids(datasets: list[Dataset], data_id: object, moment: int) -> set[str]:
    return {d.uuid for d in datasets if d.data_id == data_id and d.span.begin <= moment < d.span.end}


@pytest.mark.parametrize("seed", range(300))
def test_every_moment(seed: int) -> None:
    chance = random.Random(seed)
    overlap = chance.random() < 0.2
    before, after = (make_datasets(chance, "abc", overlap=overlap) for _ in range(2))
    ranges = list(changed_ranges(before, after))
    for data_id in IDS:
        for moment in range(13):
            sides = uuids(before, data_id, moment), uuids(after, data_id, moment)
            hits = [r for r in ranges if r.key[1] == data_id and r.span.begin <= moment < r.span.end]
            assert len(hits) == (sides[0] != sides[1])
            for hit in hits:
                assert ({d.uuid for d in hit.before}, {d.uuid for d in hit.after}) == sides
    for first, second in pairwise(ranges):
        same = (first.before, first.after) == (second.before, second.after) and first.key == second.key
        assert not (same and first.span.end == second.span.begin)


def dataset(uuid: str, begin: int = 0, end: int = LAST_NS, content: str = "") -> Dataset:
    return Dataset(
        "defects", IDS[0], Span(begin, end), uuid=uuid, run="r", collection=f"c/{uuid}", content=content
    )


def test_kinds() -> None:
    second = 10**9
    before = [dataset("a", 0, 5 * second), dataset("b", 5 * second, 9 * second)]
    after = [dataset("c", 2 * second, 7 * second), dataset("d", 7 * second)]
    changes = tuple(classified(changed_ranges(before, after), {"b": "x", "c": "x", "d": "y"}))
    assert [(c.kind, c.span.begin // second, c.span.end // second) for c in changes] == [
        ("lost", 0, 2),
        ("replaced", 2, 5),
        ("same content", 5, 7),
        ("replaced", 7, 9),
        ("gained", 9, LAST_NS // second),
    ]
    values = LookupChanges("c", changes).to_dict()
    assert (values["replaced"], values["lost"], values["gained"], values["same_content"]) == (2, 1, 1, 1)
    last = values["changes"][-1]
    assert (last["before"], last["after"]) == (None, {"collection": "c/d", "run": "r", "uuid": "d"})
    assert (last["begin_tai_ns"], last["end"], last["data_id"]) == (
        9 * second,
        None,
        {"detector": 0, "instrument": "I"},
    )
    assert LookupChanges("c", changes).count("replaced") == (2, 1)


def test_an_unknown_content_is_another_one() -> None:
    (change,) = classified(changed_ranges([dataset("a")], [dataset("b")]), {})
    assert change.kind == "replaced"


def test_several_at_once_are_shown_by_what_differs() -> None:
    (change,) = classified(changed_ranges([dataset("a"), dataset("b")], [dataset("a")]), {"a": "x", "b": "y"})
    assert (change.kind, change.before and change.before.uuid) == ("replaced", "b")
