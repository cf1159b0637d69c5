"""Mismatches between a calibration and the detector or calibration that it is used with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from curated.core.diagnostic import Problem, brief
from curated.core.metadata import Metadata, has_value
from curated.declare import Spec

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry


class HasMetadata(Protocol):
    """A calibration, as far as mismatches go."""

    @property
    def metadata(self) -> Metadata:
        """Keywords."""


_CODES = {
    "INSTRUME": "CAL108",
    "DETECTOR": "CAL110",
    "DET_NAME": "CAL110",
    "DET_SER": "CAL110",
    "FILTER": "CAL111",
}


def identity_mismatches(metadata: Metadata, other: HasMetadata | DetectorGeometry) -> Iterator[Problem]:
    """Yield the identity keywords that contradict those of a detector or another calibration.

    A keyword that one of them lacks contradicts nothing.
    """
    from curated.core.geometry import DetectorGeometry

    other_keywords: Mapping[str, Any] = (
        identity_keywords(other) if isinstance(other, DetectorGeometry) else other.metadata
    )
    for keyword, code in _CODES.items():
        value, other_value = metadata.get(keyword), other_keywords.get(keyword)
        if not has_value(value) or not has_value(other_value):
            continue
        if str(value).lower() == str(other_value).lower():
            continue
        full_name = f"{other_keywords.get('RAFTNAME')}_{other_value}"
        if keyword == "DET_NAME" and full_name.lower() == str(value).lower():
            continue
        detail = f"{keyword} is {brief(value)}, but {brief(other_value)} is what it is to be used with"
        yield Problem(code, ("metadata", keyword), detail)


def amplifier_mismatches(
    names: Iterable[str], other: HasMetadata | DetectorGeometry, place: str
) -> Iterator[Problem]:
    """Yield the amplifiers that only one of a calibration and a detector has.

    Parameters
    ----------
    names : iterable [`str`]
        Amplifiers of the calibration.
    other : `Calib` or `DetectorGeometry`
        Only a detector whose amplifiers are known contradicts anything.
    place : `str`
        Field with the amplifiers, for the problems.
    """
    from curated.core.geometry import DetectorGeometry

    if not isinstance(other, DetectorGeometry) or not other.amplifiers:
        return
    own_names, detector_names = list(names), [amplifier.name for amplifier in other.amplifiers]
    for absent, text in (
        ([name for name in detector_names if name not in own_names], "the calibration has no amplifier"),
        ([name for name in own_names if name not in detector_names], "the detector has no amplifier"),
    ):
        if absent:
            yield Problem("CAL308", (place,), f"{text} {', '.join(absent)}")


def identity_keywords(detector: DetectorGeometry) -> dict[str, Any]:
    """Return the keywords that identify a detector, ``''`` for those that are not known."""
    return {
        "INSTRUME": detector.instrument,
        "RAFTNAME": detector.raft,
        "SLOTNAME": detector.slot,
        "DETECTOR": detector.id,
        "DET_NAME": detector.name,
        "DET_SER": detector.serial,
    }


def detector_keywords(spec: Spec, detector: DetectorGeometry) -> dict[str, Any]:
    """Return the keywords of a calibration of a type for a detector, without those that are not known."""
    keywords = type_keywords(spec)
    calibcls = keywords.pop("CALIBCLS", "")
    keywords |= identity_keywords(detector) | {"CALIBCLS": calibcls}
    return {key: value for key, value in keywords.items() if value != ""}


def type_keywords(spec: Spec) -> dict[str, Any]:
    """Return the keywords that follow from a type alone: OBSTYPE, its schema and version, the stack's class."""
    keywords = {
        "OBSTYPE": spec.obstype,
        f"{spec.obstype}_SCHEMA": spec.schema,
        f"{spec.obstype}_VERSION": spec.version,
        "CALIBCLS": spec.calibcls,
    }
    return {key: value for key, value in keywords.items() if value != ""}
