"""A new type with units takes one module, one example and one line of the change log; `make docs` writes the rest.

The steps are those of CONTRIBUTING.md, done in a copy of the repository.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from conftest import GitPackage

ROOT = Path(__file__).parents[1]
NEW_TYPE = ROOT / "tests" / "data" / "new_type"
MODULE = "src/curated/types/persistence.py"
EXAMPLE = "calibs/demo/persistence/d00/20200101T000000.yaml"
SCHEMA = "schemas/persistence-1.0.schema.json"
PAGE = "docs/types/persistence.md"
INDEX = "docs/types/README.md"
ENTRY = "- Type `persistence`: charge of bright exposures that shows in the next ones, for each amplifier.\n"
VALUES = {"C00": 120.0, "C01": 118.5, "C10": 131.0, "C11": 125.0}

pytestmark = pytest.mark.slow


def run(package: GitPackage, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy, with the copy's package."""
    environment = os.environ | {"PYTHONPATH": str(package.path / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=package.path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


def run_checked(package: GitPackage, *command: str | Path) -> str:
    """Run Python in the copy; the output."""
    done = run(package, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """A copy of the repository to which the type was added and `make docs` run."""
    package = GitPackage(tmp_path_factory.mktemp("newcomer") / "repository")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file():
            (package.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, package.path / name)
    package.git("init", "--quiet")
    package.commit(message="Start")
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    package.write(
        {
            MODULE: (NEW_TYPE / "persistence.py").read_text("utf-8"),
            EXAMPLE: (NEW_TYPE / "20200101T000000.yaml").read_text("utf-8"),
            "CHANGELOG.md": log.replace("### Added\n\n", f"### Added\n\n{ENTRY}", 1),
        }
    )
    run_checked(package, "-m", "curated", "schema", "write")
    run_checked(package, "-m", "curated.docs")
    return package


@pytest.fixture(scope="module")
def fits_file(package: GitPackage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The FITS file of the example, from a commit of the type."""
    package.commit(message="Add a type")
    output = tmp_path_factory.mktemp("fits")
    run_checked(package, "-m", "curated", "convert", "calibs/demo/persistence", "-o", output)
    return next(output.rglob("*.fits"))


def read_back(package: GitPackage, path: Path) -> Any:
    """Read a FITS file with the type's class in the copy."""
    return json.loads(run_checked(package, NEW_TYPE / "read_back.py", path))


def test_no_other_file_is_touched(package: GitPackage) -> None:
    status = package.git("status", "--porcelain", "--untracked-files=all", "-z").split("\0")
    assert sorted(line[3:] for line in status if line) == sorted(
        ["CHANGELOG.md", EXAMPLE, INDEX, MODULE, PAGE, SCHEMA]
    )


def test_schema_and_page_state_the_units(package: GitPackage) -> None:
    properties = json.loads((package.path / SCHEMA).read_text())["properties"]
    assert properties["trappedCharge"]["description"].endswith("Unit: electron.")
    assert properties["units"]["properties"]["decayTime"]["description"] == "Unit that converts to s."
    rows = [
        line.split(" | ") for line in (package.path / PAGE).read_text().splitlines() if line.startswith("| `")
    ]
    units = {cells[0]: cells[4] for cells in rows if len(cells) > 5}
    assert units["| `trappedCharge`"] == "electron"
    assert units["| `decayTime`"] == "s"
    columns = {cells[0]: cells[-1].rstrip(" |") for cells in rows if len(cells) == 4}
    assert columns["| `TRAPPED_CHARGE`"] == "electron"
    assert columns["| `DECAY_TIME`"] == "s"


def test_all_checks_pass(package: GitPackage) -> None:
    assert "all schemas" in run_checked(package, "-m", "curated", "schema", "check")
    assert run_checked(package, "-m", "curated.docs", "--check") == ""
    run_checked(package, "-m", "curated", "check", "calibs/demo/persistence")
    described = run_checked(package, "-m", "curated", "types", "persistence")
    assert "electron" in described
    assert run(package, "-m", "ruff", "check", MODULE).returncode == 0


def test_units_reach_fits_and_come_back(package: GitPackage, fits_file: Path) -> None:
    with fits.open(fits_file) as hdus:
        assert [(c.name, c.unit) for c in hdus[1].columns] == [
            ("AMPLIFIER", None),
            ("TRAPPED_CHARGE", "electron"),
            ("DECAY_TIME", "s"),
        ]
    units = {"trappedCharge": "electron", "decayTime": "s"}
    assert read_back(package, fits_file) == {"decayTime": VALUES, "units": units}


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("min", {"decayTime": {name: 60 * value for name, value in VALUES.items()}}),
        ("kg", [["CAL216", "DECAY_TIME: unit 'kg', expected 's'"]]),
        (None, [["CAL216", "DECAY_TIME: no unit, expected 's'"]]),
    ],
)
def test_other_units_are_converted_or_refused(
    package: GitPackage, fits_file: Path, tmp_path: Path, unit: str | None, expected: Any
) -> None:
    path = tmp_path / "other.fits"
    with fits.open(fits_file) as hdus:
        if unit is None:
            del hdus[1].header["TUNIT3"]
        else:
            hdus[1].header["TUNIT3"] = unit
        hdus.writeto(path)
    result = read_back(package, path)
    if isinstance(expected, dict):
        expected |= {"units": {"trappedCharge": "electron", "decayTime": "s"}}
    assert result == expected


def test_it_is_bundled(package: GitPackage, fits_file: Path, tmp_path: Path) -> None:
    run_checked(package, "-m", "curated", "bundle", tmp_path / "bundle", "--instrument", "demo")
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    paths = [dataset["source"]["path"] for dataset in manifest["datasets"]]
    assert EXAMPLE in paths


def test_the_tests_of_all_types_take_it(package: GitPackage, fits_file: Path) -> None:
    """The copy's own tests, those that look at each type or at each file of the demonstration."""
    tests = ["tests/test_demo.py", "tests/test_registry.py", "tests/docs", "tests/schema", "tests/plots"]
    tests += ["tests/text/test_writer.py", "tests/fits/test_provenance.py", "tests/test_structure.py"]
    names = "persistence or generator or demonstration or stays_small or committed or no_type_takes"
    names += " or test_structure"
    output = run_checked(package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", names, *tests)
    assert "failed" not in output
