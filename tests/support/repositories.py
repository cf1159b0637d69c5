"""Small bundles made without a package or git (FITS files, manifest and export file), and stock Butler programs."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from astropy.io import fits
from astropy.table import Table
from astropy.time import Time

from curated.bundle.export_file import write_export, write_seed
from curated.datasets.record import data_id_of, dataset_uuid
from support.programs import run_python

INSTRUMENT = "Lab"
SHA1 = "0123456789abcdef0123456789abcdef01234567"

DATASET_TYPES = {
    "defects": ("Defects", ["instrument", "detector"]),
    "qe_curve": ("QECurve", ["instrument", "detector"]),
    "transmission_filter": ("TransmissionCurve", ["instrument", "physical_filter"]),
    "camera_geometry": ("IsrCalib", ["instrument"]),
    "bias": ("ExposureF", ["instrument", "detector"]),
    "crosstalk": ("CrosstalkCalib", ["instrument", "detector"]),
    "bfk": ("BrighterFatterKernel", ["instrument", "detector"]),
}


@cache
def tai_ns(utc: str) -> int:
    """Return nanoseconds since 1970-01-01 TAI for a time in UTC."""
    delta = Time(utc, scale="utc").tai - Time("1970-01-01", scale="tai")
    return round(delta.jd1 * 86400) * 10**9 + round(delta.jd2 * 86400 * 10**9)


def write_defects(path: Path, detector: int, seed: int) -> None:
    """Write a defect list in the stack's form."""
    table = Table({"x0": [seed], "y0": [detector], "width": [1 + seed % 7], "height": [2]}, dtype=["i8"] * 4)
    hdu = fits.table_to_hdu(table)
    header = {
        "OBSTYPE": "defects",
        "INSTRUME": INSTRUMENT,
        "DETECTOR": detector,
        "DET_NAME": detector_name(detector),
        "CALIBDATE": "2020-01-01T00:00:00",
        "DEFECTS_SCHEMA": "Simple",
        "DEFECTS_VERSION": 1,
    }
    primary = fits.PrimaryHDU()
    for part in (primary, hdu):
        for key, value in header.items():
            part.header[key if len(key) <= 8 else f"HIERARCH {key}"] = value
    fits.HDUList([primary, hdu]).writeto(path)


def detector_name(detector: int) -> str:
    """Return the full name of a detector."""
    return f"R{detector // 9:02d}_S{detector % 9 // 3}{detector % 3}"


def write_minimal_fits(path: Path, detector: int, seed: int) -> None:
    """Write a minimal FITS file that differs for each detector and seed, for large bundles whose files are not read."""
    cards = (
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
    )
    values = (f"DETECTOR= {detector:20d}", f"SEED    = {seed:20d}", "END")
    path.write_bytes("".join(f"{card:80s}" for card in (*cards, *values)).ljust(2880).encode("ascii"))


@dataclass
class BundleMaker:
    """Collects datasets and writes them as a bundle."""

    label: str = "v1"
    detectors: int = 4
    filters: tuple[str, ...] = ("g_6",)
    datasets: list[dict] = field(default_factory=list)
    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    instrument: dict = field(default_factory=dict)

    @property
    def collection(self) -> str:
        return f"{INSTRUMENT}/calib/{self.label}"

    def add(
        self,
        type_: str,
        begin: str,
        end: str | None = None,
        *,
        seed: int = 0,
        epoch: str = "",
        **data_id: int | str,
    ) -> dict:
        """Add a dataset with a validity range in UTC; None means an open end."""
        stamp = begin.replace("-", "").replace(":", "")
        run = f"{self.collection}/curated/{epoch or stamp}Z"
        ids = {"instrument": INSTRUMENT, **data_id}
        place = "/".join(str(v) for v in data_id.values())
        path = f"files/lab/{type_}/{place}/{stamp}.fits".replace("//", "/")
        self.files[path] = (int(data_id.get("detector", 0)), seed)
        dataset = {
            "uuid": dataset_uuid(type_, run, data_id_of(ids)),
            "dataset_type": type_,
            "run": run,
            "collection": self.collection,
            "data_id": ids,
            "path": path,
            "source": {"path": path.replace("files", "calibs"), "blob": SHA1, "commit": SHA1},
            "validity": {
                "begin": f"{begin}Z",
                "end": f"{end}Z" if end else None,
                "begin_tai_ns": tai_ns(begin),
                "end_tai_ns": tai_ns(end) if end else None,
            },
        }
        self.datasets.append(dataset)
        return dataset

    def manifest(self) -> dict:
        """Return the manifest."""
        types = sorted({d["dataset_type"] for d in self.datasets})
        return {
            "format": "curated-bundle",
            "version": 1,
            "curated": "0.1.0",
            "repository": {
                "sha1": SHA1,
                "url": "https://example.org/lab",
                "dirty": False,
                "label": self.label,
            },
            "instruments": [
                {
                    "name": INSTRUMENT,
                    "directory": "lab",
                    "class_name": "lsst.obs.lab.Lab",
                    "detector_max": self.detectors,
                    "visit_max": 2**31 - 1,
                    "exposure_max": 2**31 - 1,
                    "visit_system": None,
                    "detectors": [
                        {
                            "id": n,
                            "full_name": detector_name(n),
                            "name_in_raft": detector_name(n)[4:],
                            "raft": detector_name(n)[:3],
                            "purpose": "SCIENCE",
                        }
                        for n in range(self.detectors)
                    ],
                    "filters": [{"name": name, "band": name[0]} for name in self.filters],
                    "collections": {"calibration": self.collection, "chain": f"{INSTRUMENT}/calib"},
                    **self.instrument,
                }
            ],
            "dataset_types": [
                {
                    "name": t,
                    "dimensions": DATASET_TYPES[t][1],
                    "storage_class": DATASET_TYPES[t][0],
                    "is_calibration": True,
                }
                for t in types
            ],
            "datasets": self.datasets,
        }

    def write(self, root: Path, write_file: Callable[[Path, int, int], None] = write_defects) -> Path:
        """Write the bundle; ``write_file`` gets the path, the detector and the seed of each dataset."""
        for dataset in self.datasets:
            path = root / dataset["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, *self.files[dataset["path"]])
            content = path.read_bytes()
            dataset["sha256"] = hashlib.sha256(content).hexdigest()
            dataset["size"] = len(content)
        write_manifest(root, self.manifest())
        return root


def write_manifest(root: Path, manifest: dict) -> None:
    """Write a manifest, and the export file and seed configuration that follow from it."""
    (root / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    with (root / "export.yaml").open("w", encoding="utf-8") as stream:
        write_export(manifest, stream)
    with (root / "butler-seed.yaml").open("w", encoding="utf-8") as stream:
        write_seed((kind["name"] for kind in manifest["dataset_types"]), stream)


def make_bundle(root: Path, **kwargs: object) -> Path:
    """Write a bundle with two epochs of two detectors, a filter curve and a geometry."""
    maker = BundleMaker(**kwargs)  # type: ignore[arg-type]
    for detector in range(2):
        maker.add("defects", "1970-01-01T00:00:00", "2020-01-01T00:00:00", detector=detector, seed=1)
        maker.add("defects", "2020-01-01T00:00:00", detector=detector, seed=2)
    maker.add("transmission_filter", "2015-06-30T12:00:00", physical_filter="g_6")
    maker.add("camera_geometry", "1970-01-01T00:00:00")
    return maker.write(root)


# Blocks imports of curated, which is installed in the environment of the tests.
_WITHOUT_CURATED = """
import runpy, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "curated" or name.startswith("curated."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
sys.modules.pop("curated", None)
"""


def run_stock_butler(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the stock ``butler`` command in a process where curated is not installed."""
    code = f"{_WITHOUT_CURATED}\nfrom lsst.daf.butler.cli.butler import main\nsys.exit(main())"
    return run_python(code, *arguments)


def run_without_curated(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program in a process where curated is not installed."""
    return run_python(f"{_WITHOUT_CURATED}\n{code}", *arguments)
