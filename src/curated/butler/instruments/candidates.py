"""How similar an instrument of a package is to one of a repository: reasons for it, and contradictions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from curated.core.diagnostic import brief

_SEPARATORS = re.compile(r"[\s_.+~-]+")
_SHORTEST = 3
"""Fewest characters of a name that says something when it is part of another one."""

_NEAR = 0.85
"""Least similarity, as difflib measures it, of names that may be one name with a slip."""


@dataclass(frozen=True, slots=True)
class PackageInstrument:
    """What a package says of an instrument.

    Parameters
    ----------
    name : `str`
        Its name in a repository: declared, or the INSTRUME of most files.
    is_named : `bool`
        Whether its name is declared.
    directory : `str`
        Its directory in the package; empty if it is not known.
    aliases : `tuple` [`str`]
        Other names that its files give it.
    class_name : `str`
        Declared name of the stack's class; empty if none is.
    detectors : `dict` [`int`, `str`]
        Full names of the detectors, by number.
    filters : `dict` [`str`, `bool`]
        Names of the filters, and whether each is declared.
    declared_detectors : `frozenset` [`int`]
        Numbers of the detectors whose names are declared.
    banded_filters : `frozenset` [`str`]
        Names of the filters whose bands are declared.
    """

    name: str
    is_named: bool = True
    directory: str = ""
    aliases: tuple[str, ...] = ()
    class_name: str = ""
    detectors: Mapping[int, str] = field(default_factory=dict)
    filters: Mapping[str, bool] = field(default_factory=dict)
    declared_detectors: frozenset[int] = frozenset()
    banded_filters: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RegisteredInstrument:
    """An instrument that a repository has.

    Parameters
    ----------
    class_name : `str`
        Name of the stack's class; empty if the stack did not register the instrument.
    detectors : `dict` [`int`, `str`]
        Full names of the detectors, by number; empty for one that has no name.
    filters : `frozenset` [`str`]
        Names of the filters.
    """

    name: str
    class_name: str = ""
    detectors: Mapping[int, str] = field(default_factory=dict)
    filters: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instrument of a repository that may be one of a package.

    Parameters
    ----------
    rank : `int`
        How strong the reasons are: 3 where names, files or classes say that it is the same one, 2 where its name and
        its class end in the package's name and it has all detectors, 1 where it is only similar, 0 where it is not.
    reasons : `tuple` [`str`]
        What speaks for it.
    contradictions : `tuple` [`str`]
        What speaks against it.
    has_name : `bool`
        Whether the names are similar.
    has_detectors : `bool`
        Whether it has all detectors of the package.
    """

    instrument: RegisteredInstrument
    rank: int
    reasons: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    has_name: bool = False
    has_detectors: bool = False

    def __str__(self) -> str:
        against = f"; but {self.contradictions[0]}" if self.contradictions else ""
        more = f", and {len(self.contradictions) - 1} more" if len(self.contradictions) > 1 else ""
        return f"{self.instrument.name} ({', '.join(self.reasons)}{against}{more})"


def squeezed(name: str) -> str:
    """Return a name without case and separators."""
    return _SEPARATORS.sub("", name).casefold()


def folded(name: str) -> str:
    """Return a name without case, with an underscore for each run of blanks and underscores."""
    return re.sub(r"[\s_]+", "_", name).casefold()


def compare_instruments(package: PackageInstrument, registered: RegisteredInstrument) -> Candidate:
    """Compare an instrument of a package with one of a repository."""
    strong = list(_same_names(package, registered))
    contradictions = tuple(_contradictions(package, registered))
    detectors = _detector_reason(package, registered) if not contradictions else ""
    weak = list(_similar_names(package, registered)) if not strong else []
    reasons = [*strong, *weak, *filter(None, [detectors])]
    if strong:
        rank = 3
    elif detectors and (short := _short_form(package, registered)):
        rank = 2
        reasons = [f"its name and its class end in {short}", detectors]
    else:
        rank = 1 if reasons else 0
    if rank:
        reasons += filter(None, [_filter_reason(package, registered)])
    return Candidate(
        registered,
        rank,
        tuple(reasons),
        contradictions,
        has_name=bool(strong or weak),
        has_detectors=bool(detectors),
    )


def _same_names(package: PackageInstrument, registered: RegisteredInstrument) -> Iterator[str]:
    name = registered.name
    if package.class_name and package.class_name == registered.class_name:
        yield f"it has the class {package.class_name}"
    if squeezed(name) == squeezed(package.name):
        yield "its name differs in case or separators only"
    elif squeezed(name) == squeezed(package.directory):
        yield f"it has the name of the directory {package.directory}"
    if name in package.aliases:
        yield "files of the package give this name"
    elif any(squeezed(name) == squeezed(alias) for alias in package.aliases):
        yield "files of the package give this name in another spelling"


def _similar_names(package: PackageInstrument, registered: RegisteredInstrument) -> Iterator[str]:
    names = list(dict.fromkeys(squeezed(name) for name in (package.name, package.directory) if name))
    other = squeezed(registered.name)
    for name in names:
        if len(name) >= _SHORTEST and name in other:
            yield f"its name contains {name}"
            return
        if len(other) >= _SHORTEST and other in name:
            yield f"its name is part of {name}"
            return
    if any(_is_near(name, other) for name in names):
        yield "its name is nearly the same"
        return
    title = squeezed(registered.class_name.rpartition(".")[2])
    if any(len(name) >= _SHORTEST and name in title for name in names):
        yield f"its class is {brief(registered.class_name)}"


def is_slip(first: str, second: str) -> bool:
    """Return whether two names may be one with a slip: nearly the same, and not by a number that tells them apart."""
    forms = [squeezed(name) for name in (first, second)]
    without_digits = [re.sub(r"\d+", "", form) for form in forms]
    return without_digits[0] != without_digits[1] and _is_near(*forms)


def _is_near(first: str, second: str) -> bool:
    if min(len(first), len(second)) < _SHORTEST:
        return False
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.quick_ratio() >= _NEAR and matcher.ratio() >= _NEAR


def _short_form(package: PackageInstrument, registered: RegisteredInstrument) -> str:
    """Return the package's name of an instrument whose name and class both end in it, as LSSTComCam in comCam."""
    title = registered.class_name.rpartition(".")[2]
    for name in (package.name, package.directory):
        is_long = len(squeezed(name)) >= _SHORTEST
        if is_long and _ends_in(registered.name, name) and _ends_in(title, name):
            return name
    return ""


def _ends_in(name: str, end: str) -> bool:
    """Return whether a name ends in another one, which begins there with a word of its own."""
    length = len(squeezed(end))
    kept = 0
    for index in range(len(name) - 1, 0, -1):
        kept += not _SEPARATORS.match(name[index])
        if kept == length:
            tail = name[index:]
            before, first = name[index - 1], name[index]
            is_word = not before.isalnum() or first.isupper() or before.isdigit() != first.isdigit()
            return squeezed(tail) == squeezed(end) and is_word
    return False


def _contradictions(package: PackageInstrument, registered: RegisteredInstrument) -> Iterator[str]:
    numbers = {folded(name): number for number, name in registered.detectors.items() if name}
    for number, name in package.detectors.items():
        other = registered.detectors.get(number)
        if other and squeezed(other) != squeezed(name):
            yield f"its detector {number} is {brief(other)}, not {brief(name)}"
        elif numbers.get(folded(name), number) != number:
            yield f"its {brief(name)} is detector {numbers[folded(name)]}, not {number}"
        elif other is None and registered.class_name and registered.detectors:
            yield f"it has no detector {number} {brief(name)}"


def _detector_reason(package: PackageInstrument, registered: RegisteredInstrument) -> str:
    if not package.detectors or not all(number in registered.detectors for number in package.detectors):
        return ""
    count = len(package.detectors)
    return "it has the same detector" if count == 1 else f"it has all {count} detectors"


def _filter_reason(package: PackageInstrument, registered: RegisteredInstrument) -> str:
    names = {folded(name) for name in registered.filters}
    count = sum(folded(name) in names for name in package.filters)
    return f"it has {count} of {len(package.filters)} filters" if count else ""


def match_filters(
    package: PackageInstrument, filters: Iterable[str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Match the filters of a package to those of a repository, by name.

    Declared names are taken as they are. Inferred ones, which may be those of a directory, are matched without regard
    to case, blanks and underscores; the repository's spelling wins.

    Returns
    -------
    names : `dict` [`str`, `str`]
        The repository's names by those in the package, where they differ.
    ambiguous : `dict` [`str`, `list` [`str`]]
        The repository's names that a name in the package may mean, where they are several.
    """
    existing = set(filters)
    by_form: dict[str, list[str]] = {}
    for name in sorted(existing):
        by_form.setdefault(folded(name), []).append(name)
    names, ambiguous = {}, {}
    for name, is_declared in package.filters.items():
        options = by_form.get(folded(name), [])
        if name in existing or is_declared or not options:
            continue
        if len(options) == 1:
            names[name] = options[0]
        else:
            ambiguous[name] = options
    return names, ambiguous
