"""Image products in real repositories: imported by curated and by stock Butler, read by plain programs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import GitPackage
from support.images import one_hdu, package_files, pixels, three_planes
from support.packages import run_curated
from support.repositories import run_python, run_stock, run_without_curated

pytest.importorskip("lsst.daf.butler")

MASK = np.zeros((8, 16), ">i4")
MASK[2, 3] = 1
CONTENT: dict[str, tuple[bytes, dict[str, str]]] = {
    "bias": (three_planes(pixels(), MASK, np.ones((8, 16), ">f4")), {}),
    "dark": (one_hdu(pixels(2, 0.1), "adu/s"), {}),
    "flat": (one_hdu(pixels(3, 1.0), None), {"filter_name": "r"}),
    "illum": (one_hdu(pixels(4, 1.0), None), {"filter_name": "r"}),
    "straylight": (one_hdu(pixels(5, 0.1), "adu/s"), {"filter_name": "r"}),
}
CLASSES = {
    "bias": "ExposureF",
    "dark": "ExposureF",
    "flat": "ExposureF",
    "illum": "MaskedImageF",
    "straylight": "ExposureF",
}

# A plain program of somebody who has never heard of curated.
GET = """
import hashlib, json, sys
import numpy as np
from lsst.daf.butler import Butler
butler = Butler.from_config(sys.argv[1])
found = {}
kinds = list(butler.registry.queryDatasetTypes())
for ref in [ref for kind in kinds for ref in butler.query_datasets(kind, "*", find_first=False)]:
    value = butler.get(ref)
    pixels = hashlib.sha256(np.ascontiguousarray(value.image, ">f4").tobytes()).hexdigest()
    mask = None if value.mask is None else int((value.mask != 0).sum())
    kind = ref.datasetType
    found[kind.name] = [type(value).__name__, kind.storageClass_name, pixels, mask, value.metadata["REPOPATH"]]
print(json.dumps(found))
"""

# Somebody who has neither curated nor the stack.
FIND = """
import json, sys
from astropy.io import fits
from lsst.daf.butler import Butler
assert "curated" not in sys.modules
butler = Butler.from_config(sys.argv[1])
found = {}
for kind in butler.registry.queryDatasetTypes():
    for ref in butler.query_datasets(kind, "*", find_first=False):
        with butler.getURI(ref).as_local() as local, fits.open(local.ospath) as hdus:
            found[kind.name] = [kind.storageClass_name, [hdu.name for hdu in hdus], hdus[1].header["EXTTYPE"]]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = GitPackage(tmp_path_factory.mktemp("images") / "package")
    package.path.mkdir()
    package.git("init", "--quiet")
    files: dict[str, Any] = {}
    for kind, (data, more) in CONTENT.items():
        files |= package_files(kind, data, **more)
    package.commit(files, "Add images")
    output = tmp_path_factory.mktemp("release") / "bundle"
    done = run_curated("bundle", output, cwd=package.path)
    assert done.returncode == 0, done.stderr
    return output


def test_curated_imports_and_a_plain_program_reads(bundle: Path, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    assert run_curated("import", bundle, repo).returncode == 0
    done = run_python(GET, str(repo))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.keys() == CONTENT.keys()
    names = {
        "bias": "Bias",
        "dark": "Dark",
        "flat": "Flat",
        "illum": "Illumination",
        "straylight": "StrayLight",
    }
    levels = {
        "bias": (7, 100.0),
        "dark": (2, 0.1),
        "flat": (3, 1.0),
        "illum": (4, 1.0),
        "straylight": (5, 0.1),
    }
    for kind, (name, storage_class, sha256, mask, path) in found.items():
        assert (name, storage_class) == (names[kind], CLASSES[kind])
        assert sha256 == hashlib.sha256(pixels(*levels[kind]).tobytes()).hexdigest()
        assert mask == (1 if kind == "bias" else None)
        assert path.startswith(f"calibs/cam/{kind}/d00/")
    assert run_curated("import", bundle, repo).returncode == 0


def test_stock_butler_imports_without_curated(bundle: Path, tmp_path: Path) -> None:
    repo = str(tmp_path / "repo")
    for arguments in (
        ["create", repo, "--seed-config", str(bundle / "butler-seed.yaml")],
        ["import", repo, str(bundle), "--export-file", "export.yaml", "-t", "copy"],
    ):
        done = run_stock(*arguments)
        assert done.returncode == 0, done.stderr
    done = run_without_curated(FIND, repo)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {kind: value[0] for kind, value in found.items()} == CLASSES
    assert found["bias"][1:] == [["PRIMARY", "IMAGE", "MASK", "VARIANCE"], "IMAGE"]
    assert found["flat"][1:] == [["PRIMARY", "IMAGE"], "IMAGE"]


def test_a_dataset_type_that_the_stack_made_is_welcome(bundle: Path, tmp_path: Path) -> None:
    """The names, dimensions and storage classes of the stack's own repositories."""
    code = (
        "import sys\nfrom lsst.daf.butler import Butler, DatasetType\n"
        "Butler.makeRepo(sys.argv[1])\nbutler = Butler.from_config(sys.argv[1], writeable=True)\n"
        "for name, more in (('bias', []), ('dark', []), ('flat', ['physical_filter'])):\n"
        "    kind = DatasetType(name, ['instrument', 'detector', *more], 'ExposureF',\n"
        "                       universe=butler.dimensions, isCalibration=True)\n"
        "    butler.registry.registerDatasetType(kind)\n"
    )
    repo = str(tmp_path / "repo")
    done = run_python(code, repo)
    assert done.returncode == 0, done.stderr
    done = run_curated("import", bundle, repo)
    assert done.returncode == 0, done.stderr
    assert json.loads(run_python(GET, repo).stdout)["flat"][0] == "Flat"
