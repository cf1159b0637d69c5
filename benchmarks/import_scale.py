"""`curated import` against stock `butler import` of the same bundle, as the number of datasets grows.

Files are in memory where possible; TMPDIR names another place.

    python benchmarks/import_scale.py [--datasets N ...] [--rounds N] [--json FILE] [--markdown FILE]

The bundles are made for it: five types of a hundred detectors, whose epochs begin together, and some files of a
detector alone whose ranges no other has. A command is a process of its own; that of stock Butler creates its repository, too.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from run import HERE, PYTHON, Command, remove, scratch

sys.path.insert(0, str(HERE.parent / "tests"))

from butler_support import BundleMaker, write_bare

SIZES = (2_000, 20_000, 100_000)
DETECTORS = 100
SHARED = ("bfk", "bias", "crosstalk", "qe_curve")
ALONE = "defects"
WANTED, WANTED_AGAIN, WANTED_MB = 2.0, 4.0, 600


@dataclass(frozen=True)
class Row:
    """What was measured of one size and one mode: medians of wall times, and the largest memory of ours."""

    datasets: int
    transfer: str
    stock: float
    first: float
    again: float
    first_mb: float
    again_mb: float
    stock_mb: float

    @property
    def met(self) -> bool:
        """Whether it is as fast and as small as wanted."""
        fast = self.stock / self.first >= WANTED and self.first / self.again >= WANTED_AGAIN
        return fast and max(self.first_mb, self.again_mb) < WANTED_MB


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--datasets", type=int, nargs="+", default=SIZES)
    parser.add_argument("--transfer", nargs="+", choices=("direct", "hardlink", "copy"))
    parser.add_argument(
        "--rounds", type=int, default=3, help="rounds of the smallest size; larger ones have fewer"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    rows: list[Row] = []
    for count in options.datasets:
        modes = options.transfer or (
            ("direct", "hardlink", "copy") if count <= SIZES[0] else ("direct", "hardlink")
        )
        rounds = max(1, min(options.rounds, 40_000 // count))
        with tempfile.TemporaryDirectory(prefix="curated-import-", dir=scratch()) as temporary:
            bundle = make_bundle(Path(temporary) / "bundle", count)
            rows += measure(Path(temporary), bundle, count, modes, rounds)
    text = table(rows)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def make_bundle(root: Path, count: int) -> Path:
    """Write a bundle of so many datasets, one in a hundred of them with a range of its own."""
    maker = BundleMaker(detectors=DETECTORS)
    alone = count // 100
    epochs = (count - alone) // (DETECTORS * len(SHARED))
    alone = count - epochs * DETECTORS * len(SHARED)
    for type_ in SHARED:
        for number, (begin, end) in enumerate(ranges(epochs)):
            for detector in range(DETECTORS):
                maker.add(type_, begin, end, detector=detector, seed=number)
    for detector in range(DETECTORS):
        own = alone // DETECTORS + (detector < alone % DETECTORS)
        for number, (begin, end) in enumerate(ranges(own, timedelta(minutes=1 + detector))):
            maker.add(ALONE, begin, end, detector=detector, seed=number, epoch=begin[:4])
    return maker.write(root, write_bare)


def ranges(count: int, offset: timedelta = timedelta()) -> Iterable[tuple[str, str | None]]:
    """Ranges that follow each other, from 2000 to 2025 and on."""
    step = timedelta(days=25 * 365) / max(count, 1)
    # Whole seconds, as the names of files have.
    starts = [
        datetime(2000, 1, 1) + offset + timedelta(seconds=int(n * step.total_seconds())) for n in range(count)
    ]
    return pairwise([*(start.isoformat() for start in starts), None])


def measure(temporary: Path, bundle: Path, count: int, modes: Iterable[str], rounds: int) -> list[Row]:
    """Measure imports of a bundle in turn."""
    repo, stock = temporary / "repo", temporary / "stock"
    butler = str(Path(PYTHON).parent / "butler")
    rows = []
    for transfer in modes:
        ours = [PYTHON, "-m", "curated", "-q", "import", str(bundle), str(repo), "--transfer", transfer]
        first = Command(f"curated import, {transfer}", ours, lambda: remove(repo))
        again = Command(f"curated import, {transfer}, again", ours)
        line = (
            f"{butler} create {stock} --seed-config {bundle}/butler-seed.yaml && "
            f"exec {butler} import {stock} {bundle} --export-file {bundle}/export.yaml -t {transfer}"
        )
        theirs = Command(f"butler import, {transfer}", ["sh", "-c", line], lambda: remove(stock))
        for _ in range(rounds):
            for command in (first, again, theirs):
                command.run()
        row = Row(
            count,
            transfer,
            theirs.median,
            first.median,
            again.median,
            first.megabytes,
            again.megabytes,
            theirs.megabytes,
        )
        print(f"{row} {'' if row.met else 'NOT '}as wanted", file=sys.stderr)
        rows.append(row)
        remove(repo)
        remove(stock)
    return rows


def table(rows: list[Row]) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Speed of imports with the number of datasets",
        "",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
