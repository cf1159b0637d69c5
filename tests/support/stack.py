"""Texts and FITS files that the stack wrote of the same calibrations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple


class StackPair(NamedTuple):
    """A text, the stack's FITS file of the same object, and the folder of the type."""

    text: Path
    fits: Path
    folder: str


def stack_pairs(corpus: Path) -> list[StackPair]:
    """All pairs of the corpus."""
    root = corpus / "stack_written"
    lines = [json.loads(line) for line in (root / "map.jsonl").read_text().splitlines()]
    return [
        StackPair(text, root / "fits" / line["fits"], Path(line["text"]).parts[1])
        for line in lines
        for folder in ("calibs", "calibs_other_text")
        if (text := root / folder / line["text"]).exists()
    ]


def replaced_columns(text: Path) -> tuple[str, ...]:
    """Columns whose values are lost: PhotonTransferCurveDataset.toDict writes ptcRolloff in the place of ptcRolloffTau."""
    return ("PTC_ROLLOFF_TAU",) if text.parts[-3] == "ptc" and text.suffix == ".yaml" else ()
