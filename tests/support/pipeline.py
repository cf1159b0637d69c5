"""A pipeline that reads calibrations, exposures for it, and a repository filled by stock calls alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, product
from pathlib import Path
from typing import Any, NamedTuple

from astropy.io import fits
from astropy.time import Time, TimeDelta
from lsst.daf.butler import Butler, CollectionType, Config, DatasetRef, DatasetType, FileDataset, Timespan
from lsst.pipe.base import (
    PipelineGraph,
    PipelineTask,
    PipelineTaskConfig,
    PipelineTaskConnections,
    Struct,
    connectionTypes,
)
from lsst.pipe.base.all_dimensions_quantum_graph_builder import AllDimensionsQuantumGraphBuilder
from lsst.pipe.base.simple_pipeline_executor import SimplePipelineExecutor

from curated.registry import all_types, get_type

INSTRUMENT = "Demo"
CHAIN = f"{INSTRUMENT}/calib"
RAW_RUN = f"{INSTRUMENT}/raw/all"
NIGHT = 20200101
EXPOSURE_TYPE = ("instrument", "exposure", "detector")

# -- the pipeline ----------------------------------------------------------------------------------------


def _calibration(name: str, minimum: int = 0, *, deferred: bool = False) -> Any:
    spec = get_type(name).SPEC
    return connectionTypes.PrerequisiteInput(
        name=spec.dataset,
        storageClass=spec.storage_class,
        dimensions=spec.dimensions,
        isCalibration=True,
        minimum=minimum,
        deferLoad=deferred,
        doc=spec.title,
    )


class IsrConnections(PipelineTaskConnections, dimensions=EXPOSURE_TYPE):
    """Inputs as `lsst.ip.isr.IsrTaskConnections` has them: each calibration with its dimensions, looked up by time."""

    raw = connectionTypes.Input(
        name="raw", storageClass="StructuredDataDict", dimensions=EXPOSURE_TYPE, doc="Exposure"
    )
    defects = _calibration("defects", minimum=1)
    crosstalk = _calibration("crosstalk")
    bfk = _calibration("bfk")
    bias = _calibration("bias")
    filter_curve = _calibration("transmission_filter", deferred=True)
    output = connectionTypes.Output(
        name="isrReport", storageClass="StructuredDataDict", dimensions=EXPOSURE_TYPE, doc="Paths"
    )


class LenientConnections(IsrConnections, dimensions=EXPOSURE_TYPE):
    """The same, for a task that can do without defects."""

    defects = _calibration("defects")


class CameraConnections(PipelineTaskConnections, dimensions=EXPOSURE_TYPE):
    """Raw frames as the stack has them, and lists of defects that people made."""

    raw = connectionTypes.Input(name="raw", storageClass="Exposure", dimensions=EXPOSURE_TYPE, doc="Exposure")
    manual_defects = _calibration("manual_defects")
    output = connectionTypes.Output(
        name="isrReport", storageClass="StructuredDataDict", dimensions=EXPOSURE_TYPE, doc="Paths"
    )


class IsrConfig(PipelineTaskConfig, pipelineConnections=IsrConnections):
    """Configuration of `IsrTask`."""


class CameraConfig(PipelineTaskConfig, pipelineConnections=CameraConnections):
    """Configuration of `CameraTask`."""


class LenientConfig(PipelineTaskConfig, pipelineConnections=LenientConnections):
    """Configuration of `LenientTask`."""


class IsrTask(PipelineTask):
    """Read the calibrations of an exposure, and write where in the package each came from."""

    ConfigClass = IsrConfig
    _DefaultName = "isr"

    def run(self, raw: Any, filter_curve: Any = None, **calibs: Any) -> Struct:  # noqa: ARG002 (the connection's name)
        """Return the paths of the calibrations in the package, by connection."""
        if filter_curve is not None:
            calibs["filter_curve"] = filter_curve.get()
        return Struct(output={name: calib.metadata["REPOPATH"] for name, calib in calibs.items()})


class LenientTask(IsrTask):
    """`IsrTask` for exposures without defects."""

    ConfigClass = LenientConfig
    _DefaultName = "lenient"


def _pipeline(task: type[PipelineTask]) -> PipelineGraph:
    graph = PipelineGraph()
    graph.add_task(None, task)
    return graph


class CameraTask(IsrTask):
    """`IsrTask` for the raw frames of a repository of the stack."""

    ConfigClass = CameraConfig
    _DefaultName = "camera"


Choices = dict[tuple[int, int], dict[str, str]]
"""By exposure and detector: the path in the package of each dataset type's calibration."""


def choose(
    repo: Path,
    where: str = "",
    task: type[PipelineTask] = LenientTask,
    collections: Sequence[str] = (CHAIN,),
    instrument: str = INSTRUMENT,
) -> Choices:
    """Build a quantum graph, and return which calibrations it has for each exposure and detector."""
    with Butler.from_config(str(repo)) as butler:
        graph = _builder(butler, where, task, collections, instrument)
        quanta = graph.finish(attach_datastore_records=False).assemble().build_execution_quanta()
        choices: Choices = {}
        for quantum in quanta.values():
            data_id = quantum.dataId
            assert data_id is not None
            choices[data_id["exposure"], data_id["detector"]] = {
                dataset_type.name: source_path(butler, ref)
                for dataset_type, refs in quantum.inputs.items()
                for ref in refs
                if dataset_type.name != "raw"
            }
    return choices


def write_graph(repo: Path, where: str, file: Path) -> None:
    """Build a quantum graph of the strict task, and write it as a file for other programs."""
    with Butler.from_config(str(repo)) as butler:
        builder = _builder(butler, where, IsrTask, (CHAIN,), INSTRUMENT)
        builder.finish(attach_datastore_records=True).write(file)


def _builder(
    butler: Butler, where: str, task: type[PipelineTask], collections: Sequence[str], instrument: str
) -> AllDimensionsQuantumGraphBuilder:
    return AllDimensionsQuantumGraphBuilder(
        _pipeline(task),
        butler,
        input_collections=[f"{instrument}/raw/all", *collections],
        output_run="u/somebody/run",
        where=" AND ".join([f"instrument='{instrument}'", *filter(None, [where])]),
    )


def run_pipeline(repo: Path, where: str, collections: Sequence[str] = (CHAIN,)) -> Choices:
    """Build a graph and run its quanta, and return what the tasks have written."""
    butler = SimplePipelineExecutor.prep_butler(
        str(repo), [RAW_RUN, *collections], "u/somebody/isr", "u/somebody/isr/run"
    )
    with butler:
        executor = SimplePipelineExecutor.from_task_class(IsrTask, where=where, butler=butler)
        executor.run(register_dataset_types=True)
        refs = butler.query_datasets("isrReport", collections="u/somebody/isr/run")
        return {(ref.dataId["exposure"], ref.dataId["detector"]): butler.get(ref) for ref in refs}


def source_path(butler: Butler, ref: DatasetRef) -> str:
    """Return the path in the package that a dataset came from."""
    return str(fits.getval(butler.getURI(ref).ospath, "REPOPATH"))


# -- exposures -------------------------------------------------------------------------------------------


class Exposure(NamedTuple):
    """An exposure by its begin and end, in UTC, and nanoseconds that are added to each."""

    begin: datetime
    end: datetime
    shift: tuple[int, int] = (0, 0)

    @property
    def timespan(self) -> Timespan:
        """The timespan of its dimension record."""
        begin, end = (
            Time(time.replace(tzinfo=None), scale="utc").tai + TimeDelta(0, shift * 1e-9 / 86400, format="jd")
            for time, shift in zip(self[:2], self.shift, strict=True)
        )
        return Timespan(begin, end)


def add_exposures(repo: Path, exposures: Mapping[int, Exposure], detectors: Iterable[int]) -> None:
    """Put exposures into a repository by stock calls: dimension records, and a dataset for each detector."""
    with Butler.from_config(str(repo), writeable=True, run=RAW_RUN) as butler:
        registry = butler.registry
        kind = DatasetType("raw", EXPOSURE_TYPE, "StructuredDataDict", universe=butler.dimensions)
        registry.registerDatasetType(kind)
        registry.insertDimensionData("day_obs", {"instrument": INSTRUMENT, "id": NIGHT})
        registry.insertDimensionData("group", {"instrument": INSTRUMENT, "name": "all"})
        records = [
            {
                "instrument": INSTRUMENT,
                "id": number,
                "obs_id": f"exposure {number}",
                "physical_filter": "r",
                "day_obs": NIGHT,
                "group": "all",
                "timespan": exposure.timespan,
            }
            for number, exposure in exposures.items()
        ]
        registry.insertDimensionData("exposure", *records)
        with butler.transaction():
            for number, detector in product(exposures, detectors):
                butler.put({}, kind, instrument=INSTRUMENT, exposure=number, detector=detector)


# -- a repository filled by stock calls ------------------------------------------------------------------


class Member(NamedTuple):
    """A file of calibrations in the package, with its FITS file and start."""

    path: str
    file: Path
    begin: datetime

    @property
    def series(self) -> str:
        """Directory of the files that follow each other."""
        return self.path.rpartition("/")[0]


def write_curated_calibrations(repo: Path, converted: Path, instrument: Mapping[str, Any]) -> None:
    """Fill a new repository with converted calibrations, by stock calls only.

    It stands for `lsst.obs.base.Instrument.writeCuratedCalibrations`
    (https://github.com/lsst/obs_base, _instrument.py), whose rule is: a calibration is valid from the date in the name of its
    file until the date of the next file in its directory, whatever its keywords say.

    Parameters
    ----------
    converted : `pathlib.Path`
        FITS files at the paths of their sources.
    instrument : mapping
        Dimension records by element: one of the instrument, lists of detectors and filters.
    """
    config = Config()
    names = (cls.SPEC.dataset for cls in all_types().values())
    config["datastore", "formatters"] = dict.fromkeys(names, "curated.butler.formatter.CalibFormatter")
    Butler.makeRepo(str(repo), config=config)
    files = [
        Member(
            str(file.relative_to(converted)),
            file,
            datetime.strptime(file.stem, "%Y%m%dT%H%M%S").replace(tzinfo=UTC),
        )
        for file in sorted(converted.rglob("*.fits"))
    ]
    with Butler.from_config(str(repo), writeable=True) as butler:
        for element, records in instrument.items():
            butler.registry.insertDimensionData(element, *records)
        butler.collections.register(f"{CHAIN}/v1", CollectionType.CALIBRATION)
        for _, series in groupby(files, key=lambda member: member.series):
            members = list(series)
            ends = [*(member.begin for member in members[1:]), None]
            for member, end in zip(members, ends, strict=True):
                _certify(butler, member, end)
        butler.collections.register(CHAIN, CollectionType.CHAINED)
        butler.collections.redefine_chain(CHAIN, [f"{CHAIN}/v1"])


def _certify(butler: Butler, member: Member, end: datetime | None) -> None:
    spec = get_type(member.path.split("/")[2]).SPEC
    kind = DatasetType(
        spec.dataset, spec.dimensions, spec.storage_class, universe=butler.dimensions, isCalibration=True
    )
    butler.registry.registerDatasetType(kind)
    header = fits.getheader(member.file)
    keywords = {"instrument": "INSTRUME", "detector": "DETECTOR", "physical_filter": "FILTER"}
    data_id = {dimension: header[keywords[dimension]] for dimension in spec.dimensions}
    run = f"{CHAIN}/curated/{member.file.stem}"
    butler.collections.register(run)
    ref = DatasetRef(kind, butler.registry.expandDataId(data_id, dimensions=kind.dimensions), run=run)
    butler.ingest(FileDataset(path=str(member.file), refs=[ref]), transfer="copy")
    times = (time and Time(time.replace(tzinfo=None), scale="utc") for time in (member.begin, end))
    butler.registry.certify(f"{CHAIN}/v1", [ref], Timespan(*times))


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
