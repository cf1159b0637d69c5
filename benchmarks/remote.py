"""Imports into an object store: parallel uploads, compared with stock Butler's uploads of one file after another.

The store runs on this machine and keeps everything in memory; the registry is an SQLite file. Both import the same bundle in
alternating turns, each time into a new repository. `--delay` delays every response of the store by a number of
milliseconds, like a store at a distance.

    python benchmarks/remote.py [--files N] [--rounds N] [--delay MS] [--json FILE] [--markdown FILE]
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measure import PYTHON, Command, option_parser, report

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.remote import write_seed  # noqa: E402
from support.repositories import BundleMaker  # noqa: E402
from support.servers import object_store  # noqa: E402

EPOCHS = 10

# What a site would do without curated. The creation of the repository is timed in both cases.
STOCK = """
import sys
from lsst.daf.butler import Butler, CollectionType, Config
repo, bundle, seed, formatters = sys.argv[1:]
config = Config(formatters)
config.update(Config(seed))
Butler.makeRepo(repo, config=config, forceConfigRoot=False)
butler = Butler.from_config(repo, writeable=True)
butler.import_(directory=bundle, filename=f"{bundle}/export.yaml", transfer="copy")
butler.collections.register("Lab/calib", CollectionType.CHAINED)
butler.collections.prepend_chain("Lab/calib", "Lab/calib/v1")
"""


@dataclass(frozen=True)
class Row:
    """Results for one delay of the store: medians of wall times in seconds."""

    delay_ms: int
    curated: float
    stock: float
    again: float

    @property
    def ratio(self) -> float:
        """Factor by which curated is faster."""
        return self.stock / self.curated


def main() -> None:
    """Measure everything and print the table."""
    parser = option_parser(__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=int, nargs="+", default=[0, 20])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        bundle = make_bundle(Path(directory) / "bundle", options.files)
        rows = [measure(Path(directory), bundle, delay, options.rounds) for delay in options.delay]
    text = table(rows, options.files, options.rounds)
    report(options, text, rows)


def make_bundle(root: Path, files: int) -> Path:
    """Write a bundle of defect lists, ten epochs of each detector."""
    detectors = -(-files // EPOCHS)
    maker = BundleMaker(detectors=detectors)
    for number in range(files):
        epoch, detector = divmod(number, detectors)
        end = f"{2011 + epoch}-01-01T00:00:00" if epoch + 1 < EPOCHS else None
        maker.add("defects", f"{2010 + epoch}-01-01T00:00:00", end, detector=detector, seed=epoch)
    return maker.write(root)


def measure(directory: Path, bundle: Path, delay: int, rounds: int) -> Row:
    """Import with both in alternating turns."""
    with object_store(delay / 1000) as store:
        os.environ |= store.environment
        bucket = store.bucket()
        curated_import = [PYTHON, "-W", "ignore", "-m", "curated", "-q", "import", str(bundle)]
        curated, again, stock = Command("curated", []), Command("again", []), Command("stock", [])
        for turn in range(rounds):
            name = f"{delay}-{turn}"
            seeds = [
                write_seed(directory / f"{who}-{name}.yaml", f"sqlite:///{directory}/{who}-{name}.sqlite3")
                for who in ("curated", "stock")
            ]
            curated_repo, stock_repo = (f"s3://{bucket}/{who}-{name}" for who in ("curated", "stock"))
            curated.arguments = [*curated_import, curated_repo, "--seed-config", str(seeds[0])]
            again.arguments = [*curated_import, curated_repo]
            formatters = str(bundle / "butler-seed.yaml")
            stock.arguments = [
                PYTHON,
                "-W",
                "ignore",
                "-c",
                STOCK,
                stock_repo,
                str(bundle),
                str(seeds[1]),
                formatters,
            ]
            for command in (curated, stock, again):
                command.run()
        return Row(delay, curated.median, stock.median, again.median)


def table(rows: list[Row], files: int, rounds: int) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Speed of importing into an object store",
        "",
        f"`benchmarks/remote.py` on {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}: "
        f"{files} files into a store on the same machine, {'one round' if rounds == 1 else f'medians of {rounds} rounds'},",
        "in alternating turns, in seconds, including the start of the program and the creation of the repository. The delay is added to every",
        "response of the store, to simulate distance. The store and the importer share the cores.",
        "",
        "| delay | `curated import` | stock Butler, `copy` | ratio | `curated import` again, nothing to do |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.delay_ms} ms | {row.curated:.1f} | {row.stock:.1f} | {row.ratio:.1f} | {row.again:.1f} |"
        for row in rows
    ]
    lines += [
        "",
        "The first row is limited by the store, which is a single Python process and serves parallel requests no faster.",
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
