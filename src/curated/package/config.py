"""What ``curated.yaml`` says about a package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from curated.core.diagnostic import Diagnostic, Problem, limited
from curated.declare.settings import Setting, check_setting
from curated.package.instrument import OVERRIDE
from curated.text.yaml.locator import yaml_locator
from curated.text.yaml.reader import load_yaml

CONFIG_FILE = "curated.yaml"


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

    @property
    def top(self) -> str:
        """The calibration directory as paths start with it; empty where the instruments stand at the root."""
        return "/".join(PurePosixPath(self.calibs).parts)


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
            doc="The calibration directory; 'calibs' if not given, '.' where the instruments stand at the root.",
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
    # Repeated keys are a finding, and yet leave something to be read.
    if tree is not None:
        problems += check_setting(CONFIG, tree, "CAL001")
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
    return tuple(Diagnostic.from_problem(p, CONFIG_FILE, *locate(p.pointer)) for p in limited(problems))
