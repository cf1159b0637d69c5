"""Files that stand for several detectors or filters: each is expanded to the copies that it replaces.

A calibration of several detectors is one file in a directory ``shared``, or ``shared-`` and a name, in place of the
directory of a detector. Its keyword DETECTORS is ``all`` or a list of their names; FILTERS likewise for filters. From
here on it is a `CalibFile` for each of them, with the path that a copy would have, so that validity, lookups and
releases follow the rules for single files. `CalibFile.source` is the file that there is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from curated.core.diagnostic import Pointer, Problem, brief, limited
from curated.core.keys import CalibFile, CalibKey
from curated.core.similar import similar_name
from curated.core.times import iso
from curated.package.comparison import mark_compared
from curated.package.config import Config, load_setting
from curated.package.files import Files, read_file
from curated.package.instrument import Instrument, parse_instrument
from curated.package.layout import Layout, directory_name
from curated.package.validity import by_key
from curated.text.reader import read, read_text

SHARED = "shared"
"""Directory in place of that of a detector or a filter; with ``-`` and a name where there are several."""

ALL = "all"
"""Value of DETECTORS and FILTERS for each one that ``instrument.yaml`` declares."""

_MOST_NAMED = 8


class _Level(NamedTuple):
    """A level of directories that files share.

    Parameters
    ----------
    keyword : `str`
        Keyword that says which directories a file stands for.
    noun : `str`
        What they are, for people.
    """

    keyword: str
    noun: str


_DETECTORS, _FILTERS = _Level("DETECTORS", "detector"), _Level("FILTERS", "filter")


def is_shared_directory(name: str) -> bool:
    """Return whether a directory in place of that of a detector or filter is one of shared files."""
    return name == SHARED or name.startswith(f"{SHARED}-")


def without_shared_levels(file: CalibFile) -> CalibFile:
    """Return a file on disk with a key that has no detector and no filter where it is for several of them."""
    if not file.shared:
        return file
    names = [directory_name(name) for name in file.source.split("/")[:-1]]
    key = file.key
    detector, name = (part if part in names[-2:] else "" for part in (key.detector, key.filter))
    return replace(file, path=file.source, key=replace(key, detector=detector, filter=name))


def is_listed(metadata: Mapping[Any, Any], keyword: str, directory: str) -> bool:
    """Return whether a shared file is for a detector or filter, which its instrument declares.

    Parameters
    ----------
    metadata : `~collections.abc.Mapping`
        Keywords of the file in any spelling.
    keyword : `str`
        ``DETECTORS`` or ``FILTERS``.
    directory : `str`
        Directory of the detector or filter.
    """
    value = next((v for k, v in metadata.items() if isinstance(k, str) and k.upper() == keyword), None)
    entries = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    names = [directory_name(entry.strip()) for entry in entries if isinstance(entry, str)]
    return names == [ALL] or directory in names


def share(layout: Layout, files: Files, config: Config) -> None:
    """Replace each shared file of a layout by a calibration for each detector and filter that it stands for.

    Files that do not say so correctly are left out, with a problem. Where files of a package are read by path, the
    paths of the copies are added to `sources`.

    Parameters
    ----------
    layout : `Layout`
        Result of `curated.package.layout.discover`; it is changed.
    files : `Files`
        Access to the texts.
    config : `Config`
        Settings, which may override ``instrument.yaml``.
    """
    candidates = [
        f for f in layout.files if is_shared_directory(f.key.detector) or is_shared_directory(f.key.filter)
    ]
    if not candidates:
        return
    instruments = {
        directory: _read_instrument(files, path, config.instruments.get(directory, {}), directory)
        for directory, path in layout.instruments.items()
        if any(file.key.instrument == directory for file in candidates)
    }
    calibrations = {file.path: file for file in layout.files}
    copies = []
    for file in candidates:
        instrument = instruments.get(file.key.instrument) or Instrument(
            file.key.instrument, file.key.instrument
        )
        if not _shared_levels(file.key, instrument):
            continue
        del calibrations[file.path]
        members, problems = _expand(file, instrument, files)
        copies += members
        layout.problems += [(file.path, problem) for problem in problems]
    own_files = list(calibrations.values())
    copies, repeated = _without_repeated(own_files, copies)
    layout.problems += repeated
    sources = getattr(files, "sources", None)
    if sources is not None:
        sources.clear()
        sources.update({file.path: file.shared for file in copies})
    layout.files = mark_compared(sorted([*own_files, *copies], key=lambda file: file.path))


def _read_instrument(
    files: Files, path: str, overrides: Mapping[str, Any], directory: str
) -> Instrument | None:
    """Return a declared instrument; `None` where there is none, or its declaration cannot be read."""
    data = read_file(files, path) if path else None
    text, _ = read_text(data) if isinstance(data, bytes) else (None, [])
    if text is None:
        return None
    tree, problems, _ = load_setting(text)
    if problems or not isinstance(tree, dict):
        return None
    return parse_instrument({**tree, **overrides}, directory)[0]


def _shared_levels(key: CalibKey, instrument: Instrument) -> list[_Level]:
    """Return the levels on which a file is shared; a detector or filter may have the name of the directory."""
    levels = []
    if is_shared_directory(key.detector) and key.detector not in instrument.detectors:
        levels.append(_DETECTORS)
    if is_shared_directory(key.filter) and key.filter not in instrument.filters:
        levels.append(_FILTERS)
    return levels


def _expand(file: CalibFile, instrument: Instrument, files: Files) -> tuple[list[CalibFile], list[Problem]]:
    """Return a calibration for each detector and filter of a shared file, and what keeps it from being expanded."""
    data = read_file(files, file.path)
    if isinstance(data, Problem):
        return [], [data]
    source, problems = read(data, file.form)
    if source is None:
        return [], list(limited(problems))
    detectors, filters = [file.key.detector], [file.key.filter]
    faults: list[Problem] = []
    for level in _shared_levels(file.key, instrument):
        declared = instrument.detectors if level is _DETECTORS else instrument.filters
        names, name_problems = _names(source.metadata, level, declared)
        faults += name_problems
        if level is _DETECTORS:
            detectors = names
        else:
            filters = names
    if faults:
        return [], faults
    members = []
    for detector, name in itertools.product(detectors, filters):
        directories = [part for part in (detector, name) if part]
        parts = file.path.split("/")
        parts[-1 - len(directories) : -1] = directories
        key = replace(file.key, detector=detector, filter=name)
        members.append(replace(file, path="/".join(parts), key=key, shared=file.path))
    return members, []


def _names(
    metadata: Mapping[Any, Any], level: _Level, declared: Mapping[str, object]
) -> tuple[list[str], list[Problem]]:
    """Return the directories of the detectors or filters that a file stands for."""
    keyword, noun = level
    spelling = next((key for key in metadata if isinstance(key, str) and key.upper() == keyword), None)
    place: Pointer = ("metadata", spelling) if spelling is not None else ("metadata",)
    if not declared:
        detail = f"the instrument.yaml of its instrument declares no {noun}s, or is not there"
        return [], [Problem("CAL233", place, detail)]
    value = metadata[spelling] if spelling is not None else None
    if spelling is None or value is None or value in ("", []):
        what = "is missing" if spelling is None else "is empty"
        hint = f"write '{keyword.lower()}: all', or the names of the {noun}s: '{keyword.lower()}: [{_example(declared)}]'"
        return [], [Problem("CAL231", place, f"{keyword} {what}, so that the file is of no {noun}", hint)]
    entries = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(entries, list):
        return [], [
            Problem("CAL231", place, f"{keyword} is {brief(value)}, neither 'all' nor a list of {noun}s")
        ]
    if [str(entry).lower() for entry in entries] == [ALL]:
        return list(declared), []
    return _chosen(entries, level, declared, place, is_list=isinstance(value, list))


def _chosen(
    entries: Sequence[Any],
    level: _Level,
    declared: Mapping[str, object],
    place: Pointer,
    *,
    is_list: bool,
) -> tuple[list[str], list[Problem]]:
    """Return the directories that a list names, and what is wrong in it."""
    names: list[str] = []
    problems = []
    for i, entry in enumerate(entries):
        pointer = (*place, i) if is_list else place
        if not isinstance(entry, str):
            detail = f"{level.keyword} lists {brief(entry)}, which is no text; put the name in quotes"
            problems.append(Problem("CAL232", pointer, detail))
            continue
        name = directory_name(entry)
        if name in names:
            problems.append(Problem("CAL232", pointer, f"{level.keyword} lists {brief(entry)} twice"))
        elif name not in declared:
            similar = similar_name(name, declared)
            hint = f"did you mean {similar!r}?" if similar else f"declared are {_example(declared)}"
            detail = f"{level.keyword} lists {brief(entry)}, which is no {level.noun} of instrument.yaml"
            problems.append(Problem("CAL232", pointer, detail, hint))
        names.append(name)
    return names, list(limited(problems))


def _example(declared: Iterable[str]) -> str:
    """Return some names, for people."""
    names = list(declared)
    return ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")


def _without_repeated(
    own_files: Sequence[CalibFile], copies: Sequence[CalibFile]
) -> tuple[list[CalibFile], list[tuple[str, Problem]]]:
    """Return the copies of shared files but for those whose start another file has, and a problem for these."""
    clashes: dict[tuple[str, str], list[CalibFile]] = {}
    for epochs in by_key([*own_files, *copies]).values():
        for _, group in itertools.groupby(epochs, key=lambda file: file.start):
            # A file of its own goes before shared ones.
            first, *others = sorted(group, key=lambda file: (bool(file.shared), file.source))
            for file in others:
                if file.shared:
                    clashes.setdefault((file.source, first.source), []).append(file)
    repeated = {file.path: file.source for files in clashes.values() for file in files}
    remaining = [file for file in copies if repeated.get(file.path) != file.source]
    return remaining, [*_clash_problems(clashes)]


def _clash_problems(
    clashes: Mapping[tuple[str, str], Sequence[CalibFile]],
) -> Iterator[tuple[str, Problem]]:
    for (path, other), files in clashes.items():
        keys = [" ".join(filter(None, (file.key.detector, file.key.filter))) for file in files]
        detail = f"starts at {iso(files[0].start)}, as does {other}, for {_example(keys)}"
        yield path, Problem("CAL432", (), detail)
