"""The registry of types, and what all types have in common."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
from pathlib import Path

import numpy as np
import pytest

from curated import registry
from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.registry import all_types, find_type, get_type, own_types
from curated.text import read
from curated.types.defects import Defects
from support.demo import DEMO, demo_calib


def test_each_type_is_found_by_its_name_and_its_other_names() -> None:
    for name, cls in own_types().items():
        assert cls.SPEC.name == name
        for other in (name, name.upper(), *cls.SPEC.aliases):
            assert find_type(other) is cls
            assert get_type(other) is cls


def test_unknown_types() -> None:
    assert find_type("nothing") is None
    with pytest.raises(CuratedError, match="unknown calibration type 'nothing'") as caught:
        get_type("nothing")
    assert "defects" in caught.value.hint


class EntryPoint:
    """An entry point of another package, as importlib finds it."""

    def __init__(self, cls: type[Calib]) -> None:
        self.name, self.value, self.cls = cls.SPEC.name, f"elsewhere:{cls.__name__}", cls

    def load(self) -> type[Calib]:
        return self.cls


@pytest.mark.parametrize(("name", "is_new"), [("wavefront_map", True), ("defects", False)])
def test_types_of_other_packages(name: str, is_new: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = dataclasses.replace(Defects.SPEC, name=name, aliases=("elsewhere",))
    other = type("Other", (Defects,), {"SPEC": spec})
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [EntryPoint(other)])
    for function in (registry.all_types, registry.find_type):
        function.cache_clear()
    try:
        if is_new:
            assert all_types()[name] is other
            assert find_type("ELSEWHERE") is other
        else:
            with pytest.raises(CuratedError, match="declares type 'defects', which exists already"):
                all_types()
    finally:
        for function in (registry.all_types, registry.find_type):
            function.cache_clear()


def has_apply(cls: type) -> bool:
    return any("apply" in vars(base) for base in cls.__mro__ if base.__module__.startswith("curated.types"))


def test_types_without_apply_say_so() -> None:
    plain = {name: cls for name, cls in own_types().items() if not has_apply(cls)}
    assert {"camera", "transmission_filter", "qe_curve", "flat_gradient", "electroBfDistortionMatrix"} <= set(
        plain
    )
    assert {"photodiode", "photodiode_correction", "shutter"} <= set(plain)
    for name in plain:
        with pytest.raises(CuratedError, match=f"{name} is nothing that can be applied to an image"):
            demo_calib(name).apply(np.zeros((20, 30)))


def test_storage_classes() -> None:
    names = {name: cls.SPEC.storage_class for name, cls in own_types().items()}
    assert names["qe_curve"] == "QECurve"
    assert {names[name] for name in ("gain_correction", "flat_gradient", "photodiode", "shutter")} == {
        "IsrCalib"
    }


@pytest.mark.parametrize("name", [name for name, cls in own_types().items() if not cls.SPEC.beside])
def test_the_demonstration_through_all_forms(name: str, tmp_path: Path) -> None:
    for path in (DEMO / name).rglob("*T*.*"):
        if path.name.endswith(".inputs.yaml"):
            continue
        calib = own_types()[name].readText(path)
        from_fits = type(calib).readFits(calib.writeFits(tmp_path / "any.fits"))
        assert from_fits == calib
        for each in (calib, from_fits):
            source, problems = read(json.dumps(each.toDict(), ensure_ascii=False).encode(), "json")
            assert source is not None
            assert not problems
            again, _ = type(calib).from_source(source)
            assert again is not None
            # The provenance of ECSV stands in a file beside it.
            assert dataclasses.replace(again, provenance=calib.provenance) == calib
