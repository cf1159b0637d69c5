"""Keep the few inputs of a fuzzer that together run the most of the program.

    python fuzz/minimise.py yaml tests/data/fuzz/yaml build/fuzz/yaml tests/data/fuzz/yaml

The arguments are the reader, where to write, and the directories to choose from. What is there is replaced. An input is
named by its hash, so that the same choice gives the same files.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from readers import READERS

MOST = 38
"""Most inputs that are kept of a reader."""

BYTES = 60_000
"""Most bytes of them."""

Step = tuple[str, int, int]
"""A step from line to line."""


def main() -> None:
    """Choose inputs."""
    name, target, *sources = sys.argv[1:]
    inputs = {path.read_bytes() for source in sources for path in Path(source).iterdir() if path.is_file()}
    READERS[name](b"")  # what runs once, at the first input, belongs to none
    steps = {data: steps_of(name, data) for data in sorted(inputs, key=lambda data: (len(data), data))}
    chosen: list[bytes] = []
    seen: set[Step] = set()
    while len(chosen) < MOST:
        room = BYTES - sum(map(len, chosen))
        fitting = [data for data in steps if len(data) <= room]
        best = max(fitting, key=lambda data: len(steps[data] - seen), default=b"")
        if not fitting or not steps[best] - seen:
            break
        chosen.append(best)
        seen |= steps[best]
    directory = Path(target)
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.iterdir():
        path.unlink()
    for data in chosen:
        (directory / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    everything = set().union(*steps.values())
    print(
        f"{name}: {len(chosen)} of {len(inputs)} inputs, {sum(map(len, chosen))} bytes, {len(seen)} of {len(everything)} steps"
    )


def steps_of(name: str, data: bytes) -> set[Step]:
    """Return the steps from line to line of the program that an input makes."""
    steps: set[Step] = set()
    last: dict[int, int] = {}

    def follow(frame: FrameType, _event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if "/curated/" not in file:
            return None
        steps.add((file, last.get(id(frame.f_code), 0), frame.f_lineno))
        last[id(frame.f_code)] = frame.f_lineno
        return follow

    sys.settrace(follow)
    try:
        READERS[name](data)
    finally:
        sys.settrace(None)
    return steps


if __name__ == "__main__":
    main()
