"""Exposures that a change affects: compared with a search exposure by exposure, and on packages."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import GitPackage, MakePackage
from curated.core.keys import CalibKey
from curated.core.times import tai_nanoseconds
from curated.declare import Measure, Reading
from curated.difference.change import Change, Difference, Effect
from curated.difference.revisions import find_difference, open_states
from curated.exposures.batch import NO_NIGHT, NO_TIME, Batch, Exposures
from curated.exposures.impact import Counts, Impact
from curated.exposures.moments import night_date
from curated.exposures.names import Names
from curated.exposures.search import ImpactSearch, find_impact
from curated.exposures.table import read_exposures
from curated.package.package import Package, open_package
from curated.package.validity import Range
from support.changes import EPOCHS, LATER, MIDDLE, OLD, version
from support.exposures import made_exposures
from support.packages import defects_path, defects_text

INSTRUMENT = """\
name: Lab
detectors: [{id: 0, name: D00}, {id: 1, name: D01}]
filters: [{name: g_1, band: g}, {name: r_1, band: r}]
utc_offset: -4
"""

MILLI = Measure(name="zero_point_shift", unit="mmag", doc="", compute=lambda *_: (), notable=2.0)
PIXELS = Measure(name="pixels_gained", unit="pix", doc="", compute=lambda *_: (), notable=10.0)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    """Names of an instrument with two detectors and two filters."""
    root = tmp_path_factory.mktemp("package")
    (root / "calibs/lab").mkdir(parents=True)
    (root / "curated.yaml").write_text("calibs: calibs\n")
    (root / "calibs/lab/instrument.yaml").write_text(INSTRUMENT)
    return Names((open_package(root),), ("g", "r"))


# -- a search exposure by exposure ---------------------------------------------------------------------------

START = datetime(2024, 1, 1, 12)
TYPES = {
    "flat": (True, True),
    "defects": (True, False),
    "transmission_optics": (False, False),
    "camera": (False, False),
}
hours = st.integers(0, 120).map(lambda hour: START + timedelta(hours=hour))


@st.composite
def changes(draw: st.DrawFn) -> Change:
    name = draw(st.sampled_from(sorted(TYPES)))
    has_detector, has_filter = TYPES[name]
    key = CalibKey(
        "lab",
        name,
        draw(st.sampled_from(["d00", "d01"])) if has_detector else "",
        draw(st.sampled_from(["g_1", "r_1"])) if has_filter else "",
    )
    ranges = []
    for _ in range(draw(st.integers(0, 2))):
        begin = draw(hours)
        ranges.append(
            Range(begin, draw(st.one_of(st.none(), hours.filter(lambda end, begin=begin: end > begin))))
        )
    effects = []
    for _ in range(draw(st.integers(0, 3))):
        of: dict[str, Any] = {}
        if name == "transmission_optics":
            of = {"band": draw(st.sampled_from(["g", "r"]))}
        if name == "camera":
            of = {"detector": draw(st.sampled_from(["D00", "D01"]))}
        measure = draw(st.sampled_from([MILLI, PIXELS]))
        effects.append(
            Effect(measure, Reading(draw(st.sampled_from([-30.0, -1.5, 1.0, 8.0, math.nan])), of=of))
        )
    old, new = draw(st.sampled_from([("old", "new"), ("old", "new"), (None, "new"), ("old", None)]))
    fields = ("x",) if effects or draw(st.booleans()) else ()
    used = draw(st.sampled_from([None, ("D00",), ("D01",)])) if name == "camera" else None
    unreadable = ("old",) if old and draw(st.integers(0, 9)) == 0 else ()
    return Change(key, old, new, tuple(ranges), tuple(effects), fields, (), unreadable, detectors=used)


exposure_rows = st.tuples(
    hours,
    st.sampled_from(["", "", "0", "D01"]),
    st.sampled_from(["g_1", "r", ""]),
    st.sampled_from(["", "a", "b", "c"]),
)


def level_of(change: Change, detector: str, band: str, *, banded: bool) -> tuple[str, float | None]:
    """Return the level, and the value of the largest measure in units of its threshold, of a change in force."""
    sizes = []
    for effect in change.effects:
        of = effect.reading.of
        if detector and of.get("detector", detector).lower() != detector:
            continue
        if banded and band and of.get("band") != band:
            continue
        value = abs(effect.reading.value)
        sizes.append(math.inf if math.isnan(value) else value / effect.measure.notable)
    size = max(sizes, default=None)
    if change.old is None or change.new is None:
        return ("new" if change.old is None else "lost"), size
    if change.unreadable or (size is not None and size >= 1):
        return "effect", size
    if (
        detector
        and change.detectors is not None
        and detector not in [name.lower() for name in change.detectors]
    ):
        return "file", size
    return ("content" if change.fields or change.effects else "file"), size


def search(every: list[Change], rows: list[tuple[Any, ...]]) -> tuple[dict[Any, set[Any]], Counter[Any]]:
    """Return which exposures are affected, by night, type and level, and the number of rows of each type and level."""
    affected: dict[Any, set[Any]] = {}
    counts: Counter[Any] = Counter()
    for index, (time, detector_text, filter_text, name) in enumerate(rows):
        detector = {"": "", "0": "d00", "D01": "d01"}[detector_text]
        band = filter_text[:1]
        night = (time - timedelta(hours=16)).date()  # 4 hours behind UTC, from noon on
        exposure = index if not detector else (night, name or (time, filter_text))
        for change in every:
            key = change.key
            if not any(time in valid for valid in change.ranges):
                continue
            if (detector and key.detector not in ("", detector)) or key.filter not in ("", f"{band}_1"):
                continue
            banded = key.type == "transmission_optics" and any(
                "band" in e.reading.of
                for c in every
                if c.key.type == key.type and c.ranges
                for e in c.effects
            )
            level, _ = level_of(change, detector, band, banded=banded)
            nested = {"effect": ("effect", "content", "file"), "content": ("content", "file")}.get(
                level, (level,)
            )
            for part in (*nested, "any"):
                for kind in (key.type, "all"):
                    affected.setdefault((night, kind, part), set()).add(exposure)
                counts[key.type, part] += 1
    return affected, counts


def found(impact: Impact) -> tuple[dict[Any, int], Counter[Any]]:
    numbers: dict[Any, int] = {}
    for night in impact.nights:
        parts = [("all", night.affected), *((kind.type, kind.exposures) for kind in night.types)]
        numbers |= {
            (night.night, name, level): n for name, c in parts for level, n in c._asdict().items() if n
        }
    counts = Counter(
        {(kind.type, level): n for kind in impact.types for level, n in kind.rows._asdict().items() if n}
    )
    return numbers, counts


@settings(max_examples=60)
@given(
    every=st.lists(changes(), max_size=6), rows=st.lists(exposure_rows, max_size=12), cut=st.integers(0, 12)
)
def test_counts_are_those_of_a_search(names: Names, every: list[Change], rows: list[Any], cut: int) -> None:
    difference = Difference.of("a", "b", every)
    impact_search = ImpactSearch(difference, names)
    levels: list[Any] = []
    for part in (rows[:cut], rows[cut:]):
        examined = impact_search.examine(Batch(made_exposures(part)))
        for place, cell in enumerate(examined.cells.tolist()):
            levels += [
                (night_date(examined.nights[place]), hit.change.key.type, hit.level)
                for hit in examined.outcomes[cell][2].hits
            ]
    affected, counts = search(every, rows)
    impact = impact_search.impact()
    assert found(impact) == ({key: len(exposures) for key, exposures in affected.items()}, counts)
    assert len(levels) == sum(n for (_, level), n in counts.items() if level == "any")
    assert impact.affected.any == sum(
        len(e) for (_, kind, part), e in affected.items() if (kind, part) == ("all", "any")
    )


@settings(max_examples=25)
@given(every=st.lists(changes(), max_size=6), rows=st.lists(exposure_rows, min_size=1, max_size=8))
def test_the_largest_effect_is_that_of_a_search(names: Names, every: list[Change], rows: list[Any]) -> None:
    impact = find_impact(Difference.of("a", "b", every), [Batch(made_exposures(rows))], names)
    for kind in impact.types:
        sizes = []
        for row in rows:
            for change in every:
                if change.key.type == kind.type and search([change], [row])[0]:
                    banded = kind.type == "transmission_optics" and any(
                        "band" in e.reading.of
                        for c in every
                        if c.key.type == kind.type and c.ranges
                        for e in c.effects
                    )
                    detector = {"": "", "0": "d00", "D01": "d01"}[row[1]]
                    sizes.append(level_of(change, detector, row[2][:1], banded=banded)[1] or 0)
        largest = kind.largest
        value = 0.0 if largest is None else abs(largest.effect.reading.value) / largest.effect.measure.notable
        assert (math.inf if math.isnan(value) else value) == max(sizes)


# -- packages -------------------------------------------------------------------------------------------------

TABLE = """\
visit,time,detector
1,2021-06-01T00:00:00,
2,2022-06-01T00:00:00,0
2,2022-06-01T00:00:00,D01
3,2023-06-01T00:00:00,d00
4,2019-06-01T00:00:00,0
"""


def impact_of(
    package: GitPackage, tmp_path: Path, *revisions: str, text: str = TABLE, **options: Any
) -> Impact:
    path = tmp_path / "exposures.csv"
    path.write_text(text)
    states = open_states(open_package(package.path), revisions)
    packages: tuple[Package, ...] = (states.changes.now, states.changes.before)
    difference = find_difference(states, jobs=1)
    return find_impact(difference, read_exposures(path), Names(packages), **options)


def levels(impact: Impact) -> dict[str, Counts]:
    return {f"{night.night}": night.affected for night in impact.nights}


def test_levels_of_an_edit(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    package.write({OLD: version(OLD, DATE="2021-05-05"), MIDDLE: version(MIDDLE, x0=3)})
    impact = impact_of(package, tmp_path)
    assert levels(impact) == {
        "2021-05-31": Counts(any=1, file=1),  # a keyword
        "2022-05-31": Counts(any=1, file=1, content=1),  # 2 pixels are not notable
        "2023-05-31": Counts(any=1, file=1, content=1),
    }
    assert (impact.total, impact.affected.any, impact.night_count) == (4, 3, 4)
    (kind,) = impact.types
    assert (kind.type, kind.rows) == ("defects", Counts(any=3, file=3, content=2))
    assert kind.largest is not None
    assert kind.largest.effect.measure.name == "pixels_gained"
    impact = impact_of(package, tmp_path, thresholds={"pixels_gained": 4.0})
    assert impact.affected == Counts(any=3, file=3, content=2, effect=2)


def test_calibrations_that_begin_and_end(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    early = defects_path(0, "20190101T000000")
    package.write({early: defects_text(date="2019-01-01T00:00:00"), defects_path(1): None, MIDDLE: None})
    assert levels(impact_of(package, tmp_path)) == {
        "2019-05-31": Counts(any=1, new=1),
        "2021-05-31": Counts(any=1, lost=1),  # of the other detector
        "2022-05-31": Counts(any=1, file=1, content=1, lost=1),
        "2023-05-31": Counts(any=1, file=1, content=1),
    }
    assert levels(impact_of(package, tmp_path, text=TABLE.replace(",\n", ",0\n")))["2022-05-31"].lost == 1


def test_a_new_epoch_of_equal_values_is_another_file(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    package.commit({LATER: version(LATER, x0=2)})
    impact = impact_of(package, tmp_path, "HEAD~..HEAD")
    assert levels(impact) == {"2023-05-31": Counts(any=1, file=1)}


def test_what_cannot_be_read_counts_as_an_effect(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    package.write({MIDDLE: "nothing\n"})
    impact = impact_of(package, tmp_path)
    assert impact.affected == Counts(any=2, file=2, content=2, effect=2)
    assert [(finding.code, finding.file) for finding in impact.findings] == [("CAL455", MIDDLE)]


def test_a_boundary_belongs_to_the_later_calibration(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    package.write({MIDDLE: version(MIDDLE, x0=3)})
    text = "time\n2021-12-31T23:59:59.999999\n2022-01-01T00:00:00\n2022-01-01T05:00:00+05:00\n"
    impact = impact_of(package, tmp_path, text=text)
    assert (impact.total, impact.affected.any) == (3, 2)


def test_nights_without_times(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    package.write({MIDDLE: version(MIDDLE, x0=3)})
    # The middle of the night, at noon in UTC of the next day where no offset is declared.
    impact = impact_of(package, tmp_path, text="day_obs\n20211230\n20211231\n20220101\n20230101\n")
    assert [f"{night.night}" for night in impact.nights] == ["2021-12-31", "2022-01-01", "2023-01-01"]
    ((code, message),) = [(finding.code, finding.message) for finding in impact.findings]
    assert (code, message) == ("CAL454", "nights within which calibrations change: 2021-12-31")


def test_names_that_are_not_known(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    package.write({MIDDLE: version(MIDDLE, x0=3)})
    rows = ["labb,,", "lab,7,", "lab,d01,", "lab,d1,", "lab,7,", "Lab,1,x"]
    text = (
        "instrument,detector,filter,time\n"
        + "".join(f"{row},2022-06-01T00:00:00\n" for row in rows)
        + "lab\n"
    )
    impact = impact_of(package, tmp_path, text=text)
    assert [(finding.line, finding.code, finding.message) for finding in impact.findings] == [
        (8, "CAL450", "1 cells in a table of 4 columns, from 'lab' on"),
        (2, "CAL452", "unknown instrument 'labb'; did you mean 'lab'?"),
        (3, "CAL452", "unknown detector '7' of lab; there are d00, d01, in 2 rows"),
        (5, "CAL452", "unknown detector 'd1' of lab; did you mean 'd01'?"),
    ]
    assert (impact.total, impact.rejected, impact.affected.any) == (2, 5, 0)


def test_exposures_without_a_filter(names: Names) -> None:
    key = CalibKey("lab", "flat", "d00", "g_1")
    difference = Difference.of("a", "b", [Change(key, "old", "new", (Range(START, None),), (), ("x",))])
    rows = [(START, "", text, "") for text in ("", "g_1", "r_1")]
    impact = find_impact(difference, [Batch(made_exposures(rows))], names, source="t.csv")
    assert impact.affected.any == 1
    ((code, message),) = [(finding.code, finding.message) for finding in impact.findings]
    assert (code, message) == ("CAL453", "lab has 1 rows without a filter: changes of flat are not counted")


def test_findings_are_bounded(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    text = "time,detector\n" + "x,0\n" * 1000 + "".join(f"2022-06-01,{n}\n" for n in range(2, 1000))
    impact = impact_of(package, tmp_path, text=text)
    assert Counter(finding.code for finding in impact.findings) == {"CAL451": 101, "CAL452": 101}
    assert "900 more rows" in [finding.message for finding in impact.findings]
    assert impact.rejected == 1998


def test_no_exposures(names: Names) -> None:
    empty = Exposures(*(np.zeros(0, dtype=np.int64) for _ in range(3)), [], [], [], [])
    impact = find_impact(Difference.of("a", "b", []), [Batch(empty)], names)
    assert (impact.total, impact.affected, impact.types, impact.nights) == (0, Counts(), (), ())


def test_the_time_of_a_night_is_its_middle(names: Names) -> None:
    key = CalibKey("lab", "defects", "d00")
    midnight = datetime(2024, 1, 2, 4)  # of the night of 2024-01-01, 4 hours behind UTC
    night = (midnight - datetime(1970, 1, 1)).days - 1
    for start, count in ((midnight, 1), (midnight + timedelta(microseconds=1), 0)):
        difference = Difference.of("a", "b", [Change(key, "old", "new", (Range(start, None),), (), ("x",))])
        exposures = Exposures(
            np.array([1]), np.array([NO_TIME]), np.array([night], dtype=np.int32), [""], [""], [""], [""]
        )
        assert find_impact(difference, [Batch(exposures)], names).affected.any == count
    assert night > NO_NIGHT
    assert tai_nanoseconds([midnight])
