"""Calibrations and images of a repository, read as our classes, or as the stack's where the stack is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import GitPackage
from curated.butler import import_bundle, open_repository, read
from support.images import image_package, make_image, make_pixels, make_planes
from support.programs import run_curated, run_python, run_with_butler
from support.repositories import INSTRUMENT, BundleMaker, run_stock_butler, run_without_curated
from support.stack_packages import STACK_FORMATTER, recorded_formatters, with_stack, write_stack

pytest.importorskip("lsst.daf.butler")

# A plain program of somebody who has never heard of curated.
GET = """
import json, sys
from astropy.time import Time
from lsst.daf.butler import Butler, Timespan
butler = Butler.from_config(sys.argv[1])
def get(time):
    span = Timespan.fromInstant(Time(time, scale="utc"))
    return butler.get("defects", instrument="Lab", detector=0, timespan=span, collections="Lab/calib")
values = [get("2019-06-01"), get("2021-06-01")]
print(json.dumps([[f"{type(v).__module__}.{type(v).__name__}", str(getattr(v, "x0", v))] for v in values]))
"""

PUT = """
import json, sys
from lsst.daf.butler import Butler
from curated.registry import get_type
butler = Butler.from_config(sys.argv[1], writeable=True, run="u/somebody")
value = get_type("defects").readFits(sys.argv[2])
ref = butler.put(value, "defects", instrument="Lab", detector=3)
print(type(butler.get(ref)).__name__, butler.getURI(ref).getExtension())
"""


def test_a_plain_butler_returns_our_classes(bundle, repo) -> None:
    import_bundle(bundle, repo)
    done = run_with_butler(GET, repo)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        ["curated.types.defects.Defects", "[1]"],
        ["curated.types.defects.Defects", "[2]"],
    ]


def test_a_plain_butler_puts_our_classes(bundle, repo) -> None:
    import_bundle(bundle, repo)
    file = next((bundle / "files").rglob("defects/*/*.fits"))
    done = run_with_butler(PUT, repo, str(file))
    assert done.stdout.split() == ["Defects", ".fits"], done.stderr


def test_the_stacks_classes_win_in_a_repository_of_ours(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo)
    stack = write_stack(tmp_path / "stack")
    done = run_python(with_stack(stack, GET), repo)
    assert json.loads(done.stdout) == [["lsst.ip.isr.Defects", "read by the stack"]] * 2, done.stderr


def test_a_repository_of_the_stack_keeps_its_formatters(tmp_path) -> None:
    maker = BundleMaker()
    maker.add("defects", "1970-01-01T00:00:00", detector=0, seed=1)
    bundle = maker.write(tmp_path / "bundle")
    stack = write_stack(tmp_path / "stack")
    repo = str(tmp_path / "repo")
    code = (
        "from lsst.daf.butler import Butler, DatasetType\n"
        "import sys, curated.butler\n"
        "Butler.makeRepo(sys.argv[1])\n"
        "butler = Butler.from_config(sys.argv[1], writeable=True)\n"
        "kind = DatasetType('camera', ['instrument'], 'Camera', universe=butler.dimensions, isCalibration=True)\n"
        "butler.registry.registerDatasetType(kind)\n"
        "report = curated.butler.import_bundle(sys.argv[2], sys.argv[1])\n"
        "print(report.ok, [d.code for d in report.diagnostics])\n"
    )
    done = run_python(with_stack(stack, code), repo, str(bundle))
    assert done.stdout.strip() == "True []", done.stderr
    # The record names the stack's formatter, so without the stack there is no reading through Butler ...
    assert "lsst.obs.base" in run_with_butler(GET, repo).stderr
    done = run_python(with_stack(stack, GET), repo)
    assert json.loads(done.stdout) == [["lsst.ip.isr.Defects", "read by the stack"]] * 2, done.stderr
    # ... but there is past it.
    butler = open_repository(repo)
    (ref,) = butler.query_datasets("defects", "*", find_first=False)
    assert type(read(butler, ref)).__name__ == "Defects"


def test_a_repository_of_the_stack_keeps_its_formatters_where_they_are_not(bundle, repo) -> None:
    from lsst.daf.butler import Butler, DatasetType

    Butler.makeRepo(repo)
    butler = Butler.from_config(repo, writeable=True)
    kind = DatasetType("camera", ["instrument"], "Camera", universe=butler.dimensions, isCalibration=True)
    butler.registry.registerDatasetType(kind)
    report = import_bundle(bundle, repo)
    assert [d.code for d in report.diagnostics] == ["CAL658"]
    assert report.diagnostics[0].message.startswith("camera_geometry, defects, transmission_filter: ")
    assert {name for name, _ in recorded_formatters(repo)} == {STACK_FORMATTER}
    assert not import_bundle(bundle, repo).changed


def test_a_plain_new_repository_gets_our_formatter_on_request_with_a_warning(bundle, repo) -> None:
    from lsst.daf.butler import Butler

    Butler.makeRepo(repo)
    report = import_bundle(bundle, repo, formatter="curated")
    assert [d.code for d in report.diagnostics] == ["CAL628"]
    assert report.ok
    assert report.changed
    assert json.loads(run_with_butler(GET, repo).stdout)[0] == ["curated.types.defects.Defects", "[1]"]
    assert import_bundle(bundle, repo, formatter="curated").diagnostics == ()


def test_a_seed_of_the_site_is_used(bundle, repo, tmp_path) -> None:
    from lsst.daf.butler import Butler, Config

    seed = tmp_path / "seed.yaml"
    template = "{run:/}/{datasetType}-{detector:?}-{physical_filter:?}-{instrument}"
    seed.write_text(f'datastore:\n  templates:\n    default: "{template}"\n')
    assert import_bundle(bundle, repo, seed_config=str(seed)).ok
    assert Config(f"{repo}/butler.yaml")["datastore", "templates", "default"] == template
    butler = Butler.from_config(repo)
    ref = butler.query_datasets("camera_geometry", "*", find_first=False)[0]
    assert butler.getURI(ref).basename() == f"camera_geometry-{INSTRUMENT}.fits"


def test_components_need_the_stack(bundle, repo) -> None:
    import_bundle(bundle, repo)
    butler = open_repository(repo)
    from curated.butler.formatter import CalibFormatter

    assert CalibFormatter.name() == "curated.butler.formatter.CalibFormatter"
    ref = butler.query_datasets("defects", "*", find_first=False)[0]
    assert ref.datasetType.storageClass.pytype.__name__ == "Calib"


def test_opening_knows_the_classes_before_anything_is_read(bundle, repo) -> None:
    import_bundle(bundle, repo)
    code = (
        "import sys, curated.butler\n"
        "butler = curated.butler.open_repository(sys.argv[1])\n"
        "print(butler.get_dataset_type('defects').storageClass.pytype.__name__)\n"
        "from lsst.daf.butler import Butler\n"
        "Butler.from_config(sys.argv[1])\n"
    )
    done = run_with_butler(code, repo)
    assert (done.returncode, done.stdout.strip()) == (0, "Calib"), done.stderr


MASK = np.zeros((8, 16), ">i4")
MASK[2, 3] = 1
IMAGES: dict[str, tuple[bytes, dict[str, str]]] = {
    "bias": (make_planes(make_pixels(), MASK, np.ones((8, 16), ">f4")), {}),
    "dark": (make_image(make_pixels(2, 0.1), "adu/s"), {}),
    "flat": (make_image(make_pixels(3, 1.0), None), {"filter_name": "r"}),
    "illum": (make_image(make_pixels(4, 1.0), None), {"filter_name": "r"}),
    "straylight": (make_image(make_pixels(5, 0.1), "adu/s"), {"filter_name": "r"}),
}
STORAGE_CLASSES = {
    "bias": "ExposureF",
    "dark": "ExposureF",
    "flat": "ExposureF",
    "illum": "MaskedImageF",
    "straylight": "ExposureF",
}

# A plain program of somebody who has never heard of curated.
GET_IMAGES = """
import hashlib, json, sys
import numpy as np
from lsst.daf.butler import Butler
butler = Butler.from_config(sys.argv[1])
values = {}
kinds = list(butler.registry.queryDatasetTypes())
for ref in [ref for kind in kinds for ref in butler.query_datasets(kind, "*", find_first=False)]:
    value = butler.get(ref)
    pixels = hashlib.sha256(np.ascontiguousarray(value.image, ">f4").tobytes()).hexdigest()
    mask = None if value.mask is None else int((value.mask != 0).sum())
    kind = ref.datasetType
    values[kind.name] = [type(value).__name__, kind.storageClass_name, pixels, mask, value.metadata["REPOPATH"]]
print(json.dumps(values))
"""

# Somebody who has neither curated nor the stack.
FIND_IMAGES = """
import json, sys
from astropy.io import fits
from lsst.daf.butler import Butler
assert "curated" not in sys.modules
butler = Butler.from_config(sys.argv[1])
files = {}
for kind in butler.registry.queryDatasetTypes():
    for ref in butler.query_datasets(kind, "*", find_first=False):
        with butler.getURI(ref).as_local() as local, fits.open(local.ospath) as hdus:
            files[kind.name] = [kind.storageClass_name, [hdu.name for hdu in hdus], hdus[1].header["EXTTYPE"]]
print(json.dumps(files))
"""


@pytest.fixture(scope="module")
def image_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = GitPackage(tmp_path_factory.mktemp("images") / "package")
    package.path.mkdir()
    package.git("init", "--quiet")
    files: dict[str, Any] = {}
    for kind, (data, more) in IMAGES.items():
        files |= image_package(kind, data, **more)
    package.commit(files, "Add images")
    output = tmp_path_factory.mktemp("release") / "bundle"
    done = run_curated("bundle", output, cwd=package.path)
    assert done.returncode == 0, done.stderr
    return output


def test_images_that_curated_imports_are_read_by_a_plain_program(image_bundle: Path, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    assert run_curated("import", image_bundle, repo).returncode == 0
    done = run_with_butler(GET_IMAGES, str(repo))
    assert done.returncode == 0, done.stderr
    images = json.loads(done.stdout)
    assert images.keys() == IMAGES.keys()
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
    for kind, (name, storage_class, sha256, mask, path) in images.items():
        assert (name, storage_class) == (names[kind], STORAGE_CLASSES[kind])
        assert sha256 == hashlib.sha256(make_pixels(*levels[kind]).tobytes()).hexdigest()
        assert mask == (1 if kind == "bias" else None)
        assert path.startswith(f"calibs/cam/{kind}/d00/")
    assert run_curated("import", image_bundle, repo).returncode == 0


def test_images_are_imported_by_stock_butler_without_curated(image_bundle: Path, tmp_path: Path) -> None:
    repo = str(tmp_path / "repo")
    for arguments in (
        ["create", repo, "--seed-config", str(image_bundle / "butler-seed.yaml")],
        ["import", repo, str(image_bundle), "--export-file", "export.yaml", "-t", "copy"],
    ):
        done = run_stock_butler(*arguments)
        assert done.returncode == 0, done.stderr
    done = run_without_curated(FIND_IMAGES, repo)
    assert done.returncode == 0, done.stderr
    files = json.loads(done.stdout)
    assert {kind: value[0] for kind, value in files.items()} == STORAGE_CLASSES
    assert files["bias"][1:] == [["PRIMARY", "IMAGE", "MASK", "VARIANCE"], "IMAGE"]
    assert files["flat"][1:] == [["PRIMARY", "IMAGE"], "IMAGE"]


def test_image_dataset_types_that_the_stack_made_are_welcome(image_bundle: Path, tmp_path: Path) -> None:
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
    done = run_with_butler(code, repo)
    assert done.returncode == 0, done.stderr
    done = run_curated("import", image_bundle, repo, "--formatter", "curated")
    assert done.returncode == 0, done.stderr
    assert json.loads(run_with_butler(GET_IMAGES, repo).stdout)["flat"][0] == "Flat"
