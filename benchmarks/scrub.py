"""Flipped bytes in stored files and tampered rows of the registry, and whether a scrub finds them.

    python benchmarks/scrub.py [--flips N] [--rows N] [--datasets N] [--seed N] [--json FILE] [--markdown FILE]

One byte of each stored file is flipped, then the repository is scrubbed; each file must be named. Rows are changed one at a time.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from curated.butler import import_bundle, scrub_repository
from curated.core.diagnostic import CuratedError
from import_scale import make_bundle
from measure import option_parser, report, scratch
from support.tampering import DATABASE, flip_byte, stored_files, tamper


def main() -> None:
    """Damage, scrub and print the table."""
    parser = option_parser(__doc__)
    parser.add_argument("--flips", type=int, default=5000)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--datasets", type=int, default=250)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    random_source = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="curated-scrub-", dir=scratch()) as temporary:
        root = Path(temporary)
        repo = root / "repo"
        import_bundle(make_bundle(root / "bundle", options.datasets), str(repo))
        shutil.rmtree(root / "bundle")
        start = time.perf_counter()
        clean = scrub_repository(str(repo), jobs=1)
        seconds = time.perf_counter() - start
        assert not clean.diagnostics
        flips = count_flips(repo, options.flips, random_source)
        rows = count_rows(repo, options.rows, random_source)
    text = table(flips, rows, clean.bytes / 1e6, seconds, options.seed)
    report(options, text, [{"flips": dict(flips), "rows": dict(rows), "seconds": seconds}])
    sys.exit(1 if flips["unnoticed"] or rows["unnoticed"] else 0)


def count_flips(repo: Path, number: int, random_source: random.Random) -> Counter[str]:
    """Flip bytes, and count those that a scrub finds."""
    results: Counter[str] = Counter()
    originals = {path: path.read_bytes() for path in stored_files(repo)}
    while results.total() < number:
        places = {str(path): flip_byte(path, random_source) for path in originals}
        named = {finding.file for finding in scrub_repository(str(repo), jobs=1).diagnostics}
        for path, place in places.items():
            results["found" if path in named else "unnoticed"] += 1
            if path not in named:
                print(f"UNNOTICED: byte {place} of {path}", file=sys.stderr)
        for path, data in originals.items():
            path.write_bytes(data)
    return results


def count_rows(repo: Path, number: int, random_source: random.Random) -> Counter[str]:
    """Change rows, and count those that a scrub finds."""
    results: Counter[str] = Counter()
    original = (repo / DATABASE).read_bytes()
    for _ in range(number):
        tampering = tamper(repo, random_source)
        try:
            is_clean = scrub_repository(str(repo), jobs=1).ok
        except CuratedError:
            is_clean = False
        results["unnoticed" if is_clean else "found"] += 1
        if is_clean:
            print(f"UNNOTICED: {tampering}", file=sys.stderr)
        (repo / DATABASE).write_bytes(original)
    return results


def table(flips: Counter[str], rows: Counter[str], megabytes: float, seconds: float, seed: int) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Damage that a scrub finds",
        "",
        f"Random changes (seed {seed}) of a repository in which {megabytes:.1f} MB were imported; one scrub of it takes {seconds:.1f} s. Made by `benchmarks/scrub.py`.",
        "",
        "| change | tried | found |",
        "|---|---|---|",
        f"| a flipped byte of a stored file | {flips.total()} | {flips['found']} |",
        f"| a changed value or a deleted row of the registry | {rows.total()} | {rows['found']} |",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
