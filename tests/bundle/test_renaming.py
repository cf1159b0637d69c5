"""Names that a repository has for the instruments of a bundle."""

from __future__ import annotations

from typing import Any

import pytest

from curated.bundle.renaming import Renaming, renamed_instruments, renamings_digest, renamings_to_json
from curated.package.instrument import Filter, Instrument


def test_renamings_are_plain_data_and_back() -> None:
    renamings = {"ComCam": Renaming("LSSTComCam", {"sdssg_65mm": "SDSSg_65mm"})}
    values = renamings_to_json(renamings)
    assert values == {"ComCam": {"name": "LSSTComCam", "filters": {"sdssg_65mm": "SDSSg_65mm"}}}
    assert {old: Renaming.of(entry) for old, entry in values.items()} == renamings
    assert len(renamings_digest(renamings)) == 8
    assert renamings_digest(renamings) != renamings_digest({"ComCam": Renaming("LSSTComCam")})
    assert renamings_digest({}) == ""


@pytest.mark.parametrize(
    "values",
    [{"name": "../x", "filters": {}}, {"name": "Lab", "filters": {"g": "a/b"}}, {"name": "", "filters": {}}],
)
def test_names_of_no_import_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no instrument or filter"):
        Renaming.of(values)


def test_instruments_of_a_package_get_the_names_of_a_repository() -> None:
    filters = {"g": Filter("g", "g", ("name", "band")), "r": Filter("r", "r")}
    instruments = {
        "comCam": Instrument("ComCam", "comCam", filters=filters, inferred=("name",), aliases=("x",)),
        "lab": Instrument("Lab", "lab"),
    }
    renamed = renamed_instruments(instruments, {"ComCam": Renaming("LSSTComCam", {"g": "G"})})
    assert renamed["lab"] is instruments["lab"]
    named = renamed["comCam"]
    assert (named.name, named.directory, named.inferred, named.aliases) == ("LSSTComCam", "comCam", (), ())
    assert [f.name for f in named.filters.values()] == ["G", "r"]
