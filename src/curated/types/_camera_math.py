"""Changes of cameras: moves of detectors, electronics and geometry of amplifiers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from curated.declare import Bound, Comparison, Conditions, Measure, Reading
from curated.types._detector_bounds import FULL_WELL, GAIN, LEVEL, NOISE
from curated.types._keyed_changes import compared, difference, percentage

_GEOMETRY = ("detector_width", "detector_height", "pixel_size")
_AMPLIFIER_GEOMETRY = (
    *("amplifier_x0", "amplifier_y0", "amplifier_width", "amplifier_height", "raw_x0", "raw_y0"),
    *("serial_overscan_x0", "serial_overscan_y0", "serial_overscan_width", "serial_overscan_height"),
    *("parallel_overscan_x0", "parallel_overscan_y0", "parallel_overscan_width", "parallel_overscan_height"),
    *("flip_x", "flip_y", "readout_corner"),
)


def _detectors(calib: Any, *names: str) -> dict[str, tuple[Any, ...]]:
    """Return values of each detector of a `CameraGeometry`."""
    columns = [getattr(calib, name).tolist() for name in ("detector_name", *names)]
    return {str(row[0]): tuple(row[1:]) for row in zip(*columns, strict=True)}


def _amplifiers(calib: Any, *names: str) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return values of each amplifier of a `CameraGeometry`, by the names of the detector and of its own."""
    keys = ("amplifier_detector", "amplifier_name")
    columns = [getattr(calib, name).tolist() for name in (*keys, *names)]
    return {(str(row[0]), str(row[1])): tuple(row[2:]) for row in zip(*columns, strict=True)}


def _moves(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    after = _detectors(new, "detector_x", "detector_y")
    for name, (x, y) in _detectors(old, "detector_x", "detector_y").items():
        if name in after:
            steps = difference(x, after[name][0]), difference(y, after[name][1])
            yield Reading(1000 * math.hypot(*steps), of={"detector": name})


def _rotations(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    after = _detectors(new, "detector_rotation")
    for name, (angle,) in _detectors(old, "detector_rotation").items():
        if name in after:
            yield compared(difference, angle, after[name][0], detector=name)


def _percentages(name: str) -> Any:
    def compute(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
        after = _amplifiers(new, name)
        for key, (value,) in _amplifiers(old, name).items():
            if key in after:
                yield compared(percentage, value, after[key][0], detector=key[0], amplifier=key[1])

    return compute


def _geometry(calib: Any) -> dict[str, dict[Any, tuple[Any, ...]]]:
    """Return the sizes of each detector, and the boxes and read-out of its amplifiers."""
    values: dict[str, dict[Any, tuple[Any, ...]]] = {
        name: {"": sizes} for name, sizes in _detectors(calib, *_GEOMETRY).items()
    }
    for (detector, amplifier), boxes in _amplifiers(calib, *_AMPLIFIER_GEOMETRY).items():
        values.setdefault(detector, {})[amplifier] = boxes
    return values


def count_differences(before: Mapping[Any, tuple[Any, ...]], after: Mapping[Any, tuple[Any, ...]]) -> int:
    """Return how many values differ; an item that only one of both has counts as one."""
    count = 0
    # NaN, as that of a pixel size, is the same as NaN.
    for key in before.keys() | after.keys():
        if key not in before or key not in after:
            count += 1
        else:
            count += sum(not _is_same(a, b) for a, b in zip(before[key], after[key], strict=True))
    return count


def _is_same(first: Any, second: Any) -> bool:
    return bool(first == second) or repr(first) == repr(second) == "nan"


def _geometry_changes(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    yield from _counts(_geometry(old), _geometry(new))


def _counts(
    before: Mapping[str, Mapping[Any, tuple[Any, ...]]], after: Mapping[str, Mapping[Any, tuple[Any, ...]]]
) -> Iterator[Reading]:
    for name in dict.fromkeys([*before, *after]):
        yield Reading(count_differences(before.get(name, {}), after.get(name, {})), of={"detector": name})


_GEOMETRY_CHANGES: dict[str, Any] = {
    "name": "geometry_changes",
    "unit": "",
    "notable": 0.01,
    "additive": True,
}
"""Any of them makes all images wrong, so that a single one is a hundred times what is notable."""

MEASURES = (
    Measure(
        doc="Number of changed sizes, boxes, overscans, flips and read-out corners of a detector, and of its amplifiers that came or went.",
        compute=_geometry_changes,
        **_GEOMETRY_CHANGES,
    ),
    Measure(
        name="detector_move",
        unit="um",
        doc="Distance by which the centre of a detector moved in the focal plane.",
        compute=_moves,
        notable=1,
    ),
    Measure(
        name="rotation_change",
        unit="deg",
        doc="Change of the rotation of a detector in the focal plane.",
        compute=_rotations,
        notable=0.001,
    ),
    Measure(
        name="gain_change",
        unit="%",
        doc="Relative change of the gain of an amplifier.",
        compute=_percentages("amplifier_gain"),
        notable=0.5,
    ),
    Measure(
        name="noise_change",
        unit="%",
        doc="Relative change of the read noise of an amplifier.",
        compute=_percentages("amplifier_read_noise"),
        worse="more",
        notable=5,
    ),
    Measure(
        name="saturation_change",
        unit="%",
        doc="Relative change of the saturation level of an amplifier.",
        compute=_percentages("amplifier_saturation"),
        worse="less",
        notable=5,
    ),
)


# -- the stack's camera file --------------------------------------------------------------------------


def _archive_gains(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    if old.archive is None or new.archive is None:
        return
    before, after = (
        {(d.name, a.name): a.gain for d in calib.archive.detectors for a in d.amplifiers}
        for calib in (old, new)
    )
    for (detector, amplifier), gain in before.items():
        if (detector, amplifier) in after:
            new_gain = after[detector, amplifier]
            yield compared(percentage, gain, new_gain, detector=detector, amplifier=amplifier)


def _archive_geometry(calib: Any) -> dict[str, dict[Any, tuple[Any, ...]]]:
    return {
        d.name: {
            "": (d.id, d.serial, d.purpose, d.width, d.height),
            **{("amplifier", a.name): (a.width, a.height) for a in d.amplifiers},
        }
        for d in calib.archive.detectors
    }


def _archive_changes(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    if old.archive is not None and new.archive is not None:
        yield from _counts(_archive_geometry(old), _archive_geometry(new))


STACK_MEASURES = (
    Measure(
        doc="Number of changed numbers, serials, purposes and sizes of a detector, and of its amplifiers that came or went.",
        compute=_archive_changes,
        **_GEOMETRY_CHANGES,
    ),
    Measure(
        name="gain_change",
        unit="%",
        doc="Relative change of the gain of an amplifier.",
        compute=_archive_gains,
        notable=0.5,
    ),
)


# -- bounds -------------------------------------------------------------------------------------------


def _amplifier_name(calib: Any, _: str, index: tuple[int, ...]) -> str:
    row = index[0]
    return f"{calib.amplifier_detector[row]} {calib.amplifier_name[row]}"


def _amplifier_bound(quantity: str, doc: str, limits: Mapping[str, Any], key: str, values: Any) -> Bound:
    """Return a bound of what each amplifier has."""
    return Bound(
        quantity=quantity,
        doc=doc,
        values=values,
        label=_amplifier_name,
        pointer=lambda _, index: ("amplifiers", *index, key),
        **limits,
    )


def _position_bound(axis: str) -> Bound:
    return Bound(
        quantity=f"detector_{axis}",
        doc=f"Distance of a detector from the centre of the focal plane in {axis}.",
        values=lambda calib: np.abs(np.asarray(getattr(calib, f"detector_{axis}"), "f8")),
        unit="mm",
        maximum=2000.0,
        label=lambda calib, _, index: str(calib.detector_name[index[0]]),
        pointer=lambda _, index: ("detectors", *index, axis),
        source="The largest focal planes are 1,000 mm wide (LSSTCam: 640); larger numbers may be in micrometres.",
    )


BOUNDS = (
    _amplifier_bound("gain", "Gain of an amplifier.", GAIN, "gain", lambda calib: calib.amplifier_gain),
    _amplifier_bound(
        "read_noise",
        "Read noise of an amplifier.",
        NOISE,
        "read_noise",
        lambda calib: calib.amplifier_read_noise,
    ),
    _amplifier_bound(
        "saturation",
        "Saturation level of an amplifier.",
        LEVEL,
        "saturation",
        lambda calib: calib.amplifier_saturation,
    ),
    _amplifier_bound(
        "full_well",
        "Saturation level of an amplifier in electron.",
        FULL_WELL,
        "saturation",
        lambda calib: calib.amplifier_saturation * calib.amplifier_gain,
    ),
    Bound(
        quantity="pixel_size",
        doc="Side of a pixel of a detector.",
        values=lambda calib: calib.pixel_size,
        unit="mm",
        minimum=0.0005,
        maximum=0.2,
        label=lambda calib, _, index: str(calib.detector_name[index[0]]),
        pointer=lambda _, index: ("detectors", *index, "pixel_size"),
        source="CMOS sensors of cameras have 0.0005 to 0.01, CCDs and infrared arrays up to 0.05.",
    ),
    _position_bound("x"),
    _position_bound("y"),
    Bound(
        quantity="filter_wavelength",
        doc="Central wavelength of a filter.",
        values=lambda calib: calib.filter_wavelength,
        unit="nm",
        minimum=80.0,
        maximum=2500.0,
        label=lambda calib, _, index: str(calib.filter_name[index[0]]),
        pointer=lambda _, index: ("filters", *index, "wavelength"),
        source="From the far ultraviolet to the K band; 3,500 to 10,000 are optical wavelengths in Angstrom.",
    ),
)


def _archive_values(name: str) -> Callable[[Any], dict[str, float] | None]:
    def values(calib: Any) -> dict[str, float] | None:
        if calib.archive is None:
            return None
        return {
            f"{detector.name} {amplifier.name}": getattr(amplifier, name)
            for detector in calib.archive.detectors
            for amplifier in detector.amplifiers
        }

    return values


STACK_BOUNDS = (
    Bound(
        quantity="gain",
        doc="Gain of an amplifier.",
        values=_archive_values("gain"),
        pointer=lambda _key, _: ("image", "file"),
        **GAIN,
    ),
)


def _by_amplifier(name: str) -> Callable[[Any], dict[str, float]]:
    def values(calib: Any) -> dict[str, float]:
        names = zip(calib.amplifier_detector.tolist(), calib.amplifier_name.tolist(), strict=True)
        return dict(zip(map(" ".join, names), getattr(calib, name).tolist(), strict=False))

    return values


COMPARISONS = tuple(
    Comparison(quantity=key, values=_by_amplifier(name), doc=doc, place="amplifiers")
    for key, name, doc in (
        ("gain", "amplifier_gain", "Gains."),
        ("read_noise", "amplifier_read_noise", "Read noise."),
        ("saturation", "amplifier_saturation", "Saturation levels."),
    )
)
