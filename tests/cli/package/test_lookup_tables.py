"""``curated lookup`` of whole instruments, nights and headers: text, JSON, CSV, FITS files and exit status."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from support.commands import Commands
from support.packages import defects_path, defects_text
from support.raw_images import write_raw

CASES = Path(__file__).parents[2] / "data/bad"
OLD, NEW, OTHER = defects_path(0), defects_path(0, "20240301T000000"), defects_path(1, "20210101T000000")


@pytest.fixture
def lab(make_package: MakePackage) -> GitPackage:
    package = make_package(
        {"curated.yaml": "", OLD: defects_text(), OTHER: defects_text(detector=1, date="2021-01-01T00:00:00")}
    )
    package.commit({NEW: defects_text(date="2024-03-01T00:00:00", x0=5)}, "Add an epoch")
    return package


@pytest.fixture
def curated(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


def test_text(lab: GitPackage, curated: Commands) -> None:
    done = curated(lab.path, "lookup", "lab", "--at", "2020-06-01")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "lab at 2020-06-01T00:00:00 UTC",
        "calibs/lab/defects",
        "  d00/20200101T000000.ecsv  2020-01-01T00:00:00 to 2024-03-01T00:00:00",
        "1 product with a calibration in force",
        "1 without one:",
        "  lab/defects/d01",
    ]
    assert curated(lab.path, "lookup", "lab", "defects", "--at", "2019-06-01").status == 1


def test_files_that_are_not_read_are_mentioned(lab: GitPackage, curated: Commands) -> None:
    lab.write(
        {
            NEW.replace(".ecsv", ".fits"): b"FITS",
            defects_path(0, "2024-06-01").replace(".ecsv", ".fits"): b"FITS",
        }
    )
    lab.write({defects_path(1, "2024-13-01"): "x"})
    for words, count in ((("lab",), 2), (("lab", "defects"), 2), (("lab", "--detector", "d01"), 1)):
        done = curated(lab.path, "lookup", *words, "--at", "2024-06-01")
        files = "1 file in these directories is" if count == 1 else "2 files in these directories are"
        assert (done.status, done.stderr) == (0, f"{files} not read; 'curated check' says why\n")


def test_a_night(lab: GitPackage, curated: Commands) -> None:
    for text in ("2024-02-29", "20240229"):
        done = curated(lab.path, "lookup", "lab", "defects", "--night", text, "--detector", "d00")
        assert done.stdout.splitlines() == [
            f"lab, night of {text}, 2024-02-29T12:00:00 to 2024-03-01T12:00:00 UTC",
            "calibs/lab/defects",
            "  d00/20200101T000000.ecsv  2020-01-01T00:00:00 to 2024-03-01T00:00:00",
            "  d00/20240301T000000.ecsv  2024-03-01T00:00:00 to open",
            "1 product with a calibration in force",
            "1 changing in between:",
            "  lab/defects/d00",
        ]
    # Where local noon is 19 h UTC, the night before begins then.
    lab.write({"calibs/lab/instrument.yaml": "name: Lab\nutc_offset: -7\n"})
    value = curated(lab.path, "lookup", "lab", "--night", "20240229", "--format", "json").json
    assert (value["begin"], value["end"]) == ("2024-02-29T19:00:00Z", "2024-03-01T19:00:00Z")


def test_json_and_csv(lab: GitPackage, curated: Commands) -> None:
    lab.write({NEW: defects_text(date="2024-03-01T00:00:00", x0=6)})
    question = ("lookup", "lab", "--mjd", "60401.5", "--format")
    value = curated(lab.path, *question, "json").json
    assert (value["format"], value["version"], value["begin"]) == (
        "curated-in-force",
        1,
        "2024-04-01T11:59:23Z",
    )
    first, second = value["calibrations"]
    assert (first["type"], first["detector"], first["filter"]) == ("defects", "d00", None)
    assert (first["file"], first["begin"], first["end"]) == (NEW, "2024-03-01T00:00:00Z", None)
    assert first["commit"]["sha1"] == lab.commits[1]
    assert first["uncommitted"] == "the file has changes that are not committed"
    assert second["commit"]["sha1"] == lab.commits[0]
    rows = list(csv.DictReader(curated(lab.path, *question, "csv").stdout.splitlines()))
    assert [(row["detector"], row["end"], row["file"], row["commit"]) for row in rows] == [
        ("d00", "", NEW, lab.commits[1]),
        ("d01", "", OTHER, lab.commits[0]),
    ]
    value = curated(lab.path, *question, "json", "--as-of", "HEAD~1").json
    assert [entry["file"] for entry in value["calibrations"]] == [OLD, OTHER]
    assert value["as_of"] == lab.commits[0]
    # Of one product the form is the one of always, but for CSV.
    single = ("defects", "--detector", "d00")
    assert curated(lab.path, *question[:2], *single, *question[2:], "json").json["found"]["file"] == NEW
    assert len(curated(lab.path, *question[:2], *single, *question[2:], "csv").stdout.splitlines()) == 2


def test_headers(lab: GitPackage, curated: Commands, tmp_path: Path) -> None:
    first = write_raw(tmp_path / "a.fits")
    second = write_raw(tmp_path / "b.fits", DET_NAME="d01", DATE_END="2024-03-01T00:00:05")
    done = curated(lab.path, "lookup", "--header", first, second)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{first}: lab d00, 2024-02-29T23:59:50 to 2024-02-29T23:59:59 UTC",
        "calibs/lab/defects",
        "  d00/20200101T000000.ecsv  2020-01-01T00:00:00 to 2024-03-01T00:00:00",
        "1 product with a calibration in force",
        "",
        f"{second}: lab d01, 2024-02-29T23:59:50 to 2024-03-01T00:00:05 UTC",
        "calibs/lab/defects",
        "  d01/20210101T000000.ecsv  2021-01-01T00:00:00 to open",
        "1 product with a calibration in force",
    ]
    value = curated(
        lab.path, "lookup", "lab", "defects", "--header", first, "--header", second, "--format", "json"
    ).json
    assert [(e["exposure"], e["detector"], len(e["calibrations"])) for e in value["exposures"]] == [
        (str(first), "d00", 1),
        (str(second), "d01", 1),
    ]
    old = write_raw(tmp_path / "c.fits", DATE_BEG="2019-01-01T00:00:00", DATE_END=None)
    assert curated(lab.path, "lookup", "--header", first, old).status == 1


def test_headers_that_fail_do_not_hide_the_others(lab: GitPackage, curated: Commands, tmp_path: Path) -> None:
    good, bad = write_raw(tmp_path / "a.fits"), write_raw(tmp_path / "b.fits", DATE_BEG=None)
    worse = write_raw(tmp_path / "c.fits", DET_NAME="d99")
    done = curated(lab.path, "lookup", "--header", bad, good, worse, "--format", "json")
    assert done.status == 2
    assert [entry["exposure"] for entry in done.json["exposures"]] == [str(good)]
    assert [entry["exposure"] for entry in done.json["failures"]] == [str(bad), str(worse)]
    assert f"curated: error: {bad} does not say when it was taken" in done.stderr
    assert f"error: {worse}: lab has no detector 'd99'" in done.stderr
    # Files are written for all of them, or not at all.
    done = curated(lab.path, "lookup", "--header", bad, good, "--output", tmp_path / "out")
    assert (done.status, done.stdout, (tmp_path / "out").exists()) == (2, "", False)


def test_a_wrong_declaration_is_no_default(lab: GitPackage, curated: Commands, tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "a.fits")
    lab.write({"calibs/lab/instrument.yaml": "name: Lab\nutc_offset: west\nheaders: {scale: GPS}\n"})
    for words, message in (
        (
            ("lab", "--night", "20240229"),
            "when a night begins is not known: calibs/lab/instrument.yaml:2: CAL002",
        ),
        (("--header", raw), "what headers say is not known: calibs/lab/instrument.yaml:2: CAL002"),
    ):
        done = curated(lab.path, "lookup", *words)
        assert (done.status, done.stdout) == (2, "")
        assert message in done.stderr
    assert curated(lab.path, "lookup", "lab", "--at", "2024-02-29").status == 0


def test_states_that_differ(lab: GitPackage, curated: Commands) -> None:
    lab.commit({NEW: defects_text({"SEQNAME": "S2"}, date="2024-03-01T00:00:00")})
    question = (
        "lookup",
        "lab",
        "defects",
        "--detector",
        "d00",
        "--at",
        "2024-06-01",
        "--match",
        "SEQNAME=S1",
    )
    done = curated(lab.path, *question)
    assert (done.status, done.stdout.splitlines()[0]) == (0, NEW)
    assert f"{NEW}: warning CAL480 SEQNAME is 'S2', and 'S1' of the exposure" in done.stderr
    assert [f["code"] for f in curated(lab.path, *question, "--format", "json").json["findings"]] == [
        "CAL480"
    ]
    assert curated(lab.path, *question[:-1], "SEQNAME=S2").stderr == ""


def test_fits_files(lab: GitPackage, curated: Commands, tmp_path: Path) -> None:
    from astropy.io import fits

    question = ("lookup", "lab", "--night", "2024-02-29", "--output")
    done = curated(lab.path, *question, tmp_path / "now")
    assert (done.status, done.stderr) == (0, f"3 FITS files in {tmp_path / 'now'}\n")
    names = sorted(str(path.relative_to(tmp_path / "now")) for path in (tmp_path / "now").rglob("*.fits"))
    assert names == sorted(path.replace(".ecsv", ".fits") for path in (OLD, NEW, OTHER))
    header = fits.getheader(tmp_path / "now" / NEW.replace(".ecsv", ".fits"))
    assert (header["REPOSHA1"], header["FILESHA1"]) == (lab.commits[1], lab.commits[1])
    # Nothing is overwritten, and nothing is added to what is there.
    (tmp_path / "now" / OLD.replace(".ecsv", ".fits")).unlink()
    done = curated(lab.path, *question, tmp_path / "now")
    assert done.status == 2
    assert "exists, and is not overwritten" in done.stderr
    assert len(list((tmp_path / "now").rglob("*.fits"))) == 2
    # A commit has its own stamp, and needs no clean work tree.
    lab.write({NEW: "broken"})
    done = curated(lab.path, *question, tmp_path / "then", "--as-of", "HEAD~1")
    assert done.status == 0, done.stderr
    header = fits.getheader(tmp_path / "then" / OLD.replace(".ecsv", ".fits"))
    assert (header["REPOSHA1"], header["REPOPATH"], "VALIDEND" in header) == (lab.commits[0], OLD, False)
    assert len(list((tmp_path / "then").rglob("*.fits"))) == 2
    assert curated(lab.path, *question, tmp_path / "dirty").status == 2
    lab.commit(message="Break it")
    done = curated(lab.path, *question, tmp_path / "broken")
    assert (done.status, list((tmp_path / "broken").glob("**/*"))) == (1, [])


def test_what_git_lfs_did_not_fetch(lab: GitPackage, curated: Commands, tmp_path: Path) -> None:
    """Only a content that is wanted must be in the clone."""
    case = CASES / "CAL342-lfs/calibs"
    lab.commit(
        {
            path.relative_to(case.parent).as_posix(): path.read_bytes()
            for path in case.rglob("*")
            if path.is_file()
        }
    )
    question = ("--at", "2024-06-01", "--as-of", "HEAD", "--output")
    done = curated(lab.path, "lookup", "lab", *question, tmp_path / "lab")
    assert (done.status, done.stderr) == (0, f"2 FITS files in {tmp_path / 'lab'}\n")
    done = curated(lab.path, "lookup", "cam", *question, tmp_path / "cam")
    assert (done.status, "error CAL342" in done.stderr, (tmp_path / "cam").exists()) == (1, True, False)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Give one of --at, --mjd, --night and --header"),
        (("lab",), "Give one of --at, --mjd, --night and --header"),
        (("lab", "--at", "2024-01-01", "--night", "20240101"), "Give one of"),
        (("--at", "2024-01-01"), "Missing argument 'INSTRUMENT'"),
        (("lab", "defects", "more", "--at", "2024-01-01"), "unexpected extra argument (more)"),
        (("lab", "--night", "2024-02-30"), "--night '2024-02-30' is not a date of the calendar"),
        (("lab", "--night", "2024-W01-1"), "is not a date such as 2024-04-01"),
        (("lab", "--night", "9999-12-31"), "is beyond the calendar"),
        (("lab", "--mjd", "2460402"), "is not an MJD between 40587 and 88069"),
        (("lab", "--mjd", "60401 gps"), "is not a number of days and a scale"),
        (("lab", "--at", "2016-12-31T23:59:60"), "a leap second, which is not supported"),
        (("lab", "--at", "2024-01-01", "--explain"), "--explain is for one product"),
        (("lab", "--at", "2024-01-01", "--match", "SEQNAME"), "is not KEYWORD=VALUE"),
        (("lav", "--at", "2024-01-01"), "unknown instrument 'lav'"),
        (("lab", "defect", "--at", "2024-01-01"), "did you mean 'defects'"),
        (("lab", "--detector", "d02", "--at", "2024-01-01"), "lab has no detector 'd02'"),
        (("--header", "none.fits"), "the header of none.fits cannot be read: no such file"),
    ],
)
def test_questions_that_cannot_be_answered(
    lab: GitPackage, curated: Commands, words: tuple[str, ...], message: str
) -> None:
    done = curated(lab.path, "lookup", *words)
    assert (done.status, done.stdout) == (2, "")
    assert message in done.stderr
