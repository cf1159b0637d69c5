"""The registry of types, and what all types have in common."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import MakePackage
from curated import registry
from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.units import converts
from curated.declare.statistic import Estimate, Statistic
from curated.registry import (
    all_statistics,
    all_types,
    find_statistic,
    find_type,
    get_type,
    own_types,
    plugin_faults,
    statistic_distributions,
    statistic_faults,
)
from curated.text import read
from curated.types.defects import Defects
from support.demo import DEMO, demo_calib, shown_types
from support.packages import defects_path, defects_text
from support.programs import run_curated


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
    for function in (registry._plugins, registry.find_type):
        function.cache_clear()
    try:
        if is_new:
            assert all_types()[name] is other
            assert find_type("ELSEWHERE") is other
        else:
            assert all_types()["defects"] is Defects
            (fault,) = plugin_faults()
            assert "it declares 'defects', which exists already" in str(fault)
    finally:
        for function in (registry._plugins, registry.find_type):
            function.cache_clear()


BROKEN = {
    "import": ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    "syntax": ("class", "SyntaxError: "),
    "exit": ("raise SystemExit(0)", "SystemExit: 0"),
    "base": ("print('among results'); raise GeneratorExit('b')", "ImportError: GeneratorExit: b"),
    "name": ("", "AttributeError: "),
    "class": ("class Wavefront: pass", "TypeError: not a class derived from curated.calib.Calib"),
    "function": ("def Wavefront(): pass", "TypeError: not a class derived from curated.calib.Calib"),
    "taken": (
        "from curated.types.defects import Defects as Wavefront",
        "it declares 'defects', which exists",
    ),
    "escape": ("raise ValueError('\\x1b[31m\\n::error::x')", r"ValueError: \x1b[31m\n::error::x"),
}


@pytest.fixture(params=BROKEN)
def broken_plugin(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, str], str]:
    """The environment in which a package is installed whose type cannot be loaded, and what is said of it."""
    program, message = BROKEN[request.param]
    (tmp_path / "site" / "wavefronts-1.0.dist-info").mkdir(parents=True)
    about = tmp_path / "site" / "wavefronts-1.0.dist-info"
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: wavefronts\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[curated.types]\nwavefront = wavefronts:Wavefront\n")
    (tmp_path / "site" / "wavefronts.py").write_text(program + "\n")
    return {"PYTHONPATH": str(tmp_path / "site")}, message


def test_a_type_that_cannot_be_loaded(
    broken_plugin: tuple[dict[str, str], str], make_package: MakePackage
) -> None:
    environment, message = broken_plugin
    path = "calibs/lab/wavefront/d00/20200101T000000.yaml"
    package = make_package({"curated.yaml": "", defects_path(): defects_text(), path: "metadata: {}\n"})
    check = run_curated("check", cwd=package.path, **environment)
    assert check.returncode == 1
    assert (
        f"curated.yaml: error CAL006 wavefront (wavefronts:Wavefront of wavefronts 1.0): {message}"
        in check.stdout
    )
    assert "CAL103" in check.stdout
    assert "among results" not in check.stdout
    known = run_curated("types", "wavefront", **environment)
    assert (known.returncode, message in known.stderr) == (2, True)
    listed = run_curated("types", **environment)
    assert (listed.returncode, message in listed.stderr) == (0, True)
    (package.path / path).unlink()
    assert "CAL006" not in run_curated("check", cwd=package.path, **environment).stdout


def has_apply(cls: type) -> bool:
    return any("apply" in vars(base) for base in cls.__mro__ if base.__module__.startswith("curated.types"))


def test_types_without_apply_say_so() -> None:
    plain = {name: cls for name, cls in shown_types().items() if not has_apply(cls)}
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


# -- statistics -------------------------------------------------------------------------------------------

SOUND = {
    "name": "halo_width",
    "unit": "pix",
    "levels": ("detector",),
    "needs": ("residual",),
    "formula": "width of halos",
    "source": "elsewhere",
    "compute": lambda _: Estimate(1.0),
}


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that registers what an entry point loads, or an exception that it raises."""

    class Point:
        name, value, dist = "halo", "halos:HALO", None

        def __init__(self, content: Any) -> None:
            self.content = content

        def load(self) -> Any:
            if isinstance(self.content, BaseException):
                raise self.content
            return self.content

    def register_contents(*contents: Any) -> None:
        points = [Point(content) for content in contents]
        monkeypatch.setattr(
            importlib.metadata, "entry_points", lambda group: points if group == "curated.statistics" else []
        )
        registry._statistics.cache_clear()

    yield register_contents
    registry._statistics.cache_clear()


def test_statistics_of_other_packages(register: Callable[..., None]) -> None:
    halo = Statistic(**SOUND)
    other = Statistic(**{**SOUND, "name": "halo_count"})
    register((halo, other))
    assert find_statistic("halo_width") is halo
    assert all_statistics()["halo_count"] is other
    assert statistic_faults() == ()
    assert set(statistic_distributions()) == {"halo_width", "halo_count"}
    assert find_statistic("noise_excess", get_type("bias")) is not None
    assert find_statistic("no_such") is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (ValueError("broken"), "ValueError: broken"),
        (SystemExit(0), "SystemExit: 0"),
        (7, "int is neither a Statistic nor a tuple of them"),
        ((7,), "int is not a curated.declare.statistic.Statistic"),
        (Statistic(**{**SOUND, "name": "noise_excess"}), "'noise_excess' exists already"),
        (Statistic(**{**SOUND, "name": "Halo Width"}), "the name 'Halo Width' is not one of small letters"),
        (Statistic(**{**SOUND, "levels": ("raft",)}), "levels are of amplifier, detector, focal plane"),
        (Statistic(**{**SOUND, "needs": ("stars",)}), "needs are of product"),
        (Statistic(**{**SOUND, "source": ""}), "halo_width has no source"),
        (Statistic(**{**SOUND, "formula": ""}), "halo_width has no formula"),
    ],
)
def test_statistics_that_cannot_be_used(content: Any, reason: str, register: Callable[..., None]) -> None:
    register(content, Statistic(**SOUND))
    (fault,) = statistic_faults()
    assert str(fault).startswith("halo (halos:HALO of a package without metadata): ")
    assert reason in fault.reason
    # The others can be used.
    assert "halo_width" in all_statistics()
    assert "noise_excess" in all_statistics()


def test_names_of_statistics_are_those_of_single_ones() -> None:
    by_name: dict[str, Statistic] = {}
    for cls in own_types().values():
        for statistic in cls.SPEC.statistics:
            assert by_name.setdefault(statistic.name, statistic) is statistic
            assert statistic.fault() == ""
            assert statistic.unit == "" or converts(statistic.unit, statistic.unit)
    assert len(by_name) > 70
