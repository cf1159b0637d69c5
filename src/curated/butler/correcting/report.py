"""Certifications that were removed and added: plain data for people and programs."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lsst.daf.butler import DatasetRef

from curated.butler.certified.lookup import key_of
from curated.core.diagnostic import Diagnostic, has_errors
from curated.core.times import utc_texts
from curated.datasets.inventory import Key, key_text
from curated.datasets.spans import FIRST_NS, LAST_NS, Span, tai_text


class Held(NamedTuple):
    """A dataset, and a range that a collection certifies it for, in TAI nanoseconds."""

    ref: DatasetRef
    span: Span

    @property
    def uuid(self) -> str:
        """The dataset's UUID."""
        return str(self.ref.id)


State = dict[Key, list[Held]]
"""What a collection certifies, by what it is of."""


def same(one: Iterable[Held], other: Iterable[Held]) -> bool:
    """Say whether two lists certify the same."""
    first, second = (sorted((held.uuid, held.span) for held in listed) for listed in (one, other))
    return first == second


def span_text(span: Span) -> str:
    """Return a range as people know it, in UTC."""
    begin, end = (None if ns in (FIRST_NS, LAST_NS) else ns for ns in span)
    utc = utc_texts(ns for ns in (begin, end) if ns is not None)
    return f"from {utc[begin] if begin else 'open'} to {utc[end] if end else 'open'} UTC"


@dataclass(slots=True)
class Recertification:
    """What was done to validity ranges, or would be.

    Parameters
    ----------
    repository, commit : `str`
        The repository, and the commit of the package that says so.
    dry_run : `bool`
        Whether nothing was done.
    collections : `tuple` [`str`]
        The collections.
    removed, added : `list` [`tuple` [`str`, `Held`]]
        Collection and certification.
    diagnostics : `list` [`Diagnostic`]
        Findings; with an error among them nothing was done.
    reverse : `tuple` [`str`]
        Arguments of the command that takes it back; empty where there is none.
    """

    repository: str
    commit: str
    dry_run: bool
    collections: tuple[str, ...] = ()
    removed: list[tuple[str, Held]] = field(default_factory=list)
    added: list[tuple[str, Held]] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    reverse: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no error stands in the way."""
        return not has_errors(self.diagnostics)

    @property
    def changed(self) -> bool:
        """Whether anything changed, or would."""
        return self.ok and bool(self.removed or self.added)

    @property
    def command(self) -> str:
        """The command that takes it back, as a shell takes it."""
        return shlex.join(self.reverse)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data for machine-readable output."""
        moments = {ns for _, held in (*self.removed, *self.added) for ns in held.span}
        utc = utc_texts(moments - {FIRST_NS, LAST_NS})
        return {
            "repository": self.repository,
            "commit": self.commit,
            "dry_run": self.dry_run,
            "collections": list(self.collections),
            "removed": [_plain(name, held, utc) for name, held in self.removed],
            "added": [_plain(name, held, utc) for name, held in self.added],
            "reverse": list(self.reverse),
            "command": self.command,
            "diagnostics": [d.to_dict() for d in self.diagnostics],
            "ok": self.ok,
            "changed": self.changed,
        }


def _plain(collection: str, held: Held, utc: dict[int, str]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "collection": collection,
        "dataset_type": held.ref.datasetType.name,
        "data_id": dict(held.ref.dataId.required),
        "of": key_text(key_of(held.ref)),
        "uuid": held.uuid,
    }
    for name, ns in zip(("begin", "end"), held.span, strict=True):
        is_open = ns in (FIRST_NS, LAST_NS)
        said[f"{name}_tai_ns"] = None if is_open else ns
        said[f"{name}_tai"] = None if is_open else _tai(ns)
        said[f"{name}_utc"] = None if is_open else f"{utc[ns]}Z"
    return said


def _tai(ns: int) -> str:
    """Return a moment as ISO 8601, with as many decimals as it needs."""
    return tai_text(ns).replace(" ", "T").rstrip("0").rstrip(".")
