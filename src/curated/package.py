"""A package: where its files are, and what ``curated.yaml`` says about it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from curated.diagnostic import CuratedError, Diagnostic, Problem
from curated.instrument import OVERRIDE
from curated.layout import Layout, discover, walk
from curated.registry import find_type
from curated.settings import Setting, check_setting
from curated.text.read import MAX_BYTES
from curated.text.tree import load_yaml, yaml_locator

CONFIG_FILE = "curated.yaml"


class Files(Protocol):
    """Where a package's files come from: a work tree or a commit."""

    def paths(self) -> Iterator[str]:
        """Yield all paths, relative to the root, with forward slashes."""

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        LeadsOutError
            If it is a link that leads out of the package.
        """


class LeadsOutError(OSError):
    """A link that leads out of the package; its message says where to."""


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
        full = f"{self.root}/{path}"
        # Without waiting: a named pipe would never answer.
        flags = os.O_RDONLY | os.O_NONBLOCK
        try:
            handle = os.open(full, flags | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            handle = os.open(self._inside(full), flags)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "Not a regular file")
            size = min(status.st_size, MAX_BYTES + 1)
            data = os.read(handle, size + 1)
            while len(data) < size and (more := os.read(handle, size - len(data))):
                data += more
            return data
        finally:
            os.close(handle)

    def _inside(self, link: str) -> str:
        """Return the file that a link leads to."""
        target, root = os.path.realpath(link), os.path.realpath(self.root)
        if not target.startswith(f"{root}{os.sep}"):
            raise LeadsOutError(errno.EXDEV, f"links to {os.readlink(link)}")
        return target


@dataclass(frozen=True, slots=True)
class Silence:
    """A code that is not reported for some paths, until a day."""

    code: str
    path: str
    reason: str
    until: date
    place: int = 0
    line: int = 0

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


_SILENCE = Setting(
    kind="mapping",
    doc="A code that is not reported for some files, until a day.",
    keys={
        "code": Setting(
            kind="text",
            required=True,
            pattern=r"^CAL[0-9]{3}$",
            says="not a code such as CAL301",
            doc="The code.",
        ),
        "path": Setting(
            kind="text",
            required=True,
            longest=1024,
            doc="Path from the package's root; * stands for anything.",
        ),
        "reason": Setting(kind="text", required=True, longest=4096, doc="Why it is silenced."),
        "until": Setting(
            kind="text",
            required=True,
            pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            says="not a date such as 2026-12-31",
            doc="Day after which it is reported again.",
        ),
    },
)

CONFIG = Setting(
    kind="mapping",
    doc="What a package of calibrations says about itself.",
    keys={
        "calibs": Setting(
            kind="text",
            blank=True,
            pattern=r"^(?!/)(?!(.*/)?\.\.(/|$))",
            says="which leads out of the package",
            doc="The calibration directory; 'calibs' if not given.",
        ),
        "url": Setting(
            kind="text", blank=True, longest=2048, doc="The package's public address, stamped as REPOURL."
        ),
        "instruments": Setting(
            kind="mapping",
            items=OVERRIDE,
            doc="Keys of instrument.yaml that are overridden, by instrument directory.",
        ),
        "silence": Setting(kind="list", items=_SILENCE, doc="Codes that are not reported."),
    },
)
"""What ``curated.yaml`` may say."""


def parse_config(text: str) -> Config:
    """Read ``curated.yaml``; what is wrong with it is in the result's ``diagnostics``."""
    tree, problems = load_yaml(text)
    if tree is None and not problems:
        tree = {}
    if not problems:
        problems = list(check_setting(CONFIG, tree, "CAL001"))
    if not isinstance(tree, dict):
        return Config(diagnostics=_located(problems, text))
    # What is wrong in one silencing or instrument leaves the others.
    wrong = {
        problem.pointer[:depth] for problem in problems for depth in (1, 2) if len(problem.pointer) >= depth
    }
    whole = {problem.pointer for problem in problems}
    values = {key: value for key, value in tree.items() if key in CONFIG.keys and (key,) not in whole}
    given = values.get("instruments", {})
    values["instruments"] = {k: v for k, v in given.items() if ("instruments", k) not in wrong}
    silence = []
    locate = yaml_locator(text)
    for i, item in enumerate(values.pop("silence", [])):
        if ("silence", i) in wrong:
            continue
        entry = _silence(item, i)
        if isinstance(entry, Problem):
            problems.append(entry)
        else:
            silence.append(replace(entry, line=locate(("silence", i))[0]))
    return Config(**values, silence=tuple(silence), diagnostics=_located(problems, text))


def _silence(item: Mapping[str, str], index: int) -> Silence | Problem:
    try:
        until = date.fromisoformat(item["until"])
    except ValueError:
        return Problem(
            "CAL001", ("silence", index, "until"), f"until is {item['until']!r}, not a day of the calendar"
        )
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
                raise CuratedError(
                    f"{root} has no directory {config.calibs!r}", "set 'calibs:' in curated.yaml"
                )
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
        instruments = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return any(
            sub.is_dir() and find_type(sub.name) is not None for path in instruments for sub in path.iterdir()
        )
    except OSError:
        return False
