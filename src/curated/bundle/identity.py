"""The datasets that the calibrations of a package are in a repository, before they are converted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from curated.check.report import Report
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.times import compact, parse_time, tai_nanoseconds
from curated.datasets.names import UNBOUNDED
from curated.datasets.record import DataId, Dataset, Key, data_id_of, dataset_uuid
from curated.datasets.spans import Span
from curated.package.instrument import Instrument
from curated.registry import get_type


def validity_times(report: Report) -> dict[datetime, int]:
    """Return the start and end of all validity ranges of a package in nanoseconds since 1970-01-01 TAI."""
    ranges = [report.ranges[file.path] for file in report.files]
    return tai_nanoseconds(time for valid in ranges for time in (valid.start, valid.end) if time is not None)


def package_datasets(
    report: Report, instruments: Mapping[str, Instrument], label: str, times: Mapping[datetime, int]
) -> dict[str, Dataset]:
    """Return the datasets that the calibrations of a package are under a release label, by path of the file.

    Calibrations out of use are among them: they count when runs are named, so that runs are the same before and after.

    Parameters
    ----------
    report : `Report`
        Result of the check.
    instruments : `dict` [`str`, `Instrument`]
        All instruments of the package, by directory.
    label : `str`
        Label of the release.
    times : `dict` [`datetime.datetime`, `int`]
        Result of `validity_times`.

    Raises
    ------
    CuratedError
        If the detector, the filter or the CALIBDATE of a calibration is not known.
    """
    runs: set[tuple[str, Key]] = set()
    datasets = {}
    for file in report.files:
        valid = report.ranges[file.path]
        begin = None if is_unbounded(file) else times[valid.start]
        span = Span.of(begin, times[valid.end] if valid.end else None)
        instrument = instruments[file.key.instrument]
        keywords = report.reports[file.path].keywords
        datasets[file.path] = _dataset(file, instrument, str(keywords.get("CALIBDATE")), label, span, runs)
    return datasets


def is_unbounded(file: CalibFile) -> bool:
    """Return whether a calibration has no start in a repository: a camera file of the stack from the earliest time on.

    The stack's own writer certifies its camera without bounds.
    """
    return file.start <= _EARLIEST and get_type(file.key.type).SPEC.verbatim


_EARLIEST = datetime(1970, 1, 1)


def _dataset(
    file: CalibFile,
    instrument: Instrument,
    calibdate: str,
    label: str,
    span: Span,
    runs: set[tuple[str, Key]],
) -> Dataset:
    spec = get_type(file.key.type).SPEC
    data_id = _data_id(file, instrument)
    try:
        date = parse_time(calibdate)
    except ValueError as error:
        raise _unknown(file, "CALIBDATE") from error
    collection = f"{instrument.name}/calib/{label}"
    run = name_run(collection, file, date, (spec.dataset, data_id), runs)
    return Dataset(
        spec.dataset,
        data_id,
        span,
        uuid=dataset_uuid(spec.dataset, run, data_id),
        run=run,
        collection=collection,
    )


def _data_id(file: CalibFile, instrument: Instrument) -> DataId:
    spec = get_type(file.key.type).SPEC
    values: dict[str, int | str] = {"instrument": instrument.name}
    try:
        if spec.has_detector:
            values["detector"] = instrument.detectors[file.key.detector].id
        if spec.has_filter:
            values["physical_filter"] = instrument.filters[file.key.filter].name
    except KeyError as error:
        raise _unknown(file, error.args[0]) from error
    return data_id_of(values)


def _unknown(file: CalibFile, name: str) -> CuratedError:
    # The check has found it, and curated.yaml silences it.
    return CuratedError(
        f"{file.path} cannot be bundled: {name} is not known", "do not silence what it finds in this file"
    )


def name_run(
    collection: str, file: CalibFile, calibdate: datetime, key: Key, runs: set[tuple[str, Key]]
) -> str:
    """Return the RUN of a dataset, by its CALIBDATE as the stack names them, and add it to those in use.

    A RUN holds one dataset of a type and data ID: a second epoch of the same CALIBDATE gets its own,
    named by its start as well.
    """
    dataset_type, data_id = key
    if len(data_id) == 1 and dataset_type in UNBOUNDED:
        run = f"{collection}/unbounded"
    else:
        run = f"{collection}/curated/{compact(calibdate)}Z"
    if (run, key) in runs:
        run = f"{run}/{compact(file.start)}Z"
    runs.add((run, key))
    return run
