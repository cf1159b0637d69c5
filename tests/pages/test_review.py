"""Run the commands and the Python of docs/review.md."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from conftest import AUTHOR, EMAIL, GitPackage
from curated.exposures.columns import ROLES
from support.packages import ROOT
from support.pages import HashNames, assert_page_shows, environment_with_curated
from support.programs import run_curated

PAGE = ROOT / "docs/review.md"
PICTURE = ROOT / "docs/review-filter.svg"
TEXT = PAGE.read_text("utf-8")
VISITS = """\
visit,instrument,date_obs,physical_filter
101,Demo,2022-02-01T02:00:00,g
102,Demo,2024-06-01T02:00:00,g
103,Demo,2024-06-01T02:10:00,r
104,Demo,2024-06-02T03:00:00,r
"""


def make_package(path: Path) -> GitPackage:
    """Make a repository of the demonstration, with a table of exposures."""
    package = GitPackage(path)
    for name in ("defects", "transmission_filter"):
        shutil.copytree(ROOT / "calibs/demo" / name, path / "calibs/demo" / name)
    shutil.copy(ROOT / "calibs/demo/instrument.yaml", path / "calibs/demo")
    package.git("init", "--quiet")
    for key, value in (("user.name", AUTHOR), ("user.email", EMAIL)):
        package.git("config", key, value)
    package.commit({"curated.yaml": "calibs: calibs\n", "visits.csv": VISITS}, "Add calibrations")
    return package


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    pytest.importorskip("matplotlib")
    package = make_package(tmp_path / "package")
    (tmp_path / "bin").mkdir()
    assert_page_shows(
        PAGE,
        package.path,
        environment_with_curated(tmp_path / "bin"),
        HashNames(),
        update=pytestconfig.getoption("update_expected"),
    )


def test_the_picture_is_the_one_that_is_drawn(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    pytest.importorskip("matplotlib")
    package = make_package(tmp_path / "package")
    old = "calibs/demo/transmission_filter/g/20200101T000000.ecsv"
    head, _, rows = (package.path / old).read_text().partition("wavelength efficiency\n")
    samples = [tuple(map(float, row.split())) for row in rows.splitlines()]
    redder = "".join(f"{wavelength + 1.6:.1f} {0.97 * value:.4f}\n" for wavelength, value in samples)
    text = f"{head.replace('2020-01-01', '2023-06-20')}wavelength efficiency\n{redder}"
    package.write({"calibs/demo/transmission_filter/g/20230620T000000.ecsv": text})
    done = run_curated("diff", "--plot", tmp_path / "plots", "--plot-format", "svg", cwd=package.path)
    assert done.returncode == 1, done.stderr
    (drawn,) = (tmp_path / "plots").glob("*.svg")
    if pytestconfig.getoption("update_expected"):
        shutil.copy(drawn, PICTURE)
    assert drawn.read_bytes() == PICTURE.read_bytes()


def test_the_python_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package = make_package(tmp_path / "package")
    path = "calibs/demo/defects/d00/20240301T000000.ecsv"
    package.write({path: (package.path / path).read_text().replace("640 88 2 1", "640 88 2 90")})
    monkeypatch.chdir(package.path)
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == "3 ['2024-05-31', '2024-06-01']\n"


def test_the_names_of_columns_are_those_that_are_known() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (`.*`) \|", TEXT, re.MULTILINE))
    assert {
        role: tuple(re.findall("`([a-z]+)`", names.partition(" |")[0])) for role, names in rows.items()
    } == ROLES
