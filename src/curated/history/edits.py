"""Products that were changed in git since they were added, without a note (DMTN-148, section 4.7)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from curated.check.reader import read_file
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.keys import CalibFile
from curated.core.metadata import normalise
from curated.datasets.deprecation import find_deprecation
from curated.git.blob import blob_sha1
from curated.git.command import split_nul, start_git
from curated.package.files import WorkTree
from curated.package.package import Package
from curated.provenance import Edit, take
from curated.text import read
from curated.text.provenance import provenance_path, read_provenance_file

_LOG = (
    *("log", "-z", "--raw", "--no-abbrev", "-m", "--first-parent", "--no-renames"),
    *("--no-show-signature", "--no-color", "--format=%x01%H"),
)
_DIFF = ("diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "HEAD")
_CHANGED = "MT"


@dataclass(slots=True)
class _Life:
    """What the history of one file is: its last change, and its content when it was added."""

    status: str
    commit: str
    blob: str
    added: str = ""


class _Entry(NamedTuple):
    """A file that differs: its blobs, how it differs, and its path."""

    old: str
    new: str
    status: str
    path: str


@dataclass(slots=True)
class UnnotedEdits:
    """A rule: starts to ask git which files changed since they were added, and says which have no note of it.

    History is that of the first parents: what a branch did before it was merged is one change. Nothing is
    asked, and nothing found, outside of a repository, where git cannot be run, where history is cut off
    (shallow clone), or where files do not come from a work tree.

    Parameters
    ----------
    package : `Package`
        The package.
    """

    package: Package
    prefix: str = ""
    log: subprocess.Popen[bytes] | None = None
    diff: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        root, below = self.package.root, self.package.top or "."
        directory = _repository(root) if isinstance(self.package.files, WorkTree) else None
        if directory is None or (directory / ".git" / "shallow").exists():
            return
        try:
            self.prefix = _prefix(root, directory)
            # Where one commit has brought everything, nothing has changed since; most releases are so.
            commits = _answer(root, "rev-list", "--first-parent", "-n", "2", "HEAD", "--", below)
            self.log = start_git(root, *_LOG, "HEAD", "--", below) if commits.count("\n") > 1 else None
            self.diff = start_git(root, *_DIFF, "--", below) if commits else None
        except OSError:
            return

    def __call__(self, files: Sequence[CalibFile]) -> list[Diagnostic]:
        """Return a warning for each of the files that was changed without a note."""
        if self.diff is None:
            return []
        wanted = {f"{self.prefix}{file.path}": file for file in files if "\n" not in file.path}
        lives: dict[str, _Life] = {}
        if self.log is not None:
            with self.log:
                lives = _lives(self.log, set(wanted))
                self.log.kill()
        with self.diff:
            changed = {e.path: e.old for e in _entries(split_nul(self.diff.stdout)) if e.status in _CHANGED}
        suspects: list[tuple[CalibFile, str, str]] = []
        for path, file in sorted(wanted.items()):
            life = lives.get(path)
            if path in changed:
                data = read_file(self.package.files, file.path)
                added = life.added if life is not None else changed[path]
                if isinstance(data, bytes) and blob_sha1(data) != added:
                    suspects.append(
                        (file, "HEAD", "has changes that are not committed, without a note of the edit")
                    )
            elif life is not None and life.status in _CHANGED and life.blob != life.added:
                detail = f"changed by commit {life.commit[:12]} without a note of the edit"
                suspects.append((file, f"{life.commit}^1", detail))
        return [
            Diagnostic.from_problem(Problem("CAL417", (), detail), file.path)
            for file, detail in self._without_note(suspects)
        ]

    def _without_note(
        self, suspects: Iterable[tuple[CalibFile, str, str]]
    ) -> Iterator[tuple[CalibFile, str]]:
        """Yield those that have no note which the version before the change did not have."""
        noted = []
        for file, before, detail in suspects:
            known = _edits(file, *self._now(file))
            if known:
                noted.append((file, before, detail, known))
            else:
                yield file, detail
        names = [
            f"{before}:{self.prefix}{path}"
            for file, before, _, _ in noted
            for path in (file.path, provenance_path(file.path))
        ]
        contents = iter(_contents(self.package.root, names))
        for file, _, detail, known in noted:
            if known <= _edits(file, next(contents), next(contents)):
                latest = max(edit.date for edit in known)
                yield file, f"{detail}; its latest note is of {latest}"

    def _now(self, file: CalibFile) -> tuple[bytes, bytes]:
        found = (read_file(self.package.files, path) if path else b"" for path in (file.path, file.side))
        own, beside = (b"" if isinstance(data, Problem) else data for data in found)
        return own, beside


def _repository(root: Path) -> Path | None:
    """Return the directory at or above a package that holds a repository."""
    return next((path for path in (root, *root.parents) if (path / ".git").exists()), None)


def _prefix(root: Path, directory: Path) -> str:
    """Return the path of the package in its repository.

    Raises
    ------
    FileNotFoundError
        If there is no repository after all, or its history is cut off.
    """
    if (directory / ".git").is_dir():
        relative = root.relative_to(directory).as_posix()
        return "" if relative == "." else f"{relative}/"
    # A linked work tree, or a submodule: only git knows where its repository is.
    answer = _answer(root, "rev-parse", "--is-shallow-repository", "--show-prefix").split("\n")
    if answer[0] != "false":
        raise FileNotFoundError(directory)
    return answer[1]


def _answer(root: Path, *arguments: str) -> str:
    with start_git(root, *arguments) as process:
        return process.communicate()[0].decode("utf-8", errors="surrogateescape")


def _lives(log: subprocess.Popen[bytes], wanted: set[str]) -> dict[str, _Life]:
    """Follow files back to the commits that added them."""
    lives: dict[str, _Life] = {}
    waiting = set(wanted)
    commit = ""
    tokens = split_nul(log.stdout)
    for token in tokens:
        if token.startswith("\x01"):
            commit = token[1:]
            continue
        for entry in _entries(iter((token, next(tokens, "")))):
            if entry.path not in waiting:
                continue
            life = lives.setdefault(entry.path, _Life(entry.status, commit, entry.new))
            if entry.status not in _CHANGED:
                life.added = entry.new
                waiting.discard(entry.path)
        if not waiting:
            break
    return lives


def _entries(tokens: Iterator[str]) -> Iterator[_Entry]:
    """Yield what raw differences say."""
    for token in tokens:
        described = token.lstrip("\n").split(" ")
        if described[0].startswith(":") and len(described) == 5:
            yield _Entry(described[2], described[3], described[4][:1], next(tokens, ""))


def _edits(file: CalibFile, own: bytes, beside: bytes) -> set[Edit]:
    """Return the notes in a product's content and in that of the file beside it."""
    found: set[Edit] = set()
    # A mark of deprecation says who made it, when and why.
    if b"edits" in own.lower() or b"deprecated" in own.lower():
        source, _ = read(own, file.form)
        if source is not None:
            of_file = take(source.metadata, ("metadata",)) if file.form == "ecsv" else take(source.tree)
            found.update(of_file.provenance.edits)
            mark, wrong = find_deprecation(normalise(source.metadata)[0])
            found.update(
                [Edit(name=mark.by, date=mark.date, what=mark.reason)]
                if mark is not None and not wrong
                else []
            )
    if beside:
        found.update(read_provenance_file(beside).provenance.edits)
    return found


def _contents(root: Path, names: Sequence[str]) -> Iterator[bytes]:
    """Yield the content of each object that is named; nothing where there is none."""
    if not names:
        return
    asked = "".join(f"{name}\n" for name in names).encode("utf-8", errors="surrogateescape")
    with start_git(root, "cat-file", "--batch", stdin=subprocess.PIPE) as process:
        answer = memoryview(process.communicate(asked)[0])
    position = 0
    for _ in names:
        end = bytes(answer[position : position + 65536]).find(b"\n") + position
        described = bytes(answer[position:end]).rsplit(b" ", 1)
        position = end + 1
        if described[-1].isdigit():
            size = int(described[-1])
            yield bytes(answer[position : position + size])
            position += size + 1
        else:
            yield b""
