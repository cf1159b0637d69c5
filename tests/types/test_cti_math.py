"""Changes of deferred charge."""

from __future__ import annotations

import dataclasses

import pytest

from support.demo import demo_calib
from support.readings import all_readings


def test_transfers_and_traps() -> None:
    old = demo_calib("cti")
    name = next(iter(old.globalCti))
    new = dataclasses.replace(old, globalCti={**old.globalCti, name: old.globalCti[name] + 2e-6})
    values = all_readings(old, new)
    assert list(values) == ["cti_change"]
    assert [(r.value, r.of) for r in values["cti_change"]] == [(pytest.approx(2), {"amplifier": name})]
    trap = next(iter(old.trapSize))
    without = {key: size for key, size in old.trapSize.items() if key != trap}
    values = all_readings(old, dataclasses.replace(old, trapSize=without))
    assert values == {"traps_lost": [(1, 1, 0, {"amplifier": trap})]}
