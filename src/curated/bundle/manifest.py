"""The manifest of a bundle: every file, what it is, where it comes from and when it is in force."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from curated.bundle.base import Base
from curated.bundle.contents import Entry
from curated.bundle.identity import is_unbounded, package_datasets, validity_times
from curated.check.report import Report
from curated.convert import Converted
from curated.convert.origin import Origin
from curated.core.keys import CalibFile
from curated.core.times import iso
from curated.core.version import __version__
from curated.datasets.record import Dataset
from curated.datasets.spans import FIRST_NS, LAST_NS
from curated.package.instrument import Instrument
from curated.package.validity import Range
from curated.registry import get_type
from curated.schema.manifest import FORMAT, VERSION


def make_manifest(
    origin: Origin,
    label: str,
    report: Report,
    instruments: Mapping[str, Instrument],
    converted: Sequence[Converted],
    base: Base | None = None,
) -> dict[str, Any]:
    """Return the manifest of a bundle.

    Parameters
    ----------
    origin : `Origin`
        Commit and Git metadata of the files.
    label : `str`
        Label of the release.
    report : `Report`
        Result of the check.
    instruments : `dict` [`str`, `Instrument`]
        All instruments of the package, by directory.
    converted : sequence [`Converted`]
        FITS files, in the order of the manifest.
    base : `Base`, optional
        Datasets of an earlier release; datasets that are the same refer to them.
    """
    directories = sorted({c.file.key.instrument for c in converted})
    times = validity_times(report)
    entries = make_entries(label, report, instruments, converted, times)
    if base is not None:
        entries = [base.refer(entry) for entry in entries]
    return {
        "format": FORMAT,
        "version": VERSION,
        "curated": __version__,
        "repository": {"sha1": origin.sha1, "url": origin.url, "dirty": origin.dirty, "label": label},
        "base": base.name if base is not None else None,
        "instruments": [_instrument(instruments[d], label) for d in directories],
        "dataset_types": _dataset_types(converted),
        "datasets": [
            _plain_entry(entry, c, origin, _validity(c.file, report.ranges[c.file.path], times))
            for entry, c in zip(entries, converted, strict=True)
        ],
        "deprecated": _deprecated(origin, report),
    }


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """Return a manifest as text, the same for the same manifest."""
    return json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def make_entries(
    label: str,
    report: Report,
    instruments: Mapping[str, Instrument],
    converted: Iterable[Converted],
    times: Mapping[datetime, int] | None = None,
) -> list[Entry]:
    """Return the datasets of a bundle, in the order of its files.

    Parameters
    ----------
    label : `str`
        Label of the release.
    report : `Report`
        Result of the check.
    instruments : `dict` [`str`, `Instrument`]
        All instruments of the package, by directory.
    converted : iterable [`Converted`]
        The FITS files; those that were not written are listed without a path.
    times : `dict`, optional
        Result of `curated.bundle.identity.validity_times`.
    """
    times = validity_times(report) if times is None else times
    datasets = package_datasets(report, instruments, label, times)
    return [_entry(datasets[c.file.path], c) for c in converted]


def _entry(dataset: Dataset, converted: Converted) -> Entry:
    return Entry.of(
        replace(dataset, content=converted.content),
        path=f"files/{converted.path}" if converted.fits else "",
        sha256=converted.sha256,
        size=converted.size,
        recipe=converted.recipe,
    )


def _plain_entry(
    entry: Entry, converted: Converted, origin: Origin, validity: Mapping[str, Any]
) -> dict[str, Any]:
    data_id, provenance = dict(entry.data_id), converted.provenance
    return {
        "uuid": entry.uuid,
        "dataset_type": entry.dataset_type,
        "run": entry.run,
        "collection": entry.collection,
        "data_id": {name: data_id[name] for name in get_type(converted.file.key.type).SPEC.dimensions},
        "validity": validity,
        "path": entry.path or None,
        # Of a dataset in a repository or an earlier commit, only the content is known.
        "sha256": entry.sha256 or None,
        "size": entry.size or None,
        "content": entry.content,
        "recipe": entry.recipe,
        "provenance": {
            "path": f"files/{provenance.path}",
            "sha256": provenance.sha256,
            "size": provenance.size,
        }
        if provenance and entry.path
        else None,
        "source": _source(converted.file, origin, converted.blob),
    }


def _validity(file: CalibFile, valid: Range, times: Mapping[datetime, int]) -> dict[str, Any]:
    """Return a range in UTC and TAI; it is open where a repository cannot hold its end."""
    begin = valid.start if times[valid.start] >= FIRST_NS and not is_unbounded(file) else None
    end = valid.end if valid.end and times[valid.end] <= LAST_NS else None
    return {
        "begin": f"{iso(begin)}Z" if begin else None,
        "end": f"{iso(end)}Z" if end else None,
        "begin_tai_ns": times[begin] if begin else None,
        "end_tai_ns": times[end] if end else None,
    }


def _instrument(instrument: Instrument, label: str) -> dict[str, Any]:
    return {
        "name": instrument.name,
        "directory": instrument.directory,
        **_inferred(instrument.inferred),
        **({"aliases": list(instrument.aliases)} if instrument.aliases else {}),
        "class_name": instrument.class_name or None,
        "detector_max": instrument.detector_max,
        "visit_max": instrument.visit_max,
        "exposure_max": instrument.exposure_max,
        "visit_system": instrument.visit_system,
        "detectors": [
            {
                "id": d.id,
                "full_name": d.name,
                "name_in_raft": d.slot or None,
                "raft": d.raft or None,
                "purpose": d.purpose or None,
                **_inferred(_DETECTOR_KEYS[key] for key in d.inferred if getattr(d, key)),
            }
            for d in sorted(instrument.detectors.values(), key=lambda d: d.id)
        ],
        "filters": [
            {"name": f.name, "band": f.band, **_inferred(f.inferred)}
            for f in sorted(instrument.filters.values(), key=lambda f: f.name)
        ],
        "collections": {
            "calibration": f"{instrument.name}/calib/{label}",
            "chain": f"{instrument.name}/calib",
        },
    }


_DETECTOR_KEYS = {"name": "full_name", "slot": "name_in_raft", "raft": "raft"}


def _inferred(keys: Iterable[str]) -> dict[str, list[str]]:
    """Return the list of keys whose values nobody declared; nothing where all are declared, as in older manifests."""
    names = sorted(keys)
    return {"inferred": names} if names else {}


def _dataset_types(converted: Iterable[Converted]) -> list[dict[str, Any]]:
    specs = {c.file.key.type: get_type(c.file.key.type).SPEC for c in converted}
    return [
        {
            "name": spec.dataset,
            "dimensions": list(spec.dimensions),
            "storage_class": spec.storage_class,
            "is_calibration": True,
        }
        for _, spec in sorted(specs.items())
    ]


def _source(file: CalibFile, origin: Origin, blob: str | None) -> dict[str, Any]:
    return {
        "path": f"{origin.prefix}{file.source}",
        "blob": blob,
        "commit": origin.last_commits[file.source].sha1 if file.source in origin.last_commits else None,
    }


def _deprecated(origin: Origin, report: Report) -> list[dict[str, Any]]:
    """Return the calibrations out of use, and why: the record goes where the calibration does not."""
    deprecated = []
    for file in report.files:
        valid = report.ranges[file.path]
        if valid.deprecation is not None:
            deprecated.append(
                {
                    "dataset_type": get_type(file.key.type).SPEC.dataset,
                    **{key: value for key, value in asdict(file.key).items() if value and key != "type"},
                    **asdict(valid.deprecation),
                    "source": _source(file, origin, origin.blobs.get(file.source)),
                    "validity": {
                        "begin": f"{iso(valid.start)}Z",
                        "end": f"{iso(valid.end)}Z" if valid.end else None,
                    },
                }
            )
    return deprecated
