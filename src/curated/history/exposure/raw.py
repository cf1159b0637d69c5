"""A raw image as an exposure: instrument, detector, filter and times from its header."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from curated.core.diagnostic import CuratedError, Diagnostic, brief
from curated.core.times import as_utc, scaled_time
from curated.fits.raw_header import RawHeader, read_raw_header, value_text
from curated.history.names import instrument_directories, known_names
from curated.package.instrument import Instrument, parse_instrument
from curated.package.package import Package
from curated.package.settings.header_mapping import (
    DURATION_UNITS,
    SCALES,
    HeaderMapping,
    fill_template,
    template_keywords,
)

_MAX_ERRORS = 5
"""Findings that a message quotes."""

_LONGEST = 10 * 86400.0
"""Longest exposure, in seconds."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """An exposure of one detector.

    Parameters
    ----------
    source : `str`
        The file that it was read from.
    instrument : `str`
        Directory of the instrument.
    detector, filter : `str`
        Names, or the number of the detector, as the header has them; empty where it has none.
    begin : `datetime.datetime`
        Its first moment, UTC.
    end : `datetime.datetime` or `None`
        The first moment after it; `None` where the header says neither end nor duration.
    state : `dict` [`str`, `object`]
        Values of the keywords of the camera's state that the header has.
    translator : `str`
        Name of the translator of astro_metadata_translator that read the header; empty for the mapping.
    fault : `str`
        Why a translator that knows the header could not read it, so that the mapping was used; empty for none.
    """

    source: str
    instrument: str
    detector: str
    filter: str
    begin: datetime
    end: datetime | None
    state: Mapping[str, Any] = field(default_factory=dict)
    translator: str = ""
    fault: str = ""


def instrument_settings(package: Package, declared: Mapping[str, Instrument], directory: str) -> Instrument:
    """Return the settings of an instrument: those of ``instrument.yaml``, else the overrides of ``curated.yaml``.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    """
    if directory in declared and declared[directory].declared:
        return declared[directory]
    overrides = package.config.instruments.get(directory, {})
    return parse_instrument({"name": directory, **overrides}, directory)[0]


def require_sound_settings(findings: Iterable[Diagnostic], what: str) -> None:
    """Raise an error if an ``instrument.yaml`` has errors: defaults would stand for what it was to say.

    Parameters
    ----------
    findings : iterable [`Diagnostic`]
        Findings in the descriptions of instruments.
    what : `str`
        What depends on them, as the end of a sentence.
    """
    errors = sorted(finding for finding in findings if finding.is_error)
    if errors:
        messages = "; ".join(f"{e.file}:{e.line}: {e.code} {e.message}" for e in errors[:_MAX_ERRORS])
        more = f" and {len(errors) - _MAX_ERRORS} more" if len(errors) > _MAX_ERRORS else ""
        raise CuratedError(f"{what} is not known: {messages}{more}", "correct it, and see 'curated check'")


def read_exposure(
    package: Package, declared: Mapping[str, Instrument], path: str, instrument: str = ""
) -> Exposure:
    """Read the header of a raw image.

    The mapping of the instrument (``headers`` in ``instrument.yaml``) says what is where. Where none is declared,
    astro_metadata_translator is asked if it is installed and knows the instrument; else the mapping's defaults apply.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    instrument : `str`, optional
        The instrument, if it is known; the header has to agree.

    Raises
    ------
    CuratedError
        If the file cannot be read, or if its header does not say which instrument it is, or when it was taken.
    """
    settings = {
        directory: instrument_settings(package, declared, directory)
        for directory in package.layout.instruments
    }
    keywords = {k for entry in settings.values() for k in (*entry.headers.keywords, *entry.match)}
    header = read_raw_header(Path(path), keywords | HeaderMapping().keywords)
    place = instrument_directories(package, declared, instrument)[0] if instrument else ""
    translation, directory = None, ""
    if not any(entry.headers.declared for directory, entry in settings.items() if place in ("", directory)):
        translation = _translate(header)
    if isinstance(translation, _Translation):
        directory = _named(settings, translation.instrument, place)
        if directory:
            return _Reader(path, header, settings[directory], package).translated(translation)
    fault = translation if isinstance(translation, str) else ""
    try:
        directory = _find_instrument(settings, header, place, path)
        exposure = _Reader(path, header, settings[directory], package).read()
    except CuratedError as error:
        if not fault:
            raise
        raise CuratedError(f"{error.message}; {fault}", error.hint) from error
    return replace(exposure, fault=fault) if fault else exposure


def _find_instrument(settings: Mapping[str, Instrument], header: RawHeader, place: str, path: str) -> str:
    """Return the directory of the instrument that a header names."""
    tried: list[str] = []
    for directory, entry in settings.items():
        if place not in ("", directory):
            continue
        for keyword in map(str.upper, entry.headers.instrument):
            _require_one(header, keyword, path)
            value = header.values.get(keyword)
            if value is None:
                tried.append(keyword)
                continue
            if str(value).strip().lower() in _names(entry):
                return directory
            break
    keywords = list(dict.fromkeys(k.upper() for entry in settings.values() for k in entry.headers.instrument))
    keyword = next((k for k in keywords if header.values.get(k) is not None), "")
    if not keyword:
        raise CuratedError(
            f"{path} does not say of which instrument it is: it has no {' or '.join(dict.fromkeys(tried))}",
            "name the keyword in instrument.yaml, as in 'headers: {instrument: [CAMERA]}'",
        )
    return _of_name(settings, str(header.values[keyword]), place, path, keyword)


def _of_name(settings: Mapping[str, Instrument], name: str, place: str, path: str, keyword: str) -> str:
    """Return the directory of the instrument with a name that a keyword has."""
    directory = _named(settings, name, place)
    if directory:
        return directory
    example = place or "the instrument's"
    way_out = f"if it is, name it in {example} instrument.yaml, as in 'headers: {{names: [{name.strip()}]}}'"
    if place:
        raise CuratedError(f"{path} is not of {place}: {keyword} {brief(name)}", way_out)
    names = [entry.name for entry in settings.values()]
    hint = known_names(name, settings, "instruments", names)
    raise CuratedError(f"{path} is of an unknown instrument: {keyword} {brief(name)}", f"{hint}; {way_out}")


def _named(settings: Mapping[str, Instrument], name: str, place: str) -> str:
    """Return the directory of the instrument with a name; empty if there is none, or if it is not at the place."""
    directories = (d for d, entry in settings.items() if name.strip().lower() in _names(entry))
    return next((directory for directory in directories if place in ("", directory)), "")


def _names(entry: Instrument) -> set[str]:
    return {name.strip().lower() for name in (entry.name, entry.directory, *entry.headers.names)}


def _require_one(header: RawHeader, keyword: str, path: str) -> None:
    """Raise an error for a keyword that stands in a header with several values, or in a form that is none."""
    if keyword in header.conflicts:
        texts = " and ".join(map(value_text, header.conflicts[keyword][:3]))
        raise CuratedError(
            f"{keyword} of {path} has several values: {texts}",
            "correct the header, or name another keyword under 'headers:' in instrument.yaml",
        )
    value = header.values.get(keyword)
    if isinstance(value, bytes) or (isinstance(value, str) and "?" in value):
        text = value_text(value)
        raise CuratedError(f"{keyword} of {path} is not what a header may hold: {text}", "correct the header")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a header by the mapping of an instrument."""

    path: str
    header: RawHeader
    entry: Instrument
    package: Package

    @property
    def mapping(self) -> HeaderMapping:
        return self.entry.headers

    @property
    def file(self) -> str:
        """The file in which users declare the mapping, for hints."""
        top = f"{self.package.top}/" if self.package.top else ""
        return f"{top}{self.entry.directory}/instrument.yaml"

    def read(self) -> Exposure:
        begin = self._begin()
        filter_name = self._fill(self.mapping.filter)
        return Exposure(
            self.path,
            self.entry.directory,
            self._fill(self.mapping.detector),
            self._filter(filter_name),
            begin,
            self._end(begin),
            self._state(),
        )

    def translated(self, translation: _Translation) -> Exposure:
        detector, filter_name = translation.detector, self._filter(translation.filter)
        begin, end = translation.begin, translation.end
        directory, name = self.entry.directory, translation.name
        return Exposure(self.path, directory, detector, filter_name, begin, end, self._state(), name)

    def _fill(self, templates: Iterable[str]) -> str:
        """Return the first of some templates whose keywords the header has; empty if there is none."""
        for template in templates:
            for keyword in template_keywords(template):
                _require_one(self.header, keyword, self.path)
            text = fill_template(template, self.header.values)
            if text is not None:
                return text
        return ""

    def _filter(self, name: str) -> str:
        names = {text.lower(): filter_name for text, filter_name in self.mapping.filters.items()}
        return names.get(name.lower(), name)

    def _state(self) -> dict[str, Any]:
        for keyword in self.entry.match:
            _require_one(self.header, keyword, self.path)
        return {k: self.header.values[k] for k in self.entry.match if k in self.header.values}

    def _begin(self) -> datetime:
        faults: list[str] = []
        begin = self._time(self.mapping.begin, faults)
        if begin is not None:
            return begin
        keywords = ", ".join(self.mapping.begin)
        detail = "; ".join(faults) or f"it has none of {keywords}"
        raise CuratedError(
            f"{self.path} does not say when it was taken: {detail}",
            f"name the keyword in {self.file}, as in 'headers: {{begin: [DATE-BEG]}}'",
        )

    def _time(self, keywords: Iterable[str], faults: list[str]) -> datetime | None:
        """Return the time of the first keyword that has one; what is wrong with others is added to the faults."""
        for keyword in map(str.upper, keywords):
            _require_one(self.header, keyword, self.path)
            value = self.header.values.get(keyword)
            if value is None:
                continue
            try:
                return scaled_time(value, self._scale())
            except ValueError as error:
                faults.append(f"{keyword} {brief(value)} is {error}")
        return None

    def _scale(self) -> str:
        _require_one(self.header, "TIMESYS", self.path)
        scale = str(self.header.values.get("TIMESYS", self.mapping.scale)).strip().upper()
        scale = {"TT(TAI)": "TT", "GMT": "UTC", "UT": "UTC", "IAT": "TAI"}.get(scale, scale)
        if scale not in SCALES:
            raise CuratedError(
                f"TIMESYS of {self.path} is {brief(scale)}, which is not supported",
                f"supported are {', '.join(SCALES)}; give the time with --at instead",
            )
        return scale

    def _end(self, begin: datetime) -> datetime | None:
        faults: list[str] = []
        end = self._time(self.mapping.end, faults)
        if end is None:
            for keyword in map(str.upper, self.mapping.duration):
                seconds = self.header.values.get(keyword)
                if (
                    isinstance(seconds, (int, float))
                    and not isinstance(seconds, bool)
                    and math.isfinite(seconds)
                ):
                    seconds *= DURATION_UNITS[self.mapping.duration_unit]
                    end = begin + timedelta(seconds=min(max(seconds, -1.0), 2 * _LONGEST))
                    break
        if end is None and faults:
            raise CuratedError(
                f"{self.path} does not say when it ended: {'; '.join(faults)}", "correct the header"
            )
        if end is not None and not timedelta() <= end - begin <= timedelta(seconds=_LONGEST):
            raise CuratedError(
                f"{self.path} says that it began at {begin.isoformat()} and ended at {end.isoformat()} UTC",
                f"correct the header, or name other keywords under 'headers:' in {self.file}",
            )
        return end


# -- astro_metadata_translator --------------------------------------------------------------------------------


class _Translation(NamedTuple):
    """What astro_metadata_translator says about a header."""

    name: str
    instrument: str
    detector: str
    filter: str
    begin: datetime
    end: datetime | None


def _translate(header: RawHeader) -> _Translation | str | None:
    """Return what astro_metadata_translator says, or why it fails over a header that it knows.

    `None` is returned if it is not installed, or does not know the header.
    """
    try:
        from astro_metadata_translator import MetadataTranslator, ObservationInfo
    except ImportError:
        return None
    values = {key: value for key, value in header.everything.items() if value is not None}
    subset = {"instrument", "detector_num", "physical_filter", "datetime_begin", "datetime_end"}
    try:
        translator = MetadataTranslator.determine_translator(values)
    except ValueError:
        return None  # no translator accepts the header
    except Exception as error:  # noqa: BLE001 - each translator looks at the header, and may raise anything over it
        return f"astro_metadata_translator could not look at it: {_reason(error)}"
    try:
        info = ObservationInfo(
            values, translator_class=translator, pedantic=True, search_path=(), subset=subset, quiet=True
        )
        begin, end = as_utc(info.datetime_begin), as_utc(info.datetime_end)
    except Exception as error:  # noqa: BLE001 - the translator of any instrument may raise anything over a header
        name = f"the translator {translator.name} of astro_metadata_translator"
        return f"{name} could not read it: {_reason(error)}"
    number, filter_name = info.detector_num, info.physical_filter
    detector = "" if number is None else str(number)
    return _Translation(
        str(translator.name), str(info.instrument), detector, str(filter_name or ""), begin, end
    )


def _reason(error: Exception) -> str:
    """Return an error of another program in one short line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {brief(text)}" if text else type(error).__name__
