"""Certifications that were removed and added: plain data for people and programs."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from curated.butler.certified.lookup import Certified
from curated.core.diagnostic import Diagnostic, has_errors
from curated.core.times import utc_texts
from curated.datasets.record import Dataset, Key
from curated.datasets.spans import FIRST_NS, LAST_NS, tai_text

State = dict[Key, list[Certified]]
"""What a collection certifies, by what it is of."""


def same(one: Iterable[Certified], other: Iterable[Certified]) -> bool:
    """Say whether two lists certify the same."""
    first, second = (
        sorted((held.dataset.uuid, held.dataset.span) for held in listed) for listed in (one, other)
    )
    return first == second


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
    removed, added : `list` [`Dataset`]
        Certifications.
    diagnostics : `list` [`Diagnostic`]
        Findings; with an error among them nothing was done.
    reverse : `tuple` [`str`]
        Arguments of the command that takes it back; empty where there is none.
    """

    repository: str
    commit: str
    dry_run: bool
    collections: tuple[str, ...] = ()
    removed: list[Dataset] = field(default_factory=list)
    added: list[Dataset] = field(default_factory=list)
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
        moments = {ns for dataset in (*self.removed, *self.added) for ns in dataset.span}
        utc = utc_texts(moments - {FIRST_NS, LAST_NS})
        return {
            "repository": self.repository,
            "commit": self.commit,
            "dry_run": self.dry_run,
            "collections": list(self.collections),
            "removed": [_plain(dataset, utc) for dataset in self.removed],
            "added": [_plain(dataset, utc) for dataset in self.added],
            "reverse": list(self.reverse),
            "command": self.command,
            "diagnostics": [d.to_dict() for d in self.diagnostics],
            "ok": self.ok,
            "changed": self.changed,
        }


def _plain(dataset: Dataset, utc: dict[int, str]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "collection": dataset.collection,
        "dataset_type": dataset.dataset_type,
        "data_id": dict(dataset.data_id),
        "of": str(dataset),
        "uuid": dataset.uuid,
    }
    for name, ns in zip(("begin", "end"), dataset.span, strict=True):
        is_open = ns in (FIRST_NS, LAST_NS)
        said[f"{name}_tai_ns"] = None if is_open else ns
        said[f"{name}_tai"] = None if is_open else tai_text(ns)
        said[f"{name}_utc"] = None if is_open else f"{utc[ns]}Z"
    return said
