"""A package of a detector with four amplifiers, and additions of tables to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from curated.exchange.addition import Addition
from curated.package.package import Package, open_package
from support.foreign import add

AMPLIFIERS = ("C00", "C01", "C10", "C11")

_INSTRUMENT = """\
name: Tiny
detectors:
- {id: 0, name: d0, width: 40, height: 30, amplifiers: [C00, C01, C10, C11]}
filters:
- {name: r, band: r}
"""

_CAMERA = """\
metadata: {OBSTYPE: camera, INSTRUME: Tiny, CALIBDATE: 2020-01-01T00:00:00, CAMERA_VERSION: 1.0}
detectors:
- {id: 0, name: d0, width: 40, height: 30, x: 0.0, y: 0.0, pixel_size: 0.015}
amplifiers:
""" + "".join(
    f"- {{detector: d0, name: {name}, x0: {x0}, y0: {y0}, width: 20, height: 15, raw_x0: 0, raw_y0: 0, "
    "serial_overscan_x0: 20, serial_overscan_y0: 0, serial_overscan_width: 4, serial_overscan_height: 15, "
    f"flip_x: false, flip_y: false, readout_corner: {corner}, gain: 1.5, read_noise: 5.0, saturation: 60000.0}}\n"
    for name, x0, y0, corner in (
        ("C00", 0, 0, "LL"),
        ("C01", 20, 0, "LR"),
        ("C10", 0, 15, "UL"),
        ("C11", 20, 15, "UR"),
    )
)


def make_table_package(root: Path) -> Package:
    """Make a package of an instrument with one detector of four amplifiers, and without calibrations."""
    directory = root / "calibs" / "tiny"
    directory.mkdir(parents=True)
    (root / "curated.yaml").write_text("calibs: calibs\n")
    (directory / "instrument.yaml").write_text(_INSTRUMENT)
    return open_package(root)


def add_camera(root: Path) -> None:
    """Add a camera calibration, which has the boxes of the amplifiers."""
    path = root / "calibs" / "tiny" / "camera" / "20200101T000000.yaml"
    path.parent.mkdir()
    path.write_text(_CAMERA)


class Tables:
    """Adds the content of tables to a package, each a file of its own."""

    def __init__(self, root: Path) -> None:
        self.root, self.package = root, make_table_package(root / "package")

    def file(self, content: str | bytes, name: str = "table.txt") -> Path:
        """Write a foreign file."""
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def add_camera(self) -> None:
        """Add a camera calibration to the package."""
        add_camera(self.root / "package")
        self.package = open_package(self.root / "package")

    def add(self, content: str | bytes | Path, type_name: str, **options: Any) -> Addition:
        """Plan an addition; curves of filters are of r."""
        path = content if isinstance(content, Path) else self.file(content, options.pop("name", "table.txt"))
        if type_name == "transmission_filter":
            options = {"filter": "r", "detector": "", **options}
        return add(self.package, path, type_name, **options)


def findings(addition: Addition, severity: str = "error") -> list[tuple[str, int, str]]:
    """Return code, line and message of the findings of a severity."""
    return [
        (finding.code, finding.line, finding.message)
        for finding in addition.diagnostics
        if finding.severity.value == severity
    ]
