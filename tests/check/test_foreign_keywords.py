"""Keywords of Butler and of the form of FITS files in texts that earlier exports wrote: found in every form and spelling."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from curated.check.package import check_package
from curated.package.package import open_package
from support.packages import ROOT

KEYS = {
    "LSST BUTLER ID": "ae0fa83d-cc89-41dd-9680-f97ede49f01e",
    "lsst butler run": "u/me/run",
    "Lsst Butler DatasetType": "defects",
    "LSST BUTLER DATAID DETECTOR": 3,
    "HIERARCH LSST BUTLER QUANTUM": "d93a735b-08f0-477d-bc95-2cc32d6d898b",
    "hierarch lsst butler n_inputs": 2,
    "lsst.butler.input.0.id": "x",
    "LSST BUTLER INPUT 12 RUN": "y",
    "LSST-BUTLER-INPUT-0-DATASETTYPE": "z",
    "AFW_TABLE_VERSION": 3,
    "hierarch afw_table_version": 3,
    "EXTTYPE": "ARCHIVE_INDEX",
    "Ar_NCat": 2,
    "AR_CATN": 1,
    "AR_HDU": 5,
    "AR_NAME": "TransmissionCurve",
    "cat.archive": 1,
    "EXPINFO_V": 2,
    "ARCHIVE_ID_DETECTOR": 4,
    "COADD_INPUTS_ID": 5,
    "TFLAG1": "flag",
    "LTV1": 0,
    "CTYPE2A": "LINEAR",
    "INHERIT": True,
    "CHECKSUM": "abc",
}
HONEST = {
    "LSST ISR BIAS APPLIED": True,
    "RUN": "12345",
    "ID": "a",
    "AR_COATING": "MgF2",
    "BUTLER": "no",
    "EXPID": 4,
}
FORMS = {
    "yaml": "crosstalk/d00/20200101T000000.yaml",
    "ecsv": "defects/d00/20200101T000000.ecsv",
    "json": "crosstalk/d00/20200101T000000.json",
    "image": "bias/g00/20200101T000000.yaml",
}


@pytest.mark.parametrize("form", FORMS)
def test_they_are_found_in_every_form_and_spelling(form: str, tmp_path: Path) -> None:
    demo, target = ROOT / "calibs/demo", tmp_path / "calibs/demo" / FORMS[form]
    target.parent.mkdir(parents=True)
    shutil.copy(demo / "instrument.yaml", tmp_path / "calibs/demo")
    (tmp_path / "curated.yaml").write_text("calibs: calibs\n")
    source = next((demo / FORMS[form]).parent.glob("*.yaml" if form != "ecsv" else "*.ecsv"))
    for path in source.parent.glob(f"{source.stem}.*"):
        shutil.copy(path, target.parent / path.name)
    target = target.with_name(source.stem + target.suffix)
    text = source.read_text()
    lines = {key: f"{json.dumps(key)}: {json.dumps(value)}" for key, value in {**KEYS, **HONEST}.items()}
    if form == "json":
        document = yaml.safe_load(text)
        document["metadata"] |= {**KEYS, **HONEST}
        target.with_suffix(".yaml").unlink()
        text = json.dumps(document, default=str, indent=1)
    elif form == "ecsv":
        entries = "".join(f"# - {{{line}}}\n" for line in lines.values())
        text = re.sub(r"# meta: !!omap\n", f"# meta: !!omap\n{entries}", text, count=1)
    else:
        entries = "".join(f"  {line}\n" for line in lines.values())
        text = text.replace("metadata:\n", f"metadata:\n{entries}", 1)
    target.write_text(text)
    report = check_package(open_package(tmp_path))
    findings = [d for d in report.diagnostics if d.code == "CAL230"]
    names = {d.message.removesuffix(" is no keyword of a calibration") for d in findings}
    assert {name.upper().removeprefix("HIERARCH ") for name in names} == {
        key.upper().removeprefix("HIERARCH ") for key in KEYS
    }
    assert all(d.line > 0 for d in findings), "each at its line"
    assert not any(d.is_error for d in report.diagnostics), report.diagnostics
