"""Shared by all benchmarks: timed commands, the directory for their files, and the output of results."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PYTHON = sys.executable


@dataclass
class Command:
    """A command that is timed, and what to do before each run.

    Linux counts the memory that a process had when it was forked as its own, so a benchmark itself has to be small.
    """

    name: str
    arguments: list[str]
    prepare: Callable[[], None] = lambda: None
    seconds: list[float] = field(default_factory=list)
    megabytes: float = 0.0

    def run(self) -> None:
        """Run the command once, in a separate process."""
        self.prepare()
        start = time.perf_counter()
        process = subprocess.Popen(self.arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        error = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        self.seconds.append(time.perf_counter() - start)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.megabytes = max(self.megabytes, usage.ru_maxrss / 1024)
        if process.returncode != 0:
            sys.exit(f"{self.name} failed: {error.decode(errors='replace')[-2000:]}")

    @property
    def median(self) -> float:
        """Median of the wall times."""
        return statistics.median(self.seconds)


def scratch() -> str | None:
    """Return a file system in memory that has 4 GB free, so that no disk is measured; None if TMPDIR is set."""
    memory = "/dev/shm"
    has_space = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 << 30
    return memory if has_space and not os.environ.get("TMPDIR") else None


def remove(path: Path) -> None:
    """Remove a directory."""
    shutil.rmtree(path, ignore_errors=True)


def option_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options for the files that `report` writes."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the result as data")
    parser.add_argument("--markdown", type=Path, help="write the result as a page")
    return parser


def report(options: argparse.Namespace, text: str, data: Any) -> None:
    """Print a page, and write it and its data to the files of the options."""
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(data, indent=1, default=vars) + "\n", encoding="utf-8")
