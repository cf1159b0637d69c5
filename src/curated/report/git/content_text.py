"""What git shows of calibrations: the text that it compares, and the difference of two contents of one file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from curated.calib import Calib, CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibKey
from curated.declare import Conditions
from curated.difference.cameras import NO_CAMERAS, Cameras, conditions_at, read_cameras
from curated.difference.measuring import Version, compare
from curated.fits.file_headers import read_headers
from curated.fits.header import DamagedError, read_keywords
from curated.fits.listing import HduListing, list_hdus
from curated.history.changes import different_fields, different_keywords
from curated.package.instrument import Instrument
from curated.package.layout import discover
from curated.registry import find_type
from curated.report.difference_text import effect_text, names_text, wrapped
from curated.report.git.calibration_text import calibration_lines
from curated.report.text import printable
from curated.text import read
from curated.text.ecsv.row_comments import row_comments
from curated.text.reader import MAX_BYTES

if TYPE_CHECKING:
    from curated.package.package import Package

_FITS = b"SIMPLE  ="
_FORMS = {".ecsv": "ecsv", ".yaml": "yaml", ".json": "json"}
_SAMPLE = 1 << 13
_NOTHING = os.devnull
_NOTHING_CHANGED = "  no physical change: the files differ, their values do not"


class Content(NamedTuple):
    """A content of a file, as git hands it over.

    Parameters
    ----------
    data : `bytes`
        Its bytes; of a FITS file the first ones.
    file : `str`
        The file that holds it.
    calib : `Calib` or `None`
        The calibration; `None` if it is none, or cannot be read.
    """

    data: bytes
    file: str
    calib: Calib | None

    @property
    def is_fits(self) -> bool:
        """Whether it begins as FITS files do."""
        return self.data.startswith(_FITS)


def read_content(file: str, name: str = "") -> Content:
    """Read a content.

    Parameters
    ----------
    file : `str`
        The file that holds it.
    name : `str`, optional
        Path of the calibration in the repository, whose directories and ending say what it is; ``file`` if not given.
    """
    with open(file, "rb") as stream:
        data = stream.read(_SAMPLE)
        if not data.startswith(_FITS):
            data += stream.read(MAX_BYTES)
    name = name or file
    try:
        calib = _read_fits(file, name) if data.startswith(_FITS) else _read_text(data, name)
    except (CalibrationError, CuratedError, DamagedError, OSError, ValueError):
        calib = None
    return Content(data, file, calib)


def _read_text(data: bytes, name: str) -> Calib | None:
    form = _FORMS.get(os.path.splitext(name)[1].lower())
    source, _ = read(data, form) if form is not None else (None, [])
    if source is None:
        return None
    cls = _type_of(name, source.metadata.get("OBSTYPE"))
    return cls.from_source(source)[0] if cls is not None else None


def _read_fits(file: str, name: str) -> Calib | None:
    keywords = read_keywords(next(read_headers(file)))
    cls = _type_of(name, keywords.get("OBSTYPE"))
    return cls.readFits(file) if cls is not None and not cls.SPEC.beside else None


def _type_of(name: str, obstype: Any) -> type[Calib] | None:
    """Return the type of a calibration, by the directories above it, else by its keywords."""
    for part in reversed(Path(name).parts[:-1]):
        cls = find_type(part)
        if cls is not None:
            return cls
    return find_type(obstype) if isinstance(obstype, str) else None


# -- the text that git compares -----------------------------------------------------------------------------


def content_lines(content: Content) -> Iterator[str]:
    """Yield the lines that stand for a content: of a calibration what it says, of anything else what it is."""
    if content.calib is not None:
        conditions = Conditions(filter_name=str(content.calib.metadata.get("FILTER") or ""))
        yield from calibration_lines(content.calib, conditions)
    elif content.is_fits:
        for number, listing in enumerate(list_hdus(content.file)):
            yield from _hdu_lines(number, listing)
    else:
        yield from plain_lines(content.data)


def plain_lines(data: bytes) -> Iterator[str]:
    """Yield the lines of a text, without what could control a terminal."""
    for line in data.decode("utf-8", errors="backslashreplace").splitlines():
        yield printable(line)


def _hdu_lines(number: int, listing: HduListing) -> Iterator[str]:
    shape = f", {'x'.join(map(str, listing.shape))}" if listing.shape else ""
    yield printable(f"HDU {number} {listing.name}{shape}")
    for key, value in sorted(listing.keywords.items()):
        yield printable(f"  {key}: {value}")
    if listing.median is not None:
        yield f"  median {listing.median:.7g}, scatter {listing.scatter:.7g}, {listing.bad} bad pixels"
    if listing.digest:
        yield f"  sha256 {listing.digest}"


# -- the difference of two contents -------------------------------------------------------------------------


class Surroundings:
    """Instruments and cameras of packages, each read once: they hardly change while git shows a difference."""

    def __init__(self) -> None:
        self._packages: dict[Path, tuple[Package, dict[str, Instrument]]] = {}
        self._cameras: dict[tuple[Path, str], Cameras] = {}

    def of(self, package: Package, key: CalibKey) -> tuple[dict[str, Instrument], Cameras]:
        """Return the instruments of a package, and the cameras and gains of the detector of a key."""
        from curated.check.instruments import read_instruments

        root = package.root
        if root not in self._packages:
            self._packages[root] = package, dict(read_instruments(package)[0])
        package, declared = self._packages[root]  # whose files are listed
        if not key.detector:
            return declared, NO_CAMERAS
        if (root, key.instrument) not in self._cameras:
            self._cameras[root, key.instrument] = read_cameras((package,), (key.instrument,))
        gains = read_cameras((package,), (), (key,)).gains
        return declared, self._cameras[root, key.instrument]._replace(gains=gains)


def external_difference(arguments: Sequence[str], surroundings: Surroundings | None = None) -> Iterator[str]:
    """Yield the lines of a difference for git's external diff protocol.

    Parameters
    ----------
    arguments : sequence [`str`]
        Path, then file, blob and mode of the old content, and those of the new one; after a renaming the new path, and
        what git says of it. The path alone stands for a file that is not merged.
    surroundings : `Surroundings`, optional
        What was read for other files of the same difference.

    Raises
    ------
    CuratedError
        If these are no such arguments.
    """
    if len(arguments) == 1:
        yield printable(f"* Unmerged path {arguments[0]}")
        return
    if len(arguments) not in (7, 9):
        raise CuratedError(f"git gave {len(arguments)} arguments", "git calls it by itself")
    path, old_file, old_blob, old_mode, new_file, new_blob, new_mode, *renaming = arguments
    new_path = renaming[0] if renaming else path
    yield printable(f"diff --curated a/{path} b/{new_path}")
    if renaming:
        yield from (printable(line) for line in renaming[1].splitlines())
    yield from _mode_lines(old_file, old_mode, new_file, new_mode)
    if old_blob == new_blob and old_blob.strip("0."):
        return  # the mode or the name alone
    old = read_content(old_file, path) if old_file != _NOTHING else None
    new = read_content(new_file, new_path) if new_file != _NOTHING else None
    is_same = old is not None and new is not None and old.data == new.data and not old.is_fits
    if old_mode != new_mode and is_same:
        return  # the mode alone: git does not hash files of the work tree before
    calibs = [content.calib for content in (old, new) if content is not None]
    if not calibs or any(calib is None for calib in calibs):
        yield from _other_lines(old, new)
    else:
        yield from _effect_lines(path, old, new, surroundings or Surroundings())


def _mode_lines(old_file: str, old_mode: str, new_file: str, new_mode: str) -> Iterator[str]:
    if old_file == _NOTHING:
        yield f"new file mode {new_mode}"
    elif new_file == _NOTHING:
        yield f"deleted file mode {old_mode}"
    elif old_mode != new_mode:
        yield f"old mode {old_mode}"
        yield f"new mode {new_mode}"


def _effect_lines(
    path: str, old: Content | None, new: Content | None, surroundings: Surroundings
) -> Iterator[str]:
    """Yield the effects of a change of a calibration, all of them, the largest first."""
    before, after = old.calib if old is not None else None, new.calib if new is not None else None
    calib = after if after is not None else before
    if calib is None:
        return
    if before is not None and after is not None and type(before) is not type(after):
        yield f"  {before.SPEC.name} becomes {after.SPEC.name}"
        return
    if calib.companion() is not None:
        yield from _companion_lines(before, after)
        return
    first = Version(path, before) if before is not None else None
    second = Version(path, after) if after is not None else None
    names_of_rows = _row_names(path, old), _row_names(path, new)
    conditions = replace(conditions_of(path, calib, surroundings), row_names=names_of_rows)
    change = compare(CalibKey("", calib.SPEC.name), first, second, (), conditions)
    yield from (f"  {effect_text(effect)}" for effect in change.effects)
    names = (*change.fields, *change.keywords)
    if before is not None and after is not None:
        yield from wrapped(names_text(names), "  ") if names else (_NOTHING_CHANGED,)
    elif not change.effects:
        yield from (f"  {line}" for line in calibration_lines(calib, Conditions()))


def _row_names(path: str, content: Content | None) -> Sequence[str]:
    """Return the name of each row of a table by the comments above them; empty where there are none."""
    if content is None or content.calib is None or not path.endswith(".ecsv"):
        return ()
    return row_comments(content.data)


def _companion_lines(before: Calib | None, after: Calib | None) -> Iterator[str]:
    """Yield what differs between two texts that describe images; their pixels are not among what git hands over."""
    files = [calib.companion() if calib is not None else None for calib in (before, after)]
    hashes = {companion.sha256 for companion in files if companion is not None}
    if before is None or after is None:
        yield from (printable(f"  image {companion.file}") for companion in files if companion is not None)
        return
    if len(hashes) > 1:
        yield "  another image; 'curated diff' measures its pixels"
    names = (*different_fields(before, after), *different_keywords(before, after))
    yield from wrapped(names_text(names), "  ") if names else (_NOTHING_CHANGED,)


def conditions_of(path: str, calib: Calib, surroundings: Surroundings) -> Conditions:
    """Return under which conditions a calibration of the work tree is measured: its filter, and its detector."""
    from curated.package.package import open_package

    filter_name = str(calib.metadata.get("FILTER") or "")
    try:
        package = open_package(os.path.dirname(path) or ".")
        relative = os.path.relpath(os.path.realpath(path), os.path.realpath(package.root))
        (file,) = discover([relative], package.top).files
        declared, cameras = surroundings.of(package, file.key)
    except (CuratedError, OSError, ValueError):
        return Conditions(filter_name=filter_name)
    conditions = conditions_at(file, Conditions(), declared, cameras)
    return replace(conditions, filter_name=conditions.filter_name or filter_name)


def _other_lines(old: Content | None, new: Content | None) -> Iterator[str]:
    """Yield the difference of contents that are no calibrations, line by line."""
    from difflib import unified_diff

    before, after = (list(content_lines(c)) if c is not None else [] for c in (old, new))
    if max(len(before), len(after)) > _MOST_LINES:
        yield f"  {len(before)} lines before, {len(after)} now; 'git diff --no-ext-diff' shows them"
        return
    for number, line in enumerate(unified_diff(before, after, lineterm="")):
        if number > 1:  # after the names of the files
            yield line


_MOST_LINES = 20_000
"""Most lines of which the difference is looked for, which may take as long as the square of their number."""
