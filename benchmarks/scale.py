"""Time and memory of a check for growing numbers of files: without a cache, with nothing changed, with one file changed.

Files are in memory if possible; TMPDIR names another directory.

    python benchmarks/scale.py [--files N ...] [--rounds N] [--json FILE] [--markdown FILE]

The packages are synthetic: defect lists of one instrument, ten epochs of each detector, outside a git repository.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from measure import PYTHON, Command, option_parser, report, scratch

EPOCHS = 10
SIZES = (2_000, 20_000, 100_000)
TEXT = """\
# %ECSV 1.0
# ---
# datatype:
# - {{name: x0, datatype: int64}}
# - {{name: y0, datatype: int64}}
# - {{name: width, datatype: int64}}
# - {{name: height, datatype: int64}}
# meta: !!omap
# - {{OBSTYPE: defects}}
# - {{INSTRUME: Cam}}
# - {{DETECTOR: {number}}}
# - {{DET_NAME: D{number:05d}}}
# - {{DET_SER: E2V-{number:05d}}}
# - {{CALIBDATE: '{year}-01-01T00:00:00'}}
# schema: astropy-2.0
x0 y0 width height
{number} {year} 3 4
"""


@dataclass(frozen=True)
class Row:
    """Results for one number of files: medians of wall times in seconds, and peak memory in MB."""

    files: int
    cold: float
    warm: float
    changed: float
    cold_mb: float
    warm_mb: float


def main() -> None:
    """Measure everything and print the table."""
    parser = option_parser(__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for count in options.files:
        with tempfile.TemporaryDirectory(prefix="curated-scale-", dir=scratch()) as temporary:
            rows.append(measure(Path(temporary), count, options.rounds))
            print(f"{count} files done", file=sys.stderr)
    text = table(rows, options.rounds)
    report(options, text, rows)


def make_package(root: Path, count: int) -> Path:
    """Write a package with a number of files, and return the path of the last one."""
    path = root
    for number in range(count // EPOCHS):
        directory = root / "calibs" / "cam" / "defects" / f"d{number:05d}"
        directory.mkdir(parents=True)
        for year in range(2000, 2000 + EPOCHS):
            path = directory / f"{year}0101T000000.ecsv"
            path.write_text(TEXT.format(number=number, year=year), encoding="utf-8")
    (root / "curated.yaml").write_text("calibs: calibs\n", encoding="utf-8")
    return path


def measure(temporary: Path, count: int, rounds: int) -> Row:
    """Measure the checks of a package with a number of files."""
    package, cache = temporary / "package", temporary / "cache"
    changed_file = make_package(package, count)
    os.environ["XDG_CACHE_HOME"] = str(cache)
    arguments = [PYTHON, "-m", "curated", "-q", "-C", str(package), "check"]

    def change() -> None:
        changed_file.write_text(f"{changed_file.read_text(encoding='utf-8')}1 1 1 1\n", encoding="utf-8")

    cold = Command("cold", [*arguments, "--no-cache"])
    warm = Command("warm", arguments)
    changed = Command("one file changed", arguments, change)
    Command("first", arguments).run()
    for _ in range(rounds):
        for command in (cold, warm, changed):
            command.run()
    warm_mb = max(warm.megabytes, changed.megabytes)
    return Row(count, cold.median, warm.median, changed.median, cold.megabytes, warm_mb)


def table(rows: list[Row], rounds: int) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Speed and memory with the number of files",
        "",
        "`curated check` of packages of small defect lists, ten epochs of each detector, outside a git repository. Medians of wall time over",
        f"{rounds} rounds of alternating turns, peak memory of one process; Python {platform.python_version()}, {len(os.sched_getaffinity(0))} processors. Made by `make bench`. Files were in memory",
        "(tmpfs), so that no disk is measured.",
        "",
        "| files | no cache (s) | nothing changed (s) | one file changed (s) | no cache (MB) | cached (MB) |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.files:,} | {r.cold:.2f} | {r.warm:.2f} | {r.changed:.2f} | {r.cold_mb:.0f} | {r.warm_mb:.0f} |"
        for r in rows
    ]
    if len(rows) > 1:
        lines += ["", "| additional files | microseconds each: no cache | nothing changed | one file changed | kB each |", "|---|---|---|---|---|"]  # fmt: skip
    for few, many in pairwise(rows):
        more = many.files - few.files
        parts = [(getattr(many, key) - getattr(few, key)) / more for key in ("cold", "warm", "changed")]
        shown = " | ".join(f"{part * 1e6:.0f}" for part in parts)
        kilobytes = (many.warm_mb - few.warm_mb) / more * 1024
        lines.append(f"| {few.files:,} to {many.files:,} | {shown} | {kilobytes:.1f} |")
    lines += ["", "The check is linear if the cost of each additional file is the same on all lines."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
