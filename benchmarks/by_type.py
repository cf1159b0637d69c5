"""Each type by itself: reading and converting its demonstration files, ours against astropy, turn by turn.

    python benchmarks/by_type.py [--package DIR] [--rounds N] [--json FILE] [--markdown FILE]

Both sides do the same in one process: text in, bytes of a FITS file out, in memory. What a process costs to start, and
files on disk, are the concern of run.py.
"""

from __future__ import annotations

import io
import math
import statistics
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from astropy.io import fits
from astropy.table import Table

from baseline import Loader
from curated.check.file import read_and_check
from curated.core.keys import CalibFile
from curated.fits.writer import fits_bytes
from curated.package.package import Package, open_package
from measure import option_parser, report

HERE = Path(__file__).parent
WANTED = 8.0
LEAST = 0.2
"""Seconds that one side runs in a turn."""


def main() -> None:
    """Measure every type and print the table."""
    parser = option_parser(__doc__)
    parser.add_argument("--package", type=Path, default=HERE.parent)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = measure(open_package(options.package), options.rounds)
    text = table(rows)
    report(options, text, rows)


def measure(package: Package, rounds: int) -> list[dict[str, Any]]:
    """Return a row for each type: milliseconds a file on both sides, and the median of the turns' ratios."""
    by_type: dict[str, list[CalibFile]] = defaultdict(list)
    for file in package.layout.files:
        if not has_image(package, file):
            by_type[file.key.type].append(file)
    rows = []
    for name, files in sorted(by_type.items()):
        ours = [lambda file=file: convert(package, file) for file in files]
        theirs = [lambda file=file: baseline(package.root / file.path) for file in files]
        turns = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
        ratio = statistics.median(slow / quick for quick, slow in turns)
        quick, slow = (1000 * min(side) / len(files) for side in zip(*turns, strict=True))
        rows.append(
            {
                "type": name,
                "files": len(files),
                "ours_ms": round(quick, 3),
                "baseline_ms": round(slow, 3),
                "ratio": round(ratio, 1),
                "met": ratio >= WANTED,
            }
        )
    return rows


def has_image(package: Package, file: CalibFile) -> bool:
    """Say whether a calibration is an image, which images.py measures."""
    return (package.root / file.path).with_suffix(".fits").exists()


def seconds(works: list[Callable[[], Any]]) -> float:
    """Return how long all of them take once, from as many repetitions as make it a measurement."""
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < LEAST:
        for work in works:
            work()
        done += 1
    return (time.perf_counter() - start) / done


def convert(package: Package, file: CalibFile) -> bytes:
    """Read, check and convert a file."""
    report, calib, *_ = read_and_check(package.files, file, {})
    if calib is None:
        raise SystemExit(f"{file.path}: {report.diagnostics}")
    return fits_bytes(calib.fits_content())


def baseline(path: Path) -> bytes:
    """Do what an astropy user would write: keywords into the header, columns of one length into a table."""
    primary = fits.PrimaryHDU()
    if path.suffix == ".ecsv":
        tables = [Table.read(path, format="ascii.ecsv")]
    else:
        tree = yaml.load(path.read_bytes(), Loader)
        metadata = tree.pop("metadata", {})
        if isinstance(metadata, list):
            metadata = {row[0]: row[2] for row in metadata}
        said = {**metadata, **tree}
        primary.header.update({k: v for k, v in said.items() if isinstance(v, (str, int)) or is_finite(v)})
        tables = tables_of(tree)
    stream = io.BytesIO()
    fits.HDUList([primary, *map(fits.table_to_hdu, tables)]).writeto(stream)
    return stream.getvalue()


def is_finite(value: Any) -> bool:
    """Say whether a value is a number that a header holds."""
    return isinstance(value, float) and math.isfinite(value)


def tables_of(tree: Any, name: str = "") -> list[Table]:
    """Return lists of one length side by side, whatever the document calls them."""
    by_length: dict[int, dict[str, Any]] = defaultdict(dict)

    def collect(node: Any, place: str) -> None:
        if isinstance(node, dict) and place and not any(isinstance(v, (dict, list)) for v in node.values()):
            collect(list(node), f"{place}.name")
            collect(list(node.values()), f"{place}.value")
        elif isinstance(node, dict):
            for key, item in node.items():
                collect(item, f"{place}.{key}")
        elif isinstance(node, list) and node and all(isinstance(item, dict) for item in node):
            for key in node[0]:
                collect([item.get(key) for item in node], f"{place}.{key}")
        elif isinstance(node, list):
            values = np.asarray([str(item) for item in node] if any(item is None for item in node) else node)
            if values.dtype.kind in "iufbU":
                by_length[len(values)][place] = values

    collect(tree, name)
    return [Table(columns) for length, columns in by_length.items() if length]


def table(rows: list[dict[str, Any]]) -> str:
    """Return the result in Markdown."""
    lines = [
        "# Speed of each type",
        "",
        "Milliseconds a file, from text to the bytes of FITS, in one process; the ratio is the median of the turns. Made by `make bench`.",
        "",
        f"| type | files | ours (ms) | astropy (ms) | ratio | at least {WANTED:g} |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        met = "yes" if row["met"] else "no"
        lines.append(
            f"| {row['type']} | {row['files']} | {row['ours_ms']:.2f} | {row['baseline_ms']:.2f} | {row['ratio']:.1f} | {met} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
