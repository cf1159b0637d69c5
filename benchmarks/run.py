"""Time and memory of the commands, compared with a baseline in alternating turns on the same files.

Files are in memory if possible; TMPDIR names another directory.

    python benchmarks/run.py [--package DIR] [--rounds N] [--json FILE] [--markdown FILE]

The package is a directory of calibrations, which is copied into a separate git repository. The default is obs_lsst_data in
the directory that CURATED_CORPUS names, or else calibs in this repository.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measure import HERE, PYTHON, Command, option_parser, remove, report, scratch

MEMORY_LIMIT = 500


@dataclass(frozen=True)
class Row:
    """One line of the result."""

    what: str
    curated: float
    baseline: float | None
    ratio: float
    target: str
    met: bool


def main() -> None:
    """Measure everything and print the table."""
    parser = option_parser(__doc__)
    parser.add_argument("--package", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    source = options.package or default_package()
    with tempfile.TemporaryDirectory(prefix="curated-bench-", dir=scratch()) as temporary:
        bench = Bench(source, Path(temporary), options.rounds)
        rows = bench.measure()
        memory = {c.name: round(c.megabytes) for c in bench.commands if "curated" in c.name}
    text = table(rows, memory, bench.files, options.rounds)
    data = {"rows": rows, "memory_mb": memory, "files": bench.files, "rounds": options.rounds}
    report(options, text, data)


def default_package() -> Path:
    """Return the package of the corpus if there is one, else the demonstration."""
    corpus = os.environ.get("CURATED_CORPUS")
    return Path(corpus) / "obs_lsst_data" if corpus else HERE.parent / "calibs"


class Bench:
    """The timed commands on one package."""

    def __init__(self, source: Path, temporary: Path, rounds: int) -> None:
        self.temporary, self.rounds = temporary, rounds
        self.package = temporary / "package"
        shutil.copytree(source, self.package)
        for path in (self.package, *self.package.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
        for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "calibrations"]):
            identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
            subprocess.run(["git", "-C", str(self.package), *identity, *arguments], check=True)
        self.files = sum(p.suffix in (".ecsv", ".yaml") for p in self.package.rglob("*"))
        self.commands: list[Command] = []
        os.environ["XDG_CACHE_HOME"] = str(temporary / "cache")

    def command(self, name: str, *arguments: str, clean: Path | None = None) -> Command:
        """Declare a command; ``clean`` is removed before each run."""
        command = Command(name, list(arguments), lambda: remove(clean) if clean else None)
        self.commands.append(command)
        return command

    def curated(self, name: str, *arguments: str, clean: Path | None = None) -> Command:
        """Declare a ``curated`` command."""
        return self.command(
            f"curated {name}", PYTHON, "-m", "curated", "-q", "-C", str(self.package), *arguments, clean=clean
        )

    def turns(self, *commands: Command) -> None:
        """Run the commands in alternating turns, so that all run under the same conditions."""
        for _ in range(self.rounds):
            for command in commands:
                command.run()

    def measure(self) -> list[Row]:
        """Run everything."""
        return [*self._convert_and_check(), *self._start(), *self._import()]

    def _convert_and_check(self) -> list[Row]:
        out, base = self.temporary / "fits", self.temporary / "base"
        script = str(HERE / "baseline.py")
        whole = self.command(
            "baseline: read and write", PYTHON, script, str(self.package), str(base), clean=base
        )
        reading = self.command("baseline: read", PYTHON, script, str(self.package))
        one_job = self.curated("convert, 1 job", "convert", "-o", str(out), "-j", "1", clean=out)
        two_jobs = self.curated("convert, 2 jobs", "convert", "-o", str(out), "-j", "2", clean=out)
        cold = self.curated("check, cold, 1 job", "check", "--no-cache", "-j", "1")
        warm = self.curated("check, warm", "check")
        warm.run()
        warm.seconds.clear()
        self.turns(whole, one_job, two_jobs, reading, cold, warm)
        return [
            faster("convert, cold, 1 job, against reading and writing with astropy", one_job, whole, 8),
            faster("convert, cold, 2 jobs, against the same", two_jobs, whole, 12),
            faster("check, cold, 1 job, against reading with astropy", cold, reading, 8),
            Row("check, warm, all files unchanged", warm.median, None, 0, "below 1 s", warm.median < 1),
        ]

    def _start(self) -> list[Row]:
        small = next(p for p in sorted(self.package.rglob("*.ecsv")) if p.stat().st_size < 4000)
        bare = self.command("python -c pass", PYTHON, "-c", "pass")
        usage = self.command("curated --help", PYTHON, "-m", "curated", "--help")
        alone = self.temporary / "alone" / small.relative_to(self.package)
        alone.parent.mkdir(parents=True)
        shutil.copy(small, alone)
        root = self.temporary / "alone"
        check = self.command(
            "curated check of one file",
            PYTHON,
            "-m",
            "curated",
            "-C",
            str(root),
            "check",
            "--no-cache",
            str(alone),
        )
        for _ in range(3):
            self.turns(bare, usage, check)
        return [
            later("--help, after a bare python", usage, bare),
            later("check of one small file, after a bare python", check, bare),
        ]

    def _import(self) -> list[Row]:
        try:
            import lsst.daf.butler  # noqa: F401
        except ImportError:
            return []
        bundle, repo, stock = (self.temporary / name for name in ("bundle", "repo", "stock"))
        self.curated("bundle", "bundle", str(bundle)).run()
        butler = str(Path(PYTHON).parent / "butler")
        rows = []
        for transfer in ("copy", "hardlink", "direct"):
            curated = self.curated(
                f"import, {transfer}", "import", str(bundle), str(repo), "--transfer", transfer, clean=repo
            )
            line = (
                f"{butler} create {stock} --seed-config {bundle}/butler-seed.yaml && "
                f"{butler} import {stock} {bundle} --export-file {bundle}/export.yaml -t {transfer}"
            )
            stock_import = self.command(
                f"butler create, butler import, {transfer}", "sh", "-c", line, clean=stock
            )
            self.turns(curated, stock_import)
            rows.append(faster(f"import, {transfer}, against stock butler", curated, stock_import, 1))
        return rows


def faster(what: str, curated: Command, baseline: Command, factor: float) -> Row:
    """Return a row with the factor by which curated is faster: the median over pairs of runs."""
    ratio = statistics.median(b / o for o, b in zip(curated.seconds, baseline.seconds, strict=True))
    return Row(
        what, curated.median, baseline.median, ratio, f"at least {factor:g} times faster", ratio >= factor
    )


def later(what: str, curated: Command, baseline: Command) -> Row:
    """Return a row with the additional seconds of curated: the median over pairs of runs."""
    more = statistics.median(o - b for o, b in zip(curated.seconds, baseline.seconds, strict=True))
    return Row(what, curated.median, baseline.median, more, "below 0.35 s more", more < 0.35)


def table(rows: list[Row], memory: dict[str, int], files: int, rounds: int) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Speed and memory",
        "",
        f"{files} calibration files, medians of wall time over {rounds} rounds of alternating turns; Python {platform.python_version()}, "
        f"{len(os.sched_getaffinity(0))} processors. Made by `make bench`.",
        "",
        "| measurement | curated (s) | baseline (s) | ratio or difference | target | met |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        baseline = "" if row.baseline is None else f"{row.baseline:.2f}"
        ratio = f"{row.ratio:.2f}" if row.ratio else ""
        lines.append(
            f"| {row.what} | {row.curated:.2f} | {baseline} | {ratio} | {row.target} | {'yes' if row.met else 'no'} |"
        )
    lines += ["", f"| command | peak memory (MB), target below {MEMORY_LIMIT} |", "|---|---|"]
    lines += [f"| {name} | {megabytes} |" for name, megabytes in sorted(memory.items())]
    lines += [
        "",
        "The speed of each type is in [speed-by-type.md](speed-by-type.md), that of large images in [speed-images.md](speed-images.md).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
