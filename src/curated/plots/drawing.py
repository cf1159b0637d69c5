"""Draw many changes, in several processes, and write the plots into a directory."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.parallel import Progress, default_jobs, run_all
from curated.core.wholefile import write_whole
from curated.declare import Conditions
from curated.difference.change import Change
from curated.difference.wording import Picture, alternative_text
from curated.plots.canvas import FORMATS, figure_bytes
from curated.plots.changes import draw_change, picture

INDEX = "plots.json"
"""File that lists the plots of a directory; those it lists are replaced by the next ones."""

_PLOT = re.compile(rf"[A-Za-z0-9_+-][A-Za-z0-9._+-]*\.(?:{'|'.join(FORMATS)})\Z")
_LARGEST_INDEX = 64 * 2**20
_SHOWN = 3
_PARALLEL = 4
"""Number of plots from which other processes save time: each takes a second or so, as does their start."""

_CHUNK = 4

_FAILURES = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, MemoryError)
"""What drawing raises for values that nobody has thought of."""


class Pairs(Protocol):
    """Where the calibrations of changes come from: the states of a package, or what is stored elsewhere."""

    def read(self, change: Change, /) -> tuple[Calib | None, Calib | None]:
        """Return the calibrations before and after a change; `None` for what is not there, or cannot be read."""


class Task(NamedTuple):
    """A change to draw.

    Parameters
    ----------
    name : `str`
        Its name; see `~curated.difference.wording.change_names`.
    form : `str`
        Format of the file, of `FORMATS`; empty for none.
    for_page : `bool`
        Whether a picture for a page is made.
    """

    name: str
    change: Change
    form: str = ""
    for_page: bool = False


class Drawing(NamedTuple):
    """The plot of a change.

    Parameters
    ----------
    name : `str`
        Name of the task.
    file : `bytes`
        Content of the file; empty if there is none.
    picture : `Picture` or `None`
        The picture for a page, if one was to be made.
    problem : `str`
        Why nothing was drawn; empty if something was.
    """

    name: str
    file: bytes = b""
    picture: Picture | None = None
    problem: str = ""


def draw_changes(
    pairs: Pairs,
    tasks: Sequence[Task],
    conditions: Conditions,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Drawing]:
    """Yield the drawings of changes, in order; each calibration is read once.

    Parameters
    ----------
    pairs : `Pairs`
        Where the calibrations come from.
    tasks : sequence [`Task`]
        What to draw.
    conditions : `Conditions`
        Under which conditions measures were taken; detector and filter are those of each key.
    jobs : `int`, optional
        Number of processes; that of the processors if not given, or one for few changes.
    progress : callable, optional
        Called with how many are drawn and how many there are.
    """
    if jobs is None:
        jobs = default_jobs() if len(tasks) >= _PARALLEL else 1
    work = _Work(pairs, conditions)
    yield from run_all(work, tasks, jobs, progress, chunk=_CHUNK if jobs > 1 else 1)


@dataclass(frozen=True, slots=True)
class _Work:
    """Draws some changes, maybe in another process."""

    pairs: Pairs
    conditions: Conditions

    def __call__(self, tasks: Sequence[Task]) -> list[Drawing]:
        return [self._draw(task) for task in tasks]

    def _draw(self, task: Task) -> Drawing:
        pair = self.pairs.read(task.change)
        if all(calib is None for calib in pair):
            return Drawing(task.name, problem="neither calibration can be read")
        try:
            change = task.change
            conditions = replace(self.conditions, detector=change.geometry, filter_name=change.key.filter)
            figure = draw_change(task.change, *pair, conditions)
            file = figure_bytes(figure, task.form) if task.form else b""
            return Drawing(task.name, file, picture(task.change, figure) if task.for_page else None)
        except _FAILURES as error:
            return Drawing(task.name, problem=f"{type(error).__name__}: {error}"[:200])


# -- directories -------------------------------------------------------------------------------------


def find_old_plots(directory: Path, *, overwrite: bool = False) -> list[str]:
    """Return the names of the plots that a directory holds from before, which the next ones replace.

    Parameters
    ----------
    directory : `~pathlib.Path`
        It need not exist.
    overwrite : `bool`, optional
        Whether it may hold other files; those stay, unless a plot has the same name.

    Raises
    ------
    CuratedError
        If it is no directory, or holds files that are not plots from before.
    """
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CuratedError(f"{directory} cannot be used: {error.strerror}", "name a directory") from error
    drawn_names = set(_listed(directory / INDEX))
    others = [name for name in names if name not in drawn_names and name != INDEX]
    if INDEX in names and not drawn_names and not _is_index(directory / INDEX):
        others.append(INDEX)
    if others and not overwrite:
        listing = ", ".join(others[:_SHOWN]) + (", ..." if len(others) > _SHOWN else "")
        raise CuratedError(
            f"{directory} holds files that are no plots of 'curated diff': {listing}",
            "name a new or an empty directory, or give --overwrite: other files stay",
        )
    return sorted(drawn_names.intersection(names))


def _index(path: Path) -> dict[str, Any]:
    """Return the content of an index; empty if it is none."""
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_INDEX:
            return {}
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) and content.get("format") == "curated-plots" else {}


def _is_index(path: Path) -> bool:
    return bool(_index(path))


def _listed(path: Path) -> Iterator[str]:
    """Yield the names in an index that plots may have: a name without a directory."""
    plots = _index(path).get("plots")
    for item in plots if isinstance(plots, list) else ():
        name = item.get("file") if isinstance(item, dict) else None
        if isinstance(name, str) and _PLOT.match(name):
            yield name


def write_plots(
    directory: Path, tasks: Sequence[Task], drawings: Iterable[Drawing], old_plots: Iterable[str] = ()
) -> Iterator[Drawing]:
    """Write drawings into a directory as they come, each file whole, and yield them again.

    The index of the directory is written first, so that what was begun can be done again, and once more at the end.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Made if need be.
    tasks : sequence [`Task`]
        What the drawings are of, in their order.
    old_plots : iterable [`str`], optional
        Files that are removed; see `find_old_plots`.

    Raises
    ------
    OSError
        If the directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = {task.name: f"{task.name}.{task.form}" for task in tasks}
    old = set(old_plots)
    stale = sorted(old.difference(files.values()))
    _write_index(directory, tasks, files, {}, stale)
    problems: dict[str, str] = {}
    for drawing in drawings:
        path = directory / files[drawing.name]
        if drawing.file:
            write_whole(path, [drawing.file], durable=False, follow=False)
        else:
            problems[drawing.name] = drawing.problem
            stale += old.intersection([path.name])
        yield drawing
    for name in stale:
        with suppress(FileNotFoundError):
            os.unlink(directory / name)
    _write_index(directory, tasks, files, problems)


def _write_index(
    directory: Path,
    tasks: Sequence[Task],
    files: Mapping[str, str],
    problems: Mapping[str, str],
    stale: Sequence[str] = (),
) -> None:
    plots: list[dict[str, Any]] = []
    for task in tasks:
        key, change = task.change.key, task.change
        plots.append(
            {
                "file": None if task.name in problems else files[task.name],
                "instrument": key.instrument,
                "type": key.type,
                "detector": key.detector or None,
                "filter": key.filter or None,
                "old": change.old,
                "new": change.new,
                "shows": alternative_text(change),
                "problem": problems.get(task.name) or None,
            }
        )
    plots += [{"file": name, "problem": "of an earlier comparison"} for name in stale]
    content = json.dumps({"format": "curated-plots", "version": 1, "plots": plots}, indent=1)
    write_whole(directory / INDEX, [content.encode() + b"\n"], durable=False, follow=False)
