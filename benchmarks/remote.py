"""Importing into an object store: files uploaded many at a time, against stock Butler's one after another.

The store is on this machine and keeps everything in its memory, the registry is an SQLite file; both ways import the
same bundle, turn by turn, each time into a new repository. A store that is further away gains more: `--delay` makes
every answer late by so many milliseconds.

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

# What a site does without curated; creating the repository is timed in both.
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
    """What was measured at one distance of the store: medians of wall times."""

    delay_ms: int
    curated: float
    stock: float
    again: float

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
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
    """A bundle of defect lists, ten epochs of each detector."""
    detectors = -(-files // EPOCHS)
    maker = BundleMaker(detectors=detectors)
    for number in range(files):
        epoch, detector = divmod(number, detectors)
        end = f"{2011 + epoch}-01-01T00:00:00" if epoch + 1 < EPOCHS else None
        maker.add("defects", f"{2010 + epoch}-01-01T00:00:00", end, detector=detector, seed=epoch)
    return maker.write(root)


def measure(directory: Path, bundle: Path, delay: int, rounds: int) -> Row:
    """Import with both, turn by turn."""
    with object_store(delay / 1000) as store:
        os.environ |= store.environment
        bucket = store.bucket()
        ours = [PYTHON, "-W", "ignore", "-m", "curated", "-q", "import", str(bundle)]
        curated, again, stock = Command("curated", []), Command("again", []), Command("stock", [])
        for turn in range(rounds):
            name = f"{delay}-{turn}"
            seeds = [
                write_seed(directory / f"{who}-{name}.yaml", f"sqlite:///{directory}/{who}-{name}.sqlite3")
                for who in ("curated", "stock")
            ]
            mine, theirs = (f"s3://{bucket}/{who}-{name}" for who in ("curated", "stock"))
            curated.arguments = [*ours, mine, "--seed-config", str(seeds[0])]
            again.arguments = [*ours, mine]
            formatters = str(bundle / "butler-seed.yaml")
            stock.arguments = [
                PYTHON,
                "-W",
                "ignore",
                "-c",
                STOCK,
                theirs,
                str(bundle),
                str(seeds[1]),
                formatters,
            ]
            for command in (curated, stock, again):
                command.run()
        return Row(delay, curated.median, stock.median, again.median)


def table(rows: list[Row], files: int, rounds: int) -> str:
    """The result as Markdown."""
    lines = [
        "# Speed of importing into an object store",
        "",
        f"`benchmarks/remote.py` on {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}: "
        f"{files} files into a store on the same machine, {'one round' if rounds == 1 else f'medians of {rounds} rounds'},",
        "turn by turn, in seconds, with the start of the program and the making of the repository. Delayed, every answer of the",
        "store is late by that much, as one at a distance is. The store and the importer share the cores.",
        "",
        "| answers late by | `curated import` | stock Butler, `copy` | ratio | `curated import` again, nothing to do |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.delay_ms} ms | {row.curated:.1f} | {row.stock:.1f} | {row.ratio:.1f} | {row.again:.1f} |"
        for row in rows
    ]
    lines += [
        "",
        "The store is one Python process, which is what limits the first row: it answers no faster, however many ask.",
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
