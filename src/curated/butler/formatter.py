"""Calibrations as Butler reads and writes them: the formatter, and Python classes for the standard storage classes.

With the LSST stack the storage classes have the stack's classes, elsewhere `Calib`.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any, ClassVar

from astropy.io import fits
from lsst.daf.butler import FormatterNotImplementedError, FormatterV2, StorageClass, StorageClassFactory
from lsst.resources import ResourcePath

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.registry import all_types

STORAGE_CLASSES = (
    "BrighterFatterKernel",
    "Camera",
    "Catalog",
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
"""Standard storage classes of calibrations. Butler defines them, but only the stack has their Python classes."""


class CalibFormatter(FormatterV2):
    """Read and write calibrations as FITS files with the Python class of their storage class.

    Its name is written into the records of repositories: it must stay importable from here.
    """

    default_extension: ClassVar[str | None] = ".fits"
    supported_extensions: ClassVar[frozenset[str]] = frozenset({".fits", ".fits.gz", ".fits.fz", ".fit"})
    # None: Butler itself applies all parameters, through the storage class's delegate.
    unsupported_parameters: ClassVar[frozenset[str] | None] = None
    can_read_from_local_file: ClassVar[bool] = True

    def read_from_local_file(
        self,
        path: str,
        component: str | None = None,
        expected_size: int = -1,  # noqa: ARG002 (Butler passes it by name)
    ) -> Any:
        """Return the calibration in a file, or one component of it.

        Parameters
        ----------
        component : `str`, optional
            A component that the storage class defines; only the stack's classes have any.
        """
        descriptor = self.file_descriptor
        use_calib(descriptor.storageClass)
        # The same object as the dataset type's, against whose class Butler checks what is returned.
        use_calib(descriptor.readStorageClass)
        pytype: Any = descriptor.storageClass.pytype
        if issubclass(pytype, Calib):
            if component is not None:
                raise FormatterNotImplementedError(f"component '{component}' needs the LSST stack")
            return read_calib(path, self.dataset_ref.datasetType.name)
        # The stack's calibrations and images share this interface.
        value = pytype.readFits(path)
        if component is None:
            return value
        return descriptor.storageClass.delegate().getComponent(value, component)

    def can_accept(self, in_memory_dataset: Any) -> bool:
        """Return whether an object can write itself as FITS."""
        return hasattr(in_memory_dataset, "writeFits")

    def write_local_file(self, in_memory_dataset: Any, uri: ResourcePath) -> None:
        """Write an object as a FITS file on this machine."""
        in_memory_dataset.writeFits(uri.ospath)


class CalibStorageClass(StorageClass):
    """A standard storage class whose Python class is `Calib` where the stack's own class does not exist.

    It equals the standard one in name, type name, components and parameters, which is what Butler compares, so
    repositories and configurations see no difference.
    """

    @property
    def pytype(self) -> type:
        """The stack's class, or `Calib` where there is no stack."""
        try:
            stack_class: type = super().pytype
        except ImportError:
            # A stack that is there but broken must say so, not be replaced.
            if stack_installed():
                raise
            return Calib
        return stack_class


@cache
def stack_installed() -> bool:
    """Return whether the LSST stack is installed, which has the classes of the standard storage classes."""
    return find_spec("lsst.afw") is not None


def use_calib(storage_class: StorageClass) -> None:
    """Make `Calib` the Python class of a storage class where the stack's own class does not exist.

    The object itself is changed: dataset types that were read from a repository already refer to it.
    """
    cls = type(storage_class)
    # Those that Butler made; a subclass of somebody else's knows what it does.
    if cls.__module__ == StorageClass.__module__:
        storage_class.__class__ = _calib_class(cls)


def _calib_class(cls: type[StorageClass]) -> type[StorageClass]:
    """Return the class that takes the place of a class of Butler's; 29.0.0 makes one for each storage class."""
    if cls is StorageClass:
        return CalibStorageClass
    return type(cls.__name__, (CalibStorageClass, cls), {"__module__": __name__})


def use_calib_everywhere() -> None:
    """Apply `use_calib` to the storage classes of all calibrations, for every repository of this process."""
    factory = StorageClassFactory()
    for name in STORAGE_CLASSES:
        if name in factory:
            use_calib(factory.getStorageClass(name))


def read_calib(path: str, dataset_type: str) -> Calib:
    """Read a FITS file as the class of its dataset type, or of its OBSTYPE where a site has other names.

    Raises
    ------
    CuratedError
        If neither belongs to a calibration type.
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
