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
from curated.registry import get_type, own_types
from curated.types.defects import Defects
from support.packages import (
    EDITED,
    EDITOR,
    UNTOUCHED,
    URL,
    convert_demo,
    defects,
    fits_name,
    fitsverify,
    make_demo,
    place,
    run_curated,
    sources,
    tree,
    validity,
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    return make_demo(tmp_path_factory.mktemp("demo") / "package")


@pytest.fixture(scope="module")
def converted(demo: GitPackage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert_demo(demo, tmp_path_factory.mktemp("converted") / "fits")


M12 = "RAFTNAME SLOTNAME DETECTOR DET_NAME FILTER CALIB_CREATION_DATE CALIB_CREATION_TIME".split()


# -- the stamp -------------------------------------------------------------------------------------


def test_every_source_has_its_file_and_nothing_else_is_there(demo: GitPackage, converted: Path) -> None:
    assert sorted(tree(converted)) == sorted(map(fits_name, sources(demo)))


def test_the_stamp_in_both_headers_of_every_file(demo: GitPackage, converted: Path) -> None:
    head = demo.git("rev-parse", "HEAD")
    ends = validity(demo)
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
        with fits.open(converted / fits_name(path)) as hdus:
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
    for path in sources(demo):
        cls = get_type(path.split("/")[2])
        text = cls.readText(demo.path / path)
        back = cls.readFits(converted / fits_name(path))
        assert back == text, path
        assert back.metadata["INSTRUME"] == "Demo"


def test_who_edited_it_reads_back(demo: GitPackage, converted: Path) -> None:
    calib = Defects.readFits(converted / fits_name(EDITED))
    assert calib.metadata["editor"] == EDITOR
    assert calib.metadata["FILEDATE"] == "2025-02-03T04:05:06"
    assert calib.metadata["FILESHA1"] == demo.commits[1]
    assert calib.metadata["REPOSHA1"] == demo.commits[2]


def test_no_url_is_an_empty_one(git_package: MakePackage, tmp_path: Path) -> None:
    package = git_package({place(): defects(), "curated.yaml": ""})
    assert run_curated("convert", "-o", tmp_path / "out", cwd=package.path).returncode == 0
    assert fits.getval(tmp_path / "out" / fits_name(place()), "REPOURL") == ""


def test_a_package_in_a_directory_says_where_it_is(git_package: MakePackage, tmp_path: Path) -> None:
    package = git_package({f"data/{place()}": defects(), "data/curated.yaml": "", "README": ""})
    assert run_curated("-C", package.path / "data", "convert", "-o", tmp_path / "out").returncode == 0
    assert fits.getval(tmp_path / "out" / fits_name(place()), "REPOPATH") == f"data/{place()}"


def test_a_stamp_of_long_ago_gives_way(git_package: MakePackage, tmp_path: Path) -> None:
    text = defects({"REPOSHA1": "f" * 40, "EDITOR": "nobody", "VALIDSTART": "2020-01-01", "CHECKSUM": "x"})
    package = git_package({place(): text, "curated.yaml": ""})
    assert run_curated("convert", "-o", tmp_path / "out", cwd=package.path).returncode == 0
    header = fits.getheader(tmp_path / "out" / fits_name(place()))
    assert header["REPOSHA1"] == package.commits[0]
    assert header.count("EDITOR") == header.count("CHECKSUM") == header.count("VALIDSTART") == 1


# -- changes that are not committed ----------------------------------------------------------------


def test_changes_are_refused_or_stamped(git_package: MakePackage, tmp_path: Path) -> None:
    package = git_package({place(0): defects(), place(1): defects(detector=1), "curated.yaml": ""})
    package.write({place(1): defects(detector=1, x0=7), place(2): defects(detector=2)})
    output = tmp_path / "out"
    done = run_curated("convert", "-o", output, cwd=package.path)
    assert done.returncode == 2
    assert "differ from the commit" in done.stderr
    assert not output.exists()
    done = run_curated("convert", "-o", output, "--allow-dirty", "--format", "json", cwd=package.path)
    assert json.loads(done.stdout)["dirty"] is True
    for detector in range(3):
        header = fits.getheader(output / fits_name(place(detector)))
        assert header["REPODIRT"] is True
        assert header["BLOBSHA1"] == package.git("hash-object", place(detector))
        assert header["FILESHA1"] == (package.commits[0] if detector < 2 else "")


def test_clean_files_are_not_called_dirty(git_package: MakePackage, tmp_path: Path) -> None:
    package = git_package({place(): defects(), "curated.yaml": ""})
    assert run_curated("convert", "-o", tmp_path / "o", "--allow-dirty", cwd=package.path).returncode == 0
    assert fits.getval(tmp_path / "o" / fits_name(place()), "REPODIRT") is False


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_is_told_not_to_look_at(git_package: MakePackage, tmp_path, flag: str) -> None:
    package = git_package({place(): defects(), "curated.yaml": ""})
    package.git("update-index", flag, place())
    package.write({place(): defects(x0=9)})
    done = run_curated("convert", "-o", tmp_path / "out", cwd=package.path)
    assert done.returncode == 2
    assert "is not what git takes it for" in done.stderr
    assert not (tmp_path / "out").exists()


def test_line_ends_of_the_checkout_do_not_matter(git_package: MakePackage, tmp_path: Path) -> None:
    package = git_package({place(): defects(), "curated.yaml": ""})
    clone = tmp_path / "clone"
    command = ["git", "clone", "--quiet", "-c", "core.autocrlf=true", package.path, clone]
    subprocess.run(command, check=True)
    assert b"\r\n" in (clone / place()).read_bytes()
    for root in (package.path, clone):
        done = run_curated("convert", "-o", tmp_path / root.name / "out", cwd=root)
        assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "clone" / "out") == tree(tmp_path / "package" / "out")


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
    assert tree(tmp_path / "out") == tree(converted)


def test_other_commits_of_the_same_file_differ_in_the_stamp_alone(
    demo: GitPackage, converted: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", demo.path, clone], check=True)
    subprocess.run(["git", "-C", clone, "checkout", "--quiet", demo.commits[0]], check=True)
    assert run_curated("convert", UNTOUCHED, "-o", tmp_path / "out", cwd=clone).returncode == 0
    names = [tmp_path / "out" / fits_name(UNTOUCHED), converted / fits_name(UNTOUCHED)]
    with fits.open(names[0]) as before, fits.open(names[1]) as after:
        differing = {key for key in after[0].header if after[0].header[key] != before[0].header.get(key)}
        assert differing == {"REPOSHA1", "CHECKSUM"}
        assert before[1].data.tobytes() == after[1].data.tobytes()


# -- what other programs say of them ---------------------------------------------------------------


def test_every_type_is_converted(demo: GitPackage) -> None:
    assert {path.split("/")[2] for path in sources(demo)} == set(own_types())


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
    assert fitsverify(sorted(converted.rglob("*.fits"))) == ""


def test_fitsverify_would_find_one(converted: Path, tmp_path: Path) -> None:
    data = (converted / fits_name(EDITED)).read_bytes()
    (tmp_path / "bad.fits").write_bytes(data.replace(b"XTENSION= 'BINTABLE'", b"XTENSION= 'NONTABLE'"))
    assert "verification FAILED" in fitsverify([tmp_path / "bad.fits"])


def test_no_value_in_the_other_ways_of_the_stack(converted: Path) -> None:
    crosstalk = fits.getheader(converted / fits_name(UNTOUCHED), 1)
    assert crosstalk["FILTER"] == ""
    kernel = fits.getheader(converted / "calibs/demo/bfk/d00/20200101T000000.fits", 1)
    assert kernel.cards["FILTER"].image.rstrip() == "FILTER  ="
