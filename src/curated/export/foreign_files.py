"""Datasets of types that no calibration type declares, as their files, each with a side file that says what it is."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from curated.core.diagnostic import Diagnostic, Problem
from curated.core.times import utc_texts
from curated.datasets.record import Dataset
from curated.export.holdings import Holdings
from curated.export.selection import finding
from curated.export.text import require_readable
from curated.text.yaml.writer import yaml_flow

FOREIGN = "foreign"
"""Directory beside the calibrations; the check does not look into it."""

SIDE_ENDING = ".dataset.yaml"
"""Ending of a side file, after the name of the file."""

_BLOCK = 2**20
_ODD = re.compile(r"[^A-Za-z0-9_+=.~-]")
_ENDING = re.compile(r"(?:\.[A-Za-z0-9]{1,8}){1,2}\Z")


class ForeignFiles(NamedTuple):
    """Files of foreign datasets that were copied.

    Parameters
    ----------
    paths : `tuple` [`str`]
        Paths of the files in the package, without those of their side files.
    diagnostics : `tuple` [`Diagnostic`]
        Datasets that could not be copied.
    """

    paths: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def count_foreign(root: Path) -> int:
    """Return how many datasets of unknown types a package has; links are not followed."""
    top = root / FOREIGN
    if top.is_symlink():
        return 0
    return sum(name.endswith(SIDE_ENDING) for _, _, names in os.walk(top) for name in names)


def copy_foreign(datasets: Sequence[Dataset], holdings: Holdings, package: Path) -> ForeignFiles:
    """Copy the files of foreign datasets into a package, byte for byte, each with a side file.

    Parameters
    ----------
    datasets : sequence [`Dataset`]
        The datasets, once for each range for which they are certified.
    package : `pathlib.Path`
        Directory of the package.
    """
    ranges: dict[str, list[Dataset]] = {}
    for dataset in datasets:
        ranges.setdefault(dataset.uuid, []).append(dataset)
    paths, diagnostics = [], []
    for uuid, certifications in sorted(ranges.items(), key=lambda item: (str(item[1][0].key), item[0])):
        dataset = certifications[0]
        location = holdings.locations.get(uuid)
        if location is None:
            problem = Problem("CAL661", (), "it has no file, or is stored in parts")
            diagnostics.append(finding(dataset, problem))
            continue
        try:
            with location.as_local() as local:
                require_readable(local.ospath)
                path = _place(dataset, local.ospath)
                size, digest = _copy(Path(local.ospath), package / path)
        except OSError as error:
            if error.filename is not None and str(error.filename).startswith(str(package)):
                raise
            problem = Problem("CAL661", (), error.strerror or str(error))
            diagnostics.append(finding(dataset, problem))
            continue
        side = _side_text(path, size, digest, certifications, holdings.storage_classes)
        (package / f"{path}{SIDE_ENDING}").write_bytes(side.encode())
        paths.append(path)
    return ForeignFiles(tuple(paths), tuple(diagnostics))


def _place(dataset: Dataset, source: str) -> str:
    """Return the path of a dataset's file: instrument, type, the rest of the data ID, and the start of its UUID."""
    values = dict(dataset.data_id)
    instrument = str(values.pop("instrument", "") or "any")
    ending = _ENDING.search(PurePosixPath(source).name)
    name = f"{dataset.uuid[:13]}{ending[0] if ending else ''}"
    parts = [instrument, dataset.dataset_type, *(f"{key}={value}" for key, value in values.items()), name]
    return "/".join([FOREIGN, *map(_safe, parts)])


def _safe(part: str) -> str:
    """Return a name of a repository as that of a file: names there may hold anything."""
    text = _ODD.sub("_", part)[:100]
    return f"_{text}" if text.startswith((".", "-")) or not text else text


def _copy(source: Path, target: Path) -> tuple[int, str]:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with open(source, "rb") as reader, open(target, "xb") as writer:
        while block := reader.read(_BLOCK):
            digest.update(block)
            writer.write(block)
            size += len(block)
    return size, digest.hexdigest()


def _side_text(
    path: str, size: int, digest: str, certifications: Sequence[Dataset], storage_classes: Mapping[str, str]
) -> str:
    dataset = certifications[0]
    values: dict[str, Any] = {
        "dataset_type": dataset.dataset_type,
        "storage_class": storage_classes.get(dataset.dataset_type, ""),
        "data_id": dict(dataset.data_id),
        "uuid": dataset.uuid,
        "run": dataset.run,
        "file": PurePosixPath(path).name,
        "size": size,
        "sha256": digest,
    }
    times = utc_texts({ns for entry in certifications for ns in entry.span.bounds if ns is not None})
    lines = [
        "# Written by 'curated export': a dataset of a type that no calibration type declares. Its file stands beside;",
        "# ranges are in UTC, and null is an open end.",
        *(f"{key}: {yaml_flow(value)}" for key, value in values.items()),
        "ranges:",
    ]
    for entry in sorted(certifications, key=lambda entry: (entry.collection, entry.span)):
        begin, end = (None if ns is None else times[ns] for ns in entry.span.bounds)
        lines.append(f"- {yaml_flow({'collection': entry.collection, 'begin': begin, 'end': end})}")
    return "\n".join(lines) + "\n"
