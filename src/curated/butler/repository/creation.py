"""Create repositories: on a local disk, or with files or a database elsewhere, as a site's configuration says."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lsst.daf.butler import Butler, ButlerConfig, Config
from lsst.daf.butler.registry.interfaces import SchemaAlreadyDefinedError
from lsst.resources import ResourcePath

from curated.butler.datastores.stores import nearest_directory
from curated.butler.formatter import CalibFormatter, stack_installed
from curated.butler.repository.compatibility import closing_butler
from curated.butler.repository.journal import JournalEntry
from curated.butler.repository.locks import locked
from curated.butler.repository.opening import find_config, journal_of, repository_root
from curated.core.diagnostic import CuratedError, brief
from curated.core.storage.staging import staging_directory

CONFIG = "butler.yaml"

# Without a dot, which Butler takes for the extension of a configuration file.
_STAGING = "new-repository-"


def create_repository(
    repo: str, dataset_types: Iterable[str], seed_config: str | None = None
) -> ButlerConfig:
    """Create a repository whose calibrations can be read without the LSST stack.

    On a local disk it is made beside and renamed into place, so that it exists whole or not at all.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    dataset_types : iterable [`str`]
        The dataset types that our formatter is to read and write.
    seed_config : `str`, optional
        Configuration of the site, such as a database; it overrides ours.

    Raises
    ------
    CuratedError
        If something else is in its place, or the configuration is incomplete.
    """
    seed = read_seed(seed_config)
    # Butler would replace roots and a database that the site names by its own.
    fixed = ("registry", "db") in seed or any("root" in store for store in _file_stores(seed))
    config = _with_formatters(seed, dataset_types)
    root = repository_root(repo)
    if root.isLocal and not fixed:
        _create_local(Path(root.ospath), config)
    else:
        _create_remote(root, config, fixed=fixed)
    return ButlerConfig(root)


def create_trial(root: Path, dataset_types: Iterable[str], seed_config: str | None = None) -> ButlerConfig:
    """Create an empty repository with the datastores of a site's configuration, but below a directory and with SQLite.

    Parameters
    ----------
    root : `pathlib.Path`
        A directory that does not exist.
    dataset_types, seed_config
        See `create_repository`.
    """
    seed = read_seed(seed_config)
    for store in _file_stores(seed):
        _require_writable(str(store.get("root", "")))
    seed.pop("registry", None)
    Butler.makeRepo(str(root), config=_with_formatters(seed, dataset_types))
    return ButlerConfig(str(root))


def _require_writable(root: str) -> None:
    """Raise an error if a root that a site names is on this machine and could not be made or written to."""
    uri = ResourcePath(root, forceAbsolute=False) if root and not root.startswith("<butlerRoot>") else None
    if uri is None or not uri.isLocal or not uri.isabs():
        return
    directory = nearest_directory(uri.ospath)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise CuratedError(
            f"{root} cannot be used: {directory} cannot be written to", "correct --seed-config"
        )


def _with_formatters(seed: Config, dataset_types: Iterable[str]) -> Config:
    """Return a site's configuration with our formatter where there is no stack; what it names itself stays."""
    config = Config(seed)
    if "datastore" in seed and not list(_file_stores(seed)):
        raise CuratedError("no datastore of the configuration holds files", "correct --seed-config")
    if stack_installed():
        return config
    ours = dict.fromkeys(sorted(dataset_types), CalibFormatter.name())
    content: dict[str, Any] = config.toDict()
    datastore = content.setdefault("datastore", {})
    for store in _file_stores(content):
        store["formatters"] = {**ours, **(store.get("formatters") or {})}
    config["datastore"] = datastore
    return config


def _file_stores(content: Any) -> Iterator[Any]:
    """Yield the configurations of the datastores in one that may be a chain of them."""
    pending = [content["datastore"]] if "datastore" in content else []
    while pending:
        store = pending.pop(0)
        if not isinstance(store, Mapping) or not isinstance(store.get("formatters") or {}, Mapping):
            raise CuratedError(f"no configuration of a datastore: {brief(store)}", "correct --seed-config")
        if "datastore" in store:
            pending.insert(0, store["datastore"])
        elif "datastores" in store:
            children = store["datastores"]
            pending += list(children) if isinstance(children, Sequence) else [children]
        elif not str(store.get("cls", "")).endswith(".InMemoryDatastore"):
            yield store


def read_seed(seed_config: str | None) -> Config:
    """Read the configuration that a site has for a new repository.

    Parameters
    ----------
    seed_config : `str`, optional
        Path or URI of a YAML file; an empty configuration is returned if not given.

    Raises
    ------
    CuratedError
        If it does not exist or is no configuration.
    """
    if seed_config is None:
        return Config()
    try:
        return Config(seed_config)
    except FileNotFoundError as error:
        raise CuratedError(f"no configuration {seed_config}", "correct --seed-config") from error
    except RuntimeError as error:
        raise CuratedError(f"{seed_config} is no configuration: {error}", "correct --seed-config") from error


def datastore_root(root: ResourcePath, config: Config) -> ResourcePath:
    """Return where the files of a new repository will be.

    Parameters
    ----------
    root : `lsst.resources.ResourcePath`
        Root of the repository, where they are unless the configuration names another place.
    config : `lsst.daf.butler.Config`
        Configuration of the site.
    """
    uri = str(config.get(("datastore", "root"), "<butlerRoot>"))
    return root if uri.startswith("<butlerRoot>") else ResourcePath(uri, forceDirectory=True)


def abandoned_repositories(repo: str) -> Iterator[str]:
    """Yield the directories beside a repository in which the creation of one was killed.

    Parameters
    ----------
    repo : `str`
        Path or URI of the repository.
    """
    root = ResourcePath(repo, forceDirectory=True)
    if not root.isLocal:
        return
    for path in sorted(Path(root.ospath).parent.glob(f"{_STAGING}*")):
        if len(path.name) - len(_STAGING) in (8, 16) and path.is_dir() and not path.is_symlink():
            try:
                with locked(path, 0):
                    yield str(path.resolve())
            except OSError:
                continue


def _create_local(root: Path, config: Config) -> None:
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        if find_config(str(root)) is not None:
            return  # another program has just made it
        raise CuratedError(f"{root} exists and is no Butler repository", "name another directory")
    # Its lock tells `abandoned_repositories` that it is in use.
    with staging_directory(root.parent, _STAGING) as staging:
        status = staging.stat()
        journal = journal_of(str(root))
        entry = JournalEntry(str(staging.resolve()), device=status.st_dev, inode=status.st_ino)
        journal.add([entry])
        Butler.makeRepo(str(staging), config=config)
        try:
            staging.rename(root)
        except OSError:
            # Another program may have been faster; its repository is as good.
            if find_config(str(root)) is None:
                raise
        journal.replace(line for line in journal.read() if line != entry)


def _create_remote(root: ResourcePath, config: Config, *, fixed: bool) -> None:
    """Create a repository of which a part is not below its root, or which is on no local disk.

    Its configuration is written last: until then there is no repository, and running it again continues
    what was begun.

    Parameters
    ----------
    root : `lsst.resources.ResourcePath`
        Root of the repository.
    fixed : `bool`
        Whether the configuration names the datastore's root or the database.
    """
    if not root.isLocal and ("registry", "db") not in config:
        raise CuratedError(
            f"a repository in {root} needs its database elsewhere",
            "name one in a file, registry: {db: postgresql://...}, and that file in --seed-config",
        )
    for uri in {root, datastore_root(root, config)}:
        _make_root(uri)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / CONFIG
        try:
            Butler.makeRepo(root, config=config, forceConfigRoot=not fixed, outfile=str(file))
        except SchemaAlreadyDefinedError as error:
            _require_empty(file, root, error)
        full_config = Config(str(file))
        del full_config["root"]  # Butler takes the place where it reads the file
        # Another program may have been faster, with the same database.
        with suppress(FileExistsError):
            full_config.dumpToUri(root.join(CONFIG, forceDirectory=False), overwrite=False)


def _make_root(uri: ResourcePath) -> None:
    if uri.isLocal:
        root = Path(uri.ospath)
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise CuratedError(f"{root} exists and is no Butler repository", "name another directory")
    try:
        uri.mkdir()
    except ValueError as error:
        # A store without that bucket.
        raise CuratedError(
            str(error).rstrip("!"), "make the bucket first, or correct the address or S3_ENDPOINT_URL"
        ) from error


def _require_empty(file: Path, root: ResourcePath, cause: Exception) -> None:
    """Accept a registry only if it was created for this repository by an import that was killed before it wrote."""
    with closing_butler(Butler.from_config(str(file))) as butler:
        content = [*butler.collections.query("*"), *butler.registry.queryDatasetTypes()]
        content += butler.query_dimension_records("instrument", explain=False)
    if content:
        raise CuratedError(
            f"the database that the configuration names is not empty, and there is no repository in {root}",
            "name that repository, or another database, or a schema of its own: registry: {namespace: ...}",
        ) from cause
