"""Names of pictures, and texts of changes."""

from __future__ import annotations

import re

import pytest

from curated.core.keys import CalibKey
from curated.declare import Measure, Reading
from curated.difference.change import Change, Effect
from curated.difference.wording import alternative_text, change_names, effect_text

KEY = CalibKey("lsstCam", "defects", "r22_s11")


def path(stem: str) -> str:
    return f"lsstCam/defects/r22_s11/{stem}.ecsv"


def test_names_are_of_the_key_and_the_epochs() -> None:
    first, second = path("20200101T000000"), path("20210101T000000")
    changes = [
        Change(KEY, first, first),
        Change(KEY, first, second),
        Change(KEY, None, second),
        Change(KEY, first, None),
    ]
    assert change_names(changes) == [
        "lsstCam-defects-r22_s11-20200101T000000",
        "lsstCam-defects-r22_s11-20200101T000000-to-20210101T000000",
        "lsstCam-defects-r22_s11-20210101T000000",
        "lsstCam-defects-r22_s11-20200101T000000-removed",
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "../../etc/passwd",
        "a b",
        "-rf",
        ".hidden",
        "x" * 400,
        "\x00\n",
        "\u202e\u4e2d",
        "CON",
        "\udcff",
        "",
        "a/b",
    ],
)
def test_names_are_safe_and_unique(hostile: str) -> None:
    keys = [
        CalibKey("cam", "kind", hostile),
        CalibKey("cam", "kind", hostile.upper()),
        CalibKey("cam", "kind", hostile + "!"),
    ]
    changes = [Change(key, f"{hostile}/{hostile}.ecsv", None) for key in keys for _ in range(3)]
    names = change_names(changes)
    assert len({name.casefold() for name in names}) == len(changes)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9_+][A-Za-z0-9._+-]{0,160}", name)
    assert change_names(changes) == names


def test_an_effect_and_what_a_picture_shows() -> None:
    measure = Measure(name="shift", unit="mmag", doc="", compute=lambda *_: ())
    effect = Effect(measure, Reading(-409.3, of={"band": "u"}))
    assert effect_text(effect) == "shift (u) -409.3 mmag"
    text = alternative_text(Change(KEY, path("a"), path("b"), effects=(effect,)))
    assert text == (
        "Before, after and their difference: lsstCam/defects/r22_s11. Largest effects: shift (u) -409.3 mmag."
    )
    assert "where nothing was in force" in alternative_text(Change(KEY, None, path("b")))
    assert "nothing takes its place" in alternative_text(Change(KEY, path("a"), None))
