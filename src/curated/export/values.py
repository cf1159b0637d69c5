"""Hashes of the contents of stored files, by the values that their types declare or by their bytes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from curated.calib import Calib
from curated.calib.fingerprint import values_hash
from curated.core.diagnostic import CuratedError, Problem
from curated.core.metadata import has_value, is_same
from curated.core.regular_files import blocks
from curated.core.storage.limits import raise_exhausted
from curated.datasets.record import Dataset
from curated.export.holdings import FileLocation
from curated.export.selection import type_of
from curated.export.text import DAMAGE, read_calibration, readable_file, require_readable
from curated.fits.digest import content_digest
from curated.package.layout import directory_name
from curated.registry import get_type


@dataclass(frozen=True, slots=True)
class ContentReader:
    """Hashes the contents of datasets by their values; a task for several processes."""

    def __call__(self, chunk: Sequence[tuple[Dataset, FileLocation | None]]) -> list[str | Problem]:
        """Return the content of each dataset, or why it cannot be read."""
        with warnings.catch_warnings():
            # What astropy warns of in a damaged file does no harm here.
            warnings.simplefilter("ignore")
            return [_content(dataset, location) for dataset, location in chunk]


def _content(dataset: Dataset, location: FileLocation | None) -> str | Problem:
    if location is None:
        return Problem("CAL682", (), "the repository knows of no single file")
    try:
        with location.as_local() as local:
            require_readable(local.ospath)
            return values_of_file(local.ospath, dataset)
    except OSError as error:
        raise_exhausted(error)
        return Problem("CAL682", (), error.strerror or str(error))


def values_of_file(path: str, dataset: Dataset) -> str:
    """Return the hash of the values in a file, whoever wrote it.

    Of a dataset type that is unknown here, or with other dimensions, and of a file that is no calibration of its type,
    it is the hash of the bytes without origin and validity; see `curated.fits.digest`.

    Parameters
    ----------
    path : `str`
        FITS file or text.
    dataset : `Dataset`
        What the file is of. Where its keywords contradict the data ID, they are part of the content.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    spec = type_of(dataset.dataset_type, "")
    if spec is not None and {name for name, _ in dataset.data_id} == set(spec.dimensions):
        cls = get_type(spec.name)
        try:
            with readable_file(path, cls) as readable:
                calib = read_calibration(readable, cls)
                return values_hash(calib, _contradictions(calib, dataset))
        except (CuratedError, MemoryError, *DAMAGE):
            # A file that nobody can read is still the same as a copy of it.
            pass
    with open(path, "rb") as stream:
        return content_digest(blocks(stream.fileno(), os.fstat(stream.fileno()).st_size))


def _contradictions(calib: Calib, dataset: Dataset) -> dict[str, Any]:
    """Return the keywords that contradict the data ID; those that are missing do not."""
    return dict(_contradicting(calib, dict(dataset.data_id)))


def _contradicting(calib: Calib, data_id: dict[str, int | str]) -> Iterator[tuple[str, Any]]:
    detector, name = calib.metadata.get("DETECTOR"), calib.metadata.get("FILTER")
    if "detector" in data_id and has_value(detector) and not is_same(detector, data_id["detector"]):
        yield "metadata DETECTOR", str(detector)
    if "physical_filter" in data_id and has_value(name):
        expected = str(data_id["physical_filter"])
        if directory_name(str(name)) != directory_name(expected):
            yield "metadata FILTER", str(name)
