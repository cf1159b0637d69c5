"""Values of side files that follow from their images."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.editing.images import wrong_values
from curated.package.package import open_package
from support.editing import copy_package

SIDE = "calibs/demo/bias/g00/20200101T000000.yaml"


def values(root: Path, image: dict[str, object]) -> dict[str, object]:
    package = open_package(root)
    file = next(file for file in package.layout.files if file.path == SIDE)
    return {f"{v.section}.{v.name}": v.now for v in wrong_values(package, file, {"image": image}, None)}


def test_all_values(tmp_path: Path) -> None:
    root = copy_package(tmp_path / "package")
    found = values(root, {})
    assert found["image.file"] == "20200101T000000.fits"
    assert found["image.size"] == (root / SIDE).with_suffix(".fits").stat().st_size
    assert (found["image.width"], found["image.height"], found["statistics.bad_pixels"]) == (64, 32, 0)
    assert "image.width" not in values(root, {"width": 64})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("20200101T000000.fits", None, "is not there"),
        (
            "20200101T000000.fits",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            "CAL342",
        ),
        ("20200101T000000.fits", b"SIMPLE", "CAL344"),
        ("../20200101T000000.fits", b"", "not the name of a file beside it"),
        ("/etc/passwd", b"", "not the name of a file beside it"),
        ("directory.fits", b"", "."),
    ],
)
def test_images_that_tell_nothing(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    root = copy_package(tmp_path / "package")
    image = (root / SIDE).with_suffix(".fits")
    (image.parent / "directory.fits").mkdir()
    image.unlink()
    if content:
        image.write_bytes(content)
    with pytest.raises(CuratedError, match=message) as raised:
        values(root, {"file": name})
    assert raised.value.hint


def test_an_image_elsewhere(tmp_path: Path) -> None:
    root = copy_package(tmp_path / "package")
    image = (root / SIDE).with_suffix(".fits")
    image.rename(tmp_path / "elsewhere.fits")
    image.symlink_to(tmp_path / "elsewhere.fits")
    with pytest.raises(CuratedError, match="links to"):
        values(root, {"file": image.name})
    image.unlink()
    with pytest.raises(CuratedError, match="no image of its name"):
        values(root, {})
