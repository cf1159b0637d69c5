"""Detectors in the JSON form of lsst-images."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any


def box(x: tuple[int, int], y: tuple[int, int]) -> dict[str, Any]:
    return {"y": {"start": y[0], "stop": y[1]}, "x": {"start": x[0], "stop": x[1]}}


def raw_geometry(corner: str, x0: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "bbox": box((x0, x0 + 40), (0, 70)),
        "data_bbox": box((x0 + 4, x0 + 36), (2, 66)),
        "flip_x": False,
        "flip_y": False,
        "x_offset": 0,
        "y_offset": 0,
        "serial_overscan_bbox": box((x0 + 36, x0 + 40), (2, 66)),
        "parallel_overscan_bbox": box((x0 + 4, x0 + 36), (66, 70)),
        "prescan_bbox": box((x0, x0 + 4), (2, 66)),
        "readout_corner": corner,
        **more,
    }


def json_detector(number: int = 3, name: str = "R21_S11") -> dict[str, Any]:
    """Return a detector of two amplifiers, of 64 columns and 64 rows, as lsst.images writes one."""
    nominal = {
        "gain": 1.5,
        "read_noise": 5.25,
        "saturation": 60000.0,
        "suspect_level": math.nan,
        "linearity_coefficients": {"data": [0.0, 142857.0], "datatype": "float64"},
        "linearity_type": "PROPORTIONAL",
    }
    return {
        "schema_version": "1.1.0",
        "min_read_version": 1,
        "attributes": {
            "name": name,
            "id": number,
            "type": "SCIENCE",
            "serial": "LAB-003",
            "bbox": box((0, 64), (0, 64)),
            "orientation": {
                "focal_plane_x": -127.0,
                "focal_plane_y": 42.5,
                "focal_plane_z": 0.0,
                "pixel_reference_x": 31.5,
                "pixel_reference_y": 31.5,
                "yaw": {"value": math.pi / 2, "unit": "rad"},
                "pitch": {"value": 0.0, "unit": "rad"},
                "roll": {"value": 0.0, "unit": "rad"},
            },
            "pixel_size": 0.01,
            "physical_type": "LAB",
        },
        "amplifiers": [
            {
                "name": f"C0{i}",
                "bbox": box((32 * i, 32 * i + 32), (0, 64)),
                "readout_corner": corner,
                "assembled_raw_geometry": None,
                "unassembled_raw_geometry": raw_geometry(corner, 40 * i),
                "nominal_calibrations": nominal,
            }
            for i, corner in enumerate(("LL", "LR"))
        ],
        "frames": {"schema_version": "1.0.0", "instrument": "Lab", "ast": " Begin FrameSet ..."},
    }


def write_json(path: Path, content: Any) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)
