"""Four detectors of four amplifiers, and three filters.

Nothing here belongs to a real camera.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from demo.variation import scatter

INSTRUMENT = "Demo"
ALTITUDE = 2400.0
"""Altitude of the site in metres."""

SIZE = 1024
PIXEL = 0.015
GAP = 1.5

_HALF, _PRESCAN, _SERIAL, _PARALLEL = SIZE // 2, 8, 32, 16
_CENTRE = (SIZE * PIXEL + GAP) / 2


def detectors() -> list[dict[str, Any]]:
    """Return the detectors; the upper two are rotated by 180 degrees, with their cables at the outer side."""
    return [
        {
            "id": i,
            "name": f"d{i:02d}",
            "raft": "R0",
            "slot": f"S{i:02d}",
            "serial": f"DEMO-{i + 1:03d}",
            "width": SIZE,
            "height": SIZE,
            "x": round(_CENTRE if i % 2 else -_CENTRE, 3),
            "y": round(_CENTRE if i > 1 else -_CENTRE, 3),
            **({"rotation": 180.0} if i > 1 else {}),
            "pixel_size": PIXEL,
        }
        for i in range(4)
    ]


def guider() -> dict[str, Any]:
    """Return the small detector that tracks a guide star; it is not part of the camera geometry."""
    return {
        "id": 4,
        "name": "g00",
        "raft": "R0",
        "slot": "G00",
        "serial": "DEMO-G01",
        "width": 64,
        "height": 32,
    }


AMPLIFIERS = {"C00": "LL", "C01": "LR", "C10": "UL", "C11": "UR"}
"""Amplifiers of each detector, and the corner of the detector that each reads."""


def gain(detector: str, amplifier: str) -> float:
    """Return the gain of an amplifier, in electron/adu."""
    return round(1.5 + 0.06 * scatter("gain", detector, amplifier), 3)


def read_noise(detector: str, amplifier: str) -> float:
    """Return the read noise of an amplifier, in electrons."""
    return round(5.0 + 0.6 * scatter("noise", detector, amplifier), 2)


def amplifiers() -> list[dict[str, Any]]:
    """Return the amplifiers of all detectors: quadrants, each read through its own corner.

    The first pixel read is at the lower left of a raw image, so quadrants at the right are mirrored in x and those at
    the top in y. Saturation is a full well of 90 000 electrons.
    """
    return [
        {
            "detector": detector["name"],
            "name": name,
            "x0": _HALF if corner[1] == "R" else 0,
            "y0": _HALF if corner[0] == "U" else 0,
            "width": _HALF,
            "height": _HALF,
            "raw_x0": _PRESCAN,
            "raw_y0": 0,
            "serial_overscan_x0": _PRESCAN + _HALF,
            "serial_overscan_y0": 0,
            "serial_overscan_width": _SERIAL,
            "serial_overscan_height": _HALF,
            "parallel_overscan_x0": _PRESCAN,
            "parallel_overscan_y0": _HALF,
            "parallel_overscan_width": _HALF,
            "parallel_overscan_height": _PARALLEL,
            "flip_x": corner[1] == "R",
            "flip_y": corner[0] == "U",
            "readout_corner": corner,
            "gain": gain(detector["name"], name),
            "read_noise": read_noise(detector["name"], name),
            "saturation": float(np.round(90_000 / gain(detector["name"], name), -1)),
        }
        for detector in detectors()
        for name, corner in AMPLIFIERS.items()
    ]


def filters() -> list[dict[str, Any]]:
    """Return the filters."""
    return [
        {"name": "g", "band": "g", "wavelength": 476.5},
        {"name": "r", "band": "r", "wavelength": 621.5},
        {"name": "i", "band": "i", "wavelength": 754.5},
    ]


def instrument() -> dict[str, Any]:
    """Return the content of ``instrument.yaml``."""
    guider_detector = guider()
    keys = ("id", "name", "raft", "slot", "serial", "width", "height")
    return {
        "name": INSTRUMENT,
        "detectors": [
            {**{key: d[key] for key in keys[:5]}, "purpose": "SCIENCE"}
            | {key: d[key] for key in keys[5:]}
            | {"amplifiers": list(AMPLIFIERS)}
            for d in detectors()
        ]
        + [
            {**{key: guider_detector[key] for key in keys[:5]}, "purpose": "GUIDER"}
            | {key: guider_detector[key] for key in keys[5:]}
            | {"amplifiers": ["C00"]}
        ],
        "filters": [{"name": f["name"], "band": f["band"]} for f in filters()],
    }
