"""Whether the files of a work tree are those of a commit: compared by their bytes, whatever the index of git says."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from curated.core.diagnostic import CuratedError
from curated.core.storage.limits import raise_exhausted
from curated.git.forms import (
    blob_of_file,
    committed_content,
    is_annex_link,
    is_annex_pointer,
    is_form_of,
    matches_pointer,
    open_regular,
    parse_pointer,
)
from curated.git.index import attributes
from curated.git.objects import Objects, damaged, find_blobs
from curated.git.repository import Repository
from curated.git.tree import LINK, SUBMODULE, TreeEntry, object_name, read_tree
from curated.package.config import CONFIG_FILE, parse_config
from curated.package.difference import Difference, Kind, explain
from curated.package.files import Files
from curated.package.package import Package

_MAX_NAMED = 5
"""Most files of a kind that a message names."""

_MAX_FORM = 64 << 20
"""Largest file in bytes that is compared with its blob as a text in another form."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A package of a work tree, compared with a commit.

    Parameters
    ----------
    differences : `tuple` [`Difference`]
        Files that are not what the commit says, in the order of their paths.
    blobs : `dict` [`str`, `str`]
        Blob of each file of the commit, by path in the package; that of its target for a link.
    contents : `dict` [`str`, `bytes`]
        Content of blobs that cannot be had from the form that they have in the work tree.
    fetched : `dict` [`str`, `str`]
        Hash, as that of a blob, of files that are what their pointers of git-lfs name.
    """

    differences: tuple[Difference, ...]
    blobs: Mapping[str, str] = field(repr=False)
    contents: Mapping[str, bytes] = field(repr=False)
    fetched: Mapping[str, str] = field(repr=False)

    def text(self) -> str:
        """Return the differences as one sentence, without its end."""
        return "; ".join(
            f"{_names([d.path for d in self.differences if (d.kind, d.detail) == group])} ({group[0].text}{group[1]})"
            for group in self._groups()
        )

    def way_out(self) -> str:
        """Return how to mend the differences."""
        return "; ".join(dict.fromkeys(kind.way_out for kind, _ in self._groups()))

    def _groups(self) -> Iterable[tuple[Kind, str]]:
        return dict.fromkeys((difference.kind, difference.detail) for difference in self.differences)


def _names(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MAX_NAMED} more" if len(paths) > _MAX_NAMED else ""
    return f"{', '.join(paths[:_MAX_NAMED])}{more}"


@dataclass(frozen=True, slots=True)
class CommittedFiles:
    """The files of a work tree, each of them verified to be the commit's whenever it is read."""

    work_tree: Files
    comparison: Comparison

    @property
    def sources(self) -> dict[str, str]:
        """Path of the file that stands for copies that are not there, by path of the copy."""
        sources: dict[str, str] = getattr(self.work_tree, "sources", {})
        return sources

    def paths(self) -> Iterator[str]:
        """Yield all paths below the calibration directory."""
        return self.work_tree.paths()

    def read(self, path: str) -> bytes:
        """Return the content that a file has in the commit.

        Raises
        ------
        CuratedError
            If the file is no longer what the comparison has found.
        """
        comparison, path = self.comparison, self.sources.get(path, path)
        if path in comparison.contents:
            return comparison.contents[path]
        data = self.work_tree.read(path)
        fetched = comparison.fetched.get(path)
        blob = comparison.blobs.get(path)
        content = None if blob is None else committed_content(data, fetched or blob)
        if content is None:
            raise CuratedError(f"{path} has changed since it was compared with the commit", "run it again")
        return content

    def locate(self, path: str) -> str | None:
        """Return the path on disk of a file that is too large to be read at once."""
        return self.work_tree.locate(path)

    def state(self, path: str) -> str:
        """Return a text that changes when the file on disk does."""
        return self.work_tree.state(path)


# -- the comparison ---------------------------------------------------------------------------------------


def compare_with_commit(package: Package, repository: Repository, commit: str) -> Comparison:
    """Compare the files of a package that decide a release with those of a commit.

    These are all files at or below the calibration directory, but for hidden ones, and the settings. A file in the
    work tree may have other line ends, an expanded ``$Id$`` or another encoding than its blob, or be what a pointer
    of git-lfs names; everything else is a difference.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    commit : `str`
        Name of the commit, complete.

    Raises
    ------
    CuratedError
        If an object of the commit is missing or damaged.
    """
    return _Comparer(package, repository, commit).compare()


class _Comparer:
    """One comparison; see `compare_with_commit`."""

    def __init__(self, package: Package, repository: Repository, commit: str) -> None:
        self._package, self._repository, self._commit = package, repository, commit
        self._root = str(package.root)
        self._beside = set(package.layout.beside)
        self._contents: dict[str, bytes] = {}
        self._fetched: dict[str, str] = {}

    def compare(self) -> Comparison:
        """Compare all files."""
        entries, outer_settings = self._entries()
        on_disk = {*self._package.files.paths()}
        if not self._package.bare:
            on_disk.add(CONFIG_FILE)
        differences = [
            Difference(posixpath.relpath(path, self._repository.prefix or "."), Kind.MISSING)
            for path in outer_settings
        ]
        unlike = []
        for path, entry in entries.items():
            if entry.mode == SUBMODULE:
                differences.append(Difference(path, Kind.SUBMODULE))
            elif path not in on_disk and f"{path}/" not in on_disk:
                is_link = _is_behind_link(self._root, path)
                differences.append(Difference(path, Kind.BEHIND_LINK if is_link else Kind.MISSING))
            elif not self._is_same(path, entry):
                unlike.append(path)
        differences += self._explain_unlike({path: entries[path] for path in unlike})
        submodules = tuple(f"{path}/" for path, entry in entries.items() if entry.mode == SUBMODULE)
        differences += [
            Difference(path, Kind.NEW)
            for path in self._relevant_paths()
            if path not in entries and not path.startswith(submodules)
        ]
        blobs = {path: entry.name for path, entry in entries.items() if entry.mode not in (LINK, SUBMODULE)}
        links = [path for path, entry in entries.items() if entry.mode == LINK and path in on_disk]
        if links:
            blobs |= self._link_targets(links)
            differences += self._compare_links(links, blobs)
        if differences:
            paths = [*self._pathspecs(), *(posixpath.normpath(path) for path in outer_settings)]
            differences = list(explain(self._repository, self._root, paths, differences))
        ordered = tuple(sorted(differences, key=lambda difference: difference.path))
        return Comparison(ordered, blobs, self._contents, self._fetched)

    def _pathspecs(self) -> list[str]:
        return [self._repository.pathspec(path) for path in (self._package.top, CONFIG_FILE)]

    def _entries(self) -> tuple[dict[str, TreeEntry], list[str]]:
        """Return the entries of the commit by path in the package, and settings that the work tree lacks."""
        package, prefix = self._package, self._repository.prefix
        parents = [prefix[: i + 1] for i, character in enumerate(prefix) if character == "/"]
        settings = [f"{parent}{CONFIG_FILE}" for parent in ("", *parents)]
        top = f"{prefix}{package.top}".rstrip("/")
        # The settings of a package that looks like a bare one may be missing in the work tree.
        paths = [top, *(settings if package.bare else settings[-1:])]
        tree = read_tree(self._repository, self._commit, paths)
        hidden = len(prefix)
        entries = {
            entry.path[hidden:]: entry
            for entry in tree
            if entry.path.startswith(prefix) and not _is_hidden(entry.path[hidden:])
        }
        outer = [entry.path for entry in tree if entry.path in settings] if package.bare else []
        for path in outer:
            entries.pop(path.removeprefix(prefix), None)
        return entries, outer

    def _relevant_paths(self) -> list[str]:
        """Return the files of the work tree that a release is made of."""
        layout = self._package.layout
        paths = [path for file in layout.files for path in file.texts]
        paths = list(dict.fromkeys(paths))
        paths += [path for path in (*layout.instruments.values(), *layout.beside) if path]
        return paths if self._package.bare else [*paths, CONFIG_FILE]

    def _is_same(self, path: str, entry: TreeEntry) -> bool:
        """Say whether a file has the bytes that the commit says."""
        full = f"{self._root}/{path}"
        try:
            if entry.mode == LINK:
                target = os.fsencode(os.readlink(full))
                return object_name("blob", target, len(entry.name)) == entry.name
            return blob_of_file(full, len(entry.name)) == entry.name
        except OSError as error:
            raise_exhausted(error)
            return False

    def _explain_unlike(self, entries: Mapping[str, TreeEntry]) -> Iterator[Difference]:
        """Yield the files with other bytes than their blobs that are no other form of them."""
        if not entries:
            return
        unexplained = {}
        for path, entry in entries.items():
            is_text = entry.mode != LINK and path not in self._beside
            data = _read(f"{self._root}/{path}") if is_text else None
            if data is None or committed_content(data, entry.name) is None:
                unexplained[path] = entry
        prefix = self._repository.prefix
        forms = attributes(
            self._repository, ("filter", "working-tree-encoding"), (f"{prefix}{path}" for path in unexplained)
        )
        objects = Objects(self._repository)
        for path, entry in unexplained.items():
            size = objects.size(entry.name)
            if size is not None and size > _MAX_FORM:
                yield Difference(path, Kind.EDITED)
                continue
            content = objects.read(entry.name)
            if object_name("blob", content, len(entry.name)) != entry.name:
                raise damaged(self._repository, f"the content of {path} in the commit", present=True)
            difference = self._compare_form(path, entry, content, forms.get(f"{prefix}{path}", {}))
            if difference is not None:
                yield difference

    def _compare_form(
        self, path: str, entry: TreeEntry, content: bytes, forms: Mapping[str, str]
    ) -> Difference | None:
        """Return how a file differs from its blob; `None` if it is a form of it, which is noted."""
        full = f"{self._root}/{path}"
        if is_annex_pointer(content):
            return Difference(path, Kind.ANNEX)
        pointer = parse_pointer(content)
        if pointer is not None:
            try:
                if matches_pointer(full, pointer):
                    self._fetched[path] = blob_of_file(full, len(entry.name))
                    return None
            except OSError as error:
                raise_exhausted(error)
                return Difference(path, Kind.EDITED)
            return Difference(path, Kind.LFS)
        data = _read(full)
        if entry.mode == LINK or data is None:
            return Difference(path, Kind.EDITED)
        is_form = is_form_of(data, content, forms.get("working-tree-encoding", ""))
        if path in self._beside:
            return Difference(path, Kind.IMAGE if is_form else Kind.EDITED)
        if is_form:
            self._contents[path] = content
            return None
        if forms.get("filter", "lfs") != "lfs":
            return Difference(path, Kind.FILTERED, f", filter={forms['filter']}")
        return Difference(path, Kind.EDITED)

    def _link_targets(self, links: Sequence[str]) -> dict[str, str]:
        """Return the blobs of the files that links stand for, where these are files of the package."""
        blobs = find_blobs(self._repository, self._commit, self._package.top)
        return {path: blobs[path] for path in links if path in blobs}

    def _compare_links(self, links: Sequence[str], blobs: Mapping[str, str]) -> Iterator[Difference]:
        """Yield the calibrations that are links to something else than a file of the commit."""
        relevant_paths = set(self._relevant_paths())
        for path in links:
            if path not in relevant_paths:
                continue
            if path not in blobs:
                is_annexed = is_annex_link(os.readlink(f"{self._root}/{path}"))
                yield Difference(path, Kind.ANNEX if is_annexed else Kind.LINK)
            elif path not in self._beside:
                try:
                    data = self._package.files.read(path)
                except OSError as error:
                    raise_exhausted(error)
                    data = b""
                if committed_content(data, blobs[path]) is None:
                    yield Difference(path, Kind.EDITED)


def _is_hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path


def _read(path: str) -> bytes | None:
    """Return the content of a file; `None` where there is none, or it is too large for a form of a text."""
    try:
        with open_regular(path) as stream:
            return stream.read() if os.fstat(stream.fileno()).st_size <= _MAX_FORM else None
    except OSError as error:
        raise_exhausted(error)
        return None


def _is_behind_link(root: str, path: str) -> bool:
    """Say whether a directory on the way to a file is a link."""
    parts = path.split("/")
    return any(os.path.islink(os.path.join(root, *parts[:i])) for i in range(1, len(parts)))


def settings_changed(package: Package, files: CommittedFiles) -> bool:
    """Say whether the settings of a package are no longer those of its commit."""
    if package.bare:
        return False
    return parse_config(files.read(CONFIG_FILE).decode("utf-8", errors="replace")) != package.config
