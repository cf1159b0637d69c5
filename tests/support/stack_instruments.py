"""Records of the stack's instruments, as ``butler register-instrument`` writes them, and packages in their form.

Names, classes, numbers, rafts and filters are those of the public packages lsst/obs_lsst, lsst/obs_decam and
lsst/obs_subaru; each instrument has some of its detectors and filters, chosen so that the numbers are right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from conftest import GitPackage
from curated.butler.instruments.candidates import PackageInstrument, RegisteredInstrument
from curated.registry import all_types
from support.packages import defects_text

RAFT = [f"S{n // 3}{n % 3}" for n in range(9)]
LSST_RAFTS = [
    *("R01", "R02", "R03", "R10", "R11", "R12", "R13", "R14", "R20", "R21", "R22"),
    *("R23", "R24", "R30", "R31", "R32", "R33", "R34", "R41", "R42", "R43"),
]


def _rafts(rafts: Iterable[str], first: int = 0) -> list[dict[str, Any]]:
    names = [(raft, slot) for raft in rafts for slot in RAFT]
    return [
        {
            "id": first + n,
            "full_name": f"{raft}_{slot}",
            "name_in_raft": slot,
            "raft": raft,
            "purpose": "SCIENCE",
        }
        for n, (raft, slot) in enumerate(names)
    ]


def _decam() -> list[dict[str, Any]]:
    names = {number: f"S{number - 24}" for number in range(25, 32)}
    names |= {number: f"N{number - 31}" for number in range(32, 63)}
    return [
        {"id": number, "full_name": name, "name_in_raft": name[1:], "raft": name[0], "purpose": "SCIENCE"}
        for number, name in names.items()
    ]


def _hsc() -> list[dict[str, Any]]:
    names = {0: "1_53", 1: "1_54", 72: "0_01", 73: "0_00", 111: "1_25"}
    return [
        {"id": number, "full_name": name, "name_in_raft": name[2:], "raft": name[0], "purpose": "SCIENCE"}
        for number, name in names.items()
    ]


_LATISS = [{"id": 0, "full_name": "RXX_S00", "name_in_raft": "RXX_S00", "raft": None, "purpose": "SCIENCE"}]
_BANDS = {"u": "u", "g": "g", "r": "r", "i": "i", "z": "z", "y": "y"}

INSTRUMENTS: dict[str, tuple[str, list[dict[str, Any]], dict[str, str]]] = {
    "LATISS": (
        "lsst.obs.lsst.Latiss",
        _LATISS,
        {"SDSSg_65mm~empty": "g", "empty~SDSSi_65mm": "i", "empty~empty": "white"},
    ),
    "LSSTCam": ("lsst.obs.lsst.LsstCam", _rafts(LSST_RAFTS), {f"{b}_6": b for b in _BANDS}),
    "LSSTCam-imSim": ("lsst.obs.lsst.LsstCamImSim", _rafts(LSST_RAFTS), {f"{b}_sim_1.4": b for b in _BANDS}),
    "LSSTComCam": ("lsst.obs.lsst.LsstComCam", _rafts(["R22"]), {"g_01": "g", "r_03": "r", "i_06": "i"}),
    "LSSTComCamSim": (
        "lsst.obs.lsst.LsstComCamSim",
        _rafts(["R22"]),
        {"g_01": "g", "r_03": "r", "i_06": "i"},
    ),
    "LSST-TS8": (
        "lsst.obs.lsst.LsstTS8",
        _rafts(["RTM-005", "RTM-006", "RTM-007", "RTM-008", "RTM-010"], 27),
        {"unknown": "unknown"},
    ),
    "DECam": (
        "lsst.obs.decam.DarkEnergyCamera",
        _decam(),
        {"g DECam SDSS c0001 4720.0 1520.0": "g", "Y DECam c0005 10095.0 1130.0": "y"},
    ),
    "HSC": ("lsst.obs.subaru.HyperSuprimeCam", _hsc(), {"HSC-G": "g", "HSC-R2": "r"}),
}
"""Class, detectors, and bands of the filters of instruments, by their names in a repository."""

PACKAGES: dict[str, tuple[str, dict[int, str], str, str]] = {
    "latiss": ("LATISS", {0: "rxx_s00"}, "sdssg_65mm~empty", "instrument=LATISS raftName=RXX"),
    "lsstCam": ("LSSTCam", {90: "r22_s00", 94: "r22_s11"}, "g_6", "raftName=R22 detectorName=S00"),
    "imsim": ("imsim", {90: "r22_s00", 94: "r22_s11"}, "", ""),
    "comCam": ("ComCam", {0: "r22_s00", 4: "r22_s11"}, "g_01", ""),
    "comCamSim": ("comCamSim", {0: "r22_s00", 4: "r22_s11"}, "r_03", ""),
    "ts8": (
        "TS8",
        {27: "rtm-005_s00", 63: "rtm-010_s00"},
        "",
        "raftName=RTM-005 detectorName=S00 detector=27",
    ),
    "decam": ("decam", {25: "s1", 32: "n1"}, "g_decam_sdss_c0001_4720.0_1520.0", "detector=32 ccdnum=32"),
    "hsc": ("hsc", {73: "0_00", 111: "1_25"}, "hsc-g", "detector=73 ccd=73"),
}
"""INSTRUME, directories of detectors by number, a filter's directory, and CALIB_ID, of the stack's data packages."""

DIRECTORIES = {
    "latiss": "LATISS",
    "lsstCam": "LSSTCam",
    "imsim": "LSSTCam-imSim",
    "comCam": "LSSTComCam",
    "comCamSim": "LSSTComCamSim",
    "ts8": "LSST-TS8",
    "decam": "DECam",
    "hsc": "HSC",
}
"""Names in a repository by the directories of the stack's data packages."""


def register(repo: Path, names: Iterable[str], **changes: Any) -> Path:
    """Create a repository, or open it, and register instruments as the stack does; formatters are of this project.

    Parameters
    ----------
    **changes
        Other keys of the instrument records.
    """
    from lsst.daf.butler import Butler

    from curated.butler.repository.creation import create_repository

    if not repo.exists():
        create_repository(str(repo), (cls.SPEC.dataset for cls in all_types().values()))
    with Butler.from_config(str(repo), writeable=True) as butler, butler.transaction():
        for name in names:
            class_name, detectors, filters = INSTRUMENTS[name]
            limits = {"visit_max": 6050123199999, "exposure_max": 6050123199999, "detector_max": 1000}
            insert = butler.registry.insertDimensionData
            insert("instrument", {"name": name, "class_name": class_name, **limits, **changes})
            insert("detector", *({"instrument": name, **detector} for detector in detectors))
            rows = [{"instrument": name, "name": f, "band": band} for f, band in filters.items()]
            insert("physical_filter", *rows)
    return repo


def add_instrument(
    repo: Path, name: str, detectors: Mapping[int, str] = {}, filters: Mapping[str, str] = {}, **values: Any
) -> None:
    """Add an instrument to a repository as somebody without the stack does."""
    from lsst.daf.butler import Butler

    with Butler.from_config(str(repo), writeable=True) as butler, butler.transaction():
        insert = butler.registry.insertDimensionData
        insert("instrument", {"name": name, **values})
        if detectors:
            insert("detector", *({"instrument": name, "id": n, "full_name": d} for n, d in detectors.items()))
        if filters:
            insert(
                "physical_filter", *({"instrument": name, "name": f, "band": b} for f, b in filters.items())
            )


def package_instrument(directory: str, **changes: Any) -> PackageInstrument:
    """Return what is inferred from the files of one of the stack's data packages."""
    instrume, detectors, filter_directory, _ = PACKAGES[directory]
    values = {
        "name": instrume,
        "is_named": False,
        "directory": directory,
        "detectors": {number: name.upper() for number, name in detectors.items()},
        "filters": {filter_directory: False} if filter_directory else {},
    }
    return PackageInstrument(**{**values, **changes})


def registered_instrument(name: str, **changes: Any) -> RegisteredInstrument:
    """Return one of the stack's instruments as a repository has it."""
    class_name, detectors, filters = INSTRUMENTS[name]
    names = {detector["id"]: detector["full_name"] for detector in detectors}
    values = {"name": name, "class_name": class_name, "detectors": names, "filters": frozenset(filters)}
    return RegisteredInstrument(**{**values, **changes})


def write_stack_package(path: Path, *directories: str) -> GitPackage:
    """Write a bare package in the form of the stack's data packages, without settings, and commit it."""
    path.mkdir(parents=True)
    package = GitPackage(path)
    package.git("init", "--quiet")
    files = {}
    for directory in directories:
        instrume, detectors, filter_directory, calib_id = PACKAGES[directory]
        for number, name in detectors.items():
            meta = {"INSTRUME": instrume, **({"CALIB_ID": calib_id} if "instrument=" in calib_id else {})}
            files[f"{directory}/defects/{name}/19700101T000000.ecsv"] = defects_text(
                meta, detector=number, date="1970-01-01T00:00:00"
            )
        if filter_directory:
            text = curve_text(instrume, filter_directory)
            files[f"{directory}/transmission_filter/{filter_directory}/19700101T000000.ecsv"] = text
    package.commit(files, "Add calibrations")
    return package


def curve_text(instrume: str, filter_name: str) -> str:
    """Return the ECSV text of a filter's transmission curve."""
    return (
        "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: wavelength, unit: nm, datatype: float64}\n"
        "# - {name: efficiency, unit: '%', datatype: float64}\n# meta: !!omap\n"
        f"# - {{OBSTYPE: transmission_filter}}\n# - {{INSTRUME: {instrume}}}\n# - {{FILTER: '{filter_name}'}}\n"
        "# - {CALIBDATE: '1970-01-01T00:00:00'}\n# schema: astropy-2.0\n"
        "wavelength efficiency\n400.0 10.0\n500.0 20.0\n"
    )
