"""The manifest of a bundle: every file, what it is, where it comes from and when it is valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from curated.bundle.base import Base
from curated.bundle.export import dataset_uuid
from curated.check.report import Report
from curated.convert import Converted
from curated.diagnostic import CuratedError
from curated.instrument import Instrument
from curated.origin import Origin
from curated.registry import get_type
from curated.times import compact, iso, parse_time, tai_nanoseconds
from curated.version import __version__

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
    origin: Origin, label: str, report: Report, converted: Iterable[Converted], base: Base | None = None
) -> dict[str, Any]:
    """Return the manifest of a bundle.

    Parameters
    ----------
    origin : `Origin`
        The commit.
    label : `str`
        Release label.
    report : `Report`
        What the check found out: instruments and validity.
    converted : iterable [`Converted`]
        The FITS files.
    base : `Base`, optional
        What exists already; datasets that are the same refer to it.
    """
    listed = list(converted)
    times = {t for c in listed for t in _ends(report, c.file.path) if t is not None}
    tai = tai_nanoseconds(times)
    directories = sorted({c.file.key.instrument for c in listed})
    runs: set[tuple[str, str, str]] = set()
    datasets = [_dataset(c, origin, label, report, tai, runs) for c in listed]
    if base is not None:
        datasets = [base.referring(dataset) for dataset in datasets]
    return {
        "format": FORMAT,
        "version": VERSION,
        "curated": __version__,
        "repository": {"sha1": origin.sha1, "url": origin.url, "dirty": origin.dirty, "label": label},
        "base": base.name if base is not None else None,
        "instruments": [_instrument(report.instruments[d], label) for d in directories],
        "dataset_types": _dataset_types(listed),
        "datasets": datasets,
    }


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """Return a manifest as text, the same for the same manifest."""
    return json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _ends(report: Report, path: str) -> tuple[datetime, datetime | None]:
    valid = report.ranges[path]
    return valid.start, valid.end


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


def _dataset(
    converted: Converted,
    origin: Origin,
    label: str,
    report: Report,
    tai: Mapping[datetime, int],
    runs: set[tuple[str, str, str]],
) -> dict[str, Any]:
    file = converted.file
    spec = get_type(file.key.type).SPEC
    instrument = report.instruments[file.key.instrument]
    data_id: dict[str, Any] = {"instrument": instrument.name}
    try:
        if spec.has_detector:
            data_id["detector"] = instrument.detectors[file.key.detector].id
        if spec.has_filter:
            data_id["physical_filter"] = instrument.filters[file.key.filter].name
        calibdate = parse_time(str(report.reports[file.path].keywords["CALIBDATE"]))
    except (KeyError, ValueError) as error:
        # The check has found it, and curated.yaml silences it.
        hint = "do not silence what it finds in this file"
        raise CuratedError(f"{file.path} cannot be bundled: {error.args[0]} is not known", hint) from error
    collection = f"{instrument.name}/calib/{label}"
    run = _run(collection, converted, calibdate, spec.dataset, data_id, runs)
    start, end = _ends(report, file.path)
    beside = converted.provenance
    described = (
        {"path": f"files/{beside.path}", "sha256": beside.sha256, "size": beside.size} if beside else None
    )
    return {
        "uuid": dataset_uuid(spec.dataset, run, data_id),
        "dataset_type": spec.dataset,
        "run": run,
        "collection": collection,
        "data_id": data_id,
        "path": f"files/{converted.path}" if converted.fits else None,
        "sha256": converted.sha256,
        "size": converted.size,
        "content": converted.content,
        "recipe": converted.recipe,
        "provenance": described,
        "source": {
            "path": f"{origin.prefix}{file.path}",
            "blob": converted.blob,
            "commit": origin.changes[file.path].sha1 if file.path in origin.changes else None,
        },
        "validity": {
            "begin": f"{iso(start)}Z",
            "end": f"{iso(end)}Z" if end else None,
            "begin_tai_ns": tai[start],
            "end_tai_ns": tai[end] if end else None,
        },
    }


def _run(
    collection: str,
    converted: Converted,
    calibdate: datetime,
    dataset: str,
    data_id: Mapping[str, Any],
    runs: set[tuple[str, str, str]],
) -> str:
    """Return the RUN of a dataset, by its CALIBDATE as the stack names them.

    A RUN holds one dataset of a type and data ID: a second epoch of the same CALIBDATE gets its own,
    named by its start as well.
    """
    file = converted.file
    if len(data_id) == 1 and dataset == "camera_geometry":
        run = f"{collection}/unbounded"
    else:
        run = f"{collection}/curated/{compact(calibdate)}Z"
    identity = json.dumps(data_id, sort_keys=True)
    if (run, dataset, identity) in runs:
        run = f"{run}/{compact(file.start)}Z"
    runs.add((run, dataset, identity))
    return run
