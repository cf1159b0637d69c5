"""Examples in reference pages: a calibration as text, and what becomes of it in FITS."""

from __future__ import annotations

import io
from pathlib import Path

from curated.calib import Calib
from curated.docs.markdown import markdown_table
from curated.fits.writer import fits_bytes
from curated.package.layout import discover, walk

_MOST_COLUMNS = 110
_MOST_LINES = {"header": 44, "metadata": 18, "values": 2}
"""Lines of an example: of an ECSV file, of the metadata in YAML, and of each other value there."""


def find_example(cls: type[Calib], calibs: Path) -> Path | None:
    """Return the smallest calibration of a type whose first table, if it has any, has rows; `None` if there is none."""
    found = [file for file in discover(walk(str(calibs), ""), "").files if file.key.type == cls.SPEC.name]
    for file in sorted(found, key=lambda f: ((calibs / f.path).stat().st_size, f.path)):
        first = cls.readText(calibs / file.path).tables()[:1]
        if not first or any(len(column.values) for column in first[0].columns.values()):
            return calibs / file.path
    return None


def example_section(path: Path, calibs: Path) -> str:
    """Return the section that shows a calibration as text, long ones shortened."""
    lines = path.read_text("utf-8").splitlines()
    shown = [line if len(line) <= _MOST_COLUMNS else f"{line[: _MOST_COLUMNS - 4]} ..." for line in lines]
    shown = _shortened(shown) if path.suffix != ".ecsv" else shown[: _MOST_LINES["header"]]
    if len(shown) < len(lines):
        shown.append(f"... ({len(lines)} lines)")
    name = path.relative_to(calibs).as_posix()
    listed = "".join(f"    {line}\n".replace("    \n", "\n") for line in shown)
    return f"## Example\n\n[{name}](../../calibs/{name}):\n\n{listed}"


def _shortened(lines: list[str]) -> list[str]:
    """Return the first lines of the metadata, and fewer of each value after them."""
    kept, most, inside = [], 0, 0
    for line in lines:
        if line[:1] not in ("", " ", "-", "]", "}"):
            most = _MOST_LINES["metadata" if line.startswith("metadata") else "values"]
            inside = 0
        if inside <= most:
            kept.append(line)
        elif inside == most + 1:
            kept.append("    ...")
        inside += 1
    return kept


def fits_section(calib: Calib) -> str:
    """Return the section that says what becomes of a calibration in FITS."""
    from astropy.io import fits

    parts = [
        "## FITS\n",
        "What `curated convert` makes of the example. The primary HDU has no data; it holds the keywords, and in "
        "a released file the stamp.\n",
    ]
    with fits.open(io.BytesIO(fits_bytes(calib.fits_content()))) as hdus:
        for number, hdu in enumerate(hdus[1:], 1):
            if hdu.is_image:
                kind = f"{hdu.shape[1]} x {hdu.shape[0]} pixels, BITPIX {hdu.header['BITPIX']}"
                parts.append(f"HDU {number} `{hdu.name}`, an image of {kind}.\n")
                continue
            count = len(hdu.data)
            parts.append(
                f"HDU {number}{f' `{hdu.name}`' if hdu.name else ''}, {count} row{'s' * (count != 1)}:\n"
            )
            rows = [(f"`{c.name}`", f"`{c.format}`", c.dim or "", c.unit or "") for c in hdu.columns]
            parts.append(markdown_table(("Column", "TFORM", "TDIM", "TUNIT"), rows))
    return "\n".join(parts)
