"""Which instrument of a repository one of a package is, and what only a person can settle."""

from __future__ import annotations

import time

import pytest

from curated.butler.instruments.candidates import PackageInstrument, RegisteredInstrument
from curated.butler.instruments.settlement import (
    Settlement,
    match_choices,
    parse_choices,
    repeated_names,
    settle,
)
from curated.core.diagnostic import CuratedError, Problem
from support.stack_instruments import (
    DIRECTORIES,
    INSTRUMENTS,
    package_instrument,
    registered_instrument,
)

ALL = {name: registered_instrument(name) for name in INSTRUMENTS}
LAB = PackageInstrument("Lab", False, "lab", detectors={0: "d0"}, filters={"g": False})


def registered(*names: str, **values: object) -> dict[str, RegisteredInstrument]:
    """Instruments of a repository without the stack."""
    return {name: RegisteredInstrument(name, **values) for name in names}  # type: ignore[arg-type]


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_packages_of_the_stack_are_found(directory: str) -> None:
    name = DIRECTORIES[directory]
    for instruments in (ALL, {name: ALL[name]}):
        result = settle(package_instrument(directory), instruments)
        assert isinstance(result, Settlement), result
        assert (result.name, result.registered) == (name, ALL[name])


@pytest.mark.parametrize("directory", DIRECTORIES)
@pytest.mark.parametrize("other", INSTRUMENTS)
def test_none_is_created_or_put_elsewhere_where_the_stack_registers_instruments(
    directory: str, other: str
) -> None:
    if other != DIRECTORIES[directory]:
        result = settle(package_instrument(directory), {other: ALL[other]})
        assert isinstance(result, Problem)
        assert result.code == "CAL653"


def test_candidates_have_reasons_and_options() -> None:
    others = {name: ALL[name] for name in ("LSSTComCamSim", "LSSTCam")}
    result = settle(package_instrument("comCam"), others)
    assert isinstance(result, Problem)
    assert result.detail == (
        "comCam: its name is inferred, and it may be LSSTComCamSim "
        "(its name contains comcam, it has all 2 detectors, it has 1 of 1 filters)"
    )
    assert "'--instrument comCam=LSSTComCamSim'" in result.hint
    assert "'instruments: {comCam: {name: LSSTComCamSim}}' in curated.yaml" in result.hint
    assert "'--instrument comCam=ComCam' creates a new one" in result.hint


@pytest.mark.parametrize(
    ("name", "existing", "outcome"),
    [
        ("Lab", (), "new"),
        ("Lab", ("Lab",), "Lab"),
        ("Lab", ("Lab", "lab"), "Lab"),
        ("Lab", ("lab",), "lab"),
        ("Lab", ("lab", "LAB"), "refused"),
        ("Lab", ("Lab2",), "refused"),
        ("Lab2", ("Lab",), "refused"),
        ("Lab", ("Cam",), "new"),
        ("Laboratory", ("Labotatory",), "refused"),
    ],
)
def test_inferred_names_in_repositories_without_the_stack(
    name: str, existing: tuple[str, ...], outcome: str
) -> None:
    result = settle(PackageInstrument(name, False, "x"), registered(*existing))
    if isinstance(result, Problem):
        assert outcome == "refused"
    else:
        assert (result.name if result.registered else "new") == outcome


@pytest.mark.parametrize(
    ("name", "class_name", "existing", "is_new"),
    [
        ("Lab2", "", registered("Lab"), True),
        ("Lab2", "", registered("Lab", detectors={0: "d0"}), True),
        ("lab", "", registered("Lab"), False),
        ("Lab", "a.b.Lab", registered("Cam", class_name="a.b.Lab"), False),
        ("Laboratory", "", registered("Labotatory"), False),
        ("LSSTCam-imSim", "lsst.obs.lsst.LsstCamImSim", {"LSSTCam": ALL["LSSTCam"]}, True),
        ("ComCam", "", {"LSSTComCam": ALL["LSSTComCam"]}, False),
        ("Lab", "", {"LSSTComCam": ALL["LSSTComCam"]}, True),
    ],
)
def test_declared_names_win_unless_they_may_be_slips(
    name: str, class_name: str, existing: dict[str, RegisteredInstrument], is_new: bool
) -> None:
    package = package_instrument("comCam", name=name, is_named=True, class_name=class_name)
    result = settle(package, existing)
    if is_new:
        assert result == Settlement(name, None)
    else:
        assert isinstance(result, Problem)
        assert "instrument.yaml" in result.hint
    assert settle(package, existing, name) == Settlement(name, None, "--instrument")


def test_an_import_under_the_wrong_name_is_not_repeated() -> None:
    package = package_instrument("comCam", aliases=("LSSTComCam",))
    existing = {**registered("ComCam"), "LSSTComCam": ALL["LSSTComCam"]}
    result = settle(package, existing)
    assert isinstance(result, Problem)
    assert "ComCam (it has the same name, and the stack did not register it) or LSSTComCam" in result.detail
    chosen = settle(package, existing, "ComCam")
    assert isinstance(chosen, Settlement)
    assert (chosen.name, chosen.registered) == ("ComCam", existing["ComCam"])


@pytest.mark.parametrize(
    ("choice", "outcome"),
    [
        ("LSSTComCamSim", "LSSTComCamSim"),
        ("ComCam", "new ComCam"),
        ("comCam", "new comCam"),
        ("new:Own", "new Own"),
        ("new:LSSTCam", "has LSSTCam already"),
        ("LSSTComcam", "the repository has no instrument LSSTComcam"),
        ("a/b", "is no name"),
        ("new:", "is no name"),
    ],
)
def test_choices(choice: str, outcome: str) -> None:
    result = settle(package_instrument("comCam"), ALL, choice)
    if isinstance(result, Problem):
        assert (result.code, outcome in result.detail) == ("CAL654", True), result
    else:
        assert f"{'' if result.registered else 'new '}{result.name}" == outcome


def test_a_slip_in_a_choice_is_explained() -> None:
    result = settle(package_instrument("comCam"), ALL, "LSSTComcam")
    assert isinstance(result, Problem)
    assert result.hint.startswith(
        "did you mean LSSTComCam? the repository has DECam, HSC, LATISS, LSST-TS8, LSSTCam, and 3 more;"
    )
    empty = settle(package_instrument("comCam"), {}, "LSSTComCam")
    assert empty == Settlement("LSSTComCam", None, "--instrument")


def test_choices_name_instruments_by_name_or_directory() -> None:
    instruments = [package_instrument("comCam"), package_instrument("hsc")]
    assert match_choices(instruments, {"comcam": "A", "HSC": "B"}) == ({"ComCam": "A", "hsc": "B"}, [])
    by_name, problems = match_choices(instruments, {"comCam": "A", "ComCam": "B", "x": "C"})
    assert by_name == {"ComCam": "A"}
    assert [problem.code for problem in problems] == ["CAL654", "CAL654"]
    assert problems[1].hint == "the instruments here are ComCam, hsc"
    _, (problem,) = match_choices(instruments, {"comCan": "A"})
    assert problem.hint == "did you mean ComCam? the instruments here are ComCam, hsc"


@pytest.mark.parametrize("texts", [["a"], ["=b"], ["a="], ["a=b", "a=c"], ["a=b,b=a"]])
def test_choices_that_cannot_be_read(texts: list[str]) -> None:
    with pytest.raises(CuratedError):
        parse_choices(texts)
    assert parse_choices(["a=b", "c=new:d", "a=b"]) == {"a": "b", "c": "new:d"}


def test_two_instruments_are_not_one() -> None:
    names, problems = repeated_names(
        {"a": Settlement("X", None), "b": Settlement("X", None), "c": Settlement("Y", None)}
    )
    assert names == {"X"}
    assert [problem.detail for problem in problems] == ["a and b would all be X"]


def test_hostile_instruments_are_passed_over_quickly() -> None:
    existing = registered(
        *(f"Lab\x1b[31m{n}" for n in range(20)),
        *(f"Instrument_of_a_site_{n:03}" for n in range(500)),
        detectors={n: f"d{n}" for n in range(100)},
    )
    begin = time.process_time()
    result = settle(LAB, existing)
    assert isinstance(result, Problem)
    assert time.process_time() - begin < 2
    assert "\x1b" not in result.detail + result.hint
    assert "and 495 more" in result.detail or "or 495 more" in result.detail
