"""The calibration types by name: those of this package, then those of other packages."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from functools import cache, lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from curated import types
from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.similar import similar_name
from curated.declare.spec import Spec

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from curated.declare.statistic import Statistic

ENTRY_POINTS = "curated.types"
STATISTIC_ENTRY_POINTS = "curated.statistics"


@cache
def own_types() -> dict[str, type[Calib]]:
    """Return the types of this package by name, in alphabetical order."""
    types_by_name = {cls.SPEC.name: cls for name in module_names() for cls in _declared_in(name)}
    return dict(sorted(types_by_name.items()))


@cache
def module_names() -> frozenset[str]:
    """Return the names of the modules that declare types, most of which are those of the types."""
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


def all_types() -> dict[str, type[Calib]]:
    """Return all types by name, those of other installed packages included."""
    return {**own_types(), **_plugins().types}


class Distribution(NamedTuple):
    """What was installed with a type of another package.

    Parameters
    ----------
    name, version : `str`
        As its metadata say; empty where it has none.
    """

    name: str
    version: str

    def __str__(self) -> str:
        return " ".join(filter(None, self)) or "a package without metadata"


class PluginFault(NamedTuple):
    """A type of another package that cannot be used.

    Parameters
    ----------
    name : `str`
        Name of the entry point.
    value : `str`
        Module and class that the entry point names.
    distribution : `Distribution`
        What was installed with it.
    reason : `str`
        What failed.
    """

    name: str
    value: str
    distribution: Distribution
    reason: str

    def __str__(self) -> str:
        return f"{self.name} ({self.value} of {self.distribution}): {self.reason}"


class _Plugins(NamedTuple):
    types: dict[str, type[Calib]]
    distributions: dict[str, Distribution]
    faults: tuple[PluginFault, ...]


def plugin_faults() -> tuple[PluginFault, ...]:
    """Return the types of other packages that cannot be used, if this process has had to look for such types."""
    return _plugins().faults if _plugins.cache_info().currsize else ()


def plugin_distributions() -> dict[str, Distribution]:
    """Return what the types of other packages were installed with, by the names of the types."""
    return _plugins().distributions


def distribution_of(name: str) -> Distribution | None:
    """Return what a type of another package was installed with; `None` for one of this package.

    Parameters
    ----------
    name : `str`
        A name with which the type was found before.
    """
    return _plugins().distributions.get(name) if _plugins.cache_info().currsize else None


def distribution_at_fault(error: BaseException) -> Distribution | None:
    """Return the distribution whose type raised an exception; `None` where that was code of this package.

    Exceptions of other processes count as well: their tracebacks come as text.
    """
    if not _plugins.cache_info().currsize:
        return None
    files = set(_files_of(error.__traceback__))
    text = str(error.__cause__ or "")
    for name, cls in _plugins().types.items():
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        if file and (file in files or f'File "{file}"' in text):
            return _plugins().distributions[name]
    return None


def _files_of(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename
        traceback = traceback.tb_next


@cache
def _plugins() -> _Plugins:
    """Return the types of other packages, and why the rest cannot be used."""
    from importlib.metadata import entry_points

    loaded: dict[str, type[Calib]] = {}
    distributions = {}
    faults = []
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda e: (e.name, e.value)):
        distribution = _distribution(entry)
        try:
            name, cls = _loaded_type(_load(entry))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the code of another package may raise anything
            reason = f"{type(error).__name__}: {error}"
        else:
            if name not in own_types() and name not in loaded:
                loaded[name], distributions[name] = cls, distribution
                continue
            reason = f"it declares {name!r}, which exists already"
        faults.append(PluginFault(entry.name, entry.value, distribution, reason))
    return _Plugins(loaded, distributions, tuple(faults))


def _load(entry: EntryPoint) -> Any:
    """Return what an entry point names; what its module prints does not get among the results of a command.

    Raises
    ------
    ImportError
        If the module raises something that is no `Exception`, as the skips of test programs are.
    """
    try:
        with redirect_stdout(sys.stderr):
            return entry.load()
    except (Exception, SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ImportError(f"{type(error).__name__}: {error}") from error


def _distribution(entry: EntryPoint) -> Distribution:
    """Return what an entry point was installed with."""
    metadata = getattr(getattr(entry, "dist", None), "metadata", None) or {}
    return Distribution(metadata.get("Name") or "", metadata.get("Version") or "")


def _loaded_type(cls: Any) -> tuple[str, type[Calib]]:
    """Return a type of another package with its name.

    Raises
    ------
    TypeError
        If it is no calibration type.
    """
    if not (
        isinstance(cls, type) and issubclass(cls, Calib) and isinstance(getattr(cls, "SPEC", None), Spec)
    ):
        raise TypeError("not a class derived from curated.calib.Calib with a SPEC")
    return cls.SPEC.name, cls


@lru_cache(maxsize=1024)
def find_type(name: str) -> type[Calib] | None:
    """Return the type of a directory name or alias, without regard to case; `None` if there is none."""
    lower_name = name.lower()
    # Loading all types takes longer than checking a file; most modules are named after their type.
    if lower_name in module_names():
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
        faults = "".join(f"; not usable: {fault}" for fault in plugin_faults())
        hint = f"{question}known types: {', '.join(all_types())}{faults}"
        raise CuratedError(f"unknown calibration type {name!r}", hint)
    return cls


# -- statistics -------------------------------------------------------------------------------------------


class _Statistics(NamedTuple):
    statistics: dict[str, Statistic]
    distributions: dict[str, Distribution]
    faults: tuple[PluginFault, ...]


def all_statistics() -> dict[str, Statistic]:
    """Return all statistics by name: those of the types, then those that other packages register alone."""
    return _statistics().statistics


def statistic_distributions() -> dict[str, Distribution]:
    """Return what the statistics of other packages were installed with, by their names."""
    return _statistics().distributions


def statistic_faults() -> tuple[PluginFault, ...]:
    """Return the statistics of other packages that cannot be used."""
    return _statistics().faults


def find_statistic(name: str, cls: type[Calib] | None = None) -> Statistic | None:
    """Return the statistic of a name; `None` if there is none.

    Parameters
    ----------
    cls : `type`, optional
        A type in which it is looked for first, since to look elsewhere takes all types.
    """
    for statistic in cls.SPEC.statistics if cls is not None else ():
        if statistic.name == name:
            return statistic
    return all_statistics().get(name)


@cache
def _statistics() -> _Statistics:
    """Return the statistics of all types and of other packages, and why the rest cannot be used."""
    from importlib.metadata import entry_points

    from curated.declare.statistic import Statistic

    loaded: dict[str, Statistic] = {}
    distributions: dict[str, Distribution] = {}
    faults = []
    for cls in all_types().values():
        origin = plugin_distributions().get(cls.SPEC.name)
        try:
            reason = _add_statistics(cls.SPEC.statistics, origin, loaded, distributions)
        except (Exception, SystemExit) as error:
            if origin is None:
                raise
            reason = f"{type(error).__name__}: {error}"
        if reason and origin is not None:
            faults.append(PluginFault(cls.SPEC.name, f"{cls.__module__}:{cls.__qualname__}", origin, reason))
    for entry in sorted(entry_points(group=STATISTIC_ENTRY_POINTS), key=lambda e: (e.name, e.value)):
        origin = _distribution(entry)
        try:
            content = _load(entry)
            reason = _add_statistics(
                (content,) if isinstance(content, Statistic) else content, origin, loaded, distributions
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the code of another package may raise anything
            reason = f"{type(error).__name__}: {error}"
        if reason:
            faults.append(PluginFault(entry.name, entry.value, origin, reason))
    return _Statistics(loaded, distributions, tuple(faults))


def _add_statistics(
    statistics: Any,
    origin: Distribution | None,
    loaded: dict[str, Statistic],
    distributions: dict[str, Distribution],
) -> str:
    """Add statistics to those that are loaded; return why some of them cannot be, empty if all can."""
    from curated.declare.statistic import Statistic

    if not isinstance(statistics, Sequence) or isinstance(statistics, str):
        return f"{type(statistics).__name__} is neither a Statistic nor a tuple of them"
    reasons = []
    for statistic in statistics:
        if not isinstance(statistic, Statistic):
            reasons.append(f"{type(statistic).__name__} is not a curated.declare.statistic.Statistic")
        elif fault := statistic.fault():
            reasons.append(fault)
        elif loaded.setdefault(statistic.name, statistic) is not statistic:
            reasons.append(f"{statistic.name!r} exists already")
        elif origin is not None:
            distributions.setdefault(statistic.name, origin)
    return "; ".join(reasons)
