"""A Butler formatter that reads with the stack's classes where it is installed, with ours elsewhere."""

from __future__ import annotations

from typing import Any, ClassVar

from lsst.daf.butler import FormatterNotImplementedError, FormatterV2
from lsst.resources import ResourcePath

from curated.butler.repository.storage_classes import adopt, read_calib
from curated.calib import Calib


class CalibFormatter(FormatterV2):
    """Read and write calibrations as FITS through the class of the storage class.

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
        path : `str`
            The file.
        component : `str`, optional
            A component that the storage class defines; for the stack's classes only.
        expected_size : `int`, optional
            Not used.
        """
        descriptor = self.file_descriptor
        adopt(descriptor.storageClass)
        # The same object as the dataset type's, against whose class Butler checks what is returned.
        adopt(descriptor.readStorageClass)
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
        """Say whether an object can write itself as FITS.

        Parameters
        ----------
        in_memory_dataset : `object`
            The object.
        """
        return hasattr(in_memory_dataset, "writeFits")

    def write_local_file(self, in_memory_dataset: Any, uri: ResourcePath) -> None:
        """Write an object to a file.

        Parameters
        ----------
        in_memory_dataset : `object`
            The object.
        uri : `lsst.resources.ResourcePath`
            The file.
        """
        in_memory_dataset.writeFits(uri.ospath)
