"""Where a calibration comes from: the release, the commit and the file, by RUN and UUID."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

from curated.audit.header import UUID, Exposure, Use
from curated.audit.past import Past
from curated.audit.state import State
from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.times import compact, parse_time
from curated.datasets.names import RUN_END, UNBOUNDED, is_label
from curated.datasets.record import DataId, data_id_of, dataset_uuid
from curated.declare import Spec
from curated.git.repository import Repository, all_commits, all_tags, is_shallow
from curated.history.lookup import package_at
from curated.package.validity import folded
from curated.registry import all_types

_RUN = re.compile(r"(?P<collection>(?P<instrument>[^/]+)/calib/(?P<label>[^/]+))/(?P<end>.+)\Z")
_STACK_RUN = re.compile(r"/calib/(?:.+/)?curated/\d{8}T\d{6}Z\Z")
"""RUNs of ``butler write-curated-calibrations``, with or without labels."""

_COMMIT_LABEL = re.compile(r"git-(?P<digits>[0-9a-f]{12})(?P<dirty>-dirty-[0-9a-f]{8})?\Z")
_DIGITS = 12
_SHA1 = re.compile(r"[0-9a-f]{40}\Z")
_BY_NAME_VERSION = "5"
"""Digit of the version in UUIDs that are hashes of names."""


class Source(NamedTuple):
    """The file of a package that a calibration was made of.

    Parameters
    ----------
    label, commit : `str`
        Label of the release, and SHA1 of its commit; empty if it is not known.
    path, blob : `str`
        Path in the package, and git blob.
    file : `CalibFile` or `None`
        The file; `None` if the commit is not in this repository.
    state : `State` or `None`
        The package at that commit.
    remark : `str`
        What is not certain about it.
    """

    label: str
    commit: str
    path: str
    blob: str
    file: CalibFile | None = None
    state: State | None = None
    remark: str = ""


class Foreign(NamedTuple):
    """A calibration that does not come from text, and why that is known."""

    reason: str


class Unknown(NamedTuple):
    """A calibration whose origin cannot be told, and why.

    Parameters
    ----------
    is_elsewhere : `bool`
        Whether it is of another detector or filter than the exposure.
    """

    reason: str
    is_elsewhere: bool = False


Origin = Source | Foreign | Unknown


class Evidence(NamedTuple):
    """A dataset of a bundle: label and commit of the release, path in the git repository and blob."""

    label: str
    commit: str
    path: str
    blob: str


class Releases:
    """The releases of a package: what tags, commits and bundles say of RUNs and UUIDs.

    Parameters
    ----------
    repository : `Repository` or `None`
        Where its history is.
    past : `Past`
        The files that it had.
    evidence : `dict` [`str`, `Evidence`], optional
        Datasets of bundles by UUID.
    choices : `dict` [`str`, `str`], optional
        SHA1 of the commits of releases by label, for labels that are no tags.
    """

    def __init__(
        self,
        now: State,
        repository: Repository | None,
        past: Past,
        evidence: Mapping[str, Evidence] | None = None,
        choices: Mapping[str, str] | None = None,
    ) -> None:
        self._now, self._repository, self._past = now, repository, past
        self._evidence, self._choices = evidence or {}, choices or {}
        self._commits_by_label: dict[str, list[str]] = {}
        self._commits: dict[str, str] = {}
        self._is_cut_off = repository is not None and is_shallow(repository)
        if repository is not None:
            for tag, sha1 in all_tags(repository).items():
                self._commits_by_label.setdefault(tag.replace("/", "-"), []).append(sha1)
            self._commits = {sha1[:_DIGITS]: sha1 for sha1 in all_commits(repository)}
        self.state = lru_cache(maxsize=64)(self._state)
        self._datasets = lru_cache(maxsize=16)(self._all_datasets)

    def _state(self, commit: str) -> State:
        return State(package_at(self._now.package.root, commit)[0], self._now.memory, commit)

    def find_origin(self, use: Use, exposure: Exposure) -> Origin:
        """Find out which file a calibration was made of.

        Parameters
        ----------
        use : `Use`
            What the header says of the calibration.
        exposure : `Exposure`
            The exposure that it was applied to, to whose data ID it belongs.
        """
        if use.blob or use.path or use.commit:
            return self._of_record(use, exposure)
        if use.uuid and UUID.match(use.uuid) is None:
            return Unknown("its UUID in the header is none")
        if use.uuid in self._evidence:
            return self._of_bundle(self._evidence[use.uuid])
        if not use.uuid and not use.run:
            return Unknown("the header has neither its UUID nor its RUN")
        if use.uuid and use.uuid[14] != _BY_NAME_VERSION:
            # The stack writes texts itself, into RUNs of the same form, under UUIDs that say nothing of a commit.
            if _STACK_RUN.search(use.run) and _spec(use.dataset_type) is not None:
                return Unknown(
                    "curated did not give it its UUID: 'butler write-curated-calibrations' writes such"
                )
            return Foreign("its UUID is none of a release of text")
        if not use.run:
            return self._search(use, exposure)
        return self._of_run(use, exposure, use.run)

    def _of_record(self, use: Use, exposure: Exposure) -> Origin:
        """Find the text that ``apply`` of curated recorded."""
        prefix = self._repository.prefix if self._repository is not None else ""
        path = use.path.removeprefix(prefix)
        if not path or not use.blob:
            return Unknown("the header has no path and blob of its text: it was made of another file")
        if _SHA1.match(use.blob) is None or (use.commit and _SHA1.match(use.commit) is None):
            return Unknown("its blob or commit in the header is none")
        source = Source("", use.commit, path, use.blob)
        if use.commit and use.commit[:_DIGITS] in self._commits:
            try:
                state = self.state(use.commit)
            except CuratedError as error:
                return Unknown(f"commit {use.commit[:_DIGITS]} cannot be read: {error.message}")
            file = state.files_by_path.get(path)
            if file is None or state.blob(file) != use.blob:
                return Unknown(f"commit {use.commit[:_DIGITS]} has no such content at {path}")
            source = source._replace(file=file, state=state)
        else:
            where = "its commit is not in this repository" if use.commit else "it was read from a work tree"
            source = source._replace(file=self._now.files_by_path.get(path), remark=where)
        if source.file is None:
            return Unknown("its path is that of no calibration of this package")
        key = source.file.key
        keys = self._now.keys(key.type, exposure.instrument, exposure.detector, exposure.filter)
        if exposure.instrument and keys and folded(key) not in map(folded, keys):
            return Unknown(f"it is of {key}, which is not this exposure's", is_elsewhere=True)
        return source

    def _of_bundle(self, evidence: Evidence) -> Source:
        prefix = self._repository.prefix if self._repository is not None else ""
        source = Source(evidence.label, evidence.commit, evidence.path.removeprefix(prefix), evidence.blob)
        if evidence.commit[:_DIGITS] not in self._commits:
            return source._replace(remark="the commit of its release is not in this repository")
        state = self.state(evidence.commit)
        return source._replace(file=state.files_by_path.get(source.path), state=state)

    # -- with a RUN -----------------------------------------------------------------------------------------

    def _of_run(self, use: Use, exposure: Exposure, run: str) -> Origin:
        match = _RUN.match(run)
        spec = _spec(use.dataset_type)
        if match is None or RUN_END.match(match["end"]) is None or spec is None:
            return Foreign("its RUN is none of a release of text")
        collection, label = match["collection"], match["label"]
        data_id = _data_id(spec, match["instrument"], exposure)
        if data_id is None:
            return Unknown(f"the header does not say which {_lacking(spec, exposure)} the exposure has")
        if use.uuid and dataset_uuid(spec.dataset, run, data_id) != use.uuid:
            return self._of_other_key(use, exposure, spec, run, match["instrument"])
        commits, reason = self._release_commits(label)
        if not commits:
            return Unknown(reason)
        for commit in commits:
            try:
                state = self.state(commit)
            except CuratedError as error:
                return Unknown(f"commit {commit[:_DIGITS]} of its release cannot be read: {error.message}")
            for key in state.keys(spec.name, match["instrument"], exposure.detector, exposure.filter):
                file = state.find_in_run(key, run, collection, data_id)
                if file is not None:
                    remark = self._remark(use, label)
                    return Source(label, commit, file.source, state.blob(file), file, state, remark)
        if not self._now.directories(match["instrument"]):
            name = match["instrument"]
            return Unknown(f"no directory of the package is {name} (--instrument DIR={name})")
        return Unknown(
            f"commit {commits[0][:_DIGITS]} of release {label} has no {spec.name} of this exposure in this RUN"
        )

    def _remark(self, use: Use, label: str) -> str:
        match = _COMMIT_LABEL.match(label)
        if match is not None and match["dirty"]:
            return "the release was made with changes that were not committed"
        return "" if use.uuid else "by its RUN alone, without a UUID"

    def _release_commits(self, label: str) -> tuple[list[str], str]:
        """Return the commits that a label may stand for, or why there is none."""
        if label in self._choices:
            return [self._choices[label]], ""
        commits = list(dict.fromkeys(self._commits_by_label.get(label, [])))
        match = _COMMIT_LABEL.match(label)
        if not commits and match is not None:
            sha1 = self._commits.get(match["digits"])
            if sha1 is None:
                return [], f"commit {match['digits']} of its release is not in this repository"
            commits = [sha1]
        if not commits:
            way_out = f" (--release {label}=REV, or --bundle)" if is_label(label) else ""
            if self._is_cut_off:
                way_out = "; its history is cut off, 'git fetch --unshallow --tags' brings it"
            return [], f"release {label} is no tag of this repository{way_out}"
        return commits, ""

    def _of_other_key(self, use: Use, exposure: Exposure, spec: Spec, run: str, instrument: str) -> Origin:
        """Say that a UUID belongs to another detector or filter of the instrument, or to none."""
        state = self._now
        for directory in state.directories(instrument):
            numbers = state.detector_numbers(directory) if spec.has_detector else [0]
            declared = state.declared.get(directory)
            filters = [f.name for f in declared.filters.values()] if declared is not None else []
            names = dict.fromkeys([exposure.filter, *filters]) if spec.has_filter else [""]
            for number, name in product(numbers, names):
                other = Exposure(instrument, str(number), name)
                data_id = _data_id(spec, instrument, other)
                if data_id is not None and dataset_uuid(spec.dataset, run, data_id) == use.uuid:
                    values = ", ".join(f"{k} {v}" for k, v in data_id if k != "instrument")
                    return Unknown(f"it is of {values}, which is not this exposure's", is_elsewhere=True)
        return Unknown("its UUID is not that of its RUN and data ID")

    # -- without a RUN --------------------------------------------------------------------------------------

    def _search(self, use: Use, exposure: Exposure) -> Origin:
        """Find a UUID among those that all releases of the history have, or would have had."""
        names = exposure.instrument, exposure.detector, exposure.filter
        dataset_type, run = self._datasets(*names).get(use.uuid, ("", ""))
        if run and use.dataset_type in ("", dataset_type):
            return self._of_run(use._replace(dataset_type=dataset_type), exposure, run)
        return Unknown("its UUID is that of no release of this repository, and the header lacks its RUN")

    def _all_datasets(self, instrument: str, detector: str, filter_name: str) -> dict[str, tuple[str, str]]:
        """Return dataset type and RUN of all datasets of an exposure that a release may have had, by UUID."""
        exposure = Exposure(instrument, detector, filter_name)
        datasets = {}
        for cls in all_types().values():
            name, data_id = cls.SPEC.dataset, _data_id(cls.SPEC, instrument, exposure)
            if data_id is not None:
                for label, end in product(self._labels(), self._run_ends(cls.SPEC, exposure)):
                    run = f"{instrument}/calib/{label}/{end}"
                    datasets[dataset_uuid(name, run, data_id)] = name, run
        return datasets

    def _labels(self) -> Iterator[str]:
        yield from self._commits_by_label
        yield from self._choices
        yield from (f"git-{digits}" for digits in self._commits)

    def _run_ends(self, spec: Spec, exposure: Exposure) -> Sequence[str]:
        """Return the ends of the RUNs that the calibrations of a key had at any time."""
        ends: dict[str, None] = {}
        for key in self._now.keys(spec.name, exposure.instrument, exposure.detector, exposure.filter):
            for file, report in self._past.all_versions(key):
                try:
                    end = f"curated/{compact(parse_time(str(report.keywords.get('CALIBDATE'))))}Z"
                except ValueError:
                    continue
                end = "unbounded" if spec.dataset in UNBOUNDED else end
                ends |= {end: None, f"{end}/{compact(file.start)}Z": None}
        return list(ends)


@lru_cache
def _spec(dataset_type: str) -> Spec | None:
    types: Mapping[str, type[Calib]] = all_types()
    return next((cls.SPEC for cls in types.values() if cls.SPEC.dataset == dataset_type), None)


def _data_id(spec: Spec, instrument: str, exposure: Exposure) -> DataId | None:
    """Return the data ID of a product for an exposure; `None` if the exposure lacks a part of it."""
    values: dict[str, int | str] = {"instrument": instrument}
    if spec.has_detector:
        if not exposure.detector.isdecimal() or len(exposure.detector) > _DIGITS:
            return None
        values["detector"] = int(exposure.detector)
    if spec.has_filter:
        if not exposure.filter:
            return None
        values["physical_filter"] = exposure.filter
    return data_id_of(values) if instrument else None


def _lacking(spec: Spec, exposure: Exposure) -> str:
    return "detector" if spec.has_detector and not exposure.detector.isdecimal() else "filter"


def read_evidence(bundles: Sequence[str]) -> dict[str, Evidence]:
    """Return the datasets of bundles by UUID.

    Raises
    ------
    CuratedError
        If one of them is no bundle, or its manifest is damaged.
    """
    from curated.bundle.manifest_reader import read_contents

    evidence = {}
    for name in bundles:
        contents, findings = read_contents(Path(name))
        if contents is None:
            raise CuratedError(
                f"{name}: {findings[0].message}", f"see what 'curated verify-bundle {name}' says"
            )
        for entry in contents.entries:
            if entry.claims.path:
                evidence[entry.uuid] = Evidence(
                    contents.label, contents.sha1, entry.claims.path, entry.claims.blob
                )
    return evidence
