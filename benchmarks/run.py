"""Time and memory as ratios: ours against a baseline, turn by turn, on the same files in the same run.

Files are in memory where possible; TMPDIR names another place.

    python benchmarks/run.py [--package DIR] [--rounds N] [--json FILE] [--markdown FILE]

The package is a directory of calibrations, copied into a repository of its own; without one, the package named
by CURATED_CORPUS (its obs_lsst_data), else this repository's calibs.
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
    ours: float
    baseline: float | None
    ratio: float
    wanted: str
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
    """Return the corpus where there is one, else our own calibrations."""
    corpus = os.environ.get("CURATED_CORPUS")
    return Path(corpus) / "obs_lsst_data" if corpus else HERE.parent / "calibs"


class Bench:
    """The commands, on one package."""

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
        made = Command(name, list(arguments), lambda: remove(clean) if clean else None)
        self.commands.append(made)
        return made

    def curated(self, name: str, *arguments: str, clean: Path | None = None) -> Command:
        """Declare a command of ours."""
        return self.command(
            f"curated {name}", PYTHON, "-m", "curated", "-q", "-C", str(self.package), *arguments, clean=clean
        )

    def turns(self, *commands: Command) -> None:
        """Run the commands in turn, so that all see the same machine."""
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
        one = self.curated("convert, 1 job", "convert", "-o", str(out), "-j", "1", clean=out)
        two = self.curated("convert, 2 jobs", "convert", "-o", str(out), "-j", "2", clean=out)
        cold = self.curated("check, cold, 1 job", "check", "--no-cache", "-j", "1")
        warm = self.curated("check, warm", "check")
        warm.run()
        warm.seconds.clear()
        self.turns(whole, one, two, reading, cold, warm)
        return [
            faster("convert, cold, 1 job, against reading and writing with astropy", one, whole, 8),
            faster("convert, cold, 2 jobs, against the same", two, whole, 12),
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
            ours = self.curated(
                f"import, {transfer}", "import", str(bundle), str(repo), "--transfer", transfer, clean=repo
            )
            line = (
                f"{butler} create {stock} --seed-config {bundle}/butler-seed.yaml && "
                f"{butler} import {stock} {bundle} --export-file {bundle}/export.yaml -t {transfer}"
            )
            theirs = self.command(f"butler create, butler import, {transfer}", "sh", "-c", line, clean=stock)
            self.turns(ours, theirs)
            rows.append(faster(f"import, {transfer}, against stock butler", ours, theirs, 1))
        return rows


def faster(what: str, ours: Command, baseline: Command, factor: float) -> Row:
    """Compare as how many times faster, pair by pair."""
    ratio = statistics.median(b / o for o, b in zip(ours.seconds, baseline.seconds, strict=True))
    return Row(
        what, ours.median, baseline.median, ratio, f"at least {factor:g} times faster", ratio >= factor
    )


def later(what: str, ours: Command, baseline: Command) -> Row:
    """Compare as how many seconds more."""
    more = statistics.median(o - b for o, b in zip(ours.seconds, baseline.seconds, strict=True))
    return Row(what, ours.median, baseline.median, more, "below 0.35 s more", more < 0.35)


def table(rows: list[Row], memory: dict[str, int], files: int, rounds: int) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Speed and memory",
        "",
        f"{files} calibration files, {rounds} rounds in turn, medians of wall time; Python {platform.python_version()}, "
        f"{len(os.sched_getaffinity(0))} processors. Made by `make bench`.",
        "",
        "| what | ours (s) | baseline (s) | ratio or difference | wanted | met |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        baseline = "" if row.baseline is None else f"{row.baseline:.2f}"
        ratio = f"{row.ratio:.2f}" if row.ratio else ""
        lines.append(
            f"| {row.what} | {row.ours:.2f} | {baseline} | {ratio} | {row.wanted} | {'yes' if row.met else 'no'} |"
        )
    lines += ["", f"| command | peak memory (MB), wanted below {MEMORY_LIMIT} |", "|---|---|"]
    lines += [f"| {name} | {megabytes} |" for name, megabytes in sorted(memory.items())]
    lines += [
        "",
        "Each type by itself: [speed-by-type.md](speed-by-type.md). Large images: [speed-images.md](speed-images.md).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
