"""Sets of files without an index: PypeIt's associations (``*.calib``), masks and lists of bad pixels of IRAF.

None of them says when a calibration is valid: the date is that of ``--from``, or the one in the name of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from curated.core.diagnostic import CuratedError, Problem, brief
from curated.migration.names import detector_numbers, name_fault
from curated.migration.survey import Note, Product, SourceError, SourceOptions, Survey
from curated.migration.tree import SourceTree
from curated.registry import find_type
from curated.text.yaml.reader import load_yaml

_TYPES = {"bias": "bias", "dark": "dark", "pixelflat": "flat", "bpm": "defects"}
"""Types by the first word of a file's name, as PypeIt writes them; its other products are of spectra."""

_DETECTOR = re.compile(r"(?<![A-Za-z])((?:det|ccd|chip|amp|msc)[_-]?\d{1,4})(?![0-9])", re.I)
_DATE = re.compile(r"(?<!\d)((?:19[7-9]|20\d)\d)-?(\d\d)-?(\d\d)(?!\d)")
_MASK = re.compile(r"(?:bad_?pix|bpm|mask|fixpix|bad_?col)", re.I)
_LARGEST = 16 << 20


def recognises_association(path: str, head: bytes) -> bool:
    """Say by name and first bytes whether a file is an association of PypeIt."""
    return path.endswith(".calib") and b"proc:" in head


def recognises_mask(path: str, head: bytes) -> bool:
    """Say by name and first bytes whether a file has bad pixels."""
    if not _MASK.search(path.rpartition("/")[2]):
        return False
    return head.startswith((b"SIMPLE  =", b"\x1f\x8b")) or _is_list(head)


def _is_list(head: bytes) -> bool:
    if b"\0" in head:
        return False
    lines = head.decode("utf-8", "replace").splitlines()
    if len(head) >= 1 << 16:
        lines = lines[:-1]
    rows = [line.split("#")[0].split() for line in lines if line.split("#")[0].strip()]
    return bool(rows) and all(
        len(row) in (2, 3, 4) and all(word.isascii() and word.isdecimal() for word in row) for row in rows
    )


def survey_associations(tree: SourceTree, indices: tuple[str, ...], options: SourceOptions) -> Survey:
    """Read associations: the processed files of each setup and calibration group.

    Raises
    ------
    SourceError
        If one of them is no such document.
    """
    products: list[Product] = []
    notes: list[Note] = []
    for index in indices:
        raw = 0
        for setup, group, frame, path, is_raw in _associated(tree, index):
            if is_raw:
                raw += 1
                continue
            file = tree.find(path, index)
            label = f"{setup} {group} {frame} {brief(path.rpartition('/')[2])}"
            if not file:
                notes.append(Note(Problem("CAL732", (), f"{label}: it is not in the source"), index))
            word = re.split(r"[_.]", path.rpartition("/")[2])[0]
            type_name = options.types.get(word, _TYPES.get(word.lower(), ""))
            product = _product(path, label, index, word, type_name, options)
            if isinstance(product, Problem):
                notes.append(Note(product, index, 1))
                continue
            selectors = {"setup": setup, "group": group}
            products.append(replace(product, file=file, selectors=selectors))
        if raw:
            detail = f"{raw} raw files are named, and are no calibrations"
            notes.append(Note(Problem("CAL737", (), detail), index))
    # A file that several frame types name is one entry for each kind of product.
    unique = {(p.label.split(" ")[0], p.kind, p.file or p.label): p for p in products}
    return _survey("pypeit", tuple(unique.values()), notes, indices)


def survey_masks(_: SourceTree, indices: tuple[str, ...], options: SourceOptions) -> Survey:
    """Read masks and lists of bad pixels; each file is an entry."""
    products: list[Product] = []
    notes: list[Note] = []
    for index in indices:
        product = _product(index, index, index, "mask", options.types.get("mask", "defects"), options)
        if isinstance(product, Problem):
            notes.append(Note(product, index, 1))
        else:
            products.append(replace(product, file=index))
    return _survey("masks", tuple(products), notes, ())


def _survey(kind: str, products: tuple[Product, ...], notes: list[Note], indices: tuple[str, ...]) -> Survey:
    return Survey(
        kind=kind,
        products=products,
        notes=tuple(notes),
        detectors=detector_numbers(product.detector for product in products if product.detector),
        filters=tuple(sorted({product.filter for product in products if product.filter})),
        indices=indices,
        latest_wins=True,
    )


def _product(
    path: str, label: str, index: str, kind: str, type_name: str, options: SourceOptions
) -> Product | Problem:
    """Return the product of a file, or why it has no place."""
    cls = find_type(type_name) if type_name else None
    name = path.rpartition("/")[2]
    match = _DATE.search(name)
    start = options.start
    if match is not None:
        try:
            day = date.fromisoformat("-".join(match.groups()))
            start = datetime(day.year, day.month, day.day)
        except ValueError:
            pass
    if start is None:
        if cls is not None:
            return Problem(
                "CAL731", (), f"{label}: nothing says from when on it is valid", "say it: --from DATE"
            )
        start = datetime(1970, 1, 1)
    product = Product(label=label, index=index, kind=kind, type=cls.SPEC.name if cls else "", start=start)
    if cls is None:
        return product
    if cls.SPEC.has_detector:
        marked = _DETECTOR.search(name)
        detector = marked[1] if marked is not None else options.detector
        fault = name_fault(detector, "detector")
        if fault:
            return Problem("CAL731", (), f"{label}: {fault}", "say it: --detector NAME")
        product = replace(product, detector=detector)
    if cls.SPEC.has_filter:
        fault = name_fault(options.filter, "filter")
        if fault:
            return Problem("CAL731", (), f"{label}: {fault}", "say it: --filter NAME")
        product = replace(product, filter=options.filter)
    return product


def _associated(tree: SourceTree, index: str) -> Iterator[tuple[str, str, str, str, bool]]:
    """Yield setup, group, frame type and path of each file of an association, and whether it is a raw file."""
    try:
        text = tree.read(index, _LARGEST).decode("utf-8")
    except (CuratedError, UnicodeDecodeError) as error:
        raise SourceError(Problem("CAL730", (), f"it cannot be read: {error}"), index) from error
    data, problems = load_yaml(text)
    problems = [problem for problem in problems if problem.code not in _LENIENT]
    if problems:
        raise SourceError(replace(problems[0], code="CAL730"), index)
    if not isinstance(data, dict):
        raise SourceError(Problem("CAL730", (), "it is no mapping of setups"), index)
    for setup, groups in data.items():
        if not isinstance(groups, Mapping):
            raise SourceError(Problem("CAL730", (), f"setup {brief(setup)} has no groups"), index)
        for group, frames in groups.items():
            if group == "--" or not isinstance(frames, Mapping):
                continue
            for frame, files in frames.items():
                yield from _files(str(setup), str(group), str(frame), files)


_LENIENT = frozenset(("CAL222",))
"""Keys of groups are whole numbers."""


def _files(setup: str, group: str, frame: str, files: Any) -> Iterator[tuple[str, str, str, str, bool]]:
    by_kind = files if isinstance(files, Mapping) else {"raw": files}
    for kind, paths in by_kind.items():
        for path in paths if isinstance(paths, list) else [paths]:
            if isinstance(path, str) and path:
                yield setup, group, frame, path, kind != "proc"
