"""Changes of inputs."""

from __future__ import annotations

import dataclasses

from support.demo import demo_calib
from support.readings import all_readings


def test_inputs() -> None:
    old = demo_calib("provenance")
    count = len(old.data_id_list)
    new = dataclasses.replace(old, dataIds={name: values[1:] for name, values in old.dataIds.items()})
    assert all_readings(old, new) == {"inputs_lost": [(1, count, count - 1, {})]}
    assert all_readings(new, old) == {"inputs_gained": [(1, count - 1, count, {})]}
