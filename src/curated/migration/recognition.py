"""Which system a source comes from, by the content of its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from curated.core.diagnostic import CuratedError, Problem
from curated.migration import caldb, desi, gen2, masks
from curated.migration.survey import SourceError, SourceOptions, Survey
from curated.migration.tree import SourceTree


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A system that calibrations come from.

    Parameters
    ----------
    recognises : `~collections.abc.Callable`
        Says by path and first bytes whether a file is an index of this kind.
    survey : `~collections.abc.Callable`
        Reads the indices of a source.
    """

    name: str
    title: str
    recognises: Callable[[str, bytes], bool]
    survey: Callable[[SourceTree, tuple[str, ...], SourceOptions], Survey]


def _survey_gen2(tree: SourceTree, indices: tuple[str, ...], options: SourceOptions) -> Survey:
    if len(indices) > 1:
        names = ", ".join(indices[:5])
        raise CuratedError(f"{tree.root} has {len(indices)} registries: {names}", "name one of them")
    return gen2.survey_gen2(tree, indices[0], options)


KINDS = (
    SourceKind(
        "gen2",
        "calibration registry of the LSST stack's second generation (calibRegistry.sqlite3)",
        lambda _, head: head.startswith(gen2.MAGIC),
        _survey_gen2,
    ),
    SourceKind(
        "caldb",
        "index of a HEASARC calibration database (caldb.indx)",
        caldb.recognises,
        caldb.survey_caldb,
    ),
    SourceKind(
        "desi",
        "calibration YAML of DESI's cameras",
        desi.recognises,
        desi.survey_desi,
    ),
    SourceKind(
        "pypeit",
        "associations of PypeIt (*.calib)",
        masks.recognises_association,
        masks.survey_associations,
    ),
    SourceKind(
        "masks",
        "masks and lists of bad pixels, of IRAF and others",
        masks.recognises_mask,
        masks.survey_masks,
    ),
)
_WITHOUT_INDEX = "masks"
"""All kinds, in the order in which they are tried."""


def survey_source(tree: SourceTree, kind: str, options: SourceOptions) -> Survey:
    """Read a source.

    Parameters
    ----------
    kind : `str`
        Name of the kind; empty for that of the content.

    Raises
    ------
    CuratedError
        If its kind is not clear.
    SourceError
        If it cannot be read.
    """
    indices = _find_indices(tree, kind)
    if not indices:
        titles = "; ".join(f"{entry.name}: {entry.title}" for entry in KINDS)
        what = next((entry.title for entry in KINDS if entry.name == kind), "index of calibrations")
        raise SourceError(Problem("CAL730", (), f"there is no {what}", f"what can be read: {titles}"), ".")
    if len(indices) > 1:
        raise CuratedError(
            f"{tree.root} has indices of several kinds: {', '.join(f'{k} ({v[0]})' for k, v in indices.items())}",
            f"choose one with --kind: {', '.join(indices)}",
        )
    name, paths = next(iter(indices.items()))
    return next(entry for entry in KINDS if entry.name == name).survey(tree, tuple(paths), options)


def _find_indices(tree: SourceTree, kind: str) -> dict[str, list[str]]:
    """Return the paths of the indices by kind."""
    paths = (tree.single,) if tree.single else tree.files
    indices: dict[str, list[str]] = {}
    for path in paths:
        head = tree.head(path)
        for entry in KINDS:
            if kind in ("", entry.name) and entry.recognises(path, head):
                indices.setdefault(entry.name, []).append(path)
                break
    if len(indices) > 1:
        # Masks are the files of an index, where there is one.
        indices.pop(_WITHOUT_INDEX, None)
    return indices
