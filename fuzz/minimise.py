"""Select the few inputs of a fuzzer that together cover most of the program.

    python fuzz/minimise.py yaml tests/data/fuzz/yaml build/fuzz/yaml tests/data/fuzz/yaml

The arguments are the reader, the output directory, whose files are replaced, and the directories to select from. Inputs are
named by their hash, so that the same selection gives the same files.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from readers import READERS

MAX_INPUTS = 38
"""Largest number of inputs for a reader."""

MAX_BYTES = 60_000
"""Largest size of these inputs together."""

Step = tuple[str, int, int]
"""File, line, and the line executed before it in the same function."""


def main() -> None:
    """Select inputs, one after the other: each time the one that covers most new steps."""
    name, target, *sources = sys.argv[1:]
    inputs = {path.read_bytes() for source in sources for path in Path(source).iterdir() if path.is_file()}
    READERS[name](b"")  # code that runs only once belongs to no input
    steps = {data: steps_of(name, data) for data in sorted(inputs, key=lambda data: (len(data), data))}
    selection: list[bytes] = []
    covered: set[Step] = set()
    while len(selection) < MAX_INPUTS:
        free_bytes = MAX_BYTES - sum(map(len, selection))
        candidates = [data for data in steps if len(data) <= free_bytes]
        best = max(candidates, key=lambda data: len(steps[data] - covered), default=b"")
        if not candidates or not steps[best] - covered:
            break
        selection.append(best)
        covered |= steps[best]
    directory = Path(target)
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.iterdir():
        path.unlink()
    for data in selection:
        (directory / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    all_steps = set().union(*steps.values())
    print(
        f"{name}: {len(selection)} of {len(inputs)} inputs, {sum(map(len, selection))} bytes, {len(covered)} of {len(all_steps)} steps"
    )


def steps_of(name: str, data: bytes) -> set[Step]:
    """Return the steps that the program makes for an input."""
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
