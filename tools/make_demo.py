"""Writes ``calibs/demo``: calibrations of an instrument that does not exist, with values that make sense.

Run it from anywhere: ``python tools/make_demo.py [DIRECTORY]``; the directory is ``calibs`` of this repository
where none is given. The same version writes the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from demo import camera, electronics, text, throughput
from demo.identity import BROKEN, FIRST, RECOATED, REPAIRED, file_name, keywords, start
from demo.variation import scatter

GRID = np.arange(300.0, 1101.0, 2.0)
_MARGIN = 26.0
"""Of a filter's curve beyond its edges, in nm: there it is below one in a million."""

File = tuple[str, str]
"""Path below the instrument's directory, and content."""


# -- throughput ---------------------------------------------------------------------------------------


def _percent(fraction: Any) -> Any:
    """Return what the file will say, so that products of the files agree with it."""
    return np.round(100 * fraction, 4)


def _grid(name: str) -> Any:
    blue, red = throughput.EDGES[name]
    return GRID[np.abs(GRID - (blue + red) / 2) <= (red - blue) / 2 + _MARGIN]


def _optics(day: str) -> Any:
    fresh = day == RECOATED
    return _percent(throughput.optics(GRID, dust=0.005 if fresh else 0.02, roughness=2.0 if fresh else 3.5))


def _sensor(detector: str, amplifier: str) -> Any:
    coating = 64.0 + 3.0 * scatter("coating", detector)
    dead = 4.0 + scatter("dead", detector)
    slope = 0.003 * scatter("slope", detector, amplifier) * (GRID - 700) / 400
    gain_error = 1 + 0.004 * scatter("flat", detector, amplifier) + slope
    return _percent(throughput.quantum_efficiency(GRID, coating, dead) * gain_error)


def _filter_at(detector: dict[str, Any], name: str) -> Any:
    return _percent(throughput.filter_curve(_grid(name), name, detector["x"], detector["y"]))


def _curve_file(kind: str, cls: str, day: str, wavelength: Any, percent: Any, **more: Any) -> File:
    """Return a curve, or with ``percent`` a mapping, one for each amplifier."""
    by_amplifier = percent if isinstance(percent, dict) else {"": percent}
    columns = [
        {"name": "amp_name", "datatype": "string"},
        {"name": "wavelength", "unit": "nm", "datatype": "float64"},
        {"name": "efficiency", "unit": "%", "datatype": "float64"},
    ]
    rows = [
        [*([name] if name else []), repr(float(w)), f"{p:.4f}"]
        for name, values in by_amplifier.items()
        for w, p in zip(wavelength, values, strict=True)
    ]
    calibcls = f"lsst.ip.isr.transmissionCurve.Intermediate{cls}TransmissionCurve"
    found = keywords(kind, calibcls, day, **more, MODE="DETECTOR" if "" in by_amplifier else "AMP", TYPE=kind)
    levels = "".join(f"/{more[level]}" for level in ("detector", "filter_name") if level in more)
    content = text.ecsv(columns["" in by_amplifier :], found, rows, quantities=True)
    return f"{kind}{levels}/{file_name(day)}.ecsv", content


def curves() -> Iterator[File]:
    """Yield all transmission curves; the system is the product of the others, to the last digit written."""
    atmosphere = _percent(throughput.atmosphere(GRID))
    yield _curve_file("transmission_atmosphere", "Atmosphere", FIRST, GRID, atmosphere)
    for day in (FIRST, RECOATED):
        yield _curve_file("transmission_optics", "Optics", day, GRID, _optics(day))
    for name in throughput.EDGES:
        percent = _percent(throughput.filter_curve(_grid(name), name))
        yield _curve_file("transmission_filter", "Filter", FIRST, _grid(name), percent, filter_name=name)
    for detector in camera.detectors():
        where = {"detector": detector["name"]}
        amplifiers = {name: _sensor(detector["name"], name) for name in camera.AMPLIFIERS}
        mean = _percent(np.mean(list(amplifiers.values()), axis=0) / 100)
        measured = amplifiers if detector["name"] == "d00" else mean
        yield _curve_file("transmission_sensor", "Sensor", FIRST, GRID, measured, **where)
        for name in throughput.EDGES:
            grid, passed = _grid(name), _filter_at(detector, name)
            yield _curve_file(
                "transmission_filter_detector",
                "FilterDetector",
                FIRST,
                grid,
                passed,
                **where,
                filter_name=name,
            )
            for day in (FIRST, RECOATED):
                others = (atmosphere / 100) * (_optics(day) / 100) * (mean / 100)
                system = _percent(passed / 100 * others[np.isin(GRID, grid)])
                yield _curve_file(
                    "transmission_system", "System", day, grid, system, **where, filter_name=name
                )


# -- detectors ----------------------------------------------------------------------------------------


def defects() -> Iterator[File]:
    """Yield the defects; two are explicitly ended, of which one leaves a hole."""
    columns = [
        {"name": name, "unit": "pix", "datatype": "int64", "description": description}
        for name, description in (
            ("x0", "First column of the box"),
            ("y0", "First row of the box"),
            ("width", "Columns of the box"),
            ("height", "Rows of the box"),
        )
    ]
    ends = {("defects", "d02", FIRST): BROKEN, ("manual_defects", "d01", REPAIRED): "2022-09-15"}
    for kind, listed in (("defects", electronics.DEFECTS), ("manual_defects", electronics.MANUAL_DEFECTS)):
        for (detector, day), boxes in listed.items():
            last = ends.get((kind, detector, day))
            end = {"VALIDEND": start(last)} if last else {}
            found = keywords(kind, "lsst.ip.isr.defects.Defects", day, detector, DEFECTS_VERSION=2.0, **end)
            rows = [box if isinstance(box, str) else [str(n) for n in box] for box in boxes]
            yield f"{kind}/{detector}/{file_name(day)}.ecsv", text.ecsv(columns, found, rows)


_CROSSTALK_COLUMNS = {
    "coeffs": "CT_COEFFS",
    "coeffErr": "CT_ERRORS",
    "coeffNum": "CT_COUNTS",
    "coeffValid": "CT_VALID",
    "coeffsSqr": "CT_COEFFS_SQR",
    "coeffErrSqr": "CT_ERRORS_SQR",
    "ampGainRatios": "CT_AMP_GAIN_RATIOS",
    "fitGains": "CT_FIT_GAINS",
}
_SUBTYPES = {"f": "float64", "i": "int64", "b": "bool"}


def crosstalk() -> Iterator[File]:
    """Yield the crosstalk; only YAML has a place for terms between detectors, so d00 is in that form."""
    number = len(camera.AMPLIFIERS)
    own: dict[str, Any] = {
        "CROSSTALK_SCHEMA": "Gen3 Crosstalk",
        "CROSSTALK_VERSION": 1.2,
        "HAS_CROSSTALK": True,
        "NAMP": number,
        "CROSSTALK_SHAPE": [number, number],
        "CROSSTALK_RATIOS_UNITS": "electron",
    }
    for detector, day in (("d00", FIRST), ("d01", FIRST), ("d02", FIRST), ("d02", REPAIRED), ("d03", FIRST)):
        found = keywords(
            "CROSSTALK",
            "lsst.ip.isr.crosstalk.CrosstalkCalib",
            day,
            detector,
            **own,
            DETECTOR_NAME=detector,
        )
        values = electronics.crosstalk(detector, day)
        path = f"crosstalk/{detector}/{file_name(day)}"
        if detector == "d00":
            top = {"hasCrosstalk": True, "nAmp": number, "crosstalkShape": [number, number]}
            top |= {
                "crosstalkRatiosUnits": "electron",
                "interChip": {"d01": electronics.inter_chip("d00", "d01")},
            }
            yield f"{path}.yaml", text.document(text.plain_metadata(found), {**values, **top})
            continue
        columns = [
            {
                "name": column,
                "datatype": "string",
                "subtype": f"{_SUBTYPES[values[key].dtype.kind]}[{values[key].size}]",
            }
            for key, column in _CROSSTALK_COLUMNS.items()
        ]
        row = [text.cell(values[key]) for key in _CROSSTALK_COLUMNS]
        yield f"{path}.ecsv", text.ecsv(columns, found, [row])


def _inputs() -> dict[str, Any]:
    """Return keywords of the flat pairs that went into the kernels, 40 adu for each millisecond."""
    found: dict[str, Any] = {}
    for i in range(2 * len(electronics.SIGNALS)):
        found[f"CPP_INPUT_{i}"] = 2019121000100 + i
        found[f"CPP_INPUT_DATE_{i}"] = f"2019-12-10T18:{2 * i:02d}:00"
        found[f"CPP_INPUT_EXPT_{i}"] = electronics.SIGNALS[i // 2] / 40000.0
        found[f"CPP_INPUT_SCALE_{i}"] = 1.0
    return found


def kernels() -> Iterator[File]:
    """Yield the brighter-fatter kernels: of each amplifier of d00, of the other detectors as a whole."""
    for detector in (d["name"] for d in camera.detectors()):
        level = "AMP" if detector == "d00" else "DETECTOR"
        size = electronics.detector_kernel(detector).shape
        found = keywords(
            "bfk",
            "lsst.ip.isr.brighterFatterKernel.BrighterFatterKernel",
            FIRST,
            detector,
            bfk_SCHEMA="Brighter-fatter kernel",
            bfk_VERSION=1.1,
            LEVEL=level,
            KERNEL_DX=size[1],
            KERNEL_DY=size[0],
            **(_inputs() if level == "AMP" else {}),
        )
        tree: dict[str, Any] = electronics.amplifier_kernels(detector)
        tree |= {"badAmps": [], "detKernels": {}}
        if level == "DETECTOR":
            tree = {key: [] if key == "badAmps" else {} for key in tree}
            tree["detKernels"] = {detector: electronics.detector_kernel(detector)}
        metadata = text.property_list(found) if level == "AMP" else text.plain_metadata(found)
        yield f"bfk/{detector}/{file_name(FIRST)}.yaml", text.document(metadata, tree)


def geometry() -> Iterator[File]:
    """Yield the camera, and the instrument as a repository knows it."""
    found = keywords("camera", "curated.types.camera.CameraGeometry", FIRST, CAMERA_VERSION=1.0)
    tables = [
        text.plain_metadata(found),
        text.records("detectors", camera.detectors()),
        text.records("amplifiers", camera.amplifiers()),
        text.records("filters", camera.filters()),
    ]
    yield f"camera/{file_name(FIRST)}.yaml", "\n".join(tables) + "\n"
    known = camera.instrument()
    lines = ["# See docs/instrument.md.", f"name: {known['name']}"]
    lines += [text.records("detectors", known["detectors"]), text.records("filters", known["filters"])]
    yield "instrument.yaml", "\n".join(lines) + "\n"


def files() -> Iterator[File]:
    """Yield all files."""
    yield from geometry()
    yield from defects()
    yield from crosstalk()
    yield from kernels()
    yield from curves()


def main(arguments: list[str]) -> None:
    """Write all files below a directory."""
    default = Path(__file__).resolve().parent.parent / "calibs"
    root = (Path(arguments[0]) if arguments else default) / "demo"
    for name, content in files():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())


if __name__ == "__main__":
    main(sys.argv[1:])
