"""A package, made of calibrations that are certified elsewhere: it exists whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from curated.core.diagnostic import CuratedError, Diagnostic, Problem, has_errors
from curated.core.parallel import Progress, run_all
from curated.core.wholefile import staging_directory
from curated.export.directory import occupy, put
from curated.export.instrument import instrument_text
from curated.export.report import Exported, ExportReport
from curated.export.selection import Selection, dataset_name, select
from curated.export.stock import Stock
from curated.export.text import Made, Task
from curated.package.config import CONFIG_FILE
from curated.package.layout import INSTRUMENT_FILE, directory_name
from curated.registry import find_type, get_type
from curated.text.yaml.writer import yaml_scalar

TOP = "calibs"


def export_stock(
    stock: Stock,
    output: Path,
    *,
    types: Sequence[str] = (),
    at: datetime | None = None,
    into: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Write what is in force as a package.

    Parameters
    ----------
    stock : `Stock`
        What there is.
    output : `pathlib.Path`
        The package's directory: new, empty, or with the very files that are to be written.
    types : sequence [`str`], optional
        Names of the dataset types; all of them if empty.
    at : `datetime.datetime`, optional
        A moment, UTC: only what is in force then.
    into : `bool`, optional
        Whether the directory is a package that gets what it lacks.
    jobs : `int`, optional
        Number of processes.
    progress : `~collections.abc.Callable`, optional
        Told of progress.

    Raises
    ------
    CuratedError
        If nothing is certified, or something else is in the directory.
    """
    selection = select(stock, types, at)
    report = ExportReport(source=stock.source, collections=stock.collections, output=str(output))
    if not selection.wanted and not has_errors(selection.diagnostics):
        what = f" of the types {', '.join(types)}" if types else ""
        raise CuratedError(
            f"{', '.join(stock.collections)} of {stock.source} certifies no calibrations{what}",
            "name another collection with --collection",
        )
    with staging_directory(output.absolute().parent, f".{output.name}.") as staging:
        (staging / "scratch").mkdir()
        made = _make(selection, staging / "scratch", jobs, progress)
        package = staging / "package"
        package.mkdir()
        exported = _write(made, package, staging / "scratch")
        settings = _settings(made, exported, selection, package)
        report = replace(
            report,
            exported=tuple(exported),
            settings=tuple(settings),
            diagnostics=tuple(sorted(selection.diagnostics)),
        )
        if not exported:
            return report
        size = sum(path.stat().st_size for path in package.rglob("*") if path.is_file())
        changed = put(package, output, settings) if into else occupy(package, output)
        return replace(report, size=size, changed=changed)


def dataset_type_names(types: Sequence[str]) -> list[str]:
    """Return the dataset types of calibration types; other names are those of dataset types."""
    classes = {name: find_type(name) for name in types}
    return [name if cls is None else cls.SPEC.dataset for name, cls in classes.items()]


def _make(selection: Selection, scratch: Path, jobs: int | None, progress: Progress | None) -> list[Made]:
    """Make all texts; those whose end the next one does not tell, because it is not there, are made again."""
    wanted = selection.wanted
    told = _told(selection, [(one.dataset.key, True) for one in wanted])
    todo = {i: replace(one, end=selection.ends[i] if told[i] else None) for i, one in enumerate(wanted)}
    made: dict[int, Made] = {}
    while todo:
        task = Task(str(scratch))
        made |= dict(zip(todo, run_all(task, list(todo.items()), jobs, progress), strict=True))
        _refuse_twins(made)
        told = _told(selection, [_placed(made[i]) for i in range(len(wanted))])
        again = {
            i: replace(wanted[i], end=selection.ends[i] if told[i] else None)
            for i, one in made.items()
            if one.files
        }
        todo = {i: one for i, one in again.items() if one.end != made[i].wanted.end}
    for one in made.values():
        where = dataset_name(one.wanted.dataset)
        selection.diagnostics += [Diagnostic.from_problem(problem, where) for problem in one.problems]
    return [made[i] for i in range(len(wanted)) if made[i].files]


def _told(selection: Selection, places: Sequence[tuple[object, bool]]) -> list[bool]:
    """Say for each calibration whether it has to tell its end, since no other one of its place starts there."""
    starts = {
        (place, one.start) for one, (place, there) in zip(selection.wanted, places, strict=True) if there
    }
    return [
        end is not None and (place, end) not in starts
        for end, (place, _) in zip(selection.ends, places, strict=True)
    ]


def _placed(made: Made) -> tuple[object, bool]:
    return (_place(made), True) if made.files else (None, False)


def _place(made: Made) -> object:
    """Return what a calibration's text is of, as a package has it."""
    instrument, kind, *levels = made.parts[:-1]
    return instrument.lower(), get_type(kind).SPEC.name, tuple(map(directory_name, levels))


def _refuse_twins(made: dict[int, Made]) -> None:
    """Leave out what would be at the place of another one."""
    taken: dict[object, Made] = {}
    for _, one in sorted(made.items()):
        if not one.files:
            continue
        owner = taken.setdefault(one.parts[0].lower(), one)
        other = taken.setdefault((_place(one), one.wanted.start), one)
        if owner.wanted.instrument != one.wanted.instrument:
            detail = f"directory {one.parts[0]} is that of instrument {owner.wanted.instrument}"
        elif other is not one:
            detail = f"{'/'.join(one.parts)} is that of {dataset_name(other.wanted.dataset)}"
        else:
            continue
        one.problems.append(Problem("CAL665", (), detail))
        one.files.clear()


def _write(made: list[Made], package: Path, scratch: Path) -> list[Exported]:
    """Move all files to where they belong."""
    spelled: dict[str, str] = {}
    for one in sorted(made, key=lambda one: (not one.original, one.parts)):
        # An instrument has one directory; the spelling of a package comes first.
        spelled.setdefault(one.parts[0].lower(), one.parts[0])
    exported = []
    for one in made:
        directory = "/".join((TOP, spelled[one.parts[0].lower()], *one.parts[1:-1]))
        (package / directory).mkdir(parents=True, exist_ok=True)
        for name, written in one.files.items():
            os.replace(scratch / written, package / directory / name)
        names = tuple(sorted(f"{directory}/{name}" for name in one.files))
        exported.append(Exported(one.wanted.dataset, f"{directory}/{one.text}", names, one.original))
    return sorted(exported, key=lambda one: one.path)


def _settings(made: list[Made], exported: list[Exported], selection: Selection, package: Path) -> list[str]:
    """Write ``curated.yaml``, and the ``instrument.yaml`` of each instrument."""
    written = {}
    names = {"/".join(e.path.split("/")[:2]): dict(e.dataset.data_id)["instrument"] for e in exported}
    for directory, name in names.items():
        record = selection.instruments.get(str(name))
        if record is not None:
            written[f"{directory}/{INSTRUMENT_FILE}"] = instrument_text(record)
    urls = {one.url for one in made if one.url}
    url = f"url: {yaml_scalar(urls.pop())}\n" if len(urls) == 1 else ""
    if exported:
        written[CONFIG_FILE] = f"calibs: {TOP}\n{url}"
    for path, text in written.items():
        (package / path).write_bytes(text.encode())
    return sorted(written)
