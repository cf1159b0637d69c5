"""The metrics of a package: read from its files, and new ones added, all of them or none."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from curated.core.diagnostic import CuratedError, Diagnostic, Problem, has_errors
from curated.core.storage.disk import NO_LOCKS, take_lock
from curated.core.storage.file_set import FileOutcome, write_file_set
from curated.monitoring.metric import (
    DIRECTORY,
    Metric,
    MetricFile,
    find_metric_files,
    metric_path,
    month_of,
)
from curated.monitoring.metric_text import MetricRows, read_metric_text, write_metric_text
from curated.package.files import Files, read_file
from curated.package.package import Package
from curated.registry import get_type

ATTRIBUTES = (
    b"# Both sides of a merge keep their rows; their order does not matter.\n*.csv text eol=lf merge=union\n"
)
"""Content of ``metrics/.gitattributes``."""

_PATIENCE = 60.0
"""Seconds to wait for another process that adds metrics."""


def metric_files(package: Package) -> list[MetricFile]:
    """Return the files of metrics of a package, in the order of their paths."""
    return find_metric_files(package.layout.others, package.top)[0]


def read_metrics(files: Files, file: MetricFile) -> tuple[MetricRows, list[Diagnostic]]:
    """Read one file of metrics, and return its rows and findings; a file with an error has no rows."""
    data = read_file(files, file.path)
    if isinstance(data, Problem):
        return MetricRows(), [Diagnostic.from_problem(data, file.path)]
    rows, problems = read_metric_text(data, file.month)
    return rows, [Diagnostic.from_problem(problem, file.path) for problem in problems]


def check_metrics(package: Package, paths: Sequence[str] = ()) -> list[Diagnostic]:
    """Return the findings in the files of metrics of a package.

    Parameters
    ----------
    paths : sequence [`str`], optional
        Files or directories of the package; all if empty.
    """
    files, problems = find_metric_files(package.layout.others, package.top)
    findings = [Diagnostic.from_problem(p, path) for path, p in problems if _is_selected(path, paths)]
    for file in files:
        if _is_selected(file.path, paths):
            findings += read_metrics(package.files, file)[1]
    return findings


def _is_selected(path: str, paths: Sequence[str]) -> bool:
    return not paths or any(
        path == p or path.startswith(f"{p.rstrip('/')}/") or p in ("", ".") for p in paths
    )


@dataclass(frozen=True, slots=True)
class Addition:
    """What became of metrics that were added.

    Parameters
    ----------
    added, repeated : `int`
        Numbers of metrics that are new, and that were there before with the same value.
    outcomes : `tuple` [`FileOutcome`]
        Files that were written, or would be.
    """

    added: int
    repeated: int
    outcomes: tuple[FileOutcome, ...]


def add_metrics(
    package: Package,
    instrument: str,
    metrics: Mapping[str, Iterable[Metric]],
    *,
    dry_run: bool = False,
) -> Addition:
    """Add metrics of an instrument to a package, all of them or none.

    Files are written sorted, so that they do not depend on the order of additions. Processes that add at the same time
    wait for each other.

    Parameters
    ----------
    instrument : `str`
        Its directory in the package, which has to be there.
    metrics : `dict` [`str`, iterable [`Metric`]]
        Metrics by the calibration type that they are of. One that is there already with the same value is left out.
    dry_run : `bool`, optional
        Whether to do all but write.

    Raises
    ------
    CuratedError
        If a metric cannot be kept, has another value than one that is there, or if a file has an error; nothing was
        written.
    """
    directory = package.root / package.top / instrument
    if not directory.is_dir():
        raise CuratedError(
            f"there is no directory of an instrument {instrument!r} in {package.root / package.top}"
        )
    with _waiting_lock(directory):
        return _add(package.root, package.top, instrument, metrics, dry_run=dry_run)


def _add(
    root: Path, top: str, instrument: str, metrics: Mapping[str, Iterable[Metric]], *, dry_run: bool
) -> Addition:
    groups: dict[tuple[str, str, str], list[Metric]] = {}
    for type_name, values in metrics.items():
        name = get_type(type_name).SPEC.name
        for metric in values:
            problem = next(metric.problems(), "")
            if problem:
                raise CuratedError(f"a metric of {name} cannot be kept: {problem}", "nothing was written")
            groups.setdefault((name, metric.statistic, month_of(metric.mjd)), []).append(metric)
    before: dict[str, bytes] = {}
    contents: dict[str, bytes] = {}
    added = repeated = 0
    for (type_name, statistic, month), values in sorted(groups.items()):
        path = metric_path(top, instrument, type_name, statistic, month)
        old = _read_old(root, path, before)
        merged = _merge(path, old, values)
        added += len(merged) - len(old)
        repeated += len(values) - (len(merged) - len(old))
        contents[path] = write_metric_text(merged)
    attributes = "/".join(filter(None, (top, instrument, DIRECTORY, ".gitattributes")))
    if contents and not os.path.lexists(root / attributes):
        contents[attributes] = ATTRIBUTES
    return Addition(added, repeated, write_file_set(root, contents, before=before, dry_run=dry_run))


def _read_old(root: Path, path: str, before: dict[str, bytes]) -> list[Metric]:
    """Return the metrics of a file that is there, whose content is put into ``before``."""
    full = root / path
    if not os.path.lexists(full):
        return []
    if full.is_symlink() or not full.is_file():
        raise CuratedError(
            f"{path} is not a regular file, and is not written", "see what it is, and move it away"
        )
    before[path] = full.read_bytes()
    statistic, month = path.split("/")[-2:]
    rows, problems = read_metric_text(before[path], month.removesuffix(".csv"))
    diagnostics = [Diagnostic.from_problem(problem, path) for problem in problems]
    if has_errors(diagnostics):
        first = next(d for d in diagnostics if d.is_error)
        raise CuratedError(
            f"{path}:{first.line}: {first.code} {first.message}", "mend the file first; nothing was written"
        )
    return list(rows.metrics(statistic))


def _merge(path: str, old: Sequence[Metric], new: Iterable[Metric]) -> list[Metric]:
    """Return old and new metrics, each key once."""
    merged = {_key(metric): metric for metric in old}
    for metric in new:
        present = merged.setdefault(_key(metric), metric)
        if (present.value, repr(present.error), present.unit) != (
            metric.value,
            repr(metric.error),
            metric.unit,
        ):
            place = " ".join(filter(None, (metric.detector, metric.amplifier, metric.exposure)))
            raise CuratedError(
                f"{metric.statistic} of {place} at mjd {metric.mjd!r} is {metric.value!r} {metric.unit}, "
                f"and {present.value!r} {present.unit} in {path}",
                "a metric is not changed: if the old one is wrong, remove its row by hand; nothing was written",
            )
    return list(merged.values())


def _key(metric: Metric) -> tuple[float, str, str, str, str, str]:
    return metric.mjd, metric.detector, metric.amplifier, metric.filter, metric.exposure, metric.sha256


@contextmanager
def _waiting_lock(directory: Path) -> Iterator[None]:
    """Keep other processes from adding metrics of an instrument, after waiting for them."""
    deadline = time.monotonic() + _PATIENCE
    descriptor: int | None = None
    while descriptor is None:
        try:
            descriptor = take_lock(os.path.realpath(directory))
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            break  # where there are no locks, the files are compared with what was read before they are replaced
        if descriptor is None:
            if time.monotonic() > deadline:
                raise CuratedError(
                    f"another process has been adding metrics to {directory} for a minute",
                    "see whether it hangs, and run this again",
                )
            time.sleep(0.05)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
