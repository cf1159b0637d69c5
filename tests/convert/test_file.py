"""Stamped FITS files of single calibrations: the stamp, the same bytes anywhere, and the verdict of other programs."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from conftest import GitPackage, MakePackage
from curated.core.version import __version__
from curated.registry import get_type
from curated.types.defects import Defects
from support.demo import shown_types
from support.packages import (
    EDITED,
    EDITOR,
    UNTOUCHED,
    URL,
    calibration_paths,
    convert_demo,
    defects_path,
    defects_text,
    fits_path,
    fitsverify_errors,
    make_demo_package,
    read_tree,
    validity_ranges,
)
from support.programs import run_curated


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    return make_demo_package(tmp_path_factory.mktemp("demo") / "package")


@pytest.fixture(scope="module")
def converted(demo: GitPackage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert_demo(demo, tmp_path_factory.mktemp("converted") / "fits")


M12 = "RAFTNAME SLOTNAME DETECTOR DET_NAME FILTER CALIB_CREATION_DATE CALIB_CREATION_TIME".split()


# -- the stamp -------------------------------------------------------------------------------------


def test_every_source_has_its_file_and_nothing_else_is_there(demo: GitPackage, converted: Path) -> None:
    assert sorted(read_tree(converted)) == sorted(map(fits_path, calibration_paths(demo)))


def test_the_stamp_in_both_headers_of_every_file(demo: GitPackage, converted: Path) -> None:
    head = demo.git("rev-parse", "HEAD")
    ends = validity_ranges(demo)
    assert sum(end is not None for _, end in ends.values()) > 10
    for path, (start, end) in ends.items():
        sha1, date, editor = demo.git("log", "-1", "--format=%H%n%ct%n%an", "--", path).split("\n")
        when = datetime.fromtimestamp(int(date), UTC).strftime("%Y-%m-%dT%H:%M:%S")
        expected: dict[str, Any] = {
            "VALIDSTART": start,
            "CALIBDATE": start,
            "REPOSHA1": head,
            "REPOURL": URL,
            "REPOPATH": path,
            "BLOBSHA1": demo.git("hash-object", path),
            "FILESHA1": sha1,
            "FILEDATE": when,
            "EDITOR": editor.encode("unicode_escape").decode(),
            "REPODIRT": False,
            "CURATVER": __version__,
        }
        with fits.open(converted / fits_path(path)) as hdus:
            for header in (hdus[0].header, hdus[1].header):
                assert {key: header.get(key) for key in expected} == expected, path
                assert {key: header.get(key) for key in M12} == {key: hdus[0].header.get(key) for key in M12}
                assert header["INSTRUME"] == "Demo"
                name = path.split("/")[2]
                assert header["OBSTYPE"].lower() in (name, get_type(name).SPEC.obstype.lower())
                assert any(key.endswith("_VERSION") for key in header)
                assert header.get("VALIDEND") == end, path
                assert ("VALIDEND" in header) == (end is not None), path
                assert isinstance(header["REPODIRT"], bool)
                assert ("EDITOR" in header.get("CURATESC", "").split(",")) == (editor == EDITOR)
            for part in hdus:
                assert "CHECKSUM" in part.header
                assert "DATASUM" in part.header


def test_the_text_of_every_file_is_in_its_fits_file(demo: GitPackage, converted: Path) -> None:
    for path in calibration_paths(demo):
        cls = get_type(path.split("/")[2])
        text = cls.readText(demo.path / path)
        back = cls.readFits(converted / fits_path(path))
        if "BADAMPS" in back.metadata:
            # Its boxes of amplifiers out of use come after those of the text.
            assert [
                values[: len(text.x0)].tolist() for values in (back.x0, back.y0, back.width, back.height)
            ] == [values.tolist() for values in (text.x0, text.y0, text.width, text.height)], path
            assert len(back.x0) > len(text.x0)
        else:
            assert back == text, path
        assert back.metadata["INSTRUME"] == "Demo"


def test_who_edited_it_reads_back(demo: GitPackage, converted: Path) -> None:
    calib = Defects.readFits(converted / fits_path(EDITED))
    assert calib.metadata["editor"] == EDITOR
    assert calib.metadata["FILEDATE"] == "2025-02-03T04:05:06"
    assert calib.metadata["FILESHA1"] == demo.commits[1]
    assert calib.metadata["REPOSHA1"] == demo.commits[2]


def test_no_url_is_an_empty_one(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({defects_path(): defects_text(), "curated.yaml": ""})
    assert run_curated("convert", "-o", tmp_path / "out", cwd=package.path).returncode == 0
    assert fits.getval(tmp_path / "out" / fits_path(defects_path()), "REPOURL") == ""


def test_a_package_in_a_directory_says_where_it_is(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({f"data/{defects_path()}": defects_text(), "data/curated.yaml": "", "README": ""})
    assert run_curated("-C", package.path / "data", "convert", "-o", tmp_path / "out").returncode == 0
    assert fits.getval(tmp_path / "out" / fits_path(defects_path()), "REPOPATH") == f"data/{defects_path()}"


def test_a_stamp_of_long_ago_gives_way(make_package: MakePackage, tmp_path: Path) -> None:
    text = defects_text(
        {"REPOSHA1": "f" * 40, "EDITOR": "nobody", "VALIDSTART": "2020-01-01", "CHECKSUM": "x"}
    )
    package = make_package({defects_path(): text, "curated.yaml": ""})
    assert run_curated("convert", "-o", tmp_path / "out", cwd=package.path).returncode == 0
    header = fits.getheader(tmp_path / "out" / fits_path(defects_path()))
    assert header["REPOSHA1"] == package.commits[0]
    assert header.count("EDITOR") == header.count("CHECKSUM") == header.count("VALIDSTART") == 1


# -- changes that are not committed ----------------------------------------------------------------


def test_changes_are_refused_or_stamped(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(
        {defects_path(0): defects_text(), defects_path(1): defects_text(detector=1), "curated.yaml": ""}
    )
    package.write(
        {defects_path(1): defects_text(detector=1, x0=7), defects_path(2): defects_text(detector=2)}
    )
    output = tmp_path / "out"
    done = run_curated("convert", "-o", output, cwd=package.path)
    assert done.returncode == 2
    assert "differ from the commit" in done.stderr
    assert not output.exists()
    done = run_curated("convert", "-o", output, "--allow-dirty", "--format", "json", cwd=package.path)
    assert json.loads(done.stdout)["dirty"] is True
    for detector in range(3):
        header = fits.getheader(output / fits_path(defects_path(detector)))
        assert header["REPODIRT"] is True
        assert header["BLOBSHA1"] == package.git("hash-object", defects_path(detector))
        assert header["FILESHA1"] == (package.commits[0] if detector < 2 else "")


def test_clean_files_are_not_called_dirty(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({defects_path(): defects_text(), "curated.yaml": ""})
    assert run_curated("convert", "-o", tmp_path / "o", "--allow-dirty", cwd=package.path).returncode == 0
    assert fits.getval(tmp_path / "o" / fits_path(defects_path()), "REPODIRT") is False


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_is_told_not_to_look_at(make_package: MakePackage, tmp_path, flag: str) -> None:
    package = make_package({defects_path(): defects_text(), "curated.yaml": ""})
    package.git("update-index", flag, defects_path())
    package.write({defects_path(): defects_text(x0=9)})
    done = run_curated("convert", "-o", tmp_path / "out", cwd=package.path)
    assert done.returncode == 2
    assert flag.removeprefix("--") in done.stderr
    assert not (tmp_path / "out").exists()


def test_line_ends_of_the_checkout_do_not_matter(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({defects_path(): defects_text(), "curated.yaml": ""})
    clone = tmp_path / "clone"
    command = ["git", "clone", "--quiet", "-c", "core.autocrlf=true", package.path, clone]
    subprocess.run(command, check=True)
    assert b"\r\n" in (clone / defects_path()).read_bytes()
    for root in (package.path, clone):
        done = run_curated("convert", "-o", tmp_path / root.name / "out", cwd=root)
        assert done.returncode == 0, done.stderr
    assert read_tree(tmp_path / "clone" / "out") == read_tree(tmp_path / "package" / "out")


# -- the same bytes --------------------------------------------------------------------------------


def test_same_commit_same_bytes(demo: GitPackage, converted: Path, tmp_path: Path) -> None:
    clone = tmp_path / "else" / "where"
    subprocess.run(["git", "clone", "--quiet", demo.path, clone], check=True)
    for path in clone.rglob("*.*"):
        os.utime(path, (1, 1))
    environment = {
        "TZ": "Pacific/Chatham",
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "C",
        "PYTHONHASHSEED": "4711",
        "USER": "somebody",
        "SOURCE_DATE_EPOCH": "1",
        "COLUMNS": "20",
    }
    done = run_curated("convert", "-o", tmp_path / "out", "--jobs", "2", cwd=clone, **environment)
    assert done.returncode == 0, done.stderr
    assert read_tree(tmp_path / "out") == read_tree(converted)


def test_other_commits_of_the_same_file_differ_in_the_stamp_alone(
    demo: GitPackage, converted: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", demo.path, clone], check=True)
    subprocess.run(["git", "-C", clone, "checkout", "--quiet", demo.commits[0]], check=True)
    assert run_curated("convert", UNTOUCHED, "-o", tmp_path / "out", cwd=clone).returncode == 0
    names = [tmp_path / "out" / fits_path(UNTOUCHED), converted / fits_path(UNTOUCHED)]
    with fits.open(names[0]) as before, fits.open(names[1]) as after:
        differing = {key for key in after[0].header if after[0].header[key] != before[0].header.get(key)}
        assert differing == {"REPOSHA1", "CHECKSUM"}
        assert before[1].data.tobytes() == after[1].data.tobytes()


# -- what other programs say of them ---------------------------------------------------------------


def test_every_type_is_converted(demo: GitPackage) -> None:
    assert {path.split("/")[2] for path in calibration_paths(demo)} == set(shown_types())


def test_astropy_finds_no_fault(converted: Path) -> None:
    for path in converted.rglob("*.fits"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with fits.open(path, checksum=True) as hdus:
                hdus.verify("exception")
                for hdu in hdus:
                    assert hdu.verify_checksum() == hdu.verify_datasum() == 1
                    if hdu.data is not None and not hdu.is_image:
                        assert all(len(hdu.data[name]) == len(hdu.data) for name in hdu.columns.names)


def test_fitsverify_finds_no_fault(converted: Path) -> None:
    assert fitsverify_errors(sorted(converted.rglob("*.fits"))) == ""


def test_fitsverify_would_find_one(converted: Path, tmp_path: Path) -> None:
    data = (converted / fits_path(EDITED)).read_bytes()
    (tmp_path / "bad.fits").write_bytes(data.replace(b"XTENSION= 'BINTABLE'", b"XTENSION= 'NONTABLE'"))
    assert "verification FAILED" in fitsverify_errors([tmp_path / "bad.fits"])


def test_no_value_in_the_other_ways_of_the_stack(converted: Path) -> None:
    crosstalk = fits.getheader(converted / fits_path(UNTOUCHED), 1)
    assert crosstalk["FILTER"] == ""
    kernel = fits.getheader(converted / "calibs/demo/bfk/d00/20200101T000000.fits", 1)
    assert kernel.cards["FILTER"].image.rstrip() == "FILTER  ="
