"""One dataset after the other, read from its file and written as text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from curated.calib import Calib
from curated.core.diagnostic import CuratedError, Problem
from curated.export.identity import settled
from curated.export.origin import Target, recorded, target
from curated.export.unpack import plain_fits
from curated.export.wanted import Wanted, type_of
from curated.fits.reader import read_fits
from curated.fits.writer import image_blocks
from curated.package.layout import FORMS
from curated.provenance import reconcile
from curated.registry import get_type


@dataclass(slots=True)
class Made:
    """What became of a dataset.

    Parameters
    ----------
    wanted : `Wanted`
        The dataset.
    parts : `tuple` [`str`]
        Directories from the instrument's down, and the name without its ending.
    text : `str`
        Name of its text.
    files : `dict` [`str`, `str`]
        Its files by name: the names that they have in the scratch directory; empty where nothing was made.
    original : `bool`
        Whether it went back to the file of a package that it came from.
    url : `str`
        Public address of that package.
    problems : `list` [`Problem`]
        What is wrong with it.
    """

    wanted: Wanted
    parts: tuple[str, ...] = ()
    text: str = ""
    files: dict[str, str] = field(default_factory=dict)
    original: bool = False
    url: str = ""
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Task:
    """The work on one dataset after the other.

    Parameters
    ----------
    scratch : `str`
        Where files are written to.
    """

    scratch: str

    def __call__(self, chunk: Sequence[tuple[int, Wanted]]) -> list[Made]:
        """Return what became of each dataset; their numbers name their files."""
        return [self._one(number, wanted) for number, wanted in chunk]

    def _one(self, number: int, wanted: Wanted) -> Made:
        if wanted.place is None:
            return Made(wanted, problems=[Problem("CAL661", (), "it has no file, or is stored in parts")])
        try:
            with wanted.place.as_local() as local:
                return self._made(number, wanted, local.ospath)
        except _UnknownError as error:
            return Made(wanted, problems=[Problem("CAL660", (), str(error))])
        except CuratedError as error:
            return Made(wanted, problems=[Problem("CAL661", (), error.message, error.hint)])
        except OSError as error:
            # An object store has no error number.
            return Made(wanted, problems=[Problem("CAL661", (), error.strerror or str(error))])

    def _made(self, number: int, wanted: Wanted, path: str) -> Made:
        cls = _class_of(wanted, path)
        with _readable(path, cls) as readable:
            calib = _read(readable, cls)
            place = target(calib, wanted)
            metadata, problems = settled(calib, wanted, original=place.original)
            url = calib.metadata.text("REPOURL") if place.original else ""
            if not calib.metadata.text("REPOSHA1"):
                calib = replace(calib, provenance=recorded(calib, wanted))
                # What only repeats it is taken out; what does not fit to it, the check tells.
                reconcile(calib.provenance, metadata, {})
            calib = replace(calib, metadata=metadata)
            made = Made(wanted, place.parts, original=place.original, url=url, problems=problems)
            if cls.SPEC.beside:
                name = f"{place.parts[-1]}{cls.SPEC.beside[0]}"
                image = self._write(made, number, name, image_blocks(calib.fits_images()))
                calib = calib.described(image, name)
            texts = self._texts(calib, place)
            # Provenance beside a text comes first.
            made.text = list(texts)[-1]
            for name, data in texts.items():
                self._write(made, number, name, [data])
            return made

    def _write(self, made: Made, number: int, name: str, blocks: Iterable[bytes]) -> str:
        """Write a file to the scratch directory, and return its path there."""
        scratch = f"{number}.{len(made.files)}"
        path = os.path.join(self.scratch, scratch)
        with open(path, "wb") as stream:
            stream.writelines(blocks)
        made.files[name] = scratch
        return path

    def _texts(self, calib: Calib, place: Target) -> dict[str, bytes]:
        """Return a calibration's texts in the first form that holds all of it."""
        failures = []
        for form in place.forms:
            # In a directory that does not exist, so that no file there is taken for its provenance.
            name = os.path.join(self.scratch, "none", f"{place.parts[-1]}.{form}")
            try:
                return {os.path.basename(n): data for n, data in calib.text_files(name, form).items()}
            except CuratedError as error:
                failures.append(error)
        raise failures[0]


class _UnknownError(Exception):
    """A dataset of no type that is known here."""


def _class_of(wanted: Wanted, path: str) -> type[Calib]:
    one = wanted.dataset
    spec = type_of(one.dataset_type, "")
    if spec is None:
        if _form(path):
            raise _UnknownError(f"curated has no type {one.dataset_type}")
        obstype = str(read_fits(path)[0].get("OBSTYPE") or "")
        spec = type_of(one.dataset_type, obstype)
        if spec is None:
            said = f" with OBSTYPE {obstype!r}" if obstype else ""
            raise _UnknownError(f"curated has no type {one.dataset_type}{said}")
    if not wanted.fits(spec):
        dimensions = ", ".join(name for name, _ in one.data_id)
        raise _UnknownError(
            f"its dimensions are {dimensions}, those of {spec.name} {', '.join(spec.dimensions)}"
        )
    return get_type(spec.name)


def _form(path: str) -> str:
    return FORMS.get(os.path.splitext(path)[1], "")


@contextmanager
def _readable(path: str, cls: type[Calib]) -> Iterator[str]:
    if _form(path):
        yield path
        return
    with plain_fits(path, cls) as plain:
        yield plain


def _read(path: str, cls: type[Calib]) -> Calib:
    return cls.readText(path) if _form(path) else cls.readFits(path)
