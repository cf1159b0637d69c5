"""Time and memory of `curated impact` for growing numbers of exposures, with a whole history as the change.

    CURATED_CORPUS=DIR python benchmarks/impact.py [--exposures N ...] [--rounds N] [--json FILE] [--markdown FILE]

The package is the history of obs_lsst_data in DIR, whose first commit is compared with its last. The tables are CSV with
random times in ten years. The baseline reads a table with csv and datetime alone, and does nothing with it.
"""

from __future__ import annotations

import os
import platform
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from measure import PYTHON, Command, option_parser, report, scratch

SIZES = (1_000, 100_000, 1_000_000)
FILTERS = ("u_24", "g_6", "r_57", "i_39", "z_20", "y_10")
BASELINE = """
import csv, sys
from datetime import datetime
with open(sys.argv[1], newline="") as stream:
    times = [datetime.fromisoformat(row["obs_start"]) for row in csv.DictReader(stream)]
"""


@dataclass(frozen=True)
class Row:
    """Results for one number of exposures: medians of wall times in seconds, and peak memory in MB."""

    exposures: int
    seconds: float
    baseline: float
    megabytes: float


def main() -> None:
    """Measure everything and print the table."""
    parser = option_parser(__doc__)
    parser.add_argument("--exposures", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    bundle = Path(os.environ["CURATED_CORPUS"]) / "obs_lsst_data.gitbundle"
    rows = []
    with tempfile.TemporaryDirectory(prefix="curated-impact-", dir=scratch()) as temporary:
        package = Path(temporary) / "package"
        run("git", "clone", "--quiet", "--no-checkout", str(bundle), str(package))
        run("git", "-C", str(package), "checkout", "--quiet", "-B", "main", "origin/main")
        first = run("git", "-C", str(package), "rev-list", "--max-parents=0", "HEAD").split()[0]
        for count in options.exposures:
            rows.append(measure(package, first, Path(temporary) / "visits.csv", count, options.rounds))
            print(f"{count} exposures done", file=sys.stderr)
    report(options, table(rows, options.rounds), rows)


def run(*command: str) -> str:
    """Return the output of a command."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def write_table(path: Path, count: int) -> None:
    """Write a table of exposures, in order of time."""
    generator = random.Random(1)
    start = datetime(2018, 1, 1)
    seconds = sorted(generator.randrange(10 * 365 * 86400) for _ in range(count))
    with path.open("w", encoding="utf-8") as stream:
        stream.write("visit_id,instrument,obs_start,physical_filter\n")
        for number, second in enumerate(seconds):
            time = (start + timedelta(seconds=second)).isoformat()
            stream.write(f"{number},LSSTCam,{time},{generator.choice(FILTERS)}\n")


def measure(package: Path, first: str, path: Path, count: int, rounds: int) -> Row:
    """Measure a number of exposures."""
    write_table(path, count)
    # Exposures are affected, which is exit status 1.
    code = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode - 1)"
    arguments = ["-m", "curated", "-q", "-C", str(package), "impact", first, "HEAD", "--exposures", str(path)]
    impact = Command("impact", [PYTHON, "-c", code, PYTHON, *arguments])
    baseline = Command("baseline", [PYTHON, "-c", BASELINE, str(path)])
    for _ in range(rounds):
        impact.run()
        baseline.run()
    return Row(count, impact.median, baseline.median, impact.megabytes)


def table(rows: list[Row], rounds: int) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Speed and memory with the number of exposures",
        "",
        "`curated impact` of the first and the last commit of obs_lsst_data (2,268 files of six instruments), which differ in all files, on tables of",
        f"exposures of ten years. Wall time, median of {rounds}, and peak memory of the largest process; Python {platform.python_version()}, {len(os.sched_getaffinity(0))} processors.",
        "The baseline reads the same table with `csv` and `datetime.fromisoformat` and does nothing with it. Made by `benchmarks/impact.py`.",
        "",
        "| exposures | impact (s) | baseline (s) | impact (MB) |",
        "|---|---|---|---|",
    ]
    lines += [f"| {r.exposures:,} | {r.seconds:.1f} | {r.baseline:.2f} | {r.megabytes:.0f} |" for r in rows]
    lines += ["", "| additional exposures | microseconds each | ratio to the baseline |", "|---|---|---|"]
    for few, many in pairwise(rows):
        seconds, baseline = many.seconds - few.seconds, many.baseline - few.baseline
        each = seconds / (many.exposures - few.exposures) * 1e6
        lines.append(f"| {few.exposures:,} to {many.exposures:,} | {each:.1f} | {seconds / baseline:.1f} |")
    lines += [
        "",
        "What the smallest table takes is the comparison of the two commits; see [the difference](review.md).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
