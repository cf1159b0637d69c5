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

from curated.bundle.checks.documents import hash_line
from curated.bundle.export_file import write_export, write_seed
from curated.datasets.record import data_id_of, dataset_uuid
from curated.fits.digest import content_digest
from curated.fits.header import BLOCK, cards, header_length, read_keywords
from curated.registry import all_types
from support.programs import run_with_butler

INSTRUMENT = "Lab"
SHA1 = "0123456789abcdef0123456789abcdef01234567"

DATASET_TYPES = {
    "defects": ("Defects", ["instrument", "detector"]),
    "qe_curve": ("QECurve", ["instrument", "detector"]),
    "transmission_filter": ("TransmissionCurve", ["instrument", "physical_filter"]),
    "camera_geometry": ("Catalog", ["instrument"]),
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
        end_of_run = "unbounded" if type_ == "camera_geometry" else f"curated/{epoch or stamp}Z"
        run = f"{self.collection}/{end_of_run}"
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
            stamp_file(path, dataset)
            describe_file(root, dataset)
        write_manifest(root, self.manifest())
        return root


def stamp_file(path: Path, dataset: dict) -> None:
    """Give a file the keywords of identity, validity and origin; the primary header has all of them."""
    validity, source, data_id = dataset["validity"], dataset["source"], dataset["data_id"]
    values = {
        "INSTRUME": data_id["instrument"],
        "OBSTYPE": _obstypes()[dataset["dataset_type"]],
        "DETECTOR": data_id.get("detector"),
        "FILTER": data_id.get("physical_filter"),
        "VALIDSTART": validity["begin"] and validity["begin"].removesuffix("Z"),
        "VALIDEND": validity["end"] and validity["end"].removesuffix("Z"),
        "REPOSHA1": SHA1,
        "REPOPATH": source["path"],
        "BLOBSHA1": source["blob"],
        "FILESHA1": source["commit"],
    }
    keywords = {key: value for key, value in values.items() if value is not None}
    data = path.read_bytes()
    existing = read_keywords(data[: header_length(data)])
    if any(key in existing and existing[key] != value for key, value in keywords.items()):
        with fits.open(path, mode="update") as hdus:
            for hdu in hdus:
                hdu.header.update({key: value for key, value in keywords.items() if key in hdu.header})
        data = path.read_bytes()
    header, rest = data[: header_length(data)], data[header_length(data) :]
    own_cards = header.rstrip(b" ").removesuffix(b"END")
    own_cards += b" " * (-len(own_cards) % 80)
    own_cards += cards([(key, value) for key, value in keywords.items() if key not in existing]).encode()
    own_cards += b"END".ljust(80)
    path.write_bytes(own_cards + b" " * (-len(own_cards) % BLOCK) + rest)


@cache
def _obstypes() -> dict[str, str]:
    return {cls.SPEC.dataset: cls.SPEC.obstype for cls in all_types().values()}


def describe_file(root: Path, dataset: dict) -> None:
    """Put size and hashes of a dataset's file into its entry of the manifest."""
    content = (root / dataset["path"]).read_bytes()
    dataset["sha256"] = hashlib.sha256(content).hexdigest()
    dataset["size"] = len(content)
    dataset["content"] = content_digest([content])


def write_manifest(root: Path, manifest: dict) -> None:
    """Write a manifest, and the documents that follow from it."""
    (root / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    for name in ("export.yaml", "butler-seed.yaml"):
        (root / name).unlink(missing_ok=True)
    if manifest.get("base") is None:
        with (root / "export.yaml").open("w", encoding="utf-8") as stream:
            write_export(manifest, stream)
        with (root / "butler-seed.yaml").open("w", encoding="utf-8") as stream:
            write_seed((kind["name"] for kind in manifest["dataset_types"]), stream)
    write_hashes(root, manifest)


def write_hashes(root: Path, manifest: dict) -> None:
    """Write SHA256SUMS for the files of a manifest, and for the documents as they are."""
    files = [dataset for dataset in manifest["datasets"] if dataset.get("path")]
    companions = [dataset["provenance"] for dataset in files if dataset.get("provenance")]
    hashes = {file["path"]: file["sha256"] for file in (*files, *companions)}
    for name in ("manifest.json", "export.yaml", "butler-seed.yaml", "README.md"):
        if (root / name).is_file():
            hashes[name] = hashlib.sha256((root / name).read_bytes()).hexdigest()
    lines = [hash_line(digest, name) for name, digest in sorted(hashes.items())]
    (root / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


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
    return run_with_butler(code, *arguments)


def run_without_curated(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program in a process where curated is not installed."""
    return run_with_butler(f"{_WITHOUT_CURATED}\n{code}", *arguments)
