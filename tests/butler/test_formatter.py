"""Calibrations come back from a repository as our classes, or as the stack's where the stack is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curated.butler import import_bundle, open_repository, read
from support.repositories import INSTRUMENT, run_python, small_bundle

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


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return small_bundle(tmp_path / "bundle")


@pytest.fixture
def repo(tmp_path: Path) -> str:
    return str(tmp_path / "repo")


def write_stack(root: Path) -> Path:
    """Write packages with the names of the stack's that a formatter needs."""
    files = {
        "lsst/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
        "lsst/afw/__init__.py": "",
        "lsst/ip/__init__.py": "",
        "lsst/ip/isr/__init__.py": (
            "class IsrCalib:\n"
            "    @classmethod\n"
            "    def readFits(cls, path):\n"
            "        made = cls()\n"
            "        made.x0 = 'read by the stack'\n"
            "        return made\n"
            "class Defects(IsrCalib):\n"
            "    pass\n"
        ),
        "lsst/obs/__init__.py": "",
        "lsst/obs/base/__init__.py": "",
        "lsst/obs/base/formatters/__init__.py": "",
        "lsst/obs/base/formatters/fitsGeneric.py": (
            "from lsst.daf.butler import FormatterV2\n"
            "class FitsGenericFormatter(FormatterV2):\n"
            "    default_extension = '.fits'\n"
            "    can_read_from_local_file = True\n"
            "    def read_from_local_file(self, path, component=None, expected_size=-1):\n"
            "        return self.file_descriptor.storageClass.pytype.readFits(path)\n"
        ),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def with_stack(root: Path, code: str) -> str:
    return f"import sys; sys.path.insert(0, {str(root)!r})\n{code}"


def test_a_plain_butler_returns_our_classes(bundle, repo) -> None:
    import_bundle(bundle, repo)
    done = run_python(GET, repo)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        ["curated.types.defects.Defects", "[1]"],
        ["curated.types.defects.Defects", "[2]"],
    ]


def test_a_plain_butler_puts_our_classes(bundle, repo) -> None:
    import_bundle(bundle, repo)
    file = next((bundle / "files").rglob("defects/*/*.fits"))
    done = run_python(PUT, repo, str(file))
    assert done.stdout.split() == ["Defects", ".fits"], done.stderr


def test_the_stacks_classes_win_in_a_repository_of_ours(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo)
    stack = write_stack(tmp_path / "stack")
    done = run_python(with_stack(stack, GET), repo)
    assert json.loads(done.stdout) == [["lsst.ip.isr.Defects", "read by the stack"]] * 2, done.stderr


def test_a_repository_of_the_stack_keeps_its_formatters(tmp_path) -> None:
    from support.repositories import BundleMaker

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
    assert "lsst.obs.base" in run_python(GET, repo).stderr
    done = run_python(with_stack(stack, GET), repo)
    assert json.loads(done.stdout) == [["lsst.ip.isr.Defects", "read by the stack"]] * 2, done.stderr
    # ... but there is past it.
    butler = open_repository(repo)
    (ref,) = butler.query_datasets("defects", "*", find_first=False)
    assert type(read(butler, ref)).__name__ == "Defects"


def test_a_repository_of_the_stack_is_refused_where_its_formatters_are_not(bundle, repo) -> None:
    from lsst.daf.butler import Butler, DatasetType

    Butler.makeRepo(repo)
    butler = Butler.from_config(repo, writeable=True)
    kind = DatasetType("camera", ["instrument"], "Camera", universe=butler.dimensions, isCalibration=True)
    butler.registry.registerDatasetType(kind)
    report = import_bundle(bundle, repo)
    assert [d.code for d in report.diagnostics] == ["CAL629"]
    assert report.diagnostics[0].message.startswith("camera_geometry, defects, transmission_filter: ")
    assert not butler.collections.query("*")


def test_a_plain_new_repository_gets_our_formatter_with_a_warning(bundle, repo) -> None:
    from lsst.daf.butler import Butler

    Butler.makeRepo(repo)
    report = import_bundle(bundle, repo)
    assert [d.code for d in report.diagnostics] == ["CAL628"]
    assert report.ok
    assert report.changed
    assert json.loads(run_python(GET, repo).stdout)[0] == ["curated.types.defects.Defects", "[1]"]
    assert import_bundle(bundle, repo).diagnostics == ()


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
    done = run_python(code, repo)
    assert (done.returncode, done.stdout.strip()) == (0, "Calib"), done.stderr
