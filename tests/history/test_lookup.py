"""Which calibration is in force: at, between and beside the boundaries, now and as any commit knew it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.core.times import parse_time
from curated.history.lookup import Answer, last_commit, lookup, package_at
from curated.package.package import open_package
from curated.registry import own_types
from support.packages import ROOT, defects_path, defects_text
from support.programs import run_curated

CURVE = (
    "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: wavelength, unit: nm, datatype: float64}\n"
    "# - {name: efficiency, unit: '%', datatype: float64}\n# meta: {OBSTYPE: transmission_filter, INSTRUME: Lab, "
    "FILTER: SDSS r, CALIBDATE: '2020-01-01T00:00:00'}\n# schema: astropy-2.0\nwavelength efficiency\n1 2\n2 3\n"
)


def at(start: int, end: str | None = None, **options: object) -> tuple[str, str]:
    """A list of defects that starts with a year."""
    date = f"{start}-01-01T00:00:00"
    meta = {"VALIDEND": end} if end else {}
    return defects_path(0, f"{start}0101T000000"), defects_text(meta, date=date, **options)  # type: ignore[arg-type]


def ask(
    package: GitPackage | Path,
    time: str,
    type_name: str = "defects",
    instrument: str = "lab",
    as_of: str | None = None,
    **options: str,
) -> Answer:
    opened = open_package(package if isinstance(package, Path) else package.path)
    if as_of is not None:
        opened, _ = package_at(opened.root, as_of)
    return lookup(opened, instrument, type_name, parse_time(time), **options)


def path_in_force(*arguments: object, **options: str) -> str | None:
    """The file in force."""
    answer = ask(*arguments, **options)  # type: ignore[arg-type]
    return answer.in_force.file.path if answer.in_force else None


def change(package: GitPackage | Path, path: str | None, as_of: str | None = None) -> str | None:
    """The last commit that changed a file."""
    opened = open_package(package if isinstance(package, Path) else package.path)
    opened, sha1 = package_at(opened.root, as_of) if as_of is not None else (opened, "")
    commit = last_commit(opened, path, sha1) if path is not None else None
    return commit.sha1 if commit is not None else None


@pytest.fixture
def lab(make_package: MakePackage) -> GitPackage:
    """Three epochs, the first with an end of its own and a hole after it."""
    files = [at(2020, "2020-06-01T00:00:00"), at(2021), at(2022)]
    return make_package({"curated.yaml": "", **dict(files)})


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "year"),
    [
        ("1970-01-01", None),
        ("2019-12-31T23:59:59.999999", None),
        ("2020-01-01", 2020),
        ("2020-05-31T23:59:59.999999", 2020),
        ("2020-06-01T00:00:00", None),
        ("2020-12-31T23:59:59.999999", None),
        ("2021-01-01T00:00:00", 2021),
        ("2021-07-01", 2021),
        ("2021-12-31T23:59:59.999999", 2021),
        ("2022-01-01T00:00:00", 2022),
        ("2099-12-31", 2022),
        # Offsets: a boundary is a moment, wherever one is.
        ("2022-01-01T00:00:00Z", 2022),
        ("2022-01-01T05:29:59.999999+05:30", 2021),
        ("2022-01-01T05:30:00+05:30", 2022),
        ("2021-12-31T19:00:00-05:00", 2022),
        ("2021-12-31T18:59:59-05:00", 2021),
        ("20220101T000000", 2022),
        ("2021-W52-7", 2022),
    ],
)
def test_times(lab: GitPackage, time: str, year: int | None) -> None:
    assert path_in_force(lab, time, detector="d00") == (
        defects_path(0, f"{year}0101T000000") if year else None
    )


def test_a_second_that_only_the_file_name_has(make_package: MakePackage) -> None:
    first, second = defects_path(0, "20200101T000000"), defects_path(0, "20200101T000000.5")
    text = defects_text(date="2020-01-01T00:00:00.500000")
    package = make_package({"curated.yaml": "", first: defects_text(), second: text})
    assert path_in_force(package, "2020-01-01T00:00:00.499999", detector="d00") == first
    assert path_in_force(package, "2020-01-01T00:00:00.500000", detector="d00") == second


def test_the_hole_of_the_demonstration() -> None:
    for time, name in (
        ("2021-06-14", "20200101T000000"),
        ("2021-06-15", None),
        ("2022-03-01", "20220301T000000"),
    ):
        path = path_in_force(ROOT, time, instrument="demo", detector="d02")
        assert path == (f"calibs/demo/defects/d02/{name}.ecsv" if name else None)


# -- as a commit knew it ---------------------------------------------------------------------------


def test_as_of_a_commit(lab: GitPackage) -> None:
    first = lab.commits[0]
    (path, text) = at(2021)
    lab.commit({path: text.replace("1 2 3 4", "9 9 9 9")}, "Edit 2021", author="Eva Editor")
    lab.commit(dict([at(2023)]), "Add 2023")
    lab.git("tag", "v1")
    lab.commit({at(2022)[0]: None}, "Remove 2022")

    def answer(time: str, revision: str | None) -> tuple[str | None, str | None]:
        path = path_in_force(lab, time, detector="d00", as_of=revision)
        if revision:
            assert package_at(lab.path, revision)[1] == lab.git("rev-parse", f"{revision}^{{commit}}")
        return path, change(lab, path, revision)

    # Edited later: the same file, and the commit that each knew.
    assert answer("2021-06-01", first) == (path, first)
    assert answer("2021-06-01", "v1") == (path, lab.commits[1])
    # Added later.
    assert answer("2023-06-01", first) == (at(2022)[0], first)
    assert answer("2023-06-01", "v1") == (at(2023)[0], lab.commits[2])
    # Deleted later: what came before it is in force for longer.
    assert answer("2022-06-01", "v1") == (at(2022)[0], first)
    assert answer("2022-06-01", "HEAD") == (path, lab.commits[1])
    assert answer("2022-06-01", None) == (path, lab.commits[1])
    assert (
        str(ask(lab, "2022-06-01", detector="d00").in_force.range)
        == "2021-01-01T00:00:00 to 2023-01-01T00:00:00"
    )  # type: ignore[union-attr]


def test_as_of_a_commit_before_the_package_was(make_package: MakePackage) -> None:
    package = make_package({"README.md": "soon"})
    package.commit({"curated.yaml": "", **dict([at(2020)])})
    with pytest.raises(CuratedError, match="unknown instrument"):
        ask(package, "2021-01-01", detector="d00", as_of=package.commits[0])
    assert path_in_force(package, "2021-01-01", detector="d00", as_of="HEAD")


def test_the_work_tree_counts_if_nothing_else_is_said(lab: GitPackage) -> None:
    lab.write(dict([at(2024)]))
    assert path_in_force(lab, "2025-01-01", detector="d00") == at(2024)[0]
    assert change(lab, at(2024)[0]) is None
    assert path_in_force(lab, "2025-01-01", detector="d00", as_of="HEAD") == at(2022)[0]


def test_without_a_repository(tmp_path: Path) -> None:
    GitPackage(tmp_path).write({"curated.yaml": "", **dict([at(2020)])})
    path = path_in_force(tmp_path, "2021-01-01", detector="d00")
    assert path is not None
    assert change(tmp_path, path) is None
    with pytest.raises(CuratedError, match="is not in a git repository"):
        ask(tmp_path, "2021-01-01", detector="d00", as_of="HEAD")


def test_in_a_shallow_clone_nobody_is_named(lab: GitPackage, tmp_path: Path) -> None:
    import subprocess

    lab.commit({"notes.txt": "x"})
    command = ["git", "clone", "--quiet", "--depth=1", lab.path.as_uri(), tmp_path / "clone"]
    subprocess.run(command, check=True)
    path = path_in_force(tmp_path / "clone", "2021-06-01", detector="d00")
    assert path is not None
    # The commit at which history is cut off need not be the one that changed the file.
    assert change(tmp_path / "clone", path) is None


def test_a_package_in_a_directory_of_the_repository(make_package: MakePackage) -> None:
    path, text = at(2020)
    package = make_package({f"data/{path}": text, "data/curated.yaml": ""})
    package.commit({"other": "x"})
    assert path_in_force(package.path / "data", "2021-01-01", detector="d00", as_of="HEAD") == path
    assert change(package.path / "data", path, "HEAD") == package.commits[0]


# -- detectors, filters, types, instruments --------------------------------------------------------


@pytest.fixture(params=["declared", "inferred", "bare"])
def numbered(request: pytest.FixtureRequest, make_package: MakePackage) -> tuple[GitPackage, str]:
    """Detectors whose numbers are not those of their names, declared or not; and where the instruments are."""
    top = "" if request.param == "bare" else "calibs/"
    files = {
        f"{top}lab/defects/{name}/20200101T000000.ecsv": defects_text(detector=number)
        for number, name in ((7, "r00_s01"), (3, "r00_s02"), (0, "9"))
    }
    if request.param != "bare":
        files["curated.yaml"] = ""
    if request.param == "declared":
        files["calibs/lab/instrument.yaml"] = (
            "name: Lab\ndetectors:\n- {id: 7, name: R00_S01}\n- {id: 3, name: R00_S02}\n- {id: 0, name: '9'}\n"
        )
    return make_package(files), top


@pytest.mark.parametrize(
    ("detector", "directory"),
    [
        ("R00_S01", "r00_s01"),
        ("r00_s01", "r00_s01"),
        ("7", "r00_s01"),
        ("3", "r00_s02"),
        ("0", "9"),
        ("9", "9"),
        ("5", None),
        ("d77", None),
        ("²", None),
    ],
)
def test_a_detector_by_name_or_number(
    numbered: tuple[GitPackage, str], detector: str, directory: str | None
) -> None:
    package, top = numbered
    if directory is None:
        # A name that does not exist is no hole in validity.
        with pytest.raises(CuratedError, match="lab has no detector"):
            ask(package, "2021-01-01", detector=detector)
        return
    expected = f"{top}lab/defects/{directory}/20200101T000000.ecsv"
    assert path_in_force(package, "2021-01-01", detector=detector) == expected


def test_a_detector_by_number_as_of_a_commit(numbered: tuple[GitPackage, str]) -> None:
    package, top = numbered
    path = path_in_force(package, "2021-01-01", detector="7", as_of="HEAD")
    assert path == f"{top}lab/defects/r00_s01/20200101T000000.ecsv"


@pytest.mark.parametrize("name", ["SDSS r", "sdss_r", "SDSS_R", "sdss r"])
def test_filters_with_blanks(make_package: MakePackage, name: str) -> None:
    path = "calibs/lab/transmission_filter/sdss_r/20200101T000000.ecsv"
    package = make_package({"curated.yaml": "", path: CURVE})
    assert path_in_force(package, "2021-01-01", "transmission_filter", filter_name=name) == path


@pytest.mark.parametrize(
    ("name", "alias"), [(cls.SPEC.name, alias) for cls in own_types().values() for alias in cls.SPEC.aliases]
)
def test_aliases(name: str, alias: str) -> None:
    spec = own_types()[name].SPEC
    example = next(path for path in sorted((ROOT / "calibs" / "demo" / name).rglob("*T*.*")))
    parts = iter(example.relative_to(ROOT / "calibs" / "demo" / name).parts)
    levels = {}
    if spec.has_detector:
        levels["detector"] = next(parts)
    if spec.has_filter:
        levels["filter_name"] = next(parts)
    for spelled in (alias, alias.lower()):
        path = path_in_force(ROOT, "2024-06-01", spelled, "demo", **levels)
        assert path is not None
        assert path.split("/")[2] == name


def test_there_are_aliases() -> None:
    assert "BFKERNEL" in own_types()["bfk"].SPEC.aliases


def test_an_instrument_by_directory_or_name(make_package: MakePackage) -> None:
    files = {
        "curated.yaml": "",
        "calibs/lab/instrument.yaml": "name: LabCam\ndetectors: [{id: 0, name: d00}]\n",
    }
    package = make_package({**files, **dict([at(2020)])})
    for name in ("lab", "LAB", "LabCam", "labcam"):
        assert path_in_force(package, "2021-01-01", instrument=name, detector="d00") == at(2020)[0]
    with pytest.raises(CuratedError, match="unknown instrument 'other'") as caught:
        ask(package, "2021-01-01", instrument="other", detector="d00")
    assert caught.value.hint == "known instruments: lab"


@pytest.mark.parametrize(
    ("type_name", "levels", "message"),
    [
        ("defects", {}, "defects has a detector level"),
        ("defects", {"detector": "d00", "filter_name": "r"}, "defects has no filter level"),
        ("transmission_filter", {}, "transmission_filter has a filter level"),
        ("transmission_filter", {"filter_name": "r", "detector": "0"}, "has no detector level"),
        ("transmission_system", {"detector": "d00"}, "has a filter level"),
        ("nonsense", {}, "unknown calibration type 'nonsense'"),
    ],
)
def test_levels_that_a_type_has_and_has_not(type_name: str, levels: dict[str, str], message: str) -> None:
    with pytest.raises(CuratedError, match=message) as caught:
        ask(ROOT, "2024-01-01", type_name, "demo", **levels)
    assert caught.value.hint


def test_directories_that_differ_in_case_are_one(make_package: MakePackage) -> None:
    path = "calibs/LAB/defects/D00/20200101T000000.ecsv"
    package = make_package({"curated.yaml": "", path: defects_text(), **dict([at(2021)])})
    assert path_in_force(package, "2020-06-01", detector="d00") == path
    assert path_in_force(package, "2021-06-01", instrument="LAB", detector="d00") == at(2021)[0]


# -- why, and why not ------------------------------------------------------------------------------


def test_explain_gives_each_its_reason(lab: GitPackage) -> None:
    answer = ask(lab, "2021-06-01", detector="d00")
    assert [(c.file.path, c.verdict) for c in answer.candidates] == [
        (at(2020)[0], "ended at 2020-06-01T00:00:00, its VALIDEND"),
        (at(2021)[0], "in force"),
        (at(2022)[0], "starts later, at 2022-01-01T00:00:00"),
    ]
    assert (
        ask(lab, "2023-01-01", detector="d00").candidates[1].verdict
        == "ended at 2022-01-01T00:00:00, the next one starts"
    )


def test_explain_on_the_command_line(lab: GitPackage) -> None:
    question = ["lookup", "lab", "defects", "--detector", "d00", "--at", "2020-07-01"]
    done = run_curated(*question, "--explain", cwd=lab.path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "no lab/defects/d00 is in force at 2020-07-01T00:00:00 UTC",
        "",
        "3 of lab/defects/d00:",
        f"  {at(2020)[0]}",
        "      2020-01-01T00:00:00 to 2020-06-01T00:00:00: ended at 2020-06-01T00:00:00, its VALIDEND",
        f"  {at(2021)[0]}",
        "      2021-01-01T00:00:00 to 2022-01-01T00:00:00: starts later, at 2021-01-01T00:00:00",
        f"  {at(2022)[0]}",
        "      2022-01-01T00:00:00 to open: starts later, at 2022-01-01T00:00:00",
    ]
    done = run_curated(*question, cwd=lab.path)
    assert (done.returncode, done.stdout.splitlines()[1:]) == (
        1,
        ["--explain lists the calibrations that there are"],
    )


def test_none_at_all(lab: GitPackage) -> None:
    done = run_curated(
        "lookup", "lab", "defects", "--detector", "d01", "--at", "2021-01-01", "--explain", cwd=lab.path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "curated: error: lab has no detector 'd01'\ncurated: hint: known detectors: d00\n"


def test_as_of_on_the_command_line(lab: GitPackage) -> None:
    lab.commit({at(2021)[0]: None})
    question = [
        "lookup",
        "lab",
        "defects",
        "--detector",
        "0",
        "--at",
        "2021-06-01T02:00:00+02:00",
        "--format",
        "json",
    ]
    answers = [
        json.loads(run_curated(*question, *more, "--explain", cwd=lab.path).stdout)
        for more in (["--as-of", "HEAD~1"], ["--as-of", "HEAD"], [])
    ]
    assert [a["found"] and a["found"]["file"] for a in answers] == [at(2021)[0], None, None]
    assert [a["as_of"] for a in answers] == [lab.commits[0], lab.commits[1], None]
    assert [len(a["candidates"]) for a in answers] == [3, 2, 2]
    assert answers[0]["time"] == "2021-06-01T00:00:00Z"
    assert answers[0]["found"] == {
        "file": at(2021)[0],
        "begin": "2021-01-01T00:00:00Z",
        "end": "2022-01-01T00:00:00Z",
        "verdict": "in force",
    }


def test_a_broken_file_still_has_its_range(lab: GitPackage) -> None:
    lab.write({at(2021)[0]: "no table"})
    assert path_in_force(lab, "2021-06-01", detector="d00") == at(2021)[0]


def test_times_are_naive_utc_inside(lab: GitPackage) -> None:
    assert ask(lab, "2021-06-01T00:00:00+02:00", detector="d00").time == datetime(2021, 5, 31, 22)


@pytest.mark.parametrize(
    ("question", "message", "hint"),
    [
        (("Lav", "defects", "--detector", "d00"), "unknown instrument 'Lav'", "known instruments: lab"),
        (("la-b", "defects", "--detector", "d00"), "unknown instrument 'la-b'", "did you mean 'lab'? known"),
        (
            ("lab", "defect", "--detector", "d00"),
            "unknown calibration type 'defect'",
            "did you mean 'defects'?",
        ),
        (
            ("lab", "flat", "--detector", "d00", "--filter", "r"),
            "lab has no type 'flat'",
            "known types: defects",
        ),
        (("lab", "defects", "--detector", "d_00"), "lab has no detector 'd_00'", "did you mean 'd00'?"),
        (("lab", "defects", "--detector", "1"), "lab has no detector '1'", "known detectors: d00"),
    ],
)
def test_names_that_do_not_exist(lab: GitPackage, question: tuple[str, ...], message: str, hint: str) -> None:
    for more in ((), ("--format", "json"), ("--as-of", "HEAD")):
        done = run_curated("lookup", *question, "--at", "2021-06-01", *more, cwd=lab.path)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"error: {message}" in done.stderr
        assert f"hint: {hint}" in done.stderr


def test_a_hole_in_validity_is_a_no(lab: GitPackage) -> None:
    question = ("lookup", "lab", "defects", "--detector", "d00", "--at", "2020-07-01")
    done = run_curated(*question, cwd=lab.path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("no lab/defects/d00 is in force at 2020-07-01T00:00:00 UTC\n")


# -- work trees that lack files of the commit -------------------------------------------------------------


@pytest.mark.parametrize("mark", ["sparse", "skip-worktree", "assume-unchanged"])
def test_what_git_hides_is_not_passed_over(make_package: MakePackage, mark: str) -> None:
    """The calibration of 2020 must not answer for that of 2021, which is only not checked out."""
    old, new, other = defects_path(0), defects_path(0, "20210101T000000"), defects_path(1)
    texts = {
        old: defects_text(),
        new: defects_text(date="2021-01-01T00:00:00"),
        other: defects_text(detector=1),
    }
    package = make_package({"curated.yaml": "", **texts})
    if mark == "sparse":
        package.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{new}")
    else:
        package.git("update-index", f"--{mark}", new)
        package.write({new: None})
    opened = open_package(package.path)
    assert opened.hidden == (new,)
    time = datetime(2022, 1, 1)
    with pytest.raises(CuratedError, match="ecsv of the commit is not in the work tree") as caught:
        lookup(opened, "lab", "defects", time, detector="d00")
    assert "--as-of HEAD" in caught.value.hint
    elsewhere = lookup(opened, "lab", "defects", time, detector="d01").in_force
    assert elsewhere is not None
    assert elsewhere.file.path == other
    past, _ = package_at(package.path, "HEAD")
    in_commit = lookup(past, "lab", "defects", time, detector="d00").in_force
    assert in_commit is not None
    assert in_commit.file.path == new
    for command in (
        ("fingerprint",),
        ("compare", "HEAD", "."),
        ("lookup", "lab", "defects", "--detector", "d00"),
    ):
        arguments = ("--at", "2022-01-01") if command[0] == "lookup" else ()
        done = run_curated(*command, *arguments, cwd=package.path)
        assert (done.returncode, "not in the work tree" in done.stderr) == (2, True), (
            done.stdout + done.stderr
        )


def test_a_removed_file_is_passed_over(make_package: MakePackage) -> None:
    old, new = defects_path(0), defects_path(0, "20210101T000000")
    package = make_package(
        {"curated.yaml": "", old: defects_text(), new: defects_text(date="2021-01-01T00:00:00")}
    )
    package.write({new: None})
    opened = open_package(package.path)
    assert opened.hidden == ()
    in_force = lookup(opened, "lab", "defects", datetime(2022, 1, 1), detector="d00").in_force
    assert in_force is not None
    assert in_force.file.path == old


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", ".git/config", "curated.yaml"])
def test_settings_of_a_commit_that_are_a_link_out_of_the_package(
    make_package: MakePackage, target: str
) -> None:
    package = make_package({"lab/defects/d00/20200101T000000.ecsv": defects_text()})
    (package.path / "curated.yaml").symlink_to(target)
    package.commit()
    assert package_at(package.path, "HEAD~1")[0].bare
    with pytest.raises(CuratedError, match=r"curated\.yaml of commit .* is not read"):
        package_at(package.path, "HEAD")
