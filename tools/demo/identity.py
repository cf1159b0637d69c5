"""Starts of validity, and the keywords that identify a file."""

from __future__ import annotations

from typing import Any

from demo import camera

SOURCE = "Demonstration: computed by tools/make_demo.py, not measured"
FIRST = "2020-01-01"
RECOATED = "2023-06-20"
"""The night after the mirrors returned from the coating plant."""

REPAIRED, BROKEN = "2022-03-01", "2021-06-15"
"""Detector d02 was out of the cryostat between these dates."""

CREATED = {"CALIB_CREATION_DATE": "2024-12-02", "CALIB_CREATION_TIME": "09:30:00"}


def start(day: str) -> str:
    """Return a start in the form of keywords."""
    return day if "T" in day else f"{day}T00:00:00"


def file_name(day: str) -> str:
    """Return a start in the form of file names."""
    return start(day).replace("-", "").replace(":", "")


def keywords(
    obstype: str, calibcls: str, day: str, detector: str = "", filter_name: str = "", **more: Any
) -> dict[str, Any]:
    """Return the keywords of a file, those that identify it first."""
    header: dict[str, Any] = {"OBSTYPE": obstype, "INSTRUME": camera.INSTRUMENT}
    parts = [f"instrument={camera.INSTRUMENT}"]
    if detector:
        device = next(d for d in (*camera.detectors(), camera.guider()) if d["name"] == detector)
        header |= {"RAFTNAME": device["raft"], "SLOTNAME": device["slot"], "DETECTOR": device["id"]}
        header |= {"DET_NAME": device["name"], "DET_SER": device["serial"]}
        parts += [f"raftName={device['raft']}", f"detectorName={device['name']}", f"detector={device['id']}"]
    if filter_name:
        header["FILTER"] = filter_name
        parts.append(f"filter={filter_name}")
    parts.append(f"calibDate={start(day)}")
    header |= {"CALIB_ID": " ".join(parts), "CALIBCLS": calibcls, "CALIBDATE": start(day)}
    return header | {"SOURCE": SOURCE} | CREATED | more
