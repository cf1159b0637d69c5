"""The place of a release in a chain."""

from __future__ import annotations

import pytest

pytest.importorskip("lsst.daf.butler")

from lsst.daf.butler import CollectionType

from curated.butler.chains.order import Chain, Place, find_place, placed
from curated.core.diagnostic import Problem


def make_chain(members: str, name: str = "I/calib") -> Chain:
    """Make a chain of members by single letters: capitals are releases, and ``xy`` is an inner chain of both."""
    words = members.split()
    flat = {f"{name}/{word}": tuple(f"{name}/{letter}" for letter in word) for word in words}
    releases = frozenset(f"{name}/{letter}" for letter in members if letter.isupper())
    return Chain(name, CollectionType.CHAINED, tuple(flat), flat, releases)


def labels(members: tuple[str, ...]) -> str:
    return " ".join(member.removeprefix("I/calib/") for member in members)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "N"),
        ("A", "N A"),
        ("x", "x N"),
        ("x y A", "x y N A"),
        ("x A y B", "x N A y B"),
        ("A x", "N A x"),
        # An inner chain of releases alone is one, any other is not.
        ("AB x", "N AB x"),
        ("Ax B", "Ax N B"),
        # A release that is a member stays, also where it is one through an inner chain.
        ("x A N", "x A N"),
        ("x AN", "x AN"),
    ],
)
def test_a_release_is_put_behind_foreign_members(before: str, after: str) -> None:
    assert labels(placed(make_chain(before), "I/calib/N")) == after


@pytest.mark.parametrize(
    ("before", "place", "after"),
    [
        ("x A", Place(front=True), "N x A"),
        ("x A N", Place(front=True), "N x A"),
        ("x A N", Place("I/calib/x"), "N x A"),
        ("x A", Place("I/calib/A", after=True), "x A N"),
        ("N x A", Place("I/calib/x", after=True), "x N A"),
        ("x NA", Place("I/calib/x"), "N x NA"),
    ],
)
def test_a_place_that_was_given(before: str, place: Place, after: str) -> None:
    assert labels(placed(make_chain(before), "I/calib/N", place)) == after


def problem(chains: dict[str, Chain], name: str, *, after: bool = False) -> Problem:
    releases = {instrument: f"{chain.name}/N" for instrument, chain in chains.items()}
    result = find_place(chains, releases, name, after=after)
    assert isinstance(result, Problem)
    assert result.code == "CAL647"
    return result


def test_a_member_belongs_to_the_chain_of_one_instrument() -> None:
    chains = {"I": make_chain("x A"), "J": make_chain("A y", "J/calib")}
    releases = {"I": "I/calib/N", "J": "J/calib/N"}
    assert find_place(chains, releases, "y", after=True) == ("J", Place("J/calib/y", after=True))
    assert find_place(chains, releases, "I/calib/A", after=False) == ("I", Place("I/calib/A"))
    assert "--before A is a member of several chains: I/calib/A, J/calib/A" in problem(chains, "A").detail


def test_what_is_no_member() -> None:
    chains = {"I": make_chain("xA B"), "J": Chain("J/calib")}
    text = problem(chains, "z", after=True).detail
    assert text == "--after z: no such member; I/calib is I/calib/xA, I/calib/B; there is no J/calib yet"
    inner = problem(chains, "A")
    assert (inner.detail, "name I/calib/xA" in inner.hint) == (
        "--before A is in I/calib through the chain I/calib/xA",
        True,
    )
    assert problem({"I": make_chain("N A")}, "N").detail == "--before N is the release itself"
    long = Chain(
        "I/calib", CollectionType.CHAINED, ("I/calib/DM-45501",), {"I/calib/DM-45501": ("I/calib/DM-45501",)}
    )
    assert problem({"I": long}, "DM-45510").hint == "did you mean 'I/calib/DM-45501'?"


def test_members_of_a_chain_of_another_name() -> None:
    """Releases are below ``<instrument>/calib``, whatever the name of the chain."""
    name = "I/calib/release-24.1"
    chain = Chain("I/calib/curated", CollectionType.CHAINED, (name,), {name: (name,)})
    place = find_place({"I": chain}, {"I": "I/calib/N"}, "release-24.1", after=True)
    assert place == ("I", Place(name, after=True))
    result = find_place({"I": chain}, {"I": "I/calib/N"}, "release-24.l", after=True)
    assert isinstance(result, Problem)
    assert result.hint == "did you mean 'I/calib/release-24.1'?"


def test_a_place_where_there_is_no_chain() -> None:
    result = find_place({}, {"I": "I/calib/N"}, "A", after=False)
    assert isinstance(result, Problem)
    assert (result.detail, "--chain-name" in result.hint) == (
        "--before A: the release goes into no chain",
        True,
    )
