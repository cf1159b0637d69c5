"""What an import has to do: the difference between a bundle and a repository."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from lsst.daf.butler import DatasetRef, Timespan
from lsst.resources import ResourcePath

from curated.bundle.contents import Contents, Entry
from curated.butler.importing.data_ids import DataIds
from curated.butler.importing.survey import Survey
from curated.core.diagnostic import Diagnostic, Problem
from curated.datasets.record import Key
from curated.datasets.spans import Span

Group = tuple[str, str, int, int]
"""One certify call: collection, dataset type, begin and end."""


@dataclass(slots=True)
class Plan:
    """What an import has to do.

    Parameters
    ----------
    contents : `Contents`
        The bundle.
    survey : `Survey`
        Its surroundings in the repository.
    data_ids : `DataIds`
        Makes its data IDs.
    ingest : `list` [`Entry`]
        Datasets that the repository lacks.
    present : `dict` [`str`, `lsst.daf.butler.DatasetRef`]
        Those that it has, by UUID.
    lost : `list`
        Those of which it has lost the file, and where that was.
    certify : `dict`
        Datasets to certify, by `Group`.
    certified : `list` [`Entry`]
        Those that are certified already.
    taken : `list` [`Entry`]
        Datasets whose place another one has.
    clashes : `dict` [`str`, `Entry`]
        Those whose range overlaps another one, by UUID.
    held : `dict`
        Ranges that a collection has already, by collection, then dataset type and data ID.
    files : `dict` [`str`, `str`]
        Local files of datasets, by UUID, as far as they are known.
    complete : `bool`
        Whether datasets and certifications were held against the repository.
    diagnostics : `list` [`Diagnostic`]
        What stands in the way.
    refs : `dict`
        What `ref` has made so far.
    """

    contents: Contents
    survey: Survey
    data_ids: DataIds = field(repr=False)
    ingest: list[Entry] = field(default_factory=list)
    present: dict[str, DatasetRef] = field(default_factory=dict)
    lost: list[tuple[Entry, ResourcePath]] = field(default_factory=list)
    certify: dict[Group, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    certified: list[Entry] = field(default_factory=list)
    taken: list[Entry] = field(default_factory=list)
    clashes: dict[str, Entry] = field(default_factory=dict)
    held: dict[str, dict[Key, list[Span]]] = field(default_factory=dict, repr=False)
    files: dict[str, str] = field(default_factory=dict, repr=False)
    complete: bool = False
    diagnostics: list[Diagnostic] = field(default_factory=list)
    refs: dict[str, DatasetRef] = field(default_factory=dict, repr=False)

    def ref(self, entry: Entry) -> DatasetRef:
        """Return Butler's reference to a dataset."""
        if entry.uuid not in self.refs:
            dataset_type = self.survey.dataset_types[entry.dataset_type]
            data_id = self.data_ids(dataset_type.dimensions, entry.data_id)
            self.refs[entry.uuid] = DatasetRef(dataset_type, data_id, run=entry.run, id=UUID(entry.uuid))
        return self.refs[entry.uuid]

    def clash(self, entry: Entry) -> None:
        """Take a dataset out of those to certify, because its range overlaps another one."""
        self.clashes[entry.uuid] = entry
        members = self.certify.get((entry.collection, entry.dataset_type, *entry.span), [])
        if entry in members:
            members.remove(entry)

    def find(self, file: str, code: str, detail: str, hint: str = "") -> None:
        """Add a finding."""
        self.diagnostics.append(Diagnostic.from_problem(Problem(code, (), detail, hint), file))


def timespan(span: Span) -> Timespan:
    """Return a range as Butler's class, exact to the nanosecond."""
    return Timespan.model_validate(span)


def groups(plan: Plan) -> Iterator[tuple[str, list[DatasetRef], Timespan]]:
    """Walk over the certify calls of a plan, a call for each dataset type and range."""
    for (collection, _, begin, end), entries in plan.certify.items():
        yield collection, [plan.ref(entry) for entry in entries], timespan(Span(begin, end))
