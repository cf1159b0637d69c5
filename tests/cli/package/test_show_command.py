"""``curated show``: of texts and of FITS files, as text, JSON and plot."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from conftest import GitPackage
from support.packages import EDITED, UNTOUCHED
from support.programs import printed_json, run_curated


def test_show(demo: GitPackage, tmp_path: Path) -> None:
    done = run_curated("show", EDITED, cwd=demo.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("defects: ")
    assert re.search(r"^x0 \(pix\): ", done.stdout, re.MULTILINE)
    value = printed_json(run_curated("show", UNTOUCHED, "--format", "json", cwd=demo.path))
    assert (value["type"], value["content"]["metadata"]["NAMP"]) == ("crosstalk", 4)
    assert len(value["content"]["coeffs"]) == 16
    plot = tmp_path / "plot.png"
    done = run_curated("show", EDITED, "--plot", plot, cwd=demo.path)
    assert (done.returncode, done.stderr) == (0, f"drawn in {plot}\n")
    assert plot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert run_curated("convert", EDITED, "-o", tmp_path, "-q", cwd=demo.path).returncode == 2
    assert run_curated("-q", "convert", EDITED, "-o", tmp_path, cwd=demo.path).returncode == 0
    fits = tmp_path / EDITED.replace(".ecsv", ".fits")
    shutil.copy(fits, tmp_path / "anywhere.fits")
    for path in (fits, tmp_path / "anywhere.fits"):
        assert "REPOSHA1" in run_curated("show", path).stdout
