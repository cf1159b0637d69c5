"""``curated report``: three files that are there together or not at all, and the change that nobody could read."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conftest import GitPackage, MakePackage
from curated.cli.main import cli
from support.changes import EPOCHS, OLD, version
from support.packages import ROOT, read_tree
from support.programs import run_curated

PAGE = ROOT / "docs/review.md"
SHOWN = re.compile(r"(<!-- report of e3d323b -->\n)(.*?)(<!-- /report -->)", re.DOTALL)
VISITS = "visit,date_obs\n1,2021-01-01T00:00:00\n2,2025-01-01T00:00:00\n"
NAMES = {"index.html", "report.md", "report.json"}


def report(package: GitPackage | Path, *arguments: str) -> Result:
    place = getattr(package, "path", package)
    return CliRunner().invoke(cli, ["-C", str(place), "report", *arguments], catch_exceptions=True)


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    made = make_package({**EPOCHS, "visits.csv": VISITS})
    made.git("branch", "before")
    made.commit({OLD: version(OLD, x0=3)})
    return made


def test_a_report_with_exposures_and_pictures(package: GitPackage, tmp_path: Path) -> None:
    output = tmp_path / "a/report"
    visits = str(package.path / "visits.csv")
    done = run_curated("report", "--since", "before", "-o", output, "--exposures", visits, cwd=package.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "Change since before: the check passed"
    assert set(read_tree(output)) == NAMES
    page, text = (output / "index.html").read_text(), (output / "report.md").read_text()
    assert "<svg" in page
    assert "1 of 2 exposures" in page
    assert "### 1 of 2 exposures affected" in text
    assert "pixels\\_gained" in text
    content = json.loads((output / "report.json").read_text())
    assert (content["format"], content["version"], content["impact"]["affected"]["content"]) == (
        "curated-report",
        1,
        1,
    )
    assert {m["name"]: m["value"] for m in content["diff"]["changes"][0]["measures"]} == {
        "pixels_gained": 8,
        "pixels_lost": 8,
    }


def test_the_next_report_takes_the_place_and_other_files_stay(package: GitPackage, tmp_path: Path) -> None:
    output = tmp_path / "report"
    output.mkdir()
    (output / "mine.txt").write_text("text")
    arguments = ("--since", "before", "-o", str(output), "--no-pictures")
    assert report(package, *arguments).exit_code == 0
    first = read_tree(output)
    assert report(package, *arguments).exit_code == 0
    assert read_tree(output) == first
    assert set(first) == {*NAMES, "mine.txt"}
    package.write({OLD: version(OLD, x0=-3)})
    done = report(package, *arguments, "--format", "json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["check"]["failed"]
    assert b"CAL301" in read_tree(output)["report.md"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since", "nothing", "-o", "{}"),
        ("--since", "before", "-o", "{}", "--exposures", "none.csv"),
        ("--since", "before", "-o", "{}", "--column", "time=a"),
        ("--since", "before", "-o", "{}", "--max", "x"),
        ("--since", "before"),
        ("-o", "{}"),
    ],
)
def test_nothing_is_written_where_something_is_wrong(
    package: GitPackage, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = report(package, *(argument.format(tmp_path / "report") for argument in arguments))
    assert done.exit_code == 2 or getattr(done.exception, "exit_status", 0) == 2
    assert not (tmp_path / "report").exists()


def test_a_file_is_no_directory(package: GitPackage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    done = report(package, "--since", "before", "-o", str(tmp_path / "file"))
    assert getattr(done.exception, "exit_status", 0) == 2
    assert (tmp_path / "file").read_text() == "text"


def test_the_change_that_nobody_could_read(corpus: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Commit e3d323b of the real history: a new curve of the optics, as one difference of a thousand lines."""
    clone = tmp_path / "obs_lsst_data"
    bundle = corpus / "obs_lsst_data.gitbundle"
    command = ["git", "clone", "--quiet", "--no-checkout", bundle, clone]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    find = ["git", "log", "origin/main", "--format=%H", "--grep=^obs_lsst_data e3d323b"]
    commit = subprocess.run(find, cwd=clone, check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run(["git", "checkout", "--quiet", "--detach", commit], cwd=clone, check=True)
    text = PAGE.read_text("utf-8")
    (table,) = re.findall(r"^    (visit,instrument.*\n(?:    \d,.*\n)+)", text, re.MULTILINE)
    (tmp_path / "visits.csv").write_text(table.replace("    ", ""))
    arguments = ("--exposures", "../visits.csv", "-j", "1")
    done = run_curated("report", "--since", "HEAD~", "-o", "../report", *arguments, cwd=clone)
    assert (done.returncode, done.stderr) == (0, "")
    content = json.loads((tmp_path / "report/report.json").read_text())
    (change,) = content["diff"]["changes"]
    measured = {(m["name"], m["of"].get("band")): round(m["value"], 1) for m in change["measures"]}
    shifts = {"u": -409.3, "g": 81.4, "r": 172.1, "i": 244.3, "z": 239.1, "y": 142.5}
    assert {band: measured["zero_point_shift", band] for band in shifts} == shifts
    assert "u -409.3, g +81.4, r +172.1, i +244.3, z +239.1 and y +142.5 mmag" in text
    page = (tmp_path / "report/index.html").read_text()
    assert "<svg" in page
    assert len(page) < 300_000
    markdown = (tmp_path / "report/report.md").read_text()
    shown = quoted(markdown[markdown.index("### 3 of 3") :].replace("../visits", "visits"))
    if pytestconfig.getoption("update_expected"):
        PAGE.write_text(SHOWN.sub(lambda match: f"{match[1]}{shown}{match[3]}", text), "utf-8")
    (expected,) = [match[2] for match in SHOWN.finditer(PAGE.read_text("utf-8"))]
    assert expected == shown


def quoted(markdown: str) -> str:
    """Return Markdown as a quotation, in which headings are none of the page."""
    lines = (re.sub(r"^#+ (.*)", r"**\1**", line) for line in markdown.rstrip().split("\n"))
    return "".join(f"{f'> {line}'.rstrip()}\n" for line in lines)
