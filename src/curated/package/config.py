"""The settings of a package, ``curated.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from curated.core.diagnostic import Diagnostic, Problem, brief, limited
from curated.declare.settings import Setting, check_setting
from curated.package import lookalikes
from curated.package.settings.instrument import OVERRIDE
from curated.package.settings.limits import LIMITS, LimitValues, parse_limits
from curated.text.yaml.locator import plain_scalar, yaml_locator
from curated.text.yaml.reader import load_strictly, load_yaml

CONFIG_FILE = lookalikes.CONFIG_FILE

STACK = "stack"
READERS = (STACK,)
"""Programs that read the texts of packages beside curated."""

NEW = "new"
"""Stage of a package that has no calibration yet."""

_CREDENTIALS = "CAL010"


@dataclass(frozen=True, slots=True)
class Silence:
    """A code that is not reported for some paths until a date.

    Parameters
    ----------
    code : `str`
        Key of the code table, such as ``CAL301``.
    path : `str`
        Path relative to the package's root; ``*`` matches anything.
    reason : `str`
        Why the code is silenced.
    until : `datetime.date`
        Last day of the silence.
    place : `int`
        Zero-based index in the list ``silence``.
    line : `int`
        One-based line in ``curated.yaml``.
    """

    code: str
    path: str
    reason: str
    until: date
    place: int = 0
    line: int = 0

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Return whether the entry silences a finding, on the days until its date."""
        return diagnostic.code == self.code and fnmatchcase(diagnostic.file, self.path)


@dataclass(frozen=True, slots=True)
class Config:
    """Settings in ``curated.yaml``; a bare package has the defaults.

    Parameters
    ----------
    calibs : `str`
        The calibration directory; empty for a bare package.
    url : `str`
        The package's public address, stamped as REPOURL.
    tags : `str`
        Pattern of the git tags that are labels of releases; empty where all are.
    signatures : `str`
        ``commit`` or ``tag``: what must be signed for a release; empty if nothing must.
    stage : `str`
        `NEW` for a package that has no calibration yet, which the check then accepts; else empty.
    readers : `tuple` [`str`]
        Programs that read the texts of the package beside curated, of `READERS`.
    instruments : `dict`
        Keys of ``instrument.yaml`` that are overridden, by instrument directory.
    types : `dict` [`str`, `str`]
        Types of other packages that it uses, and the requirement on the distribution that declares each.
    limits : `dict`
        Largest changes that need no note; see `LimitValues`. Those of an instrument win.
    silence : `tuple` [`Silence`]
        Codes that are not reported for some paths.
    diagnostics : `tuple` [`Diagnostic`]
        Findings in ``curated.yaml`` itself.
    """

    calibs: str = "calibs"
    url: str = ""
    tags: str = ""
    signatures: str = ""
    stage: str = ""
    readers: tuple[str, ...] = ()
    instruments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    limits: LimitValues = field(default_factory=dict)
    silence: tuple[Silence, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def top(self) -> str:
        """The calibration directory as the start of paths; empty if the instruments are at the root."""
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
        "tags": Setting(
            kind="text",
            longest=256,
            doc="Pattern of the git tags that are labels of releases, such as calibs-*; others name something else.",
        ),
        "signatures": Setting(
            kind="text",
            pattern=r"^(commit|tag)$",
            says="neither 'commit' nor 'tag'",
            doc="What must be signed with an allowed SSH key before a release is made of it: commit, or tag.",
        ),
        "stage": Setting(
            kind="text",
            choices=(NEW,),
            doc="'new' where the package has no calibration yet: the check, otherwise an error, accepts that.",
        ),
        "readers": Setting(
            kind="list",
            items=Setting(
                kind="text",
                choices=READERS,
                doc="stack: obs_base of the LSST stack, whose 'butler write-curated-calibrations' reads the texts.",
            ),
            doc="Other programs that read the texts; the check says where their answers differ.",
        ),
        "instruments": Setting(
            kind="mapping",
            items=OVERRIDE,
            doc="Keys of instrument.yaml that are overridden, by instrument directory.",
        ),
        "types": Setting(
            kind="mapping",
            items=Setting(
                kind="text",
                pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])? *(?:[<>=!~][<>=!~0-9A-Za-z.*+, ]*)?$",
                says="not the name of a distribution, with versions or without, such as wavefronts>=1.2",
                doc="Name of the distribution as pip installs it, and which versions: wavefronts>=1.2.",
            ),
            doc="Which distribution declares each type of another package that is used here.",
        ),
        "limits": LIMITS,
        "silence": Setting(kind="list", items=_SILENCE, doc="Codes that are not reported."),
    },
)
"""Declaration of ``curated.yaml``."""


def parse_config(text: str) -> Config:
    """Read ``curated.yaml``; its errors are in the ``diagnostics`` of the result."""
    tree, problems, misreadings = load_setting(text)
    if tree is None and not problems:
        tree = {}
    # A document with repeated keys has problems and a tree.
    if tree is not None:
        problems += check_setting(CONFIG, tree, "CAL001")
    if not isinstance(tree, dict):
        return Config(diagnostics=_located([*problems, *misreadings], text))
    if "@" in str(tree.get("url")):
        problems = _without_credentials(tree["url"], problems)
    # An error in one silence or instrument leaves the others.
    wrong_values = {problem.pointer for problem in problems}
    wrong_entries = {pointer[:2] for pointer in wrong_values}
    values = {key: value for key, value in tree.items() if key in CONFIG.keys and (key,) not in wrong_values}
    values["instruments"] = {
        directory: override
        for directory, override in values.get("instruments", {}).items()
        if ("instruments", directory) not in wrong_entries
    }
    values["types"] = {
        name: requirement
        for name, requirement in values.get("types", {}).items()
        if ("types", name) not in wrong_values
    }
    values["limits"], limit_problems = parse_limits(
        values.get("limits", {}), "CAL001", wrong_places=wrong_values
    )
    problems += limit_problems
    for directory, override in list(values["instruments"].items()):
        place = ("instruments", directory, "limits")
        limit_problems = parse_limits(override.get("limits", {}), "CAL001", place)[1]
        problems += limit_problems
        if limit_problems:
            del values["instruments"][directory]
    readers = dict(enumerate(values.pop("readers", ())))
    values["readers"] = tuple(name for i, name in readers.items() if ("readers", i) not in wrong_values)
    silence = []
    locate = yaml_locator(text)
    for i, item in enumerate(values.pop("silence", [])):
        if ("silence", i) in wrong_entries:
            continue
        entry = _silence(item, i)
        if isinstance(entry, Problem):
            problems.append(entry)
        else:
            silence.append(replace(entry, line=locate(("silence", i))[0]))
    return Config(**values, silence=tuple(silence), diagnostics=_located([*problems, *misreadings], text))


def _without_credentials(url: Any, problems: list[Problem]) -> list[Problem]:
    """Return problems of the settings in which no password is shown, and that the address has one."""
    from curated.git.address import has_credentials, public_address  # few packages need it

    if not isinstance(url, str) or not has_credentials(url):
        return problems
    detail = f"url has a user or a password; without it is {public_address(url)[:200]!r}"
    others = [problem for problem in problems if problem.pointer != ("url",)]
    return [*others, Problem(_CREDENTIALS, ("url",), detail)]


def _silence(item: Mapping[str, str], index: int) -> Silence | Problem:
    try:
        until = date.fromisoformat(item["until"])
    except ValueError:
        return Problem(
            "CAL001", ("silence", index, "until"), f"until is {item['until']!r}, not a day of the calendar"
        )
    return Silence(item["code"], item["path"], item["reason"], until, index)


def load_setting(text: str) -> tuple[Any, list[Problem], list[Problem]]:
    """Load a settings file.

    Returns
    -------
    tree : `object`
        The data; `None` if the document cannot be read, or is empty.
    problems : `list` [`Problem`]
        Problems with which the data cannot be trusted.
    misreadings : `list` [`Problem`]
        Octal numbers, numbers in base 60, and keys that YAML reads as something else than they seem; other bases are
        written on purpose.
    """
    tree, problems = load_strictly(text)
    notes = [problem for problem in problems if problem.code in ("CAL222", "CAL223")]
    misreadings = [p for p in notes if p.code == "CAL222" or "octal" in p.detail or "base 60" in p.detail]
    return tree, [problem for problem in problems if problem not in notes], misreadings


def as_written(problem: Problem, text: str) -> Problem:
    """Return the problem of a setting with its value as it is written in the file, where YAML reads another one."""
    match = _CONVERTED.search(problem.detail)
    scalar = plain_scalar(text, problem.pointer) if match is not None else ""
    # An override may come from another file.
    if match is None or scalar in ("", match[1]) or brief(load_yaml(scalar)[0]) != match[1]:
        return problem
    value = match[1].lower() if match[1] in ("True", "False") else match[1]
    reading = f", which YAML reads as {value}" if scalar != value else ""
    if match.start() == 0:  # an entry of a list, which has no name
        shown = f"{scalar[:60]}{reading}{',' if reading else ''}"
    else:
        shown = f" is {scalar[:60]}{reading}"
    detail = problem.detail.replace(match[0], shown, 1)
    return replace(problem, detail=detail, hint=problem.hint or "put it in quotes if it is text")


_CONVERTED = re.compile(r"(?:\A| is )(True|False|null|-?[\d.]+(?:e[-+]?\d+)?|-?inf|nan)\b")
"""A value in a message that YAML may have made of something else."""


def _located(problems: list[Problem], text: str) -> tuple[Diagnostic, ...]:
    locate = yaml_locator(text)
    return tuple(
        # The excerpt of a line would show the password.
        Diagnostic.from_problem(p, CONFIG_FILE, *(locate(p.pointer) if p.code != _CREDENTIALS else ()))
        for p in (p if p.code == _CREDENTIALS else as_written(p, text) for p in limited(problems))
    )
