"""Findings as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given

from conftest import MakePackage
from curated.check.report import Report
from curated.package.layout import discover
from curated.report import junit
from curated.report.text import printable
from support.findings import assert_no_command, finding, hostile
from support.packages import defects_path, defects_text
from support.programs import run_curated


def test_junit_has_a_case_for_each_calibration(make_package: MakePackage) -> None:
    hole = defects_text({"VALIDEND": "2020-06-01T00:00:00"}, detector=2)
    later = defects_text(date="2021-01-01T00:00:00", detector=2)
    package = make_package(
        {
            "data/curated.yaml": "surplus: 1\n",
            f"data/{defects_path(0)}": defects_text(x0=-7).replace("\n-7 2 3 4", "\n-7 2 0 4"),
            f"data/{defects_path(1)}": defects_text(detector=1),
            f"data/{defects_path(2)}": hole,
            f"data/{defects_path(2, '20210101T000000')}": later,
        }
    )
    done = run_curated("check", "--format", "junit", cwd=package.path / "data")
    assert done.returncode == 1
    top = ET.fromstring(done.stdout.encode())
    assert dict(top.attrib) == {"name": "curated check", "tests": "5", "failures": "2", "errors": "0"}
    assert [(s.get("name"), s.get("tests"), s.get("failures")) for s in top] == [
        ("lab/defects", "4", "1"),
        ("package", "1", "1"),
    ]
    cases = {case.get("name"): case for case in top.iter("testcase")}
    assert cases[defects_path(0)].get("file") == f"data/{defects_path(0)}"
    (failure,) = cases[defects_path(0)]
    assert failure.get("type") == "CAL301"
    assert "(and 1 more)" in (failure.get("message") or "")
    assert (failure.text or "").count(f"\ndata/{defects_path(0)}:") == 2
    assert list(cases[defects_path(1)]) == []
    (remark,) = cases[defects_path(2)]
    assert (remark.tag, "CAL404" in (remark.text or "")) == ("system-out", True)
    assert "CAL001" in (cases["curated.yaml"][0].text or "")


@given(file=hostile, message=hostile)
def test_junit_of_any_text(file: str, message: str) -> None:
    layout = discover(["lab/defects/d00/20200101T000000.ecsv"], "")
    found = [
        finding(file, message, hint=message),
        finding(file, message, code="CAL404"),
        finding(layout.files[0].path, message),
    ]
    text = "\n".join(junit.report_lines(Report(files=layout.files, diagnostics=found), file))
    assert_no_command(text)
    top = ET.fromstring(text.encode())
    assert len(list(top.iter("testcase"))) == 2
    assert printable(message) in (top.findtext(".//testsuite[@name='package']/testcase/system-out") or "")
