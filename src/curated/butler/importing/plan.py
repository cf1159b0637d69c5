"""The plan of an import: the difference between a bundle and a repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from lsst.daf.butler import (
    Butler,
    DataCoordinate,
    DatasetRef,
    DatasetType,
    DimensionRecord,
    DimensionUniverse,
)

from curated.bundle.contents import Contents, Entry
from curated.bundle.export_file import Record
from curated.butler.chains.plan import ChainPlan, ChainPlans, plan_chains
from curated.butler.datastores.stores import FileRecord
from curated.butler.importing.comparison import (
    CertificationComparison,
    DatasetComparison,
    FileComparison,
    compare_certifications,
    compare_datasets,
    compare_files,
)
from curated.butler.importing.request import ImportRequest
from curated.butler.importing.survey import Survey, survey_repository
from curated.butler.instruments.resolution import resolve_contents
from curated.butler.instruments.settlement import CHOICE, parse_choices
from curated.butler.repository.opening import repository_root
from curated.core.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of an import.

    Parameters
    ----------
    survey : `Survey`
        What the repository has that the bundle's datasets depend on.
    chains : `dict` [`str`, `ChainPlan`]
        Chain of each instrument that has one, by instrument; empty if chains are not to be changed.
    diagnostics : `tuple` [`Diagnostic`]
        What the comparisons found.
    complete : `bool`
        Whether datasets, certifications and files were compared. Dataset types and collections that contradict the
        bundle prevent it.
    datasets, certifications, files
        How these compare with the repository's; empty unless the plan is complete.
    refs : `dict` [`str`, `lsst.daf.butler.DatasetRef`]
        Butler's references to the datasets to ingest and to certify, by UUID.
    reasons : `dict` [`str`, `str`]
        Why an instrument of the bundle is one of the repository with another name, by that name.
    chosen : `frozenset` [`str`]
        Instruments whose names in the repository somebody chose.
    """

    contents: Contents
    survey: Survey
    chains: Mapping[str, ChainPlan]
    diagnostics: tuple[Diagnostic, ...]
    complete: bool = False
    datasets: DatasetComparison = field(default_factory=DatasetComparison)
    certifications: CertificationComparison = field(default_factory=CertificationComparison)
    files: FileComparison = field(default_factory=FileComparison)
    refs: Mapping[str, DatasetRef] = field(default_factory=dict, repr=False)
    reasons: Mapping[str, str] = field(default_factory=dict)
    chosen: frozenset[str] = frozenset()

    @property
    def ingest(self) -> tuple[Entry, ...]:
        """Datasets to ingest: those that the repository lacks, or of which it has no record of a file."""
        return self.datasets.new + self.files.unrecorded

    def present_records(self) -> Iterator[tuple[Entry, DatasetRef, FileRecord]]:
        """Yield the bundle's datasets that the repository has, with each record of their files."""
        entries = {entry.uuid: entry for entry in self.contents.entries} if self.files.records else {}
        for uuid, records in self.files.records.items():
            yield from ((entries[uuid], self.datasets.refs[uuid], record) for record in records)


def make_plan(butler: Butler, contents: Contents, request: ImportRequest) -> Plan:
    """Compare a bundle with a repository, which is not changed."""
    resolution = resolve_contents(butler, contents, parse_choices(request.instruments))
    contents = contents.renamed(resolution.renamings)
    is_settled = not resolution.failed
    survey = survey_repository(butler, contents)
    if not is_settled:
        # What is not settled is compared with nothing.
        names = {renaming.name for renaming in resolution.renamings.values()}
        survey = replace(survey, records=tuple(r for r in survey.records if r.instrument in names))
    is_placed = request.chain and is_settled
    chains = _plan_chains(butler, contents, request) if is_placed else ChainPlans({}, ())
    record_problems = (problem for record in survey.records for problem in record.problems)
    problems = (*resolution.problems, *survey.problems, *record_problems, *chains.problems)
    diagnostics = tuple(Diagnostic.from_problem(problem, request.repo) for problem in problems)
    plan = Plan(
        contents,
        survey,
        chains.plans,
        diagnostics,
        reasons=resolution.reasons,
        chosen=frozenset(name for name, reason in resolution.reasons.items() if reason == CHOICE),
    )
    if survey.problems or not is_settled:
        # The comparisons need dataset types and collections that agree with the bundle.
        return plan
    datasets = compare_datasets(butler, contents, survey)
    certifications = compare_certifications(butler, contents, survey)
    files = compare_files(butler, contents, datasets.refs)
    certify = (entry for entries in certifications.new.values() for entry in entries)
    entries = {entry.uuid: entry for entry in (*datasets.new, *files.unrecorded, *certify)}
    return replace(
        plan,
        diagnostics=(*diagnostics, *datasets.diagnostics, *certifications.diagnostics, *files.diagnostics),
        complete=True,
        datasets=datasets,
        certifications=certifications,
        files=files,
        refs=_refs(butler.dimensions, survey.effective_records, survey.dataset_types, entries.values()),
    )


def _plan_chains(butler: Butler, contents: Contents, request: ImportRequest) -> ChainPlans:
    return plan_chains(
        butler,
        repository_root(request.repo),
        contents.targets,
        names=request.chain_names,
        before=request.before,
        after=request.after,
        front=request.front,
    )


def _refs(
    universe: DimensionUniverse,
    records: Mapping[str, Sequence[Record]],
    dataset_types: Mapping[str, DatasetType],
    entries: Iterable[Entry],
) -> dict[str, DatasetRef]:
    """Return Butler's references to datasets, by UUID.

    Their data IDs have the dimension records of the comparison, so that Butler need not ask its database for them.
    Types and epochs share data IDs, which are slow to make.
    """
    records_by_value = _records_by_value(universe, records)
    data_ids: dict[object, DataCoordinate] = {}
    refs = {}
    for entry in entries:
        dataset_type = dataset_types[entry.dataset_type]
        key = (dataset_type.dimensions, entry.data_id)
        data_id = data_ids.get(key)
        if data_id is None:
            data_id = data_ids[key] = _expanded(dataset_type, dict(entry.data_id), records_by_value)
        refs[entry.uuid] = DatasetRef(dataset_type, data_id, run=entry.run, id=UUID(entry.uuid))
    return refs


def _expanded(
    dataset_type: DatasetType,
    values: Mapping[str, int | str],
    records: Mapping[tuple[str, object, object], DimensionRecord],
) -> DataCoordinate:
    elements = {"instrument": records["instrument", None, values["instrument"]]}
    for element in values.keys() - {"instrument"}:
        elements[element] = records[element, values["instrument"], values[element]]
    if "physical_filter" in elements:
        elements["band"] = records["band", None, elements["physical_filter"].band]
    return DataCoordinate.standardize(values, dimensions=dataset_type.dimensions).expanded(elements)


def _records_by_value(
    universe: DimensionUniverse, records: Mapping[str, Sequence[Record]]
) -> dict[tuple[str, object, object], DimensionRecord]:
    """Return dimension records by element, instrument and value of the dimension."""
    records_by_value = {}
    for element, element_records in records.items():
        record_class = universe[element].RecordClass
        for values in element_records:
            key = values["id"] if element == "detector" else values["name"]
            records_by_value[element, values.get("instrument"), key] = record_class(**values)
        if element == "physical_filter":
            band_class = universe["band"].RecordClass
            bands = {values["band"] for values in element_records}
            records_by_value |= {("band", None, band): band_class(name=band) for band in bands}
    return records_by_value
