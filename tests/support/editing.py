"""A small package for tests of edits."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.packages import ROOT

PARTS = (
    *(
        "instrument.yaml",
        "defects/d00",
        "defects/d01",
        "defects/d02",
        "bias",
        "shutter",
        "manual_defects/d01",
    ),
    *("transmission_filter/r", "transmission_filter/i"),
)


def copy_package(place: Path) -> Path:
    """Copy a part of the demonstration package."""
    for part in PARTS:
        source, target = ROOT / "calibs" / "demo" / part, place / "calibs" / "demo" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    (place / "curated.yaml").write_text("")
    instrument = place / "calibs" / "demo" / "instrument.yaml"
    text = instrument.read_text()
    if "expected:" in text:  # this part lacks most of what the whole package is expected to have
        instrument.write_text(text[: text.index("expected:")])
    return place
