"""Files with what Butler and the stack's archives write into headers: from a repository to a package and back."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from astropy.io import fits

from curated.bundle.builder import build_bundle
from curated.check.package import check_package
from curated.core.stamp import STAMP_KEYWORDS
from curated.fits.foreign_keywords import foreign_keywords
from curated.package.package import open_package
from curated.registry import get_type
from support.exports import PipelineRepository, codes, errors, export, files_by_path, out
from support.packages import GitPackage, tagged_demo

pytest.importorskip("lsst.daf.butler")

from lsst.daf.butler import Butler, DatasetProvenance, DatasetRef, DatasetType

from curated.butler import export_package, import_bundle

TYPES = ("defects", "crosstalk", "bias", "bfk", "transmission_filter", "linearizer", "ptc", "camera")
STRUCTURE = {
    "AFW_TABLE_VERSION": 3,
    "EXTTYPE": "ARCHIVE_INDEX",
    "AR_NCAT": 2,
    "AR_CATN": 1,
    "AR_NAME": "TransmissionCurve",
    "CAT.ARCHIVE": 1,
    "EXPINFO_V": 2,
    "ARCHIVE_ID_DETECTOR": 6,
    "INHERIT": True,
}


def add_headers(butler: Any, ref: Any, count: int = 2, **changes: Any) -> DatasetProvenance:
    """Write into a stored file what Butler and lsst.afw write, in the place of what curated did."""
    provenance = DatasetProvenance(quantum_id=uuid.uuid4())
    for number in range(count):
        kind = DatasetType(f"cpPart{number}", ref.datasetType.dimensions, "Defects")
        provenance.add_input(DatasetRef(kind, ref.dataId, run=f"u/somebody/{'long/' * 12}run {number}"))
    keywords = provenance.to_flat_dict(ref, prefix="LSST BUTLER", sep=" ", simple_types=True)
    path = butler.getURI(ref).ospath
    with fits.open(path, memmap=False) as hdus:
        place = 1 if "OBSTYPE" not in hdus[0].header else 0
        for hdu in hdus[:2]:
            for key in STAMP_KEYWORDS & {*hdu.header} - {"VALIDSTART", "VALIDEND"}:
                del hdu.header[key]
        for key, value in {**keywords, **STRUCTURE, **changes}.items():
            hdus[place].header[f"HIERARCH {key}" if len(key) > 8 else key] = value
        # The stack keeps no provenance table.
        keep = fits.HDUList([hdu for hdu in hdus if hdu.name not in ("PROVENANCE", "SEPARATE")])
        keep.writeto(f"{path}.new")
    shutil.move(f"{path}.new", path)
    return provenance


def refs_of(repo: Path) -> tuple[Any, list[Any]]:
    butler = Butler.from_config(str(repo), writeable=True)
    kinds = [kind for kind in butler.registry.queryDatasetTypes() if kind.isCalibration()]
    return butler, [
        ref
        for kind in kinds
        for ref in butler.query_datasets(kind, "*", find_first=False, explain=False, limit=None)
    ]


def inputs_of(provenance: DatasetProvenance) -> list[dict[str, str]]:
    return [{"uuid": str(r.id), "type": r.datasetType.name, "run": r.run} for r in provenance.inputs]


def test_a_round_trip_of_tables_and_images(tmp_path: Path) -> None:
    demo = tagged_demo(tmp_path / "demo", TYPES)
    assert build_bundle(open_package(demo.path), tmp_path / "v1", label="v1", jobs=1)[1] is not None
    assert import_bundle(tmp_path / "v1", str(tmp_path / "one")).ok
    butler, refs = refs_of(tmp_path / "one")
    provenances = {str(ref.id): add_headers(butler, ref) for ref in refs}
    assert {ref.datasetType.name for ref in refs} >= {"defects", "bias", "crosstalk", "transmission_filter"}

    report = export_package(str(tmp_path / "one"), tmp_path / "package", jobs=1)
    assert (report.ok, codes(report)) == (True, [])
    assert len(report.exported) == len(refs)
    texts = {}
    for path, file in files_by_path(open_package(tmp_path / "package")).items():
        calib = get_type(file.key.type).readText(tmp_path / "package" / file.path)
        assert foreign_keywords(calib.metadata) == ()
        text = (tmp_path / "package" / file.path).read_text()
        assert not any(key in text for key in ("LSST BUTLER", *STRUCTURE)), path
        construction = calib.provenance.construction
        provenance = provenances[construction.dataset["uuid"]]
        assert construction.dataset["collection"] == "Demo/calib/v1"
        assert construction.quantum == str(provenance.quantum_id)
        assert list(construction.input_datasets) == inputs_of(provenance)
        texts[path] = calib

    package = GitPackage(tmp_path / "package")
    package.git("init", "--quiet")
    package.commit(message="Take calibrations from the repository")
    assert [d.code for d in check_package(open_package(package.path)).diagnostics if d.code == "CAL230"] == []
    _, bundle = build_bundle(open_package(package.path), tmp_path / "v2", label="v2", jobs=1)
    assert bundle is not None
    for path in (tmp_path / "v2").rglob("*.fits"):
        with fits.open(path) as hdus:
            header = {key for hdu in hdus[:1] for key in hdu.header}
        assert foreign_keywords(header - {"CHECKSUM", "DATASUM"}) == (), path
        assert b"LSST BUTLER" not in path.read_bytes()
    assert import_bundle(tmp_path / "v2", str(tmp_path / "two")).ok
    # The stack reads them and puts them again: git is where they come from.
    again, refs = refs_of(tmp_path / "two")
    for ref in refs:
        with fits.open(again.getURI(ref).ospath, mode="update") as hdus:
            hdus[0].header["HIERARCH LSST BUTLER QUANTUM"] = str(uuid.uuid4())
    report = export_package(str(tmp_path / "two"), tmp_path / "back", jobs=1)
    assert (report.ok, codes(report)) == (True, [])
    for path, calib in texts.items():
        file = files_by_path(open_package(tmp_path / "back"))[path]
        assert get_type(file.key.type).readText(tmp_path / "back" / file.path) == calib, path


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({}, []),
        ({"LSST BUTLER RUN": "other/run"}, ["its header is that of uuid"]),
        ({"LSST BUTLER ID": str(uuid.UUID(int=5))}, ["its header is that of uuid '00000000-0000"]),
        (
            {"LSST BUTLER DATASETTYPE": "bias", "LSST BUTLER N_INPUTS": 9},
            ["its header", "it has 9 inputs, and names 2"],
        ),
        ({"LSST BUTLER ID": "rubbish"}, []),
    ],
)
def test_the_repository_decides_what_a_dataset_is(
    changes: dict[str, Any], details: list[str], lab: PipelineRepository
) -> None:
    ref = lab.add("2024-03-01")
    provenance = add_headers(lab.butler, ref, **changes)
    report = export(lab)
    assert report.ok
    assert codes(report) == ["CAL657"] * len(details)
    assert all(detail in d.message for detail, d in zip(details, report.diagnostics, strict=True))
    (path,) = (out(lab) / "calibs/lab/defects/r00_s00").glob("*.inputs.yaml")
    construction = yaml.safe_load(path.read_text())["construction"]
    expected = {"uuid": str(ref.id), "type": "defects", "run": ref.run, "collection": "Lab/calib/DM-1"}
    assert construction["dataset"] == expected
    assert construction["quantum"] == str(provenance.quantum_id)
    assert construction["input_datasets"] == inputs_of(provenance)
    assert errors(out(lab)) == []
    assert json.dumps(report.to_dict())


def test_the_repository_decides_what_an_input_is(lab: PipelineRepository) -> None:
    """Also where a header is damaged, and in files of which other datasets have the same inputs."""
    flat = lab.add("2024-03-01", "2024-04-01", detector=1)
    unknown = str(uuid.UUID(int=7))
    for begin, end in (("2024-03-01", "2024-04-01"), ("2024-04-01", None)):
        ref = lab.add(begin, end)
        inputs = {
            "LSST BUTLER N_INPUTS": 3,
            "LSST BUTLER INPUT 0 ID": str(flat.id),
            "LSST BUTLER INPUT 0 DATASETTYPE": "defects",
            "LSST BUTLER INPUT 0 RUN": "another/run" if end else flat.run,
            "LSST BUTLER INPUT 1 ID": str(flat.id).upper(),
            "LSST BUTLER INPUT 2 ID": unknown,
            "LSST BUTLER INPUT 2 RUN": "gone",
        }
        add_headers(lab.butler, ref, count=0, **inputs)
    report = export(lab, jobs=1)
    assert (report.ok, codes(report)) == (True, ["CAL657"]), report.diagnostics
    (finding,) = report.diagnostics
    assert finding.message == (
        f"its header says that its input {flat.id} is defects of run another/run, the repository defects of run {flat.run}"
    )
    first, second = sorted((out(lab) / "calibs/lab/defects/r00_s00").glob("*.inputs.yaml"))
    known = {"uuid": str(flat.id), "type": "defects", "run": flat.run}
    for path in (first, second):
        inputs = yaml.safe_load(path.read_text())["construction"]["input_datasets"]
        assert inputs == [known, {"uuid": str(flat.id)}, {"uuid": unknown, "run": "gone"}]
    # The ranges of the texts are as without corrections.
    assert errors(out(lab)) == []


def test_inputs_that_butler_only_counted(lab: PipelineRepository) -> None:
    ref = lab.add("2024-03-01")
    add_headers(lab.butler, ref, count=0, **{"LSST BUTLER N_INPUTS": 4000})
    assert codes(export(lab)) == []
    (path,) = (out(lab) / "calibs/lab/defects/r00_s00").glob("*.inputs.yaml")
    assert yaml.safe_load(path.read_text())["construction"]["input_count"] == 4000
