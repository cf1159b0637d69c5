"""What a manifest that its schema allows contradicts: itself, the names of a release, or the declared types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from curated.bundle.contents import Contents, Entry, Kind
from curated.core.diagnostic import Problem, brief
from curated.core.times import WHOLE_SECONDS, parse_time, tai_nanoseconds
from curated.datasets.names import RUN_END, UNBOUNDED, is_plain
from curated.datasets.record import dataset_uuid
from curated.declare.spec import Spec
from curated.registry import all_types, find_type

_SHADOWED = frozenset({"camera", "raw"})
"""Dataset types of the stack that nothing imported may be, whatever is allowed."""

_EPOCH = datetime(1970, 1, 1)


def contradictions(contents: Contents, allow_types: Collection[str] | None = ()) -> list[Problem]:
    """Return everything that is wrong with the contents of a bundle.

    Parameters
    ----------
    allow_types : collection [`str`] or `None`, optional
        Names of dataset types that may be in the bundle although no type declares them; any if `None`.
    """
    return [
        *_kind_problems(contents.kinds, allow_types),
        *_target_problems(contents),
        *_record_problems(contents),
        *_use_problems(contents),
        *_path_problems(contents),
        *_uuid_problems(contents),
        *_reference_problems(contents),
        *_time_problems(contents.entries),
    ]


# -- what datasets refer to -----------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def declared_spec(dataset_type: str) -> Spec | None:
    """Return the declaration of a dataset type, `None` if no type of curated or of an installed package declares it."""
    # Loading all types takes longer; most dataset types are named after their type.
    cls = find_type(dataset_type)
    if cls is not None and cls.SPEC.dataset == dataset_type:
        return cls.SPEC
    return next((cls.SPEC for cls in all_types().values() if cls.SPEC.dataset == dataset_type), None)


def is_same_class(dataset_type: str, first: str, second: str) -> bool:
    """Return whether two storage classes of a dataset type are one, or those of this and an earlier version."""
    spec = declared_spec(dataset_type)
    return first == second or (spec is not None and {first, second} <= {*spec.storage_classes})


def _kind_problems(kinds: Iterable[Kind], allow_types: Collection[str] | None) -> Iterator[Problem]:
    counts = Counter(kind.name for kind in kinds)
    for n, kind in enumerate(kinds):
        place = ("dataset_types", n)
        if counts[kind.name] > 1:
            yield Problem("CAL610", place, f"dataset type {kind.name} is listed {counts[kind.name]} times")
        if kind.dimensions[:1] != ("instrument",) or len({*kind.dimensions}) < len(kind.dimensions):
            detail = f"dataset type {kind.name} has the dimensions {', '.join(kind.dimensions) or 'none'}"
            yield Problem(
                "CAL610", place, f"{detail}: instrument has to be the first, and each is there once"
            )
        spec = declared_spec(kind.name)
        if spec is None and (
            kind.name in _SHADOWED or (allow_types is not None and kind.name not in allow_types)
        ):
            is_fixed = kind.name in _SHADOWED
            hint = "such a dataset type is the stack's own; do not import this bundle" if is_fixed else ""
            yield Problem("CAL617", place, f"no calibration type declares dataset type {kind.name}", hint)
        elif spec is not None and not (
            kind.dimensions == spec.dimensions and kind.storage_class in spec.storage_classes
        ):
            declared, stated = (
                f"{storage_class} by {', '.join(dimensions)}"
                for dimensions, storage_class in (
                    (spec.dimensions, spec.storage_class),
                    (kind.dimensions, kind.storage_class),
                )
            )
            detail = f"dataset type {kind.name} is {stated}; it is declared as {declared}"
            hint = "do not import this bundle, or make it again with this version of curated"
            yield Problem("CAL617", place, detail, hint)


def _target_problems(contents: Contents) -> Iterator[Problem]:
    counts = Counter(target.instrument for target in contents.targets)
    for n, target in enumerate(contents.targets):
        place = ("instruments", n)
        if counts[target.instrument] > 1:
            yield Problem("CAL610", place, f"instrument {target.instrument} is listed twice")
        chain = f"{target.instrument}/calib"
        for name, collection, right in (
            ("calibration", target.calibration, f"{chain}/{contents.label}"),
            ("chain", target.chain, chain),
        ):
            if collection != right:
                detail = f"{name} is {collection}; that of release {contents.label} is {right}"
                yield Problem("CAL616", (*place, "collections", name), detail)


def _record_problems(contents: Contents) -> Iterator[Problem]:
    """Yield detectors and filters that cannot be told apart, or have names that only look like others."""
    values_by_place: Counter[tuple[str, str, object, str]] = Counter()
    for element, keys in (("detector", ("id", "full_name")), ("physical_filter", ("name",))):
        for record in contents.records[element]:
            values_by_place.update((element, key, record[key], record["instrument"]) for key in keys)
    for (element, key, value, instrument), count in values_by_place.items():
        if count > 1:
            detail = f"{instrument}: {element} {key} {brief(value)} is listed {count} times"
            yield Problem("CAL610", ("instruments",), detail)
    texts = {
        value
        for records in contents.records.values()
        for record in records
        for value in record.values()
        if isinstance(value, str) and not value.isascii()
    }
    for text in sorted(texts):
        if not is_plain(text):
            detail = (
                f"{brief(text)} has characters that are no letters, or is not in Unicode's normal form NFC"
            )
            yield Problem("CAL610", ("instruments",), detail)


def _use_problems(contents: Contents) -> Iterator[Problem]:
    """Yield what is registered without a dataset that needs it."""
    used_types = {entry.dataset_type for entry in contents.entries}
    used_instruments = {entry.instrument for entry in contents.entries}
    for n, kind in enumerate(contents.kinds):
        if kind.name not in used_types:
            yield Problem("CAL610", ("dataset_types", n), f"dataset type {kind.name} has no dataset")
    for n, target in enumerate(contents.targets):
        if target.instrument not in used_instruments:
            yield Problem("CAL610", ("instruments", n), f"instrument {target.instrument} has no dataset")


# -- datasets -------------------------------------------------------------------------------------------


def _path_problems(contents: Contents) -> Iterator[Problem]:
    index_by_path: dict[str, int] = {}
    stems = set()
    for n, entry in enumerate(contents.entries):
        if entry.is_reference:
            continue
        place = ("datasets", n, "path")
        if not entry.path.endswith(".fits"):
            yield Problem("CAL612", place, f"{entry.path} has not the ending .fits")
        if index_by_path.setdefault(entry.path, n) != n:
            yield Problem("CAL612", place, f"{entry.path} is the file of two datasets")
        stems.add(entry.path.removesuffix(".fits"))
    counts = Counter(companion.path for companion in contents.companions)
    for path, count in counts.items():
        if not path.endswith(".inputs.yaml") or path.removesuffix(".inputs.yaml") not in stems or count > 1:
            yield Problem("CAL612", ("datasets",), f"{path} is not the provenance file beside one FITS file")


def _uuid_problems(contents: Contents) -> Iterator[Problem]:
    index_by_uuid: dict[str, int] = {}
    for n, entry in enumerate(contents.entries):
        if entry.uuid != dataset_uuid(entry.dataset_type, entry.run, entry.data_id):
            detail = f"{entry.uuid} does not follow from {entry} in run {entry.run}"
            yield Problem("CAL615", ("datasets", n, "uuid"), detail)
        if index_by_uuid.setdefault(entry.uuid, n) != n:
            yield Problem("CAL615", ("datasets", n, "uuid"), f"{entry} is listed twice in run {entry.run}")


def _reference_problems(contents: Contents) -> Iterator[Problem]:
    """Yield where datasets contradict the instruments and dataset types of the manifest."""
    dimensions = {kind.name: {*kind.dimensions} for kind in contents.kinds}
    collections = {target.instrument: target.calibration for target in contents.targets}
    directories = {target.instrument: target.directory for target in contents.targets}
    detectors = {(r["instrument"], r["id"]) for r in contents.records["detector"]}
    filters = {(r["instrument"], r["name"]) for r in contents.records["physical_filter"]}
    for n, entry in enumerate(contents.entries):
        values = dict(entry.data_id)
        instrument = entry.instrument
        if dimensions.get(entry.dataset_type) != values.keys():
            detail = "not the dimensions of its dataset type"
        elif "detector" in values and (instrument, values["detector"]) not in detectors:
            detail = "the manifest does not define the detector"
        elif "physical_filter" in values and (instrument, values["physical_filter"]) not in filters:
            detail = "the manifest does not define the filter"
        else:
            detail = ""
        if detail:
            yield Problem("CAL610", ("datasets", n, "data_id"), f"{entry}: {detail}")
        directory = directories.get(instrument)
        if directory and entry.claims.path and directory not in entry.claims.path.split("/")[:-1]:
            detail = (
                f"{entry}: {entry.claims.path} is not below {directory}/, the directory of its instrument"
            )
            yield Problem("CAL616", ("datasets", n, "source", "path"), detail)
        if collections.get(instrument) != entry.collection:
            detail = f"{entry}: collection {entry.collection} is not its instrument's"
            yield Problem("CAL616", ("datasets", n, "collection"), detail)
        elif not entry.is_reference and not _is_run_of(entry):
            detail = f"{entry}: run {entry.run} is none of {entry.collection} for its dataset type"
            yield Problem("CAL616", ("datasets", n, "run"), detail)
        elif entry.is_reference and not contents.base:
            yield Problem(
                "CAL610", ("datasets", n, "path"), f"{entry} has no file, and the bundle has no base"
            )


def _is_run_of(entry: Entry) -> bool:
    end = entry.run.removeprefix(f"{entry.collection}/")
    if end == entry.run or RUN_END.match(end) is None:
        return False
    return end.startswith("unbounded") == (entry.dataset_type in UNBOUNDED)


# -- times ----------------------------------------------------------------------------------------------


def _time_problems(entries: Iterable[Entry]) -> Iterator[Problem]:
    """Yield ranges that are empty, and ends whose two forms are not the same moment."""
    places: dict[tuple[str, int | None], tuple[int, str]] = {}
    for n, entry in enumerate(entries):
        claims = entry.claims
        if entry.span.begin >= entry.span.end:
            yield Problem("CAL610", ("datasets", n, "validity"), f"{entry}: the range ends before it begins")
        for name, text, nanoseconds in (
            ("begin", claims.begin, claims.begin_tai_ns),
            ("end", claims.end, claims.end_tai_ns),
        ):
            places.setdefault((text, nanoseconds), (n, name))
    moments = _moments(text for text, _ in places if text)
    suspects = {pair: place for pair, place in places.items() if moments.get(pair[0]) != pair[1]}
    # The quick conversion may have an older table of leap seconds.
    dates = {text: date for text, _ in suspects if text and (date := _date(text)) is not None}
    exact = tai_nanoseconds(dates.values())
    for (text, nanoseconds), (n, name) in suspects.items():
        date = dates.get(text)
        moment = None if date is None else exact[date]
        if moment != nanoseconds or (text != "" and date is None):
            detail = f"{name} is {text or 'open'} UTC, but {nanoseconds} ns TAI"
            detail += f"; {text} is {moment} ns" if moment is not None else ""
            yield Problem("CAL618", ("datasets", n, "validity", name), detail)


def _date(text: str) -> datetime | None:
    try:
        return parse_time(text.removesuffix("Z"))
    except ValueError:
        return None


def _moments(texts: Iterable[str]) -> dict[str, int]:
    """Return nanoseconds since 1970-01-01 TAI of times in UTC, without astropy, which takes long to load.

    Left out are times when UTC was no whole number of seconds behind TAI, but for 1970-01-01, and what is no time.
    """
    import warnings

    import erfa

    dates = {text: date for text in texts if (date := _date(text)) is not None}
    dates = {t: d for t, d in dates.items() if d >= WHOLE_SECONDS or d == _EPOCH}
    days = sorted({date.date() for date in dates.values()})
    if not days:
        return {}
    years, months, numbers = zip(*((day.year, day.month, day.day) for day in days), strict=True)
    with warnings.catch_warnings():
        # Beyond the table, UTC is converted with its last entry, as intended.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        offsets = dict(zip(days, erfa.dat(years, months, numbers, 0.0).tolist(), strict=True))
    microsecond = timedelta(microseconds=1)
    return {
        text: (date - _EPOCH) // microsecond * 1000 + round(offsets[date.date()] * 1e9)
        for text, date in dates.items()
    }
