"""The provenance in the header of a processed image: which exposure it is, and which calibrations were applied.

Sources: ``IsrTaskLSST.runQuantum`` of lsst.ip.isr writes ``LSST CALIB UUID|RUN|DATE`` and the name of a connection in
capitals; ``DatasetProvenance.to_flat_dict`` of lsst.daf.butler writes ``LSST BUTLER`` and the rest, with any character
as separator, and of an input perhaps its ID alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from curated.core.stamp import STAMP_KEYWORDS
from curated.core.times import parse_time
from curated.fits.header import keyword_values
from curated.provenance.origin import RECORD_KEYWORDS
from curated.registry import all_types, find_type

CONNECTIONS = {
    "DEFERREDCHARGECALIB": "cti",
    "GAINCORRECTION": "gain_correction",
    "BFKERNEL": "bfk",
    "ELECTROBFDISTORTIONMATRIX": "electroBfDistortionMatrix",
    "OPTICSTRANSMISSION": "transmission_optics",
    "FILTERTRANSMISSION": "transmission_filter",
    "SENSORTRANSMISSION": "transmission_sensor",
    "ATMOSPHERETRANSMISSION": "transmission_atmosphere",
    "FRINGES": "fringe",
    "STRAYLIGHTDATA": "straylight",
    "ILLUMMASKEDIMAGE": "illum",
    "CAMERA": "camera",
}
"""Dataset types by the names of connections of lsst.ip.isr that differ from them."""

_CALIB = re.compile(r"LSST CALIB (UUID|RUN|DATE) (\S.*)\Z")
_RECORD = re.compile(rf"({'|'.join(RECORD_KEYWORDS.values())})([1-9]\d{{0,4}})\Z", re.ASCII)
"""Keywords that ``apply`` of curated writes into the header of an image."""

_INPUT = re.compile(r"LSST([^\w])BUTLER\1INPUT\1(\d+)\1(ID|RUN|DATASETTYPE)\Z")
_DATA_ID = re.compile(r"LSST([^\w])BUTLER\1DATAID\1(INSTRUMENT|DETECTOR|PHYSICAL_FILTER)\Z")
_TIME_KEYWORDS = ("DATE-BEG", "MJD-BEG", "DATE-OBS", "MJD-OBS", "DATE-AVG", "MJD-AVG")
_USUAL = frozenset(
    (*STAMP_KEYWORDS, *_TIME_KEYWORDS, "TIMESYS", "INSTRUME", "DETECTOR", "CCDNUM", "FILTER", "OBSTYPE")
)
_NOT_ASCII = bytes(byte if 0x20 <= byte < 0x7F else 0x3F for byte in range(256))
_MJD_EPOCH = datetime(1858, 11, 17)
_MOST_USES = 10_000

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


class Use(NamedTuple):
    """A calibration that was applied, as a header has it; what the header does not say is empty.

    Parameters
    ----------
    role : `str`
        What the header calls it, in capitals: the connection of the task, or the dataset type.
    dataset_type, uuid, run, date : `str`
        Its dataset type, UUID and RUN, and when it was made.
    path, blob, commit : `str`
        Path of its text in a package, git blob and commit, where ``apply`` of curated recorded them.
    """

    role: str
    dataset_type: str = ""
    uuid: str = ""
    run: str = ""
    date: str = ""
    path: str = ""
    blob: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Exposure:
    """The exposure that was processed; what is not known is empty.

    Parameters
    ----------
    instrument, filter : `str`
        Names as the header has them.
    detector : `str`
        Number or name of the detector.
    time : `datetime.datetime` or `None`
        When it began, UTC.
    """

    instrument: str = ""
    detector: str = ""
    filter: str = ""
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the headers of an image say.

    Parameters
    ----------
    exposure : `Exposure`
        The exposure; its time is in the scale that ``is_tai`` says.
    uses : `tuple` [`Use`]
        The calibrations that were applied, in the order of their roles.
    stamp : `dict`
        Keywords of a calibration that curated wrote; empty for any other file.
    is_tai : `bool`
        Whether the time is TAI instead of UTC.
    butler : `frozenset` [`str`]
        Which of ``instrument``, ``detector`` and ``filter`` Butler wrote, as a repository has them.
    contradictions : `tuple` [`str`]
        Keywords that have several values, of which the first counts.
    """

    exposure: Exposure
    uses: tuple[Use, ...]
    stamp: Mapping[str, Any]
    is_tai: bool = False
    butler: frozenset[str] = frozenset()
    contradictions: tuple[str, ...] = ()


def read_image_header(headers: Iterable[bytes]) -> ImageHeader:
    """Read the headers of an image, of which the first that has provenance counts.

    Parameters
    ----------
    headers : iterable [`bytes`]
        Headers of its HDUs in their order; no more are taken than are needed.
    """
    values: dict[str, list[Any]] = {}
    for header in headers:
        for key, more in _values(header).items():
            values.setdefault(key, more)
        if any(_is_provenance(key) for key in values) or "REPOSHA1" in values:
            break
    first = {key: value for key, more in values.items() if (value := _first(more)) is not None}
    contradictions = tuple(key for key, more in values.items() if len({*map(repr, more)}) > 1)
    time, is_tai = _time(first)
    names = _butler_names(first)
    exposure = Exposure(
        names.get("instrument", _text(first, "INSTRUME")),
        names.get("detector", _text(first, "DETECTOR", "CCDNUM")),
        names.get("filter", _text(first, "FILTER")),
        time,
    )
    stamp = {key: value for key, value in first.items() if key in STAMP_KEYWORDS}
    is_stamped = "REPOSHA1" in stamp and "REPOPATH" in stamp
    return ImageHeader(
        exposure,
        tuple(_uses(first)),
        stamp if is_stamped else {},
        is_tai,
        frozenset(names),
        contradictions,
    )


def _is_provenance(key: str) -> bool:
    return any(form.match(key) is not None for form in (_CALIB, _INPUT, _RECORD))


def _values(header: bytes) -> dict[str, list[Any]]:
    """Return the values of the keywords that matter."""
    # Bytes that no header may have are no reason to say nothing of the rest.
    text = header.translate(_NOT_ASCII)
    cards = (text[start : start + 80] for start in range(0, len(text), 80))
    keys = {
        key for card in cards if (key := _key(card)) in _USUAL or key.startswith("LSST") or _RECORD.match(key)
    }
    return {key: more for key, more in keyword_values(text, keys).items() if more} if keys else {}


def _key(card: bytes) -> str:
    name = card[8:] if card[:8].upper() == b"HIERARCH" else card[:8]
    return " ".join(name.partition(b"=")[0].decode("ascii").upper().split())


def _first(values: list[Any]) -> Any:
    """Return the first value; `None` where a card has another form than the standard's."""
    value = values[0]
    return value if isinstance(value, str | int | float) and value != "" else None


def _butler_names(values: Mapping[str, Any]) -> dict[str, str]:
    """Return instrument, detector and filter of Butler's data ID, as far as it has them."""
    names = {}
    for key, value in values.items():
        match = _DATA_ID.match(key)
        if match:
            names[match[2].lower().removeprefix("physical_")] = str(value)
    return names


def _text(values: Mapping[str, Any], *keys: str) -> str:
    value = next((values[key] for key in keys if key in values), "")
    return "" if isinstance(value, bool | float) else str(value)


def _time(values: Mapping[str, Any]) -> tuple[datetime | None, bool]:
    """Return when the exposure began, and whether that is TAI; `None` if the header has no time in UTC or TAI."""
    scale = str(values.get("TIMESYS", "UTC")).strip().upper()
    if scale not in ("UTC", "TAI"):
        return None, False
    for key in _TIME_KEYWORDS:
        time = _moment(values.get(key))
        if time is not None:
            return time, scale == "TAI"
    return None, False


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            return parse_time(value.strip())
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return _MJD_EPOCH + timedelta(days=value)
    except (ValueError, OverflowError):
        pass
    return None


# -- calibrations -----------------------------------------------------------------------------------------


def _uses(values: Mapping[str, Any]) -> Iterator[Use]:
    """Yield the calibrations of a header, each once though two programs may have written of it."""
    by_role: dict[str, dict[str, str]] = {}
    by_number: dict[int, dict[str, str]] = {}
    for key, value in values.items():
        calib, entry = _CALIB.match(key), _INPUT.match(key)
        if calib and len(by_role) < _MOST_USES:
            by_role.setdefault(calib[2], {})[calib[1]] = str(value).strip()
        elif entry and len(entry[2]) < 9 and len(by_number) < _MOST_USES:
            by_number.setdefault(int(entry[2]), {})[entry[3]] = str(value).strip()
    inputs = {texts.get("ID", "").lower(): texts for _, texts in sorted(by_number.items())}
    uses = [_use_of_role(role, texts, inputs) for role, texts in sorted(by_role.items())]
    yield from _without_dates_alone(uses)
    uuids = {use.uuid for use in uses}
    types = _dataset_types()
    for uuid, texts in inputs.items():
        dataset_type = texts.get("DATASETTYPE", "")
        # An input without a type may be anything; most are images.
        if uuid not in uuids and (dataset_type in types or not dataset_type):
            yield Use(dataset_type.upper(), dataset_type, uuid, texts.get("RUN", ""))
    yield from _recorded_uses(values)


def _recorded_uses(values: Mapping[str, Any]) -> Iterator[Use]:
    """Yield the calibrations that ``apply`` of curated recorded, in the order in which they were applied."""
    records: dict[int, dict[str, str]] = {}
    for key, value in values.items():
        match = _RECORD.match(key)
        if match and len(records) < _MOST_USES:
            records.setdefault(int(match[2]), {})[match[1]] = str(value).strip()
    for _, texts in sorted(records.items()):
        type_name, path, blob, commit = (
            texts.get(RECORD_KEYWORDS[name], "") for name in ("type", "path", "blob", "commit")
        )
        cls = find_type(type_name)
        # A record without a type says nothing of what was applied.
        if type_name:
            dataset_type = cls.SPEC.dataset if cls is not None else type_name
            yield Use(type_name.upper(), dataset_type, path=path, blob=blob.lower(), commit=commit.lower())


def _use_of_role(role: str, texts: Mapping[str, str], inputs: Mapping[str, Mapping[str, str]]) -> Use:
    uuid = texts.get("UUID", "").lower()
    entry = inputs.get(uuid, {}) if uuid else {}
    dataset_type = entry.get("DATASETTYPE", "") or type_of_role(role)
    return Use(role, dataset_type, uuid, texts.get("RUN", "") or entry.get("RUN", ""), texts.get("DATE", ""))


def _without_dates_alone(uses: list[Use]) -> Iterator[Use]:
    """Yield the uses, those without UUID and RUN only where no other one is of their type; with its date."""
    dates = {use.dataset_type: use.date for use in uses if not use.uuid and not use.run}
    types = {use.dataset_type for use in uses if use.uuid or use.run}
    for use in uses:
        if use.uuid or use.run:
            yield replace_date(use, dates.get(use.dataset_type, ""))
        elif use.dataset_type not in types:
            yield use


def replace_date(use: Use, date: str) -> Use:
    """Return a use with a date, unless it has one."""
    return use if use.date or not date else use._replace(date=date)


def type_of_role(role: str) -> str:
    """Return the dataset type of a connection: by its name, or by the name or an alias of a calibration type."""
    if role in CONNECTIONS:
        return CONNECTIONS[role]
    cls = find_type(role)
    return cls.SPEC.dataset if cls is not None else role.lower()


def _dataset_types() -> frozenset[str]:
    return frozenset(cls.SPEC.dataset for cls in all_types().values())


def with_exposure(header: ImageHeader, exposure: Exposure) -> ImageHeader:
    """Return a header with another exposure, whose time is UTC."""
    return replace(header, exposure=exposure, is_tai=False)


def with_time(header: ImageHeader, time: datetime | None) -> ImageHeader:
    """Return a header whose exposure has a time in UTC."""
    return with_exposure(header, replace(header.exposure, time=time))
