"""The drivers of a clone: settings with which git shows and merges calibrations by a program, and the attributes that name it."""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from curated.core.diagnostic import CuratedError
from curated.core.wholefile import naming, write_whole
from curated.git.command import GitError, run_git
from curated.git.repository import Repository
from curated.git.settings import find_common_directory, find_git_directory
from curated.text.line_block import LineBlock

DRIVER = "curated"
_SECTION = f'[diff "{DRIVER}"]'
_MERGE_SECTION = f'[merge "{DRIVER}"]'
_KEYS = ("command", "textconv", "cachetextconv")
_MERGE_KEYS = ("name", "driver")
_CACHE = f"refs/notes/textconv/{DRIVER}"
_ENDINGS = ("ecsv", "yaml", "json", "fits")
_MERGED_ENDINGS = ("ecsv", "yaml", "json")
_OUR_SETTINGS = re.compile(
    rf"(?:{re.escape(_SECTION)}|{re.escape(_MERGE_SECTION)})\s*\Z|\s*(?:{'|'.join((*_KEYS, *_MERGE_KEYS))}) = "
)
_OUR_ATTRIBUTES = re.compile(rf".* (?:diff|merge)={DRIVER}\s*\Z")
_MOST_BYTES = 1 << 24


class Driver(NamedTuple):
    """The files of a clone that make git use the driver.

    Parameters
    ----------
    config, attributes : `str`
        Files with the clone's settings, and with attributes.
    pattern : `str`
        Directory of the calibrations as an attribute's pattern has it, with slashes around it.
    """

    config: str
    attributes: str
    pattern: str


def find_driver(repository: Repository, top: str, *, is_private: bool = False) -> Driver:
    """Return the files of a clone that a driver is written to.

    Parameters
    ----------
    repository : `Repository`
        Where the package is.
    top : `str`
        Directory of the package that holds its calibrations; empty for the package itself.
    is_private : `bool`, optional
        Whether attributes go into the repository's own directory instead of the package's ``.gitattributes``.
    """
    common = find_common_directory(find_git_directory(repository.top)).resolve()
    root = repository.top / repository.prefix
    directory = f"{repository.prefix}{top}" if is_private else top
    attributes = common / "info" / "attributes" if is_private else root / ".gitattributes"
    return Driver(str(common / "config"), str(attributes), _escaped(directory.strip("/")))


def _escaped(directory: str) -> str:
    """Return a directory as the start of a pattern, of which no character is special."""
    return "/{}/".format(re.sub(r"([][*?\\])", r"\\\1", directory)) if directory else "/"


def can_cache(repository: Repository) -> bool:
    """Say whether git can keep texts of a driver: its cache is a commit, and without an identity git would fail."""
    try:
        return bool(run_git(repository.top, "var", "GIT_COMMITTER_IDENT"))
    except GitError:
        return False


def install(driver: Driver, program: Sequence[str], version: str, *, is_cached: bool = True) -> list[str]:
    """Write settings and attributes, and return the files that changed.

    Parameters
    ----------
    program : sequence [`str`]
        Program and arguments in front of the name of a command.
    version : `str`
        Version of the program: git forgets what it has cached when the command is another one.
    is_cached : `bool`, optional
        Whether git keeps the texts that it compares.

    Raises
    ------
    CuratedError
        If somebody else's driver has the name, or a file is none that can be written.
    """
    settings, attributes = _settings(program, version, is_cached=is_cached), _attributes(driver.pattern)
    old_config, old_attributes = _read(driver.config), _read(driver.attributes)
    rest = settings.remove_from(old_config)
    for kind in ("diff", "merge"):
        if not settings.are_in(old_config) and _has_section(rest, kind):
            raise CuratedError(
                f'{driver.config} has a section [{kind} "{DRIVER}"] of somebody else',
                f"rename it, or remove it with 'git config --remove-section {kind}.{DRIVER}'",
            )
    new_attributes = attributes.add_to(old_attributes)
    # Attributes first: without the settings they change nothing.
    changed = _write(driver.attributes, old_attributes, new_attributes)
    try:
        return changed + _write(driver.config, old_config, settings.add_to(old_config), lock=True)
    except BaseException:
        _write(driver.attributes, new_attributes, old_attributes)
        raise


def uninstall(repository: Repository, drivers: Sequence[Driver]) -> list[str]:
    """Take settings and attributes out again, and return the files that changed.

    Parameters
    ----------
    drivers : sequence [`Driver`]
        Where a driver may have been written to.

    Raises
    ------
    CuratedError
        If a file cannot be written.
    """
    changed = []
    for driver in drivers:
        old_config, old_attributes = _read(driver.config), _read(driver.attributes)
        new_config = _settings((), "").remove_from(old_config)
        changed += _write(driver.config, old_config, new_config, lock=True)
        new_attributes = _attributes(driver.pattern).remove_from(old_attributes)
        changed += _write(driver.attributes, old_attributes, new_attributes)
    with suppress(GitError):  # a cache that stays does no harm
        run_git(repository.top, "update-ref", "-d", _CACHE)
    return changed


def _settings(program: Sequence[str], version: str, *, is_cached: bool = True) -> LineBlock:
    # Both are commands of a shell, to which git adds the names of files.
    command, textconv = (
        _quoted(" ".join(map(shlex.quote, (*program, "git", name, "--program", version, "--"))))
        for name in ("external-diff", "textconv")
    )
    lines = [_SECTION, f"\tcommand = {command}", f"\ttextconv = {textconv}"]
    lines += ["\tcachetextconv = true"] if is_cached else []
    lines += [_MERGE_SECTION, "\tname = calibrations by rows, keywords and cells"]
    lines += [f"\tdriver = {_quoted(_merge_command(program, version))}"]
    return LineBlock(lines, _OUR_SETTINGS, (_SECTION, _MERGE_SECTION))


def _merge_command(program: Sequence[str], version: str) -> str:
    """Return the command with which git merges a file.

    A program that is not there any more, or does not know the command, would leave the file of one side, and git would
    take its exit status for that of a conflict: then lines are merged, as git does without a driver. An import is tried
    first, since Python ends with the status of a conflict where that fails.
    """
    # git replaces %O and the like, and %% by one of them.
    start = " ".join(map(shlex.quote, program)).replace("%", "%%")
    python = " ".join(map(shlex.quote, program[: -2 or None])).replace("%", "%%")
    merge = f"{start} git merge-driver --program {version} -- %O %A %B %L %P"
    lines = "git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B"
    return (
        f"if {python} -c 'import curated' 2>/dev/null; then {merge}; status=$?;"
        f' test "$status" -lt 2 && exit "$status"; fi; {lines}'
    )


def _quoted(value: str) -> str:
    """Return a value as git's settings have it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _attributes(pattern: str) -> LineBlock:
    # Calibrations are named by their start, so that no other file is shown by the program.
    names = [(f"[0-9]*.{ending}", ending in _MERGED_ENDINGS) for ending in _ENDINGS]
    lines = [
        f"{_attribute_name(f'{pattern}**/{name}')} diff={DRIVER}{f' merge={DRIVER}' if is_merged else ''}"
        for name, is_merged in names
    ]
    # Settings are merged as well; their lines are the best difference.
    lines.append(f"{_attribute_name(f'{pattern}**/instrument.yaml')} merge={DRIVER}")
    return LineBlock(lines, _OUR_ATTRIBUTES)


def _attribute_name(pattern: str) -> str:
    """Return a pattern in quotes, as C has them, where it has characters that would end it."""
    if not re.search(r'[\s"\x00-\x1f\x7f]', pattern):
        return pattern
    escaped = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\{ord(match[0]):03o}", escaped) + '"'


def _has_section(text: str | None, kind: str) -> bool:
    return (
        text is not None
        and re.search(rf'^\s*\[\s*{kind}\s+"{DRIVER}"\s*\]', text, re.MULTILINE | re.IGNORECASE) is not None
    )


# -- files ------------------------------------------------------------------------------------------------


def _read(path: str) -> str | None:
    """Return the content of a file; `None` where there is none."""
    if os.path.basename(path) == ".gitattributes" and os.path.islink(path):
        raise CuratedError(f"{path} is a link, which git does not follow", "put the file itself there")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise CuratedError(f"{path} is no regular file", "see what it is, and remove it")
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise CuratedError(f"{path} has more than {_MOST_BYTES} bytes", "see what it is")
    return data.decode("utf-8", errors="surrogateescape")


def _write(path: str, old: str | None, new: str | None, *, lock: bool = False) -> list[str]:
    """Write a file whole, or remove it if there is to be none; return its name if it changed."""
    if new == old:
        return []
    if new is None:
        os.unlink(path)
    elif lock:
        _write_locked(os.path.realpath(path), new)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_whole(path, [new.encode("utf-8", errors="surrogateescape")])
    return [path]


def _write_locked(path: str, text: str) -> None:
    """Write settings as git does: into a file that keeps other programs from writing, and is then renamed."""
    lock = f"{path}.lock"
    try:
        handle = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError as error:
        raise CuratedError(
            f"{lock} is there: another program writes the settings",
            "wait for it, or remove that file if there is none",
        ) from error
    try:
        with naming(path), os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", errors="surrogateescape"))
            file.flush()
            if os.path.exists(path):
                os.fchmod(file.fileno(), stat.S_IMODE(os.stat(path).st_mode))
            os.fsync(file.fileno())
        os.replace(lock, path)
    except BaseException:
        os.unlink(lock)
        raise
