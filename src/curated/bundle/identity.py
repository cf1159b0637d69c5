"""What a calibration is in a repository: UUID, data ID, run, collection and validity, before it is converted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from curated.check.report import Report
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.times import compact, iso, parse_time, tai_nanoseconds
from curated.datasets.record import data_id_of, dataset_uuid
from curated.package.instrument import Instrument
from curated.registry import get_type


def identities(
    report: Report, instruments: Mapping[str, Instrument], files: Iterable[CalibFile], label: str
) -> dict[str, dict[str, Any]]:
    """Return what calibrations are in a repository under a release label, by path.

    Parameters
    ----------
    report : `Report`
        Result of the check.
    instruments : `dict` [`str`, `Instrument`]
        All instruments of the package, by directory.
    files : iterable [`CalibFile`]
        The calibrations; those that are out of use among them, whose runs nothing else may take.
    label : `str`
        Release label.

    Returns
    -------
    identities : `dict` [`str`, `dict`]
        By path, for each its ``uuid``, ``dataset_type``, ``run``, ``collection``, ``data_id`` and ``validity``, as the manifest
        of a bundle has them.
    """
    listed = list(files)
    times = {t for file in listed for t in _ends(report, file) if t is not None}
    tai = tai_nanoseconds(times)
    runs: set[tuple[str, str, str]] = set()
    return {
        file.path: _identity(file, report, instruments[file.key.instrument], label, tai, runs)
        for file in listed
    }


def _ends(report: Report, file: CalibFile) -> tuple[datetime, datetime | None]:
    valid = report.ranges[file.path]
    return valid.start, valid.end


def _identity(
    file: CalibFile,
    report: Report,
    instrument: Instrument,
    label: str,
    tai: Mapping[datetime, int],
    runs: set[tuple[str, str, str]],
) -> dict[str, Any]:
    spec = get_type(file.key.type).SPEC
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
    run = _run(collection, file, calibdate, spec.dataset, data_id, runs)
    start, end = _ends(report, file)
    return {
        "uuid": dataset_uuid(spec.dataset, run, data_id_of(data_id)),
        "dataset_type": spec.dataset,
        "run": run,
        "collection": collection,
        "data_id": data_id,
        "validity": {
            "begin": f"{iso(start)}Z",
            "end": f"{iso(end)}Z" if end else None,
            "begin_tai_ns": tai[start],
            "end_tai_ns": tai[end] if end else None,
        },
    }


def _run(
    collection: str,
    file: CalibFile,
    calibdate: datetime,
    dataset: str,
    data_id: Mapping[str, Any],
    runs: set[tuple[str, str, str]],
) -> str:
    """Return the RUN of a dataset, by its CALIBDATE as the stack names them.

    A RUN holds one dataset of a type and data ID: a second epoch of the same CALIBDATE gets its own,
    named by its start as well.
    """
    if len(data_id) == 1 and dataset == "camera_geometry":
        run = f"{collection}/unbounded"
    else:
        run = f"{collection}/curated/{compact(calibdate)}Z"
    identity = json.dumps(data_id, sort_keys=True)
    if (run, dataset, identity) in runs:
        run = f"{run}/{compact(file.start)}Z"
    runs.add((run, dataset, identity))
    return run
