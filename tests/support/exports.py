"""Repositories like those filled by pipelines, made with stock Butler from files that were never in git."""

from __future__ import annotations

import dataclasses
import gzip
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astropy.io import fits
from astropy.time import Time

from curated.bundle.export_file import STOCK_FORMATTER
from curated.check.package import check_package
from curated.core.keys import CalibFile
from curated.core.metadata import Metadata, has_value
from curated.export.report import ExportReport
from curated.package.package import Package, open_package
from curated.provenance import Provenance
from curated.registry import all_types, get_type
from curated.text.provenance import provenance_text
from support.repositories import INSTRUMENT, detector_name, write_defects

TICKET = f"{INSTRUMENT}/calib/DM-1"

# Endings of keywords that a conversion to FITS sets: the class and version of the form, and name, hash and size of the
# file of an image.
SET_ANEW = ("_VERSION", "_SCHEMA", "CALIBCLS", "IMGSHA", "IMGSIZE", "IMGFILE")


def make_repository(root: Path) -> Path:
    """Create a repository without datasets for an instrument with two detectors and a filter."""
    from lsst.daf.butler import Butler, Config

    config = Config()
    names = {cls.SPEC.dataset for cls in all_types().values()} | {"oddity", "linearizerTest"}
    config["datastore", "formatters"] = dict.fromkeys(sorted(names), STOCK_FORMATTER)
    Butler.makeRepo(str(root), config=config)
    insert = Butler.from_config(str(root), writeable=True).registry.insertDimensionData
    limits = {"visit_max": 99, "exposure_max": 88, "detector_max": 9}
    insert("instrument", {"name": INSTRUMENT, "class_name": "lsst.obs.lab.Lab", **limits})
    insert("physical_filter", {"instrument": INSTRUMENT, "name": "g_6", "band": "g"})
    for n in range(2):
        names_of = {
            "full_name": detector_name(n),
            "raft": detector_name(n)[:3],
            "name_in_raft": detector_name(n)[4:],
        }
        insert("detector", {"instrument": INSTRUMENT, "id": n, "purpose": "SCIENCE", **names_of})
    return root


@dataclass
class PipelineRepository:
    """A repository as a pipeline fills it, created by `make_repository` or copied from a template."""

    root: Path
    template: Path | None = None

    def __post_init__(self) -> None:
        from lsst.daf.butler import Butler

        if self.template is None:
            make_repository(self.root)
        else:
            shutil.copytree(self.template, self.root)
        self.butler = Butler.from_config(str(self.root), writeable=True)
        self.files = self.root.parent / "files"
        self.files.mkdir(exist_ok=True)
        self.count = 0

    def detector(self, number: int, **record: Any) -> None:
        """Insert the record of a detector."""
        self.butler.registry.insertDimensionData(
            "detector", {"instrument": INSTRUMENT, "id": number, "purpose": "SCIENCE", **record}
        )

    def add(
        self,
        begin: Any,
        end: Any = None,
        *,
        kind: str = "defects",
        path: Path | None = None,
        detector: int = 0,
        collection: str = TICKET,
        name: str = "",
        dimensions: tuple[str, ...] = (),
        storage_class: str = "",
    ) -> Any:
        """Ingest and certify a file, by default a list of one defect. Times are UTC strings or astropy times."""
        from lsst.daf.butler import CollectionType, DatasetRef, DatasetType, FileDataset

        self.count += 1
        if path is None:
            path = self.files / f"{self.count}.fits"
            write_defects(path, detector, self.count)
        spec = get_type(kind).SPEC
        run = f"{collection}/run{self.count}"
        self.butler.collections.register(run, CollectionType.RUN)
        dataset_type = DatasetType(
            name or spec.dataset,
            dimensions or spec.dimensions,
            storage_class or spec.storage_class,
            universe=self.butler.dimensions,
            isCalibration=True,
        )
        self.butler.registry.registerDatasetType(dataset_type)
        ids: dict[str, Any] = {"instrument": INSTRUMENT, "detector": detector, "physical_filter": "g_6"}
        ids = {key: ids[key] for key in dataset_type.dimensions.required}
        data_id = self.butler.registry.expandDataId(ids, dimensions=dataset_type.dimensions)
        ref = DatasetRef(dataset_type, data_id, run=run)
        self.butler.ingest(FileDataset(path=str(path), refs=[ref]), transfer="copy")
        self.certify(ref, begin, end, collection)
        return ref

    def certify(self, ref: Any, begin: Any, end: Any = None, collection: str = TICKET) -> None:
        """Certify a dataset."""
        from lsst.daf.butler import CollectionType, Timespan

        self.butler.collections.register(collection, CollectionType.CALIBRATION)
        span = (Time(t, scale="utc") if isinstance(t, str) else t for t in (begin, end))
        self.butler.registry.certify(collection, [ref], Timespan(*span))

    def chain(self, name: str, *members: str) -> None:
        """Make a chain."""
        from lsst.daf.butler import CollectionType

        self.butler.collections.register(name, CollectionType.CHAINED)
        self.butler.collections.redefine_chain(name, members)

    def export(self, directory: Path) -> Path:
        """Export the collection `TICKET` with Butler's own export."""
        directory.mkdir()
        query = self.butler.registry.queryDatasetAssociations
        dataset_types = list(self.butler.registry.queryDatasetTypes())
        refs = {
            a.ref
            for dataset_type in dataset_types
            for a in query(dataset_type, [TICKET], flattenChains=False)
        }
        with self.butler.export(directory=str(directory), filename="export.yaml", transfer="copy") as export:
            export.saveDatasets(sorted(refs, key=lambda ref: ref.run))
            export.saveCollection(TICKET)
        return directory


def certify_foreign(repo: Path, collection: str) -> None:
    """Certify a dataset of a type that no calibration type declares, which any Butler can store."""
    from lsst.daf.butler import Butler, CollectionType, DatasetType, Timespan

    butler = Butler.from_config(str(repo), writeable=True)
    kind = DatasetType(
        "oddity", ("instrument",), "StructuredDataDict", universe=butler.dimensions, isCalibration=True
    )
    butler.registry.registerDatasetType(kind)
    butler.collections.register(f"{INSTRUMENT}/odd", CollectionType.RUN)
    ref = butler.put({"odd": 1}, kind, instrument=INSTRUMENT, run=f"{INSTRUMENT}/odd")
    butler.collections.register(collection, CollectionType.CALIBRATION)
    butler.registry.certify(collection, [ref], Timespan(None, None))


def write_compressed_bias(path: Path, image: Any, mask: Any, *, packed: bool = False) -> Path:
    """Write an exposure like the stack: keywords in an empty primary HDU, compressed planes, and a table of the archive."""
    primary = fits.PrimaryHDU()
    for key, value in {"OBSTYPE": "bias", "INSTRUME": INSTRUMENT, "DETECTOR": 0}.items():
        primary.header[key] = value
    planes = [
        fits.CompImageHDU(data, name=name, compression_type="GZIP_2", quantize_level=0)
        for name, data in (("IMAGE", image), ("MASK", mask))
    ]
    planes[0].header["BUNIT"] = "adu"
    planes[1].header["MP_BAD"] = 0
    archive = fits.BinTableHDU.from_columns([fits.Column("id", "J", array=[1])], name="ARCHIVE_INDEX")
    fits.HDUList([primary, *planes, archive]).writeto(path)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    return path


def files_by_path(package: Package) -> dict[str, CalibFile]:
    """Return the calibrations of a package by their paths relative to the directory of instruments."""
    return {f.path.removeprefix(f"{package.top}/" if package.top else ""): f for f in package.layout.files}


def canonical_texts(root: Path, prefixes: tuple[str, ...] = ("",)) -> dict[str, bytes]:
    """Return the canonical text of every calibration, with provenance and sorted keywords, without those of `SET_ANEW`."""
    package = open_package(root)
    texts = {}
    for path, file in files_by_path(package).items():
        if not path.startswith(prefixes):
            continue
        calib = get_type(file.key.type).readText(package.root / file.path)
        metadata = {
            key: value
            for key, value in sorted(calib.metadata.items())
            if has_value(value) and not key.endswith(SET_ANEW)
        }
        calib = dataclasses.replace(calib, metadata=Metadata(metadata))
        if calib.SPEC.beside:
            calib = calib.described(__file__, "image.fits")
        # The provenance may be in the file itself or in one beside it.
        without_provenance = dataclasses.replace(calib, provenance=Provenance())
        texts[path] = without_provenance.text_bytes(file.form) + provenance_text(calib.provenance).encode()
    return texts


def read_keywords(path: Path) -> Mapping[str, Any]:
    """Return the keywords of a text file, read by its type."""
    return get_type(path.parts[-3]).readText(path).metadata


def export(lab: PipelineRepository, *collections: str, **options: Any) -> ExportReport:
    """Export collections of a repository, by default `TICKET`, to `out`."""
    from curated.butler import export_package

    return export_package(
        str(lab.root), lab.root.parent / "out", collections=collections or [TICKET], **options
    )


def out(lab: PipelineRepository) -> Path:
    """Return the directory that `export` writes to."""
    return lab.root.parent / "out"


def codes(report: ExportReport) -> list[str]:
    """Return the codes of the findings of an export."""
    return [d.code for d in report.diagnostics]


def errors(root: Path) -> list[str]:
    """Return the errors of a package."""
    report = check_package(open_package(root))
    return [f"{d.file} {d.code} {d.message}" for d in report.diagnostics if d.is_error]


def paths(report: ExportReport) -> list[str]:
    """Return the paths of the texts that an export has written."""
    return [calib.path for calib in report.exported]
