"""``curated check --since``: findings in what changed, findings that a change brings about, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conftest import GitPackage, MakePackage
from curated.check.package import check_package
from curated.core.diagnostic import Diagnostic
from curated.history.change_check import check_since
from curated.package.package import open_package
from support.changes import (
    CONFIG,
    EPOCHS,
    IDENTITY,
    MIDDLE,
    OLD,
    check,
    codes,
    messages,
    version,
)
from support.packages import ROOT, defects_path, defects_text
from support.programs import run_curated


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package(EPOCHS)


def test_nothing_changed(package: GitPackage) -> None:
    report = check(package, "HEAD")
    assert (report.files, report.diagnostics) == ((), ())


# -- what else is reported, and what is not ----------------------------------------------------------


@pytest.fixture
def untidy(make_package: MakePackage) -> GitPackage:
    """A package whose every file has a finding (CAL109), of two instruments."""
    wrong = {"OBSTYPE": "crosstalk"}
    files = {defects_path(n): defects_text({**IDENTITY, **wrong}, detector=n) for n in range(3)}
    other = {defects_path(0, instrument="dome"): defects_text({**IDENTITY, **wrong, "INSTRUME": "Dome"})}
    return make_package({**CONFIG, **files, **other})


def test_old_findings_are_those_of_files_that_changed(untidy: GitPackage) -> None:
    everything = {d.file for d in check_package(open_package(untidy.path), use_cache=False).diagnostics}
    assert len(everything) == 4
    untidy.write({defects_path(1): (untidy.path / defects_path(1)).read_text() + "5 6 7 8\n"})
    assert {file for file, _ in codes(untidy)} == {defects_path(1)}
    assert len(codes(untidy)) == 2


def test_an_instrument_that_changes_concerns_its_files(untidy: GitPackage) -> None:
    untidy.write({"calibs/lab/instrument.yaml": "name: Lab\ndetectors: [{id: 0, name: D00}]\n"})
    files = {file for file, _ in codes(untidy)}
    assert {defects_path(n) for n in range(3)} <= files
    assert defects_path(0, instrument="dome") not in files
    untidy.commit()
    assert codes(untidy) == []
    untidy.write({"calibs/lab/instrument.yaml": "name: Lab\nwrong: 1\n"})
    assert ("calibs/lab/instrument.yaml", "CAL002") in codes(untidy)


def test_the_configuration_concerns_all_files(untidy: GitPackage) -> None:
    untidy.write({"curated.yaml": "calibs: calibs\nurl: https://example.org/\nwrong: 1\n"})
    report = check(untidy, "HEAD")
    assert report.diagnostics == check_package(open_package(untidy.path), use_cache=False).diagnostics
    assert len(report.files) == 4


def test_a_finding_that_the_change_brings_about_in_a_neighbour(make_package: MakePackage) -> None:
    package = make_package({**CONFIG, OLD: version(OLD, VALIDEND="2021-01-01T00:00:00")})
    package.write({MIDDLE: version(MIDDLE)})
    assert codes(package) == [(OLD, "CAL404")]
    package.commit()
    package.write({MIDDLE: version(MIDDLE, x0=5)})
    # The hole was there before.
    assert codes(package) == [(MIDDLE, "CAL420")]


def test_a_number_that_another_detector_has(package: GitPackage) -> None:
    package.write({defects_path(2): version(OLD, detector=1)})
    assert codes(package) == [(defects_path(1), "CAL116"), (defects_path(2), "CAL116")]


def test_an_image_whose_text_is_deleted_is_left_over(make_package: MakePackage) -> None:
    source = ROOT / "calibs/demo/bias/g00"
    side = next(source.glob("*.yaml"))
    base = f"calibs/demo/bias/g00/{side.stem}"
    files = {f"{base}{ending}": side.with_suffix(ending).read_bytes() for ending in (".yaml", ".fits")}
    package = make_package({**CONFIG, **files})
    assert codes(package) == []
    package.write({f"{base}.yaml": None})
    assert codes(package) == [(f"{base}.fits", "CAL410"), (f"{base}.yaml", "CAL424")]
    package.git("checkout", "--quiet", ".")
    package.write({f"{base}.fits": files[f"{base}.fits"] + b"more"})
    assert "CAL343" in {code for _, code in codes(package)}


def test_paths_narrow_it(package: GitPackage) -> None:
    package.write({OLD: version(OLD, x0=9), defects_path(1): version(OLD, detector=1, x0=9)})
    assert len(messages(package)) == 2
    report = check(package, "HEAD", "calibs/lab/defects/d01")
    assert [d.file for d in report.diagnostics] == [defects_path(1)]
    assert [file.path for file in report.files] == [defects_path(1)]


def test_files_that_nothing_depends_on_are_not_read(make_package: MakePackage) -> None:
    package = make_package({**CONFIG, **{defects_path(n): version(OLD, detector=n) for n in range(9)}})
    package.write({defects_path(3): version(OLD, detector=3, x0=9)})
    assert list(check(package, "HEAD").reports) == [defects_path(3)]
    # Its number may now be that of any other.
    package.write({defects_path(3): version(OLD, detector=30)})
    assert len(check(package, "HEAD").reports) == 9


def test_what_the_cache_remembers_of_other_files_stays(
    package: GitPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    check_package(open_package(package.path))
    (cache_file,) = (tmp_path / "cache").rglob("check-*.json")
    package.write({OLD: version(OLD, x0=9)})
    check_since(open_package(package.path), "HEAD")
    assert set(json.loads(cache_file.read_bytes().partition(b"\n")[2])) == {OLD, MIDDLE, defects_path(1)}


def test_silenced_as_any_other_and_never_needless(package: GitPackage) -> None:
    entry = f"silence:\n- {{code: CAL420, path: {OLD}, reason: a typing error, until: '2999-01-01'}}\n"
    package.commit({"curated.yaml": CONFIG["curated.yaml"] + entry})
    package.write({OLD: version(OLD, x0=9), MIDDLE: version(MIDDLE, x0=9)})
    report = check(package, "HEAD")
    assert [d.file for d in report.diagnostics] == [MIDDLE]
    assert report.silenced == 1
    assert check_package(open_package(package.path), use_cache=False).diagnostics == ()


# -- the command -------------------------------------------------------------------------------------


def test_the_command_and_its_forms(package: GitPackage) -> None:
    package.write({OLD: version(OLD, x0=9), MIDDLE: None})
    done = run_curated("check", "--since", "HEAD", "--format", "json", cwd=package.path)
    result = json.loads(done.stdout)
    assert (done.returncode, result["files"], result["failed"]) == (0, 1, False)
    # Without a note of the edit, too; each once.
    assert [(f["file"], f["code"]) for f in result["findings"]] == [
        (OLD, "CAL417"),
        (OLD, "CAL420"),
        (MIDDLE, "CAL423"),
    ]
    shown = run_curated("check", "--since", "HEAD", "--format", "github", cwd=package.path).stdout
    assert f"::warning file={MIDDLE},title=CAL423::deleted" in shown
    plain = run_curated("check", "--since", "HEAD", cwd=package.path).stdout
    assert "1 calibration checked: 3 warnings" in plain
    package.write({OLD: version(OLD, x0=-9)})
    assert run_curated("check", "--since", "HEAD", OLD, cwd=package.path).returncode == 1


# -- in general --------------------------------------------------------------------------------------

FILES = [
    defects_path(n, date)
    for n in range(3)
    for date in ("20200101T000000", "20220101T000000", "20230101T000000")
]
STATES = st.dictionaries(
    st.sampled_from(FILES), st.sampled_from([None, (1, 0, ""), (2, 0, ""), (1, 1, ""), (1, 0, "2021-06-01")])
)


def written(path: str, state: tuple[int, int, str]) -> str:
    x0, other, end = state
    number = int(path.split("/d0")[1][0]) + other
    meta = {"OBSTYPE": "crosstalk", **({"VALIDEND": end} if end else {})}
    start = next(iter(path.rpartition("/")[2].split("T")))
    return defects_text(meta, detector=number, date=f"{start[:4]}-{start[4:6]}-{start[6:]}T00:00:00", x0=x0)


def identity(diagnostic: Diagnostic) -> tuple[str, str, str]:
    return diagnostic.file, diagnostic.code, diagnostic.message


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(before=STATES, now=STATES)
# Most files of a detector stated its number; now most state that of another.
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
    findings = {identity(d) for d in check(package, "HEAD").diagnostics}
    rules = {d for d in findings if d[1].startswith("CAL42")}
    expected = {d for d in whole if d[0] in changed or d not in old}
    assert findings - rules <= expected
    # A finding of a detector that is new for one file existed before for its others, and those of others are not read.
    assert {d[1:] for d in expected - findings} <= {d[1:] for d in old if d[1] == "CAL116"}
    # What a change does is reported for the files that changed, and for nothing else.
    assert {d[0] for d in rules} <= changed
