"""The base of a bundle: datasets that exist, to which a new release refers instead of holding them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from curated.bundle.contents import Entry
from curated.bundle.manifest_reader import read_contents
from curated.bundle.renaming import Renaming
from curated.bundle.verification import verify
from curated.core.diagnostic import CuratedError, Diagnostic
from curated.datasets.names import is_collection
from curated.datasets.record import Key, dataset_uuid
from curated.datasets.spans import Span

_Identity = tuple[Key, Span, str]
"""Dataset type and data ID, range and content."""


@dataclass(frozen=True, slots=True)
class Base:
    """Datasets that exist already.

    Parameters
    ----------
    name : `str`
        Label of the release, or name of the repository that holds them.
    by_recipe : `dict` [`str`, `Entry`]
        Datasets whose recipe is known.
    by_identity : `dict` [`tuple`, `Entry`]
        All datasets, by dataset type and data ID, range and content.
    renamings : `dict` [`str`, `Renaming`]
        What a repository that holds them calls the instruments of the package, by their names there.
    """

    name: str
    by_recipe: dict[str, Entry] = field(repr=False)
    by_identity: dict[_Identity, Entry] = field(repr=False)
    renamings: Mapping[str, Renaming] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, entries: Iterable[Entry]) -> Base:
        """Return the base of datasets whose content is known; recipe, hash and size of their files may be unknown.

        Left out are those that no manifest can refer to: with a UUID that does not follow from type, run and data ID, as
        pipelines make them, or in a run with an odd name. A new release holds them itself.
        """
        datasets = [entry for entry in entries if _is_referable(entry)]
        by_recipe = {entry.recipe: entry for entry in datasets if entry.recipe}
        return cls(name, by_recipe, {_identity(entry): entry for entry in datasets})

    def refer(self, entry: Entry) -> Entry:
        """Return a dataset of a new release; as a reference, without a file, if the base has the same.

        Parameters
        ----------
        entry : `Entry`
            The dataset. If its content is empty, the base has one of its recipe.
        """
        match = self.by_identity.get(_identity(entry)) if entry.content else self.by_recipe[entry.recipe]
        if match is None:
            return entry
        return replace(
            entry,
            uuid=match.uuid,
            run=match.run,
            content=match.content,
            path="",
            sha256=match.sha256,
            size=match.size,
        )


def _is_referable(entry: Entry) -> bool:
    return is_collection(entry.run) and entry.uuid == dataset_uuid(
        entry.dataset_type, entry.run, entry.data_id
    )


def _identity(entry: Entry) -> _Identity:
    # The end that stands in a file's header counts as well: a file must not contradict its certification.
    return entry.key, entry.span, entry.content


def read_base(bundle: Path) -> Base:
    """Return the datasets that a bundle holds or refers to, after the checks of an import.

    Files that it lacks count for nothing: an import with ``--transfer move`` has taken them.

    Raises
    ------
    CuratedError
        If there is no valid bundle.
    """
    contents, diagnostics = read_contents(bundle)
    if contents is not None:
        problems = verify(contents)
        diagnostics = [Diagnostic.from_problem(p, path) for path, p in problems.items() if p.code != "CAL613"]
    if contents is None or diagnostics:
        first = diagnostics[0]
        raise CuratedError(
            f"{bundle} is no bundle that another one can build on: {first.file}: {first.message}",
            "name a bundle that this version of curated made, a tag, or a repository",
        )
    return Base.of(contents.label, contents.entries)
