"""A graph over the exposures of a real repository of the stack, into which curated has imported a release."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("lsst.daf.butler")
pytest.importorskip("lsst.pipe.base")

from conftest import GitPackage
from support.corpus import copy_stack_repository
from support.pipeline import CameraTask, choose
from support.preloaded import Programs, preloaded_programs

# Stands for lsst.obs.base.formatters.fitsGeneric.FitsGenericFormatter, which the repository's configuration names:
# https://github.com/lsst/obs_base, formatters/fitsGeneric.py.
FORMATTER = "from curated.butler.formatter import CalibFormatter as FitsGenericFormatter\n"
EXTENDED = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"

FIRST = "lsstCam/manual_defects/{}/19700101T000000.ecsv"
SECOND = "lsstCam/manual_defects/{}/20190321T000000.ecsv"


@pytest.fixture
def stack_programs(tmp_path: Path) -> Iterator[Programs]:
    """`curated` and `butler` where the stack's formatter can be imported."""
    place = tmp_path / "stack/lsst/obs/base/formatters"
    place.mkdir(parents=True)
    (tmp_path / "stack/lsst/__init__.py").write_text(EXTENDED)
    (place / "fitsGeneric.py").write_text(FORMATTER)
    (tmp_path / "bin").mkdir()
    with preloaded_programs(tmp_path / "bin", [str(tmp_path / "stack")]) as programs:
        yield programs


def test_exposures_of_different_dates_have_different_defects(
    corpus: Path, stack_programs: Programs, tmp_path: Path
) -> None:
    repo = copy_stack_repository("lsstCam", tmp_path / "repo")
    package = GitPackage(tmp_path / "package")
    # There are raw frames of three detectors, two of 2019-03-19 and one of 2019-03-22.
    for name in ("r10_s02", "r10_s22", "r22_s21"):
        folder = package.path / "lsstCam/manual_defects" / name
        shutil.copytree(
            corpus / "obs_lsst_data/lsstCam/manual_defects" / name, folder, copy_function=shutil.copyfile
        )
        folder.chmod(0o755)
    for name in ("r10_s22", "r22_s21"):
        text = (package.path / FIRST.format(name)).read_text()
        later = text.replace("CALIBDATE: '1970-01-01", "CALIBDATE: '2019-03-21") + "7 7 3 3\n"
        (package.path / SECOND.format(name)).write_text(later)
    package.git("init", "--quiet")
    package.commit(message="Add calibrations")
    package.git("tag", "v1")
    published = stack_programs.run("curated", "-q", "publish", repo, cwd=package.path)
    assert published.returncode == 0, published.stderr

    # LSSTCam/calib is the stack's own calibration collection there, and no chain: the page says what to do.
    chain = ("LSSTCam/defaults", "LSSTCam/calib/v1", "--mode", "prepend")
    assert stack_programs.run("butler", "collection-chain", repo, *chain).returncode == 0
    choices = choose(repo, "", CameraTask, ["LSSTCam/defaults"], "LSSTCam")
    assert choices == {
        (3019031900001, 29): {"manual_defects": FIRST.format("r10_s02")},
        (3019031900001, 97): {"manual_defects": FIRST.format("r22_s21")},
        (3019032200002, 35): {"manual_defects": SECOND.format("r10_s22")},
    }
    # The calibrations of the stack are as they were.
    scrubbed = stack_programs.run("curated", "scrub", repo, "--collection", "LSSTCam/calib/v1")
    assert "clean: " in scrubbed.stdout, scrubbed.stdout + scrubbed.stderr
