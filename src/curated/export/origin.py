"""Where a calibration came from: the file of a package, as its stamp says, or a pipeline."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.metadata import Metadata
from curated.core.times import compact, parse_time
from curated.export.wanted import Wanted
from curated.image.reader import is_plain_name
from curated.package.layout import FORMS, directory_name
from curated.provenance import Construction, Provenance, parse
from curated.registry import find_type


@dataclass(frozen=True, slots=True)
class Target:
    """Where a text goes.

    Parameters
    ----------
    parts : `tuple` [`str`]
        Directories from the instrument's down, and the name without its ending.
    forms : `tuple` [`str`]
        Its form, and those that may take its place.
    original : `bool`
        Whether it is the very file of a package that the calibration was made of.
    """

    parts: tuple[str, ...]
    forms: tuple[str, ...]
    original: bool


def target(calib: Calib, wanted: Wanted) -> Target:
    """Return where a calibration's text goes: where it came from, or else where its data ID and start say.

    Parameters
    ----------
    calib : `Calib`
        The calibration, with its stamp.
    wanted : `Wanted`
        The dataset and its range.

    Raises
    ------
    CuratedError
        If a name cannot be that of a directory.
    """
    original = _original(calib, wanted)
    if original is not None:
        return original
    instrument = calib.metadata.text("INSTRUME").strip() or wanted.instrument
    names = (instrument.lower(), calib.SPEC.name, *wanted.levels)
    for name in names:
        if not _is_directory(name):
            raise CuratedError(
                f"{name!r} cannot be the name of a directory", "give the filter or detector another name"
            )
    return Target((*names, compact(wanted.start)), _forms(calib), original=False)


def _original(calib: Calib, wanted: Wanted) -> Target | None:
    """Return the file that the stamp names, where it agrees with the data ID and the start."""
    parts = calib.metadata.text("REPOPATH").split("/")
    stem = os.path.splitext(parts[-1])[0]
    levels = wanted.levels
    place = parts[-3 - len(levels) : -1]
    if len(place) != 2 + len(levels) or not all(map(_is_directory, place)):
        return None
    try:
        started = parse_time(stem) == wanted.start
    except ValueError:
        return None
    instrument = calib.metadata.text("INSTRUME")
    agrees = (
        started
        and find_type(place[1]) is type(calib)
        and [directory_name(level) for level in place[2:]] == levels
        and instrument.lower() == place[0].lower()
    )
    return Target((*place, stem), _forms(calib), original=True) if agrees else None


def _forms(calib: Calib) -> tuple[str, ...]:
    """Return the forms of the type's texts, that of the file that the stamp names first."""
    form = FORMS.get(os.path.splitext(calib.metadata.text("REPOPATH"))[1])
    return tuple(sorted(calib.SPEC.forms, key=lambda known: known != form))


def _is_directory(name: str) -> bool:
    return is_plain_name(name) and not name.startswith(".") and name == name.strip() and name.isprintable()


def recorded(calib: Calib, wanted: Wanted) -> Provenance:
    """Return the provenance of a calibration that was never in git, with its inputs and the dataset that it is.

    Parameters
    ----------
    calib : `Calib`
        The calibration.
    wanted : `Wanted`
        The dataset.
    """
    known, one = calib.provenance, wanted.dataset
    if not known.inputs:
        known = replace(known, inputs=_inputs(calib.metadata, wanted))
    if known.construction.dataset:
        return known
    dataset = {"uuid": one.uuid, "type": one.dataset_type, "run": one.run, "collection": one.collection}
    made: Construction = replace(known.construction, dataset=dataset)
    return replace(known, construction=made)


def _inputs(metadata: Metadata, wanted: Wanted) -> Any:
    """Return the inputs that a pipeline wrote into keywords, if all of it is well formed; nothing if not."""
    listed: list[dict[str, Any]] = []
    while (number := metadata.get(f"CPP_INPUT_{len(listed)}")) is not None:
        n = len(listed)
        if not isinstance(number, int) or isinstance(number, bool):
            return ()
        detector = {"detector": wanted.detector.id} if wanted.detector else {}
        said = {
            "date": metadata.get(f"CPP_INPUT_DATE_{n}"),
            "exposure_time": metadata.get(f"CPP_INPUT_EXPT_{n}"),
            "scale": metadata.get(f"CPP_INPUT_SCALE_{n}"),
        }
        listed.append(
            {
                "data_id": {"instrument": wanted.instrument, **detector, "exposure": number},
                **{key: value for key, value in said.items() if value is not None},
            }
        )
    provenance, problems = parse({"inputs": listed})
    return () if problems else provenance.inputs
