"""Speed of each type: read and convert its demonstration files with curated and with astropy, in alternating turns.

    python benchmarks/by_type.py [--package DIR] [--rounds N] [--json FILE] [--markdown FILE]

Both do the same work in one process, in memory: text in, bytes of a FITS file out. run.py measures the start of processes
and files on disk.
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
TARGET_RATIO = 8.0
TURN_SECONDS = 0.2
"""Shortest time that a turn takes."""


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
    """Return a row for each type: milliseconds a file for both, and the median of the ratios of all turns."""
    by_type: dict[str, list[CalibFile]] = defaultdict(list)
    for file in package.layout.files:
        if not has_image(package, file):
            by_type[file.key.type].append(file)
    rows = []
    for name, files in sorted(by_type.items()):
        conversions = [lambda file=file: convert(package, file) for file in files]
        baselines = [lambda file=file: baseline(package.root / file.path) for file in files]
        turns = [(seconds(conversions), seconds(baselines)) for _ in range(rounds)]
        ratio = statistics.median(astropy / curated for curated, astropy in turns)
        curated_ms, astropy_ms = (1000 * min(times) / len(files) for times in zip(*turns, strict=True))
        rows.append(
            {
                "type": name,
                "files": len(files),
                "curated_ms": round(curated_ms, 3),
                "astropy_ms": round(astropy_ms, 3),
                "ratio": round(ratio, 1),
                "met": ratio >= TARGET_RATIO,
            }
        )
    return rows


def has_image(package: Package, file: CalibFile) -> bool:
    """Whether a calibration is an image, which images.py measures."""
    return (package.root / file.path).with_suffix(".fits").exists()


def seconds(functions: list[Callable[[], Any]]) -> float:
    """Return the time that it takes to call each function once, averaged over a turn."""
    repetitions, start = 0, time.perf_counter()
    while time.perf_counter() - start < TURN_SECONDS:
        for function in functions:
            function()
        repetitions += 1
    return (time.perf_counter() - start) / repetitions


def convert(package: Package, file: CalibFile) -> bytes:
    """Read, check and convert a file."""
    report, calib, *_ = read_and_check(package.files, file, {})
    if calib is None:
        raise SystemExit(f"{file.path}: {report.diagnostics}")
    return fits_bytes(calib.fits_content())


def baseline(path: Path) -> bytes:
    """Convert a file as an astropy user would: keywords into the header, columns of equal length into a table."""
    primary = fits.PrimaryHDU()
    if path.suffix == ".ecsv":
        tables = [Table.read(path, format="ascii.ecsv")]
    else:
        tree = yaml.load(path.read_bytes(), Loader)
        metadata = tree.pop("metadata", {})
        if isinstance(metadata, list):
            metadata = {row[0]: row[2] for row in metadata}
        keywords = {**metadata, **tree}
        primary.header.update(
            {k: v for k, v in keywords.items() if isinstance(v, (str, int)) or is_finite(v)}
        )
        tables = tables_of(tree)
    stream = io.BytesIO()
    fits.HDUList([primary, *map(fits.table_to_hdu, tables)]).writeto(stream)
    return stream.getvalue()


def is_finite(value: Any) -> bool:
    """Whether a value is a floating-point number that a header can hold."""
    return isinstance(value, float) and math.isfinite(value)


def tables_of(tree: Any, name: str = "") -> list[Table]:
    """Return a table for each length of list in a document, with all lists of that length as columns."""
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
        "Milliseconds a file, from text to the bytes of FITS, in one process; the ratio is the median of all turns. Made by `make bench`.",
        "",
        f"| type | files | curated (ms) | astropy (ms) | ratio | at least {TARGET_RATIO:g} |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        met = "yes" if row["met"] else "no"
        lines.append(
            f"| {row['type']} | {row['files']} | {row['curated_ms']:.2f} | {row['astropy_ms']:.2f} | {row['ratio']:.1f} | {met} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
