"""The file of an entry of a Gen2 registry: by a template of its path, or by what the paths of the source have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping

from curated.core.diagnostic import CuratedError, brief
from curated.migration.tree import SourceTree

_FIELD = re.compile(r"%\((?P<name>[A-Za-z_][A-Za-z0-9_]*)\)(?P<zero>0?)(?P<width>\d{0,2})(?P<kind>[sd])|%%|%")

_DIRECTORIES = {
    "bfk": ("bfk", "bfkernel", "brighter"),
    "qe_curve": ("qe_curve", "qe"),
    "defects": ("defects", "defect"),
}
_DATA = re.compile(r"\.(?:fits?|ecsv|ya?ml|json|dat|txt|csv|pickle)(?:\.(?:gz|fz))?\Z", re.I)


def fill_template(template: str, values: Mapping[str, object]) -> str:
    """Return the path of an entry: ``%(name)s`` and ``%(name)03d`` stand for its columns.

    Raises
    ------
    CuratedError
        If the template names something else, or a value does not fit.
    """

    def fill(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if match["name"] is None:
            raise CuratedError(
                f"{brief(template)} is no template", "write columns like %(filter)s or %(ccd)03d"
            )
        if match["name"] not in values:
            raise CuratedError(
                f"{brief(template)} names {match['name']}, which the entry does not have",
                f"its columns are {', '.join(map(str, values))}",
            )
        value = values[match["name"]]
        width = int(match["width"] or 0)
        if match["kind"] == "s":
            return str(value).rjust(width)
        if not isinstance(value, int):
            raise CuratedError(f"{match['name']} of {brief(template)} is {brief(value)}, no whole number")
        return f"{value:0{width}d}" if match["zero"] else f"{value:{width}d}"

    return _FIELD.sub(fill, template)


class RegistryFiles:
    """Files of a calibration repository, found by type, date, detector and filter in their paths."""

    def __init__(self, tree: SourceTree) -> None:
        self._paths: dict[tuple[str, str], list[str]] = {}
        self._tree = tree
        self._data = [path for path in tree.files if _DATA.search(path)]

    def find(self, kind: str, date: str, number: int | None, filter_name: str) -> list[str]:
        """Return the paths that fit; of one entry there should be one.

        Parameters
        ----------
        date : `str`
            Its ``calibDate``; with or without dashes in the path.
        number : `int`, optional
            Number of its detector.
        filter_name : `str`
            Its filter; empty if the product has none.
        """
        day = date[:10]
        forms = tuple(filter(None, {date.lower(), day.lower(), day.replace("-", "")}))
        key = (kind, day)
        if key not in self._paths:
            self._paths[key] = [path for path in self._data if _has_kind(path, kind) and _has(path, forms)]
        paths = self._paths[key]
        if filter_name:
            # Names like i and i2 are both in a path of i2.
            word = re.compile(rf"(?<![a-z0-9]){re.escape(filter_name.lower())}(?![a-z0-9])")
            paths = [path for path in paths if word.search(path.lower())]
        if number is not None:
            paths = [path for path in paths if number in _numbers(path, forms, filter_name)]
        return paths


def _has_kind(path: str, kind: str) -> bool:
    names = _DIRECTORIES.get(kind, (kind,))
    return any(part.startswith(names) for part in path.lower().split("/"))


def _has(path: str, forms: tuple[str, ...]) -> bool:
    lower = path.lower()
    return any(form in lower for form in forms)


def _numbers(path: str, forms: tuple[str, ...], filter_name: str) -> set[int]:
    """Return the numbers that may be that of a detector: marked ones, else the last one of the name, else all."""
    name = path.lower().rpartition("/")[2]
    stem = _DATA.sub("", name)
    for text in (*forms, filter_name.lower()):
        if text:
            stem = stem.replace(text, " ")
    stem = re.sub(r"\d{4}-\d\d-\d\d|\d{8}t?\d*", " ", stem)
    marked = re.findall(r"(?:det|ccd|detector|chip)[_-]?(\d{1,6})", stem)
    last = re.findall(r"(\d{1,6})\D*\Z", stem)
    return {int(number) for number in marked or last}
