"""Claims and companions are plain data that the cache of a check keeps."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from curated.calib.content import Claims, Companion, Content
from curated.package.files import walk
from curated.package.layout import discover
from curated.registry import get_type
from support.images import make_image, make_pixels, write_image
from support.packages import ROOT

FILES = {file.key.type: file for file in discover(walk(str(ROOT / "calibs"), ""), "").files}


@pytest.mark.parametrize("name", sorted(FILES))
def test_claims_are_plain_data(name: str) -> None:
    claims = get_type(name).readText(ROOT / "calibs" / FILES[name].path).claims()
    if claims is not None:
        assert Claims(**json.loads(json.dumps(asdict(claims)))) == claims


def test_a_side_file_names_its_image(tmp_path: Path) -> None:
    data = make_image(make_pixels())
    bias = get_type("bias").readText(write_image(tmp_path, "bias", data))
    assert bias.companion() == Companion("20240101T000000.fits", bias.sha256, len(data), ("image",))


def test_contents_share_nothing() -> None:
    first, second = Content({}), Content({})
    first.values["x"] = 1
    first.beside.add("x")
    assert second.values == {}
    assert second.beside == set()
