"""Which Python class a dataset is read as: the stack's where it is installed, ours elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from astropy.io import fits
from lsst.daf.butler import StorageClass, StorageClassFactory

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.registry import all_types

STORAGE_CLASSES = (
    "BrighterFatterKernel",
    "CrosstalkCalib",
    "Defects",
    "ExposureF",
    "IsrCalib",
    "Linearizer",
    "MaskedImageF",
    "PhotonTransferCurveDataset",
    "QECurve",
    "StrayLightData",
    "TransmissionCurve",
)
"""Standard storage classes that calibrations use; Butler names their classes and does not ship them."""


@cache
def stack_installed() -> bool:
    """Say whether the LSST stack, which has the classes of the standard storage classes, is there."""
    return find_spec("lsst.afw") is not None


class CalibStorageClass(StorageClass):
    """A standard storage class that stands for `Calib` where the stack's own class does not exist.

    Its definition is equal to the standard one in name, type name, components and parameters, which
    is what Butler compares, so repositories and configurations see no difference.
    """

    @property
    def pytype(self) -> type:
        """The stack's class, or `Calib` where there is no stack."""
        try:
            declared: type = super().pytype
        except ImportError:
            # A stack that is there but broken must say so, not be replaced.
            if stack_installed():
                raise
            return Calib
        return declared


def adopt(storage_class: StorageClass) -> None:
    """Let a storage class stand for `Calib` where the stack's own class does not exist.

    The object itself is changed: dataset types that were read from a repository already hold it.
    """
    if type(storage_class) is StorageClass:
        storage_class.__class__ = CalibStorageClass


def adopt_all() -> None:
    """`adopt` all storage classes of calibrations, for every repository of this process."""
    factory = StorageClassFactory()
    for name in STORAGE_CLASSES:
        if name in factory:
            adopt(factory.getStorageClass(name))


def read_calib(path: str, dataset_type: str) -> Calib:
    """Read a file as the class of its dataset type, or of its OBSTYPE where a site has other names.

    Parameters
    ----------
    path : `str`
        The FITS file.
    dataset_type : `str`
        Name of the dataset type.
    """
    types = all_types().values()
    for cls in types:
        if dataset_type == cls.SPEC.dataset:
            return cls.readFits(path)
    obstype = str(fits.getval(path, "OBSTYPE")).lower()
    for cls in types:
        if obstype in (cls.SPEC.obstype.lower(), cls.SPEC.name.lower()):
            return cls.readFits(path)
    raise CuratedError(
        f"no calibration type for dataset type {dataset_type} or OBSTYPE {obstype}",
        "'curated types' lists the types; one of another package needs that package",
    )
