"""Products that were changed in git since they were added, without a note of it (DMTN-148, section 4.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.keys import CalibFile
from curated.core.metadata import normalise
from curated.datasets.deprecation import find_deprecation
from curated.git.changes import (
    MODIFIED,
    FileHistory,
    count_commits,
    read_differences,
    read_file_histories,
    start_difference,
    start_log,
)
from curated.git.objects import read_objects
from curated.git.repository import (
    NoCommitError,
    Repository,
    find_work_tree,
    is_shallow,
    open_repository,
    resolve_commit,
)
from curated.git.tree import object_name
from curated.package.config import CONFIG_FILE
from curated.package.files import Files, WorkTree, read_file
from curated.package.package import Package
from curated.provenance import Edit, extract
from curated.text import read
from curated.text.provenance import provenance_path, read_provenance_file

if TYPE_CHECKING:
    from subprocess import Popen


class EditSearch(NamedTuple):
    """Git commands that run beside a check, and tell which files changed since they were added.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    repository : `Repository` or `None`
        Where it is; `None` where git cannot be asked.
    log : `subprocess.Popen` or `None`
        Changes by commits; `None` where a single commit has brought all files.
    difference : `subprocess.Popen` or `None`
        Changes that are not committed; `None` where nothing is.
    obstacle : `str`
        Why the search is incomplete; empty if it is not.
    """

    package: Package
    repository: Repository | None
    log: Popen[bytes] | None = None
    difference: Popen[bytes] | None = None
    obstacle: str = ""


class _ChangedFile(NamedTuple):
    """A product with another content than when it was added: the commit before the change, and what to report."""

    file: CalibFile
    before: str
    detail: str


def start_edit_search(package: Package) -> EditSearch | None:
    """Start to ask git which files changed; `find_unnoted_edits` waits for the answers.

    There is no search outside of a repository, and where files do not come from a work tree. Where git cannot be
    asked, or where history is cut off, the search says so.

    Parameters
    ----------
    package : `Package`
        The package that is checked meanwhile.
    """
    if not isinstance(package.files, WorkTree):
        return None
    if find_work_tree(package.root) is None:
        if not package.top or find_work_tree(package.root / package.top) is None:
            return None
        obstacle = f"{package.top} is a git repository, but {CONFIG_FILE} stands above it"
        return EditSearch(package, None, obstacle=obstacle)
    try:
        repository = open_repository(package.root)
    except CuratedError as error:
        return EditSearch(package, None, obstacle=error.message)
    search = EditSearch(package, repository)
    try:
        if is_shallow(repository):
            return search._replace(obstacle="the git history is cut off (shallow clone)")
        # Most releases come with one commit, since which nothing has changed.
        commits = count_commits(repository, package.top, most=2)
        if commits == 0:
            return search
        log = start_log(repository, package.top) if commits > 1 else None
        return search._replace(log=log, difference=start_difference(repository, package.top))
    except CuratedError as error:
        return search._replace(obstacle=_obstacle(repository, error))


def _obstacle(repository: Repository, error: CuratedError) -> str:
    """Return why history cannot be read; empty where there is none yet."""
    try:
        resolve_commit(repository)
    except NoCommitError:
        return ""
    except CuratedError as cause:
        return cause.message
    return error.message


def find_unnoted_edits(search: EditSearch, files: Sequence[CalibFile]) -> list[Diagnostic]:
    """Return a warning (CAL417) for each file whose last change has no note of its own.

    Where the search is incomplete, a remark (CAL419) says why.
    """
    try:
        edits = _find_edits(search, files)
    except CuratedError as error:
        return [*_incomplete(search), *_incomplete(search._replace(obstacle=error.message))]
    return [*_incomplete(search), *edits]


def _incomplete(search: EditSearch) -> Iterator[Diagnostic]:
    if search.obstacle:
        detail = f"edits without a note were not looked for: {search.obstacle}"
        yield Diagnostic.from_problem(Problem("CAL419", (), detail), search.package.top or ".")


def _find_edits(search: EditSearch, files: Sequence[CalibFile]) -> list[Diagnostic]:
    """Return a warning for each file whose last change has no note of its own."""
    if search.repository is None or search.difference is None:
        return []
    prefix = search.repository.prefix
    files_by_path = {f"{prefix}{file.source}": file for file in files if "\n" not in file.source}
    histories = read_file_histories(search.log, files_by_path.keys()) if search.log is not None else {}
    uncommitted = {
        change.path: change.old_blob
        for change in read_differences(search.difference)
        if change.status in MODIFIED
    }
    if search.difference.returncode != 0:
        raise CuratedError("git cannot compare the work tree with HEAD", "see what 'git status' says")
    changed_files = []
    for path, file in sorted(files_by_path.items()):
        changed = _compare(search.package.files, file, histories.get(path), uncommitted.get(path))
        if changed is not None:
            changed_files.append(changed)
    return [
        Diagnostic.from_problem(Problem("CAL417", (), detail), file.source)
        for file, detail in _without_note(search.repository, search.package.files, changed_files)
    ]


def _compare(
    files: Files, file: CalibFile, history: FileHistory | None, head_blob: str | None
) -> _ChangedFile | None:
    """Compare a file with its content when it was added.

    Parameters
    ----------
    history : `FileHistory` or `None`
        Its history; `None` where it was never changed by a commit.
    head_blob : `str` or `None`
        Its content in HEAD, where that differs from the one in the work tree.
    """
    if head_blob is not None:
        data = read_file(files, file.path)
        added = history.added if history is not None else head_blob
        if isinstance(data, bytes) and object_name("blob", data, len(added)) != added:
            detail = "has changes that are not committed, without a note of the edit"
            return _ChangedFile(file, "HEAD", detail)
    elif history is not None and history.status in MODIFIED and history.blob != history.added:
        detail = f"changed by commit {history.commit[:12]} without a note of the edit"
        return _ChangedFile(file, f"{history.commit}^1", detail)
    return None


def _without_note(
    repository: Repository, files: Files, changed_files: Iterable[_ChangedFile]
) -> Iterator[tuple[CalibFile, str]]:
    """Yield files that have no note which the version before the change did not have, and what to report."""
    noted = []
    for changed in changed_files:
        notes = _read_notes(changed.file, *_read_pair(files, changed.file))
        if notes:
            noted.append((changed, notes))
        else:
            yield changed.file, changed.detail
    names = [
        f"{changed.before}:{repository.prefix}{path}"
        for changed, _ in noted
        for path in (changed.file.source, provenance_path(changed.file.source))
    ]
    contents = read_objects(repository, names)
    for changed, notes in noted:
        if notes <= _read_notes(changed.file, next(contents), next(contents)):
            latest = max(edit.date for edit in notes)
            yield changed.file, f"{changed.detail}; its latest note is of {latest}"


def _read_pair(files: Files, file: CalibFile) -> tuple[bytes, bytes]:
    """Return the content of a product and of its side file; empty where one cannot be read."""
    content, side = (read_file(files, path) if path else b"" for path in (file.path, file.side))
    return (b"" if isinstance(content, Problem) else content), (b"" if isinstance(side, Problem) else side)


def find_notes(files: Files, file: CalibFile) -> set[Edit]:
    """Return the notes of edits of a product, in its text or beside it; a mark of deprecation is one."""
    return _read_notes(file, *_read_pair(files, file))


def _read_notes(file: CalibFile, content: bytes, side: bytes) -> set[Edit]:
    """Return the notes of edits in a product's content and in that of its side file."""
    notes: set[Edit] = set()
    # A mark of deprecation says who made it, when and why.
    if b"edits" in content.lower() or b"deprecated" in content.lower():
        source, _ = read(content, file.form)
        if source is not None:
            in_metadata = file.form == "ecsv"
            record = extract(source.metadata, ("metadata",)) if in_metadata else extract(source.tree)
            notes.update(record.provenance.edits)
            mark, problems = find_deprecation(normalise(source.metadata)[0])
            if mark is not None and not problems:
                notes.add(Edit(name=mark.by, date=mark.date, what=mark.reason))
    if side:
        notes.update(read_provenance_file(side).provenance.edits)
    return notes
