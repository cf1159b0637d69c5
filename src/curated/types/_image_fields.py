"""What the side files of all image products have in common, as declarations."""

from __future__ import annotations

from typing import Any

from curated.spec import PlotSpec, Spec, Table, column
from curated.units import fits_unit

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
