"""The baseline, as an astropy user would write it: read each file, make a table, write it, one after the other."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import yaml
from astropy.io import fits
from astropy.table import Table


class Loader(yaml.CSafeLoader):
    """PyYAML's C loader with constructors for the tags that the files have."""


Loader.add_constructor(
    "lsst.daf.base.PropertyList", lambda loader, node: loader.construct_sequence(node, deep=True)
)
Loader.add_constructor(
    "tag:yaml.org,2002:python/tuple", lambda loader, node: loader.construct_sequence(node, deep=True)
)


def read(path: Path) -> Table:
    """Read one calibration."""
    if path.suffix == ".ecsv":
        return Table.read(path, format="ascii.ecsv")
    tree = yaml.load(path.read_bytes(), Loader)
    kernels = tree.get("detKernels") or tree.get("ampKernels") or {}
    return Table({"KEY": list(kernels), "KERNEL": list(kernels.values())})


def main() -> None:
    """Read, or read and write, all calibrations below a directory."""
    root, output = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None
    warnings.simplefilter("ignore")
    for path in sorted(
        p for p in root.rglob("*") if p.suffix in (".ecsv", ".yaml") and ".git" not in p.parts
    ):
        table = read(path)
        if output is None:
            continue
        target = (output / path.relative_to(root)).with_suffix(".fits")
        target.parent.mkdir(parents=True, exist_ok=True)
        fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(table)]).writeto(target, overwrite=True)


if __name__ == "__main__":
    main()
