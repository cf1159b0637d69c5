"""A reader of identities with the rules of the LSST stack, on plain mappings, astropy's tables and PyYAML alone.

Each function stands for one of lsst.ip.isr (d2a69bf), named in its docstring; nothing of `curated` is used.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from astropy.io import fits
from astropy.table import Table


class StackRefusalError(Exception):
    """The stack raises an exception."""


@dataclass(frozen=True)
class Identity:
    """The attributes that ``IsrCalib.calibInfoFromDict`` sets, but for raft and slot, which it mixes up."""

    instrument: Any = None
    detector: Any = None
    name: Any = None
    serial: Any = None
    filter: Any = None
    calib_id: Any = None


NAMES = {
    "instrument": ("INSTRUME", "instrument"),
    "detector": ("DETECTOR", "detectorId"),
    "name": ("DET_NAME", "DETECTOR_NAME", "detectorName"),
    "serial": ("DET_SER", "DETECTOR_SERIAL", "detectorSerial"),
    "filter": ("FILTER", "filterName"),
    "calib_id": ("CALIB_ID",),
}
"""Arguments of ``search`` in ``IsrCalib.calibInfoFromDict``, in calibType.py."""

OTHERS = (("RAFTNAME",), ("SEQFILE",), ("SEQNAME",), ("SEQCKSUM",))
"""What is searched for beside them; the slot is searched for as RAFTNAME."""


def search(haystack: Mapping[str, Any], needles: tuple[str, ...]) -> Any:
    """``search`` inside ``IsrCalib.calibInfoFromDict``: an empty text counts as a value, and alone as none."""
    try:
        values = {value for value in map(haystack.get, needles) if value is not None}
    except TypeError as error:  # a list or a mapping has no hash
        raise StackRefusalError(f"{needles}: {error}") from error
    if len(values) > 1:
        raise StackRefusalError(f"Too many values found: {len(values)} {values} {needles}")
    if not values and "metadata" in haystack:
        return search(haystack["metadata"], needles)
    value = values.pop() if values else None
    return None if isinstance(value, str) and value == "" else value


def calib_info(haystack: Mapping[str, Any]) -> Identity:
    """``IsrCalib.calibInfoFromDict``."""
    for needles in OTHERS:
        search(haystack, needles)
    return Identity(**{attribute: search(haystack, needles) for attribute, needles in NAMES.items()})


def property_list(metadata: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """``PropertyList.update`` of daf_base: values of one type, flat; an empty list sets nothing."""
    for key, value in metadata.items():
        if isinstance(value, Mapping):
            yield from property_list(value, f"{prefix}{key}.")
            continue
        items = list(value) if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(item, (np.bool_, bytes)) for item in items):
            raise StackRefusalError(f"{key}: {value!r}")
        if items and type(items[0]) is int and any(type(item) is float for item in items):
            raise StackRefusalError(f"{key}: {value!r} mixes types")
        if items:
            yield f"{prefix}{key}", value


def set_metadata(metadata: Mapping[str, Any]) -> Identity:
    """``IsrCalib.setMetadata``."""
    dict(property_list(metadata))
    return calib_info(metadata)


def from_dict(document: dict[str, Any], class_name: str) -> Identity:
    """``fromDict`` of the class of a document with ``metadata``."""
    metadata = document["metadata"]
    if class_name.startswith("ShutterMotionProfile"):  # shutterMotion.py: one mapping of both
        merged = {key: value for key, value in document.items() if key not in ("motionProfile", "metadata")}
        return set_metadata({**merged, **metadata})
    identity = set_metadata(metadata)
    if class_name == "Defects":  # defects.py
        return calib_info(document)
    if class_name == "CrosstalkCalib":
        return crosstalk_info(document, identity)
    return identity


def crosstalk_info(document: Mapping[str, Any], identity: Identity) -> Identity:
    """The middle of ``CrosstalkCalib.fromDict`` in crosstalk.py, which looks for the identity once more."""
    metadata = document["metadata"]

    def first(names: tuple[str, ...], keyword: str) -> Any:
        return next((document[name] for name in names if name in document), metadata.get(keyword))

    name = first(("detectorName", "DETECTOR_NAME"), "DET_NAME")
    serial = first(("detectorSerial", "DETECTOR_SERIAL"), "DET_SER")
    detector = first(("detectorId", "DETECTOR"), "DETECTOR")
    is_named = any(key in document for key in ("detectorId", "DETECTOR")) or "DETECTOR" in metadata
    return Identity(
        instrument=first(("instrument",), "INSTRUME") or None,
        # ``updateMetadata`` turns an empty text into None, but for the number, where it stays in a header of the stack.
        detector=None if is_named and detector == "" else detector if is_named else serial or None,
        name=name or None,
        serial=serial or None,
        filter=identity.filter,
        calib_id=identity.calib_id,
    )


# -- files ------------------------------------------------------------------------------------------------


def header_of(path: Path, hdu: int) -> dict[str, Any]:
    """Return the keywords of a table as ``IsrCalib.readFits`` has them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meta = Table.read(path, hdu=hdu).meta
    return {key: None if isinstance(value, fits.card.Undefined) else value for key, value in meta.items()}


def identity_of_fits(path: Path) -> Identity:
    """Read the identity of a FITS file, after a look at the headers of all of its HDUs.

    Only the first table is read by ``readFits``; the rule on names holds in the others as well, where
    ``PhotodiodeCalib``, images and programs of others look.
    """
    with fits.open(path) as hdus:
        for number, hdu in enumerate(hdus):
            if isinstance(hdu, fits.BinTableHDU):
                calib_info(header_of(path, number))
            else:
                header = {card.keyword: card.value for card in hdu.header.cards}
                calib_info({k: None if isinstance(v, fits.card.Undefined) else v for k, v in header.items()})
        is_table = len(hdus) > 1 and isinstance(hdus[1], fits.BinTableHDU)
        is_archive = is_table and hdus[1].header.get("EXTNAME") == "ARCHIVE_INDEX"
        primary = {card.keyword: card.value for card in hdus[0].header.cards}
    if not is_table or is_archive:
        # Exposures and curves have their keywords in the primary header.
        return set_metadata(
            {k: None if isinstance(v, fits.card.Undefined) else v for k, v in primary.items()}
        )
    metadata = header_of(path, 1)
    return from_dict({"metadata": metadata}, class_of(metadata))


def class_of(metadata: Mapping[str, Any]) -> str:
    """``IsrCalib.determineCalibClass``, without the package."""
    return str(metadata.get("CALIBCLS") or "").rpartition(".")[2]


def identity_of_text(path: Path, class_name: str = "") -> Identity:
    """Read the identity of a text file; ``IsrCalib.readText`` of a class, where the file names none."""
    if path.suffix == ".ecsv":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            metadata = Table.read(path, format="ascii.ecsv").meta
        return from_dict({"metadata": dict(metadata)}, class_of(metadata) or class_name)
    text = path.read_text(encoding="utf-8")
    document = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=_Loader)
    return from_dict(document, class_of(document["metadata"]) or class_name)


class _Loader(yaml.CSafeLoader):
    """PyYAML with the tag of lsst.daf.base.PropertyList; values of other classes stay unread."""


def _rows(loader: Any, node: yaml.Node) -> dict[str, Any]:
    return {name: value for name, _, value, *_ in loader.construct_sequence(node, deep=True)}


_Loader.add_constructor("lsst.daf.base.PropertyList", _rows)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
