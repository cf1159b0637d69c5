"""Cost of a release that builds on an earlier one, for growing packages and changes.

Files are in memory if possible; TMPDIR names another directory.

    python benchmarks/delta.py [--files N ...] [--changed N ...] [--json FILE] [--markdown FILE]

The packages are those of scale.py, in git repositories. The cache of the check contains the files of the first release, as it would in daily
work. The first release is imported, and then the second one: completely into one copy of that repository, and as a delta into another.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measure import PYTHON, Command, option_parser, report, scratch
from scale import EPOCHS, make_package

SIZES = (2_000, 10_000)
CHANGES = (1, 100)


@dataclass(frozen=True)
class Row:
    """Results for one package and change: wall times in seconds, and sizes in MB."""

    files: int
    changed: int
    payloads: int
    bundle_full: float
    bundle_delta: float
    import_full: float
    import_delta: float
    size_full: float
    size_delta: float


def main() -> None:
    """Measure everything and print the table."""
    parser = option_parser(__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=SIZES)
    parser.add_argument("--changed", type=int, nargs="+", default=CHANGES)
    options = parser.parse_args()
    rows = []
    for count in options.files:
        with tempfile.TemporaryDirectory(prefix="curated-delta-", dir=scratch()) as temporary:
            rows += measure(Path(temporary), count, options.changed)
            print(f"{count} files done", file=sys.stderr)
    text = table(rows)
    report(options, text, rows)


def commit(package: Path) -> None:
    """Commit all files of a package."""
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "-m", "x")):
        subprocess.run(["git", *arguments], cwd=package, check=True)


def change(package: Path, number: int) -> None:
    """Add a line to a number of files, each of another detector."""
    for detector in range(number):
        file = (
            package
            / "calibs"
            / "cam"
            / "defects"
            / f"d{detector:05d}"
            / f"{2000 + EPOCHS // 2}0101T000000.ecsv"
        )
        file.write_text(f"{file.read_text(encoding='utf-8')}1 1 1 1\n", encoding="utf-8")


def megabytes(bundle: Path) -> float:
    """Return the size of all files of a bundle in MB."""
    return sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) / 1e6


def measure(temporary: Path, count: int, changes: list[int]) -> list[Row]:
    """Measure the releases of a package with a number of files."""
    os.environ["XDG_CACHE_HOME"] = str(temporary / "cache")
    package = temporary / "package"
    make_package(package, count)
    commit(package)
    curated = [PYTHON, "-m", "curated", "-q", "-C", str(package)]
    base, repo = temporary / "base", temporary / "repo"
    Command("check", [*curated, "check"]).run()
    Command("bundle", [*curated, "bundle", str(base), "--label", "v1"]).run()
    Command("import", [*curated, "import", str(base), str(repo)]).run()
    return [measure_change(temporary / f"changed-{n}", curated, package, base, repo, n) for n in changes]


def measure_change(
    place: Path, curated: list[str], package: Path, base: Path, repo: Path, number: int
) -> Row:
    """Measure a second release, complete and built on the first."""
    place.mkdir()
    change(package, number)
    commit(package)
    times: dict[str, float] = {}
    for kind, options in (("full", []), ("delta", ["--base", str(base)])):
        bundle, target = place / kind, place / f"{kind}-repo"
        shutil.copytree(repo, target)
        commands = {
            "bundle": [*curated, "bundle", str(bundle), "--label", f"v2-{number}", *options],
            "import": [*curated, "import", str(bundle), str(target)],
        }
        for name, arguments in commands.items():
            command = Command(name, arguments)
            command.run()
            times[f"{name}_{kind}"] = command.median
    manifest = json.loads((place / "delta" / "manifest.json").read_bytes())
    row = Row(
        files=len(manifest["datasets"]),
        changed=number,
        payloads=sum(d["path"] is not None for d in manifest["datasets"]),
        size_full=megabytes(place / "full"),
        size_delta=megabytes(place / "delta"),
        **times,
    )
    shutil.rmtree(place)
    return row


def table(rows: list[Row]) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Releases that build on an earlier one",
        "",
        "`curated bundle --base` and the import of its result, compared with the complete release of the same commit. Packages of small defect lists,",
        f"single runs, wall time in seconds; Python {platform.python_version()}, {len(os.sched_getaffinity(0))} processors. Made by `make bench`. Files were in memory (tmpfs).",
        "",
        "| files | changed | files in the bundle | MB, complete | MB, built on v1 | bundle, complete | bundle, built on v1 | import, complete | import, built on v1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.files:,} | {r.changed} | {r.payloads} | {r.size_full:.1f} | {r.size_delta:.1f} | {r.bundle_full:.1f} | {r.bundle_delta:.1f} | "
        f"{r.import_full:.1f} | {r.import_delta:.1f} |"
        for r in rows
    ]
    lines += [
        "",
        "The remaining work for an unchanged file: its last change is looked up in git, it is read and checked, without the cache of `curated check`, and listed",
        "in the manifest, and its dataset is verified in the repository and certified in the new collection, which is complete.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
