"""No file below a megabyte takes more than a gigabyte, or ends in anything but findings."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.hostile_files import CURATED, DEFECTS, MEGABYTE, STEM, YAML, cases, package_files
from support.packages import defects_text
from support.texts import FULL

MEMORY = 1_250_000_000
"""Bytes of address space; a process that has read nothing has a fifth of it already."""

SECONDS = 120
"""Far more than the ten that a machine without other work takes at most."""

CASES = cases()

QUICK = {
    "a path of stars": {"CAL004"},
    "a directory of a megabyte": {"CAL001"},
    "deep construction": {"CAL120"},
    "deeper construction": {"CAL209"},
    "yaml defects: aliases": {"CAL209"},
    "yaml defects: flow lists in each other": {"CAL209"},
    "yaml defects: closed flow lists in each other": {"CAL209"},
    "yaml defects: block lists in each other": {"CAL209"},
    "yaml crosstalk: a staircase": {"CAL209"},
    "yaml defects: digits": {"CAL204"},
    "yaml defects: numbers of sixties": {"CAL204"},
    "ecsv defects: columns without end": {"CAL209"},
    "ecsv crosstalk: a declared shape": {"CAL209"},
    "ecsv crosstalk: closed lists in each other": {"CAL218"},
    "ecsv defects: quotes": {"CAL217"},
    "ecsv defects: a row of a megabyte": {"CAL217"},
    "json defects: closed lists in each other": {"CAL209"},
    "json crosstalk: numbers of digits": set(),
    "curated.yaml: aliases": {"CAL209"},
    "instrument.yaml: closed flow lists in each other": {"CAL209"},
    f"{STEM}.inputs.yaml: block lists in each other": {"CAL209"},
}
"""Cases that take little time, and codes that each has to show; the others are looked at with CURATED_FULL=1."""


def check(root: Path, files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Check a package with the real command, within the limits; its findings."""
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return findings(root)


def findings(root: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "curated", "-C", root, "check", "--no-cache", "-j", "1", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == ""
    assert len(done.stdout) < 6 * MEGABYTE
    return json.loads(done.stdout)["findings"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", sorted(CASES) if FULL else sorted(QUICK))
def test_hostile_files(name: str, tmp_path: Path) -> None:
    path, make = CASES[name]
    diagnostics = check(tmp_path, package_files(path, make()))
    assert {d["code"] for d in diagnostics} >= QUICK.get(name, set())
    assert {d["file"] for d in diagnostics} <= {path, f"{DEFECTS}.ecsv", CURATED}


def test_the_cases_are_large_and_below_a_megabyte() -> None:
    assert len(CASES) > 300
    for make in YAML.values():
        size = len(make().encode())
        assert size <= MEGABYTE


def test_the_limit_is_a_limit() -> None:
    """A process that takes a gigabyte does not get it."""
    done = subprocess.run(
        [sys.executable, "-c", f"bytearray({MEMORY})"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert "MemoryError" in done.stderr


def test_directories_in_each_other(tmp_path: Path) -> None:
    (tmp_path / CURATED).write_text("")
    place = tmp_path / "calibs" / "cam" / "defects" / "d00"
    place.mkdir(parents=True)
    (place / f"{STEM}.ecsv").write_text(defects_text({"INSTRUME": "cam"}, date="2024-01-01T00:00:00"))
    # Deeper than a path can be long, so step by step.
    handle = os.open(place, os.O_RDONLY)
    for _ in range(1800):
        os.mkdir("ab", dir_fd=handle)
        below = os.open("ab", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    try:
        (finding,) = findings(tmp_path)
    finally:
        subprocess.run(["rm", "-r", place], check=True)
    assert finding["code"] == "CAL107"
    assert finding["message"] == "directories below 64 levels are not looked into"


def test_names_of_the_longest(tmp_path: Path) -> None:
    names = [c * 250 for c in ("x", "\t", "\u202e", "é")]
    top = tmp_path / "calibs" / "cam" / "defects"
    for name in names:
        directory = top / name.encode()[:250].decode(errors="ignore")
        directory.mkdir(parents=True)
        (directory / f"{STEM}.ecsv").write_text("")
    (tmp_path / CURATED).write_text("")
    assert {f["code"] for f in findings(tmp_path)} == {"CAL205"}
