"""What a provenance record may say, declared once: reader, schemas and documentation walk the declaration."""

from __future__ import annotations

from curated.declare.settings import Setting

MAX_INPUTS = 10_000
"""Most inputs of one calibration; whoever has more names the collection that holds them."""

MAX_EDITS = 1_000
MAX_PARAMETERS = 65_536
"""Most characters of the parameters, as JSON."""

SIDE_ENDING = ".inputs.yaml"
"""What takes the place of a calibration file's ending in the name of the file beside it."""

_NAME = r"^(?=[\s\S]*\S)[\s\S]{1,256}$"

RESERVED = ("date", "exposure_time", "scale", "weight")
"""Columns of the table in FITS beside the dimensions, in order; no dimension has such a name."""

_DATE = "ISO 8601, such as 2024-01-31T22:10:00"

INPUT = Setting(
    kind="mapping",
    doc="An exposure that the calibration was made of.",
    keys={
        "data_id": Setting(
            kind="mapping",
            required=True,
            names=rf"^(?!(?:{'|'.join(RESERVED)})$)[a-z][a-z0-9_]{{0,63}}$",
            names_say="not the name of a dimension: a-z, 0-9 and '_'",
            items=Setting(kind="scalar", doc="Value of a dimension."),
            doc="Its data ID, such as {instrument: Demo, detector: 0, exposure: 2024013100012}; the same dimensions "
            "in all inputs.",
        ),
        "date": Setting(kind="text", longest=64, doc=f"Start of the exposure, UTC: {_DATE}."),
        "exposure_time": Setting(kind="real", minimum=0, doc="Exposure time in seconds."),
        "scale": Setting(kind="real", doc="Factor that it was multiplied by before the combination."),
        "weight": Setting(kind="real", minimum=0, doc="Its weight in the combination."),
    },
)

EDIT = Setting(
    kind="mapping",
    doc="A manual edit.",
    keys={
        "name": Setting(kind="text", required=True, doc="Who made it."),
        "date": Setting(kind="text", required=True, longest=64, doc="When: a day, or a time in UTC."),
        "what": Setting(kind="text", required=True, longest=4096, doc="What was changed, and why."),
    },
)

CONSTRUCTION = Setting(
    kind="mapping",
    doc="How the calibration was made of its inputs.",
    keys={
        "task": Setting(kind="text", longest=1024, doc="The pipeline task or program."),
        "parameters": Setting(
            kind="mapping",
            names=_NAME,
            names_say="not a name of 1 to 256 characters",
            items=Setting(kind="plain", doc="Value of a parameter."),
            doc="Its configuration.",
        ),
        "software": Setting(
            kind="mapping",
            names=_NAME,
            names_say="not a name of 1 to 256 characters",
            items=Setting(kind="text", longest=1024, doc="Version of a package."),
            doc="Packages and their versions.",
        ),
        "dataset": Setting(
            kind="mapping",
            keys={
                "uuid": Setting(kind="text", longest=64, doc="Its UUID."),
                "type": Setting(kind="text", doc="Its dataset type."),
                "run": Setting(kind="text", doc="The RUN collection that it was made in."),
                "collection": Setting(
                    kind="text", doc="The CALIBRATION collection that it was certified in."
                ),
            },
            doc="The dataset of a Butler repository that it was exported from.",
        ),
    },
)

PROVENANCE = Setting(
    kind="mapping",
    doc="What a calibration was made of, and who edited it since.",
    keys={
        "inputs": Setting(
            kind="list", items=INPUT, most=MAX_INPUTS, doc="The exposures that it was made of."
        ),
        "construction": CONSTRUCTION,
        "edits": Setting(kind="list", items=EDIT, most=MAX_EDITS, doc="Manual edits, the latest one last."),
    },
)
"""What may stand at the top of a YAML calibration, in ECSV metadata, and in ``<validstart>.inputs.yaml``."""
