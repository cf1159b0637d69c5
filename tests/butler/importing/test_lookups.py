"""Collections that an expert certified, beside releases that are imported."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from curated.butler import ImportReport, import_bundle
from curated.butler.certified.inventory import read_repository
from curated.core.diagnostic import CuratedError
from curated.report.import_text import done_lines, plan_lines
from support.repositories import BundleMaker, make_bundle, run_stock_butler

pytest.importorskip("lsst.daf.butler")

CHAIN, EXPERT = "Lab/calib", "Lab/calib/DM-1"


def codes(report: ImportReport) -> list[str]:
    return [finding.code for finding in report.diagnostics]


def butler(*arguments: str) -> None:
    done = run_stock_butler(*arguments)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def original_expert_repo(original_repo: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    repo = str(shutil.copytree(original_repo, tmp_path_factory.mktemp("expert") / "repo"))
    run = f"{CHAIN}/v1/curated/19700101T000000Z"
    dates = ("--begin-date", "2021-01-01T00:00:00", "--end-date", "2022-01-01T00:00:00")
    butler("certify-calibrations", repo, run, EXPERT, "defects", *dates)
    butler("collection-chain", repo, CHAIN, EXPERT, "--mode", "prepend")
    return repo


@pytest.fixture
def expert_repo(original_expert_repo: str, tmp_path: Path) -> str:
    """A repository with a release, in front of which an expert has certified the defects of another epoch."""
    return str(shutil.copytree(original_expert_repo, tmp_path / "place" / "repo"))


def members(repo: str) -> tuple[str, ...]:
    from lsst.daf.butler import Butler

    with closing(Butler.from_config(repo)) as opened:
        return tuple(opened.collections.get_info(CHAIN).children)


def find(repo: str, year: int, detector: int = 0) -> tuple[str, str] | None:
    """Return the UUID and the RUN that a lookup through the chain finds in the middle of a year."""
    import astropy.time
    from lsst.daf.butler import Butler, Timespan

    at = astropy.time.Time(f"{year}-07-01T00:00:00", scale="tai")
    with closing(Butler.from_config(repo)) as opened:
        ref = opened.find_dataset(
            "defects",
            instrument="Lab",
            detector=detector,
            collections=CHAIN,
            timespan=Timespan.fromInstant(at),
        )
        return None if ref is None else (str(ref.id), ref.run)


def other_bundle(root: Path, label: str = "v2", detectors: int = 2) -> Path:
    """Write a release in which the later epoch of the defects has another content."""
    maker = BundleMaker(label=label)
    for detector in range(detectors):
        maker.add("defects", "1970-01-01T00:00:00", "2020-01-01T00:00:00", detector=detector, seed=1)
        maker.add("defects", "2020-01-01T00:00:00", detector=detector, seed=3)
    maker.add("transmission_filter", "2015-06-30T12:00:00", physical_filter="g_6")
    maker.add("camera_geometry", "1970-01-01T00:00:00")
    return maker.write(root)


def test_what_an_expert_certified_stays_in_front(expert_repo: str, tmp_path: Path) -> None:
    years = (2000, 2020, 2021, 2022)
    before = {year: find(expert_repo, year) for year in years}
    bundle = other_bundle(tmp_path / "v2")
    plan = import_bundle(bundle, expert_repo, dry_run=True)
    report = import_bundle(bundle, expert_repo)
    assert members(expert_repo) == (EXPERT, "Lab/calib/v2", "Lab/calib/v1")
    after = {year: find(expert_repo, year) for year in years}
    assert after[2021] == before[2021]
    assert codes(report) == codes(plan) == ["CAL646"]
    assert f"{EXPERT} in front of Lab/calib/v2 is found instead of it: 2 ranges of 2 products" in (
        report.diagnostics[0].message
    )
    for done in (plan, report):
        values = done.to_dict()["instruments"][0]["lookups"]
        # 1970 to 2020, the filter and the geometry have the contents of v1; around the expert's year they differ.
        assert (values["same_content"], values["replaced"], values["gained"], values["lost"]) == (4, 4, 0, 0)
        changes = [c for c in values["changes"] if c["kind"] == "replaced" and c["data_id"]["detector"] == 0]
        assert [(c["begin"], c["end"]) for c in changes] == [
            ("2020-01-01T00:00:00Z", "2020-12-31T23:59:23Z"),
            ("2021-12-31T23:59:23Z", None),
        ]
        sides = (changes[0]["before"], changes[0]["after"])
        assert [(side["uuid"], side["run"]) for side in sides] == [before[2020], after[2020]]
        assert [side["collection"] for side in sides] == ["Lab/calib/v1", "Lab/calib/v2"]
    # A second import, by its receipt or not, changes nothing and says again what stays hidden.
    for options in ({}, {"dry_run": True}):
        again = import_bundle(bundle, expert_repo, **options)
        assert (again.changed, codes(again)) == (False, ["CAL646"])


@pytest.mark.parametrize(("options", "order"), [
    ({"front": True}, ("v2", "DM-1", "v1")),
    ({"before": "DM-1"}, ("v2", "DM-1", "v1")),
    ({"before": EXPERT}, ("v2", "DM-1", "v1")),
    ({"after": "DM-1"}, ("DM-1", "v2", "v1")),
    ({"before": "v1"}, ("DM-1", "v2", "v1")),
    ({"after": "Lab/calib/v1"}, ("DM-1", "v1", "v2")),
])  # fmt: skip
def test_a_release_goes_where_it_is_told(
    expert_repo: str, tmp_path: Path, options: dict, order: tuple[str, ...]
) -> None:
    report = import_bundle(other_bundle(tmp_path / "v2"), expert_repo, dry_run=True, **options)
    assert report.instruments[0].chain_after == tuple(f"{CHAIN}/{label}" for label in order)
    # In front of the expert's collection it hides that, which is said.
    assert ("CAL645" in codes(report)) == (order[0] == "v2")
    assert ("CAL646" in codes(report)) == (order[0] != "v2")


def test_a_release_is_moved_only_by_an_option(expert_repo: str, tmp_path: Path) -> None:
    bundle = other_bundle(tmp_path / "v2")
    import_bundle(bundle, expert_repo)
    before = find(expert_repo, 2021)
    report = import_bundle(bundle, expert_repo, front=True)
    assert members(expert_repo) == ("Lab/calib/v2", EXPERT, "Lab/calib/v1")
    assert (report.changed, report.instruments[0].datasets_new, codes(report)) == (True, 0, ["CAL645"])
    assert (
        f"Lab/calib/v2 is found instead of {EXPERT}: 2 ranges of 2 products" in report.diagnostics[0].message
    )
    assert find(expert_repo, 2021) != before
    lines = list(done_lines(report))
    assert "    another content     2 ranges of 2 products" in lines
    assert "    defects detector 0-1: DM-1 -> v2" in lines
    assert "      2020-12-31T23:59:23 to 2021-12-31T23:59:23 UTC" in lines
    # Told again, and not told: it is where it is.
    assert not import_bundle(bundle, expert_repo, front=True).changed
    assert not import_bundle(bundle, expert_repo).changed
    butler("collection-chain", expert_repo, CHAIN, "Lab/calib/v2", "--mode", "remove")
    assert import_bundle(bundle, expert_repo).changed
    assert members(expert_repo) == (EXPERT, "Lab/calib/v2", "Lab/calib/v1")


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (
            {"before": "DM1"},
            f"no such member; {CHAIN} is {EXPERT}, Lab/calib/v1",
            f"did you mean {EXPERT!r}?",
        ),
        ({"after": "elsewhere"}, "--after elsewhere: no such member", ""),
        ({"chain_names": ["Lab/calib/v2"]}, "is the collection of the release itself", "name another one"),
        ({"chain_names": ["a b"]}, "no name of a collection", ""),
        ({"chain_names": ["Lab/a", "Lab/b"]}, "--chain-name Lab/b is for none of Lab alone", ""),
    ],
)
def test_a_place_that_does_not_exist(
    expert_repo: str, tmp_path: Path, options: dict, message: str, hint: str
) -> None:
    bundle = make_bundle(tmp_path / "v2", label="v2")
    for dry_run in (True, False):
        report = import_bundle(bundle, expert_repo, dry_run=dry_run, **options)
        assert codes(report)[0] == "CAL647"
        assert message in report.diagnostics[0].message
        assert hint in report.diagnostics[0].hint
    assert members(expert_repo) == (EXPERT, "Lab/calib/v1")


def test_a_chain_that_somebody_made_of_releases_and_more_stays_in_front(
    expert_repo: str, tmp_path: Path
) -> None:
    inner = f"{CHAIN}/best"
    butler("collection-chain", expert_repo, inner, EXPERT, f"{CHAIN}/v1")
    butler("collection-chain", expert_repo, CHAIN, inner, "--mode", "redefine")
    report = import_bundle(other_bundle(tmp_path / "v2"), expert_repo, dry_run=True)
    assert report.instruments[0].chain_after == (inner, f"{CHAIN}/v2")
    # The release in that chain hides the new one as well, and the option that helps names the chain.
    assert [(d.code, d.message.split(" in front")[0]) for d in report.diagnostics] == [
        ("CAL646", EXPERT),
        ("CAL646", f"{CHAIN}/v1"),
    ]
    assert all(finding.hint.endswith(f"--before {inner}") for finding in report.diagnostics)
    front = import_bundle(other_bundle(tmp_path / "v2b"), expert_repo, dry_run=True, before=inner)
    assert front.diagnostics[0].hint.endswith(f"--after {inner}")


def test_options_that_contradict_each_other(bundle: Path, repo: str) -> None:
    for options in (
        {"before": "a", "front": True},
        {"before": "a", "after": "b"},
        {"chain": False, "front": True},
    ):
        with pytest.raises(CuratedError, match="contradict"):
            import_bundle(bundle, repo, **options)


def test_a_run_in_front_covers_all_times(filled_repo: Path, tmp_path: Path) -> None:
    repo = str(filled_repo)
    butler("collection-chain", repo, CHAIN, f"{CHAIN}/v1/curated/19700101T000000Z", "--mode", "prepend")
    report = import_bundle(other_bundle(tmp_path / "v2"), repo)
    assert members(repo)[0].endswith("/curated/19700101T000000Z")
    assert codes(report) == ["CAL646"]
    # Also where the RUN's dataset has the content of the release's, which nobody need be told.
    assert (
        "2 ranges of 2 products, such as defects detector=0 instrument=Lab, 2020-01-01T00:00:37 to open"
        in (report.diagnostics[0].message)
    )
    assert find(repo, 2022) == find(repo, 2000)
    values = report.to_dict()["instruments"][0]["lookups"]
    assert {c["dataset_type"] for c in values["changes"]} == {"transmission_filter", "camera_geometry"}


@pytest.mark.parametrize("kind", ["CALIBRATION", "RUN", "TAGGED"])
def test_a_collection_of_the_chain_s_name_stays_as_it_is(bundle: Path, tmp_path: Path, kind: str) -> None:
    from lsst.daf.butler import Butler, CollectionType

    from support.imports import prepare_repository

    repo = str(tmp_path / "repo")
    opened = prepare_repository(repo)
    opened.collections.register(CHAIN, CollectionType[kind])
    opened.collections.register("Lab/defaults", CollectionType.CHAINED)
    opened.collections.redefine_chain("Lab/defaults", [CHAIN])
    for dry_run in (True, False):
        report = import_bundle(bundle, repo, dry_run=dry_run)
        assert (report.ok, codes(report)) == (True, ["CAL644"])
        assert f"{CHAIN} is a {kind} collection and stays as it is" in report.diagnostics[0].message
        assert "'butler collection-chain REPO Lab/defaults Lab/calib/v1 --mode prepend'" in (
            report.diagnostics[0].hint
        )
    # By its receipt.
    again = import_bundle(bundle, repo)
    assert (again.changed, codes(again)) == (False, ["CAL644"])
    # What is looked up by default has none of it, and says where it is.
    (finding,) = read_repository(repo).diagnostics
    assert (finding.code, finding.hint) == ("CAL644", "name --collection Lab/calib/v1 to look there")
    assert read_repository(repo, ["Lab/calib/v1"]).diagnostics == ()
    moved = import_bundle(bundle, repo, chain_names=["Lab/calib/curated"])
    assert (moved.ok, codes(moved)) == (True, [])
    assert "--collection Lab/calib/curated to" in read_repository(repo).diagnostics[0].hint
    with closing(Butler.from_config(repo)) as after:
        assert after.collections.get_info("Lab/calib/curated").children == ("Lab/calib/v1",)
        assert after.collections.get_info("Lab/defaults").children == (CHAIN,)
        assert after.collections.get_info(CHAIN).type is CollectionType[kind]
    refused = import_bundle(bundle, repo, chain_names=[CHAIN])
    assert codes(refused) == ["CAL624"]


def test_a_chain_that_changes_meanwhile_is_planned_anew(
    expert_repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curated.butler.importing import importer

    original = importer.upload
    calls = []

    def upload(*args, **kwargs):
        if not calls:
            butler("collection-chain", expert_repo, CHAIN, EXPERT, "--mode", "remove")
        calls.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr(importer, "upload", upload)
    report = import_bundle(other_bundle(tmp_path / "v2"), expert_repo)
    assert (len(calls), report.instruments[0].chain_before) == (2, ("Lab/calib/v1",))
    assert members(expert_repo) == ("Lab/calib/v2", "Lab/calib/v1")


def test_lines_are_short(expert_repo: str, tmp_path: Path) -> None:
    report = import_bundle(other_bundle(tmp_path / "v2"), expert_repo, dry_run=True)
    lines = list(plan_lines(report))
    start = lines.index("  lookups             through Lab/calib")
    assert lines[start : start + 5] == [
        "  lookups             through Lab/calib",
        "    another content     4 ranges of 2 products",
        "    same content        4 ranges of 4 products, of other datasets",
        "    defects detector 0-1: v1 -> v2",
        "      4 ranges from 2020-01-01T00:00:00 to open UTC",
    ]
    assert all(len(line) <= 80 for line in lines[start:])
