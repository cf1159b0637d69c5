"""What the side files of all image products have in common, as declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curated.core.diagnostic import Problem, brief
from curated.core.units import fits_unit
from curated.declare import PlotSpec, Spec, Table, column

TABLES = (
    Table(name="", rows="record"),
    Table(name="image", rows="record"),
    Table(name="statistics", rows="record", optional=True),
)
TOP, IMAGE, STATISTICS = 0, 1, 2


def image_spec(name: str, title: str, *, storage_class: str = "ExposureF", **more: Any) -> Spec:
    """Return the declaration of an image product; the arguments are those of `Spec`."""
    exposure = {"ExposureF": "lsst.afw.image.ExposureF", "MaskedImageF": "lsst.afw.image.MaskedImageF"}
    given = {"obstype": name, "calibcls": exposure.get(storage_class, ""), **more}
    return Spec(
        name=name,
        title=title,
        storage_class=storage_class,
        forms=("yaml", "json"),
        tables=TABLES,
        absent="omit",
        beside=(".fits", ".fits.fz", ".fits.gz"),
        plot=PlotSpec(kind="image", y="image"),
        **given,
    )


def unit_column(*choices: str) -> Any:
    """Declare the unit of the pixels, one of those given."""
    return column(
        "str",
        table=TOP,
        keyword="BUNIT",
        text="unit",
        choices=choices,
        required=False,
        doc=f"Unit of the pixels, that of BUNIT where it is absent, else {choices[0] or 'none'}.",
    )


def value_column(keyword: str, doc: str, **more: Any) -> Any:
    """Declare a number at the top of the side file that lives in a keyword."""
    return column("f8", table=TOP, keyword=keyword, required=False, doc=doc, **more)


def statistic_column(keyword: str, doc: str, dtype: str = "f8", **more: Any) -> Any:
    """Declare a number about the pixels, for people."""
    return column(dtype, table=STATISTICS, keyword=keyword, required=False, doc=f"{doc} Informative.", **more)


_OTHER_UNITS = {"electrons": "electron", "e-": "electron", "electrons/s": "electron/s", "e-/s": "electron/s"}


def spelled_unit(unit: str) -> str:
    """Return a unit as the FITS standard spells it; ADU and e- are what many cameras write."""
    spelled = fits_unit(unit.strip().lower().replace(" ", ""))
    return _OTHER_UNITS.get(spelled, spelled)


def unit_of(
    declared: str | None, header: Mapping[str, Any], choices: Sequence[str]
) -> tuple[str, list[Problem]]:
    """Return the unit of an image's pixels, and what is wrong with it.

    Parameters
    ----------
    declared : `str`, optional
        What the side file says.
    header : `dict`
        The header of the image; BUNIT counts.
    choices : sequence [`str`]
        The units that such an image may have, the usual one first.
    """
    said = spelled_unit(header["BUNIT"]) if isinstance(header.get("BUNIT"), str) else None
    if declared is not None:
        wrong = said is not None and said != declared
        detail = f"unit is {declared!r}, but BUNIT of the image is {said!r}"
        return declared, [Problem("CAL348", ("unit",), detail)] if wrong else []
    if said is None:
        detail = f"neither unit nor BUNIT of the image says what its pixels are; {choices[0]!r} is assumed"
        return choices[0], [Problem("CAL411", (), detail)] if choices[0] else []
    if said not in choices:
        detail = f"BUNIT of the image is {brief(said)}, not one of {', '.join(map(repr, choices))}"
        return said, [Problem("CAL348", ("image", "file"), detail)]
    return said, []
