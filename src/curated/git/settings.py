"""Settings with which git reads the repository of somebody else, and runs none of the programs that it names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from curated.core.storage.limits import raise_exhausted

_PASSED_VARIABLES = (
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_"),
    *("GIT_CONFIG_VALUE_", "GIT_CONFIG_PARAMETERS", "GIT_EXEC_PATH", "GIT_TEST_ASSUME_DIFFERENT_OWNER"),
)
"""Starts of variables that a user sets for all of git: where its settings and its programs are.

All others that start with ``GIT_`` are taken away. A hook's (GIT_DIR, GIT_INDEX_FILE, ...) lead to the hook's
repository, whatever package is asked for; some change answers (GIT_NAMESPACE, GIT_REPLACE_REF_BASE, GIT_ICASE_PATHSPECS,
GIT_SHALLOW_FILE); some run programs (GIT_EXTERNAL_DIFF, GIT_PAGER) or write into the messages (GIT_TRACE).
"""

_FETCH_VARIABLES = ("GIT_SSH", "GIT_ASKPASS", "GIT_SSL_", "GIT_PROXY_", "GIT_HTTP_")
"""Starts of variables with which a user says how to reach a server; they pass where something is fetched."""

_SAFE_VARIABLES = {
    "LANGUAGE": "C",
    # A repository says which commit replaces another; the origin of a file is that of the true one.
    "GIT_NO_REPLACE_OBJECTS": "1",
    # No file, so that git neither reads one nor warns of it.
    "GIT_GRAFT_FILE": f"{os.devnull}/none",
    # Git before 2.45 does not know the first one, and then is not allowed to fetch from anywhere.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ATTR_NOSYSTEM": "1",
}

_SETTINGS = {
    # Answers that a user's settings would change.
    "core.quotepath": "off",
    "i18n.logOutputEncoding": "UTF-8",
    "log.follow": "false",
    "log.showRoot": "true",
    "log.showSignature": "false",
    "log.mailmap": "false",
    "diff.orderFile": os.devnull,
    # A release candidate sorts below its release.
    "versionsort.suffix": "-",
    # Programs that a repository's settings would run.
    "safe.bareRepository": "explicit",
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.alternateRefsCommand": ":",
    "core.pager": "cat",
    "core.editor": ":",
    "sequence.editor": ":",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
    "diff.ignoreSubmodules": "all",
}

_SETTINGS_OF_LOCAL_COMMANDS = {
    "core.sshCommand": ":",
    "core.gitProxy": ":",
    "core.askPass": ":",
    "credential.helper": "",
    "http.proxy": "",
}
"""Settings that only matter where something is fetched, which then are the user's."""

_FILTER_KEYS = (".clean", ".smudge", ".process", ".required")
_MAX_CONFIG = 1 << 20


def options(*, fetches: bool = False) -> list[str]:
    """Return the options of git before the name of a command.

    Parameters
    ----------
    fetches : `bool`, optional
        Whether the command fetches from a server, as the user's settings say how.
    """
    settings = _SETTINGS if fetches else {**_SETTINGS, **_SETTINGS_OF_LOCAL_COMMANDS}
    pairs = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
    return ["--no-pager", "--literal-pathspecs", "--no-optional-locks", "--no-replace-objects", *pairs]


def environment(directory: Path, *, fetches: bool = False) -> dict[str, str]:
    """Return the environment of a git command.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Where it runs: the top of a work tree, a repository without one, or, to make one, any directory.
    fetches : `bool`, optional
        Whether it fetches from a server.
    """
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_")
        or name.startswith(_PASSED_VARIABLES)
        or (fetches and name.startswith(_FETCH_VARIABLES))
    }
    # No directory above is searched for a repository.
    variables |= _SAFE_VARIABLES | {"GIT_CEILING_DIRECTORIES": str(directory.parent)}
    if os.path.lexists(directory / ".git"):
        # A repository's core.worktree may name any directory of the machine.
        variables["GIT_WORK_TREE"] = str(directory)
    elif is_bare(directory):
        variables["GIT_DIR"] = str(directory)
    return variables


def without_filters(names: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables that take their programs from filters.

    Parameters
    ----------
    names : `str`
        Names of the settings of a repository, each ended by NUL.
    variables : `dict` [`str`, `str`]
        Environment to which they are added.
    """
    filters = {
        name.removeprefix("filter.").rpartition(".")[0]
        for name in names.split("\0")
        if name.startswith("filter.") and name.endswith(_FILTER_KEYS)
    } - {""}
    count = variables.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    pairs = [
        (f"filter.{name}.{key}", value)
        for name in sorted(filters)
        for key, value in (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
    ]
    additions = {"GIT_CONFIG_COUNT": str(first + len(pairs))} if pairs else {}
    for n, (name, value) in enumerate(pairs, first):
        additions |= {f"GIT_CONFIG_KEY_{n}": name, f"GIT_CONFIG_VALUE_{n}": value}
    return additions


def own_settings(directory: Path) -> bytes:
    """Return the settings of a repository as text in lower case, but for files that they include."""
    return b"\n".join(read_regular(path).lower() for path in _config_files(directory))


def _config_files(directory: Path) -> Iterator[Path]:
    git_directory = find_git_directory(directory)
    yield git_directory / "config.worktree"
    yield find_common_directory(git_directory) / "config"


def find_git_directory(directory: Path) -> Path:
    """Return the directory of a work tree's own index and HEAD; of a repository without one, itself."""
    entry = directory / ".git"
    if entry.is_file():
        target = os.fsdecode(read_regular(entry)).strip()
        if target.startswith("gitdir: "):
            return directory / target.removeprefix("gitdir: ")
    return entry if os.path.lexists(entry) else directory


def find_common_directory(git_directory: Path) -> Path:
    """Return the directory of the objects and references that a work tree shares with others."""
    common = os.fsdecode(read_regular(git_directory / "commondir")).strip()
    return git_directory / common if common else git_directory


def read_regular(path: Path) -> bytes:
    """Return the content of a regular file, of which it may have a megabyte; empty if there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        # Without these settings, programs that they name would not be kept from running.
        raise_exhausted(error)
        return b""
    except ValueError:
        return b""
    try:
        return os.read(handle, _MAX_CONFIG) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(handle)


def is_bare(directory: Path) -> bool:
    """Say whether a directory has the shape of a repository without a work tree."""
    return (directory / "HEAD").is_file() and all((directory / name).is_dir() for name in ("objects", "refs"))
