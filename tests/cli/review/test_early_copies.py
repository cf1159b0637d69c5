"""Images that git unpacks before they are asked for."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from conftest import GitPackage, MakePackage
from curated.cli.review.early_copies import early_copies
from curated.git import objects
from curated.git.objects import Copy
from support.images import image_package, make_image, make_pixels
from support.programs import run_curated

PIXELS = make_pixels()
IMAGES = [make_image(PIXELS + np.float32(shift)) for shift in (0, 3, 5)]
IMAGE = "calibs/cam/bias/d00/20240101T000000.fits"


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    """Two commits, and a change of the work tree."""
    package = make_package(image_package("bias", IMAGES[0]))
    package.write(image_package("bias", IMAGES[1]))
    package.commit()
    package.write(image_package("bias", IMAGES[2]))
    return package


def contents(package: GitPackage, *arguments: str) -> list[bytes]:
    """Return what is offered, in the order of the states."""
    with early_copies(str(package.path), arguments):
        copies = list(objects._offered.values())
        texts = [Path(copy.wait()).read_bytes() for copy in copies]
    assert objects._offered == {}
    assert not any(copy.close.alive or os.path.exists(copy.path) for copy in copies)
    return texts


def test_the_image_of_two_states(package: GitPackage) -> None:
    for arguments in (["HEAD~", "HEAD"], ["HEAD~..HEAD"], ["HEAD~..", "calibs"]):
        assert contents(package, *arguments) == IMAGES[:2], arguments
    assert contents(package) == contents(package, "HEAD", str(package.path)) == [IMAGES[1]]
    assert contents(package, "HEAD~") == [IMAGES[0]]


@pytest.mark.parametrize(
    "arguments",
    [["nowhere"], ["--output=x"], ["HEAD", "HEAD"], ["HEAD", "HEAD", "HEAD"], ["HEAD~...HEAD"]],
)
def test_nothing_is_offered_of_what_is_not_two_states(package: GitPackage, arguments: list[str]) -> None:
    assert contents(package, *arguments) == []
    assert not (package.path / "x").exists()


def test_of_many_images_none_is_offered(package: GitPackage) -> None:
    package.write({IMAGE.replace("2024", "2023"): IMAGES[0]})
    package.commit()
    assert contents(package, "HEAD~", "HEAD") == []


def test_an_offer_is_taken_once(package: GitPackage) -> None:
    with early_copies(str(package.path), ["HEAD~", "HEAD"]):
        (copy, _) = objects._offered.values()
        assert Copy.of(copy.repository, copy.blob) is copy
        assert Copy.of(copy.repository, copy.blob) is not copy
    assert copy.close.alive
    copy.close()


def test_the_command_uses_them(package: GitPackage) -> None:
    package.commit()
    done = run_curated("diff", "HEAD~", "HEAD", cwd=package.path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "median_difference +2 adu" in done.stdout
