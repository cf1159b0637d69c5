"""What a repository calls the instruments of a package, for commands that import nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lsst.daf.butler import Butler

from curated.bundle.contents import Contents
from curated.bundle.renaming import Renaming
from curated.butler.instruments.candidates import PackageInstrument
from curated.butler.instruments.resolution import bundle_instruments, package_instruments, resolve
from curated.butler.instruments.settlement import parse_choices
from curated.butler.repository.opening import opened, repository_root
from curated.butler.repository.records import IMPORT_FILE, MOST_STATE, ImportRecord, local_records
from curated.core.codes import code_info
from curated.core.diagnostic import CuratedError, Problem
from curated.core.ssh_signature import read_plain_file
from curated.package.instrument import Instrument


class RepositoryNames(NamedTuple):
    """What a repository calls instruments.

    Parameters
    ----------
    renamings : `dict` [`str`, `Renaming`]
        By the name in the package; without those that are not certain, and have the package's name.
    unsettled : `tuple` [`Problem`]
        Why others are not certain.
    """

    renamings: dict[str, Renaming]
    unsettled: tuple[Problem, ...] = ()


def package_renamings(
    repo: str, instruments: Iterable[Instrument], choices: Iterable[str] = (), *, certain: bool = False
) -> RepositoryNames:
    """Return what a repository calls the instruments of a package.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    choices : iterable [`str`], optional
        Choices ``NAME=REPOSITORY'S NAME``; those of earlier imports into the repository need not be repeated.
    certain : `bool`, optional
        Whether it is an error that an instrument is not certain.

    Raises
    ------
    CuratedError
        If a choice names no instrument, or an instrument is not certain and has to be.
    """
    with opened(repo) as butler:
        return renamings_in(butler, repo, package_instruments(instruments), choices, certain=certain)


def bundle_renamings(
    repo: str, contents: Contents, choices: Iterable[str] = (), *, certain: bool = False
) -> RepositoryNames:
    """Return what a repository calls the instruments of a bundle; see `package_renamings`."""
    with opened(repo) as butler:
        return renamings_in(butler, repo, bundle_instruments(contents), choices, certain=certain)


def renamings_in(
    butler: Butler,
    repo: str,
    instruments: list[PackageInstrument],
    choices: Iterable[str] = (),
    *,
    certain: bool = False,
) -> RepositoryNames:
    """Return what a repository that is open calls instruments; see `package_renamings`."""
    own_choices = parse_choices(choices)
    if all(instrument.is_named for instrument in instruments) and not own_choices:
        return RepositoryNames({})
    inferred_names = {instrument.name for instrument in instruments if not instrument.is_named}
    recorded = {
        old: new for old, new in recorded_names(repo).items() if old in inferred_names and not own_choices
    }
    resolution = resolve(butler, instruments, recorded | own_choices)
    codes = {"CAL654"} if own_choices else set()
    codes |= {"CAL653", "CAL655"} if certain else set()
    for problem in resolution.problems:
        if problem.code in codes:
            raise CuratedError(problem.detail, problem.hint or code_info(problem.code).hint)
    unsettled = (problem for problem in resolution.problems if problem.code in ("CAL653", "CAL655"))
    return RepositoryNames(dict(resolution.renamings), tuple(map(_unsettled, unsettled)))


def _unsettled(problem: Problem) -> Problem:
    """Return what is said where nothing is created, so that the package's name can stay."""
    name, _, _ = problem.detail.partition(":")
    name = "NAME" if " " in name else name
    hint = (
        f"--instrument {name}=OTHER says that it is OTHER of the repository; 'instruments: {{{name}: {{name: OTHER}}}}' "
        "in curated.yaml says it for good"
    )
    is_instrument = problem.code == "CAL653"
    return Problem("CAL648", (), problem.detail, hint if is_instrument else problem.hint)


def recorded_names(repo: str) -> Mapping[str, str]:
    """Return the names under which earlier imports brought instruments into a repository, by their names in the bundles.

    Instruments that came under several names are left out, and so are records that cannot be read.
    """
    names: dict[str, set[str]] = {}
    with local_records(repository_root(repo)) as directories:
        for directory in directories:
            try:
                record = ImportRecord.of(read_plain_file(directory / IMPORT_FILE, MOST_STATE))
            except (OSError, ValueError):
                continue
            for old, renaming in record.renamings.items():
                names.setdefault(old, set()).add(renaming.name)
    return {old: min(new) for old, new in names.items() if len(new) == 1}
