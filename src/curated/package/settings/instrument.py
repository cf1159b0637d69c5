"""Declaration of ``instrument.yaml`` and of the overrides in ``curated.yaml``."""

from __future__ import annotations

from dataclasses import replace

from curated.declare.settings import Setting
from curated.package.settings.certification import CERTIFICATION
from curated.package.settings.header_mapping import HEADERS, KEYWORD
from curated.package.settings.limits import LIMITS

EASTWARD = (-12.0, 14.0)
"""Bounds of the hours by which local time is ahead of UTC."""

_NAME = 32
"""Most characters of a name in the Butler's dimension tables."""

DETECTOR = Setting(
    kind="mapping",
    keys={
        "id": Setting(
            kind="number",
            required=True,
            doc="Its number, the key of a repository: zero or more, each once. Calibrations say it in DETECTOR.",
        ),
        "name": Setting(
            kind="text",
            required=True,
            longest=_NAME,
            doc="Its full name. In lower case it is the detector's directory.",
        ),
        "raft": Setting(kind="text", doc="The raft that holds it."),
        "slot": Setting(kind="text", doc="Its place in the raft."),
        "serial": Setting(kind="text", doc="Its serial number."),
        "purpose": Setting(kind="text", doc="What it is for, such as SCIENCE, GUIDER, FOCUS or WAVEFRONT."),
        "width": Setting(kind="number", doc="Its columns without overscan; 0, or absent, where not known."),
        "height": Setting(kind="number", doc="Its rows without overscan; 0, or absent, where not known."),
        "amplifiers": Setting(kind="list", items=Setting(kind="text"), doc="Names of its amplifiers."),
    },
)
"""A detector in ``instrument.yaml``."""

FILTER = Setting(
    kind="mapping",
    keys={
        "name": Setting(
            kind="text",
            required=True,
            longest=_NAME,
            doc="Name of the physical filter. In lower case, with _ for blanks, it is the filter's directory.",
        ),
        "band": Setting(kind="text", doc="Its band; the name where it is not given."),
    },
)
"""A filter in ``instrument.yaml``."""

EXPECTED = Setting(
    kind="mapping",
    keys={
        "type": Setting(kind="text", required=True, doc="Name of the calibration type."),
        "detectors": Setting(
            kind="list",
            items=Setting(kind="text"),
            doc="Names of the detectors that have one; all detectors where it is absent.",
        ),
        "filters": Setting(
            kind="list",
            items=Setting(kind="text"),
            doc="Names of the filters that have one; all filters where it is absent.",
        ),
    },
)
"""A type that the instrument must have, in ``instrument.yaml``."""

BOUND = Setting(
    kind="mapping",
    keys={
        "type": Setting(kind="text", required=True, doc="Name of the calibration type."),
        "quantity": Setting(kind="text", required=True, doc="Quantity that the type declares a bound of."),
        "minimum": Setting(kind="real", doc="Least plausible value, in the unit of the type's page."),
        "maximum": Setting(kind="real", doc="Largest plausible value, in the unit of the type's page."),
        "reason": Setting(kind="text", required=True, doc="Why this instrument has such values."),
    },
)
"""Limits of a quantity in ``instrument.yaml``, in place of those that the type declares."""

MAX_AGE = Setting(
    kind="mapping",
    keys={
        "type": Setting(kind="text", required=True, doc="Name of the calibration type."),
        "days": Setting(
            kind="real",
            required=True,
            minimum=0.0,
            maximum=36525.0,
            says="not days from 0 to 36525",
            doc="How long after its start a calibration may be in force without being warned of.",
        ),
    },
)
"""How old a calibration of a type may become, in ``instrument.yaml``."""

INSTRUMENT = Setting(
    kind="mapping",
    doc="An instrument: its detectors and filters.",
    keys={
        "name": Setting(
            kind="text", required=True, longest=_NAME, doc="Name of the instrument in a Butler repository."
        ),
        "class_name": Setting(
            kind="text",
            longest=64,
            doc="Full name of the stack's instrument class, such as lsst.obs.lsst.LsstCam.",
        ),
        "visit_max": Setting(
            kind="number", doc="Largest visit number, which the repository's instrument record holds."
        ),
        "exposure_max": Setting(
            kind="number", doc="Largest exposure number, which the repository's instrument record holds."
        ),
        "detector_max": Setting(
            kind="number",
            doc="Upper bound of detector numbers, which the repository's instrument record holds.",
        ),
        "visit_system": Setting(
            kind="number", doc="How exposures make visits, which the repository's instrument record holds."
        ),
        "detectors": Setting(kind="list", items=DETECTOR, doc="The detectors."),
        "filters": Setting(kind="list", items=FILTER, doc="The physical filters."),
        "expected": Setting(
            kind="list", items=EXPECTED, doc="The types that it must have; what lacks is a finding."
        ),
        "bounds": Setting(kind="list", items=BOUND, doc="Limits of values that differ from the types'."),
        "max_age": Setting(
            kind="list", items=MAX_AGE, doc="How old calibrations may become; older ones are a finding."
        ),
        "certification": CERTIFICATION,
        "limits": LIMITS,
        "headers": HEADERS,
        "match": Setting(
            kind="list",
            items=Setting(kind="text", longest=68, pattern=KEYWORD, says="not a keyword of FITS"),
            doc="Keywords of the state of the camera, such as SEQNAME, in which exposure and calibration should agree.",
        ),
        "utc_offset": Setting(
            kind="real",
            minimum=EASTWARD[0],
            maximum=EASTWARD[1],
            says=f"not hours from {EASTWARD[0]:g} to {EASTWARD[1]:g}",
            doc="Hours by which the observatory's time is ahead of UTC, negative in the west; nights go from noon to noon.",
        ),
    },
)
"""Declaration of ``instrument.yaml``."""

OVERRIDE = replace(
    INSTRUMENT,
    doc="Keys of instrument.yaml that are overridden.",
    keys={key: replace(setting, required=False) for key, setting in INSTRUMENT.keys.items()},
)
"""An instrument in ``curated.yaml``."""
