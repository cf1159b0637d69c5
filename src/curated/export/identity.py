"""The identity of an exported calibration: its path, its keywords and its provenance, as the repository has them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from curated.calib import Calib
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.metadata import IDENTITY, LISTS, SEQUENCE, Metadata, has_value, is_same
from curated.core.times import compact, iso, parse_time
from curated.declare import Spec
from curated.export.selection import ExportItem
from curated.image.reader import is_plain_name
from curated.package.layout import directory_name
from curated.package.lookalikes import FORMS
from curated.provenance import Construction, Provenance, parse
from curated.registry import find_type

# Bytes; file systems have 255, and endings are added.
_LONGEST_NAME = 200
_DATE_IN_ID = re.compile(r"\bcalibDate=\S*")

# -- path -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextPath:
    """The path of an exported text in a package.

    Parameters
    ----------
    parts : `tuple` [`str`]
        Directories from the instrument's down, and the name without its ending.
    forms : `tuple` [`str`]
        Forms of the text, the preferred one first.
    is_original : `bool`
        Whether it is the path of the file that the calibration was made of.
    """

    parts: tuple[str, ...]
    forms: tuple[str, ...]
    is_original: bool


def text_path(calib: Calib, item: ExportItem) -> TextPath:
    """Return the path of a calibration's text: the one that it came from, or else that of its data ID and start.

    Parameters
    ----------
    calib : `Calib`
        The calibration, with its stamp.
    item : `ExportItem`
        The dataset and its range.

    Raises
    ------
    CuratedError
        If a name cannot be that of a directory.
    """
    original = _original_path(calib, item)
    if original is not None:
        return original
    instrument = calib.metadata.text("INSTRUME").strip() or item.instrument
    names = (instrument.lower(), calib.SPEC.name, *item.levels)
    for name in names:
        if not _is_directory_name(name):
            raise CuratedError(
                f"{name!r} cannot be the name of a directory", "give the filter or detector another name"
            )
    return TextPath((*names, compact(item.start)), _forms(calib), is_original=False)


def _original_path(calib: Calib, item: ExportItem) -> TextPath | None:
    """Return the path in the stamp, if it agrees with the data ID and the start."""
    parts = calib.metadata.text("REPOPATH").split("/")
    stem = os.path.splitext(parts[-1])[0]
    levels = item.levels
    directories = parts[-3 - len(levels) : -1]
    if len(directories) != 2 + len(levels) or not all(map(_is_directory_name, directories)):
        return None
    try:
        has_start = parse_time(stem) == item.start
    except ValueError:
        return None
    instrument = calib.metadata.text("INSTRUME")
    agrees = (
        has_start
        and find_type(directories[1]) is type(calib)
        and [directory_name(level) for level in directories[2:]] == levels
        and instrument.lower() == directories[0].lower()
    )
    return TextPath((*directories, stem), _forms(calib), is_original=True) if agrees else None


def _forms(calib: Calib) -> tuple[str, ...]:
    """Return the forms of the type's texts, that of the path in the stamp first."""
    original = FORMS.get(os.path.splitext(calib.metadata.text("REPOPATH"))[1])
    return tuple(sorted(calib.SPEC.forms, key=lambda form: form != original))


def _is_directory_name(name: str) -> bool:
    is_short = len(name.encode(errors="replace")) <= _LONGEST_NAME
    is_visible = not name.startswith(".") and name == name.strip() and name.isprintable()
    return is_short and is_visible and is_plain_name(name)


# -- keywords ---------------------------------------------------------------------------------------------------


def exported_metadata(calib: Calib, item: ExportItem, *, is_original: bool) -> tuple[Metadata, list[Problem]]:
    """Return the keywords of a calibration's text, and a problem for each that contradicts the data ID.

    The repository decides: its data ID and range are those that the calibration was used for.

    Parameters
    ----------
    calib : `Calib`
        The calibration as it was read.
    item : `ExportItem`
        The dataset and its range.
    is_original : `bool`
        Whether it goes back to the file that it came from, whose keywords stay as they are.
    """
    schema = f"{calib.SPEC.obstype}_SCHEMA"
    # Headers have these in any case.
    fixed = {key.upper() for key in (*IDENTITY, *SEQUENCE, schema, *calib.SPEC.keywords)}
    metadata = Metadata({k: v for k, v in calib.metadata.items() if has_value(v) or k not in fixed})
    for key in ("VALIDSTART", "VALIDEND"):
        metadata.pop(key, None)
    for key, level in zip(LISTS, (item.detector, item.filter), strict=True):
        if level:  # the text is of one of those that share the file
            metadata.pop(key, None)
    problems = list(_set_identity(calib.SPEC, metadata, item, is_original=is_original))
    start = iso(item.start)
    if not _is_start(metadata.get("CALIBDATE"), item):
        metadata["CALIBDATE"] = start
        if isinstance(metadata.get("CALIB_ID"), str):
            metadata["CALIB_ID"] = _DATE_IN_ID.sub(f"calibDate={start}", metadata["CALIB_ID"])
    if not is_original:
        # The name of an original tells it, as before.
        metadata["VALIDSTART"] = start
    if item.writes_end and item.end is not None:
        metadata["VALIDEND"] = iso(item.end)
    return metadata, problems


def _set_identity(
    spec: Spec, metadata: Metadata, item: ExportItem, *, is_original: bool
) -> Iterator[Problem]:
    if not has_value(metadata.get("INSTRUME")):
        metadata["INSTRUME"] = item.instrument
    detector = item.detector
    if detector is not None:
        yield from _set(metadata, "DETECTOR", detector.id)
        name, raft = metadata.text("DET_NAME"), metadata.text("RAFTNAME")
        if not is_original and directory_name(f"{raft}_{name}") != directory_name(detector.full_name):
            yield from _set(metadata, "DET_NAME", detector.full_name)
    if item.filter:
        yield from _set(metadata, "FILTER", item.filter)
    if is_original:
        return
    for key, has_dimension in (("DETECTOR", spec.has_detector), ("FILTER", spec.has_filter)):
        value = metadata.get(key)
        if not has_dimension and has_value(value):
            del metadata[key]
            yield Problem(
                "CAL664", (), f"{key} is {brief(value)}, but the dataset is of none; it is left out"
            )
    if str(metadata.get("OBSTYPE") or "").lower() not in (spec.name.lower(), spec.obstype.lower()):
        yield from _set(metadata, "OBSTYPE", spec.obstype)
    if metadata.text("CALIBCLS").rpartition(".")[2] != spec.calibcls.rpartition(".")[2]:
        metadata.pop("CALIBCLS", None)


def _set(metadata: Metadata, key: str, value: Any) -> Iterator[Problem]:
    """Set a keyword to the value in the repository, and yield a problem if the file had another one."""
    old_value = metadata.get(key)
    if _agrees(old_value, value):
        return
    metadata[key] = value
    if has_value(old_value):
        detail = f"{key} is {brief(old_value)} in the file, {brief(value)} in the repository"
        yield Problem("CAL664", (), detail)


def _agrees(old_value: Any, value: Any) -> bool:
    if isinstance(old_value, str) and isinstance(value, str):
        return directory_name(old_value) == directory_name(value)
    return is_same(old_value, value)


def _is_start(text: Any, item: ExportItem) -> bool:
    try:
        return parse_time(text) == item.start
    except (TypeError, ValueError):
        return False


# -- provenance -------------------------------------------------------------------------------------------------


def exported_provenance(calib: Calib, item: ExportItem) -> tuple[Provenance, list[Problem]]:
    """Return the provenance of a calibration that was never in Git, with its inputs and its dataset.

    The repository decides what dataset it is; quantum and inputs are those that Butler wrote into the header.

    Returns
    -------
    provenance : `Provenance`
        The provenance.
    problems : `list` [`Problem`]
        What Butler's keywords in the header say otherwise.
    """
    provenance, dataset = calib.provenance, item.dataset
    if not provenance.inputs:
        provenance = replace(provenance, inputs=_inputs(calib.metadata, item))
    construction = provenance.construction
    if "collection" in construction.dataset:
        # It was exported before, by an earlier export.
        return provenance, []
    record = {"uuid": dataset.uuid, "type": dataset.dataset_type, "run": dataset.run}
    problems = list(_header_contradictions(construction, record))
    record["collection"] = dataset.collection
    inputs = []
    for entry in construction.input_datasets:
        correction = contradicted_inputs([entry], item.known_inputs).get(entry["uuid"])
        inputs.append({**entry, **(correction or {})})
        if correction is not None:
            detail = f"its header says that its input {entry['uuid']} is {_name_of(entry)}, the repository {_name_of(correction)}"
            problems.append(Problem("CAL657", (), detail))
    construction = replace(construction, dataset=record, input_datasets=tuple(inputs))
    return replace(provenance, construction=construction), problems


def _name_of(dataset: Mapping[str, str]) -> str:
    return (
        f"{dataset.get('type', 'a dataset')} of run {dataset['run']}" if "run" in dataset else dataset["type"]
    )


def contradicted_inputs(
    inputs: Iterable[Mapping[str, str]], known: Mapping[str, Mapping[str, str]]
) -> dict[str, Mapping[str, str]]:
    """Return what a repository says of inputs, by UUID, where a header says something else.

    Parameters
    ----------
    inputs : iterable [`dict`]
        ``uuid`` and, if the header has them, ``type`` and ``run``.
    known : `dict` [`str`, `dict`]
        ``type`` and ``run`` of datasets in the repository, by UUID.
    """
    return {
        entry["uuid"]: record
        for entry in inputs
        if (record := known.get(entry["uuid"])) is not None
        and any(entry.get(key, value) != value for key, value in record.items())
    }


def _header_contradictions(construction: Construction, record: Mapping[str, str]) -> Iterator[Problem]:
    """Yield how what Butler wrote into a header contradicts the repository, or itself."""
    header = construction.dataset
    if any(value != record[key] for key, value in header.items()):
        names = [f"{key} {brief(header[key])}" for key in record if key in header]
        detail = f"its header is that of {', '.join(names)}; it is {record['type']} {record['uuid']} of run {record['run']}"
        yield Problem("CAL657", (), detail)
    count, total = len(construction.input_datasets), construction.input_count
    if count and total:
        yield Problem("CAL657", (), f"its header says that it has {total} inputs, and names {count}")
    if any(dataset["uuid"] == record["uuid"] for dataset in construction.input_datasets):
        yield Problem("CAL657", (), "its header names it among its own inputs")


def _inputs(metadata: Metadata, item: ExportItem) -> Any:
    """Return the inputs that a pipeline wrote into keywords; empty unless all of them are well formed."""
    inputs: list[dict[str, Any]] = []
    while (exposure := metadata.get(f"CPP_INPUT_{len(inputs)}")) is not None:
        n = len(inputs)
        if not isinstance(exposure, int) or isinstance(exposure, bool):
            return ()
        detector = {"detector": item.detector.id} if item.detector else {}
        values = {
            "date": metadata.get(f"CPP_INPUT_DATE_{n}"),
            "exposure_time": metadata.get(f"CPP_INPUT_EXPT_{n}"),
            "scale": metadata.get(f"CPP_INPUT_SCALE_{n}"),
        }
        inputs.append(
            {
                "data_id": {"instrument": item.instrument, **detector, "exposure": exposure},
                **{key: value for key, value in values.items() if value is not None},
            }
        )
    provenance, problems = parse({"inputs": inputs})
    return () if problems else provenance.inputs
