"""The manifest of a bundle: every file, what it is, where it comes from and when it is valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from curated.bundle.base import Base
from curated.bundle.identity import identities
from curated.check.report import Report
from curated.convert import Converted
from curated.convert.origin import Origin
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.times import iso
from curated.core.version import __version__
from curated.package.instrument import Instrument
from curated.registry import get_type

FORMAT = "curated-bundle"
VERSION = 1

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def check_label(label: str, hint: str = "use letters, digits, '.', '_' and '-'") -> str:
    """Return a release label that can stand in a collection's name.

    Raises
    ------
    CuratedError
        If it cannot.
    """
    if not _LABEL.match(label):
        raise CuratedError(f"{label!r} cannot be a label", hint)
    return label


def make_manifest(
    origin: Origin,
    label: str,
    report: Report,
    instruments: Mapping[str, Instrument],
    converted: Iterable[Converted],
    base: Base | None = None,
) -> dict[str, Any]:
    """Return the manifest of a bundle.

    Parameters
    ----------
    origin : `Origin`
        The commit.
    label : `str`
        Release label.
    report : `Report`
        Result of the check.
    instruments : `dict` [`str`, `Instrument`]
        All instruments of the package, by directory.
    converted : iterable [`Converted`]
        The FITS files.
    base : `Base`, optional
        What exists already; datasets that are the same refer to it.
    """
    listed = list(converted)
    directories = sorted({c.file.key.instrument for c in listed})
    # What is out of use counts where runs are named, so that they are the same before and after.
    known = identities(report, instruments, report.files, label)
    datasets = [{**known[c.file.path], **_file(c, origin)} for c in listed]
    if base is not None:
        datasets = [base.refer(dataset) for dataset in datasets]
    return {
        "format": FORMAT,
        "version": VERSION,
        "curated": __version__,
        "repository": {"sha1": origin.sha1, "url": origin.url, "dirty": origin.dirty, "label": label},
        "base": base.name if base is not None else None,
        "instruments": [_instrument(instruments[d], label) for d in directories],
        "dataset_types": _dataset_types(listed),
        "datasets": datasets,
        "deprecated": _deprecated(origin, report),
    }


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """Return a manifest as text, the same for the same manifest."""
    return json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _instrument(instrument: Instrument, label: str) -> dict[str, Any]:
    return {
        "name": instrument.name,
        "directory": instrument.directory,
        "class_name": instrument.class_name or None,
        "detector_max": None,
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
            }
            for d in sorted(instrument.detectors.values(), key=lambda d: d.id)
        ],
        "filters": [
            {"name": f.name, "band": f.band}
            for f in sorted(instrument.filters.values(), key=lambda f: f.name)
        ],
        "collections": {
            "calibration": f"{instrument.name}/calib/{label}",
            "chain": f"{instrument.name}/calib",
        },
    }


def _dataset_types(listed: Iterable[Converted]) -> list[dict[str, Any]]:
    specs = {c.file.key.type: get_type(c.file.key.type).SPEC for c in listed}
    return [
        {
            "name": spec.dataset,
            "dimensions": list(spec.dimensions),
            "storage_class": spec.storage_class,
            "is_calibration": True,
        }
        for _, spec in sorted(specs.items())
    ]


def _file(converted: Converted, origin: Origin) -> dict[str, Any]:
    """Return what a dataset's file is, and where it comes from."""
    beside = converted.provenance
    described = (
        {"path": f"files/{beside.path}", "sha256": beside.sha256, "size": beside.size} if beside else None
    )
    return {
        "path": f"files/{converted.path}" if converted.fits else None,
        "sha256": converted.sha256,
        "size": converted.size,
        "content": converted.content,
        "recipe": converted.recipe,
        "provenance": described,
        "source": _source(converted.file, origin, converted.blob),
    }


def _source(file: CalibFile, origin: Origin, blob: str | None) -> dict[str, Any]:
    return {
        "path": f"{origin.prefix}{file.path}",
        "blob": blob,
        "commit": origin.last_commits[file.path].sha1 if file.path in origin.last_commits else None,
    }


def _deprecated(origin: Origin, report: Report) -> list[dict[str, Any]]:
    """Return what is out of use and why, so that the record goes where the calibration does not."""
    listed = []
    for file in report.files:
        valid = report.ranges[file.path]
        if valid.deprecation is not None:
            listed.append(
                {
                    "dataset_type": get_type(file.key.type).SPEC.dataset,
                    **{key: value for key, value in asdict(file.key).items() if value and key != "type"},
                    **asdict(valid.deprecation),
                    "source": _source(file, origin, origin.blobs.get(file.path)),
                    "validity": {
                        "begin": f"{iso(valid.start)}Z",
                        "end": f"{iso(valid.end)}Z" if valid.end else None,
                    },
                }
            )
    return listed
