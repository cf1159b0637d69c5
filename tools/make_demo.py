"""Write ``calibs/demo``: calibrations of an instrument that does not exist, with realistic values.

    python tools/make_demo.py [DIRECTORY]

The default directory is ``calibs`` of this repository. The same version writes the same bytes.
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
_FILTER_MARGIN = 26.0
"""How far the curve of a filter extends beyond its edges, in nm; there it is below one in a million."""


# -- throughput ---------------------------------------------------------------------------------------


def _percent(fraction: Any) -> Any:
    """Return percentages as rounded in the files, so that the product of the files is exact."""
    return np.round(100 * fraction, 4)


def _grid(name: str) -> Any:
    blue, red = throughput.EDGES[name]
    return GRID[np.abs(GRID - (blue + red) / 2) <= (red - blue) / 2 + _FILTER_MARGIN]


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
    """Return the file of a curve; if ``percent`` is a mapping, with a curve for each amplifier."""
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
    header = keywords(
        kind, calibcls, day, **more, MODE="DETECTOR" if "" in by_amplifier else "AMP", TYPE=kind
    )
    levels = "".join(f"/{more[level]}" for level in ("detector", "filter_name") if level in more)
    content = text.ecsv(columns["" in by_amplifier :], header, rows, quantities=kind == "transmission_sensor")
    return f"{kind}{levels}/{file_name(day)}.ecsv", content


@canonical
def curves() -> Iterator[File]:
    """Yield all transmission curves; the system is the product of the others to the last digit."""
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
    """Yield the defects; two files have an explicit end, one of which leaves a hole."""
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
    for kind, boxes_by_epoch in (
        ("defects", electronics.DEFECTS),
        ("manual_defects", electronics.MANUAL_DEFECTS),
    ):
        for (detector, day), boxes in boxes_by_epoch.items():
            last = ends.get((kind, detector, day))
            end = {"VALIDEND": start(last)} if last else {}
            header = keywords(kind, "lsst.ip.isr.defects.Defects", day, detector, DEFECTS_VERSION=2.0, **end)
            rows = [box if isinstance(box, str) else [str(n) for n in box] for box in boxes]
            yield f"{kind}/{detector}/{file_name(day)}.ecsv", text.ecsv(columns, header, rows)
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
    """Yield the crosstalk; d00 is in YAML, the only form that holds terms between detectors."""
    number = len(camera.AMPLIFIERS)
    type_keywords: dict[str, Any] = {
        "CROSSTALK_SCHEMA": "Gen3 Crosstalk",
        "CROSSTALK_VERSION": 1.2,
        "HAS_CROSSTALK": True,
        "NAMP": number,
        "CROSSTALK_SHAPE": [number, number],
        "CROSSTALK_RATIOS_UNITS": "electron",
    }
    for detector, day in (("d00", FIRST), ("d01", FIRST), ("d02", FIRST), ("d02", REPAIRED), ("d03", FIRST)):
        header = keywords(
            "CROSSTALK",
            "lsst.ip.isr.crosstalk.CrosstalkCalib",
            day,
            detector,
            **type_keywords,
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
            yield f"{path}.yaml", text.document(text.plain_metadata(header), {**values, **top})
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
        yield f"{path}.ecsv", text.ecsv(columns, header, [row])


def _inputs() -> dict[str, Any]:
    """Return the keywords of the flat pairs behind the kernels, at 40 adu per millisecond."""
    header: dict[str, Any] = {}
    for i in range(2 * len(electronics.SIGNALS)):
        header[f"CPP_INPUT_{i}"] = 2019121000100 + i
        header[f"CPP_INPUT_DATE_{i}"] = f"2019-12-10T18:{2 * i:02d}:00"
        header[f"CPP_INPUT_EXPT_{i}"] = electronics.SIGNALS[i // 2] / 40000.0
        header[f"CPP_INPUT_SCALE_{i}"] = 1.0
    return header


def _record(detector: str) -> dict[str, Any]:
    """Return the same flat pairs as a provenance record, with the construction of the kernel."""
    number = next(d["id"] for d in camera.detectors() if d["name"] == detector)
    input_keywords = _inputs()
    inputs = [
        {
            "data_id": {
                "instrument": camera.INSTRUMENT,
                "detector": number,
                "exposure": input_keywords[f"CPP_INPUT_{i}"],
            },
            "date": input_keywords[f"CPP_INPUT_DATE_{i}"],
            "exposure_time": input_keywords[f"CPP_INPUT_EXPT_{i}"],
            "scale": input_keywords[f"CPP_INPUT_SCALE_{i}"],
        }
        for i in range(2 * len(electronics.SIGNALS))
    ]
    construction = {"task": "tools/make_demo.py", "parameters": {"level": "DETECTOR"}}
    return {"inputs": inputs, "construction": construction}


@canonical
def kernels() -> Iterator[File]:
    """Yield the brighter-fatter kernels: one for each amplifier of d00, and one for each other detector."""
    for detector in (d["name"] for d in camera.detectors()):
        level = "AMP" if detector == "d00" else "DETECTOR"
        size = electronics.detector_kernel(detector).shape
        header = keywords(
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
        metadata = text.property_list(header) if level == "AMP" else text.plain_metadata(header)
        content = text.document(metadata, tree)
        if detector == "d01":
            record = _record(detector)
            content += f"construction: {text.flow(record['construction'])}\n"
            content += text.records("inputs", record["inputs"]) + "\n"
        yield f"bfk/{detector}/{file_name(FIRST)}.yaml", content


@canonical
def origins() -> Iterator[File]:
    """Yield the same flat pairs of d01 in the stack's own form."""
    header = keywords(
        "IsrProvenance",
        "lsst.ip.isr.calibType.IsrProvenance",
        FIRST,
        "d01",
        IsrProvenance_SCHEMA="NO SCHEMA",
        IsrProvenance_VERSION=0,
        calibType="bfk",
    )
    data_ids = [item["data_id"] for item in _record("d01")["inputs"]]
    columns = [
        {"name": name, "datatype": "string" if isinstance(value, str) else "int64"}
        for name, value in data_ids[0].items()
    ]
    rows = [[str(value) for value in data_id.values()] for data_id in data_ids]
    yield f"provenance/d01/{file_name(FIRST)}.ecsv", text.ecsv(columns, header, rows)


@canonical
def responses() -> Iterator[File]:
    """Yield the results of flat fields for d00: photon transfer, linearity, deferred charge."""
    detector = "d00"
    type_keywords: dict[str, Any] = {"PTC_SCHEMA": "Gen3 Photon Transfer Curve", "PTC_VERSION": 2.6}
    cls = "lsst.ip.isr.ptcDataset.PhotonTransferCurveDataset"
    header = keywords("PTC", cls, FIRST, detector, **type_keywords, PTC_FIT_TYPE="FULLCOVARIANCE")
    values = response.photon_transfer(detector)
    yield f"ptc/{detector}/{file_name(FIRST)}.yaml", text.document(text.plain_metadata(header), values)
    type_keywords = {"LINEARIZER_SCHEMA": "Gen3 Linearizer", "LINEARIZER_VERSION": 1.8, "HAS_LINEARITY": True}
    type_keywords |= {"OVERRIDE": True, "HAS_TABLE": True, "LINEARITY_UNITS": "adu"}
    header = keywords("LINEARIZER", "lsst.ip.isr.linearize.Linearizer", FIRST, detector, **type_keywords)
    values = {
        "amplifiers": response.linearity(detector),
        "tableData": response.lookup_table(),
        "absoluteReferenceAmplifier": "C00",
    }
    yield f"linearizer/{detector}/{file_name(FIRST)}.yaml", text.document(text.plain_metadata(header), values)
    header = keywords("gains", "curated.types.gains.Gains", FIRST, detector)
    values = {
        "source": "measured",
        "gain": {name: camera.gain(detector, name) for name in camera.AMPLIFIERS},
        "readNoise": {name: camera.read_noise(detector, name) for name in camera.AMPLIFIERS},
        "saturation": {
            name: float(np.round(90_000 / camera.gain(detector, name), -1)) for name in camera.AMPLIFIERS
        },
        "units": {"gain": "electron/adu", "readNoise": "electron", "saturation": "adu"},
    }
    yield f"gains/{detector}/{file_name(FIRST)}.yaml", text.document(text.plain_metadata(header), values)
    type_keywords = {"CTI_SCHEMA": "Deferred Charge", "CTI_VERSION": 1.3, "UNITS": "electron"}
    cls = "lsst.ip.isr.deferredCharge.DeferredChargeCalib"
    header = keywords("CTI", cls, FIRST, detector, **type_keywords)
    values = response.deferred_charge(detector)
    yield f"cti/{detector}/{file_name(FIRST)}.yaml", text.document(text.plain_metadata(header), values)


_COARSE = np.arange(300.0, 1101.0, 20.0)


@canonical
def efficiency() -> Iterator[File]:
    """Yield the quantum efficiency of the amplifiers of d00, in steps of 20 nm as measured in a laboratory."""
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
    header = keywords(
        "qe_curve", "lsst.meas.algorithms.simple_curve.Curve", FIRST, "d00", MODE="AMP", TYPE="QE"
    )
    yield f"qe_curve/d00/{file_name(FIRST)}.ecsv", text.ecsv(columns, header, rows, quantities=True)


@canonical
def bad_amplifiers() -> Iterator[File]:
    """Yield the amplifier that came back from the repair of d02 without a signal."""
    header = keywords("bad_amps", "curated.types.bad_amps.BadAmps", REPAIRED)
    row = {"detector": "d02", "amplifier": "C11", "reason": "no signal since the repair"}
    content = f"{text.plain_metadata(header)}\n{text.records('amplifiers', [row])}\n"
    yield f"bad_amps/{file_name(REPAIRED)}.yaml", content


@canonical
def wavefronts() -> Iterator[File]:
    """Yield the wavefront over d00: more defocus and coma towards the edge of the field."""
    places = [(round(0.01 * i, 3), round(0.01 * j, 3)) for j in range(3) for i in range(3)]
    values = {
        "field_x": [x for x, _ in places],
        "field_y": [y for _, y in places],
        "noll_indices": [4, 7, 8],
        "values": [
            [round(0.02 + 5 * (x * x + y * y), 5), round(0.4 * y, 5), round(0.4 * x, 5)] for x, y in places
        ],
    }
    kind = "INTRINSIC_ZERNIKES"
    schema = {f"{kind}_SCHEMA": "Intrinsic Zernikes", f"{kind}_VERSION": 1.1}
    cls = "lsst.ip.isr.intrinsicZernikes.IntrinsicZernikes"
    header = keywords(kind, cls, FIRST, "d00", "r", **schema)
    values |= {"units": {"values": "um", "field_x": "deg", "field_y": "deg"}}
    content = text.document(text.plain_metadata(header), values)
    yield f"intrinsic_zernikes/d00/r/{file_name(FIRST)}.yaml", content


@canonical
def converters() -> Iterator[File]:
    """Yield corrections of the first codes of d00's converters: every second step is too wide."""
    header = keywords("DNL_LUT", "curated.types.dnl_lut.DnlLookupTable", FIRST, "d00")
    values = {
        "corrections": {
            name: [
                round(0.05 * (-1) ** code + 0.01 * scatter("dnl", name, str(code)), 3) for code in range(16)
            ]
            for name in camera.AMPLIFIERS
        },
        "firstCode": dict.fromkeys(camera.AMPLIFIERS, 1000),
    }
    values |= {"units": {"firstCode": "adu", "corrections": "adu"}}
    content = text.document(text.plain_metadata(header), values)
    yield f"dnl_lut/d00/{file_name(FIRST)}.yaml", content


@canonical
def events() -> Iterator[File]:
    """Yield what happened to the instrument: the repair of d02, and the coating of the mirrors."""
    header = keywords("events", "curated.types.events.Events", FIRST)
    rows = [
        {
            "date": start(REPAIRED),
            "what": "d02 back from the repair",
            "affects": "crosstalk, defects",
            "detectors": "d02",
        },
        {
            "date": start(RECOATED),
            "what": "mirrors coated",
            "affects": "transmission_optics, transmission_system",
        },
    ]
    yield (
        f"events/{file_name(FIRST)}.yaml",
        f"{text.plain_metadata(header)}\n{text.records('events', rows)}\n",
    )


@canonical
def gains() -> Iterator[File]:
    """Yield corrections of the gains of d00 after the coating of the mirrors, when it was warmer."""
    columns = [
        {"name": "AMP_NAME", "datatype": "string"},
        {"name": "GAIN_ADJUSTMENT", "datatype": "float64"},
    ]
    header = keywords(
        "gainCorrection",
        "lsst.ip.isr.gainCorrection.GainCorrection",
        RECOATED,
        "d00",
        gainCorrection_SCHEMA="GainCorrection",
        gainCorrection_VERSION=1.0,
    )
    rows = [[name, repr(value)] for name, value in laboratory.gain_adjustments("d00").items()]
    yield f"gain_correction/d00/{file_name(RECOATED)}.ecsv", text.ecsv(columns, header, rows)


@canonical
def gradients() -> Iterator[File]:
    """Yield the gradients of the flat field in r."""
    header = keywords(
        "flatGradient",
        "lsst.ip.isr.flatGradient.FlatGradient",
        FIRST,
        filter_name="r",
        flatGradient_SCHEMA="FlatGradient",
        flatGradient_VERSION=1.0,
    )
    content = text.document(text.plain_metadata(header), laboratory.gradient("r"))
    yield f"flat_gradient/r/{file_name(FIRST)}.yaml", content


@canonical
def distortions() -> Iterator[File]:
    """Yield the electrostatic model of d00."""
    tree = laboratory.distortion("d00")
    header = keywords(
        "BF_DISTORTION_MATRIX",
        "lsst.ip.isr.electrostaticBrighterFatter.ElectrostaticBrighterFatterDistortionMatrix",
        FIRST,
        "d00",
        BF_DISTORTION_MATRIX_SCHEMA="ELectrostatic brighter-fatter pixel distortion model",
        BF_DISTORTION_MATRIX_VERSION=1.1,
        INPUT_RANGE=tree["inputRange"],
        FIT_RANGE=tree["fitRange"],
    )
    content = text.document(text.plain_metadata(header), tree)
    yield f"electroBfDistortionMatrix/d00/{file_name(FIRST)}.yaml", content


@canonical
def light() -> Iterator[File]:
    """Yield the photodiode's record of one flash, and corrections of its charges for the flat pairs of the kernels."""
    header = keywords(
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
    content = text.document(text.plain_metadata(header), tree)
    yield f"photodiode/{file_name(FIRST)}.yaml", content
    header = keywords(
        "PHOTODIODE_CORRECTION",
        "lsst.ip.isr.photodiodeCorrection.PhotodiodeCorrection",
        FIRST,
        PHOTODIODE_CORRECTION_SCHEMA="PhotodiodeCorrection",
        PHOTODIODE_CORRECTION_VERSION=1.1,
    )
    pairs = laboratory.corrections(2019121000100, len(electronics.SIGNALS))
    content = text.document(text.plain_metadata(header), {"pairs": pairs})
    yield f"photodiode_correction/{file_name(FIRST)}.yaml", content


@canonical
def shutter() -> Iterator[File]:
    """Yield one motion of the shutter, in the form that the observatory writes."""
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
    """Yield the camera geometry, and ``instrument.yaml``."""
    header = keywords("camera", "curated.types.camera.CameraGeometry", FIRST, CAMERA_VERSION=1.0)
    tables = [
        text.plain_metadata(header),
        text.records("detectors", camera.detectors()),
        text.records("amplifiers", camera.amplifiers()),
        text.records("filters", camera.filters()),
    ]
    yield f"camera/{file_name(FIRST)}.yaml", "\n".join(tables) + "\n"
    instrument = camera.instrument()
    lines = ["# See docs/instrument.md.", f"name: {instrument['name']}"]
    lines += [
        text.records("detectors", instrument["detectors"]),
        text.records("filters", instrument["filters"]),
    ]
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
    yield from bad_amplifiers()
    yield from events()
    yield from wavefronts()
    yield from converters()
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
