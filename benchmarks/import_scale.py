"""`curated import` against stock `butler import` of the same bundle, as the number of datasets grows.

Files are in memory where possible; TMPDIR names another place.

    python benchmarks/import_scale.py [--datasets N ...] [--rounds N] [--json FILE] [--markdown FILE]

The bundles are made for it: four types of 99 detectors, whose epochs begin together, and some files of a
detector alone whose ranges no other has. Each import is a process of its own.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

from measure import HERE, PYTHON, Command, option_parser, remove, report, scratch

sys.path.insert(0, str(HERE.parent / "tests"))

from support.repositories import BundleMaker, write_bare

SIZES = (2_000, 20_000, 100_000)
DETECTORS = 99
SHARED = ("bfk", "bias", "crosstalk", "qe_curve")
ALONE = "defects"

_CREATE = """
import sys
from lsst.daf.butler import Butler, Config
Butler.makeRepo(sys.argv[1], config=Config(sys.argv[2]))
"""
# The real commands, each as a process of its own, which also note how long the work took without what they import first.
_STOCK = """
import sys, time
from pathlib import Path
from lsst.daf.butler import script
from lsst.daf.butler.cli.butler import main
note, bundle, repo, transfer = sys.argv[1:]
work = script.butlerImport
def timed(*given, **named):
    start = time.perf_counter()
    work(*given, **named)
    Path(note).write_text(str(time.perf_counter() - start))
script.butlerImport = timed
sys.argv = ["butler", "import", repo, bundle, "--export-file", "export.yaml", "-t", transfer]
sys.exit(main())
"""
# A second run is not to pay for a Butler that it does not need.
_OURS = """
import sys, time
from pathlib import Path
from curated import butler
from curated.cli.main import main
note, bundle, repo, transfer, *first = sys.argv[1:]
work = butler.run_import
def timed(*given, **named):
    if first:
        from curated.butler.importing import importer
    start = time.perf_counter()
    report = work(*given, **named)
    Path(note).write_text(str(time.perf_counter() - start))
    return report
butler.run_import = timed
sys.argv = ["curated", "-q", "import", bundle, repo, "--transfer", transfer]
main()
"""
WANTED, WANTED_AGAIN, WANTED_MB = 2.0, 4.0, 600


@dataclass(frozen=True)
class Row:
    """What was measured of one size and one mode: medians of wall times, and the largest memory of ours."""

    datasets: int
    transfer: str
    stock: float
    first: float
    again: float
    stock_whole: float
    first_whole: float
    again_whole: float
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
    parser = option_parser(__doc__)
    parser.add_argument("--datasets", type=int, nargs="+", default=SIZES)
    parser.add_argument("--transfer", nargs="+", choices=("direct", "hardlink", "copy"))
    parser.add_argument(
        "--rounds", type=int, default=3, help="rounds of the smallest size; larger ones have fewer"
    )
    options = parser.parse_args()
    rows: list[Row] = []
    for count in options.datasets:
        modes = options.transfer or (
            ("direct", "hardlink", "copy") if count <= SIZES[0] else ("direct", "hardlink")
        )
        rounds = max(1, min(options.rounds, 40_000 // count))
        with tempfile.TemporaryDirectory(prefix="curated-import-", dir=scratch()) as temporary:
            bundle = Path(temporary) / "bundle"
            # What it takes to make a large bundle would count as the memory of all that is started from here.
            with ProcessPoolExecutor(1, get_context("spawn")) as other:
                other.submit(make_bundle, bundle, count).result()
            rows += measure(Path(temporary), bundle, count, modes, rounds)
    text = table(rows)
    report(options, text, rows)


def make_bundle(root: Path, count: int) -> Path:
    """Write a bundle of so many datasets, one in a hundred of them with a range of its own."""
    maker = BundleMaker(detectors=DETECTORS)
    epochs = count // (DETECTORS * len(SHARED))
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
    empty, repo, stock = (temporary / name for name in ("empty", "repo", "stock"))
    os.environ["XDG_CACHE_HOME"] = str(temporary / "cache")
    Command("create", [PYTHON, "-c", _CREATE, str(empty), str(bundle / "butler-seed.yaml")]).run()
    rows = []
    for transfer in modes:
        first, again = (Timed(name, _OURS, bundle, repo, transfer) for name in ("first", "again"))
        theirs = Timed("stock", _STOCK, bundle, stock, transfer)
        first.command.prepare = lambda: renew(empty, repo)
        theirs.command.prepare = lambda: renew(empty, stock)
        for _ in range(rounds):
            for timed in (first, again, theirs):
                timed.run()
        row = Row(
            count, transfer, theirs.work, first.work, again.work, theirs.whole, first.whole, again.whole,
            first.command.megabytes, again.command.megabytes, theirs.command.megabytes,
        )  # fmt: skip
        print(f"{row} {'' if row.met else 'NOT '}as wanted", file=sys.stderr)
        rows.append(row)
        remove(repo)
        remove(stock)
    return rows


class Timed:
    """A command that also writes how long its work took, without the start of Python and Butler."""

    def __init__(self, name: str, code: str, bundle: Path, repo: Path, transfer: str) -> None:
        more = ["first"] if name == "first" else []
        self.note = bundle.parent / f"{name}.time"
        self.command = Command(
            name,
            [PYTHON, "-W", "ignore", "-c", code, str(self.note), str(bundle), str(repo), transfer, *more],
        )
        self.seconds: list[float] = []

    def run(self) -> None:
        """Run it once."""
        self.command.run()
        self.seconds.append(float(self.note.read_text()))

    @property
    def work(self) -> float:
        """Median of the time that the work took."""
        return statistics.median(self.seconds)

    @property
    def whole(self) -> float:
        """Median of the time of the process."""
        return self.command.median


def renew(empty: Path, repo: Path) -> None:
    """Put a repository with nothing in it into the place of another."""
    remove(repo)
    shutil.copytree(empty, repo)


def table(rows: list[Row]) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Speed of imports with the number of datasets",
        "",
        "`curated import` and stock `butler import` of the same bundle into a repository with nothing in it, in turn, medians of wall time; the second",
        f"run of curated finds all of it there. Four types of {DETECTORS} detectors share their epochs, one dataset in a hundred has a range of its own.",
        f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} processors, files in memory (tmpfs). Made by `make bench`. Work: without the start of Python and the",
        f"import of Butler. Wanted: at least {WANTED:g} times faster than stock, a second run at least {WANTED_AGAIN:g} times faster than the first, below {WANTED_MB} MB.",
        "",
        "| datasets | transfer | stock (s) | curated (s) | faster | second run (s) | faster than first | curated (MB) | stock (MB) | as wanted |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.datasets:,} | {r.transfer} | {r.stock:.1f} | {r.first:.1f} | {r.stock / r.first:.2f} | {r.again:.2f} | {r.first / r.again:.1f} "
        f"| {max(r.first_mb, r.again_mb):.0f} | {r.stock_mb:.0f} | {'yes' if r.met else 'no'} |"
        for r in rows
    ]
    lines += [
        "",
        "The whole commands, with the start of Python and the import of Butler, which takes each two seconds or more:",
        "",
        "| datasets | transfer | stock (s) | curated (s) | faster | second run (s) | faster than first |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.datasets:,} | {r.transfer} | {r.stock_whole:.1f} | {r.first_whole:.1f} | {r.stock_whole / r.first_whole:.2f} "
        f"| {r.again_whole:.2f} | {r.first_whole / r.again_whole:.1f} |"
        for r in rows
    ]
    lines += [
        "",
        "The machine is shared: times of one line compare, those of different lines need not. What a second run skips: where nobody has changed",
        "the SQLite database since, it verifies the bundle and looks at the repository's files, and does not start Butler.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
