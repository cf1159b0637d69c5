"""An audit as text: 80 columns, the worst first, whatever the names."""

from __future__ import annotations

from datetime import datetime

from curated.audit.auditor import Audit, AuditedFile
from curated.audit.header import Exposure, Use
from curated.audit.origin import Source
from curated.audit.standing import Standing, Status
from curated.git.changes import Commit
from curated.report.audit_text import audit_lines, audit_to_json, summary

PATH = "calibs/lab/defects/d00/20200101T000000.ecsv"
SOURCE = Source("v1", "1" * 40, PATH, "2" * 40)
EXPOSURE = Exposure("Lab", "0", "r" * 90, datetime(2021, 6, 1))


def lines(*standings: Standing, exposure: Exposure | None = EXPOSURE) -> list[str]:
    return list(audit_lines(Audit("work tree", (AuditedFile("a.fits", exposure, standings),))))


def test_lines_fit_into_a_terminal() -> None:
    commit = Commit("3" * 40, "2024-01-01T00:00:00", "A name that is too long for a line of a terminal " * 3)
    standings = [
        Standing(Use("DEFECTS"), status, SOURCE, since=commit, remarks=("some words " * 20,))
        for status in Status
    ]
    standings += [Standing(Use(f"BIAS{n}"), Status.FOREIGN) for n in range(40)]
    text = lines(*standings)
    assert max(len(line) for line in text if "r" * 90 not in line) <= 80
    assert text[-1] == "  not curated" or text[-1].endswith("not curated")


def test_what_there_is_instead() -> None:
    superseded = Standing(Use("DEFECTS"), Status.SUPERSEDED, SOURCE, PATH)
    assert "    now  another content of the same file" in lines(superseded)
    removed = Standing(Use("DEFECTS"), Status.SUPERSEDED, SOURCE)
    assert "    now  nothing is in force" in lines(removed)
    moved = Standing(Use("DEFECTS"), Status.IN_FORCE, SOURCE, "elsewhere.ecsv")
    assert "    now  elsewhere.ecsv" in lines(moved)
    unknown = Standing(Use("DEFECTS"), Status.UNKNOWN, SOURCE)
    assert not any(line.startswith("    now") for line in lines(unknown))


def test_calibrations_of_a_file_of_curated_have_no_role() -> None:
    standing = Standing(Use(PATH), Status.IN_FORCE, SOURCE, PATH)
    assert lines(standing, exposure=None)[1] == "  in force     this calibration"


def test_summary_counts() -> None:
    standings = tuple(Standing(Use("A"), status) for status in Status)
    files = AuditedFile("a.fits", None, standings), AuditedFile("b.fits")
    assert summary(Audit("work tree", files)) == (
        "2 files, 5 calibrations: 1 in force, 1 superseded, 1 deprecated, 1 unknown, 1 not curated"
    )
    assert summary(Audit("work tree", files[1:])) == "1 file, 0 calibrations"


def test_plain_values() -> None:
    value = audit_to_json(
        Audit("work tree", (AuditedFile("a.fits", None, (Standing(Use("A"), Status.UNKNOWN),)),))
    )
    (entry,) = value["files"][0]["calibrations"]
    assert (entry["role"], entry["status"], entry["since"], entry["uncommitted"]) == (
        "A",
        "unknown",
        None,
        False,
    )
