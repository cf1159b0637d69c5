"""Calibration files of DESI's spectrographs: a YAML document for each camera, with versions that are valid for nights.

DATE-OBS-BEGIN and DATE-OBS-END are nights of the observatory, both of them included; a version also has to agree with the
detector and its electronics (DETECTOR, CCDCFG, CCDTMING), as desispec's ``calibfinder`` reads it. More than one version for a
night is an error there.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.times import EARLIEST, LATEST, night_bounds, parse_night
from curated.migration.names import detector_numbers, name_fault
from curated.migration.survey import Note, Product, SourceError, SourceOptions, Survey
from curated.migration.tree import SourceTree
from curated.registry import find_type
from curated.text.yaml.reader import load_yaml

BEGIN, END = "DATE-OBS-BEGIN", "DATE-OBS-END"
_SELECTORS = ("DETECTOR", "CCDCFG", "CCDTMING", "CCDTEMP", "DOSVER", "FEEVER", "CCDNAME")
_TYPES = {"BIAS": "bias", "DARK": "dark", "PIXFLAT": "flat", "MASK": "defects"}
_OPEN = ("none", "", "99999999")
_UTC_OFFSET = -7.0
"""Hours of Arizona, where it is winter time all the year."""

_LARGEST = 16 << 20


def recognises(path: str, head: bytes) -> bool:
    """Say by name and first bytes of a file whether it has versions of a camera."""
    return path.lower().endswith((".yaml", ".yml")) and BEGIN.encode() in head


def survey_desi(tree: SourceTree, indices: tuple[str, ...], options: SourceOptions) -> Survey:
    """Read the documents of all cameras.

    Raises
    ------
    SourceError
        If one of them is no such document.
    """
    offset = _UTC_OFFSET if options.utc_offset is None else options.utc_offset
    products: list[Product] = []
    notes: list[Note] = []
    cameras: set[str] = set()
    for index in indices:
        for camera, versions in _read(tree, index).items():
            fault = name_fault(camera, "detector")
            if fault or not isinstance(versions, dict):
                what = fault or f"{camera} is no list of versions"
                notes.append(Note(Problem("CAL731", (), what), index, _count(versions)))
                continue
            cameras.add(camera)
            reader = _Camera(tree, index, camera, offset, options)
            for version, values in versions.items():
                reader.read(str(version), values)
            reader.close()
            products += reader.products
            notes += reader.notes
    if any(product.type == "gains" for product in products):
        detail = (
            "gains are taken for measured ones, and coefficients of crosstalk for signal in adu that is added"
        )
        notes.append(Note(Problem("CAL737", (), detail), indices[0]))
    repeated = [name for name, count in Counter(p.label for p in products).items() if count > 1]
    if repeated:
        notes.append(Note(Problem("CAL735", (), f"{repeated[0]} is in two documents"), indices[0]))
    return Survey(
        kind="desi",
        instrument="DESI",
        products=tuple(products),
        notes=tuple(notes),
        detectors=detector_numbers(cameras),
        filters=tuple(sorted({product.filter for product in products if product.filter})),
        indices=indices,
        utc_offset=offset,
    )


def _count(versions: Any) -> int:
    return max(len(versions), 1) if isinstance(versions, dict) else 1


def _read(tree: SourceTree, index: str) -> dict[str, Any]:
    try:
        text = tree.read(index, _LARGEST).decode("utf-8")
    except (CuratedError, UnicodeDecodeError) as error:
        raise SourceError(Problem("CAL730", (), f"it cannot be read: {error}"), index) from error
    data, problems = load_yaml(text)
    if problems:
        raise SourceError(replace(problems[0], code="CAL730"), index)
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
        raise SourceError(Problem("CAL730", (), "it is no mapping of cameras to versions"), index)
    return data


class _Camera:
    """The products of a camera, version by version."""

    def __init__(
        self, tree: SourceTree, index: str, camera: str, offset: float, options: SourceOptions
    ) -> None:
        self._tree, self._index, self._camera = tree, index, camera
        self._offset, self._options = offset, options
        self.products: list[Product] = []
        self.notes: list[Note] = []
        self._unplaced, self._conditions = Counter[str](), Counter[str]()

    def read(self, version: str, values: Any) -> None:
        """Read a version."""
        label = f"{self._camera} {brief(version)}"
        if not isinstance(values, dict):
            self._lose("CAL731", f"{label} is no mapping", 1)
            return
        values = {str(key): value for key, value in values.items()}
        files = {key: value for key, value in values.items() if self._is_file(key, value)}
        calibration = self._made(values, label)
        count = len(files) + len(calibration)
        try:
            start, end = self._range(values)
        except ValueError as error:
            self._lose("CAL731", f"{label}: {error}", max(count, 1))
            return
        selectors = {key: str(values[key]).strip() for key in _SELECTORS if values.get(key) is not None}
        common = Product(
            label=label,
            index=self._index,
            kind="",
            detector=self._camera,
            start=start,
            end=end,
            selectors=selectors,
        )
        for key, value in files.items():
            self.products.append(self._file_product(common, key, value))
        for type_name, (content, keys) in calibration.items():
            entry = replace(common, label=f"{label} {type_name}", kind=type_name, type=type_name)
            self.products.append(replace(entry, content=content, file=self._index))
            values = {key: value for key, value in values.items() if key not in keys}
        self._unplaced.update(
            set(values) - set(files) - {BEGIN, END, *_SELECTORS, "AMPLIFIERS" if calibration else ""}
        )
        self._conditions.update(list(selectors) if count else ())

    def close(self) -> None:
        """Note what the versions say that has no place in a package."""
        for counts, what in (
            (self._unplaced, "has no place in a package"),
            (self._conditions, "is a condition of use, which a lookup does not know"),
        ):
            for key, count in sorted(counts.items()):
                detail = f"{self._camera}: {brief(key)} {what}; {count} versions have it"
                self.notes.append(
                    Note(Problem("CAL736", (), detail, "the copy of the document keeps it"), self._index)
                )

    def _range(self, values: Mapping[str, Any]) -> tuple[datetime, datetime | None]:
        first = _night(values.get(BEGIN), BEGIN)
        start = max(night_bounds(first, self._offset)[0], EARLIEST)
        if str(values.get(END, "none")).strip().lower() in _OPEN or values.get(END) is None:
            return start, None
        last = _night(values.get(END), END)
        if last < first:
            raise ValueError(f"{END} {last} is before {BEGIN} {first}")
        return start, min(night_bounds(last, self._offset)[1], LATEST)

    def _is_file(self, key: str, value: Any) -> bool:
        is_name = (isinstance(value, str) and "/" in value) or (isinstance(value, str) and "." in value[-9:])
        return key in _TYPES or key in self._options.types or (is_name and key not in _SELECTORS)

    def _file_product(self, common: Product, key: str, value: Any) -> Product:
        type_name = self._options.types.get(key, _TYPES.get(key, ""))
        cls = find_type(type_name) if type_name else None
        product = replace(common, label=f"{common.label} {key}", kind=key, type=cls.SPEC.name if cls else "")
        if cls is not None and cls.SPEC.has_filter:
            # Each camera is behind the dichroic of its arm, the first letter of its name.
            product = replace(product, filter=self._options.filter or self._camera[:1])
        file = self._tree.find(value, self._index) if isinstance(value, str) else ""
        if not file:
            self._lose("CAL732", f"{product.label}: {brief(value)} is not in the source", 0)
        return replace(product, file=file)

    def _made(self, values: Mapping[str, Any], label: str) -> dict[str, tuple[bytes, set[str]]]:
        """Return calibrations that the values of a version make by themselves: text, and the values in it."""
        amplifiers = values.get("AMPLIFIERS")
        if (
            not isinstance(amplifiers, str)
            or not amplifiers.isalnum()
            or len(set(amplifiers)) != len(amplifiers)
        ):
            return {}
        made: dict[str, tuple[bytes, set[str]]] = {}
        gains = self._numbers(values, "GAIN", amplifiers)
        if gains and find_type("gains") is not None:
            tree: dict[str, Any] = {"gain": gains, "source": "measured"}
            keys = {f"GAIN{name}" for name in amplifiers}
            for name, prefix in (("readNoise", "READNOISE"), ("saturation", "SATURLEV")):
                numbers = self._numbers(values, prefix, amplifiers)
                if numbers:
                    tree[name] = numbers
                    keys |= {f"{prefix}{amplifier}" for amplifier in amplifiers}
            made["gains"] = (_text("gains", tree), keys)
        elif any(f"GAIN{name}" in values for name in amplifiers):
            names = ", ".join(amplifiers)
            self._lose("CAL731", f"{label}: GAIN of some of the amplifiers {names} is no number", 1)
        pairs = [f"{a}{b}" for a in amplifiers for b in amplifiers if a != b]
        present = {pair for pair in pairs if f"CROSSTALK{pair}" in values}
        if present:
            coeffs = [values.get(f"CROSSTALK{a}{b}", 0.0) for a in amplifiers for b in amplifiers]
            if all(_is_number(value) for value in coeffs):
                tree = {
                    "hasCrosstalk": True,
                    "nAmp": len(amplifiers),
                    "crosstalkRatiosUnits": "adu",
                    "coeffs": [float(value) for value in coeffs],
                }
                made["crosstalk"] = (_text("crosstalk", tree), {f"CROSSTALK{pair}" for pair in present})
            else:
                self._lose("CAL731", f"{label}: coefficients of crosstalk are no numbers", 1)
        return made

    def _numbers(self, values: Mapping[str, Any], prefix: str, amplifiers: str) -> dict[str, float]:
        """Return a number for each amplifier; nothing if one of them has none."""
        numbers = {name: values.get(f"{prefix}{name}") for name in amplifiers}
        if not all(_is_number(value) for value in numbers.values()):
            return {}
        return {name: float(value) for name, value in numbers.items() if value is not None}

    def _lose(self, code: str, detail: str, entries: int) -> None:
        self.notes.append(Note(Problem(code, (), detail), self._index, entries))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _night(value: Any, key: str) -> Any:
    try:
        return parse_night(str(value).strip())
    except ValueError:
        raise ValueError(f"{key} is {brief(value)}, no night such as 20200131") from None


def _text(type_name: str, tree: Mapping[str, Any]) -> bytes:
    """Return the text of a calibration; JSON is YAML."""
    cls = find_type(type_name)
    obstype = cls.SPEC.obstype if cls is not None else type_name
    return json.dumps({"metadata": {"OBSTYPE": obstype}, **tree}).encode()
