"""The export file of a bundle, which stock ``butler import`` reads; it is written without Butler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from curated.datasets.spans import Span, tai_text
from curated.text.yaml.writer import compact_flow, compact_scalar

EXPORT_VERSION = "1.0.2"
UNIVERSE_VERSION = 8
"""Version of the dimension universe of the records; a Butler with another version reads them as well."""

STOCK_FORMATTER = "lsst.daf.butler.tests.testFormatters.SingleExtensionFormatter"
"""The only formatter in lsst-daf-butler itself that accepts FITS files."""

_INSTRUMENT_KEYS = ("name", "detector_max", "visit_max", "exposure_max", "visit_system", "class_name")
_DETECTOR_KEYS = ("id", "full_name", "name_in_raft", "raft", "purpose")

Record = dict[str, Any]


def dimension_records(manifest: Mapping[str, Any]) -> dict[str, list[Record]]:
    """Return the dimension records of a manifest by element, in the order of insertion.

    Unknown values are left out; a filter without a band gets its own name, as in the LSST stack.
    """
    records: dict[str, list[Record]] = {"instrument": [], "physical_filter": [], "detector": []}
    for instrument in manifest["instruments"]:
        name = instrument["name"]
        records["instrument"].append(_present(instrument, _INSTRUMENT_KEYS))
        records["physical_filter"] += [
            {"instrument": name, "name": f["name"], "band": f.get("band") or f["name"]}
            for f in instrument["filters"]
        ]
        records["detector"] += [
            {"instrument": name, **_present(d, _DETECTOR_KEYS)} for d in instrument["detectors"]
        ]
    return records


def write_export(manifest: Mapping[str, Any], stream: TextIO) -> None:
    """Write a Butler export file with all datasets of a manifest.

    There is no CHAINED collection in it, which would replace the site's chain, and no formatter, so that the
    repository's own configuration decides.
    """
    stream.write(
        "description: Butler Data Repository Export\n"
        f"version: {EXPORT_VERSION}\n"
        f"universe_version: {UNIVERSE_VERSION}\n"
        "universe_namespace: daf_butler\n"
        "data:\n"
    )
    for part in (_dimensions, _collections, _dataset_types, _datasets, _associations):
        stream.writelines(part(manifest))


def write_seed(dataset_types: Iterable[str], stream: TextIO) -> None:
    """Write a configuration for ``butler create --seed-config`` with which stock Butler imports the bundle.

    Parameters
    ----------
    dataset_types : iterable [`str`]
        Names of all dataset types that the repository is to accept, now and later.
    stream : `io.TextIOBase`
        The file to write to.
    """
    stream.write(
        "# For a site with neither the LSST stack nor curated:\n"
        "#   butler create REPO --seed-config butler-seed.yaml\n"
        "#   butler import REPO BUNDLE --export-file export.yaml -t copy\n"
        "# Butler then finds each dataset and its file, but cannot read it into an object: open the file.\n"
        "# Where the stack or curated is installed, do not use this; 'curated import' needs no seed.\n"
        "datastore:\n"
        "  formatters:\n"
    )
    stream.writelines(
        f"    {compact_scalar(name)}: {STOCK_FORMATTER}\n" for name in sorted(set(dataset_types))
    )


def _present(source: Mapping[str, Any], keys: Iterable[str]) -> Record:
    """Return the values that are known."""
    return {key: source[key] for key in keys if source.get(key) is not None}


def _dimensions(manifest: Mapping[str, Any]) -> Iterator[str]:
    for element, records in dimension_records(manifest).items():
        if records:
            yield f"- type: dimension\n  element: {element}\n  records:\n"
            yield from (f"  - {compact_flow(record)}\n" for record in records)


def _collections(manifest: Mapping[str, Any]) -> Iterator[str]:
    repository = manifest["repository"]
    doc = f"Curated calibrations of {repository.get('url') or 'a package'} at commit {repository['sha1']}"
    for run in sorted({dataset["run"] for dataset in manifest["datasets"]}):
        yield (
            f"- type: collection\n  collection_type: RUN\n  name: {compact_scalar(run)}\n  doc: {compact_scalar(doc)}\n"
            "  host: null\n  timespan_begin: null\n  timespan_end: null\n"
        )
    for collection in sorted({dataset["collection"] for dataset in manifest["datasets"]}):
        yield (
            "- type: collection\n  collection_type: CALIBRATION\n"
            f"  name: {compact_scalar(collection)}\n  doc: {compact_scalar(doc)}\n"
        )


def _dataset_types(manifest: Mapping[str, Any]) -> Iterator[str]:
    for entry in manifest["dataset_types"]:
        yield (
            f"- type: dataset_type\n  name: {compact_scalar(entry['name'])}\n"
            f"  dimensions: {compact_flow(entry['dimensions'])}\n"
            f"  storage_class: {compact_scalar(entry['storage_class'])}\n"
            f"  is_calibration: {compact_scalar(entry['is_calibration'])}\n"
        )


def _datasets(manifest: Mapping[str, Any]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for dataset in manifest["datasets"]:
        groups.setdefault((dataset["dataset_type"], dataset["run"]), []).append(dataset)
    for (dataset_type, run), members in groups.items():
        yield (
            f"- type: dataset\n  dataset_type: {compact_scalar(dataset_type)}\n  run: {compact_scalar(run)}\n  records:\n"
        )
        for dataset in members:
            yield (
                f"  - dataset_id: [!uuid {dataset['uuid']}]\n"
                f"    data_id: [{compact_flow(dataset['data_id'])}]\n"
                f"    path: {compact_scalar(dataset['path'])}\n"
            )


def _associations(manifest: Mapping[str, Any]) -> Iterator[str]:
    # One entry for each range: a second one of the same range would replace the first without a word.
    ranges: dict[str, dict[Span, list[str]]] = {}
    for dataset in manifest["datasets"]:
        of_collection = ranges.setdefault(dataset["collection"], {})
        span = Span.of(dataset["validity"]["begin_tai_ns"], dataset["validity"]["end_tai_ns"])
        of_collection.setdefault(span, []).append(dataset["uuid"])
    for collection, by_range in ranges.items():
        yield (
            f"- type: associations\n  collection: {compact_scalar(collection)}\n"
            "  collection_type: CALIBRATION\n  validity_ranges:\n"
        )
        for span, ids in by_range.items():
            begin, end = span.bounds
            yield (
                f"  - timespan: !lsst.daf.butler.Timespan {{begin: {time_tag(begin)}, end: {time_tag(end)}}}\n"
                "    dataset_ids:\n"
            )
            yield from (f"    - !uuid {dataset_id}\n" for dataset_id in ids)


def time_tag(nanoseconds: int | None) -> str:
    """Return a TAI time as YAML that Butler reads; `None` is an open end."""
    if nanoseconds is None:
        return "null"
    # Butler wants a blank between date and time.
    return f"!butler_time/tai/iso '{tai_text(nanoseconds, decimals=9).replace('T', ' ')}'"
