"""Whether a calibration belongs to a detector, or together with another calibration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from curated.core.diagnostic import Problem, brief
from curated.core.metadata import Metadata, has_value
from curated.declare import Spec

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry


class HasMetadata(Protocol):
    """A calibration."""

    @property
    def metadata(self) -> Metadata:
        """Its keywords."""


_CODES = {
    "INSTRUME": "CAL108",
    "DETECTOR": "CAL110",
    "DET_NAME": "CAL110",
    "DET_SER": "CAL110",
    "FILTER": "CAL111",
}


def identity_mismatches(metadata: Metadata, other: HasMetadata | DetectorGeometry) -> Iterator[Problem]:
    """Yield the identity keywords that contradict those of a detector or another calibration.

    A keyword that one of them does not have contradicts nothing.

    Parameters
    ----------
    metadata : `Metadata`
        Keywords of the calibration.
    other : `Calib` or `DetectorGeometry`
        What it is to be used with.
    """
    from curated.core.geometry import DetectorGeometry

    theirs: Mapping[str, Any] = (
        identity_keywords(other) if isinstance(other, DetectorGeometry) else other.metadata
    )
    for keyword, code in _CODES.items():
        mine, its = metadata.get(keyword), theirs.get(keyword)
        if not has_value(mine) or not has_value(its) or str(mine).lower() == str(its).lower():
            continue
        if keyword == "DET_NAME" and f"{theirs.get('RAFTNAME')}_{its}".lower() == str(mine).lower():
            continue
        detail = f"{keyword} is {brief(mine)}, but {brief(its)} is what it is to be used with"
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
        What it is to be used with; only a detector whose amplifiers are known contradicts anything.
    place : `str`
        Field that the amplifiers stand in.
    """
    from curated.core.geometry import DetectorGeometry

    if not isinstance(other, DetectorGeometry) or not other.amplifiers:
        return
    mine, its = list(names), [amplifier.name for amplifier in other.amplifiers]
    for lacking, said in (
        ([name for name in its if name not in mine], "the calibration has no amplifier"),
        ([name for name in mine if name not in its], "the detector has no amplifier"),
    ):
        if lacking:
            yield Problem("CAL308", (place,), f"{said} {', '.join(lacking)}")


def identity_keywords(detector: DetectorGeometry) -> dict[str, Any]:
    """Return the keywords that identify a detector, ``''`` where it does not say."""
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
    keywords = {
        "OBSTYPE": spec.obstype,
        f"{spec.obstype}_SCHEMA": spec.schema,
        f"{spec.obstype}_VERSION": spec.version,
        **identity_keywords(detector),
        "CALIBCLS": spec.calibcls,
    }
    return {key: value for key, value in keywords.items() if value != ""}
