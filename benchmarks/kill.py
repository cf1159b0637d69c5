"""Imports killed (SIGKILL) at random moments, run again, and compared with one undisturbed import.

    python benchmarks/kill.py [--moments N] [--seed N] [--datasets N] [--json FILE] [--markdown FILE]

The real command is killed, in a separate process. The moments are spread over the work of an undisturbed import, without the imports
of modules before it.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from import_scale import make_bundle
from measure import option_parser, report, scratch
from support.kills import Kill, duration, kill_once, moments, state_of

TRANSFERS = ("copy", "hardlink", "direct")
STAGES = ("before", "creating", "created", "transaction", "stored", "done")


def main() -> None:
    """Kill, compare and print the table."""
    parser = option_parser(__doc__)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--datasets", type=int, default=400)
    parser.add_argument("--transfer", nargs="+", choices=TRANSFERS, default=TRANSFERS)
    options = parser.parse_args()
    kills: list[Kill] = []
    with tempfile.TemporaryDirectory(prefix="curated-kill-", dir=scratch()) as temporary:
        root = Path(temporary)
        bundle = make_bundle(root / "bundle", options.datasets)
        for transfer in options.transfer:
            clean = root / transfer / "clean"
            duration(bundle, clean, transfer)
            # The first import of all is slow, since nothing is in memory yet.
            seconds = duration(bundle, root / transfer / "timed", transfer)
            clean_state = state_of(clean)
            for moment in moments(options.seed, options.moments, seconds):
                kills.append(kill_once(bundle, root / transfer / "killed", transfer, moment, clean_state))
                if not kills[-1].equal:
                    print(f"NOT EQUAL: {kills[-1]}", file=sys.stderr)
            print(f"{transfer}: {options.moments} moments in {seconds:.1f} s", file=sys.stderr)
    text = table(kills, options.seed, options.datasets)
    report(options, text, kills)
    sys.exit(0 if all(kill.equal for kill in kills) else 1)


def table(kills: list[Kill], seed: int, datasets: int) -> str:
    """Return the result as Markdown."""
    lines = [
        "# Imports that are killed",
        "",
        f"`curated import` of a bundle of {datasets} datasets into a new repository, killed with SIGKILL at random moments (seed {seed}) spread over the",
        "duration of an undisturbed import, then run again with `--clean`. Equal means: dataset UUIDs, runs, certifications to the nanosecond,",
        "dimension records, collections, chain and hashes of files are those of an undisturbed import; every dataset has its file, and every record of a",
        "file its dataset; no other files are left; and another import changes nothing. Made by `make bench-kill`.",
        "",
        "| transfer | killed | equal | with files left | files removed by `--clean` |",
        "|---|---|---|---|---|",
    ]
    for transfer in dict.fromkeys(kill.transfer for kill in kills):
        of = [kill for kill in kills if kill.transfer == transfer]
        left, cleaned = sum(kill.leftovers > 0 for kill in of), sum(kill.removed for kill in of)
        lines.append(
            f"| {transfer} | {sum(kill.killed for kill in of)} of {len(of)} | {sum(kill.equal for kill in of)} of {len(of)} | {left} | {cleaned} |"
        )
    lines += [
        "",
        "Progress of the import when it was killed: before the repository was created; while it was being created in a temporary place; created, with",
        "nothing stored; files placed and transaction open; stored, with the chain not yet changed; done.",
        "",
        f"| transfer | {' | '.join(STAGES)} |",
        "|---|" + "---|" * len(STAGES),
    ]
    for transfer in dict.fromkeys(kill.transfer for kill in kills):
        counts = Counter(kill.stage for kill in kills if kill.transfer == transfer)
        lines.append(f"| {transfer} | {' | '.join(str(counts[stage]) for stage in STAGES)} |")
    lines += [
        "",
        "The next import of the same bundle uses the files that a killed one placed, so that little is left to remove.",
        "Other commands, and other ways to stop them, are in [interruptions.md](interruptions.md).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
