"""Faults of declarations, each in a type that is sound but for one thing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, ClassVar

import pytest

from curated.calib import Calib, calibration
from curated.declare import PlotSpec, Spec, Table, column
from curated.registry import own_types
from curated.schema.declarations import declaration_faults, example_faults
from curated.types.defects import Defects
from support.demo import DEMO, FIRST

SPEC: dict[str, Any] = {
    "name": "persistence",
    "title": "Persistence",
    "obstype": "persistence",
    "dimensions": ("instrument", "detector"),
    "storage_class": "Catalog",
    "calibcls": "elsewhere.Persistence",
    "tables": (Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER"),),
    "plot": PlotSpec(kind="bars", y="decayTime"),
}
FIELD: dict[str, Any] = {"column": "DECAY_TIME", "unit": "s", "doc": "How long it lasts."}


def declared(spec: dict[str, Any], field: dict[str, Any]) -> type[Calib]:
    @calibration
    class Persistence(Calib):
        """Persistence."""

        SPEC: ClassVar = Spec(**spec)
        decayTime: dict[str, float] = column("f8", **field)

    return Persistence


@pytest.mark.parametrize("name", own_types())
def test_our_own_are_sound(name: str) -> None:
    assert declaration_faults(own_types()[name]) == []


def test_the_basis_of_these_cases_is_sound() -> None:
    assert declaration_faults(declared(SPEC, FIELD)) == []


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"name": "wave/front"}, {}, "name: 'wave/front' is not a word"),
        ({"dataset_type": "a b"}, {}, "dataset_type: 'a b' is not a word"),
        ({"title": " "}, {}, "title is empty"),
        ({"storage_class": ""}, {}, "storage_class is empty"),
        ({"calibcls": "Persistence"}, {}, "calibcls: 'Persistence' is not the full name of a class"),
        ({"dimensions": ("detector",)}, {}, "dimensions do not begin with 'instrument'"),
        ({"dimensions": ("instrument", "filter")}, {}, "dimensions: 'filter' is none of instrument, detector"),
        ({"dimensions": ("instrument", "instrument")}, {}, "dimensions: 'instrument' is there 2 times"),
        ({"forms": ("fits",)}, {}, "forms: 'fits' is none of ecsv, yaml, json"),
        ({"forms": ()}, {}, "forms is empty"),
        ({"aliases": ("bfkernel",)}, {}, "'bfkernel' is a name of the type 'bfk' as well"),
        ({"tables": ()}, {}, "tables is empty"),
        ({"tables": (Table(name="A", rows="key"),)}, {}, "'A' has a row for each key, but no key_column"),
        ({"tables": (Table(name="A"), Table(name="a"))}, {}, "tables: the name 'A' is there more than once"),
        ({}, {"column": "amplifier"}, "has the column 'AMPLIFIER' more than once"),
        ({}, {"column": "x" * 69}, "is no name of a FITS column"),
        ({}, {"doc": "How long"}, "decayTime: doc 'How long' is no sentence"),
        ({}, {"unit": "parsecond"}, "decayTime: unit 'parsecond' is not known"),
        ({}, {"unit": "", "needs_unit": True}, "decayTime: it needs a unit, and declares none"),
        ({}, {"table": 1}, "decayTime: table 1 does not exist"),
        ({}, {"minimum": 2, "maximum": 1}, "decayTime: no value is allowed: at least 2, at most 1"),
        ({}, {"shape": ("n",)}, "decayTime: the size 'n' of its shape is not in sizes"),
        ({"plot": PlotSpec(kind="bars", y="nothing")}, {}, "plot: y is 'nothing', which is no field"),
        ({"alternatives": (("nothing",),)}, {}, "alternatives: 'nothing' is no field"),
        ({"factors": (("nothing",),)}, {}, "factors: 'nothing' is no type"),
        ({"measures": Defects.SPEC.measures[:1] * 2}, {}, "is there more than once"),
    ],
)  # fmt: skip
def test_faults(spec: dict[str, Any], field: dict[str, Any], message: str) -> None:
    faults = declaration_faults(declared(SPEC | spec, FIELD | field))
    assert any(message in fault for fault in faults), faults


def test_examples(tmp_path: Path) -> None:
    path = DEMO / "defects" / "d00" / f"{FIRST}.ecsv"
    assert example_faults(Defects, path) == []
    spoiled = tmp_path / path.name
    spoiled.write_text(path.read_text() + "x y z w\n")
    assert example_faults(Defects, spoiled) != []


def test_a_type_that_loses_values_is_found() -> None:
    class Forgetful(Defects):
        def fits_content(self) -> Any:
            return dataclasses.replace(self, x0=self.x0 + 1)._content()

        def _content(self) -> Any:
            return super().fits_content()

    faults = example_faults(Forgetful, DEMO / "defects" / "d00" / f"{FIRST}.ecsv")
    assert any("as FITS it is another calibration" in fault for fault in faults), faults
