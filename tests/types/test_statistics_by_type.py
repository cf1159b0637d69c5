"""The statistics of each type."""

from __future__ import annotations

from curated.registry import own_types
from curated.types import _statistics_by_type


def test_each_tuple_belongs_to_a_type() -> None:
    used = {tuple(statistic.name for statistic in cls.SPEC.statistics) for cls in own_types().values()}
    declared = {
        tuple(statistic.name for statistic in value)
        for name, value in vars(_statistics_by_type).items()
        if isinstance(value, tuple) and not name.endswith("_STATISTICS")
    }
    assert used - {()} == declared


def test_no_statistic_is_there_twice() -> None:
    for cls in own_types().values():
        names = [statistic.name for statistic in cls.SPEC.statistics]
        assert len(names) == len(set(names)), cls.SPEC.name
