"""`butler register-instrument` before and after an import, with and without --update."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lsst.pipe.base")

from lsst.daf.butler import Butler
from lsst.daf.butler.registry import ConflictingDefinitionError
from lsst.pipe.base.script.register_instrument import register_instrument

from curated.butler import ImportReport, import_bundle, open_repository, scrub_repository
from support.repositories import BundleMaker

LIMITS = {"detector_max": 4, "visit_max": 1000, "exposure_max": 2000, "visit_system": 1}
NOTHING = dict.fromkeys((*LIMITS, "class_name"))
# By the same calls of the registry as in lsst.obs.base.Instrument.
MODULE = f"""
from lsst.pipe.base import Instrument

class Lab(Instrument):
    @classmethod
    def getName(cls):
        return "Lab"

    def getRawFormatter(self, dataId):
        raise NotImplementedError

    def register(self, registry, *, update=False):
        with registry.transaction():
            record = {{"name": "Lab", "class_name": "lab_site.Lab", **{LIMITS}}}
            registry.syncDimensionData("instrument", record, update=update)
            for number in range(2):
                name = f"R00_S0{{number}}"
                record = {{"instrument": "Lab", "id": number, "full_name": name, "name_in_raft": name[4:]}}
                record |= {{"raft": "R00", "purpose": "SCIENCE"}}
                registry.syncDimensionData("detector", record, update=update)
            record = {{"instrument": "Lab", "name": "g_6", "band": "g"}}
            registry.syncDimensionData("physical_filter", record, update=update)
"""


@pytest.fixture
def lab_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of the instrument's class, which is installed."""
    (tmp_path / "lab_site.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lab_site", raising=False)
    return "lab_site.Lab"


def make_bundle(directory: Path, instrument: dict[str, Any], **values: Any) -> Path:
    """Make a bundle; ``instrument`` is what it says of the instrument, ``values`` of its detectors and filters."""
    detectors = [
        {"id": n, "full_name": f"R00_S0{n}", "name_in_raft": f"S0{n}", "raft": "R00", "purpose": "SCIENCE"}
        | values.get("detector", {})
        for n in range(2)
    ]
    filters = [{"name": "g_6", "band": "g"} | values.get("filter", {})]
    maker = BundleMaker(instrument={**instrument, "detectors": detectors, "filters": filters})
    for detector in range(2):
        maker.add("defects", "2020-01-01T00:00:00", detector=detector, seed=1)
    maker.add("transmission_filter", "2020-01-01T00:00:00", physical_filter="g_6")
    return maker.write(directory)


def records(repo: str) -> dict[str, list[dict[str, Any]]]:
    """Return the dimension records of a repository."""
    butler = open_repository(repo)
    elements = ("instrument", "detector", "physical_filter")
    rows = {name: [row.toDict() for row in butler.query_dimension_records(name)] for name in elements}
    butler.close()
    return rows


def codes(report: ImportReport) -> list[str]:
    return [diagnostic.code for diagnostic in report.diagnostics if diagnostic.severity == "error"]


@pytest.mark.parametrize("update", [False, True])
def test_first_registered_then_imported(lab_class: str, tmp_path: Path, update: bool) -> None:
    repo = str(tmp_path / "repo")
    Butler.makeRepo(repo)
    register_instrument(repo, [lab_class], update=update)
    before = records(repo)
    bundle = make_bundle(tmp_path / "bundle", NOTHING)
    assert codes(import_bundle(bundle, repo, formatter="curated")) == []
    assert not import_bundle(bundle, repo, formatter="curated").changed
    register_instrument(repo, [lab_class], update=update)
    assert records(repo) == before
    # The formatters of such a repository are the stack's.
    assert {finding.code for finding in scrub_repository(repo).diagnostics} == {"CAL699"}


def test_an_update_fills_in_what_the_bundle_does_not_know(lab_class: str, tmp_path: Path) -> None:
    repo = str(tmp_path / "repo")
    unknown = {"raft": None, "name_in_raft": None, "purpose": None}
    bundle = make_bundle(
        tmp_path / "bundle",
        NOTHING,
        detector=unknown,
        filter={"band": "g_6", "inferred": ["band"]},
    )
    assert import_bundle(bundle, repo).ok
    (record,) = records(repo)["instrument"]
    assert record == {"name": "Lab", **NOTHING}
    assert all(row.items() >= unknown.items() for row in records(repo)["detector"])
    with pytest.raises(ConflictingDefinitionError, match="visit_max: None != 1000"):
        register_instrument(repo, [lab_class])
    register_instrument(repo, [lab_class], update=True)
    (record,) = records(repo)["instrument"]
    assert record == {"name": "Lab", "class_name": lab_class, **LIMITS}
    assert [row["raft"] for row in records(repo)["detector"]] == ["R00", "R00"]
    assert records(repo)["physical_filter"] == [{"instrument": "Lab", "name": "g_6", "band": "g"}]
    after = records(repo)
    assert {finding.code for finding in scrub_repository(repo).diagnostics} == {"CAL695"}
    again = import_bundle(bundle, repo)
    assert (codes(again), again.changed) == ([], False)
    assert records(repo) == after
    other = import_bundle(bundle, repo, label="v2")
    assert codes(other) == []
    assert records(repo) == after
    assert scrub_repository(repo).diagnostics == ()


def test_what_is_declared_is_what_the_class_registers(lab_class: str, tmp_path: Path) -> None:
    repo = str(tmp_path / "repo")
    bundle = make_bundle(tmp_path / "bundle", {**LIMITS, "class_name": lab_class})
    assert import_bundle(bundle, repo).ok
    before = records(repo)
    register_instrument(repo, [lab_class])
    assert records(repo) == before
    assert not import_bundle(bundle, repo).changed


def test_where_both_say_different_things_the_next_import_says_so(lab_class: str, tmp_path: Path) -> None:
    repo = str(tmp_path / "repo")
    declared = {**LIMITS, "class_name": lab_class, "visit_max": 7}
    bundle = make_bundle(tmp_path / "bundle", declared, detector={"purpose": "GUIDER"})
    assert import_bundle(bundle, repo).ok
    register_instrument(repo, [lab_class], update=True)
    report = import_bundle(bundle, repo)
    messages = {(finding.code, finding.message) for finding in report.diagnostics}
    assert ("CAL621", "instrument Lab: visit_max is 1000 in the repository, 7 in the bundle") in messages
    purposes = [message for code, message in messages if code == "CAL620"]
    assert len(purposes) == 2
    assert all("purpose is 'SCIENCE' in the repository, 'GUIDER' in the bundle" in text for text in purposes)
    assert not report.changed
