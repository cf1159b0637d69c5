"""Write exported calibrations as a package, which exists whole or not at all."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from curated.core.diagnostic import CuratedError, Problem, has_errors
from curated.core.parallel import Progress, run_all
from curated.core.storage.disk import exclusive, flush_tree, prefix_of
from curated.core.storage.staging import move_together, rename_new, staging_directory
from curated.datasets.foreign import foreign_text
from curated.export.foreign import divide
from curated.export.foreign_files import ForeignFiles, copy_foreign
from curated.export.holdings import Holdings, InstrumentRecord
from curated.export.identity import contradicted_inputs
from curated.export.report import ExportedCalib, ExportReport
from curated.export.selection import ExportItem, dataset_name, finding, select, type_of
from curated.export.shared_files import share_equal_files
from curated.export.text import ExportedText, TextWriter
from curated.package.config import CONFIG_FILE
from curated.package.files import INSTRUMENT_FILE
from curated.package.layout import directory_name
from curated.registry import find_type, get_type
from curated.text.yaml.writer import yaml_flow, yaml_scalar

TOP = "calibs"


def export_holdings(
    holdings: Holdings,
    output: Path,
    *,
    types: Sequence[str] = (),
    at: datetime | None = None,
    into: bool = False,
    share: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Write the calibrations in force as a package.

    Parameters
    ----------
    holdings : `Holdings`
        The calibrations of a repository.
    output : `pathlib.Path`
        Directory of the package: new, empty, or with exactly the files that are to be written.
    types : sequence [`str`], optional
        Names of the dataset types; all of them if empty.
    at : `datetime.datetime`, optional
        A time in UTC: only calibrations in force then are written.
    into : `bool`, optional
        Whether the directory is a package, to which the calibrations that it lacks are added.
    share : `bool`, optional
        Whether equal calibrations of several detectors or filters are one file; not together with ``into``.
    jobs : `int`, optional
        Number of processes; as many as processors if not given.
    progress : `~collections.abc.Callable`, optional
        Called with the number of calibrations done and their total.

    Raises
    ------
    CuratedError
        If nothing is certified, or other files are in the directory.
    """
    division = divide(holdings, types)
    selection = select(division.holdings, types, at)
    report = ExportReport(
        source=holdings.source,
        collections=holdings.collections,
        output=str(output),
        foreign=division.foreign,
    )
    if not selection.items and not has_errors(selection.diagnostics):
        suffix = f" of the types {', '.join(types)}" if types else ""
        if division.foreign:
            suffix += f" but {foreign_text(division.foreign)}, which no calibration type declares"
        raise CuratedError(
            f"{', '.join(holdings.collections)} of {holdings.source} certifies no calibrations{suffix}",
            "name another collection with --collection",
        )
    # What is added to a package moves within it, together; a new package is renamed as a whole.
    with _staging(output, into=into) as staging:
        scratch, package = staging / "scratch", staging / "package"
        scratch.mkdir()
        package.mkdir()
        texts = _write_texts(selection.items, scratch, jobs, progress)
        items = _corrected(texts, division.holdings)
        if items:
            texts = _write_texts(items, scratch, jobs, progress)
        problems = [finding(text.item.dataset, problem) for text in texts for problem in text.problems]
        exported = _fill_package(texts, package, scratch)
        settings = _write_settings(texts, exported, selection.instruments, package)
        if share and exported:
            exported = share_equal_files(package, exported, jobs)
        report = replace(
            report,
            exported=tuple(exported),
            settings=tuple(settings),
            diagnostics=tuple(sorted([*selection.diagnostics, *problems])),
        )
        if not exported:
            return report
        # Whoever asks for some types, or for a moment, asks for calibrations.
        copied = (
            ForeignFiles() if types or at is not None else copy_foreign(division.datasets, holdings, package)
        )
        report = replace(
            report,
            foreign_files=copied.paths,
            diagnostics=tuple(sorted([*report.diagnostics, *copied.diagnostics])),
        )
        size = sum(path.stat().st_size for path in package.rglob("*") if path.is_file())
        changed = add_to_package(staging, output, settings) if into else move_package(package, output)
        return replace(report, size=size, changed=changed)


def dataset_type_names(types: Sequence[str]) -> list[str]:
    """Return the dataset types of calibration types; other names are those of dataset types."""
    classes = {name: find_type(name) for name in types}
    return [name if cls is None else cls.SPEC.dataset for name, cls in classes.items()]


# -- texts ------------------------------------------------------------------------------------------------------


def _write_texts(
    items: Sequence[ExportItem], scratch: Path, jobs: int | None, progress: Progress | None
) -> list[ExportedText]:
    """Write all texts; those whose end no other text tells, because that is left out, are written again."""
    texts: dict[int, ExportedText] = {}
    pending = dict(enumerate(_with_ends(items, [item.dataset.key for item in items])))
    while pending:
        texts = _without_twins(texts | _write_pending(pending, scratch, jobs, progress))
        updated = _with_ends(items, [_place(texts[i]) for i in range(len(items))])
        pending = {
            i: item
            for i, item in enumerate(updated)
            if texts[i].files and item.writes_end != texts[i].item.writes_end
        }
    return [texts[i] for i in range(len(items))]


def _corrected(texts: Sequence[ExportedText], holdings: Holdings) -> list[ExportItem]:
    """Return all items with what the repository says of inputs that headers contradict; none if there are none."""
    uuids = sorted({entry["uuid"] for text in texts for entry in text.inputs})
    records = holdings.find_datasets(uuids) if uuids else {}
    items = [replace(text.item, known_inputs=contradicted_inputs(text.inputs, records)) for text in texts]
    return items if any(item.known_inputs for item in items) else []


def _write_pending(
    pending: Mapping[int, ExportItem], scratch: Path, jobs: int | None, progress: Progress | None
) -> dict[int, ExportedText]:
    """Write texts; last those of files that are copied, which do not say what the instrument's directory is called."""
    texts: dict[int, ExportedText] = {}
    for is_copied in (False, True):
        names = {text.item.instrument: text.parts[0] for text in texts.values() if text.files}
        items = {n: item for n, item in pending.items() if _is_copied(item) is is_copied}
        if items:
            results = run_all(TextWriter(str(scratch), names), list(items.items()), jobs, progress)
            texts |= zip(items, results, strict=True)
    return texts


def _is_copied(item: ExportItem) -> bool:
    spec = type_of(item.dataset.dataset_type, "")
    return spec is not None and spec.verbatim


def _with_ends(items: Sequence[ExportItem], places: Sequence[Hashable | None]) -> list[ExportItem]:
    """Return items that write their end unless another text of their place starts there; `None` is no text."""
    pairs = list(zip(items, places, strict=True))
    starts = {(place, item.start) for item, place in pairs if place is not None}
    return [
        replace(item, writes_end=item.end is not None and (place, item.end) not in starts)
        for item, place in pairs
    ]


def _place(text: ExportedText) -> Hashable | None:
    """Return instrument, type and directories of a text, as a package compares them; `None` if there is no text."""
    if not text.files:
        return None
    instrument, kind, *levels = text.parts[:-1]
    return instrument.lower(), get_type(kind).SPEC.name, tuple(map(directory_name, levels))


def _without_twins(texts: Mapping[int, ExportedText]) -> dict[int, ExportedText]:
    """Return texts without those at the place of another one."""
    owners: dict[Hashable, ExportedText] = {}
    result = {}
    for number, text in sorted(texts.items()):
        result[number] = text
        if not text.files:
            continue
        owner = owners.setdefault(text.parts[0].lower(), text)
        twin = owners.setdefault((_place(text), text.item.start), text)
        if owner.item.instrument != text.item.instrument:
            detail = f"directory {text.parts[0]} is that of instrument {owner.item.instrument}"
        elif twin is not text:
            detail = f"{'/'.join(text.parts)} is that of {dataset_name(twin.item.dataset)}"
        else:
            continue
        result[number] = replace(text, files={}, problems=(*text.problems, Problem("CAL665", (), detail)))
    return result


# -- package ----------------------------------------------------------------------------------------------------


def _fill_package(texts: Sequence[ExportedText], package: Path, scratch: Path) -> list[ExportedCalib]:
    """Move all files from the scratch directory to their places."""
    written = [text for text in texts if text.files]
    directories: dict[str, str] = {}
    for text in sorted(written, key=lambda text: (not text.is_original, text.parts)):
        # An instrument has one directory; the spelling of a package comes first.
        directories.setdefault(text.parts[0].lower(), text.parts[0])
    exported = []
    for text in written:
        directory = "/".join((TOP, directories[text.parts[0].lower()], *text.parts[1:-1]))
        (package / directory).mkdir(parents=True, exist_ok=True)
        for name, scratch_name in text.files.items():
            os.replace(scratch / scratch_name, package / directory / name)
        files = tuple(sorted(f"{directory}/{name}" for name in text.files))
        path = f"{directory}/{text.name}"
        exported.append(ExportedCalib(text.item.dataset, path, files, text.is_original))
    return sorted(exported, key=lambda calib: calib.path)


def _write_settings(
    texts: Sequence[ExportedText],
    exported: Sequence[ExportedCalib],
    instruments: Mapping[str, InstrumentRecord],
    package: Path,
) -> list[str]:
    """Write ``curated.yaml``, and the ``instrument.yaml`` of each instrument; return their paths."""
    settings = {}
    names = {"/".join(calib.path.split("/")[:2]): calib.dataset.instrument for calib in exported}
    for directory, name in names.items():
        if name in instruments:
            settings[f"{directory}/{INSTRUMENT_FILE}"] = instrument_text(instruments[name])
    urls = {text.url for text in texts if text.url and text.files}
    url = f"url: {yaml_scalar(urls.pop())}\n" if len(urls) == 1 else ""
    if exported:
        settings[CONFIG_FILE] = f"calibs: {TOP}\n{url}"
    for path, text in settings.items():
        (package / path).write_bytes(text.encode())
    return sorted(settings)


def instrument_text(record: InstrumentRecord) -> str:
    """Return the ``instrument.yaml`` of an instrument; the same record gives the same text."""
    return "".join(f"{line}\n" for line in _instrument_lines(record))


def _instrument_lines(record: InstrumentRecord) -> Iterator[str]:
    yield "# Written by 'curated export' from the records of a repository. They do not say: serial, width, height and"
    yield "# amplifiers of a detector, and which types the instrument must have."
    yield f"name: {yaml_scalar(record.name)}"
    yield from (f"{key}: {yaml_scalar(value)}" for key, value in record.values.items())
    if record.detectors:
        yield "detectors:"
    for detector in record.detectors.values():
        values = {
            "id": detector.id,
            "name": detector.full_name,
            "raft": detector.raft,
            "slot": detector.name_in_raft,
            "purpose": detector.purpose,
        }
        yield f"- {yaml_flow({key: value for key, value in values.items() if value != ''})}"
    if record.filters:
        yield "filters:"
    yield from (f"- {yaml_flow({'name': name, 'band': band})}" for name, band in record.filters.items())


# -- output directory -------------------------------------------------------------------------------------------


def move_package(package: Path, output: Path) -> bool:
    """Move a package to its place, on the same file system.

    Returns
    -------
    changed : `bool`
        Whether it was moved; `False` if the same files were there already.

    Raises
    ------
    CuratedError
        If other files are there.
    """
    if not os.path.lexists(output) or (output.is_dir() and not any(output.iterdir())):
        # On POSIX an empty directory gives way; a link to one does not, and is followed.
        flush_tree(package)
        target = os.path.realpath(output) if output.is_dir() else os.path.abspath(output)
        if rename_new(package, target):
            return True
    for path in _paths(package):
        difference = _difference(package / path, output / path)
        if difference:
            raise CuratedError(
                f"{output} exists, and {path} {difference} there",
                "name a new directory; --into adds to a package, and changes nothing that is there",
            )
    return False


@contextmanager
def _staging(output: Path, *, into: bool) -> Iterator[Path]:
    """Yield a staging directory: in the package that is added to, or beside one that is to be made."""
    if not into:
        with staging_directory(output.absolute().parent, prefix_of(output.name)) as staging:
            yield staging
        return
    _require_package(output)
    with exclusive(output), staging_directory(output) as staging:
        yield staging


def _require_package(output: Path) -> None:
    if not (output / CONFIG_FILE).is_file():
        raise CuratedError(f"{output} is no package: there is no {CONFIG_FILE}", "leave out --into")


def add_to_package(staging: Path, output: Path, settings: Iterable[str]) -> bool:
    """Add the files of a package to another one; files of the same content stay.

    Parameters
    ----------
    staging : `pathlib.Path`
        A staging directory in the other package; its directory ``package`` has the files that are added.
    output : `pathlib.Path`
        The package that they are added to.
    settings : iterable [`str`]
        Paths of settings files; if the other package has one of its own, that one stays.

    Returns
    -------
    changed : `bool`
        Whether anything was added.

    Raises
    ------
    CuratedError
        If there is no package, or it has another file at the place of one; then nothing was added.
    OSError
        If a file cannot be written; then nothing was added.
    """
    _require_package(output)
    package = staging / "package"
    own_settings = set(settings)
    new_paths = []
    for path in _paths(package):
        difference = _difference(package / path, output / path)
        if difference == _MISSING:
            new_paths.append(path)
        elif difference and path not in own_settings:
            raise CuratedError(
                f"{path} {difference} in {output}", "move it away, or export to a new directory"
            )
    if new_paths:
        moves = {f"package/{path}": path for path in new_paths}
        move_together(staging, output, moves, only_new=True)
    return bool(new_paths)


def _paths(package: Path) -> list[str]:
    return sorted(str(path.relative_to(package)) for path in package.rglob("*") if path.is_file())


_MISSING = "is not"


def _difference(source: Path, target: Path) -> str:
    """Return how a file differs from the one at its place; empty if it does not."""
    if not os.path.lexists(target):
        return _MISSING
    is_same = target.is_file() and filecmp.cmp(source, target, shallow=False)
    return "" if is_same else "is another"
