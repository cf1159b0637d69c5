"""Lines and columns of values in YAML and JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.text import read
from curated.text.yaml.locator import yaml_locator
from support.texts import case_files

PLACES = """\
# comment
b: [1,
    2]
metadata:
  INSTRUME: cam
  detectorId: 5
  NESTED: {inner: {deep: 1}}
list:
- x: 1
- x: 2
detectorName: d00
"""

PROPERTIES = """\
metadata: !<lsst.daf.base.PropertyList>
- - OBSTYPE
  - String
  - bfk
  - ''
- - bfk_VERSION
  - Double
  - 1.0
  - ''
"""


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ((), (2, 1)),
        (("b",), (2, 1)),
        (("b", 1), (3, 5)),
        (("b", 7), (2, 1)),
        (("metadata", "INSTRUME"), (5, 3)),
        (("metadata", "instrume"), (5, 3)),
        (("metadata", "DETECTOR"), (6, 3)),
        (("metadata", "DET_NAME"), (11, 1)),
        (("metadata", "NESTED.inner.deep"), (7, 20)),
        (("metadata", "absent"), (4, 1)),
        (("list", 1, "x"), (10, 3)),
        (("absent", 1), (2, 1)),
    ],
)
def test_places(pointer: tuple[str | int, ...], place: tuple[int, int]) -> None:
    assert yaml_locator(PLACES)(pointer) == place


def test_places_in_property_lists() -> None:
    assert yaml_locator(PROPERTIES)(("metadata", "bfk_VERSION")) == (8, 5)
    assert yaml_locator(PROPERTIES)(("metadata", "BFK_VERSION")) == (8, 5)


def test_places_in_json() -> None:
    text = '{\n\t"a\\/b": "x\\/y",\n\t"metadata": {"INSTRUME": "cam",\n\t\t"DETECTOR": 5}}\n'
    source, _ = read(text.encode(), "json")
    assert source is not None
    assert source.locator(("metadata", "DETECTOR")) == (4, 3)


@pytest.mark.parametrize(
    "path", [*case_files("good"), *case_files("bad")], ids=lambda p: "-".join(p.parts[-6:])
)
def test_every_keyword_of_every_case_is_found(path: Path) -> None:
    data = path.read_bytes()
    source, _ = read(data, path.suffix[1:].lower())
    if source is None:
        return
    lines = data.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for key in source.metadata:
        line, column = source.locator(("metadata", key))
        assert str(key) in lines[line - 1][column - 1 :] or str(key) in lines[line - 3], key
    for name in source.columns:
        line, column = source.locator((name,))
        assert name in lines[line - 1][column - 1 :]
