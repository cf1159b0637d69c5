"""``curated check --since``: what a change does, what it affects, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conftest import GitPackage, MakePackage
from curated.check.package import check_package
from curated.check.report import Report
from curated.core.diagnostic import CuratedError, Diagnostic
from curated.history.change_check import check_since
from curated.package.package import open_package
from support.packages import ROOT, defects, place, run_curated

CONFIG = {"curated.yaml": "calibs: calibs\n"}
OLD, MIDDLE, LATER = place(0), place(0, "20220101T000000"), place(0, "20230101T000000")
FUTURE = place(0, "20300101T000000")
DATES = {OLD: "2020-01-01", MIDDLE: "2022-01-01", LATER: "2023-01-01", FUTURE: "2030-01-01"}
OLD_RANGE = "2020-01-01T00:00:00 to 2022-01-01T00:00:00"
MIDDLE_RANGE = "2022-01-01T00:00:00 to open"
IDENTITY = {"MAKER": "A1"}


def text(path: str, *, detector: int = 0, x0: int = 1, **meta: str) -> str:
    return defects({**IDENTITY, **meta}, detector=detector, date=f"{DATES[path]}T00:00:00", x0=x0)


def since(package: GitPackage | Path, revision: str = "main", *paths: str) -> Report:
    return check_since(
        open_package(getattr(package, "path", package)), revision, paths, use_cache=False, jobs=1
    )


def said(package: GitPackage, revision: str = "HEAD", *paths: str) -> list[str]:
    """Findings as one word each line: file, code and message, the base's SHA1 apart."""
    return [
        f"{d.file} {d.code} {d.message.replace(package.git('rev-parse', revision)[:12], 'REV')}"
        for d in since(package, revision, *paths).diagnostics
    ]


def codes(package: GitPackage, revision: str = "HEAD") -> list[tuple[str, str]]:
    return [(d.file, d.code) for d in since(package, revision).diagnostics]


@pytest.fixture
def package(git_package: MakePackage) -> GitPackage:
    """Two epochs of one detector, one of another, committed at 2024-01-01."""
    return git_package(
        {**CONFIG, OLD: text(OLD), MIDDLE: text(MIDDLE, x0=2), place(1): text(OLD, detector=1)}
    )


# -- a released file that is edited --------------------------------------------------------------------


def test_nothing_changed(package: GitPackage) -> None:
    report = since(package, "HEAD")
    assert (report.files, report.diagnostics) == ((), ())


@pytest.mark.parametrize("committed", [False, True])
def test_an_edit_in_place_says_which_dates_have_other_results(package: GitPackage, committed: bool) -> None:
    package.write({OLD: text(OLD, x0=9)})
    if committed:
        package.commit()
    expected = f"{OLD} CAL420 x0 edited in place since REV: results change from {OLD_RANGE} UTC"
    assert said(package, package.commits[0]) == [expected]


def test_an_edit_of_a_keyword_names_it(package: GitPackage) -> None:
    package.write({MIDDLE: text(MIDDLE, x0=2, MAKER="A2")})
    expected = f"{MIDDLE} CAL420 MAKER edited in place since REV: results change from {MIDDLE_RANGE} UTC"
    assert said(package) == [expected]


def test_what_gives_the_same_results_is_no_edit(package: GitPackage) -> None:
    edited = text(OLD).replace("# ---\n", "# ---\n# # a comment\n").replace("1 2 3 4", "1  2 3   4")
    noted = edited.replace(
        "# meta: !!omap\n", "# meta: !!omap\n# - edits: [{name: Ada, date: '2024-01-02', what: a comment}]\n"
    )
    package.write({OLD: noted})
    assert since(package, "HEAD").files[0].path == OLD
    assert said(package) == []


def test_the_same_calibration_in_another_form_is_no_edit(package: GitPackage) -> None:
    tree = (
        "metadata: {OBSTYPE: defects, INSTRUME: Lab, DETECTOR: 0, CALIBDATE: '2020-01-01T00:00:00', MAKER: A1}\n"
        "x0: [1]\ny0: [2]\nwidth: [3]\nheight: [4]\n"
    )
    package.write({OLD: None, OLD.replace(".ecsv", ".yaml"): tree})
    assert said(package) == []
    package.write({OLD.replace(".ecsv", ".yaml"): tree.replace("[4]", "[5]")})
    assert [d.code for d in since(package, "HEAD").diagnostics] == ["CAL420"]


def test_what_was_never_in_force_can_be_edited(git_package: MakePackage) -> None:
    package = git_package({**CONFIG, OLD: text(OLD), FUTURE: text(FUTURE)})
    package.write({FUTURE: text(FUTURE, x0=9)})
    assert said(package) == []


def test_a_file_that_cannot_be_read_has_nothing_to_compare(package: GitPackage) -> None:
    package.commit({OLD: text(OLD, VALIDEND="2021-01-01T00:00:00")})
    package.write({OLD: "# %ECSV 1.0\n"})
    found = since(package, "HEAD")
    assert found.failed
    assert {d.file for d in found.diagnostics} == {OLD}
    assert not {d.code for d in found.diagnostics} & {"CAL420", "CAL422"}


# -- a file that comes ---------------------------------------------------------------------------------


def test_a_new_epoch_in_the_past_takes_dates_from_another(package: GitPackage) -> None:
    package.write({LATER: text(LATER)})
    expected = f"{LATER} CAL421 takes the place of {MIDDLE} from 2023-01-01T00:00:00 to open UTC"
    assert said(package) == [expected]


def test_a_new_epoch_after_the_commit_is_as_it_should_be(package: GitPackage) -> None:
    package.write({FUTURE: text(FUTURE)})
    assert said(package) == []
    assert [file.path for file in since(package, "HEAD").files] == [FUTURE]


def test_a_calibration_of_dates_that_had_none_changes_no_results(git_package: MakePackage) -> None:
    package = git_package({**CONFIG, MIDDLE: text(MIDDLE)})
    package.write({OLD: text(OLD), place(1): text(OLD, detector=1)})
    assert said(package) == []


# -- a file that goes ----------------------------------------------------------------------------------


def test_a_deleted_calibration_gives_its_dates_to_the_one_before(package: GitPackage) -> None:
    package.commit({MIDDLE: None})
    expected = f"{MIDDLE} CAL423 deleted; {OLD} is in force instead from {MIDDLE_RANGE} UTC"
    assert said(package, "HEAD~1") == [expected]


def test_a_deleted_calibration_leaves_a_hole(package: GitPackage) -> None:
    package.write({OLD: None, place(1): None})
    assert said(package) == [
        f"{OLD} CAL424 deleted; no lab/defects/d00 is in force from {OLD_RANGE} UTC",
        f"{place(1)} CAL424 deleted; no lab/defects/d01 is in force from 2020-01-01T00:00:00 to open UTC",
    ]


def test_a_deleted_calibration_whose_dates_have_another_one_leaves_no_hole(package: GitPackage) -> None:
    package.write({MIDDLE: None, place(0, "20211201T000000"): text(MIDDLE, x0=7)})
    assert [(f, c) for f, c in codes(package) if c in ("CAL423", "CAL424")] == []
    assert (place(0, "20211201T000000"), "CAL421") in codes(package)


# -- validity ------------------------------------------------------------------------------------------


def test_an_end_in_the_past(package: GitPackage) -> None:
    package.write({MIDDLE: text(MIDDLE, x0=2, VALIDEND="2023-06-01T00:00:00")})
    assert said(package) == [
        f"{MIDDLE} CAL422 in force from 2022-01-01T00:00:00 to 2023-06-01T00:00:00 UTC; "
        f"this was {MIDDLE_RANGE} UTC at REV"
    ]


def test_an_end_that_closes_what_is_closed_anyway(package: GitPackage) -> None:
    package.write({OLD: text(OLD, VALIDEND="2022-01-01T00:00:00")})
    assert said(package) == []


def test_an_end_in_times_to_come(package: GitPackage) -> None:
    package.write({MIDDLE: text(MIDDLE, x0=2, VALIDEND="2025-06-01T00:00:00")})
    (found,) = since(package, "HEAD").diagnostics
    assert (found.file, found.code, found.severity.value) == (MIDDLE, "CAL425", "info")


def test_a_file_that_is_renamed_has_another_start(package: GitPackage) -> None:
    package.git("mv", MIDDLE, LATER)
    package.write({LATER: text(LATER, x0=2)})
    assert said(package) == [
        f"{LATER} CAL422 in force from 2023-01-01T00:00:00 to open UTC; this was {MIDDLE_RANGE} UTC at REV, as {MIDDLE}"
    ]


def test_another_spelling_of_the_same_start_is_the_same(package: GitPackage) -> None:
    package.git("mv", MIDDLE, place(0, "2022-01-01T00:00:00"))
    assert said(package) == []


def test_what_is_edited_and_given_another_start_is_a_new_one(package: GitPackage) -> None:
    package.write({MIDDLE: None, LATER: text(LATER, x0=3)})
    assert codes(package) == [(MIDDLE, "CAL423"), (LATER, "CAL421")]


def test_what_a_neighbour_does_is_told_of_the_neighbour(package: GitPackage) -> None:
    # The middle one ends earlier, and it is the new one that says so.
    package.write({LATER: text(LATER)})
    assert {file for file, _ in codes(package)} == {LATER}


@pytest.mark.parametrize(
    ("to", "meta", "key"),
    [
        ("calibs/lab/defects/d02/20200101T000000.ecsv", {"DETECTOR": 2}, "lab/defects/d01"),
        ("calibs/dome/defects/d01/20200101T000000.ecsv", {"INSTRUME": "Dome"}, "lab/defects/d01"),
        (
            "calibs/lab/manual_defects/d01/20200101T000000.ecsv",
            {"OBSTYPE": "manual_defects"},
            "lab/defects/d01",
        ),
    ],
)
def test_a_calibration_that_moves(package: GitPackage, to: str, meta: dict[str, str], key: str) -> None:
    package.write({place(1): None, to: defects({**IDENTITY, "DETECTOR": 1, **meta}, detector=1)})
    package.git("add", "--all")
    moved = f"moved here from {place(1)}; no {key} is in force from 2020-01-01T00:00:00 to open UTC"
    assert f"{to} CAL424 {moved}" in said(package)
    assert {code for _, code in codes(package)} & {"CAL420", "CAL421", "CAL422", "CAL423"} == set()


def test_a_calibration_that_moves_to_dates_of_another(package: GitPackage) -> None:
    to = place(0, "20210101T000000")
    package.git("mv", place(1), to)
    lines = said(package)
    assert (
        f"{to} CAL421 moved here from {place(1)}; takes the place of {OLD} from 2021-01-01T00:00:00 "
        "to 2022-01-01T00:00:00 UTC"
    ) in lines


# -- what else is reported, and what is not ------------------------------------------------------------


@pytest.fixture
def untidy(git_package: MakePackage) -> GitPackage:
    """A package whose every file has a finding (CAL109), of two instruments."""
    wrong = {"OBSTYPE": "crosstalk"}
    files = {place(n): defects({**IDENTITY, **wrong}, detector=n) for n in range(3)}
    other = {place(0, instrument="dome"): defects({**IDENTITY, **wrong, "INSTRUME": "Dome"})}
    return git_package({**CONFIG, **files, **other})


def test_old_findings_are_those_of_files_that_changed(untidy: GitPackage) -> None:
    everything = {d.file for d in check_package(open_package(untidy.path), use_cache=False).diagnostics}
    assert len(everything) == 4
    untidy.write({place(1): (untidy.path / place(1)).read_text() + "5 6 7 8\n"})
    assert {file for file, _ in codes(untidy)} == {place(1)}
    assert len(codes(untidy)) == 2


def test_an_instrument_that_changes_concerns_its_files(untidy: GitPackage) -> None:
    untidy.write({"calibs/lab/instrument.yaml": "name: Lab\ndetectors: [{id: 0, name: D00}]\n"})
    files = {file for file, _ in codes(untidy)}
    assert {place(n) for n in range(3)} <= files
    assert place(0, instrument="dome") not in files
    untidy.commit()
    assert codes(untidy) == []
    untidy.write({"calibs/lab/instrument.yaml": "name: Lab\nwrong: 1\n"})
    assert ("calibs/lab/instrument.yaml", "CAL002") in codes(untidy)


def test_the_configuration_concerns_all_files(untidy: GitPackage) -> None:
    untidy.write({"curated.yaml": "calibs: calibs\nurl: https://example.org/\nwrong: 1\n"})
    found = since(untidy, "HEAD")
    assert found.diagnostics == check_package(open_package(untidy.path), use_cache=False).diagnostics
    assert len(found.files) == 4


def test_a_finding_that_the_change_brings_about_in_a_neighbour(git_package: MakePackage) -> None:
    package = git_package({**CONFIG, OLD: text(OLD, VALIDEND="2021-01-01T00:00:00")})
    package.write({MIDDLE: text(MIDDLE)})
    assert codes(package) == [(OLD, "CAL404")]
    package.commit()
    package.write({MIDDLE: text(MIDDLE, x0=5)})
    # The hole was there before.
    assert codes(package) == [(MIDDLE, "CAL420")]


def test_a_number_that_another_detector_has(package: GitPackage) -> None:
    package.write({place(2): text(OLD, detector=1)})
    assert codes(package) == [(place(1), "CAL116"), (place(2), "CAL116")]


def test_an_image_whose_text_is_deleted_is_left_over(git_package: MakePackage) -> None:
    source = ROOT / "calibs/demo/bias/g00"
    side = next(source.glob("*.yaml"))
    base = f"calibs/demo/bias/g00/{side.stem}"
    files = {f"{base}{ending}": side.with_suffix(ending).read_bytes() for ending in (".yaml", ".fits")}
    package = git_package({**CONFIG, **files})
    assert codes(package) == []
    package.write({f"{base}.yaml": None})
    assert codes(package) == [(f"{base}.fits", "CAL410"), (f"{base}.yaml", "CAL424")]
    package.git("checkout", "--quiet", ".")
    package.write({f"{base}.fits": files[f"{base}.fits"] + b"more"})
    assert "CAL343" in {code for _, code in codes(package)}


def test_paths_narrow_it(package: GitPackage) -> None:
    package.write({OLD: text(OLD, x0=9), place(1): text(OLD, detector=1, x0=9)})
    assert len(said(package)) == 2
    report = since(package, "HEAD", "calibs/lab/defects/d01")
    assert [d.file for d in report.diagnostics] == [place(1)]
    assert [file.path for file in report.files] == [place(1)]


def test_files_that_nothing_depends_on_are_not_read(git_package: MakePackage) -> None:
    package = git_package({**CONFIG, **{place(n): text(OLD, detector=n) for n in range(9)}})
    package.write({place(3): text(OLD, detector=3, x0=9)})
    assert list(since(package, "HEAD").reports) == [place(3)]
    # Its number may now be that of any other.
    package.write({place(3): text(OLD, detector=30)})
    assert len(since(package, "HEAD").reports) == 9


def test_what_the_cache_remembers_of_other_files_stays(
    package: GitPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    check_package(open_package(package.path))
    (stored,) = (tmp_path / "cache").rglob("check-*.json")
    package.write({OLD: text(OLD, x0=9)})
    check_since(open_package(package.path), "HEAD")
    assert set(json.loads(stored.read_bytes().partition(b"\n")[2])) == {OLD, MIDDLE, place(1)}


def test_silenced_as_any_other_and_never_needless(package: GitPackage) -> None:
    entry = f"silence:\n- {{code: CAL420, path: {OLD}, reason: a typing error, until: '2999-01-01'}}\n"
    package.commit({"curated.yaml": CONFIG["curated.yaml"] + entry})
    package.write({OLD: text(OLD, x0=9), MIDDLE: text(MIDDLE, x0=9)})
    report = since(package, "HEAD")
    assert [d.file for d in report.diagnostics] == [MIDDLE]
    assert report.silenced == 1
    assert check_package(open_package(package.path), use_cache=False).diagnostics == ()


# -- git -----------------------------------------------------------------------------------------------


def merge(package: GitPackage, branch: str) -> None:
    package.git("-c", "user.name=A", "-c", "user.email=a@b", "merge", "-q", "--no-ff", "-m", "Merge", branch)


def test_what_happened_elsewhere_since_is_no_change_of_ours(package: GitPackage) -> None:
    package.git("checkout", "--quiet", "-b", "topic")
    package.commit({OLD: text(OLD, x0=9)})
    package.git("checkout", "--quiet", "main")
    package.commit({place(1): text(OLD, detector=1, x0=9)})
    package.git("checkout", "--quiet", "topic")
    assert codes(package, "main") == [(OLD, "CAL420")]
    # What was merged into the branch came from there.
    merge(package, "main")
    assert codes(package, "main") == [(OLD, "CAL420")]
    package.git("tag", "v1", "main")
    assert codes(package, "v1") == [(OLD, "CAL420")]
    # The commit that a forge makes of a proposed change.
    package.git("checkout", "--quiet", "main")
    merge(package, "topic")
    assert codes(package, "HEAD^1") == [(OLD, "CAL420")]
    assert codes(package, "HEAD^2") == []


def test_new_files_count_whether_git_knows_them_or_not(package: GitPackage) -> None:
    package.write({".git/info/exclude": "*\n", LATER: text(LATER)})
    assert codes(package) == [(LATER, "CAL421")]
    package.git("rm", "--cached", "--quiet", OLD)
    assert codes(package) == [(LATER, "CAL421")]


def test_files_that_a_sparse_checkout_leaves_out_are_not_deleted(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--no-cone", "/curated.yaml", "/calibs/lab/defects/d01/")
    assert not (package.path / OLD).exists()
    assert codes(package) == []


def test_a_link_changes_with_what_it_leads_to(git_package: MakePackage) -> None:
    package = git_package({**CONFIG, "shared/one.ecsv": text(OLD), place(1): text(OLD, detector=1)})
    (package.path / OLD).parent.mkdir(parents=True)
    (package.path / OLD).symlink_to("../../../../shared/one.ecsv")
    package.commit()
    assert codes(package) == []
    package.write({"shared/one.ecsv": text(OLD, x0=9)})
    assert codes(package) == [(OLD, "CAL420")]


def test_in_a_directory_of_a_repository_and_without_a_configuration(git_package: MakePackage) -> None:
    package = git_package({"data/lab/defects/d00/20200101T000000.ecsv": text(OLD), "other/x": "1"})
    package.write({"data/lab/defects/d00/20200101T000000.ecsv": text(OLD, x0=9), "other/x": "2"})
    # Whatever people like git to say.
    for name in ("diff.relative", "log.showSignature", "diff.mnemonicPrefix"):
        package.git("config", name, "true")
    found = since(package.path / "data", "HEAD")
    assert [(d.file, d.code) for d in found.diagnostics] == [
        ("lab/defects/d00/20200101T000000.ecsv", "CAL420")
    ]


def test_a_package_that_is_new(git_package: MakePackage) -> None:
    package = git_package({"README": ""})
    package.commit({**CONFIG, OLD: text(OLD), MIDDLE: text(MIDDLE)})
    report = since(package, "HEAD~1")
    assert (len(report.files), report.diagnostics) == (2, ())


def test_a_revision_that_there_is_not(package: GitPackage) -> None:
    for revision in ("--all", "HEAD~9", ""):
        with pytest.raises(CuratedError, match="is not a"):
            since(package, revision)
    done = run_curated("check", "--since", "nowhere", cwd=package.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "curated: error: 'nowhere' is not a commit of this repository\n"
        "curated: hint: see 'git branch --all' and 'git tag'\n"
    )


def test_a_branch_without_a_common_commit(package: GitPackage) -> None:
    package.git("checkout", "--quiet", "--orphan", "other")
    package.commit(date=datetime(2024, 2, 1, tzinfo=UTC))
    with pytest.raises(CuratedError, match="no common commit"):
        since(package, "main")


def test_history_that_is_cut_off(package: GitPackage, tmp_path: Path) -> None:
    package.git("checkout", "--quiet", "-b", "topic")
    package.commit({OLD: text(OLD, x0=9)})
    package.git("checkout", "--quiet", "main")
    package.commit({"README": ""})
    clone = tmp_path / "clone"
    command = ["git", "clone", "-q", "--depth=1", "--no-single-branch", "-b", "topic"]
    subprocess.run([*command, f"file://{package.path}", clone], check=True)
    for revision in ("origin/main", package.commits[0]):
        with pytest.raises(CuratedError) as error:
            since(clone, revision)
        assert "--unshallow" in error.value.hint
    # Nothing needs to be known of history where the work tree is compared with its own commit.
    (clone / OLD).write_text(text(OLD, x0=10))
    assert [d.code for d in since(clone, "HEAD").diagnostics] == ["CAL420"]


def test_no_repository_and_no_commit(package: GitPackage, tmp_path: Path) -> None:
    bare = tmp_path / "copy"
    shutil.copytree(package.path, bare, ignore=shutil.ignore_patterns(".git"))
    with pytest.raises(CuratedError, match="not in a git repository"):
        since(bare, "HEAD")
    GitPackage(bare).git("init", "--quiet")
    with pytest.raises(CuratedError, match="no commit yet"):
        since(bare, "HEAD")


# -- the command ---------------------------------------------------------------------------------------


def test_the_command_and_its_forms(package: GitPackage) -> None:
    package.write({OLD: text(OLD, x0=9), MIDDLE: None})
    done = run_curated("check", "--since", "HEAD", "--format", "json", cwd=package.path)
    told = json.loads(done.stdout)
    assert (done.returncode, told["files"], told["failed"]) == (0, 1, False)
    # Without a note of the edit, too; each once.
    assert [(f["file"], f["code"]) for f in told["findings"]] == [
        (OLD, "CAL417"),
        (OLD, "CAL420"),
        (MIDDLE, "CAL423"),
    ]
    shown = run_curated("check", "--since", "HEAD", "--format", "github", cwd=package.path).stdout
    assert f"::warning file={MIDDLE},title=CAL423::deleted" in shown
    plain = run_curated("check", "--since", "HEAD", cwd=package.path).stdout
    assert "1 calibration checked: 3 warnings" in plain
    package.write({OLD: text(OLD, x0=-9)})
    assert run_curated("check", "--since", "HEAD", OLD, cwd=package.path).returncode == 1


# -- in general ----------------------------------------------------------------------------------------

FILES = [
    place(n, date) for n in range(3) for date in ("20200101T000000", "20220101T000000", "20230101T000000")
]
STATES = st.dictionaries(
    st.sampled_from(FILES), st.sampled_from([None, (1, 0, ""), (2, 0, ""), (1, 1, ""), (1, 0, "2021-06-01")])
)


def written(path: str, state: tuple[int, int, str]) -> str:
    x0, other, end = state
    number = int(path.split("/d0")[1][0]) + other
    meta = {"OBSTYPE": "crosstalk", **({"VALIDEND": end} if end else {})}
    start = next(iter(path.rpartition("/")[2].split("T")))
    return defects(meta, detector=number, date=f"{start[:4]}-{start[4:6]}-{start[6:]}T00:00:00", x0=x0)


def identity(diagnostic: Diagnostic) -> tuple[str, str, str]:
    return diagnostic.file, diagnostic.code, diagnostic.message


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(before=STATES, now=STATES)
# Most files of a detector said its number; now most say that of another.
@example(
    before={**dict.fromkeys(FILES[:2] + FILES[3:4], (1, 0, "")), FILES[2]: (1, 1, "")},
    now={FILES[0]: (1, 1, "")},
)
def test_the_findings_are_those_of_a_whole_check_that_the_change_concerns(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, object], now: dict[str, object]
) -> None:
    package = GitPackage(tmp_path_factory.mktemp("package"))
    package.git("init", "--quiet")
    (package.path / "calibs").mkdir()
    package.commit({**CONFIG, **{p: written(p, s) for p, s in before.items() if s}})  # type: ignore[arg-type]
    old = {identity(d) for d in check_package(open_package(package.path), use_cache=False).diagnostics}
    for path, state in now.items():
        if state or (package.path / path).exists():
            package.write({path: written(path, state) if state else None})  # type: ignore[arg-type]
    whole = {identity(d) for d in check_package(open_package(package.path), use_cache=False).diagnostics}
    changed = {p for p in now if now[p] != before.get(p)}
    found = {identity(d) for d in since(package, "HEAD").diagnostics}
    rules = {d for d in found if d[1].startswith("CAL42")}
    expected = {d for d in whole if d[0] in changed or d not in old}
    assert found - rules <= expected
    # What is said again of a detector was said of its other files before, and those of others are not read for it.
    assert {d[1:] for d in expected - found} <= {d[1:] for d in old if d[1] == "CAL116"}
    # What a change does is told of the files that changed, and of nothing else.
    assert {d[0] for d in rules} <= changed
