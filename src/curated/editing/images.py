"""What a side file says of its image, as the image has it: size, hash, width, height and statistics."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from curated.check.report import FileReport
from curated.core.codes import Severity, code_info
from curated.core.diagnostic import CuratedError, Problem
from curated.core.keys import CalibFile
from curated.image.planes import digest, statistics
from curated.image.reader import is_plain_name, read_image
from curated.package.files import LeadsOutError
from curated.package.package import Package
from curated.registry import get_type
from curated.types._image_statistics import statistic_problems

_IMAGE, _STATISTICS = "image", "statistics"
_SECTIONS = {
    _IMAGE: ("file", "sha256", "size", "width", "height"),
    _STATISTICS: ("mean", "median", "standard_deviation", "bad_pixels"),
}
_CODES = frozenset({"CAL210", "CAL301", "CAL340", "CAL343", "CAL347", "CAL354"})


class ImageValue(NamedTuple):
    """A value of a side file that follows from the image.

    Parameters
    ----------
    section, name : `str`
        Where it stands.
    before, now : `object`
        The value in the text, `None` if there is none, and that of the image.
    """

    section: str
    name: str
    before: Any
    now: Any


def wrong_values(
    package: Package, file: CalibFile, tree: Mapping[str, Any], report: FileReport | None
) -> list[ImageValue]:
    """Return the values of a side file that are missing, or that its image does not have.

    Parameters
    ----------
    tree : `dict`
        Values of the text beside the metadata.
    report : `FileReport` or `None`
        Its check; without findings about the image the image is not read again.

    Raises
    ------
    CuratedError
        If the image is missing, damaged, or in another place.
    """
    if not get_type(file.key.type).SPEC.beside:
        return []
    sections = {name: _mapping(tree.get(name)) for name in _SECTIONS}
    is_complete = all(sections[s].get(n) is not None for s, names in _SECTIONS.items() for n in names)
    codes = {d.code for d in report.diagnostics} if report is not None else _CODES
    if is_complete and not codes & _CODES:
        return []
    name = _name(package, file, sections[_IMAGE].get("file"))
    actual = _measure(package, file, name)
    values = []
    is_other = any(sections[_IMAGE].get(key) != actual[_IMAGE][key] for key in ("sha256", "size"))
    for section, names in _SECTIONS.items():
        stale = (
            set(_stale(sections[section], actual[section]))
            if section == _STATISTICS and not is_other
            else None
        )
        for key in names:
            before, now = sections[section].get(key), actual[section].get(key)
            is_wrong = before is None or (before != now if stale is None else key in stale)
            if now is not None and is_wrong:
                values.append(ImageValue(section, key, before, now))
    return values


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _name(package: Package, file: CalibFile, name: Any) -> str:
    """Return the name of the image: that in the text, or else that of the only image of the calibration's name."""
    if isinstance(name, str) and name:
        if not is_plain_name(name):
            raise CuratedError(
                f"file {name!r} is not the name of a file beside it", "put the image beside the side file"
            )
        return name
    stem = os.path.splitext(file.path)[0]
    images = [path for path in package.layout.beside if path.startswith(f"{stem}.")]
    if len(images) != 1:
        count = "no image" if not images else "several images"
        raise CuratedError(
            f"the side file names no image, and {count} of its name stand beside it", "write 'file:'"
        )
    return os.path.basename(images[0])


def _measure(package: Package, file: CalibFile, name: str) -> dict[str, dict[str, Any]]:
    """Return the values of an image, by section and name."""
    path = os.path.join(os.path.dirname(file.path), name)
    try:
        place = package.files.locate(path)
    except LeadsOutError as error:
        raise CuratedError(f"{name} {error.strerror}", "put the image itself beside the side file") from error
    except FileNotFoundError as error:
        raise CuratedError(
            f"{name} is not there", "put the image beside the side file, or correct 'file:'"
        ) from error
    except OSError as error:
        raise CuratedError(f"{name}: {error.strerror or error}", "put an image in its place") from error
    if place is None:
        raise CuratedError(f"{name} is not on disk", "check it out first")
    image = read_image(place)
    errors = [p for p in image.problems if code_info(p.code).severity is Severity.ERROR]
    if errors or not image.planes:
        reason = f"{errors[0].code} {errors[0].detail}" if errors else "it has no image"
        raise CuratedError(f"{name}: {reason}", _hint(errors))
    plane = image.planes["IMAGE"]
    measured = statistics(image.planes)
    return {
        _IMAGE: {
            "file": name,
            "sha256": digest(place, ()),
            "size": os.stat(place).st_size,
            "width": plane.width,
            "height": plane.height,
        },
        _STATISTICS: {key: _rounded(value) for key, value in measured.items()},
    }


def _hint(errors: list[Problem]) -> str:
    if not errors:
        return "put an image in its place"
    return errors[0].hint or code_info(errors[0].code).hint


def _rounded(value: float) -> float | int:
    """Return a statistic as people read it; whole numbers stay."""
    return value if isinstance(value, int) else float(f"{float(value):.6g}")


def _stale(declared: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[str]:
    """Yield the statistics that the check would not accept."""
    numbers = {k: v for k, v in declared.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
    yield from (name for name, value in declared.items() if name not in numbers and value is not None)
    if "bad_pixels" in actual:
        yield from (str(problem.pointer[-1]) for problem in statistic_problems(numbers, actual))
