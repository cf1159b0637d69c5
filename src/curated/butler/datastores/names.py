"""The formatters that a repository's configuration names, recorded by name where they cannot be imported."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lsst.daf.butler import DatasetRef, Formatter, FormatterFactory, FormatterV2, Location
from lsst.resources import ResourcePath

from curated.butler.formatter import CalibFormatter

FormatterClass = type[Formatter | FormatterV2]

_LONGEST = 128
"""Characters of the column that Butler has for the name of a formatter."""


class FormatterNames(FormatterFactory):
    """Formatters of a configuration, looked up by Butler's own rules without importing any."""

    def registerFormatter(
        self, type_: Any, formatter: Any, *, overwrite: bool = False, **kwargs: Any
    ) -> None:
        """Register a formatter by its name; Butler would import it when it is looked up."""
        # Butler takes a class as well as a name.
        stand_in: Any = named_formatter(str(formatter))
        super().registerFormatter(type_, stand_in, overwrite=overwrite, **kwargs)

    def name(self, ref: DatasetRef) -> str | None:
        """Return the name of a dataset's formatter as the configuration has it, or `None` if it names none."""
        try:
            stand_in: Any = self.getFormatterClass(ref)
        except KeyError:
            return None
        return str(stand_in.name())


class LoadedFormatter(NamedTuple):
    """A formatter by its name.

    Parameters
    ----------
    formatter : `type` or `None`
        The class itself if it can be imported, or one that stands for it in records; `None` if it cannot be used.
    state : `str`
        ``imported``; ``absent`` if its package is not installed, as it may be elsewhere; otherwise ``broken``.
    reason : `str`
        Why it cannot be imported or used.
    """

    formatter: FormatterClass | None
    state: Literal["imported", "absent", "broken"]
    reason: str = ""


@cache
def named_formatter(name: str) -> type[FormatterV2]:
    """Return a class that stands for a formatter in the records that Butler writes: Butler asks it for its name."""
    return type("NamedFormatter", (CalibFormatter,), {"name": classmethod(lambda _: name)})


@cache
def load_formatter(name: str) -> LoadedFormatter:
    """Import a formatter, or find out why it cannot be imported.

    A package that is not installed may be so elsewhere: the formatter is recorded by its name. Where the package is
    installed and lacks the formatter, the name is wrong.

    Parameters
    ----------
    name : `str`
        Full name, which `curated.butler.repository.class_names` allows.
    """
    module_name, _, class_name = name.rpartition(".")
    if len(name) > _LONGEST or not module_name or not all(part.isidentifier() for part in name.split(".")):
        return LoadedFormatter(None, "broken", f"{name[:_LONGEST]!r} is no name of a class")
    stand_in = named_formatter(name)
    try:
        formatter = getattr(_module(module_name), class_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        reason = f"{name} cannot be imported: there is no module {missing}"
        is_absent = f"{module_name}.".startswith(f"{missing}.") and not _is_part_of_package(missing)
        return LoadedFormatter(stand_in, "absent" if is_absent else "broken", reason)
    except Exception as error:  # noqa: BLE001 (whatever its module raises)
        reason = " ".join(f"{name} cannot be imported: {type(error).__name__}: {error}".split())[:300]
        return LoadedFormatter(stand_in, "broken", reason)
    if not (isinstance(formatter, type) and issubclass(formatter, Formatter | FormatterV2)):
        return LoadedFormatter(None, "broken", f"{name} is no formatter")
    return LoadedFormatter(formatter, "imported")


def _module(name: str) -> Any:
    """Import a module, or the class in one: a formatter may be nested."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        outer, _, inner = name.rpartition(".")
        if outer and error.name == name and hasattr(import_module(outer), inner):
            return getattr(import_module(outer), inner)
        raise


def _is_part_of_package(name: str) -> bool:
    """Return whether a missing module belongs to a package that is installed, and not to a shared name like ``lsst``."""
    parent = name.rpartition(".")[0]
    if not parent:
        return False
    # Packages that several distributions share have no file, or one that extends their path; all of the stack's do.
    file = import_module(parent).__file__
    return file is not None and "extend_path" not in Path(file).read_text(encoding="utf-8", errors="replace")


def extension_problem(formatter: FormatterClass, file: str) -> str:
    """Return why a formatter does not read a file, by its extension; empty if it does."""
    try:
        formatter.validate_extension(Location(None, ResourcePath("/").join(os.path.basename(file))))
    except NotImplementedError:
        return ""
    except ValueError as error:
        return str(error)
    return ""
