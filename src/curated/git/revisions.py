"""Revisions as people write them: which commit is meant, whoever asks in whichever clone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from curated.core.diagnostic import CuratedError
from curated.core.times import iso, parse_time
from curated.git.command import GitError, communicate, run_git, start_git
from curated.git.repository import Repository, is_shallow, resolve_commit

_FULL = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_SHORT = re.compile(r"[0-9a-fA-F]{4,63}\Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
_DATE = re.compile(r"\d{4}-?\d\d-?\d\d[T ].*\Z")
_SECONDS = 600
_MAX_NAMED = 5

_KINDS = "name a commit, a branch, a tag, or a date such as 2024-05-01"


class Revision(NamedTuple):
    """A commit that a revision names.

    Parameters
    ----------
    date : `str`
        Its committer date, UTC, ISO 8601; empty if it is none of the calendar.
    remarks : `tuple` [`str`]
        What git warned about, and dates that are not in order.
    """

    sha1: str
    date: str
    remarks: tuple[str, ...] = ()


def find_revision(repository: Repository, text: str) -> Revision:
    """Return the commit that a revision names, if every clone with the same branches gives the same answer.

    A date means the last commit before it among those that HEAD reaches by first parents. It is compared with
    committer dates; where these are not in order along the line, a remark says so.

    Parameters
    ----------
    text : `str`
        A commit, a branch or a tag, followed by ``~`` and ``^`` if need be; or an ISO 8601 date or date-time, UTC
        unless it has an offset.

    Raises
    ------
    CuratedError
        If there is no such commit, if the name stands for several, or if it is of a kind that depends on the clone
        or names no single commit.
    """
    if _FULL.match(text):
        sha1, _ = _resolve(repository, text)  # git warns of branches of such a name, which do not count
        return Revision(sha1, _date_of(repository, sha1))
    references = list(_references(repository, text)) if _DAY.match(text) else []
    if references:
        raise CuratedError(
            f"{text!r} is a date, and the name of {' and '.join(references)}",
            f"write {references[0]}, or the date as {text}T00:00:00",
        )
    if _DAY.match(text) or _DATE.match(text):
        return _last_before(repository, text)
    _refuse_kinds(text)
    _refuse_ambiguity(repository, text)
    sha1, remarks = _resolve(repository, text)
    return Revision(sha1, _date_of(repository, sha1), remarks)


def refuse_uncertain(repository: Repository, text: str) -> None:
    """Raise an error for a revision that another clone would answer otherwise, or that stands for several commits.

    Raises
    ------
    CuratedError
        As `find_revision`, except where there is no such commit.
    """
    if not _FULL.match(text):
        _refuse_kinds(text)
        _refuse_ambiguity(repository, text)


def _refuse_kinds(text: str) -> None:
    """Raise an error for a revision that is not the name of one commit in every clone."""
    reason, hint = "", _KINDS
    if not text.strip():
        reason = "is not a revision: it is empty"
    elif not text.isprintable() or text.startswith("-"):
        reason = "is not a revision"
    elif "@{" in text:
        reason = "asks the reflog or the settings of this clone, and another clone would answer otherwise"
        if "upstream" in text or "{u}" in text or "push" in text:
            hint = "name the branch, such as origin/main, or a commit or a tag"
    elif ".." in text or text.startswith("^") or re.search(r"\^[!@-]", text):
        reason = "is a range of commits, not one commit"
    elif text.startswith(":/") or "^{/" in text:
        reason = "is a search in messages, whose answer changes with every commit"
    elif ":" in text:
        reason = "names a file, not a commit"
    if reason:
        raise CuratedError(f"{text!r} {reason}", hint)


def _references(repository: Repository, name: str) -> dict[str, str]:
    """Return the branches, tags and other references that a name may stand for, with their objects."""
    patterns = [f"refs/{where}{name}" for where in ("", "tags/", "heads/", "remotes/")]
    patterns.append(f"refs/remotes/{name}/HEAD")
    if re.search(r"[*?\[\\\s]", name):
        return {}  # no reference has such a name, and patterns would match others
    lines = run_git(
        repository.top, "for-each-ref", "--format=%(refname) %(objectname)", *patterns
    ).splitlines()
    references = (line.partition(" ") for line in lines)
    return {reference: sha1 for reference, _, sha1 in references if reference in patterns}


def _refuse_ambiguity(repository: Repository, text: str) -> None:
    """Raise an error for a name that stands for several commits; git would choose one of them."""
    name = re.split(r"[~^]", text, maxsplit=1)[0]
    if name in ("HEAD", "@"):
        return
    commits: dict[str, list[str]] = {}
    for reference in _references(repository, name):
        sha1 = _peel(repository, reference)
        if sha1:
            commits.setdefault(sha1, []).append(reference)
    if _SHORT.match(name):
        objects = _ask(repository, "rev-parse", f"--disambiguate={name.lower()}")[1].split()
        for sha1 in filter(None, (_peel(repository, sha1) for sha1 in objects[:_MAX_OBJECTS])):
            commits.setdefault(sha1, []).append(f"commit {sha1}")
    if len(commits) > 1:
        names = sorted(reference for references in commits.values() for reference in references[:1])
        more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        raise CuratedError(
            f"{text!r} is ambiguous: {', '.join(names[:_MAX_NAMED])}{more}",
            "write one of these names in full",
        )


_MAX_OBJECTS = 64
"""Objects with the same first digits that are looked at."""


def _peel(repository: Repository, name: str) -> str:
    """Return the commit that a reference or an object stands for; empty if it is none."""
    options = ("--verify", "--quiet", "--end-of-options")
    return _ask(repository, "rev-parse", *options, f"{name}^{{commit}}")[1].strip()


def _resolve(repository: Repository, text: str) -> tuple[str, tuple[str, ...]]:
    """Return the commit of a revision, and what git warned about."""
    options = ("--verify", "--end-of-options")
    status, output, messages = _ask(repository, "rev-parse", *options, f"{text}^{{commit}}")
    if status == 0 and _FULL.match(output.strip()):
        return output.strip(), tuple(messages)
    if any("ownership" in message for message in messages):
        raise GitError("rev-parse", "\n".join(messages))  # which knows the way out
    kind = _ask(repository, "cat-file", "-t", text)[1].strip() if not text.startswith("-") else ""
    if kind in ("tree", "blob"):
        raise CuratedError(f"{text!r} is a {kind}, not a commit", _KINDS)
    hint = _KINDS
    if is_shallow(repository):
        hint = f"history is cut off: fetch it with 'git fetch --unshallow'; else {_KINDS}"
    failure = GitError("rev-parse", "\n".join(messages))
    if failure.hint:
        raise failure
    reasons = [message for message in messages if not message.startswith("fatal: Needed a single")]
    detail = f" ({'; '.join(reasons[:2])})" if reasons else ""
    raise CuratedError(f"{text!r} is not a commit of this repository{detail}", hint)


def _ask(repository: Repository, *arguments: str) -> tuple[int, str, list[str]]:
    """Return exit status and output of a git command, and the lines that it printed to stderr."""
    with start_git(repository.top, *arguments, keep_stderr=True) as process:
        output, stderr = communicate(process, arguments[0], _SECONDS)
    lines = stderr.decode("utf-8", errors="replace").splitlines()
    return process.returncode, output.decode("utf-8", errors="surrogateescape"), list(filter(None, lines))


# -- dates ------------------------------------------------------------------------------------------------


def _last_before(repository: Repository, text: str) -> Revision:
    """Return the last commit before a date on the line of first parents of HEAD."""
    try:
        moment = parse_time(text)
    except ValueError as error:
        raise CuratedError(f"{text!r} is not a date of the calendar", "write it like 2024-05-01") from error
    line = _first_parents(repository)
    position = next((i for i, (_, date) in enumerate(line) if date is not None and date < moment), None)
    if position is None:
        sha1, date = line[-1]
        oldest = f"{sha1[:12]} of {iso(date) if date is not None else 'an impossible date'}"
        if is_shallow(repository):
            raise CuratedError(
                f"history is cut off at {oldest}: the last commit before {iso(moment)} is not known",
                "fetch it with 'git fetch --unshallow' (in a workflow, fetch-depth: 0)",
            )
        raise CuratedError(f"there is no commit before {iso(moment)}: the first one is {oldest}")
    remarks = []
    if any(date is None for _, date in line):
        remarks.append("commits with an impossible date are passed over")
    later = [(sha1, date) for sha1, date in line[position:] if date is not None and date >= moment]
    if later:
        sha1, date = later[0]
        remarks.append(
            f"dates of commits are not in order: {line[position][0][:12]} has the ancestor {sha1[:12]} of {iso(date)}; "
            "name the commit if it is not the right one"
        )
    sha1, date = line[position]
    return Revision(sha1, iso(date) if date is not None else "", tuple(remarks))


def _first_parents(repository: Repository) -> list[tuple[str, datetime | None]]:
    """Return name and committer date of the commits that HEAD reaches by first parents, the newest first."""
    head = resolve_commit(repository)
    options = ("--first-parent", "--no-show-signature", "--no-color", "--no-notes", "--format=%H %ct")
    lines = run_git(repository.top, "log", *options, "--end-of-options", head).splitlines()
    return [(sha1, _moment(seconds)) for sha1, _, seconds in (line.partition(" ") for line in lines)]


def _date_of(repository: Repository, sha1: str) -> str:
    """Return the committer date of a commit; empty if it is none of the calendar."""
    options = ("-s", "--no-show-signature", "--no-notes", "--format=%ct", "--end-of-options")
    try:
        moment = _moment(run_git(repository.top, "show", *options, sha1))
    except GitError:
        return ""
    return iso(moment) if moment is not None else ""


def _moment(seconds: str) -> datetime | None:
    """Return a time that git gives in seconds since 1970; `None` if it is beyond the calendar."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None
