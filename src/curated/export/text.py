"""Read datasets from their files and write them as texts."""

from __future__ import annotations

import errno
import gzip
import os
import stat
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from curated.calib import Calib
from curated.core.diagnostic import CuratedError, Problem
from curated.core.metadata import Metadata
from curated.core.storage.limits import raise_exhausted
from curated.export.holdings import LARGEST_FILE
from curated.export.identity import TextPath, exported_metadata, exported_provenance, text_path
from curated.export.selection import ExportItem, type_of
from curated.fits.provenance import read_record_text
from curated.fits.reader import read_fits
from curated.fits.writer import fits_blocks, image_blocks
from curated.image.reader import read_image
from curated.package.lookalikes import FORMS
from curated.provenance import reconcile
from curated.provenance.record import VERIFICATION_ENDING
from curated.registry import get_type
from curated.types._added_boxes import count_added, without_added, without_count
from curated.types.defects import Defects
from curated.verification.record_file import read_record


@dataclass(frozen=True, slots=True)
class ExportedText:
    """The text of a dataset, in the scratch directory, or why there is none.

    Parameters
    ----------
    item : `ExportItem`
        The dataset, and whether its text has VALIDEND.
    parts : `tuple` [`str`]
        Directories from the instrument's down, and the name without its ending.
    name : `str`
        Name of the text.
    files : `dict` [`str`, `str`]
        Names in the scratch directory of its files, by name; empty if nothing was written.
    is_original : `bool`
        Whether its path is that of the file that the dataset was made of.
    url : `str`
        Public address of the package of that file.
    problems : `tuple` [`Problem`]
        What is wrong with the dataset.
    inputs : `tuple` [`dict`]
        The Butler datasets that it was made of, according to the header of its file.
    """

    item: ExportItem
    parts: tuple[str, ...] = ()
    name: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    is_original: bool = False
    url: str = ""
    problems: tuple[Problem, ...] = ()
    inputs: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TextWriter:
    """Writes the texts of datasets; a task for several processes.

    Parameters
    ----------
    scratch : `str`
        Directory that files are written to.
    instruments : `dict` [`str`, `str`]
        Directory of each instrument, by its name in the repository, for files that do not say INSTRUME.
    """

    scratch: str
    instruments: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, chunk: Sequence[tuple[int, ExportItem]]) -> list[ExportedText]:
        """Write the text of each dataset; their numbers name their files."""
        with warnings.catch_warnings():
            # What astropy warns of in a damaged file is in the findings about it, or does no harm.
            warnings.simplefilter("ignore", UserWarning)
            return [self._export(number, item) for number, item in chunk]

    def _export(self, number: int, item: ExportItem) -> ExportedText:
        if item.location is None:
            problem = Problem("CAL661", (), "it has no file, or is stored in parts")
            return ExportedText(item, problems=(problem,))
        try:
            with item.location.as_local() as local:
                require_readable(local.ospath)
                return self._export_file(number, item, local.ospath)
        except _UnknownTypeError as error:
            problem = Problem("CAL660", (), str(error))
        except CuratedError as error:
            problem = Problem("CAL661", (), error.message, error.hint)
        except OSError as error:
            if error.errno in _OF_THE_DISK or str(error.filename or "").startswith(self.scratch):
                raise  # it says nothing about the stored file
            raise_exhausted(error)
            # An object store has no error number.
            problem = Problem("CAL661", (), error.strerror or str(error))
        except (MemoryError, *DAMAGE) as error:
            # Of astropy, for a file that no program has written.
            problem = Problem("CAL661", (), f"it is damaged: {type(error).__name__}: {error}"[:300])
        return ExportedText(item, problems=(problem,))

    def _export_file(self, number: int, item: ExportItem, path: str) -> ExportedText:
        cls = _class_of(item, path)
        with readable_file(path, cls) as readable:
            calib = read_calibration(readable, cls)
            if cls.SPEC.verbatim and item.instrument in self.instruments:
                metadata = Metadata({**calib.metadata, "INSTRUME": self.instruments[item.instrument]})
                calib = replace(calib, metadata=metadata)
            calib, kept_boxes = _with_own_boxes(calib, item)
            target = text_path(calib, item)
            metadata, problems = exported_metadata(calib, item, is_original=target.is_original)
            problems += kept_boxes
            url = calib.metadata.text("REPOURL") if target.is_original else ""
            inputs: tuple[Mapping[str, str], ...] = ()
            if not calib.metadata.text("REPOSHA1"):
                if "collection" not in calib.provenance.construction.dataset:
                    inputs = calib.provenance.construction.input_datasets
                provenance, contradictions = exported_provenance(calib, item)
                calib = replace(calib, provenance=provenance)
                problems += contradictions
                # Keywords that only repeat it are taken out; contradictions are found by the check.
                reconcile(calib.provenance, metadata, {})
            calib = replace(calib, metadata=metadata)
            files: dict[str, str] = {}
            if cls.SPEC.beside:
                name = f"{target.parts[-1]}{cls.SPEC.beside[0]}"
                files[name] = f"{number}.0"
                is_copied = cls.SPEC.verbatim
                blocks = fits_blocks(calib.fits_content()) if is_copied else image_blocks(calib.fits_images())
                calib = calib.described(self._write(files[name], blocks), name)
            record = read_record_text(readable)
            if record and read_record(record.encode()).record is not None:
                files[f"{target.parts[-1]}{VERIFICATION_ENDING}"] = f"{number}.{len(files)}"
                self._write(files[f"{target.parts[-1]}{VERIFICATION_ENDING}"], [record.encode()])
            elif record:
                problems.append(Problem("CAL845", (), "the record of verification in it cannot be read"))
            texts = self._texts(calib, target)
            for name, data in texts.items():
                files[name] = f"{number}.{len(files)}"
                self._write(files[name], [data])
        # The provenance file comes before the text.
        text = list(texts)[-1]
        return ExportedText(item, target.parts, text, files, target.is_original, url, tuple(problems), inputs)

    def _write(self, name: str, blocks: Iterable[bytes]) -> str:
        """Write a file to the scratch directory, and return its path."""
        path = os.path.join(self.scratch, name)
        try:
            with open(path, "wb") as stream:
                stream.writelines(blocks)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from error  # a write itself has no name
        return path

    def _texts(self, calib: Calib, target: TextPath) -> dict[str, bytes]:
        """Return a calibration's texts in the first form that can hold it."""
        failures = []
        for form in target.forms:
            # In a directory that does not exist, so that no file there is taken for its provenance.
            path = os.path.join(self.scratch, "none", f"{target.parts[-1]}.{form}")
            try:
                return {os.path.basename(p): data for p, data in calib.text_files(path, form).items()}
            except CuratedError as error:
                failures.append(error)
        raise failures[0]


def _with_own_boxes(calib: Calib, item: ExportItem) -> tuple[Calib, list[Problem]]:
    """Return defects without the boxes that come from the amplifiers out of use, where the package adds these again."""
    count = count_added(calib) if isinstance(calib, Defects) else None
    if not isinstance(calib, Defects) or count is None:
        return calib, []
    if item.restores_boxes:
        return without_added(calib), []
    names = calib.metadata.text("BADAMPS")
    detail = f"{count} of its boxes are of amplifiers out of use ({names}); no bad_amps and camera are exported beside it"
    return without_count(calib), [Problem("CAL746", (), detail)] if count else []


_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError, EOFError)
"""What the readers of FITS files raise for damaged ones, beside `CuratedError` and `OSError`."""


def require_readable(path: str) -> None:
    """Raise an error if a file is none, such as a pipe into which nobody writes, or larger than any calibration."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", path)
    if status.st_size > LARGEST_FILE:
        # Not EFBIG, which says that this process may write no more to a file.
        raise OSError(errno.EINVAL, "it is larger than any calibration", path)


class _UnknownTypeError(Exception):
    """A dataset whose type is unknown here."""


def _class_of(item: ExportItem, path: str) -> type[Calib]:
    dataset = item.dataset
    spec = type_of(dataset.dataset_type, "")
    if spec is None:
        if text_form(path):
            raise _UnknownTypeError(f"curated has no type {dataset.dataset_type}")
        obstype = str(read_fits(path)[0].get("OBSTYPE") or "")
        spec = type_of(dataset.dataset_type, obstype)
        if spec is None:
            suffix = f" with OBSTYPE {obstype!r}" if obstype else ""
            raise _UnknownTypeError(f"curated has no type {dataset.dataset_type}{suffix}")
    if not item.fits(spec):
        dimensions = ", ".join(name for name, _ in dataset.data_id)
        raise _UnknownTypeError(
            f"its dimensions are {dimensions}, those of {spec.name} {', '.join(spec.dimensions)}"
        )
    return get_type(spec.name)


def text_form(path: str) -> str:
    """Return the form of a text file; empty for other files."""
    return FORMS.get(os.path.splitext(path)[1], "")


def read_calibration(path: str, cls: type[Calib]) -> Calib:
    """Return the calibration of a type in a text or a FITS file."""
    return cls.readText(path) if text_form(path) else cls.readFits(path)


# -- compressed FITS files: the stack compresses images, and a package has plain ones -----------------------------

_COMPRESSED = "CAL346"
_GZIP = b"\x1f\x8b"


@contextmanager
def readable_file(path: str, cls: type[Calib]) -> Iterator[str]:
    """Give a file whose images are not compressed: the file itself, or a copy for as long as it is used."""
    if text_form(path) or not cls.SPEC.beside or not _is_compressed(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as directory:
        copy = os.path.join(directory, "plain.fits")
        _decompress(path, copy)
        yield copy


def _is_compressed(path: str) -> bool:
    return _is_gzip(path) or any(problem.code == _COMPRESSED for problem in read_image(path).problems)


def _is_gzip(path: str) -> bool:
    with open(path, "rb") as stream:
        return stream.read(2) == _GZIP


def _decompress(path: str, copy: str) -> None:
    from astropy.io import fits

    try:
        with (
            gzip.open(path, "rb") if _is_gzip(path) else open(path, "rb") as stream,
            fits.open(stream, memmap=False) as hdus,
        ):
            plain = [fits.PrimaryHDU(hdus[0].data, hdus[0].header)]
            # Tables beside the planes are not carried over from plain files either.
            plain += [fits.ImageHDU(h.data, h.header) for h in hdus[1:] if h.is_image and h.data is not None]
            fits.HDUList(plain).writeto(copy)
    except (OSError, ValueError, TypeError, LookupError, EOFError, fits.VerifyError) as error:
        # Where the disk is full, astropy raises an error without a number.
        number = getattr(error, "errno", None) or getattr(error.__context__, "errno", None)
        if number in _OF_THE_DISK:
            raise OSError(number, os.strerror(number), copy) from error
        raise CuratedError(f"{os.path.basename(path)} cannot be unpacked: {error}") from error
