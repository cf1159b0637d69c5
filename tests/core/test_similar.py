"""Names that may be meant by misspelled ones."""

from __future__ import annotations

import pytest

from curated.core.similar import in_another_form, similar_name
from curated.registry import own_types, similar_type


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("d_00", "d00"),
        ("D00", "d00"),
        ("d-00", "d00"),
        ("d00 ", "d00"),
        ("sdss r", "sdss_r"),
        ("sdssr", "sdss_r"),
        ("cafe\u0301", "caf\u00e9"),
        ("r", ""),
        ("", ""),
        ("..", ""),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert similar_name(name, ["d00", "sdss_r", "caf\u00e9"]) == expected


def test_nothing_is_similar_to_no_names() -> None:
    assert similar_name("d00", []) == ""


@pytest.mark.parametrize("name", own_types())
def test_each_type_is_meant_by_its_plural_singular_and_spellings(name: str) -> None:
    for spelling in (f"{name}s", name.upper(), name.replace("_", "-"), name.replace("_", ""), f"{name} "):
        assert similar_type(spelling) == name, spelling
    if name.endswith("s"):
        assert similar_type(name[:-1]) == name


@pytest.mark.parametrize(
    "name", ["docs", "data", "python", "tests", "ups", "config", "etc", "doc", "bin", "raw"]
)
def test_usual_directories_mean_no_type(name: str) -> None:
    assert similar_type(name) == ""


def test_a_name_in_another_normal_form() -> None:
    assert in_another_form("de\u0301", ["d00", "d\u00e9"]) == r"'d\xe9'"
    assert in_another_form("d\u00e9", ["d00", "de\u0301"]) == r"'de\u0301'"
    for name in ("d\u00e9", "de", "", "d00"):
        assert in_another_form(name, ["d00", "d\u00e9", "dE"]) == ""
