"""The classes that a repository's configuration and registry name, which Butler imports: those that may be imported.

A repository is data that somebody else may have made, and Butler imports every class that it names. Here the names are
checked before Butler reads them: classes of the LSST stack and of curated are accepted, and those of packages that the
user allows or that declare calibration types here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

from curated.core.diagnostic import CuratedError, brief

TRUSTED = ("lsst", "curated")
"""Packages whose classes a repository may always name."""

_ALLOWED: ContextVar[tuple[str, ...]] = ContextVar("allowed class prefixes", default=())

# Keys whose value is a class, wherever they stand.
_CLASS_KEYS = frozenset({"cls", "class", "pytype", "delegate", "formatter"})
# Keys below which every text is a class, to any depth.
_CLASS_SECTIONS = frozenset({"managers", "engines", "formatters", "repo_transfer_formats", "converters"})
# Keys below which no text is a class, although they stand in such a section.
_PARAMETERS = frozenset({"write_recipes", "parameters", "config", "schema_version"})
# Python's own types, which storage classes have.
_BUILTINS = frozenset({"bool", "bytes", "dict", "float", "int", "list", "set", "str", "tuple"})
# Types of data that Butler's own storage classes have.
_DATA_TYPES = ("numpy.", "astropy.", "pandas.", "pyarrow.", "healsparse.", "matplotlib.figure.")

_LONGEST = 100


class ClassName(NamedTuple):
    """The name of a class, and the keys that lead to it."""

    keys: tuple[str, ...]
    name: str

    def __str__(self) -> str:
        return f"{'.'.join(self.keys[-4:])}: {brief(self.name)}"

    @property
    def is_data_type(self) -> bool:
        """Whether it is the type of stored data, which is imported only to read some."""
        return self.keys[-1] == "pytype" or "converters" in self.keys

    @property
    def is_imported(self) -> bool:
        """Whether Butler imports it when it opens the repository."""
        # How dimensions are packed and stored concerns pipelines, and older versions of Butler.
        is_class = self.keys[-1] in ("cls", "class") and not {"packers", "storage"}.intersection(self.keys)
        return is_class or bool({"managers", "engines"}.intersection(self.keys))


def allow_classes(prefixes: Iterable[str]) -> None:
    """Allow repositories to name classes of more packages, in this context of execution.

    Parameters
    ----------
    prefixes : iterable [`str`]
        Packages or modules, such as ``obs_lab``; a class below one of them may be imported.

    Raises
    ------
    CuratedError
        If one is no name of a package.
    """
    names = tuple(prefix.rstrip(".") for prefix in prefixes)
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise CuratedError(f"{name!r} is no package", "name one as in Python, such as obs_lab")
    _ALLOWED.set(names)


def class_names(content: Any) -> Iterator[ClassName]:
    """Yield the names of classes in the content of a configuration: nested mappings, lists and plain values.

    Parameters
    ----------
    content : object
        The content; a part that is in several places is looked at once for each sequence of keys that matters.
    """
    pending: list[tuple[tuple[str, ...], Any]] = [((), content)]
    visited: set[tuple[int, bool, str]] = set()
    while pending:
        keys, value = pending.pop()
        in_section = _is_in_section(keys)
        if isinstance(value, str):
            if keys and (in_section or keys[-1] in _CLASS_KEYS):
                yield ClassName(keys, value)
            continue
        if not isinstance(value, Mapping | list | tuple):
            continue
        place = id(value), in_section, keys[-1] if keys else ""
        if place in visited:
            continue
        visited.add(place)
        if isinstance(value, Mapping):
            if keys[-1:] == ("converters",):
                yield from (ClassName((*keys, str(key)), str(key)) for key in value)
            pending += [((*keys, str(key)), child) for key, child in value.items()]
        else:
            pending += [(keys, child) for child in value]


def _is_in_section(keys: tuple[str, ...]) -> bool:
    sections = [index for index, key in enumerate(keys) if key in _CLASS_SECTIONS]
    if not sections or _PARAMETERS.intersection(keys[sections[0] :]):
        return False
    # The defaults of formatters are parameters by the name of a class, which a chained datastore's children all list.
    return not any(
        keys[index : index + 2] == ("formatters", "default") for index in sections if keys[index + 2 :]
    )


def refuse_classes(names: Iterable[ClassName], source: str) -> None:
    """Raise an error if a repository names classes that may not be imported.

    Parameters
    ----------
    source : `str`
        The file or table that names them, for the message.

    Raises
    ------
    CuratedError
        With the names of all of them, as far as there is room.
    """
    refused = sorted({str(name) for name in names if not _is_allowed(name)})
    if not refused:
        return
    shown = "; ".join(refused)[:400]
    raise CuratedError(
        f"{source} names {len(refused)} class{'es' * (len(refused) > 1)} outside of lsst and curated, "
        f"which Butler would import: {shown}",
        "ask where the repository comes from; if you trust that code, allow it with --allow-class PREFIX",
    )


def _is_allowed(name: ClassName) -> bool:
    if len(name.name) > 10 * _LONGEST:
        return False
    if name.is_data_type and (name.name in _BUILTINS or name.name.startswith(_DATA_TYPES)):
        return True
    prefixes = (*TRUSTED, *_ALLOWED.get())
    if not is_below(name.name, prefixes) and not is_below(name.name, plugin_packages()):
        return False
    # Whether a class belongs to the module is known only when it is imported, which costs seconds for all formatters.
    return is_own_class(name.name) if name.is_imported or not _is_in_module(name.name) else True


def is_below(name: str, prefixes: Sequence[str]) -> bool:
    """Return whether the name of a class is that of a member of one of some packages."""
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return False
    return any(parts[: prefix.count(".") + 1] == prefix.split(".") and name != prefix for prefix in prefixes)


def _is_in_module(name: str) -> bool:
    """Return whether all but the last part of a class's name is a module, without importing it."""
    package, *parts, _ = name.split(".")
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return False
    for directory in (spec.submodule_search_locations or ()) if spec is not None else ():
        place = os.path.join(directory, *parts)
        if os.path.isdir(place) or os.path.isfile(f"{place}.py"):
            return True
    return False


def is_own_class(name: str) -> bool:
    """Return whether a class belongs to an allowed package, and not only a module of it that imports the class.

    ``lsst.utils.packages.subprocess.Popen`` is a valid name for a class of Python's. One that cannot be imported
    does no harm.
    """
    from lsst.utils import doImport

    try:
        imported = doImport(name)
    except (ImportError, AttributeError, TypeError, ValueError):
        return True
    owner = getattr(imported, "__module__", None) or getattr(imported, "__name__", "")
    return is_below(f"{owner}.x", (*TRUSTED, *_ALLOWED.get(), *plugin_packages()))


@cache
def plugin_packages() -> tuple[str, ...]:
    """Return the packages that declare calibration types here, which curated imports in any case."""
    from importlib.metadata import entry_points

    return tuple(sorted({point.module.partition(".")[0] for point in entry_points(group="curated.types")}))
