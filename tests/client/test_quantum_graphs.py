"""A pipeline reads calibrations of a repository that curated filled: which ones, and those of a repository filled by stock."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

pytest.importorskip("lsst.daf.butler")
pytest.importorskip("lsst.pipe.base")

from astropy.io import fits
from lsst.daf.butler import Butler, CalibrationLookupError, Timespan

from conftest import GitPackage
from curated.core.times import parse_time
from curated.history.lookup import lookup
from curated.package.package import open_package
from curated.registry import all_types
from support.packages import ROOT, validity_ranges
from support.pipeline import (
    CHAIN,
    INSTRUMENT,
    Choices,
    Exposure,
    IsrTask,
    add_exposures,
    choose,
    content_hash,
    run_pipeline,
    write_curated_calibrations,
    write_graph,
)
from support.preloaded import Programs

HALF_MINUTE = timedelta(seconds=30)
NANOSECOND = 1
DETECTORS = range(5)
SPANNING = 100
"""Numbers of exposures that span a boundary begin here."""

FOLDERS = {cls.SPEC.dataset: cls.SPEC.name for cls in all_types().values()}


def utc(text: str) -> datetime:
    return parse_time(text).replace(tzinfo=UTC)


# Starts of the package, and the end of d02's defects, after which it has none until 2022-03-01.
BOUNDARIES = [
    utc(day) for day in ("2020-01-01", "2021-06-15", "2022-03-01", "2023-05-10", "2024-02-01", "2024-03-01")
]


def make_exposures() -> dict[int, Exposure]:
    """Exposures before, at and after each boundary, which end or begin exactly there, and in between."""
    exposures: list[Exposure] = []
    for boundary in BOUNDARIES:
        exposures += [
            Exposure(boundary - HALF_MINUTE, boundary),
            Exposure(boundary, boundary + HALF_MINUTE),
            Exposure(boundary + timedelta(days=20), boundary + timedelta(days=20) + HALF_MINUTE),
        ]
    exposures.append(Exposure(utc("2019-06-01"), utc("2019-06-01") + HALF_MINUTE))
    exposures.append(Exposure(utc("2025-12-01"), utc("2025-12-02")))
    return dict(enumerate(exposures))


EXPOSURES = make_exposures()
EDGE = utc("2023-05-10")  # of the defects of d00
SPANNING_EXPOSURES = {
    SPANNING: Exposure(EDGE - HALF_MINUTE, EDGE + HALF_MINUTE),
    SPANNING + 1: Exposure(EDGE - HALF_MINUTE, EDGE, (0, NANOSECOND)),
    SPANNING + 2: Exposure(EDGE, EDGE + HALF_MINUTE, (-NANOSECOND, 0)),
}
INTO_HOLE = SPANNING + 3
HOLE = utc("2021-06-15")  # of the defects of d02
OTHER_EXPOSURES = SPANNING_EXPOSURES | {INTO_HOLE: Exposure(HOLE - HALF_MINUTE, HOLE + HALF_MINUTE)}
PAGE = (ROOT / "docs/stack.md").read_text("utf-8")


@pytest.fixture(scope="module")
def curated_repo(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that curated filled, with exposures."""
    repo = Path(shutil.copytree(published, tmp_path_factory.mktemp("curated") / "repo"))
    add_exposures(repo, EXPOSURES | OTHER_EXPOSURES, DETECTORS)
    return repo


@pytest.fixture(scope="module")
def stock_repo(package: GitPackage, programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository filled by stock calls alone, with the same exposures."""
    root = tmp_path_factory.mktemp("stock")
    done = programs.run("curated", "-q", "convert", "-o", root / "fits", cwd=package.path)
    assert done.returncode == 0, done.stderr
    declared = yaml.safe_load((package.path / "calibs/demo/instrument.yaml").read_text())
    key = {"instrument": INSTRUMENT}
    records = {
        "instrument": [
            {
                "name": INSTRUMENT,
                "class_name": "lsst.obs.demo.Demo",
                "visit_max": 9,
                "exposure_max": 999,
                "detector_max": 9,
            }
        ],
        "detector": [
            key | {"id": d["id"], "full_name": d["name"], "purpose": d["purpose"]}
            for d in declared["detectors"]
        ],
        "physical_filter": [key | filter_ for filter_ in declared["filters"]],
    }
    write_curated_calibrations(root / "repo", root / "fits", records)
    add_exposures(root / "repo", EXPOSURES | OTHER_EXPOSURES, DETECTORS)
    return root / "repo"


@pytest.fixture(scope="module")
def choices(curated_repo: Path) -> Choices:
    """What a graph over all exposures has, of a repository that curated filled."""
    return choose(curated_repo, f"exposure < {SPANNING}")


def expected_choices(package: GitPackage) -> Choices:
    """What is in force at the begin of each exposure, by names of files and VALIDEND alone."""
    ranges = {path: (utc(begin), end and utc(end)) for path, (begin, end) in validity_ranges(package).items()}
    folder_of = {folder: dataset for dataset, folder in FOLDERS.items()}
    names = {f"d0{n}": n for n in range(4)} | {"g00": 4}
    answers: Choices = {(exposure, detector): {} for exposure in EXPOSURES for detector in DETECTORS}
    for (number, detector), answer in answers.items():
        for path, (begin, end) in ranges.items():
            _, _, folder, place, _ = path.split("/")
            if (place in names and names[place] != detector) or place in ("g", "i"):
                continue
            if begin <= EXPOSURES[number].begin and (end is None or EXPOSURES[number].begin < end):
                answer[folder_of[folder]] = path
    return answers


def test_graph_has_the_calibration_in_force_at_each_exposure(choices: Choices, package: GitPackage) -> None:
    assert choices == expected_choices(package)


def test_lookup_agrees_with_the_graph(choices: Choices, package: GitPackage) -> None:
    opened = open_package(package.path)
    for number in (0, 1, 3, 4, 6, 9, 10, 13, 15, 16, 18, 19):
        for detector in (0, 1, 2):
            answer = lookup(
                opened,
                "demo",
                "defects",
                EXPOSURES[number].begin.replace(tzinfo=None),
                detector=f"d0{detector}",
            )
            path = answer.in_force and answer.in_force.file.path
            assert choices[number, detector].get("defects") == path, (number, detector)


def test_stock_chooses_the_same_but_for_validend(
    choices: Choices, stock_repo: Path, curated_repo: Path
) -> None:
    by_stock = choose(stock_repo, f"exposure < {SPANNING}")
    different = {key for key, answer in choices.items() if answer != by_stock[key]}
    # The stack's writer does not know VALIDEND: it has a calibration where the package says that there is none.
    hole = {
        key
        for key in choices
        if key[1] == 2 and utc("2021-06-15") <= EXPOSURES[key[0]].begin < utc("2022-03-01")
    }
    assert (different, len(hole)) == (hole, 3)
    assert {by_stock[key]["defects"] for key in hole} == {"calibs/demo/defects/d02/20200101T000000.ecsv"}
    assert all("defects" not in choices[key] for key in hole)


def test_files_of_both_repositories_have_the_same_content(stock_repo: Path, curated_repo: Path) -> None:
    span = Timespan.fromInstant(EXPOSURES[13].timespan.begin)
    for kind in ("defects", "crosstalk", "bfk"):
        hashes = []
        for repo in (stock_repo, curated_repo):
            with Butler.from_config(str(repo)) as butler:
                ref = butler.find_dataset(
                    kind, instrument=INSTRUMENT, detector=0, timespan=span, collections=CHAIN
                )
                assert ref is not None
                hashes.append(content_hash(Path(butler.getURI(ref).ospath)))
        assert hashes[0] == hashes[1], kind


@pytest.mark.parametrize(
    ("filler", "number"), [("stock", SPANNING), *(("curated", number) for number in SPANNING_EXPOSURES)]
)
def test_exposures_across_a_boundary_are_refused(
    filler: str, number: int, request: pytest.FixtureRequest
) -> None:
    repo = request.getfixturevalue(f"{filler}_repo")
    message = "Ambiguous calibration validity range match"
    assert f'"{message}"' in PAGE
    with pytest.raises(CalibrationLookupError, match=message):
        choose(repo, f"exposure = {number} AND detector = 0")
    if number == SPANNING:
        # Other detectors have no boundary there.
        answer = choose(repo, f"exposure = {number} AND detector = 1")[number, 1]
        assert answer["defects"] == "calibs/demo/defects/d01/20200101T000000.ecsv"


def test_exposures_that_end_in_a_hole_have_the_calibration_before_it(curated_repo: Path) -> None:
    (answer,) = choose(curated_repo, f"exposure = {INTO_HOLE} AND detector = 2", IsrTask).values()
    assert answer["defects"] == "calibs/demo/defects/d02/20200101T000000.ecsv"


def test_tasks_refuse_exposures_in_a_hole(curated_repo: Path) -> None:
    message = "Not enough datasets (0) found for non-optional connection"
    assert f'"{message}"' in PAGE
    with pytest.raises(FileNotFoundError, match=re.escape(f"{message} isr.defects (defects)")):
        choose(curated_repo, "exposure = 5 AND detector IN (1, 2)", IsrTask)
    assert list(choose(curated_repo, "exposure = 5 AND detector = 1", IsrTask)) == [(5, 1)]


@pytest.mark.parametrize("filler", ["curated", "stock"])
def test_tasks_read_their_calibrations(
    filler: str, choices: Choices, programs: Programs, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    repo = Path(shutil.copytree(request.getfixturevalue(f"{filler}_repo"), tmp_path / "repo"))
    written = run_pipeline(repo, f"instrument='{INSTRUMENT}' AND exposure IN (9, 10) AND detector IN (0, 1)")
    assert set(written) == {(9, 0), (9, 1), (10, 0), (10, 1)}
    for key, answer in written.items():
        answer["transmission_filter"] = answer.pop("filter_curve")
        assert answer == choices[key]
    if filler == "curated":
        # What a pipeline writes is none of curated's business.
        assert "clean: " in programs.run("curated", "scrub", repo).stdout


def test_stock_retrieves_the_calibrations_of_a_graph(
    curated_repo: Path, choices: Choices, programs: Programs, tmp_path: Path
) -> None:
    graph, place = tmp_path / "graph.qg", tmp_path / "files"
    write_graph(curated_repo, "exposure = 10 AND detector = 0", graph)
    place.mkdir()
    options = ("--include-inputs", "--no-include-outputs", "-t", "copy")
    done = programs.run("butler", "retrieve-artifacts-for-quanta", graph, curated_repo, place, *options)
    assert done.returncode == 0, done.stderr
    retrieved = {str(fits.getval(path, "REPOPATH")) for path in place.rglob("*.fits")}
    assert retrieved == set(choices[10, 0].values())


# -- releases --------------------------------------------------------------------------------------------

D00 = "calibs/demo/defects/d00"
D01 = "calibs/demo/defects/d01"


@dataclass
class Site:
    """A repository with exposures and the package that its releases are made of."""

    package: GitPackage
    repo: Path
    programs: Programs

    def curated(self, *arguments: str | Path) -> str:
        done = self.programs.run("curated", *arguments, cwd=self.package.path)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def publish(self, tag: str, message: str) -> str:
        self.package.commit(message=message)
        self.package.git("tag", tag)
        return self.curated("publish", self.repo)

    def in_force(self, number: int, detector: int) -> str | None:
        """Path of the defects that lookup finds for an exposure."""
        time = EXPOSURES[number].begin.replace(tzinfo=None)
        answer = lookup(open_package(self.package.path), "demo", "defects", time, detector=f"d0{detector}")
        return answer.in_force and answer.in_force.file.path

    def chosen(self, number: int, detector: int) -> str | None:
        """Path of the defects that a graph has for an exposure."""
        where = f"exposure = {number} AND detector = {detector}"
        return choose(self.repo, where)[number, detector].get("defects")


@pytest.fixture
def site(package: GitPackage, curated_repo: Path, programs: Programs, tmp_path: Path) -> Site:
    """A repository with release v1 and exposures, and a copy of the package."""
    copy = GitPackage(Path(shutil.copytree(package.path, tmp_path / "package")), list(package.commits))
    return Site(copy, Path(shutil.copytree(curated_repo, tmp_path / "repo")), programs)


def add_keyword(path: Path, line: str) -> None:
    """Add a keyword to the metadata of an ECSV file."""
    text = path.read_text()
    path.write_text(text.replace("# meta: !!omap\n", f"# meta: !!omap\n# - {line}\n", 1))


def test_the_newer_release_answers_and_the_older_one_in_its_holes(site: Site) -> None:
    first, last = f"{D00}/20230510T000000.ecsv", f"{D00}/20240301T000000.ecsv"
    edited = site.package.path / D01 / "20240201T000000.ecsv"
    edited.write_text(edited.read_text().replace("not measured", "measured again"))
    add_keyword(site.package.path / last, "{VALIDEND: '2025-01-01T00:00:00'}")
    output = site.publish("v2", "Edit defects of d01, end those of d00")
    assert "Demo/calib is Demo/calib/v2, Demo/calib/v1" in output
    assert "CAL640 Demo/calib/v1 is found where Demo/calib/v2 has nothing: 1 range of 1 product" in output
    runs = {}
    with Butler.from_config(str(site.repo)) as butler:
        for number, detector in ((13, 1), (19, 0)):
            span = EXPOSURES[number].timespan
            key = {"instrument": INSTRUMENT, "detector": detector}
            ref = butler.find_dataset("defects", key, collections=CHAIN, timespan=span)
            assert ref is not None
            runs[number] = ref.run.split("/")[2]
    # The last exposure is in the hole of v2.
    assert runs == {13: "v2", 19: "v1"}
    assert (site.in_force(19, 0), site.chosen(19, 0)) == (None, last)
    assert site.in_force(10, 0) == site.chosen(10, 0) == first

    site.curated("retract", site.repo, "v1")
    assert site.chosen(19, 0) is None
    with pytest.raises(FileNotFoundError, match="Not enough datasets"):
        choose(site.repo, "exposure = 19 AND detector = 0", IsrTask)
    assert site.in_force(16, 1) == site.chosen(16, 1) == f"{D01}/20240201T000000.ecsv"


def test_deprecated_calibrations_are_not_chosen(site: Site) -> None:
    path = f"{D00}/20230510T000000.ecsv"
    options = ("--cover", "previous", "--by", "Ada Astronomer", "--reason", "Made with the wrong threshold")
    site.curated("deprecate", path, *options)
    site.publish("v2", "Deprecate defects")
    previous = f"{D00}/20200101T000000.ecsv"
    assert site.in_force(10, 0) == site.chosen(10, 0) == previous
    # Exposures across the old boundary have a single answer now.
    assert site.chosen(SPANNING, 0) == previous


def test_what_is_decertified_is_missing_until_a_second_import(site: Site) -> None:
    with Butler.from_config(str(site.repo), writeable=True) as butler:
        keys = [{"instrument": INSTRUMENT, "detector": 1}]
        kind = butler.get_dataset_type("defects")
        butler.registry.decertify(f"{CHAIN}/v1", kind, Timespan(None, None), dataIds=keys)
    assert site.chosen(10, 1) is None
    with pytest.raises(FileNotFoundError, match="Not enough datasets"):
        choose(site.repo, "exposure = 10 AND detector = 1", IsrTask)
    scrubbed = site.programs.run("curated", "scrub", site.repo)
    assert scrubbed.returncode == 1
    assert "defects detector=1" in scrubbed.stdout + scrubbed.stderr
    site.curated("publish", site.repo)
    assert site.in_force(10, 1) == site.chosen(10, 1) == f"{D01}/20200101T000000.ecsv"
