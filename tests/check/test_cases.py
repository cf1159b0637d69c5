"""Small packages in tests/data: each with exactly the findings that its ``expected.txt`` lists."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from curated.check.package import check_package
from curated.core.codes import CODES
from curated.core.diagnostic import Diagnostic
from curated.package.package import open_package

DATA = Path(__file__).parents[1] / "data"
BAD = sorted(path for path in (DATA / "bad").iterdir() if path.is_dir())
GOOD = sorted(path for path in (DATA / "good").iterdir() if path.is_dir())
TODAY = date(2026, 1, 1)

TESTED_ELSEWHERE = {
    "CAL746": "exports of defects; export/test_round_trip.py",
    "CAL740": "texts without a canonical form; canonical/test_formatter.py",
    "CAL756": "foreign files; exchange",
    "CAL845": "FITS files; fits/test_verification.py, export/test_verification.py",
    "CAL006": "types of other packages; test_registry.py",
    **{f"CAL00{number}": "types of other packages; drafts/test_type_package.py" for number in (7, 8, 9)},
    **{f"CAL02{number}": "what git hides; history/test_checkout.py" for number in range(5)},
    "CAL106": "a link; check/test_file.py",
    "CAL136": "a name that some file systems change; package/test_layout.py",
    "CAL139": "nothing that is checked; cli/package/test_check_command.py",
    "CAL201": "permissions and pipes; check/test_file.py",
    "CAL417": "changes in git; history/test_edits.py",
    "CAL419": "git that cannot be asked; history/test_edits.py",
    **{f"CAL{number}": "what a change does; history/test_change_check.py" for number in range(420, 426)},
    **{f"CAL{number}": "what a change does; history/test_deprecation.py" for number in range(443, 446)},
    **{f"CAL{number}": "limits of changes; difference/test_limits.py" for number in range(446, 448)},
    **{
        f"CAL45{number}": "tables of exposures; exposures/test_delimited.py, exposures/test_search.py"
        for number in range(6)
    },
    "CAL372": "headers of raw images; history/exposure/test_usage.py",
    "CAL373": "tables of exposures; exposures/test_parquet.py",
    **{f"CAL46{number}": "headers of images; audit/test_auditor.py" for number in range(4)},
    **{f"CAL48{number}": "exposures; history/exposure/test_usage.py" for number in range(4)},
    **{f"CAL70{number}": "what 'curated fix' leaves; editing/test_corrections.py" for number in range(5, 9)},
    **{f"CAL{number}": "foreign files; exchange" for number in range(710, 719)},
    **{f"CAL{number}": "foreign tables; exchange/tables/test_plain.py" for number in range(720, 730)},
    **{f"CAL{number}": "other databases; migration" for number in range(730, 739)},
    **{f"CAL{number}": "changes of tests; verification/test_row_changes.py" for number in range(810, 813)},
    **{f"CAL{number}": "control charts; monitoring/test_monitor.py" for number in range(887, 891)},
    "CAL501": "reserved for the writing of FITS",
}
"""Codes that no file in tests/data can have, and where they are tested."""


def line_of(diagnostic: Diagnostic) -> str:
    place = f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}"
    return f"{place}: {diagnostic.severity.value} {diagnostic.code} {diagnostic.message}\n"


def findings(case: Path, tmp_path: Path) -> list[Diagnostic]:
    # Elsewhere, since a bare package must not stand inside another package.
    package = tmp_path / "package"
    shutil.copytree(case, package, ignore=shutil.ignore_patterns("expected.txt"))
    return list(check_package(open_package(package), use_cache=False, jobs=1, today=TODAY).diagnostics)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_bad(case: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    diagnostics = findings(case, tmp_path)
    text = "".join(map(line_of, diagnostics))
    expected = case / "expected.txt"
    if pytestconfig.getoption("update_expected"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert case.name.partition("-")[0] in {d.code for d in diagnostics}, (
        "the case is named after a code it does not show"
    )


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_good(case: Path, tmp_path: Path) -> None:
    assert [line_of(d) for d in findings(case, tmp_path)] == []


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_every_line_is_a_line_of_the_file(case: Path, tmp_path: Path) -> None:
    for diagnostic in findings(case, tmp_path):
        lines = (
            (case / diagnostic.file).read_bytes().splitlines() if (case / diagnostic.file).is_file() else []
        )
        # One more: what is missing at the end is reported there.
        assert 0 <= diagnostic.line <= len(lines) + 1


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_every_finding_has_a_short_message_and_a_hint(case: Path, tmp_path: Path) -> None:
    for diagnostic in findings(case, tmp_path):
        assert diagnostic.hint
        assert 5 < len(diagnostic.message) < 400
        assert "\n" not in diagnostic.message


def test_every_code_has_a_case() -> None:
    shown = {
        code
        for case in BAD
        for code in re.findall(r" (CAL\d{3}) ", (case / "expected.txt").read_text(encoding="utf-8"))
    }
    from_files = {code for code in CODES if code[3] in "0123478"} | {"CAL502", "CAL503"}
    assert shown | (TESTED_ELSEWHERE.keys() & from_files) == from_files
    assert not shown & TESTED_ELSEWHERE.keys()


def test_files_that_test_other_codes_exist() -> None:
    paths = {path for reason in TESTED_ELSEWHERE.values() for path in re.findall(r"[a-z_/]+\.py", reason)}
    assert {path for path in paths if not (DATA.parent / path).is_file()} == set()


def test_no_expectation_is_left_over() -> None:
    assert {path.parent for path in DATA.glob("*/*/expected.txt")} == set(BAD)
