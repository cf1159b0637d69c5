"""What a manifest contradicts, whatever else was made to fit: random changes mean the same or are refused."""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curated.bundle.checks.consistency import contradictions, declared_spec
from curated.bundle.contents import Claims, Contents
from curated.bundle.manifest_reader import check_manifest, read_contents
from curated.bundle.verification import verify
from curated.core.times import tai_nanoseconds
from curated.datasets.spans import Span
from support.hostile_bundles import make_hostile, renew_uuids
from support.repositories import make_bundle

VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([2**63, 10**30, 8_000_082_000, 1_577_836_837_000_000_000, 1.5, [], {}])
    | st.sampled_from(
        ["", "Lab", "v2", "defects", "bias", "..", "*", "a,b", "\n", "0" * 40, "0" * 64, "files/x.fits"]
    )
    | st.text(max_size=4)
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def contents(bundle: Path) -> Contents:
    contents, diagnostics = read_contents(bundle)
    assert contents is not None, diagnostics
    return contents


@pytest.fixture(scope="module")
def spoilt(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(bundle, tmp_path_factory.mktemp("spoilt") / "bundle"))


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places of a document but its top."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*above, key), *places(item, (*above, key)))]


def value_at(document: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        document = document[key]
    return document


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), count=st.integers(1, 2), renew=st.booleans())
def test_a_random_change_means_the_same_or_is_refused(
    bundle: Path, contents: Contents, spoilt: Path, data: st.DataObject, count: int, renew: bool
) -> None:
    text = (bundle / "manifest.json").read_text()
    (spoilt / "manifest.json").write_text(text)
    manifest = json.loads(text)
    for _ in range(count):
        place = data.draw(st.sampled_from(places(manifest)))
        parent = value_at(manifest, place[:-1])
        kind = data.draw(st.sampled_from(["replace", "copy", "remove", "repeat"]))
        if kind == "remove":
            del parent[place[-1]]
        elif kind == "repeat" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[place[-1]]))
        elif kind == "copy":
            parent[place[-1]] = copy.deepcopy(
                value_at(manifest, data.draw(st.sampled_from(places(manifest))))
            )
        else:
            parent[place[-1]] = data.draw(VALUES)
        if not places(manifest):
            return

    def change(_: Path, document: dict[str, Any]) -> None:
        document.clear()
        document.update(manifest)
        if renew and isinstance(manifest.get("datasets"), list):
            renew_uuids(document)

    make_hostile(spoilt, change)
    result, diagnostics = read_contents(spoilt)
    if result is None:
        assert diagnostics
        assert all(diagnostic.message for diagnostic in diagnostics)
    elif not verify(result):
        assert {*result.entries} <= {*contents.entries}
        assert {*result.kinds} <= {*contents.kinds}
        assert (result.label, result.sha1) == (contents.label, contents.sha1)
        assert [target.calibration for target in result.targets] == ["Lab/calib/v1"]


def test_contents_of_a_bundle_contradict_nothing(contents: Contents) -> None:
    assert contradictions(contents) == []


@pytest.mark.parametrize(
    ("text", "is_declared"),
    [
        *((text, True) for text in ("defects", "camera", "camera_geometry", "photodiode_record")),
        *((text, False) for text in ("stack_camera", "CAMERA", "Defects", "BFKERNEL", "raw", "")),
    ],
)
def test_declared_dataset_types(text: str, is_declared: bool) -> None:
    spec = declared_spec(text)
    assert (spec is not None) is is_declared
    assert spec is None or spec.dataset == text


DATES = [
    "1970-01-01T00:00:00",
    "1970-01-01T00:00:01",
    "1971-12-31T23:59:59.500000",
    "1972-01-01T00:00:00",
    "1999-01-01T00:00:00",
    "2016-12-31T23:59:59.999999",
    "2017-01-01T00:00:00",
    "2050-06-01T12:00:00",
    "2099-12-31T23:59:22.999999",
]


@pytest.mark.parametrize("text", DATES)
@pytest.mark.parametrize("difference", [0, 1, -1, 37_000_000_000])
def test_times_are_those_of_astropy(contents: Contents, text: str, difference: int) -> None:
    from datetime import datetime

    (nanoseconds,) = tai_nanoseconds([datetime.fromisoformat(text)]).values()
    claims = Claims(begin=f"{text}Z", begin_tai_ns=nanoseconds + difference)
    entry = replace(contents.entries[-1], claims=claims, span=Span.of(nanoseconds, None))
    problems = contradictions(replace(contents, entries=(*contents.entries[:-1], entry)))
    assert [problem.code for problem in problems] == ["CAL618"] * (difference != 0)


def test_every_problem_is_reported(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    for dataset in manifest["datasets"]:
        dataset["collection"] = "Lab/calib/v0"
    _, problems = check_manifest(bundle, manifest, manifest["datasets"])
    assert [problem.pointer for problem in problems if problem.code == "CAL616"] == [
        ("datasets", n, "collection") for n in range(6)
    ]
