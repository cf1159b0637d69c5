"""Which calibrations are equal but for their detector and filter, and in what blocks of detectors and filters they come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from curated.check.package import Reading
from curated.check.report import FileReport
from curated.core.keys import CalibFile
from curated.core.parallel import run_all
from curated.core.times import iso
from curated.editing.copies import Identity, identify
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.registry import get_type

DETECTORS, FILTERS = "detectors", "filters"

SHARED_ALREADY = "it is shared already"
"""Reason why a shared file stays of which there are no further copies."""


class Separate(NamedTuple):
    """A file that stays as it is, and why; ``other`` is the path of a file that it was compared with."""

    path: str
    reason: str
    other: str = ""


class Copy(NamedTuple):
    """A file on disk, with all detectors and filters that it stands for."""

    file: CalibFile
    members: tuple[CalibFile, ...]
    identity: Identity


class Block(NamedTuple):
    """Files that become one: for each of some detectors and each of some filters there is one."""

    copies: tuple[Copy, ...]
    detectors: tuple[str, ...]
    filters: tuple[str, ...]


def find_candidates(
    package: Package, reading: Reading, files: Sequence[CalibFile], jobs: int | None
) -> tuple[list[Copy], list[Separate]]:
    """Return the files that can be compared, and those that cannot.

    Parameters
    ----------
    files : sequence [`CalibFile`]
        Files on disk, each once; those of types without detector and filter are left out.
    """
    members: dict[str, list[CalibFile]] = {}
    for file in package.layout.files:
        members.setdefault(file.source, []).append(file)
    separate, sound = [], []
    for file in files:
        spec = get_type(file.key.type).SPEC
        obstacle = _obstacle(
            reading.declared, [reading.reports.get(f.path) for f in members[file.path]], file
        )
        if not spec.has_detector and not spec.has_filter:
            continue
        if obstacle:
            separate.append(Separate(file.path, obstacle))
        else:
            sound.append(file)
    copies = []
    for file, identity in zip(sound, run_all(partial(identify, package.files), sound, jobs), strict=True):
        if identity.obstacle:
            separate.append(Separate(file.path, identity.obstacle))
        else:
            copies.append(Copy(file, tuple(members[file.path]), identity))
    return copies, separate


def _obstacle(
    declared: Mapping[str, Instrument], reports: Sequence[FileReport | None], file: CalibFile
) -> str:
    """Return why a file is not merged; empty if it may be."""
    instrument = declared.get(file.key.instrument)
    if instrument is None or not instrument.declared:
        return f"{file.key.instrument} has no instrument.yaml, which shared files need; 'curated adopt' drafts it"
    errors = [d for report in reports if report is not None for d in report.diagnostics if d.is_error]
    return f"it has an error: {errors[0].code} {errors[0].message}" if errors else ""


def group_by_place(copies: Iterable[Copy], levels: Collection[str]) -> list[list[Copy]]:
    """Return the files that could be copies of each other by their places, in groups.

    Parameters
    ----------
    levels : collection [`str`]
        ``detectors``, ``filters`` or both: what may differ.
    """
    groups: dict[tuple[object, ...], list[Copy]] = {}
    for copy in copies:
        key = copy.file.key
        place = (
            key.instrument.lower(),
            key.type,
            copy.file.start,
            tuple(sorted({f.key.detector for f in copy.members})) if DETECTORS not in levels else (),
            tuple(sorted({f.key.filter for f in copy.members})) if FILTERS not in levels else (),
        )
        groups.setdefault(place, []).append(copy)
    return [sorted(group, key=lambda copy: copy.file.path) for group in groups.values()]


def find_blocks(
    related: Sequence[Copy], levels: Collection[str], dropped: Collection[str]
) -> tuple[list[Block], list[Separate]]:
    """Return the blocks of files that are equal, the largest first, and why the other files stay.

    Parameters
    ----------
    related : sequence [`Copy`]
        One of the groups of `group_by_place`, in the order of paths.
    dropped : collection [`str`]
        Keywords that may differ; see `Identity.group`.
    """
    groups: dict[object, list[Copy]] = {}
    for copy in related:
        groups.setdefault(copy.identity.group(dropped), []).append(copy)
    blocks: list[Block] = []
    for group in groups.values():
        blocks += _rectangles(group, levels)
    blocks.sort(key=lambda block: (-len(block.detectors) * len(block.filters), block.copies[0].file.path))
    largest = blocks[0].copies[0]
    merged = [block for block in blocks if len(block.copies) > 1]
    separate = []
    for block in blocks:
        if len(block.copies) > 1:
            continue
        (copy,) = block.copies
        other = largest if copy is not largest else (blocks[1].copies[0] if len(blocks) > 1 else None)
        if len(copy.members) > 1 or other is None:
            is_shared = len(copy.members) > 1
            reason = SHARED_ALREADY if is_shared else f"no other file starts at {iso(copy.file.start)}"
            separate.append(Separate(copy.file.path, reason))
            continue
        difference = copy.identity.difference(other.identity) or "copies for other filters"
        separate.append(Separate(copy.file.path, difference, other.file.path))
    return merged, separate


def _rectangles(group: Sequence[Copy], levels: Collection[str]) -> list[Block]:
    """Return equal files in blocks: detectors whose files are equal for the same filters are in one."""
    places = {(f.key.detector, f.key.filter): copy for copy in group for f in copy.members}
    filters_of: dict[str, set[str]] = {}
    for detector, name in places:
        filters_of.setdefault(detector, set()).add(name)
    detectors_of: dict[tuple[str, ...], list[str]] = {}
    for detector, names in filters_of.items():
        for part in [tuple(sorted(names))] if FILTERS in levels else [(name,) for name in sorted(names)]:
            detectors_of.setdefault(part, []).append(detector)
    blocks = []
    for names_part, detectors in detectors_of.items():
        for chosen in [detectors] if DETECTORS in levels else [[detector] for detector in detectors]:
            used = {places[d, n].file.path: places[d, n] for d in sorted(chosen) for n in names_part}
            blocks.append(Block(tuple(used.values()), tuple(sorted(chosen)), names_part))
    if all(_has_whole_files(block, group) for block in blocks):
        return blocks
    # A shared file that is for more than one block stays, and so do all that are equal to it.
    return [
        Block(
            (copy,),
            tuple(sorted({f.key.detector for f in copy.members})),
            tuple(sorted({f.key.filter for f in copy.members})),
        )
        for copy in group
    ]


def _has_whole_files(block: Block, group: Sequence[Copy]) -> bool:
    detectors, filters = set(block.detectors), set(block.filters)
    names = {copy.file.path for copy in block.copies}
    return all(
        f.key.detector in detectors and f.key.filter in filters
        for copy in group
        if copy.file.path in names
        for f in copy.members
    )
