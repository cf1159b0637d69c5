"""Report of an import: plain data for people and programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from curated.butler.instruments.incomplete import ColumnReport, completed_columns, incomplete_columns
from curated.core.diagnostic import Diagnostic, has_errors
from curated.datasets.lookups import LookupChanges

if TYPE_CHECKING:
    # Reports are printed where there is no Butler.
    from lsst.daf.butler import DimensionUniverse

    from curated.bundle.contents import Contents, Entry
    from curated.butler.importing.plan import Plan
    from curated.butler.importing.request import ImportRequest

REPORT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentReport:
    """What an import did for one instrument.

    Parameters
    ----------
    name : `str`
        Name of the instrument.
    datasets_new, datasets_present : `int`
        Datasets that were ingested, and that the repository had before.
    datasets_restored : `int`
        Of those present, the ones whose file was missing and was put back.
    datasets_conflicting : `int`
        Datasets that differ from the repository's of the same data ID and RUN.
    certifications_new, certifications_present : `int`
        Validity ranges that were certified, and that were certified before.
    certifications_conflicting : `int`
        Validity ranges that overlap another one, of the repository or of the bundle.
    records_new, records_equal, records_different : `int`
        Dimension records that were inserted, that the repository had before, and that differ from the repository's.
    differences : `tuple` [`str`]
        How the bundle's records differ from the repository's.
    directory : `str`
        Directory in the package, whose ``instrument.yaml`` declares the records; empty if it is not known.
    columns : `tuple` [`ColumnReport`]
        Columns of new records that are empty or inferred, and columns of the repository's that are filled in.
    chain : `str`
        Name of the instrument's chain.
    chain_before, chain_after : `tuple` [`str`]
        Members of the chain; before is `None` if there was no chain.
    bundle_name : `str`
        Name in the bundle, if the repository has it under another one; empty otherwise.
    reason : `str`
        Why it is the repository's instrument; empty if both have the same name.
    lookups : `LookupChanges` or `None`
        Lookups through the chain that find something else than before; `None` if there is no chain, or nothing was
        compared because the same import has been done.
    """

    name: str
    datasets_new: int = 0
    datasets_present: int = 0
    datasets_restored: int = 0
    datasets_conflicting: int = 0
    certifications_new: int = 0
    certifications_present: int = 0
    certifications_conflicting: int = 0
    records_new: int = 0
    records_equal: int = 0
    records_different: int = 0
    differences: tuple[str, ...] = ()
    directory: str = ""
    columns: tuple[ColumnReport, ...] = ()
    chain: str = ""
    chain_before: tuple[str, ...] | None = None
    chain_after: tuple[str, ...] | None = None
    bundle_name: str = ""
    reason: str = ""
    lookups: LookupChanges | None = None

    @property
    def changed(self) -> bool:
        """Whether anything of this instrument is new."""
        new = self.datasets_new + self.datasets_restored + self.certifications_new + self.records_new
        is_completed = any(column.state == "filled in" for column in self.columns)
        return new > 0 or is_completed or self.chain_before != self.chain_after

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        values = asdict(replace(self, lookups=None, columns=()))
        values["columns"] = [column.to_dict() for column in self.columns]
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
        return {**plain, "lookups": None if self.lookups is None else self.lookups.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or would do.

    Parameters
    ----------
    bundle, repository : `str`
        As in the request.
    transfer : `str`
        How files get into the repository.
    dry_run : `bool`
        Whether nothing was done, and the report says what an import would do.
    created : `bool`
        Whether the repository is new.
    label : `str`
        Label of the release; empty if the manifest could not be read.
    planned : `bool`
        Whether the bundle was compared with the repository; errors can stop the import before.
    instruments : `tuple` [`InstrumentReport`]
        What was done for each; empty if errors stopped the import before it was planned.
    bytes_copied : `int`
        Size of the files that were copied, or would be; links and references copy nothing.
    formatters_mended : `int`
        Records of files in which the formatter was replaced.
    removed : `tuple` [`str`]
        Files and directories of killed imports that were removed.
    diagnostics : `tuple` [`Diagnostic`]
        Findings. With an error among them nothing was changed.
    """

    bundle: str
    repository: str
    transfer: str
    dry_run: bool = False
    created: bool = False
    label: str = ""
    planned: bool = False
    instruments: tuple[InstrumentReport, ...] = ()
    bytes_copied: int = 0
    formatters_mended: int = 0
    removed: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @classmethod
    def of(
        cls, request: ImportRequest, contents: Contents | None, diagnostics: Iterable[Diagnostic] = ()
    ) -> ImportReport:
        """Return the report of an import that has not been planned.

        Parameters
        ----------
        contents : `Contents` or `None`
            The bundle; `None` if it could not be read.
        """
        return cls(
            bundle=str(request.bundle),
            repository=request.repo,
            transfer=request.transfer,
            dry_run=request.dry_run,
            label="" if contents is None else contents.label,
            diagnostics=tuple(sorted(diagnostics)),
        )

    @property
    def ok(self) -> bool:
        """Whether no error stopped the import."""
        return not has_errors(self.diagnostics)

    @property
    def changed(self) -> bool:
        """Whether the import changed the repository, or would."""
        is_changed = self.created or bool(self.removed) or self.formatters_mended > 0
        return self.ok and (is_changed or any(i.changed for i in self.instruments))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for machine-readable output."""
        return {
            "version": REPORT_VERSION,
            **asdict(replace(self, instruments=(), diagnostics=())),
            "instruments": [instrument.to_dict() for instrument in self.instruments],
            "removed": list(self.removed),
            "diagnostics": [d.to_dict() for d in self.diagnostics],
            "ok": self.ok,
            "changed": self.changed,
        }


def instrument_reports(
    plan: Plan, lookups: Mapping[str, LookupChanges], universe: DimensionUniverse
) -> tuple[InstrumentReport, ...]:
    """Count what an import does for each instrument, and say what its records lack.

    Parameters
    ----------
    lookups : `dict` [`str`, `LookupChanges`]
        Changes of lookups by instrument.
    """
    present = plan.datasets.refs
    records = plan.survey.records
    counts = {
        "datasets_new": _count(plan.datasets.new),
        "datasets_present": _count(e for e in plan.contents.entries if e.uuid in present),
        "datasets_restored": _count((*(entry for entry, _ in plan.files.lost), *plan.files.unrecorded)),
        "datasets_conflicting": _count((*plan.datasets.conflicting, *plan.files.conflicting)),
        "certifications_new": _count(chain.from_iterable(plan.certifications.new.values())),
        "certifications_present": _count(plan.certifications.present),
        "certifications_conflicting": _count(plan.certifications.conflicting),
        "records_new": Counter(r.instrument for r in records if not r.exists and not r.problems),
        "records_equal": Counter(r.instrument for r in records if r.exists and not r.problems),
        "records_different": Counter(r.instrument for r in records if r.problems),
    }
    columns = _columns(plan, universe)
    reports = []
    for target in plan.contents.targets:
        chain_plan = plan.chains.get(target.instrument)
        reports.append(
            InstrumentReport(
                name=target.instrument,
                differences=tuple(
                    problem.detail
                    for record in records
                    if record.instrument == target.instrument
                    for problem in record.problems
                ),
                directory=target.directory,
                columns=columns.get(target.instrument, ()),
                chain=chain_plan.name if chain_plan else "",
                chain_before=chain_plan.before if chain_plan else None,
                chain_after=chain_plan.after if chain_plan else None,
                bundle_name=target.bundle_name,
                reason=plan.reasons.get(target.instrument, ""),
                lookups=lookups.get(target.instrument),
                **{key: counter[target.instrument] for key, counter in counts.items()},
            )
        )
    return tuple(reports)


def _columns(plan: Plan, universe: DimensionUniverse) -> dict[str, tuple[ColumnReport, ...]]:
    """Return the columns that are empty, inferred or filled in, by instrument."""
    survey = plan.survey
    incomplete = incomplete_columns(universe, survey.new_records, plan.contents.inferred, plan.chosen)
    completed = completed_columns((r.element, r.instrument, r.completion) for r in survey.completed_records)
    return {
        name: (*completed.get(name, ()), *incomplete.get(name, ())) for name in {**completed, **incomplete}
    }


def _count(entries: Iterable[Entry]) -> Counter[str]:
    return Counter(entry.instrument for entry in entries)
