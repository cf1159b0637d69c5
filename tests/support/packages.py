"""The demonstration package in a repository of its own, packages of defect lists, and the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conftest import GitPackage
from support import programs

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


def make_demo(path: Path) -> GitPackage:
    """Copy the demonstration package and give it a history: added, then one file edited by somebody else."""
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


def convert_demo(demo: GitPackage, output: Path) -> Path:
    """Convert the demonstration package with the command, and return the directory of its FITS files."""
    done = run_curated("convert", "-o", output, cwd=demo.path)
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    assert done.stdout.startswith(f"{DEMO_FILES} FITS files (")
    return output


def defects(
    meta: Mapping[str, Any] | None = None,
    *,
    detector: int = 0,
    date: str = "2020-01-01T00:00:00",
    x0: int = 1,
) -> str:
    """Text of a list of one defect."""
    keywords = {
        "OBSTYPE": "defects",
        "INSTRUME": "Lab",
        "DETECTOR": detector,
        "CALIBDATE": date,
        **(meta or {}),
    }
    columns = "".join(f"# - {{name: {name}, datatype: int64}}\n" for name in ("x0", "y0", "width", "height"))
    listed = "".join(
        f"# - {json.dumps({key: value}, ensure_ascii=False)}\n" for key, value in keywords.items()
    )
    return (
        f"# %ECSV 1.0\n# ---\n# datatype:\n{columns}# meta: !!omap\n{listed}# schema: astropy-2.0\n"
        f"x0 y0 width height\n{x0} 2 3 4\n"
    )


def place(detector: int = 0, date: str = "20200101T000000", instrument: str = "lab") -> str:
    """Path of a list of defects in a package with a ``curated.yaml``."""
    return f"calibs/{instrument}/defects/d{detector:02d}/{date}.ecsv"


def run_curated(
    *arguments: str | os.PathLike[str], cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own; a new one where the environment says how Python starts."""
    if any(name.startswith(("PYTHON", "LC_")) for name in environment):
        line = [sys.executable, "-m", "curated", *map(os.fspath, arguments)]
        return subprocess.run(
            line,
            cwd=cwd,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    return programs.run(*arguments, cwd=cwd, environment=os.environ | environment)


def tree(directory: Path) -> dict[str, bytes]:
    """Contents of all files below a directory."""
    return {
        str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()
    }


def fitsverify(files: list[Path]) -> str:
    """What ``fitsverify`` calls errors in many files; empty where there are none."""
    said = ""
    for first in range(0, len(files), 500):
        command = ["fitsverify", "-e", "-q", *map(str, files[first : first + 500])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        assert len(lines) == len(files[first : first + 500]), done.stdout + done.stderr
        said += "".join(f"{line}\n" for line in lines if not line.startswith("verification OK"))
    return said


def sources(package: GitPackage) -> list[str]:
    listed = package.git("ls-files", "calibs/demo/*/*").splitlines()
    kept = (".ecsv", ".yaml", ".json")
    return [p for p in listed if p.endswith(kept) and not p.endswith(".inputs.yaml")]


def fits_name(path: str) -> str:
    return f"{path.rpartition('.')[0]}.fits"


def validity(package: GitPackage) -> dict[str, tuple[str, str | None]]:
    """Start and end of each file, from the names and VALIDEND alone."""
    paths = sources(package)

    def start(path: str) -> datetime:
        return datetime.strptime(Path(path).stem, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)

    found = {}
    for path in paths:
        text = (package.path / path).read_text()
        said = re.search(r"VALIDEND: '([^']*)'", text)
        later = sorted(
            start(p) for p in paths if Path(p).parent == Path(path).parent and start(p) > start(path)
        )
        end = said[1] if said else later[0].strftime("%Y-%m-%dT%H:%M:%S") if later else None
        found[path] = (start(path).strftime("%Y-%m-%dT%H:%M:%S"), end)
    return found
