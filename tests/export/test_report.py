"""Reports of exports as plain data."""

from __future__ import annotations

import json

from curated.core.diagnostic import Diagnostic, Problem
from curated.datasets.foreign import ForeignType
from curated.datasets.record import Dataset, data_id_of
from curated.datasets.spans import ALWAYS, Span
from curated.export.report import ExportedCalib, ExportReport

DATASET = Dataset(
    "flat",
    data_id_of({"physical_filter": "g_6", "instrument": "Lab", "detector": 4}),
    Span.of(37_000_000_000, None),
    uuid="d6cea4e6-ac9c-5803-a151-d99062f6e64c",
    run="Lab/calib/v1/curated/20200101T000000Z",
    collection="Lab/calib/v1",
)
PATH = "calibs/lab/flat/d04/g_6/20200101T000000.yaml"
CALIB = ExportedCalib(DATASET, PATH, (PATH.replace(".yaml", ".fits"), PATH), is_original=True)
WARNING, ERROR = (
    Diagnostic.from_problem(Problem(code, (), "detail"), "file") for code in ("CAL664", "CAL661")
)


def test_a_calibration_is_plain_data() -> None:
    assert CALIB.to_dict() == {
        "path": PATH,
        "files": ["calibs/lab/flat/d04/g_6/20200101T000000.fits", PATH],
        "original": True,
        "dataset_type": "flat",
        "data_id": {"detector": 4, "instrument": "Lab", "physical_filter": "g_6"},
        "uuid": "d6cea4e6-ac9c-5803-a151-d99062f6e64c",
        "run": "Lab/calib/v1/curated/20200101T000000Z",
        "collection": "Lab/calib/v1",
        "begin_tai_ns": 37_000_000_000,
        "end_tai_ns": None,
    }


def test_a_report_is_plain_data() -> None:
    settings = ("curated.yaml", "calibs/lab/instrument.yaml")
    report = ExportReport(
        source="repo",
        collections=("Lab/calib",),
        output="out",
        exported=(CALIB,),
        settings=settings,
        size=5760,
        changed=True,
        diagnostics=(WARNING,),
        foreign=(ForeignType("camera", "Camera", 1),),
    )
    values = report.to_dict()
    assert json.loads(json.dumps(values)) == values
    assert values == {
        "failed": False,
        "source": "repo",
        "collections": ["Lab/calib"],
        "output": "out",
        "changed": True,
        "size": 5760,
        "calibrations": [CALIB.to_dict()],
        "settings": list(settings),
        "foreign": [{"dataset_type": "camera", "storage_class": "Camera", "datasets": 1}],
        "foreign_files": [],
        "findings": [WARNING.to_dict()],
    }


def test_only_an_error_is_a_failure() -> None:
    for diagnostics, ok in (((), True), ((WARNING,), True), ((WARNING, ERROR), False)):
        report = ExportReport(source="repo", collections=(), output="out", diagnostics=diagnostics)
        assert report.ok is ok
        assert report.to_dict()["failed"] is not ok


def test_open_ends_are_null() -> None:
    always = ExportedCalib(Dataset("flat", (), ALWAYS), PATH, (PATH,), is_original=False).to_dict()
    assert (always["begin_tai_ns"], always["end_tai_ns"], always["original"]) == (None, None, False)
