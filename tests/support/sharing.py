"""A package with copies of calibrations in the directories of several detectors and filters."""

from __future__ import annotations

from collections.abc import Mapping

from support.packages import defects_text

NUMBERS = {"d00": 0, "d01": 7, "d02": 2}

INSTRUMENT = """name: Lab
detectors:
- {id: 0, name: d00, serial: A0, width: 64, height: 64}
- {id: 7, name: D01, serial: A7, width: 64, height: 64}
- {id: 2, name: d02, width: 64, height: 64}
filters:
- {name: r}
- {name: Clear glass}
"""

TOP = "calibs/lab/defects"

CURVE = """# %ECSV 1.0
# ---
# datatype:
# - {{name: wavelength, unit: nm, datatype: float64}}
# - {{name: efficiency, unit: '%', datatype: float64}}
# meta: !!omap
# - {{OBSTYPE: transmission_filter_detector}}
# - {{INSTRUME: Lab}}
# - {{DETECTOR: {number}}}
# - {{FILTER: {filter}}}
# - {{CALIBDATE: '2020-01-01'}}
# schema: astropy-2.0
wavelength efficiency
400.0 {value}
500.0 90.0
"""


def curve_text(detector: str, filter_name: str, value: float = 80) -> str:
    """Return a curve of a detector and filter."""
    return CURVE.format(number=NUMBERS[detector], filter=filter_name, value=value)


def copy_text(detector: str, meta: Mapping[str, object] | None = None, *, x0: int = 1) -> str:
    """Return the defects of a detector, with all keywords that name it."""
    number = NUMBERS[detector]
    identity = f"instrument=Lab detectorName={detector} detector={number} calibDate=2020-01-01"
    keywords = {
        "DET_NAME": detector.upper() if number == 7 else detector,
        "CALIB_ID": identity,
        **(meta or {}),
    }
    return defects_text(keywords, detector=number, x0=x0)


def copies(**changed: str) -> dict[str, str]:
    """Return a package in which the defects of three detectors are equal, but for some whose text is given."""
    texts = {detector: copy_text(detector) for detector in NUMBERS} | changed
    files = {f"{TOP}/{detector}/20200101T000000.ecsv": text for detector, text in texts.items()}
    return {"curated.yaml": "calibs: calibs\n", "calibs/lab/instrument.yaml": INSTRUMENT, **files}
