"""Images: `curated convert` against `cp` and `sha256sum` of the same file, turn by turn, in the same run.

    python benchmarks/images.py [--side N] [--rounds N] [--json FILE] [--markdown FILE]

The image is square, of 32-bit floating-point noise. "Work" is what one file costs in a process that runs already: its
check with the hash of the image, and the copy with sums and hash; "command" is a process of its own, start-up included.
"""

from __future__ import annotations

import hashlib
import itertools
import platform
import statistics
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from measure import PYTHON, Command, option_parser, report

SPEED, MEMORY = 0.6, 2.2
"""Least speed, with that of cp and sha256sum as one, and most memory, in sizes of the image."""

_STEM = "calibs/lab/bias/d00/20240101T000000"
_WORK = """
import sys, time
from pathlib import Path
from curated.convert import convert_package
from curated.convert.origin import find_origin
from curated.package.package import open_package
package = open_package(sys.argv[1])
origin = find_origin(package)
for turn in range(2):
    start = time.perf_counter()
    convert_package(package, origin, Path(sys.argv[2]) / str(turn), jobs=1)
    print(time.perf_counter() - start)
"""


def main() -> None:
    """Measure, print and write the table."""
    parser = option_parser(__doc__)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="curated-bench-") as temporary:
        found = measure(Path(temporary), options.side, options.rounds)
    text = table(found)
    report(options, text, found)


def make_package(root: Path, side: int) -> Path:
    """Write and commit a package of one image; return the image."""
    image = root / f"{_STEM}.fits"
    image.parent.mkdir(parents=True)
    cards = [
        "SIMPLE  =                    T",
        "BITPIX  =                  -32",
        "NAXIS   =                    2",
    ]
    cards += [f"NAXIS{axis}  = {side:20d}" for axis in (1, 2)] + ["BUNIT   = 'adu     '", "END"]
    header = "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    random, digest = np.random.default_rng(1), hashlib.sha256()
    with image.open("wb") as stream:
        # Row by row: a process begins with the memory of the one that starts it, as the system counts.
        rows = (random.normal(1000, 10, side).astype(">f4").tobytes() for _ in range(side))
        for part in itertools.chain([header], rows, [bytes(-4 * side * side % 2880)]):
            stream.write(part)
            digest.update(part)
    sha256 = digest.hexdigest()
    (root / f"{_STEM}.yaml").write_text(
        "metadata: {OBSTYPE: bias, INSTRUME: lab, DETECTOR: 0, CALIBDATE: '2024-01-01T00:00:00'}\n"
        f"image: {{file: {image.name}, sha256: {sha256}, size: {image.stat().st_size}}}\n"
    )
    (root / "curated.yaml").write_text("")
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "calibrations"]):
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
        subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True)
    return image


def measure(temporary: Path, side: int, rounds: int) -> dict:
    """Run everything in turns; return times in seconds and memory in sizes of the image."""
    image = make_package(temporary / "package", side)
    copy = temporary / "copy.fits"
    base = Command("cp, sha256sum", ["sh", "-c", f"cp {image} {copy} && sha256sum {copy}"])
    out = temporary / "out"
    whole = Command(
        "command",
        [PYTHON, "-m", "curated", "-C", str(temporary / "package"), "convert", "-o", str(out), "--jobs", "1"],
        lambda: subprocess.run(["rm", "-rf", str(out)], check=True) and None,
    )
    work: list[float] = []
    for turn in range(rounds + 1):
        base.run()
        whole.run()
        target = temporary / f"work-{turn}"
        done = subprocess.run(
            [PYTHON, "-c", _WORK, str(temporary / "package"), str(target)],
            capture_output=True,
            text=True,
            check=True,
        )
        # The second conversion of a process: the first one imports what it needs.
        work.append(float(done.stdout.split()[1]))
        subprocess.run(["rm", "-rf", str(target)], check=True)
    # The first round warms the caches.
    baseline = statistics.median(base.seconds[1:])
    ours, command = statistics.median(work[1:]), statistics.median(whole.seconds[1:])
    size = image.stat().st_size
    memory = whole.megabytes * 2**20 / size
    return {
        "side": side,
        "bytes": size,
        "rounds": rounds,
        "machine": platform.machine(),
        "cp_sha256sum_seconds": baseline,
        "work_seconds": ours,
        "command_seconds": command,
        "speed_of_work": baseline / ours,
        "speed_of_command": baseline / command,
        "memory_of_command_megabytes": whole.megabytes,
        "memory_in_image_sizes": memory,
        "met": baseline / ours >= SPEED and memory <= MEMORY,
    }


def table(found: dict) -> str:
    """Return the result as Markdown."""
    megabytes = found["bytes"] / 2**20
    return (
        "# Speed and memory of images\n\nMade by `make bench`.\n\n"
        f"One image of {found['side']} x {found['side']} pixels, {megabytes:.0f} MB; medians of "
        f"{found['rounds']} turns.\n\n"
        "| what | seconds | speed, `cp` and `sha256sum` being 1 | wanted |\n| --- | --- | --- | --- |\n"
        f"| `cp` and `sha256sum` | {found['cp_sha256sum_seconds']:.3f} | 1 | |\n"
        f"| check and convert, in a process that runs | {found['work_seconds']:.3f} | "
        f"{found['speed_of_work']:.2f} | at least {SPEED} |\n"
        f"| `curated convert`, start-up included | {found['command_seconds']:.3f} | "
        f"{found['speed_of_command']:.2f} | |\n\n"
        f"Most memory of the command: {found['memory_of_command_megabytes']:.0f} MB, "
        f"{found['memory_in_image_sizes']:.2f} times the image (at most {MEMORY}).\n"
    )


if __name__ == "__main__":
    main()
