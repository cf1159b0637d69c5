"""A package: where its files are, and what ``curated.yaml`` says about it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from curated.diagnostic import CuratedError, Diagnostic, Problem
from curated.layout import Layout, discover, walk
from curated.registry import find_type
from curated.text.tree import load_yaml, yaml_locator

CONFIG_FILE = "curated.yaml"


class Files(Protocol):
    """Where a package's files come from: a work tree or a commit."""

    def paths(self) -> Iterator[str]:
        """Yield all paths, relative to the root, with forward slashes."""

    def read(self, path: str) -> bytes:
        """Return the content of a file."""

    def link(self, path: str) -> str | None:
        """Return where a link out of the package leads; `None` for files and for links inside."""


@dataclass(frozen=True, slots=True)
class WorkTree:
    """Files as they are on disk now."""

    root: Path
    top: str = ""

    def paths(self) -> Iterator[str]:
        """Yield all paths below the calibration directory."""
        return walk(str(self.root), self.top)

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        handle = os.open(os.path.join(self.root, path), os.O_RDONLY)
        try:
            size = os.fstat(handle).st_size
            data = os.read(handle, size + 1)
            while len(data) < size and (more := os.read(handle, size)):
                data += more
            return data
        finally:
            os.close(handle)


    def link(self, path: str) -> str | None:
        """Return where a link out of the package leads; `None` for files and for links inside."""
        full = os.path.join(self.root, path)
        if not os.path.islink(full):
            return None
        root = os.path.realpath(self.root)
        return None if os.path.realpath(full).startswith(f"{root}{os.sep}") else os.readlink(full)


@dataclass(frozen=True, slots=True)
class Silence:
    """A code that is not reported for some paths, until a day."""

    code: str
    path: str
    reason: str
    until: date
    place: int = 0

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Say whether a finding is silenced by this entry, its day apart."""
        return diagnostic.code == self.code and fnmatchcase(diagnostic.file, self.path)


@dataclass(frozen=True, slots=True)
class Config:
    """Content of ``curated.yaml``; a bare package has the defaults.

    Parameters
    ----------
    calibs : `str`
        The calibration directory; empty for a bare package.
    url : `str`
        The package's public address, stamped as REPOURL.
    instruments : `dict`
        Keys of ``instrument.yaml`` that are overridden, by instrument directory.
    silence : `tuple` [`Silence`]
        Codes that are not reported.
    """

    calibs: str = "calibs"
    url: str = ""
    instruments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    silence: tuple[Silence, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


_SILENCE_KEYS = ("code", "path", "reason", "until")


def parse_config(text: str) -> Config:
    """Read ``curated.yaml``; what is wrong with it is in the result's ``diagnostics``."""
    tree, problems = load_yaml(text)
    if tree is None and not problems:
        tree = {}
    if not isinstance(tree, dict):
        problems = problems or [Problem("CAL001", (), "not a mapping")]
        return Config(diagnostics=_located(problems, text))
    values: dict[str, Any] = {}
    for key, value in tree.items():
        wanted = {"calibs": str, "url": str, "instruments": dict, "silence": list}.get(str(key))
        if wanted is None:
            problems.append(Problem("CAL001", (key,), f"{key!r} is not one of calibs, url, instruments, silence"))
        elif not isinstance(value, wanted):
            problems.append(Problem("CAL001", (key,), f"{key} is {value!r}"))
        else:
            values[str(key)] = value
    parts = Path(values.get("calibs", "calibs")).parts
    if ".." in parts or Path(values.get("calibs", "calibs")).is_absolute():
        problems.append(Problem("CAL001", ("calibs",), "calibs leads out of the package"))
        del values["calibs"]
    silence = []
    for i, item in enumerate(values.pop("silence", [])):
        entry = _silence(item, i)
        if isinstance(entry, Problem):
            problems.append(entry)
        else:
            silence.append(entry)
    return Config(**values, silence=tuple(silence), diagnostics=_located(problems, text))


def _silence(item: Any, index: int) -> Silence | Problem:
    at = ("silence", index)
    if not isinstance(item, dict) or sorted(item) != sorted(_SILENCE_KEYS):
        return Problem("CAL001", at, f"a silencing has {', '.join(_SILENCE_KEYS)}")
    if not all(isinstance(item[key], str) and item[key].strip() for key in _SILENCE_KEYS):
        return Problem("CAL001", at, "each of a silencing's values is a text")
    try:
        until = date.fromisoformat(item["until"])
    except ValueError:
        return Problem("CAL001", (*at, "until"), f"until is {item['until']!r}, not a date such as 2026-12-31")
    return Silence(item["code"], item["path"], item["reason"], until, index)


def _located(problems: list[Problem], text: str) -> tuple[Diagnostic, ...]:
    locate = yaml_locator(text)
    return tuple(Diagnostic.from_problem(p, CONFIG_FILE, *locate(p.pointer)) for p in problems)


@dataclass
class Package:
    """A package of calibrations.

    Parameters
    ----------
    root : `~pathlib.Path`
        Directory that its paths are relative to.
    files : `Files`
        Its files.
    config : `Config`
        What ``curated.yaml`` says.
    bare : `bool`
        Whether there is no ``curated.yaml``.
    """

    root: Path
    files: Files
    config: Config
    bare: bool

    @property
    def top(self) -> str:
        """The calibration directory relative to the root; empty for a bare package."""
        return "" if self.bare else self.config.calibs.strip("/")

    @cached_property
    def layout(self) -> Layout:
        """Its calibrations, and what is at a wrong place."""
        return discover(self.files.paths(), self.top)


def open_package(directory: str | os.PathLike[str]) -> Package:
    """Open the package that a directory belongs to.

    Parameters
    ----------
    directory : path-like
        A directory in it; ``curated.yaml`` is looked for there and above. Without one, the directory
        itself, or the nearest above it that has the shape, is a bare package.

    Raises
    ------
    CuratedError
        If there is no package.
    """
    start = Path(directory).resolve()
    if not start.is_dir():
        raise CuratedError(f"{directory} is not a directory")
    for root in (start, *start.parents):
        config_file = root / CONFIG_FILE
        if config_file.is_file():
            try:
                config = parse_config(config_file.read_text("utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                raise CuratedError(f"{config_file} cannot be read: {error}") from error
            if not (root / config.calibs).is_dir():
                raise CuratedError(f"{root} has no directory {config.calibs!r}", "set 'calibs:' in curated.yaml")
            return Package(root, WorkTree(root, config.calibs.strip("/")), config, bare=False)
    for root in (start, *start.parents):
        if has_package_shape(root):
            return Package(root, WorkTree(root), Config(calibs=""), bare=True)
        if (root / ".git").exists():
            break
    raise CuratedError(
        f"{start} is not a package: there is no curated.yaml, and no <instrument>/<type> directories",
        "run it in a package, or name one with -C",
    )


def has_package_shape(root: Path) -> bool:
    """Say whether a directory has the shape of an ``obs_*_data`` package: ``<instrument>/<type>/``."""
    try:
        instruments = [entry for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith(".")]
        return any(
            sub.is_dir() and find_type(sub.name) is not None for entry in instruments for sub in os.scandir(entry)
        )
    except OSError:
        return False
