"""`curated import` compared with stock `butler import` of the same bundle, for growing numbers of datasets.

Files are in memory if possible; TMPDIR names another directory.

    python benchmarks/import_scale.py [--datasets N ...] [--rounds N] [--json FILE] [--markdown FILE]

The bundles are synthetic: four types of 99 detectors with common epochs, and some datasets with ranges that occur only once.
Each import is a separate process.
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

from support.repositories import BundleMaker, write_minimal_fits

SIZES = (2_000, 20_000, 100_000)
DETECTORS = 99
SHARED = ("bfk", "bias", "crosstalk", "qe_curve")
UNSHARED = "defects"

_CREATE = """
import sys
from lsst.daf.butler import Butler, Config
Butler.makeRepo(sys.argv[1], config=Config(sys.argv[2]))
"""
# The real commands, each in a separate process, which also record the time of the work without the imports before it.
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
# Butler is imported before the first run is timed; a second run does not need it.
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
MIN_RATIO, MIN_RATIO_AGAIN, MAX_MB = 2.0, 4.0, 600


@dataclass(frozen=True)
class Row:
    """Results for one number of datasets and one transfer mode: medians of wall times in seconds, and peak memory."""

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
        """Whether the targets for speed and memory are met."""
        fast = self.stock / self.first >= MIN_RATIO and self.first / self.again >= MIN_RATIO_AGAIN
        return fast and max(self.first_mb, self.again_mb) < MAX_MB


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
            # In another process: its memory would be charged to every command that this process starts.
            with ProcessPoolExecutor(1, get_context("spawn")) as executor:
                executor.submit(make_bundle, bundle, count).result()
            rows += measure(Path(temporary), bundle, count, modes, rounds)
    text = table(rows)
    report(options, text, rows)


def make_bundle(root: Path, count: int) -> Path:
    """Write a bundle with a number of datasets, about one in a hundred of them with a range that no other has."""
    maker = BundleMaker(detectors=DETECTORS)
    epochs = count // (DETECTORS * len(SHARED))
    unshared = count - epochs * DETECTORS * len(SHARED)
    for type_ in SHARED:
        for number, (begin, end) in enumerate(ranges(epochs)):
            for detector in range(DETECTORS):
                maker.add(type_, begin, end, detector=detector, seed=number)
    for detector in range(DETECTORS):
        epochs_of_detector = unshared // DETECTORS + (detector < unshared % DETECTORS)
        for number, (begin, end) in enumerate(ranges(epochs_of_detector, timedelta(minutes=1 + detector))):
            maker.add(UNSHARED, begin, end, detector=detector, seed=number, epoch=f"{begin[:4]}0101T000000")
    return maker.write(root, write_minimal_fits)


def ranges(count: int, offset: timedelta = timedelta()) -> Iterable[tuple[str, str | None]]:
    """Return adjacent ranges from 2000 to 2025; the last one is open."""
    step = timedelta(days=25 * 365) / max(count, 1)
    # Whole seconds, like those in file names.
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
        stock_import = Timed("stock", _STOCK, bundle, stock, transfer)
        first.command.prepare = lambda: renew(empty, repo)
        stock_import.command.prepare = lambda: renew(empty, stock)
        for _ in range(rounds):
            for timed in (first, again, stock_import):
                timed.run()
        row = Row(
            count, transfer, stock_import.work, first.work, again.work, stock_import.whole, first.whole, again.whole,
            first.command.megabytes, again.command.megabytes, stock_import.command.megabytes,
        )  # fmt: skip
        print(f"{row}: targets {'' if row.met else 'NOT '}met", file=sys.stderr)
        rows.append(row)
        remove(repo)
        remove(stock)
    return rows


class Timed:
    """A command that also records the time of its work, without the start of Python and Butler."""

    def __init__(self, name: str, code: str, bundle: Path, repo: Path, transfer: str) -> None:
        options = ["first"] if name == "first" else []
        self.note = bundle.parent / f"{name}.time"
        self.command = Command(
            name,
            [PYTHON, "-W", "ignore", "-c", code, str(self.note), str(bundle), str(repo), transfer, *options],
        )
        self.seconds: list[float] = []

    def run(self) -> None:
        """Run it once."""
        self.command.run()
        self.seconds.append(float(self.note.read_text()))

    @property
    def work(self) -> float:
        """Median time of the work in seconds."""
        return statistics.median(self.seconds)

    @property
    def whole(self) -> float:
        """Median time of the process in seconds."""
        return self.command.median


def renew(empty: Path, repo: Path) -> None:
    """Replace a repository by an empty one."""
    remove(repo)
    shutil.copytree(empty, repo)


def table(rows: list[Row]) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Speed of imports with the number of datasets",
        "",
        "`curated import` and stock `butler import` of the same bundle into an empty repository, in alternating turns, medians of wall time. The second",
        f"run of curated finds everything there. Four types of {DETECTORS} detectors have common epochs, one dataset in a hundred has a range of its own.",
        f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} processors, files in memory (tmpfs). Made by `make bench`. Times of the work, without the start of Python",
        f"and the import of Butler. Targets: at least {MIN_RATIO:g} times faster than stock, a second run at least {MIN_RATIO_AGAIN:g} times faster than the first, below {MAX_MB} MB.",
        "",
        "| datasets | transfer | stock (s) | curated (s) | faster | second run (s) | faster than first | curated (MB) | stock (MB) | met |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.datasets:,} | {r.transfer} | {r.stock:.1f} | {r.first:.1f} | {r.stock / r.first:.2f} | {r.again:.2f} | {r.first / r.again:.1f} "
        f"| {max(r.first_mb, r.again_mb):.0f} | {r.stock_mb:.0f} | {'yes' if r.met else 'no'} |"
        for r in rows
    ]
    lines += [
        "",
        "The complete commands, including the start of Python and the import of Butler, which takes two seconds or more:",
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
        "The machine is shared: times on one line are comparable, those on different lines may not be. If the SQLite database has not changed since the",
        "first run, the second run verifies the bundle and looks at the repository's files, and does not start Butler.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
