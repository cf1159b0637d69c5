"""The inventory of a repository: the calibrations in force, and what their files hold."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from curated.butler.certified.inventory import read_repository
from curated.core.diagnostic import CuratedError
from curated.datasets.foreign import ForeignType
from curated.fits.digest import content_digest
from support.exports import certify_foreign

pytest.importorskip("lsst.daf.butler")


def test_each_dataset_has_the_content_of_its_file(original_repo: Path) -> None:
    calls: list[tuple[int, int]] = []
    result = read_repository(str(original_repo), progress=lambda *call: calls.append(call))
    assert result.diagnostics == ()
    assert calls == [(count, 6) for count in range(1, 7)]
    files = list(original_repo.rglob("*.fits"))
    assert len(files) == 6
    assert {dataset.content for dataset in result.datasets} == {
        content_digest([path.read_bytes()]) for path in files
    }
    assert {dataset.collection for dataset in result.datasets} == {"Lab/calib/v1"}
    assert result.inventory.source == f"{original_repo}: Lab/calib"
    assert len(result.inventory.datasets) == 6
    named = read_repository(str(original_repo), ["Lab/calib/v1"])
    assert named.inventory.fingerprint == result.inventory.fingerprint


def test_files_that_are_gone_are_found_and_left_out(filled_repo: Path) -> None:
    whole = read_repository(str(filled_repo))
    missing = next(filled_repo.glob("Lab/calib/v1/**/camera_geometry/**/*.fits"))
    missing.unlink()
    result = read_repository(str(filled_repo))
    (finding,) = result.diagnostics
    assert (finding.code, finding.is_error) == ("CAL682", True)
    assert finding.file.endswith(str(missing.relative_to(filled_repo)))
    assert set(whole.datasets) - set(result.datasets) == {
        dataset for dataset in whole.datasets if dataset.dataset_type == "camera_geometry"
    }
    assert len(result.datasets) == 5


def test_another_file_is_another_content(filled_repo: Path) -> None:
    before = read_repository(str(filled_repo))
    first, second = (
        sorted(filled_repo.glob(f"**/*{date}*/defects/**/*.fits"))[0] for date in ("1970", "2020")
    )
    shutil.copyfile(first, second)
    after = read_repository(str(filled_repo))
    assert after.inventory.fingerprint != before.inventory.fingerprint
    changed = {d.uuid for d in after.datasets} - {
        a.uuid for a, b in zip(after.datasets, before.datasets, strict=True) if a == b
    }
    assert len(changed) == 1


def test_it_is_the_base_of_a_bundle(original_repo: Path) -> None:
    result = read_repository(str(original_repo))
    base = result.base()
    assert base.name == f"{original_repo}: Lab/calib"


def test_what_is_no_repository(original_repo: Path, tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="is no Butler repository") as caught:
        read_repository(str(tmp_path / "nowhere"))
    assert "curated import" in caught.value.hint
    with pytest.raises(CuratedError, match="nix"):
        read_repository(str(original_repo), ["nix"])


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "kind", ["pipe", "directory", "giant", "device", "link to itself", "gone", "garbage"]
)
def test_stored_files_that_are_none(filled_repo, kind) -> None:
    file = sorted(filled_repo.rglob("defects*.fits"))[0]
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "directory":
        file.mkdir()
    elif kind == "giant":
        with file.open("wb") as stream:
            stream.truncate(1 << 40)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "link to itself":
        file.symlink_to(file)
    elif kind == "garbage":
        file.write_bytes(b"SIMPLE  =" + b"\xff" * 100_000)
    inventory = read_repository(str(filled_repo))
    assert [d.code for d in inventory.diagnostics] == ([] if kind == "garbage" else ["CAL682"])
    assert len(inventory.datasets) == (6 if kind == "garbage" else 5)


def test_dataset_types_that_no_type_declares_do_not_count(filled_repo: Path) -> None:
    before = read_repository(str(filled_repo))
    certify_foreign(filled_repo, "Lab/odd/certified")
    after = read_repository(str(filled_repo), ["Lab/odd/certified", "Lab/calib"])
    assert after.inventory.fingerprint == before.inventory.fingerprint
    assert after.foreign == (ForeignType("oddity", "StructuredDataDict", 1),)
    assert (before.foreign, after.diagnostics) == ((), ())
