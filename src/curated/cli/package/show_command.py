"""``curated show``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from curated.calib import Calib, CalibrationError
from curated.cli.context import Settings, echo, format_option, pass_settings, print_json
from curated.core.diagnostic import CuratedError
from curated.datasets.deprecation import find_deprecation
from curated.package.lookalikes import FORMS
from curated.registry import find_type, get_type

_MOST_INPUTS = _MOST_KEYS = 32
"""How many inputs, and how many keys of a mapping, are printed."""


@click.command("show")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--type", "type_name", metavar="TYPE", help="Its type, if neither its path nor its keywords have one."
)
@click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Draw it into this file: .png, .svg or .pdf.",
)
@format_option()
@pass_settings
def command(settings: Settings, path: Path, type_name: str | None, plot: Path | None, form: str) -> None:
    """Show a calibration: its keywords, its values, and what it was made of, from a text file or from FITS.

    \b
    Examples:
      curated show calibs/demo/defects/d00/20240101T000000.ecsv
      curated show calibs/demo/crosstalk/d00/20200101T000000.yaml --plot crosstalk.png
    """
    if plot is not None:
        from curated.plots import format_of

        format_of(plot)  # before anything is read
    calib = load(path, type_name)
    if plot is not None:
        from curated.plots import plot as draw

        draw(calib, plot, size=detector_size(path))
        settings.remark(f"drawn in {plot}")
    if form == "json":
        print_json("calibration", type=calib.SPEC.name, path=str(path), content=_finite(calib.toDict()))
    elif plot is None or settings.verbose:
        _print_text(calib)


def detector_size(path: Path) -> tuple[int, int] | None:
    """Return the columns and rows of a file's detector, if its package declares them."""
    from curated.check.instruments import read_instruments
    from curated.package.package import open_package

    try:
        package = open_package(path.parent)
    except CuratedError:
        return None
    declared, _ = read_instruments(package)
    for file in package.layout.files:
        if package.root / file.path == path.resolve() and file.key.instrument in declared:
            detector = declared[file.key.instrument].detectors.get(file.key.detector)
            return (detector.width, detector.height) if detector is not None and detector.width else None
    return None


def load(path: Path, type_name: str | None) -> Calib:
    """Read a calibration of any type.

    Raises
    ------
    CuratedError
        If its type is unknown, or it cannot be read.
    """
    cls = get_type(type_name) if type_name else _type_of(path)
    is_text = path.suffix in FORMS
    try:
        return cls.readText(path) if is_text else cls.readFits(path)
    except CalibrationError as error:
        raise CuratedError(error.message, "'curated check' names the lines") from error


def _type_of(path: Path) -> type[Calib]:
    for part in reversed(path.resolve().parts[:-1]):
        cls = find_type(part)
        if cls is not None:
            return cls
    if path.suffix not in FORMS:
        from curated.fits.reader import read_fits

        obstype = read_fits(path)[0].get("OBSTYPE")
        cls = find_type(str(obstype)) if obstype else None
        if cls is not None:
            return cls
    raise CuratedError(f"the type of {path} is not known", "give it with --type")


def _finite(value: Any) -> Any:
    """Return plain data with `None` for NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print_text(calib: Calib) -> None:
    import numpy as np

    from curated.report.text import printable

    echo(f"{calib.SPEC.name}: {calib.SPEC.title}", "")
    mark, _ = find_deprecation(calib.metadata)
    if mark is not None:
        echo(f"out of use, {printable(str(mark))} (cover: {mark.cover})", "")
    width = max((len(key) for key in calib.metadata), default=0)
    for key, value in calib.metadata.items():
        if value not in (None, ""):
            echo(f"  {printable(key):{width}s}  {printable(str(value))}")
    echo("")
    with np.printoptions(threshold=24, edgeitems=3, linewidth=96, precision=6):
        for field in calib.FIELDS:
            value = getattr(calib, field.name)
            if value is None or (isinstance(value, dict) and not value) or field.keyword:
                continue
            unit = calib.units.get(field.name, "") or field.unit
            label = f"{field.name}{f' ({unit})' if unit else ''}"
            items = value.items() if isinstance(value, dict) else [("", value)]
            echo(f"{printable(label)}: {field.doc}")
            for key, item in list(items)[:_MOST_KEYS]:
                shape = f"{'x'.join(map(str, item.shape))} " if isinstance(item, np.ndarray) else ""
                first, *others = [item] if isinstance(item, str) else str(item).split("\n")
                echo(f"    {f'{key}: ' if key else ''}{shape}{first}", *(f"      {line}" for line in others))
    _print_provenance(calib)


def _print_provenance(calib: Calib) -> None:
    """Print inputs, construction and edits, with a line for each input and edit."""
    from curated.report.text import printable

    inputs, edits = calib.provenance.inputs, calib.provenance.edits
    if inputs:
        echo(f"inputs: {len(inputs)}")
    for exposure in inputs[:_MOST_INPUTS]:
        parts = [f"{key}={value}" for key, value in exposure.data_id.items()]
        parts += [exposure.date] if exposure.date else []
        parts += [f"{exposure.exposure_time:g} s"] if exposure.exposure_time is not None else []
        parts += [f"scale {exposure.scale:g}"] if exposure.scale is not None else []
        parts += [f"weight {exposure.weight:g}"] if exposure.weight is not None else []
        echo(f"    {printable('  '.join(parts))}")
    if len(inputs) > _MOST_INPUTS:
        echo(f"    and {len(inputs) - _MOST_INPUTS} more")
    for label, value in calib.provenance.construction.plain().items():
        if isinstance(value, list):
            echo(f"{label}: {len(value)}")
            for entry in value[:_MOST_INPUTS]:
                echo(f"    {printable('  '.join(entry.values()))}")
            if len(value) > _MOST_INPUTS:
                echo(f"    and {len(value) - _MOST_INPUTS} more")
            continue
        pairs = value.items() if isinstance(value, dict) else [("", value)]
        parts = [f"{key}: {item}" if key else str(item) for key, item in pairs]
        echo(f"{label}: {printable(', '.join(parts))}")
    if edits:
        echo(f"edits: {len(edits)}")
    for edit in edits:
        echo(f"    {printable(f'{edit.date}  {edit.name}: {edit.what}')}")
