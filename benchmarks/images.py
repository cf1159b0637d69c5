"""Images: `curated convert` compared with `cp` and `sha256sum` of the same file, in alternating turns.

    python benchmarks/images.py [--side N] [--rounds N] [--json FILE] [--markdown FILE]

The image is a square of 32-bit floating-point noise. "Work" is the time for one file in a running process: the check with the
hash of the image, and the copy with checksum and hash. "Command" is the time of a new process, start included.
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

MIN_SPEED, MAX_MEMORY = 0.6, 2.2
"""Targets: speed relative to cp and sha256sum, and memory relative to the size of the image."""

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
        result = measure(Path(temporary), options.side, options.rounds)
    text = table(result)
    report(options, text, result)


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
        # Row by row, to keep this process small: a new process is charged with the memory of the one that starts it.
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
    """Run everything in turns; return times in seconds, and memory relative to the size of the image."""
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
        # The second conversion of the process, since modules are imported during the first.
        work.append(float(done.stdout.split()[1]))
        subprocess.run(["rm", "-rf", str(target)], check=True)
    # The first round fills the caches.
    baseline = statistics.median(base.seconds[1:])
    work_time, command_time = statistics.median(work[1:]), statistics.median(whole.seconds[1:])
    size = image.stat().st_size
    memory = whole.megabytes * 2**20 / size
    return {
        "side": side,
        "bytes": size,
        "rounds": rounds,
        "machine": platform.machine(),
        "cp_sha256sum_seconds": baseline,
        "work_seconds": work_time,
        "command_seconds": command_time,
        "speed_of_work": baseline / work_time,
        "speed_of_command": baseline / command_time,
        "memory_of_command_megabytes": whole.megabytes,
        "memory_in_image_sizes": memory,
        "met": baseline / work_time >= MIN_SPEED and memory <= MAX_MEMORY,
    }


def table(result: dict) -> str:
    """Return the result as Markdown."""
    megabytes = result["bytes"] / 2**20
    return (
        "# Speed and memory of images\n\nMade by `make bench`.\n\n"
        f"One image of {result['side']} x {result['side']} pixels, {megabytes:.0f} MB; medians of "
        f"{result['rounds']} turns.\n\n"
        "| measurement | seconds | speed relative to `cp` and `sha256sum` | target |\n| --- | --- | --- | --- |\n"
        f"| `cp` and `sha256sum` | {result['cp_sha256sum_seconds']:.3f} | 1 | |\n"
        f"| check and convert, in a running process | {result['work_seconds']:.3f} | "
        f"{result['speed_of_work']:.2f} | at least {MIN_SPEED} |\n"
        f"| `curated convert`, start included | {result['command_seconds']:.3f} | "
        f"{result['speed_of_command']:.2f} | |\n\n"
        f"Peak memory of the command: {result['memory_of_command_megabytes']:.0f} MB, "
        f"{result['memory_in_image_sizes']:.2f} times the image (target at most {MAX_MEMORY}).\n"
    )


if __name__ == "__main__":
    main()
