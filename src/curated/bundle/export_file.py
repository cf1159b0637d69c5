"""The export file of a bundle, which stock ``butler import`` reads; it is written without Butler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TextIO

from curated.datasets.record import DataId
from curated.datasets.spans import Span, tai_text
from curated.text.yaml.writer import compact_flow, compact_scalar

DOC = "Curated calibrations of"
"""Begin of the documentation of every collection of a release, also of those that the export file makes."""

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


def inferred_keys(manifest: Mapping[str, Any]) -> dict[tuple[str, str, Any], frozenset[str]]:
    """Return the keys of dimension records that nobody declared, by element, instrument, and number or name.

    Records without such keys are left out; so are all of a manifest that does not say what was inferred.
    """
    keys: dict[tuple[str, str, Any], frozenset[str]] = {}
    for instrument in manifest["instruments"]:
        name = instrument["name"]
        for element, key, members in (
            ("instrument", "name", [instrument]),
            ("physical_filter", "name", instrument["filters"]),
            ("detector", "id", instrument["detectors"]),
        ):
            for values in members:
                inferred = {*values.get("inferred", ())}
                if element == "physical_filter" and not values.get("band"):
                    inferred.add("band")
                if inferred:
                    keys[element, name, values[key]] = frozenset(inferred)
    return keys


class ExportedDataset(NamedTuple):
    """A dataset of an export file.

    Parameters
    ----------
    data_id : `tuple`
        Dimensions and values in the order of the dimensions of the dataset type.
    path : `str`
        Path of its file in the bundle.
    """

    dataset_type: str
    data_id: DataId
    span: Span
    uuid: str
    run: str
    collection: str
    path: str


def write_export(manifest: Mapping[str, Any], stream: TextIO) -> None:
    """Write a Butler export file with all datasets of a manifest.

    There is no CHAINED collection in it, which would replace the site's chain, and no formatter, so that the
    repository's own configuration decides.
    """
    repository, kinds = manifest["repository"], manifest["dataset_types"]
    doc = f"{DOC} {repository.get('url') or 'a package'} at commit {repository['sha1']}"
    types = [(kind["name"], kind["dimensions"], kind["storage_class"]) for kind in kinds]
    dimensions = {name: names for name, names, _ in types}
    datasets = [
        ExportedDataset(
            dataset["dataset_type"],
            tuple((name, dataset["data_id"][name]) for name in dimensions[dataset["dataset_type"]]),
            Span.of(dataset["validity"]["begin_tai_ns"], dataset["validity"]["end_tai_ns"]),
            dataset["uuid"],
            dataset["run"],
            dataset["collection"],
            dataset["path"],
        )
        for dataset in manifest["datasets"]
    ]
    stream.writelines(export_parts(dimension_records(manifest), doc, types, datasets))


def export_parts(
    records: Mapping[str, Sequence[Record]],
    doc: str,
    types: Iterable[tuple[str, Sequence[str], str]],
    datasets: Sequence[ExportedDataset],
) -> Iterator[str]:
    """Yield the text of an export file in parts of whole lines.

    Parameters
    ----------
    records : `dict`
        Dimension records by element.
    doc : `str`
        Documentation of the collections.
    types : iterable [`tuple`]
        Name, dimensions and storage class of each dataset type.
    """
    yield (
        "description: Butler Data Repository Export\n"
        f"version: {EXPORT_VERSION}\n"
        f"universe_version: {UNIVERSE_VERSION}\n"
        "universe_namespace: daf_butler\n"
        "data:\n"
    )
    yield from _dimensions(records)
    yield from _collections(datasets, doc)
    yield from _dataset_types(types)
    yield from _datasets(datasets)
    yield from _associations(datasets)


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


def _dimensions(records: Mapping[str, Sequence[Record]]) -> Iterator[str]:
    for element, members in records.items():
        if members:
            yield f"- type: dimension\n  element: {element}\n  records:\n"
            yield from (f"  - {compact_flow(record)}\n" for record in members)


def _collections(datasets: Sequence[ExportedDataset], doc: str) -> Iterator[str]:
    for run in sorted({dataset.run for dataset in datasets}):
        yield (
            f"- type: collection\n  collection_type: RUN\n  name: {compact_scalar(run)}\n  doc: {compact_scalar(doc)}\n"
            "  host: null\n  timespan_begin: null\n  timespan_end: null\n"
        )
    for collection in sorted({dataset.collection for dataset in datasets}):
        yield (
            "- type: collection\n  collection_type: CALIBRATION\n"
            f"  name: {compact_scalar(collection)}\n  doc: {compact_scalar(doc)}\n"
        )


def _dataset_types(types: Iterable[tuple[str, Sequence[str], str]]) -> Iterator[str]:
    for name, dimensions, storage_class in types:
        yield (
            f"- type: dataset_type\n  name: {compact_scalar(name)}\n"
            f"  dimensions: {compact_flow(list(dimensions))}\n"
            f"  storage_class: {compact_scalar(storage_class)}\n"
            "  is_calibration: true\n"
        )


def _datasets(datasets: Iterable[ExportedDataset]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[ExportedDataset]] = {}
    for dataset in datasets:
        groups.setdefault((dataset.dataset_type, dataset.run), []).append(dataset)
    for (dataset_type, run), members in groups.items():
        yield (
            f"- type: dataset\n  dataset_type: {compact_scalar(dataset_type)}\n  run: {compact_scalar(run)}\n  records:\n"
        )
        for dataset in members:
            yield (
                f"  - dataset_id: [!uuid {dataset.uuid}]\n"
                f"    data_id: [{_data_id_text(dataset.data_id)}]\n"
                f"    path: {compact_scalar(dataset.path)}\n"
            )


@lru_cache(maxsize=1 << 12)
def _data_id_text(data_id: DataId) -> str:
    return compact_flow(dict(data_id))


def _associations(datasets: Iterable[ExportedDataset]) -> Iterator[str]:
    # One entry for each range: a second one of the same range would replace the first without a word.
    ranges: dict[str, dict[Span, list[str]]] = {}
    for dataset in datasets:
        ranges.setdefault(dataset.collection, {}).setdefault(dataset.span, []).append(dataset.uuid)
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
