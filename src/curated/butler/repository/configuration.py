"""The configuration files of a repository, checked before Butler reads them.

Butler's reader follows ``!include`` and ``includeConfigs``, and imports the classes that are named while it reads.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from lsst.resources import ResourcePath

from curated.butler.repository.class_names import TRUSTED, class_names, refuse_classes
from curated.core.diagnostic import CuratedError
from curated.text.yaml.locator import is_too_deep

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # libyaml is optional in PyYAML's source distribution
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

LARGEST = 1 << 20
"""Size in bytes of the largest configuration file; the complete defaults of Butler are a tenth of it."""

_MOST_NODES = 100_000
_MOST_FILES = 50
_INCLUDE = "includeConfigs"


class _Include(list[str]):
    """Names of files that stand in the place of their content."""


class _ConfigurationLoader(_Loader):
    """A safe loader that keeps the names of included files."""


def _include(loader: Any, node: Any) -> _Include:
    if isinstance(node, yaml.ScalarNode):
        return _Include([str(loader.construct_scalar(node))])
    if isinstance(node, yaml.SequenceNode):
        return _Include(map(str, loader.construct_sequence(node)))
    return _Include(map(str, loader.construct_mapping(node).values()))


_ConfigurationLoader.add_constructor("!include", _include)


def check_configuration(uri: ResourcePath) -> None:
    """Check a repository's configuration, and the files that it includes.

    Parameters
    ----------
    uri : `lsst.resources.ResourcePath`
        The file ``butler.yaml``.

    Raises
    ------
    CuratedError
        If a file is no configuration, is too large, or names classes that may not be imported.
    FileNotFoundError
        If there is no such file.
    """
    pending, visited = [uri], {uri}
    while pending:
        file = pending.pop()
        source = file.ospath if file.isLocal else file.geturl()
        content = parse_configuration(read_small_file(file), source)
        if not content and file == uri:
            # Butler would take its defaults, and make directories.
            raise CuratedError(f"{source} is no configuration of Butler: it is empty", "restore the file")
        refuse_classes(class_names(content), source)
        for name in _included_names(content):
            new_files = [path for path in _included_files(file, uri, name) if path not in visited]
            visited.update(new_files)
            pending += new_files
        if len(visited) > _MOST_FILES:
            raise CuratedError(f"{source} includes more than {_MOST_FILES} files", "write it as one file")


def read_small_file(uri: ResourcePath) -> str:
    """Return the text of a configuration file.

    Raises
    ------
    CuratedError
        If it is no regular file, is too large or is no text.
    FileNotFoundError
        If there is none.
    """
    name = uri.ospath if uri.isLocal else uri.geturl()
    data = _read_local(name) if uri.isLocal else uri.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise CuratedError(f"{name} is no configuration: it is larger than 1 MB", "see what this file is")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CuratedError(f"{name} is no configuration: {error}", "see what this file is") from error


def _read_local(path: str) -> bytes:
    # Without waiting for somebody to write into a FIFO.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise CuratedError(f"{path} is no configuration: it is no regular file", "see what this file is")
        return stream.read(LARGEST + 1)


def parse_configuration(text: str, name: str) -> Any:
    """Return the content of a configuration: nested mappings, lists and plain values.

    Parameters
    ----------
    name : `str`
        Name of the file, for the message.

    Raises
    ------
    CuratedError
        If it is no YAML mapping, or is made to take all memory.
    """
    try:
        content = _load(text)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError, OverflowError) as error:
        reason = " ".join(str(error).split())
        raise CuratedError(f"{name} is no configuration of Butler: {reason}", "restore the file") from error
    return content


def _load(text: str) -> Any:
    if is_too_deep(text):
        raise ValueError("nested too deeply")
    loader = _ConfigurationLoader(text)
    node = loader.get_single_node()
    if _expanded_size(node) > _MOST_NODES:
        raise ValueError("its aliases (*) stand for far more than what is written")
    content = {} if node is None else loader.construct_document(node)
    if not isinstance(content, Mapping):
        raise TypeError("it is no mapping")
    return content


def _expanded_size(root: Any) -> int:
    """Return how many nodes a document has if each alias is replaced by what it stands for."""
    sizes: dict[int, int] = {}
    ancestors: set[int] = set()

    def size(node: Any) -> int:
        if node is None or isinstance(node, yaml.ScalarNode):
            return 1
        if id(node) in ancestors:
            raise ValueError("a structure that contains itself")
        if id(node) not in sizes:
            ancestors.add(id(node))
            children = (
                [part for pair in node.value for part in pair]
                if isinstance(node, yaml.MappingNode)
                else node.value
            )
            sizes[id(node)] = 1 + sum(map(size, children))
            ancestors.discard(id(node))
        return sizes[id(node)]

    return size(root)


def _included_names(content: Any) -> Iterator[str]:
    """Yield the names of included files."""
    pending, visited = [content], set()
    while pending:
        value = pending.pop()
        if isinstance(value, _Include):
            yield from value
        elif isinstance(value, Mapping | list) and id(value) not in visited:
            visited.add(id(value))
            if isinstance(value, Mapping) and _INCLUDE in value:
                names = value[_INCLUDE]
                yield from map(str, names if isinstance(names, list) else [names])
            pending += value.values() if isinstance(value, Mapping) else value


def _included_files(file: ResourcePath, root: ResourcePath, name: str) -> Iterator[ResourcePath]:
    """Yield the files that an included name may mean, those that exist: below the directory of its file, or here."""
    path = ResourcePath(os.path.expandvars(name), forceAbsolute=False, forceDirectory=False)
    if path.scheme == "resource" and path.netloc.partition(".")[0] in TRUSTED:
        return  # a part of an installed package
    if path.scheme and not path.isLocal and (path.scheme, path.netloc) != (root.scheme, root.netloc):
        raise CuratedError(
            f"{file} includes {name}, which is elsewhere", "bring that file into the repository's directory"
        )
    if path.isabs():
        candidates = [path]
    else:
        directories = [file.dirname(), ResourcePath(os.path.curdir, forceDirectory=True)]
        candidates = [directory.join(path.path, forceDirectory=False) for directory in directories]
    existing = [candidate for candidate in candidates if candidate.exists()]
    if not existing:
        raise CuratedError(f"{file} includes {name}, which does not exist", "restore that file")
    yield from existing
