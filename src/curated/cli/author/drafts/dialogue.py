"""Questions about a new instrument, on a terminal; each has a default and a line of help."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import click

from curated.cli.context import echo
from curated.core.diagnostic import CuratedError


@dataclass(slots=True)
class Answers:
    """What a person answered: options of the geometry, filters, and the offset of local time in hours."""

    geometry: dict[str, Any] = field(default_factory=dict)
    filters: tuple[str, ...] = ()
    utc_offset: float = 0.0


_QUESTIONS = (
    ("detectors", "How many detectors", "1", "a number, or their names with commas: N1,S1"),
    ("size", "Columns and rows of a detector", "2048x2048", "pixels that see light, without overscan"),
    ("amplifiers", "How many amplifiers has a detector", "1", "a number, or their names with commas"),
    ("grid", "Columns and rows of amplifiers", "", "such as 8x2; Enter for two rows at most"),
    ("overscan", "Columns of overscan of an amplifier", "0", "pixels after those that see light"),
    ("gain", "Gain", "", "electrons per adu: 1.5, or one for each amplifier; Enter if unknown"),
    ("read_noise", "Read noise", "", "electrons; Enter if unknown"),
    ("saturation", "Saturation", "", "adu; Enter if unknown"),
    ("filters", "Filters", "", "with their bands: g=g, r_57=r; Enter for none"),
    (
        "utc_offset",
        "Hours of local time ahead of UTC",
        "0",
        "negative in the west; nights last from noon to noon",
    ),
)


def ask(name: str) -> Answers:
    """Ask for the detectors and filters of an instrument; a wrong answer is asked for again."""
    echo(f"{name}: each question has a default in brackets, which Enter takes.", "", err=True)
    answers = Answers()
    for key, question, default, explanation in _QUESTIONS:
        text = _answer(question, default, explanation, partial(_check, name, answers, key))
        if key == "filters":
            answers.filters = _filters(text)
        elif key == "utc_offset":
            answers.utc_offset = float(text)
        elif text:
            answers.geometry[key] = int(text) if key == "overscan" else text
    return answers


def _answer(question: str, default: str, explanation: str, check: Callable[[str], None]) -> str:
    while True:
        echo(f"  {explanation}", err=True)
        text = str(click.prompt(question, default=default, show_default=bool(default), err=True)).strip()
        try:
            check(text)
        except (CuratedError, ValueError) as error:
            message = error.message if isinstance(error, CuratedError) else f"{text!r} is not a number"
            hint = f" ({error.hint})" if isinstance(error, CuratedError) and error.hint else ""
            echo(f"  {message}{hint}", err=True)
            continue
        return text


def _check(name: str, answers: Answers, key: str, text: str) -> None:
    """Raise an error if an answer cannot be meant, given those before it; later questions could not correct it."""
    from curated.drafts.geometry import GeometryOptions, make_detectors
    from curated.drafts.instrument import declare_instrument, draft_camera, parse_filter
    from curated.package.settings.instrument import EASTWARD

    if key == "utc_offset":
        if not EASTWARD[0] <= float(text) <= EASTWARD[1]:
            raise CuratedError(f"{text} is not from {EASTWARD[0]:g} to {EASTWARD[1]:g}")
        return
    geometry = dict(answers.geometry)
    if key != "filters" and text:
        geometry[key] = int(text) if key == "overscan" else text
    if key == "amplifiers":
        _require_grid(geometry)
        # The next question, for the grid, settles whether the size can be divided.
        del geometry["size"]
    detectors = make_detectors(GeometryOptions(**geometry))
    filters = [parse_filter(word) for word in _filters(text)] if key == "filters" else []
    declared = declare_instrument(name, detectors, filters)
    draft = draft_camera(declared, detectors[:1], filters, datetime(1970, 1, 1), "")
    if draft is not None and draft.implausible:
        raise CuratedError(f"no instrument has {draft.implausible[0]}")


def _require_grid(geometry: dict[str, Any]) -> None:
    """Raise an error if no grid of amplifiers has equal parts of the size."""
    from curated.drafts.geometry import GeometryOptions, make_detectors

    count = len(make_detectors(GeometryOptions(amplifiers=geometry["amplifiers"]))[0].amplifiers)
    for columns in range(1, count + 1):
        if count % columns == 0:
            with suppress(CuratedError):
                make_detectors(GeometryOptions(**geometry, grid=f"{columns}x{count // columns}"))
                return
    raise CuratedError(
        f"{geometry['size']} pixels cannot be divided among {count} equal amplifiers",
        "a detector of other parts is described with --camera, or in the camera calibration",
    )


def _filters(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
