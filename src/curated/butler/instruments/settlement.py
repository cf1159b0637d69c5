"""Settle which instrument of a repository each instrument of a package is, or that it is a new one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from curated.butler.instruments.candidates import (
    Candidate,
    PackageInstrument,
    RegisteredInstrument,
    compare_instruments,
    is_slip,
)
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.similar import similar_name
from curated.datasets.names import is_instrument

NEW = "new:"
"""Before a name in a choice: the repository does not have the instrument, and it is to be created."""

CHOICE = "--instrument"
"""Reason for an instrument that somebody chose."""

_MOST = 5
"""How many candidates and names a message lists."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The instrument of a repository that one of a package is.

    Parameters
    ----------
    name : `str`
        Name in the repository.
    registered : `RegisteredInstrument` or `None`
        The repository's; `None` if it is new.
    reason : `str`
        Why it is this one, for people; empty if both have the same name.
    """

    name: str
    registered: RegisteredInstrument | None
    reason: str = ""


def parse_choices(texts: Iterable[str]) -> dict[str, str]:
    """Read choices of the form ``NAME=REPOSITORY'S NAME``.

    Raises
    ------
    CuratedError
        If one has another form, or contradicts another one.
    """
    choices: dict[str, str] = {}
    for text in texts:
        name, sign, other = text.partition("=")
        if not (name and sign and other):
            raise CuratedError(
                f"--instrument {brief(text)} is not of the form NAME=REPOSITORY'S NAME",
                "write for example --instrument comCam=LSSTComCam",
            )
        if "=" in other.partition(",")[2]:
            raise CuratedError(
                f"--instrument {brief(text)} has several choices", "give the option once for each instrument"
            )
        if choices.setdefault(name, other) != other:
            raise CuratedError(
                f"--instrument gives {brief(name)} two names: {brief(choices[name])} and {brief(other)}",
                "name each instrument of the package once",
            )
    return choices


def match_choices(
    instruments: Sequence[PackageInstrument], choices: Mapping[str, str]
) -> tuple[dict[str, str], list[Problem]]:
    """Return the choices by the names of the instruments that they are for, and those that are for none.

    A choice names an instrument of the package by its name or its directory.
    """
    by_name: dict[str, str] = {}
    problems = []
    for text, choice in choices.items():
        name = _chosen(instruments, text)
        if name is None:
            names = [i.name for i in instruments]
            directories = [i.directory for i in instruments if i.directory]
            similar = similar_name(text, [*names, *directories])
            question = f"did you mean {similar}? " if similar else ""
            hint = f"{question}the instruments here are {_listed(names)}"
            problems.append(
                Problem("CAL654", (), f"--instrument {text}={choice}: no instrument {text}", hint)
            )
        elif by_name.setdefault(name, choice) != choice:
            detail = f"--instrument gives {name} two names: {by_name[name]} and {choice}"
            problems.append(Problem("CAL654", (), detail, "name each instrument of the package once"))
    return by_name, problems


def _chosen(instruments: Sequence[PackageInstrument], text: str) -> str | None:
    for form in (str, str.casefold):
        for instrument in instruments:
            if form(text) == form(instrument.name):
                return instrument.name
        for instrument in instruments:
            if form(text) == form(instrument.directory):
                return instrument.name
    return None


def settle(
    package: PackageInstrument, registered: Mapping[str, RegisteredInstrument], choice: str | None = None
) -> Settlement | Problem:
    """Settle which instrument of a repository one of a package is.

    Parameters
    ----------
    registered : `dict` [`str`, `RegisteredInstrument`]
        Instruments of the repository by name.
    choice : `str`, optional
        The name that a person chose; with `NEW` before it, of an instrument to be created.
    """
    if choice is not None:
        return _chosen_settlement(package, registered, choice)
    others = {name: other for name, other in registered.items() if is_instrument(name)}
    exact = others.pop(package.name, None)
    if package.is_named:
        # The directory of a declared instrument says nothing about its name.
        candidates = _candidates(replace(package, directory="", aliases=()), others)
        rivals = [c for c in candidates if _is_doubtful(package, c)] if exact is None else []
    else:
        candidates = _candidates(package, others)
        rivals = _rivals(exact, candidates)
    if exact is not None and not rivals:
        return Settlement(package.name, exact)
    if not package.is_named and exact is None:
        for rank in (3, 2):
            same = [candidate for candidate in candidates if candidate.rank == rank]
            if len(same) == 1 and not same[0].contradictions:
                return Settlement(same[0].instrument.name, same[0].instrument, ", ".join(same[0].reasons))
            if same:
                break
    if rivals:
        return _uncertain(package, rivals, exact)
    classes = sorted(other.name for other in others.values() if other.class_name)
    if not package.is_named and classes:
        return _unregistered(package, classes)
    return Settlement(package.name, None)


def _candidates(package: PackageInstrument, others: Mapping[str, RegisteredInstrument]) -> list[Candidate]:
    candidates = [compare_instruments(package, other) for other in others.values()]
    similar = [candidate for candidate in candidates if candidate.rank]
    return sorted(similar, key=lambda c: (len(c.contradictions) > 0, -c.rank, c.instrument.name))


def _rivals(exact: RegisteredInstrument | None, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the instruments that one with an inferred name may be as well.

    One of the same name that the stack did not register may come from an import under the wrong name.
    """
    if exact is None:
        return list(candidates)
    if exact.class_name:
        return []
    return [c for c in candidates if c.rank > 1 and c.instrument.class_name and not c.contradictions]


def _is_doubtful(package: PackageInstrument, candidate: Candidate) -> bool:
    """Return whether a declared name that the repository does not have may be meant for one that it has."""
    other = candidate.instrument
    if candidate.rank == 3 or is_slip(package.name, other.name):
        return True
    is_other_class = package.class_name not in ("", other.class_name)
    return bool(other.class_name) and not is_other_class and candidate.has_name and candidate.has_detectors


def _chosen_settlement(
    package: PackageInstrument, registered: Mapping[str, RegisteredInstrument], choice: str
) -> Settlement | Problem:
    name = choice.removeprefix(NEW)
    existing = registered.get(name)
    option = f"--instrument {package.name}={choice}"
    if not is_instrument(name):
        return Problem("CAL654", (), f"{option}: {brief(name)} is no name for an instrument")
    if choice.startswith(NEW):
        if existing is not None:
            hint = f"'--instrument {package.name}={name}' takes that one"
            return Problem("CAL654", (), f"{option}: the repository has {name} already", hint)
        return Settlement(name, None, CHOICE)
    if existing is not None:
        return Settlement(name, existing, CHOICE)
    if name in (package.name, package.directory) or not registered:
        return Settlement(name, None, CHOICE)
    names = [other for other in registered if is_instrument(other)]
    similar = similar_name(name, names)
    question = f"did you mean {similar}? " if similar else ""
    hint = (
        f"{question}the repository has {_listed(names)}; register {name} there first, "
        f"or create it with '--instrument {package.name}={NEW}{name}'"
    )
    return Problem("CAL654", (), f"{option}: the repository has no instrument {name}", hint)


def _uncertain(
    package: PackageInstrument, candidates: Sequence[Candidate], exact: RegisteredInstrument | None
) -> Problem:
    handle = _handle(package)
    texts = [str(candidate) for candidate in candidates[:_MOST]]
    if len(candidates) > _MOST:
        texts.append(f"{len(candidates) - _MOST} more")
    if exact is not None:
        texts.insert(0, f"{exact.name} (it has the same name, and the stack did not register it)")
    kind = "the declared name is not in the repository" if package.is_named else "its name is inferred"
    detail = f"{handle}: {kind}, and it may be {_joined(texts, 'or')}"
    best = candidates[0].instrument.name
    return Problem("CAL653", (), detail, _hint(package, best, is_new=exact is None))


def _unregistered(package: PackageInstrument, classes: Sequence[str]) -> Problem:
    handle = _handle(package)
    detail = (
        f"{handle}: its name is inferred, and none of the instruments that the stack registered"
        f" is like it: {_listed(classes)}"
    )
    hint = (
        "register it first ('butler register-instrument'); to create it nevertheless,"
        f" import with '--instrument {handle}={package.name}'"
    )
    return Problem("CAL653", (), detail, hint)


def _handle(package: PackageInstrument) -> str:
    """Return the name by which people know an instrument: its directory, unless it has a declared name."""
    return package.name if package.is_named or not package.directory else package.directory


def _hint(package: PackageInstrument, best: str, *, is_new: bool) -> str:
    """Return the options that settle which instrument it is, and how to do that for good."""
    handle = _handle(package)
    if is_new:
        same_name = f"'--instrument {handle}={package.name}' creates a new one, which Butler can never delete"
    else:
        same_name = f"'--instrument {handle}={package.name}' takes {package.name}"
    place = (
        "'name' in its instrument.yaml"
        if package.is_named
        else f"'instruments: {{{package.directory}: {{name: {best}}}}}' in curated.yaml"
    )
    return (
        f"if it is {best}, import with '--instrument {handle}={best}', or say so for good by {place};"
        f" if it is none of these, register it first; {same_name}"
    )


def repeated_names(settlements: Mapping[str, Settlement]) -> tuple[set[str], list[Problem]]:
    """Return the names in a repository that several instruments of a package would have, with a problem for each."""
    packages_by_name: dict[str, list[str]] = {}
    for package, settlement in settlements.items():
        packages_by_name.setdefault(settlement.name, []).append(package)
    repeated = {name: names for name, names in packages_by_name.items() if len(names) > 1}
    hint = "say with --instrument NAME=REPOSITORY'S NAME which one each of them is"
    return set(repeated), [
        Problem("CAL653", (), f"{_joined(names, 'and')} would all be {name}", hint)
        for name, names in repeated.items()
    ]


def _listed(names: Collection[str]) -> str:
    """Return the first of some names, and how many more there are."""
    texts = sorted(names)[:_MOST]
    more = f", and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(texts) or 'none'}{more}"


def _joined(texts: Sequence[str], word: str) -> str:
    return f" {word} ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))
