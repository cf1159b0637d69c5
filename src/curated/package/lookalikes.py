"""Names of files that look like calibrations and are not read: why not, and what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from curated.calib import Calib
from curated.core.diagnostic import Problem
from curated.core.storage.limits import raise_exhausted
from curated.registry import find_type

FORMS = {".ecsv": "ecsv", ".ECSV": "ecsv", ".yaml": "yaml", ".YAML": "yaml", ".json": "json", ".JSON": "json"}
"""Text forms by file ending; the stack accepts endings in lower or upper case only, not mixed."""

CONFIG_FILE = "curated.yaml"
"""The file that marks the root of a package."""

_DATED = re.compile(
    r"\s*(?:\d{4}(?:[-_.]?\d\d[-_.]?\d\d|[-_.]\d{1,2}[-_.]\d{1,2})(?:\s?[Tt _-]?[\d:]+(?:[.,]\d+)?)?|\d{4}-?W\d\d(?:-?\d)?)"
    r"\s*(?:Z|UTC|TAI|[+-]\d\d:?\d\d)?\s*(?:\(\d+\)|-? ?copy)?\s*\Z",
    re.IGNORECASE,
)
"""A name that is a date, or was meant to be one."""

_TEXT = re.compile(r"\.(?:ya?ml|ecsv|json)\Z", re.IGNORECASE)
_INNER = re.compile(r"(.*?)(\.(?:yaml|ecsv|json))[^a-z]", re.IGNORECASE)
"""The ending of a text, and something after it."""

_BACKUP = re.compile(r"(?:~|\.(?:orig|bak|rej|swp|old|tmp|save))\Z", re.IGNORECASE)
_COMPRESSED = re.compile(r"\.(?:gz|bz2|xz|zip|zst|fz)\Z", re.IGNORECASE)
_IMAGE = re.compile(r"\.(?:fits?|fts)\Z", re.IGNORECASE)
_CSV = re.compile(r"\.(?:csv|tsv|txt|dat)\Z", re.IGNORECASE)
_PROSE = re.compile(r"\.(?:md|rst)\Z", re.IGNORECASE)

_MOVE = "or move it out of the calibration directories"


class Lookalike(NamedTuple):
    """A file that looks like a calibration: why it is not read, a hint, and whether its name is a date."""

    detail: str
    hint: str
    is_dated: bool


def is_dated(stem: str) -> bool:
    """Say whether a file's name without its ending is a date, or was meant to be one."""
    return _DATED.match(stem) is not None


def is_dated_text(path: str) -> bool:
    """Say whether a path ends like that of a calibration's text."""
    stem, ending = os.path.splitext(path.rpartition("/")[2])
    return ending in FORMS and is_dated(stem)


def examine_name(name: str, cls: type[Calib] | None = None) -> Lookalike | None:
    """Return why a file is not read though it looks like a calibration; `None` if it does not.

    Parameters
    ----------
    name : `str`
        Name of a file that does not end in one of `FORMS`, or is not in its place.
    cls : `type` [`Calib`], optional
        Type of the directory.
    """
    core, wrapping = _unwrapped(name)
    stem, ending = os.path.splitext(core)
    dated = is_dated(stem) or is_dated(core)
    whole_ending = os.path.splitext(name)[1]
    detail = f"files {f'that end in {whole_ending!r}' if whole_ending else 'without an ending'} are not read"
    if not is_dated(stem) and (inner := _INNER.match(name)) and is_dated(inner[1]):
        hint = f"rename it to {inner[1]}{inner[2].lower()}, or remove it: git keeps old versions"
        return Lookalike(detail, hint, True)
    if _TEXT.search(core):
        return Lookalike(detail, _text_hint(stem, ending, wrapping), dated)
    if not dated or _PROSE.search(name):
        return None
    if _IMAGE.search(core):
        return Lookalike(*_image(stem, name, cls), True)
    if _CSV.search(core):
        hint = (
            "write it as ECSV, whose header has units and keywords: a new ending alone does not give it one; "
            "see 'datatype' and 'meta' in any .ecsv of the type"
        )
        return Lookalike(detail, f"{hint}; {_MOVE}", True)
    hint = f"name it {stem.strip()}.ecsv, .yaml or .json if it is such a text, {_MOVE}"
    return Lookalike(detail, hint, True)


def _unwrapped(name: str) -> tuple[str, str]:
    """Return a name without blanks at its ends and endings of backups and compression, and the last of these."""
    core, wrapping = name.strip().rstrip("."), ""
    if core != name:
        wrapping = " "
    while match := _BACKUP.search(core) or _COMPRESSED.search(core):
        wrapping = wrapping or match[0]
        core = core[: match.start()]
    # A text that something saved as text.
    without_text = core.removesuffix(".txt")
    if _TEXT.search(without_text):
        return without_text, wrapping or core[len(without_text) :]
    return core, wrapping


def _text_hint(stem: str, ending: str, wrapping: str) -> str:
    right = ".yaml" if ending.lower() == ".yml" else ending.lower()
    if _COMPRESSED.search(wrapping):
        return f"uncompress it to {stem}{right}, {_MOVE}"
    if _BACKUP.search(wrapping):
        return "remove it: git keeps old versions"
    return f"rename it to {stem}{right}, {_MOVE}"


def _image(stem: str, name: str, cls: type[Calib] | None) -> tuple[str, str]:
    """Return why a FITS file is not read, and what to do."""
    if cls is None:
        return "FITS files are not read here", f"move it to the directory of its type, {_MOVE}"
    spec = cls.SPEC
    if spec.beside:
        side = f"{stem}.yaml with 'image: {{file: {stem}{spec.beside[0]}, ...}}'"
        return (
            f"images of {spec.name} end in {', '.join(spec.beside)}",
            f"rename it, and describe it in the side file {side} (docs/images.md)",
        )
    text = f"{stem}.{spec.forms[0]}"
    packed = _COMPRESSED.search(name)
    unpack = (
        f"unpack it with {'funpack' if packed[0].lower() == '.fz' else 'gunzip or the like'}, and "
        if packed
        else ""
    )
    convert = f"{cls.__module__}.{cls.__name__}.readFits({_COMPRESSED.sub('', name)!r}).writeText({text!r})"
    return (
        f"{spec.name} is read from text, and FITS is made of it",
        f"{unpack}write it as text: {convert} in Python; or move it out of the calibration directories",
    )


# -- beside the instruments of a bare package --------------------------------------------------------------


def image_stem(path: str) -> str:
    """Return the path of a FITS file, which may be compressed, without its endings; empty for any other."""
    core = _COMPRESSED.sub("", path)
    stem = _IMAGE.sub("", core)
    return stem if stem != core else ""


def find_strays(paths: Iterable[str], read: Callable[[str], bytes]) -> Iterator[tuple[str, Problem]]:
    """Yield a problem (CAL134) for each directory outside of the instruments that holds dated texts.

    Parameters
    ----------
    paths : iterable [`str`]
        Paths of a bare package that are below no instrument.
    read : `~collections.abc.Callable`
        Function that returns the content of a file: a dated YAML or JSON file may be anything.
    """
    paths = list(paths)
    packages = sorted(os.path.dirname(path) for path in paths if path.endswith(f"/{CONFIG_FILE}"))
    groups: dict[tuple[str, str, str], list[str]] = {}
    for path in filter(is_dated_text, paths):
        package = next((p for p in packages if path.startswith(f"{p}/")), "")
        parts = path.split("/")
        levels = (i for i in range(2, len(parts) - 1) if find_type(parts[i]))
        root = package or "/".join(parts[: next(levels, 1) - 1])
        directory = root or "/".join(parts[:2][: len(parts) - 1])
        kind = "package" if package else "deep" if root else "other"
        groups.setdefault((directory, kind, root), []).append(path)
    for (directory, kind, root), members in groups.items():
        if kind != "other" or any(_is_calibration(path, read) for path in members):
            yield _printable(members[0]), _stray(_printable(directory), kind, _printable(root), len(members))


def _is_calibration(path: str, read: Callable[[str], bytes]) -> bool:
    """Say whether a dated text is a calibration: an ECSV file, or another one with a keyword of all calibrations."""
    if FORMS[os.path.splitext(path)[1]] == "ecsv":
        return True
    try:
        return b"OBSTYPE" in read(path).upper()
    except OSError as error:
        raise_exhausted(error)
        return False


def _printable(path: str) -> str:
    """Return a path in which bytes that are not UTF-8, which Python decodes as lone surrogates, are escaped."""
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _stray(directory: str, kind: str, root: str, count: int) -> Problem:
    texts = "1 dated text" if count == 1 else f"{count} dated texts"
    if kind == "package":
        return Problem(
            "CAL134",
            (),
            f"{root} is another package; not checked here: {texts}",
            f"run it with -C {root}",
        )
    if kind == "deep":
        hint = f"run it with -C {root}, or set 'calibs: {root}' in curated.yaml"
        return Problem("CAL134", (), f"deeper than the instruments of this package, in {root}: {texts}", hint)
    where = f"in {directory}" if directory else "beside the instruments"
    return Problem("CAL134", (), f"not read {where}: {texts}; expected <instrument>/<type>/...")
