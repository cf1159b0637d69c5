"""The instruments of a repository for the adoption of a package: records, and detectors of the stack's camera file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lsst.daf.butler import Butler, DatasetRef, MissingDatasetTypeError

from curated.butler.certified.lookup import default_collections, in_force
from curated.butler.instruments.resolution import package_instruments, resolve
from curated.butler.instruments.settlement import parse_choices
from curated.butler.repository.opening import opened
from curated.core.diagnostic import CuratedError, Diagnostic, Problem, brief
from curated.core.similar import similar_name
from curated.fits.camera_archive import CameraArchive, read_camera
from curated.package.instrument import Detector, Filter, Instrument
from curated.package.layout import directory_name

_CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class RegisteredInstruments:
    """The instruments of a repository that those of a package are.

    Parameters
    ----------
    instruments : `dict` [`str`, `Instrument`]
        As the repository has them, by their directory in the package.
    cameras : `dict` [`str`, `str`]
        Address of the camera file that was read for an instrument, by directory.
    diagnostics : `tuple` [`Diagnostic`]
        Instruments that could not be settled, camera files that cannot be read, and remarks.
    """

    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    cameras: Mapping[str, str] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()


def read_registered_instruments(
    repo: str, instruments: Iterable[Instrument], choices: Iterable[str] = ()
) -> RegisteredInstruments:
    """Return the instruments of a repository that those of a package are.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    instruments : iterable [`Instrument`]
        Those of the package, declared or inferred.
    choices : iterable [`str`], optional
        Choices ``NAME=REPOSITORY'S NAME``, for instruments that are not unique.

    Raises
    ------
    CuratedError
        If there is no repository, or a choice has another form.
    """
    instruments = list(instruments)
    registered: dict[str, Instrument] = {}
    cameras: dict[str, str] = {}
    with opened(repo) as butler:
        resolution = resolve(butler, package_instruments(instruments), parse_choices(choices))
        diagnostics = [Diagnostic.from_problem(problem, repo) for problem in resolution.problems]
        for instrument in instruments:
            renaming = resolution.renamings.get(instrument.name)
            if renaming is None:
                continue
            record = _read_instrument(butler, renaming.name, instrument.directory)
            if record is None:
                detail = (
                    f"the repository has no instrument {brief(renaming.name)} for {instrument.directory}/"
                )
                diagnostics.append(Diagnostic.from_problem(Problem("CAL676", (), detail), repo))
                continue
            address, archive, problems = _camera(butler, renaming.name)
            diagnostics += [Diagnostic.from_problem(problem, address or repo) for problem in problems]
            if archive is not None:
                record, problems = with_camera(record, archive)
                diagnostics += [Diagnostic.from_problem(problem, address) for problem in problems]
                cameras[instrument.directory] = address
            registered[instrument.directory] = record
    return RegisteredInstruments(registered, cameras, tuple(diagnostics))


def read_registered_instrument(
    repo: str, name: str, directory: str
) -> tuple[Instrument, CameraArchive | None, tuple[Diagnostic, ...]]:
    """Return one instrument of a repository, for a package that does not have it yet.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    name : `str`
        Name of the instrument; case does not matter where one alone is meant.
    directory : `str`
        Its directory in the package.

    Returns
    -------
    instrument : `Instrument`
        As its records have it, with sizes, serial numbers and amplifiers of its camera file.
    archive : `CameraArchive` or `None`
        The newest camera file that can be read.
    diagnostics : `tuple` [`Diagnostic`]
        Contradictions between the two, and why a camera file cannot be read.

    Raises
    ------
    CuratedError
        If there is no repository, or no such instrument.
    """
    with opened(repo) as butler:
        names = [
            str(record.name)
            for record in butler.query_dimension_records("instrument", explain=False, limit=None)
        ]
        matches = [n for n in names if n == name] or [n for n in names if n.lower() == name.lower()]
        if len(matches) != 1:
            similar = similar_name(name, names)
            question = f"did you mean {similar}? " if similar else ""
            raise CuratedError(
                f"{repo} has no instrument {brief(name)}",
                f"{question}it has {', '.join(sorted(names)[:10]) or 'none'}; --registered-name says which one is meant",
            )
        record = _read_instrument(butler, matches[0], directory)
        if record is None:
            raise CuratedError(f"{repo} has lost the instrument {brief(matches[0])}", "run it again")
        address, archive, problems = _camera(butler, matches[0])
        if archive is not None:
            record, more = with_camera(record, archive)
            problems = [*problems, *more]
        return record, archive, tuple(Diagnostic.from_problem(p, address or repo) for p in problems)


def _read_instrument(butler: Butler, name: str, directory: str) -> Instrument | None:
    rows = {
        element: [
            row.toDict()
            for row in butler.query_dimension_records(element, instrument=name, explain=False, limit=None)
        ]
        for element in ("instrument", "detector", "physical_filter")
    }
    if not rows["instrument"]:
        return None
    values = rows["instrument"][0]
    detectors = [_detector(row) for row in rows["detector"]]
    filters: dict[str, Filter] = {}
    for row in sorted(rows["physical_filter"], key=lambda row: str(row["name"])):
        # A directory can be that of one filter only: the first one, of names that differ in case or blanks.
        filters.setdefault(
            directory_name(row["name"]), Filter(row["name"], str(row.get("band") or row["name"]))
        )
    return Instrument(
        name=str(values["name"]),
        directory=directory,
        detectors={directory_name(d.name): d for d in sorted(detectors, key=lambda d: d.id) if d.name},
        filters=filters,
        class_name=str(values.get("class_name") or ""),
        visit_max=values.get("visit_max"),
        exposure_max=values.get("exposure_max"),
        detector_max=values.get("detector_max"),
        visit_system=values.get("visit_system"),
    )


def _detector(row: Mapping[str, Any]) -> Detector:
    texts = [str(row.get(key) or "") for key in ("full_name", "raft", "name_in_raft", "purpose")]
    name, raft, slot, purpose = texts
    return Detector(int(row["id"]), name, raft=raft, slot=slot, purpose=purpose)


# -- camera file ------------------------------------------------------------------------------------------------


def with_camera(instrument: Instrument, archive: CameraArchive) -> tuple[Instrument, list[Problem]]:
    """Return an instrument with the sizes, serial numbers and amplifiers of a camera file.

    Returns
    -------
    instrument : `Instrument`
        With values of the detectors that have the same number and name in both.
    problems : `list` [`Problem`]
        Detectors that differ.
    """
    entries = {detector.id: detector for detector in archive.detectors}
    detectors, problems = {}, []
    for directory, detector in instrument.detectors.items():
        entry = entries.get(detector.id)
        detectors[directory] = detector
        if entry is None:
            continue
        if entry.name != detector.name:
            detail = f"detector {detector.id} is {brief(entry.name)} in the camera file, {brief(detector.name)} in the repository"
            problems.append(Problem("CAL678", (), detail))
            continue
        detectors[directory] = replace(
            detector,
            serial=entry.serial,
            width=entry.width,
            height=entry.height,
            amplifiers=tuple(amplifier.name for amplifier in entry.amplifiers),
        )
    return replace(instrument, detectors=detectors), problems


def _camera(butler: Butler, name: str) -> tuple[str, CameraArchive | None, list[Problem]]:
    """Return address and content of the newest camera file of an instrument, and why it cannot be read."""
    refs = list(_camera_refs(butler, name))
    if not refs:
        return "", None, []
    uri = butler.get_many_uris(refs[:1], allow_missing=True)[refs[0]].primaryURI
    if uri is None:
        return "", None, [Problem("CAL679", (), f"the camera file of {name} is gone")]
    try:
        with uri.as_local() as local:
            return str(uri), read_camera(local.ospath), []
    except CuratedError as error:
        reason = error.message
    except OSError as error:
        reason = error.strerror or str(error)
    return str(uri), None, [Problem("CAL679", (), f"the camera file of {name}: {reason}")]


def _camera_refs(butler: Butler, name: str) -> Iterator[DatasetRef]:
    """Yield the cameras of an instrument: those that lookups find, the last one first, then any."""
    try:
        dataset_type = butler.get_dataset_type(_CAMERA)
    except MissingDatasetTypeError:
        return
    if set(dataset_type.dimensions.required) != {"instrument"}:
        return
    try:
        chains = [chain for chain in default_collections(butler) if chain.split("/")[0] == name]
    except CuratedError:
        chains = []
    if chains:
        cameras = [item for item in in_force(butler, chains) if item.dataset.dataset_type == _CAMERA]
        yield from (
            item.ref
            for item in sorted(cameras, key=lambda item: item.dataset.span.begin, reverse=True)
            if item.dataset.instrument == name
        )
    yield from butler.query_datasets(
        dataset_type, "*", find_first=False, instrument=name, explain=False, limit=None
    )
