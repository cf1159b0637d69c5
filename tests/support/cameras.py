"""Camera files as the stack's ``lsst.afw.cameraGeom.Camera`` writes them (afw, src/cameraGeom), small ones.

The archive of afw (src/table/io) has an index, and a table for each class; texts are arrays of characters in its
heap. What a check does not read, such as the transformations, is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from astropy.io import fits

AMPLIFIERS = ("C00", "C01")


def detector(number: int, name: str, **changes: Any) -> dict[str, Any]:
    """Return a detector of a camera with two amplifiers side by side."""
    values = {"id": number, "name": name, "serial": f"LAB-{number:03d}", "type": 0, "width": 48, "height": 32}
    return {**values, "amplifiers": [(amplifier, 24, 32, 1.5) for amplifier in AMPLIFIERS], **changes}


def write_camera(path: Path, name: str, detectors: Sequence[dict[str, Any]]) -> Path:
    """Write a camera file; see `detector` for the entries."""
    index: list[tuple[Any, ...]] = []
    ids = [2 * n + 2 for n in range(len(detectors))]
    row = 0
    for n, (key, entry) in enumerate(zip(ids, detectors, strict=True)):
        index.append((key, 2, 0, n, 1, "Detector", "lsst.afw.cameraGeom"))
        index.append((key, 3, 1, row, len(entry["amplifiers"]), "Detector", "lsst.afw.cameraGeom"))
        row += len(entry["amplifiers"])
    index.append((1, 1, 0, 0, len(ids), "Camera", "lsst.afw.cameraGeom"))
    index.append((1, 4, 1, 0, 1, "Camera", "lsst.afw.cameraGeom"))
    names = ("id", "cat.archive", "cat.persistable", "row0", "nrows", "name", "module")
    columns = [
        fits.Column(key, form, array=list(values))
        for key, form, values in zip(names, ("J",) * 5 + ("64A",) * 2, zip(*index, strict=True), strict=True)
    ]
    hdus = [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="ARCHIVE_INDEX")]
    hdus[1].header["EXTTYPE"] = "ARCHIVE_INDEX"
    amplifiers = [amplifier for entry in detectors for amplifier in entry["amplifiers"]]
    tables = [
        ("Camera", [("detector", "J", ids)]),
        (
            "Detector",
            [
                ("name", "QA", [d["name"] for d in detectors]),
                ("id", "J", [d["id"] for d in detectors]),
                ("type", "J", [d["type"] for d in detectors]),
                ("serial", "QA", [d["serial"] for d in detectors]),
                ("bbox_min_x", "J", [0] * len(ids)),
                ("bbox_min_y", "J", [0] * len(ids)),
                ("bbox_max_x", "J", [d["width"] - 1 for d in detectors]),
                ("bbox_max_y", "J", [d["height"] - 1 for d in detectors]),
                ("fpPosition_x", "D", [10.0 * n for n in range(len(ids))]),
                ("fpPosition_y", "D", [0.5] * len(ids)),
                ("yaw", "D", [np.deg2rad(d.get("yaw", 0.0)) for d in detectors]),
                ("pixelSize_x", "D", [0.012] * len(ids)),
                ("physicalType", "QA", ["E2V"] * len(ids)),
            ],
        ),
        (
            "Detector",
            [
                ("name", "QA", [a[0] for a in amplifiers]),
                ("bbox_extent_x", "J", [a[1] for a in amplifiers]),
                ("bbox_extent_y", "J", [a[2] for a in amplifiers]),
                ("gain", "D", [a[3] for a in amplifiers]),
                ("readnoise", "D", [7.0] * len(amplifiers)),
                *_raw_columns(detectors),
            ],
        ),
        ("Camera", [("name", "QA", [name])]),
    ]
    for number, (kind, table) in enumerate(tables, start=1):
        hdu = fits.BinTableHDU.from_columns([_column(*column) for column in table], name=kind)
        hdu.header["EXTTYPE"], hdu.header["AR_NAME"], hdu.header["AR_CATN"] = "ARCHIVE_DATA", kind, number
        hdus.append(hdu)
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


def _raw_columns(detectors: Sequence[dict[str, Any]]) -> list[tuple[str, str, list[Any]]]:
    """Return raw geometry: amplifiers side by side, the second one's raw image right of the first and flipped."""
    rows = [
        (n, n * a[1], a[1], a[2], n * (a[1] + 11)) for d in detectors for n, a in enumerate(d["amplifiers"])
    ]
    numbers = {
        "bbox_min_x": [x0 for _, x0, *_ in rows],
        "bbox_min_y": [0 for _ in rows],
        "readoutcorner": [0 for _ in rows],
        "raw_bbox_min_x": [start for *_, start in rows],
        "raw_bbox_min_y": [0 for _ in rows],
        "raw_databbox_min_x": [start + 3 for *_, start in rows],
        "raw_databbox_min_y": [0 for _ in rows],
        "raw_databbox_extent_x": [width for _, _, width, _, _ in rows],
        "raw_databbox_extent_y": [height for _, _, _, height, _ in rows],
        "raw_horizontaloverscanbbox_min_x": [start + 3 + width for _, _, width, _, start in rows],
        "raw_horizontaloverscanbbox_min_y": [0 for _ in rows],
        "raw_horizontaloverscanbbox_extent_x": [8 for _ in rows],
        "raw_horizontaloverscanbbox_extent_y": [height for _, _, _, height, _ in rows],
    }
    flags = np.array([[False, n % 2 == 1, False] for n, *_ in rows])
    return [
        ("flags", "3X", flags),
        ("saturation", "D", [60000.0 for _ in rows]),
        *((name, "J", values) for name, values in numbers.items()),
    ]


def camera_texts(
    name: str, detectors: Sequence[dict[str, Any]], declared: Sequence[dict[str, Any]] | None = None
) -> dict[str, str | bytes]:
    """Return the files of an instrument with a camera, by path: the camera, its text and ``instrument.yaml``.

    Parameters
    ----------
    declared : sequence, optional
        Detectors of ``instrument.yaml``, with the names of their amplifiers; those of the camera if not given.
    """
    with TemporaryDirectory() as directory:
        data = write_camera(Path(directory) / "camera.fits", name, detectors).read_bytes()
    entries = "".join(
        f"- {{id: {d['id']}, name: {d['name']}, width: {d['width']}, height: {d['height']}, "
        f"amplifiers: [{', '.join(a[0] for a in d['amplifiers'])}]}}\n"
        for d in (detectors if declared is None else declared)
    )
    top = f"calibs/{name.lower()}"
    text = (
        f"metadata:\n  OBSTYPE: stack_camera\n  INSTRUME: {name}\n  CALIBDATE: '1970-01-01T00:00:00'\n"
        f"image:\n  file: '19700101T000000.fits'\n  sha256: {hashlib.sha256(data).hexdigest()}\n  size: {len(data)}\n"
    )
    return {
        f"{top}/stack_camera/19700101T000000.fits": data,
        f"{top}/stack_camera/19700101T000000.yaml": text,
        f"{top}/instrument.yaml": f"name: {name}\ndetectors:\n{entries}",
    }


def _column(name: str, form: str, values: list[Any]) -> fits.Column:
    if form != "QA":
        return fits.Column(name, form, array=values)
    texts = np.empty(len(values), object)
    for n, value in enumerate(values):
        texts[n] = np.array(list(value), "S1")
    return fits.Column(name, "QA()", array=texts)
