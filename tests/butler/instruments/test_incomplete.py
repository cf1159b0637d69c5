"""What dimension records of an import lack, or have by inference, and what a later import fills in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lsst.daf.butler import Butler, DimensionUniverse

from curated.bundle.builder import build_bundle
from curated.butler import ImportReport, import_bundle, scrub_repository
from curated.butler.instruments.incomplete import (
    ColumnReport,
    completed_columns,
    incomplete_columns,
    unknown_columns,
)
from curated.package.package import open_package
from curated.report.import_text import done_lines, plan_lines
from support.packages import GitPackage
from support.stack_instruments import add_instrument, curve_text, write_stack_package

UNIVERSE = DimensionUniverse()
LIMITS = ("visit_max", "visit_system", "exposure_max", "detector_max", "class_name")
DECLARATION = """\
name: ComCam
class_name: lab.ComCam
visit_max: 5
detectors:
- {id: 0, name: R22_S00, raft: R22, slot: S00, purpose: SCIENCE}
- {id: 4, name: R22_S11, raft: R22, slot: S11, purpose: SCIENCE}
filters:
- {name: g_01, band: g_01}
"""


def test_columns_are_counted_for_each_instrument() -> None:
    records = {
        "instrument": [{"name": "A", "visit_max": 3}, {"name": "B", **dict.fromkeys(LIMITS, 1)}],
        "detector": [
            {"instrument": "A", "id": n, "full_name": f"d{n}", "raft": "R"[:n] or None} for n in (0, 1)
        ],
        "physical_filter": [{"instrument": "A", "name": "g", "band": "g"}],
    }
    inferred = {
        ("instrument", "A", "A"): frozenset({"name"}),
        ("detector", "A", 1): frozenset({"raft", "full_name"}),
        ("physical_filter", "A", "g"): frozenset({"band"}),
    }
    columns = incomplete_columns(UNIVERSE, records, inferred)
    assert set(columns) == {"A"}, "everything of B is declared"
    found = {(c.element, c.column, c.state): c.records for c in columns["A"]}
    assert found == {
        ("instrument", "name", "inferred"): 1,
        **{("instrument", name, "empty"): 1 for name in LIMITS if name != "visit_max"},
        ("detector", "full_name", "inferred"): 1,
        ("detector", "raft", "inferred"): 1,
        ("detector", "raft", "empty"): 1,
        ("detector", "name_in_raft", "empty"): 2,
        ("detector", "purpose", "empty"): 2,
        ("physical_filter", "band", "inferred"): 1,
    }
    chosen = incomplete_columns(UNIVERSE, records, inferred, {"A"})
    assert set(columns["A"]) - set(chosen["A"]) == {ColumnReport("instrument", "name", "inferred", 1)}


def test_a_column_names_its_key_in_instrument_yaml() -> None:
    settings = {
        ("detector", "name_in_raft"): "detectors[].slot",
        ("detector", "full_name"): "detectors[].name",
        ("physical_filter", "band"): "filters[].band",
        ("instrument", "visit_max"): "visit_max",
    }
    for (element, column), setting in settings.items():
        assert ColumnReport(element, column, "empty", 1).to_dict()["setting"] == setting


@pytest.mark.parametrize(
    ("element", "existing", "class_name", "unknown"),
    [
        ("instrument", {"name": "A", "visit_max": None, "class_name": None}, "", {"visit_max", "class_name"}),
        ("instrument", {"name": "A", "visit_max": None}, "lsst.A", {"visit_max"}),
        ("detector", {"id": 1, "raft": None, "purpose": "SCIENCE"}, "", {"raft"}),
        # The stack gives every detector a purpose: this one has no raft.
        ("detector", {"id": 1, "raft": None, "purpose": "SCIENCE"}, "lsst.A", set()),
        ("detector", {"id": 1, "raft": None, "purpose": None}, "lsst.A", {"raft", "purpose"}),
        ("detector", {"id": 1, "full_name": None, "purpose": "x"}, "", set()),
        ("physical_filter", {"name": "g", "band": None}, "", set()),
    ],
)
def test_what_is_empty_because_nobody_knew_it(
    element: str, existing: dict, class_name: str, unknown: set[str]
) -> None:
    assert unknown_columns(element, existing, class_name) == unknown
    assert completed_columns([(element, "A", dict.fromkeys(unknown, 1))] * 2).get("A", ()) == tuple(
        ColumnReport(element, column, "filled in", 2)
        for column in unknown_columns(element, existing, class_name)
    )


def make_bundle(package: GitPackage, root: Path, label: str) -> Path:
    report, bundle = build_bundle(open_package(package.path), root / label, label=label, jobs=1)
    assert bundle is not None, report.diagnostics
    return bundle.path


def states(report: ImportReport) -> dict[str, set[str]]:
    """Columns by state, as machine-readable output has them."""
    (instrument,) = json.loads(json.dumps(report.to_dict()))["instruments"]
    result: dict[str, set[str]] = {}
    for column in instrument["columns"]:
        result.setdefault(column["state"], set()).add(f"{column['setting']} {column['records']}")
    return result


def test_a_new_instrument_and_what_is_declared_later(tmp_path: Path) -> None:
    package = write_stack_package(tmp_path / "package", "comCam")
    bundle, repo = make_bundle(package, tmp_path, "v1"), str(tmp_path / "repo")
    planned = import_bundle(bundle, repo, dry_run=True)
    report = import_bundle(bundle, repo)
    assert report.ok
    assert not report.diagnostics
    assert states(planned) == states(report)
    assert states(report) == {
        "empty": {*(f"{name} 1" for name in LIMITS), "detectors[].purpose 2"},
        "inferred": {
            *("name 1", "filters[].name 1", "filters[].band 1"),
            *(f"detectors[].{key} 2" for key in ("name", "slot", "raft")),
        },
    }
    for text in ("\n".join(done_lines(report)), "\n".join(plan_lines(planned))):
        flat = " ".join(text.split())
        assert "ComCam: left empty: visit_max, visit_system, exposure_max," in flat
        assert "purpose of 2 detectors (declare them in comCam/instrument.yaml and import again" in flat
        assert "ComCam: inferred: name; name, band of 1 filter;" in flat
        assert all(len(line) <= 80 for line in text.splitlines() if "register-instrument" in line)
    again = import_bundle(bundle, repo)
    assert (again.changed, states(again)) == (False, {})

    package.commit({"comCam/instrument.yaml": DECLARATION}, "Declare the instrument")
    declared = make_bundle(package, tmp_path, "v2")
    planned = import_bundle(declared, repo, dry_run=True)
    report = import_bundle(declared, repo)
    assert report.ok
    assert not report.diagnostics
    filled = {"filled in": {"class_name 1", "visit_max 1", "detectors[].purpose 2"}}
    assert states(planned) == states(report) == filled
    assert "ComCam: filled in: " in "\n".join(done_lines(report))
    with Butler.from_config(repo) as butler:
        (row,) = butler.query_dimension_records("instrument", explain=False)
        assert (row.class_name, row.visit_max, row.exposure_max) == ("lab.ComCam", 5, None)
        assert {r.purpose for r in butler.query_dimension_records("detector", explain=False)} == {"SCIENCE"}
    again = import_bundle(declared, repo)
    assert (again.changed, states(again)) == (False, {})
    # The earlier release's record is of a time when nobody knew these values.
    assert not scrub_repository(repo).diagnostics

    # What is declared and differs is an error as before, and nothing is filled in beside it.
    wrong = DECLARATION.replace("S11, purpose: SCIENCE", "S12, purpose: GUIDER")
    package.commit({"comCam/instrument.yaml": wrong + "\n"}, "Declare another slot")
    report = import_bundle(make_bundle(package, tmp_path, "v3"), repo)
    assert sorted(d.code for d in report.diagnostics) == ["CAL620", "CAL620"]


def test_declared_names_and_a_chosen_name_are_not_inferred(tmp_path: Path) -> None:
    package = write_stack_package(tmp_path / "package", "comCam")
    bundle = make_bundle(package, tmp_path, "v1")
    report = import_bundle(bundle, str(tmp_path / "repo"), instruments=["comCam=LSSTComCam"], dry_run=True)
    assert "name 1" not in states(report)["inferred"]


def test_a_new_filter_of_an_existing_instrument(tmp_path: Path) -> None:
    package = write_stack_package(tmp_path / "package", "comCam")
    bundle = make_bundle(package, tmp_path, "v1")
    first = import_bundle(bundle, str(tmp_path / "repo"), dry_run=False)
    assert first.ok
    add_instrument(tmp_path / "repo", "Other", {0: "a"}, visit_max=1)
    package.commit(
        {"comCam/transmission_filter/r_03/19700101T000000.ecsv": curve_text("ComCam", "r_03")}, "Add a filter"
    )
    report = import_bundle(make_bundle(package, tmp_path, "v2"), str(tmp_path / "repo"), dry_run=True)
    assert states(report) == {"inferred": {"filters[].name 1", "filters[].band 1"}}
