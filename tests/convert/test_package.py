"""Stamped FITS files: what the stamp says, the same bytes anywhere, all files or none."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from conftest import GitPackage, MakePackage
from curated.check.file import check_file
from curated.convert import convert_into
from curated.convert.origin import find_origin
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.core.stamp import Stamp
from curated.core.version import __version__
from curated.fits.writer import fits_bytes
from curated.package.package import open_package
from curated.registry import get_type, own_types
from curated.types.defects import Defects
from support.packages import (
    DEMO_FILES,
    EDITED,
    EDITOR,
    UNTOUCHED,
    URL,
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
    output = tmp_path_factory.mktemp("converted") / "fits"
    done = run_curated("convert", "-o", output, cwd=demo.path)
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    assert done.stdout.startswith(f"{DEMO_FILES} FITS files (")
    return output


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


# -- all of it or nothing --------------------------------------------------------------------------


@pytest.fixture
def broken(git_package: MakePackage) -> GitPackage:
    return git_package(
        {
            place(0): defects(),
            place(1): defects(detector=1, x0=-3),
            place(2): defects(detector=2),
            "curated.yaml": "",
        }
    )


def test_one_bad_file_and_nothing_is_written(broken: GitPackage, tmp_path: Path) -> None:
    done = run_curated("convert", "-o", tmp_path / "new" / "out", cwd=broken.path)
    assert done.returncode == 1
    assert f"{place(1)}:" in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "new").exists()


def test_one_bad_file_and_what_was_there_stays(broken: GitPackage, tmp_path: Path) -> None:
    output = tmp_path / "out"
    for name, content in ((fits_name(place(0)), "old"), ("calibs/mine.txt", "mine")):
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_text(content)
    before = tree(output)
    done = run_curated("convert", "-o", output, "--format", "json", cwd=broken.path)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["failed"], answer["files"]) == (1, True, [])
    assert [finding["code"] for finding in answer["findings"]] == ["CAL301"]
    assert tree(output) == before
    assert sorted(p.name for p in output.iterdir()) == ["calibs"]


def test_into_a_directory_with_files(git_package: MakePackage, tmp_path: Path) -> None:
    package = git_package({place(0): defects(), place(1): defects(detector=1), "curated.yaml": ""})
    output = tmp_path / "out"
    (output / fits_name(place(0))).parent.mkdir(parents=True)
    (output / fits_name(place(0))).write_text("old")
    (output / "calibs" / "mine.txt").write_text("mine")
    for _ in range(2):
        assert run_curated("convert", "-o", output, cwd=package.path).returncode == 0
        assert sorted(tree(output)) == sorted([fits_name(place(0)), fits_name(place(1)), "calibs/mine.txt"])
        assert Defects.readFits(output / fits_name(place(0))).x0 == [1]
        assert (output / "calibs" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("obstacle", ["calibs/lab", fits_name(place(1))])
def test_something_in_the_way(git_package: MakePackage, tmp_path: Path, obstacle: str) -> None:
    package = git_package({place(0): defects(), place(1): defects(detector=1), "curated.yaml": ""})
    output = tmp_path / "out"
    target = output / obstacle
    target.parent.mkdir(parents=True)
    if obstacle.endswith(".fits"):
        target.mkdir()
    else:
        target.write_text("a file where a directory belongs")
    before = sorted(output.rglob("*"))
    done = run_curated("convert", "-o", output, cwd=package.path)
    assert (done.returncode, "is in the way" in done.stderr) == (2, True), done.stderr
    assert sorted(output.rglob("*")) == before


def test_a_file_as_output(git_package: MakePackage, tmp_path: Path) -> None:
    package = git_package({place(): defects(), "curated.yaml": ""})
    (tmp_path / "file").write_text("x")
    done = run_curated("convert", "-o", tmp_path / "file", cwd=package.path)
    assert (done.returncode, (tmp_path / "file").read_text()) == (2, "x")


def test_two_files_of_one_name_are_a_finding(git_package: MakePackage, tmp_path: Path) -> None:
    yaml = (
        "metadata: {OBSTYPE: defects, INSTRUME: Lab, DETECTOR: 0, CALIBDATE: '2020-01-01T00:00:00'}\n"
        "x0: [1]\ny0: [1]\nwidth: [1]\nheight: [1]\n"
    )
    other = place().replace(".ecsv", ".yaml")
    package = git_package({place(): defects(), other: yaml, "curated.yaml": ""})
    done = run_curated("convert", "-o", tmp_path / "out", "--format", "json", cwd=package.path)
    assert done.returncode == 1, done.stderr
    assert [finding["code"] for finding in json.loads(done.stdout)["findings"]] == ["CAL401", "CAL406"]
    assert not (tmp_path / "out").exists()


def silenced(code: str) -> str:
    return f"silence:\n- {{code: {code}, path: '*/d01/*', reason: known, until: '2999-01-01'}}\n"


def test_a_silenced_error_is_converted_all_the_same(broken: GitPackage, tmp_path: Path) -> None:
    broken.commit({"curated.yaml": silenced("CAL301")})
    done = run_curated("convert", "-o", tmp_path / "out", cwd=broken.path)
    assert done.returncode == 0, done.stderr
    with fits.open(tmp_path / "out" / fits_name(place(1))) as hdus:
        assert hdus[1].data["x0"].tolist() == [-3]


def test_what_cannot_be_converted_is_never_left_out_without_a_word(
    broken: GitPackage, tmp_path: Path
) -> None:
    broken.commit({"curated.yaml": silenced("CAL205"), place(1): "no table"})
    done = run_curated("convert", "-o", tmp_path / "out", cwd=broken.path)
    assert done.returncode == 2
    assert f"{place(1)} cannot be converted" in done.stderr
    assert not (tmp_path / "out").exists()


# -- some of the files -----------------------------------------------------------------------------


def test_named_files_and_directories(demo: GitPackage, converted: Path, tmp_path: Path) -> None:
    chosen = [EDITED, "calibs/demo/bfk"]
    done = run_curated("convert", *chosen, "-o", tmp_path / "out", "--format", "json", cwd=demo.path)
    answer = json.loads(done.stdout)
    everything = tree(converted)
    expected = {
        name: data
        for name, data in everything.items()
        if name == fits_name(EDITED) or name.startswith("calibs/demo/bfk/")
    }
    # A file is the same whatever else is converted: its range comes from all files.
    assert tree(tmp_path / "out") == expected
    assert len(expected) == 5
    assert [f["path"] for f in answer["files"]] == sorted(expected)
    assert {f["path"]: f["size"] for f in answer["files"]} == {n: len(d) for n, d in expected.items()}


def test_paths_are_relative_to_where_one_is(demo: GitPackage, tmp_path: Path) -> None:
    directory = (demo.path / EDITED).parent
    done = run_curated("convert", Path(EDITED).name, "-o", tmp_path / "out", cwd=directory)
    assert done.returncode == 0, done.stderr
    assert list(tree(tmp_path / "out")) == [fits_name(EDITED)]


def test_an_error_elsewhere_does_not_concern_the_named_files(broken: GitPackage, tmp_path: Path) -> None:
    done = run_curated("convert", place(0), "-o", tmp_path / "out", cwd=broken.path)
    assert done.returncode == 0, done.stderr
    assert list(tree(tmp_path / "out")) == [fits_name(place(0))]


def test_the_function_takes_progress(demo: GitPackage, tmp_path: Path) -> None:
    package = open_package(demo.path)
    seen: list[tuple[int, int]] = []
    report, made = convert_into(
        package, find_origin(package), tmp_path / "out", progress=lambda *counts: seen.append(counts)
    )
    assert (seen[-1], len(made), report.failed) == ((DEMO_FILES, DEMO_FILES), DEMO_FILES, False)


# -- keywords that headers do not hold as they are -------------------------------------------------

FILE = CalibFile(place(), CalibKey("lab", "defects", "d00"), datetime(2020, 1, 1), "ecsv")
STAMP = Stamp(
    "1" * 40,
    URL,
    place(),
    "2" * 40,
    "3" * 40,
    "2024-01-01T00:00:00",
    EDITOR,
    False,
    "0.1",
    "2020-01-01T00:00:00",
)


def through_fits(meta: dict[str, Any], directory: Path) -> tuple[Defects | None, Defects | None, list[str]]:
    """A calibration, what comes back of it from FITS, and the codes of what is wrong with it."""
    calib, report = check_file(FILE, defects(meta).encode())
    errors = [d.code for d in report.diagnostics if d.is_error]
    if calib is None or errors:
        return None, None, errors
    path = directory / "x.fits"
    path.write_bytes(fits_bytes(calib.fits_content(), STAMP))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(path, checksum=True) as hdus:
            hdus.verify("exception")
            assert len(hdus[1].data) == 1
    assert isinstance(calib, Defects)
    return calib, Defects.readFits(path), []


KEYWORDS: dict[str, Any] = {
    "plain": "text",
    "unicode": "Größe 天文 🔭",
    "trailing": "blanks at the end   ",
    "blanks": "   ",
    "control": "tab\tline\nbell\x07",
    "backslash": "C:\\new\\table",
    "both": "é and \\n",
    "quote": "it's 'quoted'",
    "long": "x" * 200,
    "longquote": "'" * 200,
    "longampersand": "x" * 100 + "&",
    "ampersand": "x&",
    "ampersands": "&" * 150,
    "longunicode": "é天" * 60,
    "record": "width: 12.5",
    "colon": "see: here",
    "slash": "a / b",
    "number": "1.5",
    "flag": "T",
    "A name longer than eight characters": "text",
    "a long name with a long text": "word " * 50 + "end",
    "LSST CALIB DEFECTS C00 N_HOT": 7,
    "dotted.name.of.something": 1.25,
    "integer": 2**63,
    "negative": -(2**63),
    "float": -1.2345678901234567e-300,
    "whole": 3.0,
    "true": True,
    "false": False,
    "list": ["é", "a\\b", "plain"],
    "numbers": [1, 2, 3],
    "n" * 58: "the longest name",
    "m" * 58: "x" * 300,
}


@pytest.mark.parametrize("key", KEYWORDS)
def test_keywords_read_back(tmp_path: Path, key: str) -> None:
    calib, back, errors = through_fits({key: KEYWORDS[key]}, tmp_path)
    assert errors == []
    assert back == calib
    assert back is not None
    assert back.metadata[key] == KEYWORDS[key]
    assert type(back.metadata[key]) is type(KEYWORDS[key])
    assert back.metadata["EDITOR"] == EDITOR


def test_all_keywords_at_once(tmp_path: Path) -> None:
    calib, back, errors = through_fits(KEYWORDS, tmp_path)
    assert errors == []
    assert back == calib
    assert fitsverify([tmp_path / "x.fits"]) == ""
    with fits.open(tmp_path / "x.fits") as hdus:
        escaped = hdus[0].header["CURATESC"].split(",")
        assert hdus[1].header["CURATESC"] == hdus[0].header["CURATESC"]
    assert sorted(escaped) == sorted(
        ["UNICODE", "TRAILING", "BLANKS", "CONTROL", "BOTH", "LONGUNICODE", "RECORD", "LIST", "EDITOR"]
    )


def test_no_value_is_no_card_or_an_empty_one(tmp_path: Path) -> None:
    _, back, errors = through_fits({"SOMETHING": None, "EMPTY": ""}, tmp_path)
    header = fits.getheader(tmp_path / "x.fits")
    assert errors == []
    assert "SOMETHING" not in header  # as the stack does for defects
    assert header["EMPTY"] == ""
    assert back is not None
    assert back.metadata.get("SOMETHING") is None


def test_no_value_in_the_other_ways_of_the_stack(converted: Path) -> None:
    crosstalk = fits.getheader(converted / fits_name(UNTOUCHED), 1)
    assert crosstalk["FILTER"] == ""
    kernel = fits.getheader(converted / "calibs/demo/bfk/d00/20200101T000000.fits", 1)
    assert kernel.cards["FILTER"].image.rstrip() == "FILTER  ="


def test_comments_are_cards(tmp_path: Path) -> None:
    long = "a comment of many words " * 9
    _, back, errors = through_fits({"comments": ["first", "é", long]}, tmp_path)
    assert errors == []
    assert back is not None
    assert back.metadata["comments"][:2] == ["first", "é"]
    assert "".join(back.metadata["comments"][2:]).replace(" ", "") == long.replace(" ", "")
    assert fits.getheader(tmp_path / "x.fits")["COMMENT"][0] == "first"


def test_structure_that_text_has_brought_along_from_fits(tmp_path: Path) -> None:
    calib, back, errors = through_fits({"EXTNAME": "DEFECTS", "EXTVER": 1, "LONGSTRN": "OGIP 1.0"}, tmp_path)
    assert errors == []
    assert calib == back
    assert "EXTNAME" not in fits.getheader(tmp_path / "x.fits", 1)


RESERVED = "SIMPLE NAXIS naxis1 TTYPE1 tform3 END CONTINUE XTENSION ZIMAGE PCOUNT THEAP BSCALE".split()
UNSPELLABLE = ["É", "A=B", "", " ", "a  b", "x" * 59, "a\nb", "tab\t", "comma,"]


@pytest.mark.parametrize("key", [*RESERVED, *UNSPELLABLE])
def test_names_that_no_header_holds_are_errors(tmp_path: Path, key: str) -> None:
    assert through_fits({key: 1}, tmp_path)[2] == ["CAL502"]


def test_a_long_name_with_a_long_number_is_an_error(tmp_path: Path) -> None:
    assert through_fits({"x" * 50: -1.2345678901234567e-300}, tmp_path)[2] == ["CAL502"]
    assert through_fits({"x" * 50: 1.5}, tmp_path)[2] == []


names = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60) | st.text(
    max_size=12
)
values = (
    st.text(max_size=150)
    | st.text("'& \\é:x1.", max_size=150)
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
)


@given(meta=st.dictionaries(names, values, max_size=4))
def test_whatever_is_accepted_reads_back(
    tmp_path_factory: pytest.TempPathFactory, meta: dict[str, Any]
) -> None:
    directory = tmp_path_factory.getbasetemp()
    calib, back, _ = through_fits(meta, directory)
    if calib is not None:
        assert back == calib


def test_values_of_text_columns_are_escaped_too(tmp_path: Path) -> None:
    text = (
        "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: amp_name, datatype: string}\n"
        "# - {name: wavelength, unit: nm, datatype: float64}\n# - {name: efficiency, unit: '%', datatype: float64}\n"
        "# meta: {OBSTYPE: transmission_sensor, INSTRUME: Lab, DETECTOR: 0, CALIBDATE: '2020-01-01T00:00:00'}\n"
        "# schema: astropy-2.0\namp_name wavelength efficiency\nÄmp 1.0 2.0\nÄmp 2.0 3.0\n"
    )
    (tmp_path / "x.ecsv").write_text(text)
    cls = get_type("transmission_sensor")
    calib = cls.readText(tmp_path / "x.ecsv")
    calib.writeFits(tmp_path / "x.fits")
    assert fitsverify([tmp_path / "x.fits"]) == ""
    assert cls.readFits(tmp_path / "x.fits") == calib


# -- FITS files that are damaged -------------------------------------------------------------------


@given(data=st.data())
def test_a_damaged_file_is_an_error_of_ours(converted: Path, tmp_path_factory, data: st.DataObject) -> None:
    name = data.draw(
        st.sampled_from([EDITED, UNTOUCHED, "calibs/demo/transmission_filter/r/20200101T000000.ecsv"])
    )
    content = bytearray((converted / fits_name(name)).read_bytes())
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from(b"09AZ'= /T\0\xff"))
    content = content[: data.draw(st.integers(0, len(content)))]
    path = tmp_path_factory.getbasetemp() / "damaged.fits"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(CuratedError):
            get_type(name.split("/")[2]).readFits(path)


def test_arrays_read_back_in_the_machines_order(converted: Path) -> None:
    calib = Defects.readFits(converted / fits_name(EDITED))
    assert calib.x0.dtype == np.dtype("i8")
    assert calib.x0.dtype.isnative
