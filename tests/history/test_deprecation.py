"""Calibrations taken out of use in a package, and back: bytes, ranges, findings, everything that asks what is in force."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import curated
from conftest import GitPackage, MakePackage
from curated.bundle.builder import build_bundle
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.datasets.deprecation import COVERS, Deprecation
from curated.history.change_check import check_since
from curated.package.files import walk
from curated.package.layout import discover
from curated.package.package import open_package
from curated.package.validity import by_key, examine, resolve
from curated.text.deprecation_mark import add_mark
from support.packages import ROOT, defects_path, defects_text, make_demo_package
from support.programs import run_curated

MARK = Deprecation('Shutter: it\'s "open", #1 {x}', "Zoë Åström 天文", "2024-05-06", "previous")

DATES = ("20200101T000000", "20220101T000000", "20240101T000000")

OLD, BAD, NEW = (defects_path(0, date) for date in DATES)

WHY = ("--reason", "Made with the shutter open", "--by", "Ada", "--date", "2024-05-06")


def text(date: str, x0: int, **meta: str) -> str:
    return defects_text(meta, date=datetime.fromisoformat(date).isoformat(), x0=x0)


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    """Three epochs of one detector."""
    files = {path: text(date, n) for n, (path, date) in enumerate(zip((OLD, BAD, NEW), DATES, strict=True))}
    return make_package({"curated.yaml": "calibs: calibs\n", **files})


def codes(package: GitPackage, revision: str = "HEAD") -> list[tuple[str, str]]:
    report = check_since(open_package(package.path), revision, use_cache=False, jobs=1)
    return [(d.file, d.code) for d in report.diagnostics]


# -- the ranges ----------------------------------------------------------------------------------------


EPOCH = st.tuples(st.sampled_from(["", *COVERS]), st.booleans())


@given(st.lists(EPOCH, min_size=1, max_size=7))
def test_every_moment_has_what_the_covers_say(epochs: list[tuple[str, bool]]) -> None:
    """Walk through the years: a live one takes over, a hole ends what there is, 'previous' changes nothing."""
    files = [
        CalibFile(f"{year}", CalibKey("lab", "defects", "d00"), datetime(2000 + year, 1, 1), "ecsv")
        for year in range(len(epochs))
    ]
    marks = {
        file.path: Deprecation("why", "Ada", "2024-05-06", cover)
        for file, (cover, _) in zip(files, epochs, strict=True)
        if cover
    }
    # A VALIDEND in the middle of its year, as a hole that was there before.
    ends = {
        file.path: datetime(file.start.year, 7, 1)
        for file, (_, is_short) in zip(files, epochs, strict=True)
        if is_short
    }
    ranges = resolve(files, ends, marks)
    problems = examine(by_key(files), ranges, ends, marks)
    current = ""
    for file, (cover, is_short) in zip(files, epochs, strict=True):
        if not cover:
            current = file.path
        elif cover == "hole":
            current = ""
        for month in (1, 6, 7, 12):
            moment = datetime(file.start.year, month, 1)
            if is_short and month >= 7:
                current = ""
            assert [path for path, valid in ranges.items() if moment in valid] == (
                [current] if current else []
            )
    assert {path for path, problem in problems if problem.code == "CAL441"} == set(marks)


def test_one_that_was_replaced_at_the_same_start_needs_no_cover(package: GitPackage) -> None:
    mended = defects_path(0, "2022-01-01T00:00:00")
    package.write({mended: text(DATES[1], 7)})
    assert "CAL401" in {
        d.code for d in check_package(open_package(package.path), use_cache=False, jobs=1).diagnostics
    }
    done = run_curated("-C", package.path, "deprecate", BAD, "--cover", "hole", *WHY)
    assert done.returncode == 0, done.stderr
    report = check_package(open_package(package.path), use_cache=False, jobs=1)
    assert [(d.file, d.code) for d in report.diagnostics] == [(BAD, "CAL441")]
    assert f"{mended} is in force" in report.diagnostics[0].message
    # Nor does its VALIDEND end what took its place.
    package.write({BAD: text(DATES[1], 1, VALIDEND="2023-01-01T00:00:00", **MARK.keywords())})
    ranges = check_package(open_package(package.path), use_cache=False, jobs=1).ranges
    assert ranges[mended].end == datetime(2024, 1, 1)


# -- the command ---------------------------------------------------------------------------------------


def test_deprecating_and_undoing_it(package: GitPackage) -> None:
    before = (package.path / BAD).read_bytes()
    done = run_curated("deprecate", BAD, "--cover", "previous", *WHY, "--dry-run", cwd=package.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (package.path / BAD).read_bytes() == before
    done = run_curated("deprecate", BAD, "--cover", "previous", *WHY, cwd=package.path)
    assert done.stdout.splitlines() == [
        f"{BAD}: deprecated",
        f"lab/defects/d00 from 2022-01-01T00:00:00 to 2024-01-01T00:00:00 UTC: {OLD} instead of {BAD}",
        f"to undo: curated deprecate --undo {BAD}",
    ]
    again = run_curated("deprecate", BAD, "--cover", "previous", *WHY, cwd=package.path)
    assert again.stdout == f"{BAD}: is deprecated already: nothing changed\n"
    assert package.git("diff", "--numstat") == f"4\t0\t{BAD}"
    done = run_curated("deprecate", "--undo", BAD, "--format", "json", cwd=package.path)
    result = json.loads(done.stdout)
    assert (result["version"], result["mark"], result["files"]) == (1, None, [{"path": BAD, "changed": True}])
    assert result["effects"][0]["now"] == BAD
    assert (package.path / BAD).read_bytes() == before
    assert (
        run_curated("deprecate", "--undo", BAD, cwd=package.path).stdout
        == f"{BAD}: is in use already: nothing changed\n"
    )


def test_another_reason_takes_the_place_of_the_first(package: GitPackage) -> None:
    for reason in ("one", "two"):
        options = ("--reason", reason, "--by", "Ada", "--date", "2024-05-06", "--cover", "hole")
        assert run_curated("deprecate", BAD, *options, cwd=package.path).returncode == 0
    assert "- {DEPRECATED: two}" in (package.path / BAD).read_text()
    assert package.git("diff", "--numstat") == f"4\t0\t{BAD}"


def test_what_would_be_an_error_is_not_written(package: GitPackage) -> None:
    package.write({OLD: text(DATES[0], 0, VALIDEND="2023-01-01T00:00:00")})
    assert run_curated("deprecate", BAD, "--cover", "previous", *WHY, cwd=package.path).returncode == 0
    before = (package.path / BAD).read_bytes()
    done = run_curated("deprecate", BAD, "--cover", "hole", *WHY, cwd=package.path)
    assert done.returncode == 1
    assert f"{OLD}: error CAL403" in done.stderr
    assert done.stderr.endswith("nothing was written\n")
    assert (package.path / BAD).read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (WHY, "--cover is missing: 'previous' or 'hole'"),
        (("--cover", "hole", *WHY[:2]), "--by is missing"),
        (("--cover", "hole", *WHY[:4], "--date", "soon"), "not a day or a date-time"),
        (("--cover", "hole", "--by", "Ada", "--reason", "two\nlines"), "not one line"),
        (("--undo", "--by", "Ada"), "--undo takes no --by"),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    package: GitPackage, options: tuple[str, ...], message: str
) -> None:
    done = run_curated("deprecate", BAD, *options, cwd=package.path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert package.git("status", "--porcelain") == ""


def test_an_image_is_taken_out_of_use_by_its_own_name(tmp_path: Path) -> None:
    package = make_demo_package(tmp_path / "demo")
    path = "calibs/demo/bias/g00/20200101T000000"
    done = run_curated("deprecate", f"{path}.fits", "--cover", "hole", *WHY, cwd=package.path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"{path}.yaml: deprecated")
    assert package.git("diff", "--numstat") == f"4\t0\t{path}.yaml"


# -- whoever asks what is in force ---------------------------------------------------------------------


@pytest.fixture
def out_of_use(package: GitPackage) -> GitPackage:
    (package.path / BAD).write_bytes(add_mark((package.path / BAD).read_bytes(), "ecsv", MARK))
    return package


def test_a_change_says_what_the_dates_get(out_of_use: GitPackage) -> None:
    assert codes(out_of_use) == [(BAD, "CAL443"), (BAD, "CAL441")]
    out_of_use.commit()
    assert codes(out_of_use, out_of_use.commits[0]) == [(BAD, "CAL443"), (BAD, "CAL441")]
    run_curated("deprecate", "--undo", BAD, cwd=out_of_use.path)
    assert codes(out_of_use) == [(BAD, "CAL445")]
    hole = Deprecation("why", "Ada", "2024-05-06", "hole")
    (out_of_use.path / BAD).write_bytes(add_mark((out_of_use.path / BAD).read_bytes(), "ecsv", hole))
    assert codes(out_of_use, out_of_use.commits[0]) == [(BAD, "CAL444"), (BAD, "CAL441")]


def test_the_mark_is_a_note_of_the_edit(out_of_use: GitPackage) -> None:
    out_of_use.commit()
    done = run_curated("check", "--format", "json", "--no-cache", cwd=out_of_use.path)
    assert [finding["code"] for finding in json.loads(done.stdout)["findings"]] == ["CAL441"]


def test_the_memory_of_the_check_keeps_marks(out_of_use: GitPackage) -> None:
    for _ in range(2):
        report = check_package(open_package(out_of_use.path), jobs=1)
        assert [(d.file, d.code) for d in report.diagnostics] == [(BAD, "CAL441")]
        assert report.ranges[OLD].end == datetime(2024, 1, 1)
        assert report.ranges[BAD].deprecation == MARK


def test_lookups_pass_it_over_and_say_why(out_of_use: GitPackage) -> None:
    command = ("lookup", "lab", "defects", "--detector", "d00", "--at", "2023-01-01")
    done = run_curated(*command, "--explain", cwd=out_of_use.path)
    assert done.stdout.splitlines()[0] == OLD
    assert f"passed over, {MARK}" in done.stdout
    with curated.open(out_of_use.path) as calibs:
        question = {"instrument": "lab", "detector": "d00"}
        assert calibs.get("defects", at="2023-01-01", **question).x0.tolist() == [0]
        (_, epoch, _) = calibs.epochs("defects", **question)
        assert (epoch.path, epoch.deprecated) == (BAD, str(MARK))
        assert str(epoch) == f"{BAD}: {MARK}"
    done = run_curated("check", "--times", "--format", "json", cwd=out_of_use.path)
    assert [row["deprecated"] for row in json.loads(done.stdout)["files"]] == [None, str(MARK), None]
    assert f"out of use, {MARK} (cover: previous)" in run_curated("show", BAD, cwd=out_of_use.path).stdout


def test_it_is_converted_by_name_only_and_is_listed_in_a_bundle(
    out_of_use: GitPackage, tmp_path: Path
) -> None:
    from astropy.io import fits

    out_of_use.commit()
    done = run_curated("convert", "-o", tmp_path / "all", "--format", "json", cwd=out_of_use.path)
    assert [file["source"] for file in json.loads(done.stdout)["files"]] == [OLD, NEW]
    header = fits.getheader(tmp_path / "all" / OLD.replace(".ecsv", ".fits"))
    assert header["VALIDEND"] == "2024-01-01T00:00:00"
    assert run_curated("convert", BAD, "-o", tmp_path / "one", cwd=out_of_use.path).returncode == 0
    header = fits.getheader(tmp_path / "one" / BAD.replace(".ecsv", ".fits"))
    assert (header["DEPRECATED_DATE"], header["VALIDEND"]) == ("2024-05-06", "2024-01-01T00:00:00")
    _, bundle = build_bundle(open_package(out_of_use.path), tmp_path / "bundle", jobs=1)
    assert bundle is not None
    assert [d["source"]["path"] for d in bundle.manifest["datasets"]] == [OLD, NEW]
    assert bundle.manifest["datasets"][0]["validity"]["end"] == "2024-01-01T00:00:00Z"
    (entry,) = bundle.manifest["deprecated"]
    assert {key: entry[key] for key in ("reason", "by", "date", "cover")} == {
        "reason": MARK.reason,
        "by": MARK.by,
        "date": MARK.date,
        "cover": MARK.cover,
    }
    assert entry["source"]["path"] == BAD
    assert BAD.replace(".ecsv", "") not in (tmp_path / "bundle/export.yaml").read_text()


def test_a_bundle_needs_one_calibration_in_use(package: GitPackage, tmp_path: Path) -> None:
    done = run_curated("deprecate", "calibs", "--cover", "hole", *WHY, cwd=package.path)
    assert done.returncode == 0
    package.commit()
    with pytest.raises(CuratedError, match="all are deprecated"):
        build_bundle(open_package(package.path), tmp_path / "bundle", jobs=1)


def test_a_bare_package_is_no_different(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests/data/good/bare", tmp_path / "bare")
    (file, *_) = discover(walk(str(tmp_path / "bare"), ""), "").files
    done = run_curated("-C", tmp_path / "bare", "deprecate", file.path, "--cover", "hole", *WHY)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"{file.path}: deprecated")
    report = check_package(open_package(tmp_path / "bare"), use_cache=False, jobs=1)
    assert "CAL441" in {d.code for d in report.diagnostics}
