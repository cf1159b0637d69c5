"""What differs between packages, bundles and repositories, over the times of their certifications."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.bundle.builder import build_bundle
from curated.butler import import_bundle
from curated.butler.inventories import read_inventory
from curated.check.instruments import read_instruments
from curated.datasets.inventory import Inventory
from curated.datasets.record import Dataset, data_id_of
from curated.datasets.spans import FIRST_NS, LAST_NS, Span
from curated.declare import Conditions
from curated.difference.change import Change
from curated.difference.measuring import changed_keys, measure_changes
from curated.difference.revisions import open_states
from curated.export.differences import Holdings, StoredFile, find_pairs, measure_pairs
from curated.export.holdings import LocalFile
from curated.package.package import open_package
from curated.types.crosstalk import Crosstalk
from support.changes import EPOCHS, LATER, MIDDLE, OLD, version
from support.demo import DEMO
from support.packages import defects_path

BOTH = {"pixels_gained": 8.0, "pixels_lost": 8.0}
OLD_RANGE = ["2020-01-01T00:00:00 to 2022-01-01T00:00:00"]


# -- pairs --------------------------------------------------------------------------------------------------

DATA_ID = data_id_of({"instrument": "Lab", "detector": 0})


def holdings(*datasets: tuple[int, int, str]) -> Holdings:
    inventory = Inventory.of(
        "source",
        [Dataset("defects", DATA_ID, Span(begin, end), content=content) for begin, end, content in datasets],
    )
    files = {
        (dataset.key, dataset.span.begin): StoredFile(dataset.content, LocalFile("/nowhere"))
        for dataset in inventory.datasets
    }
    return Holdings(inventory, files)


def pairs(first: Holdings, second: Holdings) -> list[tuple[str | None, str | None, list[tuple[int, int]]]]:
    return [
        (
            pair.first and pair.first.name,
            pair.second and pair.second.name,
            [tuple(span) for span in pair.spans],
        )
        for pair in find_pairs(first, second)
    ]


def test_pairs_are_those_in_force_at_the_same_times() -> None:
    first = holdings((FIRST_NS, 10, "a"), (10, 30, "b"), (40, LAST_NS, "c"))
    assert pairs(first, first) == []
    second = holdings((FIRST_NS, 5, "a"), (5, 20, "x"), (20, 50, "b"), (50, LAST_NS, "x"))
    assert pairs(first, second) == [
        ("a", "x", [(5, 10)]),
        ("b", "x", [(10, 20)]),
        (None, "b", [(30, 40)]),
        ("c", "b", [(40, 50)]),
        ("c", "x", [(50, LAST_NS)]),
    ]
    assert pairs(holdings(), second)[0] == (None, "a", [(FIRST_NS, 5)])


def test_one_pair_at_several_times_is_one_change() -> None:
    first, second = holdings((0, 100, "a")), holdings((0, 10, "b"), (20, 30, "b"))
    assert pairs(first, second) == [
        ("a", "b", [(0, 10)]),
        ("a", None, [(10, 20), (30, 100)]),
        ("a", "b", [(20, 30)]),
    ]


# -- sources --------------------------------------------------------------------------------------------------


def changes(first: str | Path, second: str | Path, cwd: Path, **options: tuple[str, ...]) -> list[Change]:
    with ExitStack() as stack:
        sources = [
            read_inventory(str(where), str(cwd), stack=stack, names_of=str(other), **options)  # type: ignore[arg-type]
            for where, other in ((first, second), (second, first))
        ]
        assert not any(source.failed for source in sources)
        one, two = (source.holdings for source in sources)
        assert one is not None
        assert two is not None
        return [change for _, change in measure_pairs(one, two, Conditions(), jobs=1)]


def summary(change: Change) -> tuple[str, list[str], dict[str, float]]:
    values = {effect.measure.name: effect.reading.value for effect in change.effects}
    return str(change.key), [str(valid) for valid in change.ranges], values


def bundled(package: GitPackage, path: Path) -> Path:
    assert build_bundle(open_package(package.path), path, label="v1")[1] is not None
    return path


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package(EPOCHS)


def test_the_same_change_between_all_kinds_of_sources(package: GitPackage, tmp_path: Path) -> None:
    bundle = bundled(package, tmp_path / "bundle")
    repo = tmp_path / "repo"
    assert import_bundle(bundle, str(repo)).ok
    sources = (f"{package.path}@HEAD", bundle, repo)
    package.write({OLD: version(OLD, x0=3)})
    for source in sources:
        (change,) = changes(source, package.path, package.path)
        assert summary(change) == ("Lab/defects/d00", OLD_RANGE, BOTH)
        assert (change.new, change.fields) == (OLD, ("x0",))
        (change,) = changes(package.path, source, package.path)
        assert summary(change) == ("Lab/defects/d00", OLD_RANGE, BOTH)
    assert all(changes(one, other, package.path) == [] for one in sources for other in sources)


def test_epochs_that_only_one_has(package: GitPackage) -> None:
    package.commit({LATER: version(LATER, x0=4), defects_path(1): None, MIDDLE: None})
    found = [summary(change) for change in changes("HEAD~", "HEAD", package.path)]
    assert found == [
        (
            "Lab/defects/d00",
            ["2022-01-01T00:00:00 to 2023-01-01T00:00:00"],
            {"pixels_gained": 4.0, "pixels_lost": 4.0},
        ),
        ("Lab/defects/d00", ["2023-01-01T00:00:00 to open"], BOTH),
        ("Lab/defects/d01", ["2020-01-01T00:00:00 to open"], {"pixels_lost": 12.0}),
    ]


def test_files_that_cannot_be_read_are_said(package: GitPackage, tmp_path: Path) -> None:
    bundle = bundled(package, tmp_path / "bundle")
    (file,) = (bundle / "files/calibs/lab/defects/d01").glob("*.fits")
    for data in (b"nothing", file.read_bytes()[:3000]):
        file.unlink()
        file.write_bytes(data)
        (change,) = changes(bundle, package.path, package.path)
        assert (str(change.key), change.unreadable) == (
            "Lab/defects/d01",
            (str(file.relative_to(bundle)),),
        )


def test_links_out_of_a_bundle_are_not_followed(package: GitPackage, tmp_path: Path) -> None:
    bundle = bundled(package, tmp_path / "bundle")
    (file,) = (bundle / "files/calibs/lab/defects/d01").glob("*.fits")
    (tmp_path / "outside.fits").write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(tmp_path / "outside.fits")
    source = read_inventory(str(bundle))
    assert [d.code for d in source.diagnostics] == ["CAL613"]


def test_amplifiers_are_those_of_the_camera_in_force(make_package: MakePackage, tmp_path: Path) -> None:
    names = [
        "instrument.yaml",
        "camera/20200101T000000.yaml",
        "crosstalk/d02/20200101T000000.ecsv",
        "defects/d02/20200101T000000.ecsv",
    ]
    top = "calibs/demo"
    camera, matrix, defects = (f"{top}/{name}" for name in names[1:])
    package = make_package(
        {
            "curated.yaml": "calibs: calibs\n",
            **{f"{top}/{name}": (DEMO / name).read_bytes() for name in names},
        }
    )
    # A later camera, of which a crosstalk of its time takes its saturations.
    text = (package.path / camera).read_text().replace("2020-01-01T00:00:00", "2022-01-01T00:00:00")
    later = {camera.replace("2020", "2022"): text.replace("saturation: ", "saturation: 1")}
    old = Crosstalk.readText(package.path / matrix)
    second = matrix.replace("20200101", "20220601")
    # Gains that are in force by then count before both cameras, as far as they go.
    package.commit(
        {
            **later,
            second: crosstalk(old, 0.0001, "2022-06-01"),
            f"{top}/gains/d02/20220301T000000.yaml": GAINS,
        }
    )
    bundle, repo = bundled(package, tmp_path / "bundle"), tmp_path / "repo"
    assert import_bundle(bundle, str(repo)).ok
    package.commit(
        {
            matrix: crosstalk(old, 0.002),
            second: crosstalk(old, 0.0021, "2022-06-01"),
            defects: (package.path / defects).read_text() + "600 0 2 512\n",
        }
    )
    new_bundle, new_repo = bundled(package, tmp_path / "new_bundle"), tmp_path / "new_repo"
    assert import_bundle(new_bundle, str(new_repo)).ok
    states = open_states(open_package(package.path), ["HEAD~", "HEAD"])
    declared = read_instruments(states.changes.now)[0]
    expected = list(measure_changes(states.changes, changed_keys(states.changes), Conditions(), declared))
    assert len(expected) == 3
    levels = [
        effect.reading.value
        for change in expected
        for effect in change.effects
        if effect.measure.name == "coefficient_change_at_saturation"
    ]
    assert len(set(levels)) == 2
    pairs = [
        ("HEAD~", "HEAD"),
        (bundle, new_bundle),
        (repo, new_repo),
        (bundle, new_repo),
        (repo, package.path),
    ]
    for pair in pairs:
        measured = changes(*pair, package.path)
        assert [readings(change) for change in measured] == [readings(change) for change in expected], pair
        assert all(change.geometry is not None and change.geometry.amplifiers for change in measured)
        sources = [change.levels for change in measured if change.key.type == "crosstalk"]
        assert [[len(entry.gain), len(entry.saturation)] for entry in sources if entry is not None] == [
            [1, 1], [1, 2],
        ]  # fmt: skip


GAINS = """metadata: {OBSTYPE: gains, INSTRUME: Demo, DETECTOR: 2, DET_NAME: d02, CALIBDATE: '2022-03-01T00:00:00'}
gain: {C00: 1.1, C01: 1.2, C10: 1.3, C11: 1.4}
saturation: {C00: 50000.0, C01: 51000.0}
"""


def crosstalk(calib: Crosstalk, change: float, date: str = "2020-01-01") -> bytes:
    """Return the text of a matrix with another coefficient and date."""
    coeffs = calib.coeffs.copy()
    coeffs[1, 0] += change
    return replace(calib, coeffs=coeffs).text_bytes("ecsv").replace(b"2020-01-01T", f"{date}T".encode())


def readings(change: Change) -> list[tuple[str, float, dict[str, object]]]:
    return sorted(
        ((e.measure.name, pytest.approx(e.reading.value), dict(e.reading.of)) for e in change.effects),
        key=lambda item: (item[0], str(item[2])),
    )
