"""The calibration types by name: those of this package, then those of other packages."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache, lru_cache

from curated import types
from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.similar import similar_name

ENTRY_POINTS = "curated.types"


@cache
def own_types() -> dict[str, type[Calib]]:
    """Return the types of this package by name, in alphabetical order."""
    types_by_name = {cls.SPEC.name: cls for name in _modules() for cls in _declared_in(name)}
    return dict(sorted(types_by_name.items()))


@cache
def _modules() -> frozenset[str]:
    """Return the names of the modules that declare types."""
    names = (module.name for module in pkgutil.iter_modules(types.__path__))
    return frozenset(name for name in names if not name.startswith("_"))


@cache
def _declared_in(module: str) -> tuple[type[Calib], ...]:
    """Return the types that a module declares."""
    loaded = importlib.import_module(f"{types.__name__}.{module}")
    return tuple(
        value
        for value in vars(loaded).values()
        if isinstance(value, type) and issubclass(value, Calib) and value.__module__ == loaded.__name__
    )


@cache
def all_types() -> dict[str, type[Calib]]:
    """Return all types by name, those of other installed packages included.

    Raises
    ------
    CuratedError
        If another package's type takes a name that is in use.
    """
    from importlib.metadata import entry_points

    types_by_name = dict(own_types())
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda e: e.name):
        cls = entry.load()
        if cls.SPEC.name in types_by_name:
            raise CuratedError(f"{entry.value} declares type {cls.SPEC.name!r}, which exists already")
        types_by_name[cls.SPEC.name] = cls
    return types_by_name


@lru_cache(maxsize=1024)
def find_type(name: str) -> type[Calib] | None:
    """Return the type of a directory name or alias, without regard to case; `None` if there is none."""
    lower_name = name.lower()
    # Loading all types takes longer than checking a file; most modules are named after their type.
    if lower_name in _modules():
        for cls in _declared_in(lower_name):
            if cls.SPEC.name == lower_name:
                return cls
    # Other packages are asked only for names that are not ours: looking for them takes time.
    for types_of in (own_types, all_types):
        for cls in types_of().values():
            if lower_name == cls.SPEC.name.lower() or lower_name in (
                alias.lower() for alias in cls.SPEC.aliases
            ):
                return cls
    return None


@lru_cache(maxsize=1024)
def similar_type(name: str) -> str:
    """Return the name of the type that an unknown name may mean; empty if none is similar."""
    names_by_spelling = {
        spelling: cls.SPEC.name
        for cls in all_types().values()
        for spelling in (cls.SPEC.name, *cls.SPEC.aliases)
    }
    return names_by_spelling.get(similar_name(name, names_by_spelling), "")


def get_type(name: str) -> type[Calib]:
    """Return the type of a name or alias.

    Raises
    ------
    CuratedError
        If there is no such type.
    """
    cls = find_type(name)
    if cls is None:
        similar = similar_type(name)
        question = f"did you mean {similar!r}? " if similar else ""
        hint = f"{question}known types: {', '.join(all_types())}"
        raise CuratedError(f"unknown calibration type {name!r}", hint)
    return cls
