"""Writes ``calibs/demo``: calibrations of an instrument that does not exist, with values that make sense.

Run it from anywhere: ``python tools/make_demo.py [DIRECTORY]``; the directory is ``calibs`` of this repository
where none is given. The same version writes the same bytes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from demo import camera, electronics, images, laboratory, response, text, throughput
from demo.identity import BROKEN, FIRST, RECOATED, REPAIRED, SOURCE, file_name, keywords, start
from demo.text import File, canonical
from demo.variation import scatter

GRID = np.arange(300.0, 1101.0, 2.0)
_MARGIN = 26.0
"""Of a filter's curve beyond its edges, in nm: there it is below one in a million."""


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
    content = text.ecsv(columns["" in by_amplifier :], found, rows, quantities=kind == "transmission_sensor")
    return f"{kind}{levels}/{file_name(day)}.ecsv", content


@canonical
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


@canonical
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
            if (kind, detector, day) in electronics.EDITS:
                notes = text.records("edits", electronics.EDITS[kind, detector, day])
                yield f"{kind}/{detector}/{file_name(day)}.inputs.yaml", f"# {SOURCE}\n{notes}\n"


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


@canonical
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


def _record(detector: str) -> dict[str, Any]:
    """Return the same flat pairs, and how the kernel was made of them, as a provenance record."""
    number = next(d["id"] for d in camera.detectors() if d["name"] == detector)
    found = _inputs()
    inputs = [
        {
            "data_id": {
                "instrument": camera.INSTRUMENT,
                "detector": number,
                "exposure": found[f"CPP_INPUT_{i}"],
            },
            "date": found[f"CPP_INPUT_DATE_{i}"],
            "exposure_time": found[f"CPP_INPUT_EXPT_{i}"],
            "scale": found[f"CPP_INPUT_SCALE_{i}"],
        }
        for i in range(2 * len(electronics.SIGNALS))
    ]
    made = {"task": "tools/make_demo.py", "parameters": {"level": "DETECTOR"}}
    return {"inputs": inputs, "construction": made}


@canonical
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
        content = text.document(metadata, tree)
        if detector == "d01":
            record = _record(detector)
            content += f"construction: {text.flow(record['construction'])}\n"
            content += text.records("inputs", record["inputs"]) + "\n"
        yield f"bfk/{detector}/{file_name(FIRST)}.yaml", content


@canonical
def origins() -> Iterator[File]:
    """Yield the same flat pairs of d01 in the stack's own form."""
    found = keywords(
        "IsrProvenance",
        "lsst.ip.isr.calibType.IsrProvenance",
        FIRST,
        "d01",
        IsrProvenance_SCHEMA="NO SCHEMA",
        IsrProvenance_VERSION=0,
        calibType="bfk",
    )
    listed = [one["data_id"] for one in _record("d01")["inputs"]]
    columns = [
        {"name": name, "datatype": "string" if isinstance(value, str) else "int64"}
        for name, value in listed[0].items()
    ]
    rows = [[str(value) for value in data_id.values()] for data_id in listed]
    yield f"provenance/d01/{file_name(FIRST)}.ecsv", text.ecsv(columns, found, rows)


@canonical
def responses() -> Iterator[File]:
    """Yield what flat fields say of d00: its photon transfer, its linearity, its deferred charge."""
    detector = "d00"
    own: dict[str, Any] = {"PTC_SCHEMA": "Gen3 Photon Transfer Curve", "PTC_VERSION": 2.6}
    cls = "lsst.ip.isr.ptcDataset.PhotonTransferCurveDataset"
    found = keywords("PTC", cls, FIRST, detector, **own, PTC_FIT_TYPE="FULLCOVARIANCE")
    values = response.photon_transfer(detector)
    yield f"ptc/{detector}/{file_name(FIRST)}.yaml", text.document(text.plain_metadata(found), values)
    own = {"LINEARIZER_SCHEMA": "Gen3 Linearizer", "LINEARIZER_VERSION": 1.8, "HAS_LINEARITY": True}
    own |= {"OVERRIDE": True, "HAS_TABLE": True, "LINEARITY_UNITS": "adu"}
    found = keywords("LINEARIZER", "lsst.ip.isr.linearize.Linearizer", FIRST, detector, **own)
    values = {
        "amplifiers": response.linearity(detector),
        "tableData": response.lookup_table(),
        "absoluteReferenceAmplifier": "C00",
    }
    yield f"linearizer/{detector}/{file_name(FIRST)}.yaml", text.document(text.plain_metadata(found), values)
    own = {"CTI_SCHEMA": "Deferred Charge", "CTI_VERSION": 1.3, "UNITS": "electron"}
    cls = "lsst.ip.isr.deferredCharge.DeferredChargeCalib"
    found = keywords("CTI", cls, FIRST, detector, **own)
    values = response.deferred_charge(detector)
    yield f"cti/{detector}/{file_name(FIRST)}.yaml", text.document(text.plain_metadata(found), values)


_COARSE = np.arange(300.0, 1101.0, 20.0)


@canonical
def efficiency() -> Iterator[File]:
    """Yield the quantum efficiency of the amplifiers of d00, as a laboratory measures it: every 20 nm."""
    columns = [
        {"name": "amp_name", "datatype": "string"},
        {"name": "wavelength", "unit": "nm", "datatype": "float64"},
        {"name": "efficiency", "unit": "%", "datatype": "float64"},
    ]
    rows = [
        [name, repr(float(w)), f"{p:.2f}"]
        for name in camera.AMPLIFIERS
        for w, p in zip(_COARSE, _sensor("d00", name)[np.isin(GRID, _COARSE)], strict=True)
    ]
    found = keywords(
        "qe_curve", "lsst.meas.algorithms.simple_curve.Curve", FIRST, "d00", MODE="AMP", TYPE="QE"
    )
    yield f"qe_curve/d00/{file_name(FIRST)}.ecsv", text.ecsv(columns, found, rows, quantities=True)


@canonical
def gains() -> Iterator[File]:
    """Yield corrections of the gains of d00 after the mirrors' coating, when it was warmer."""
    columns = [
        {"name": "AMP_NAME", "datatype": "string"},
        {"name": "GAIN_ADJUSTMENT", "datatype": "float64"},
    ]
    found = keywords(
        "gainCorrection",
        "lsst.ip.isr.gainCorrection.GainCorrection",
        RECOATED,
        "d00",
        gainCorrection_SCHEMA="GainCorrection",
        gainCorrection_VERSION=1.0,
    )
    rows = [[name, repr(value)] for name, value in laboratory.gain_adjustments("d00").items()]
    yield f"gain_correction/d00/{file_name(RECOATED)}.ecsv", text.ecsv(columns, found, rows)


@canonical
def gradients() -> Iterator[File]:
    """Yield the gradients of the flat field in r."""
    found = keywords(
        "flatGradient",
        "lsst.ip.isr.flatGradient.FlatGradient",
        FIRST,
        filter_name="r",
        flatGradient_SCHEMA="FlatGradient",
        flatGradient_VERSION=1.0,
    )
    content = text.document(text.plain_metadata(found), laboratory.gradient("r"))
    yield f"flat_gradient/r/{file_name(FIRST)}.yaml", content


@canonical
def distortions() -> Iterator[File]:
    """Yield the electrostatic model of d00."""
    tree = laboratory.distortion("d00")
    found = keywords(
        "BF_DISTORTION_MATRIX",
        "lsst.ip.isr.electrostaticBrighterFatter.ElectrostaticBrighterFatterDistortionMatrix",
        FIRST,
        "d00",
        BF_DISTORTION_MATRIX_SCHEMA="ELectrostatic brighter-fatter pixel distortion model",
        BF_DISTORTION_MATRIX_VERSION=1.1,
        INPUT_RANGE=tree["inputRange"],
        FIT_RANGE=tree["fitRange"],
    )
    content = text.document(text.plain_metadata(found), tree)
    yield f"electroBfDistortionMatrix/d00/{file_name(FIRST)}.yaml", content


@canonical
def light() -> Iterator[File]:
    """Yield what the photodiode saw of one flash, and corrections of its charges for the pairs of the kernels."""
    found = keywords(
        "PHOTODIODE",
        "lsst.ip.isr.photodiode.PhotodiodeCalib",
        FIRST,
        PHOTODIODE_SCHEMA="Photodiode",
        PHOTODIODE_VERSION=1.0,
        DAY_OBS=20191210,
        SEQ_NUM=100,
    )
    times, currents = laboratory.photodiode()
    tree: dict[str, Any] = {"timeSamples": times, "currentSamples": currents}
    tree |= {"integrationMethod": "DIRECT_SUM"}
    content = text.document(text.plain_metadata(found), tree)
    yield f"photodiode/{file_name(FIRST)}.yaml", content
    found = keywords(
        "PHOTODIODE_CORRECTION",
        "lsst.ip.isr.photodiodeCorrection.PhotodiodeCorrection",
        FIRST,
        PHOTODIODE_CORRECTION_SCHEMA="PhotodiodeCorrection",
        PHOTODIODE_CORRECTION_VERSION=1.1,
    )
    pairs = laboratory.corrections(2019121000100, len(electronics.SIGNALS))
    content = text.document(text.plain_metadata(found), {"pairs": pairs})
    yield f"photodiode_correction/{file_name(FIRST)}.yaml", content


@canonical
def shutter() -> Iterator[File]:
    """Yield one motion of the shutter, in the observatory's form."""
    cls = "lsst.ip.isr.shutterMotion.ShutterMotionProfile"
    tree = {
        "fileName": "demo_shutterMotionProfileOpen.json",
        "fileType": "shutterMotionProfile",
        "obsId": "DM_O_20200101_000001",
        "version": 2.0,
        "metadata": keywords("shutterMotionProfile", cls, FIRST),
        "motionProfile": laboratory.shutter(),
    }
    yield f"shutter/{file_name(FIRST)}.json", json.dumps(tree, indent=1) + "\n"


@canonical
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
    yield from origins()
    yield from responses()
    yield from curves()
    yield from efficiency()
    yield from gains()
    yield from gradients()
    yield from distortions()
    yield from light()
    yield from shutter()
    yield from images.images()


def main(arguments: list[str]) -> None:
    """Write all files below a directory."""
    default = Path(__file__).resolve().parent.parent / "calibs"
    root = (Path(arguments[0]) if arguments else default) / "demo"
    for name, content in files():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


if __name__ == "__main__":
    main(sys.argv[1:])
