"""Files that are put into a local datastore: never anywhere else, whatever templates and links say."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from curated.butler import import_bundle
from curated.core.diagnostic import CuratedError
from support.spoiled_repositories import edit_text, tree

pytest.importorskip("lsst.daf.butler")

RUN = "Lab/calib/v2/curated/20200101T000000Z"


def set_template(template: str):
    return edit_text("  records:\n", f"  templates: {{default: {template!r}}}\n  records:\n")


@pytest.mark.parametrize(
    "template",
    [
        "../../outside/{run}/{datasetType}/{detector:?}",
        "{run}/../../../../../../outside/{datasetType}/{detector:?}{physical_filter:?}",
        "/../outside/{run}/{datasetType}/{detector:?}",
    ],
)
@pytest.mark.parametrize("transfer", ["copy", "hardlink", "symlink"])
def test_a_template_that_leads_out(filled_repo, next_bundle, tmp_path, template, transfer) -> None:
    set_template(template)(filled_repo)
    outside = {name: value for name, value in tree(tmp_path).items() if "sqlite3" not in name}
    with pytest.raises(CuratedError):
        import_bundle(next_bundle, str(filled_repo), transfer=transfer)
    after = {name: value for name, value in tree(tmp_path).items() if "sqlite3" not in name}
    assert after == outside


def test_a_template_of_endless_names(filled_repo, next_bundle) -> None:
    set_template("{run}/{datasetType:>2000000000}/{detector:?}")(filled_repo)
    with pytest.raises(CuratedError, match="thousands of characters"):
        import_bundle(next_bundle, str(filled_repo))


@pytest.mark.parametrize("part", ["Lab", "Lab/calib/v2", RUN, f"{RUN}/defects"])
@pytest.mark.parametrize("transfer", ["copy", "symlink"])
def test_a_link_in_the_repository_that_leads_out(filled_repo, next_bundle, tmp_path, part, transfer) -> None:
    outside = tmp_path / "outside"
    link = filled_repo / part
    if link.exists():
        shutil.move(link, outside)
    else:
        outside.mkdir()
        link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    before = tree(outside)
    with pytest.raises(CuratedError, match="would be outside of the datastore"):
        import_bundle(next_bundle, str(filled_repo), transfer=transfer)
    assert tree(outside) == before


def test_a_link_within_the_repository_is_followed(filled_repo, next_bundle) -> None:
    (filled_repo / "disk").mkdir()
    (filled_repo / "Lab" / "calib" / "v2").symlink_to(filled_repo / "disk")
    assert import_bundle(next_bundle, str(filled_repo)).ok
    assert len(list((filled_repo / "disk").rglob("*.fits"))) == 6


@pytest.mark.timeout(60)
@pytest.mark.parametrize("obstacle", ["pipe", "link", "broken link", "wrong", "directory"])
def test_what_is_in_the_place_of_a_file(filled_repo, next_bundle, tmp_path, obstacle) -> None:
    target = filled_repo / RUN / "defects" / "defects_Lab_R00_S00_Lab_calib_v2_curated_20200101T000000Z.fits"
    target.parent.mkdir(parents=True)
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    {
        "pipe": lambda: os.mkfifo(target),
        "link": lambda: target.symlink_to(precious),
        "broken link": lambda: target.symlink_to(tmp_path / "nowhere"),
        "wrong": lambda: target.write_bytes(b"x"),
        "directory": target.mkdir,
    }[obstacle]()
    if obstacle == "directory":
        with pytest.raises(CuratedError, match="directory"):
            import_bundle(next_bundle, str(filled_repo))
        return
    assert import_bundle(next_bundle, str(filled_repo)).ok
    assert target.is_file()
    assert not target.is_symlink()
    assert precious.read_bytes() == b"precious"
    assert not Path(tmp_path / "nowhere").exists()
