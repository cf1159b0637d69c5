"""What an import did, or would do: plain data for people and programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from curated.core.diagnostic import Diagnostic, has_errors

REPORT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentReport:
    """What an import did for one instrument.

    Parameters
    ----------
    name : `str`
        The instrument.
    datasets_new, datasets_present : `int`
        Datasets that were ingested, and that the repository had already.
    datasets_restored : `int`
        Of those present, the ones whose file was missing and was put back.
    datasets_conflicting : `int`
        Datasets whose place another one has.
    certifications_new, certifications_present : `int`
        Validity ranges that were certified, and that were certified already.
    certifications_conflicting : `int`
        Validity ranges that overlap another one, of the repository or of the bundle.
    records_new, records_equal, records_different : `int`
        Dimension records that were inserted, were there already, or were there and say something else.
    differences : `tuple` [`str`]
        Which records say something else, and what.
    chain : `str`
        The chain of recommended collections.
    chain_before, chain_after : `tuple` [`str`]
        Its members; before is `None` where there was no chain.
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
    chain: str = ""
    chain_before: tuple[str, ...] | None = None
    chain_after: tuple[str, ...] | None = None

    @property
    def changed(self) -> bool:
        """Whether anything of this instrument is new."""
        new = self.datasets_new + self.datasets_restored + self.certifications_new + self.records_new
        return new > 0 or self.chain_before != self.chain_after


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or would do.

    Parameters
    ----------
    bundle, repository : `str`
        From where, and into what.
    transfer : `str`
        How files go into the repository.
    dry_run : `bool`
        Whether the counts are only what an import would do.
    created : `bool`
        Whether the repository is new.
    label : `str`
        The release; empty where the manifest could not be read.
    planned : `bool`
        Whether datasets and certifications were held against the repository; errors can stop it before.
    instruments : `tuple` [`InstrumentReport`]
        What was done for each; empty where errors stopped the import before it was planned.
    bytes_copied : `int`
        Size of the files that were copied, or would be; links and references copy nothing.
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
    removed: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no error stopped the import."""
        return not has_errors(self.diagnostics)

    @property
    def changed(self) -> bool:
        """Whether the import changed the repository, or would."""
        return self.ok and (self.created or bool(self.removed) or any(i.changed for i in self.instruments))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for machine-readable output."""
        return {
            "version": REPORT_VERSION,
            **asdict(self),
            "instruments": [_plain(asdict(i)) for i in self.instruments],
            "removed": list(self.removed),
            "diagnostics": [d.to_dict() for d in self.diagnostics],
            "ok": self.ok,
            "changed": self.changed,
        }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
