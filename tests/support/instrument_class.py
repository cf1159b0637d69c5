"""The demonstration as a class of the stack, as obs packages have one for each instrument."""

from __future__ import annotations

from pathlib import Path

MODULE = '''\
"""Stands for ``lsst.obs.base.Instrument``: it writes the same records, by the same calls of the registry."""

from lsst.pipe.base import Instrument

DETECTORS = [(0, "d00", "R0", "S00"), (1, "d01", "R0", "S01"), (2, "d02", "R0", "S02"), (3, "d03", "R0", "S03")]
RECORD = {"detector_max": 5, "visit_max": 1000, "exposure_max": 1000, "visit_system": 1}


class Demo(Instrument):
    """The demonstration."""

    @classmethod
    def getName(cls):
        return "Demo"

    def getRawFormatter(self, dataId):
        raise NotImplementedError

    def register(self, registry, *, update=False):
        with registry.transaction():
            record = {"name": "Demo", "class_name": f"{type(self).__module__}.Demo", **RECORD}
            registry.syncDimensionData("instrument", record, update=update)
            for number, name, raft, slot in [*DETECTORS, (4, "g00", "R0", "G00")]:
                purpose = "GUIDER" if name.startswith("g") else "SCIENCE"
                record = {"instrument": "Demo", "id": number, "full_name": name, "name_in_raft": slot}
                record |= {"raft": raft, "purpose": purpose}
                registry.syncDimensionData("detector", record, update=update)
            for name, band in (("g", "g"), ("r", "r"), ("i", "i"), ("empty", "white")):
                record = {"instrument": "Demo", "name": name, "band": band}
                registry.syncDimensionData("physical_filter", record, update=update)
'''
"""Module ``observatory``, which a site has installed."""


def write_instrument_class(directory: Path) -> None:
    """Write the module into a directory."""
    (directory / "observatory.py").write_text(MODULE, encoding="utf-8")
