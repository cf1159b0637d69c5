"""Starts of validity, and the keywords that say what a file is."""

from __future__ import annotations

from typing import Any

from demo import camera

SOURCE = "Demonstration: computed by tools/make_demo.py, not measured"
FIRST = "2020-01-01"
RECOATED = "2023-06-20"
"""Night after the mirrors came back from the coating plant."""

REPAIRED, BROKEN = "2022-03-01", "2021-06-15"
"""Detector d02 was out of the cryostat between the two."""

CREATED = {"CALIB_CREATION_DATE": "2024-12-02", "CALIB_CREATION_TIME": "09:30:00"}


def start(day: str) -> str:
    """Return a start as keywords have it."""
    return day if "T" in day else f"{day}T00:00:00"


def file_name(day: str) -> str:
    """Return a start as file names have it."""
    return start(day).replace("-", "").replace(":", "")


def keywords(
    obstype: str, calibcls: str, day: str, detector: str = "", filter_name: str = "", **more: Any
) -> dict[str, Any]:
    """Return the keywords of a file, those of its identity first."""
    found: dict[str, Any] = {"OBSTYPE": obstype, "INSTRUME": camera.INSTRUMENT}
    parts = [f"instrument={camera.INSTRUMENT}"]
    if detector:
        known = next(d for d in (*camera.detectors(), camera.guider()) if d["name"] == detector)
        found |= {"RAFTNAME": known["raft"], "SLOTNAME": known["slot"], "DETECTOR": known["id"]}
        found |= {"DET_NAME": known["name"], "DET_SER": known["serial"]}
        parts += [f"raftName={known['raft']}", f"detectorName={known['name']}", f"detector={known['id']}"]
    if filter_name:
        found["FILTER"] = filter_name
        parts.append(f"filter={filter_name}")
    parts.append(f"calibDate={start(day)}")
    found |= {"CALIB_ID": " ".join(parts), "CALIBCLS": calibcls, "CALIBDATE": start(day)}
    return found | {"SOURCE": SOURCE} | CREATED | more
