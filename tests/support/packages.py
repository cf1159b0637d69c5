"""Packages for tests: the demonstration with a history, defect lists; the command line; and `fitsverify`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conftest import AUTHOR, EMAIL, GitPackage
from support.programs import run_curated

ROOT = Path(__file__).parents[2]
URL = "https://example.org/calibs"
EDITOR = "Zoë Åström 天文"
EDITED = "calibs/demo/defects/d00/20240301T000000.ecsv"
UNTOUCHED = "calibs/demo/crosstalk/d00/20200101T000000.yaml"
DEMO_FILES = sum(
    path.suffix in (".ecsv", ".yaml", ".json") and ".inputs." not in path.name
    for path in (ROOT / "calibs" / "demo").rglob("[0-9]*T*.*")
)
"""Number of calibrations of the demonstration package."""


def make_demo_package(path: Path) -> GitPackage:
    """Copy the demonstration package into a git repository with three commits, one of which edits a calibration."""
    path.mkdir(parents=True)
    package = GitPackage(path)
    package.git("init", "--quiet")
    shutil.copytree(ROOT / "calibs", path / "calibs")
    package.commit({"curated.yaml": f"calibs: calibs\nurl: {URL}\n"}, "Add calibrations")
    text = (path / EDITED).read_text()
    package.commit(
        {EDITED: text.replace("not measured", "not measured at all")},
        "Correct a source",
        author=EDITOR,
        date=datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC),
    )
    package.commit({"notes.txt": "text"}, "Add notes")
    return package


def tagged_demo(path: Path, types: Iterable[str]) -> GitPackage:
    """Copy some types of the demonstration into a git repository with the tag v1; it has an author of its own."""
    package = GitPackage(path)
    for name in types:
        shutil.copytree(ROOT / "calibs/demo" / name, path / "calibs/demo" / name)
    shutil.copy(ROOT / "calibs/demo/instrument.yaml", path / "calibs/demo")
    shutil.copy(ROOT / "curated.yaml", path)
    package.git("init", "--quiet")
    for key, value in (("user.name", AUTHOR), ("user.email", EMAIL)):
        package.git("config", key, value)
    package.commit(message="Add calibrations")
    package.git("tag", "v1")
    return package


def convert_demo(demo: GitPackage, output: Path) -> Path:
    """Convert the demonstration package with the command, and return the directory of its FITS files."""
    done = run_curated("convert", "-o", output, cwd=demo.path)
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    assert done.stdout.startswith(f"{DEMO_FILES} FITS files (")
    return output


def defects_text(
    meta: Mapping[str, Any] | None = None,
    *,
    detector: int = 0,
    date: str = "2020-01-01T00:00:00",
    x0: int = 1,
) -> str:
    """Return the ECSV text of a list of one defect, with additional or other keywords."""
    keywords = {
        "OBSTYPE": "defects",
        "INSTRUME": "Lab",
        "DETECTOR": detector,
        "CALIBDATE": date,
        **(meta or {}),
    }
    columns = "".join(f"# - {{name: {name}, datatype: int64}}\n" for name in ("x0", "y0", "width", "height"))
    metadata_lines = "".join(
        f"# - {json.dumps({key: value}, ensure_ascii=False)}\n" for key, value in keywords.items()
    )
    return (
        f"# %ECSV 1.0\n# ---\n# datatype:\n{columns}# meta: !!omap\n{metadata_lines}# schema: astropy-2.0\n"
        f"x0 y0 width height\n{x0} 2 3 4\n"
    )


def defects_path(detector: int = 0, date: str = "20200101T000000", instrument: str = "lab") -> str:
    """Return the path of a defect list in a package with a ``curated.yaml``."""
    return f"calibs/{instrument}/defects/d{detector:02d}/{date}.ecsv"


def read_tree(directory: Path) -> dict[str, bytes]:
    """Return the contents of all files below a directory by their relative paths."""
    return {
        str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()
    }


def fitsverify_errors(files: list[Path]) -> str:
    """Run ``fitsverify`` on files, and return its errors; empty if there are none."""
    errors = ""
    for start in range(0, len(files), 500):
        command = ["fitsverify", "-e", "-q", *map(str, files[start : start + 500])]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = process.stdout.splitlines()
        assert len(lines) == len(files[start : start + 500]), process.stdout + process.stderr
        errors += "".join(f"{line}\n" for line in lines if not line.startswith("verification OK"))
    return errors


def calibration_paths(package: GitPackage) -> list[str]:
    """Return the paths of all calibrations of the demonstration package."""
    paths = package.git("ls-files", "calibs/demo/*/*").splitlines()
    endings = (".ecsv", ".yaml", ".json")
    return [p for p in paths if p.endswith(endings) and not p.endswith(".inputs.yaml")]


def fits_path(path: str) -> str:
    """Return the path of a calibration with the ending of its FITS file."""
    return f"{path.rpartition('.')[0]}.fits"


def validity_ranges(package: GitPackage) -> dict[str, tuple[str, str | None]]:
    """Return start and end of each calibration, from file names and VALIDEND alone; None means open."""
    paths = calibration_paths(package)

    def start(path: str) -> datetime:
        return datetime.strptime(Path(path).stem, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)

    ranges = {}
    for path in paths:
        siblings = [p for p in paths if Path(p).parent == Path(path).parent]
        later_starts = sorted(
            start(p).strftime("%Y-%m-%dT%H:%M:%S") for p in siblings if start(p) > start(path)
        )
        explicit_end = re.search(r"VALIDEND: '([^']*)'", (package.path / path).read_text())
        end = explicit_end[1] if explicit_end else next(iter(later_starts), None)
        ranges[path] = (start(path).strftime("%Y-%m-%dT%H:%M:%S"), end)
    return ranges
