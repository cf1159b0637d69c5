"""Repositories whose files or database are elsewhere: a bucket, a server, wherever a site's configuration says."""

from __future__ import annotations

import tempfile
from contextlib import closing, suppress
from pathlib import Path

from lsst.daf.butler import Butler, Config
from lsst.daf.butler.registry.interfaces import SchemaAlreadyDefinedError
from lsst.resources import ResourcePath

from curated.core.diagnostic import CuratedError

CONFIG = "butler.yaml"


def read_seed(seed_config: str | None) -> Config:
    """Read the configuration that a site has for a new repository.

    Parameters
    ----------
    seed_config : `str`, optional
        Path or URI of a YAML file; nothing for an empty one.
    """
    if seed_config is None:
        return Config()
    try:
        return Config(seed_config)
    except FileNotFoundError as error:
        raise CuratedError(f"no configuration {seed_config}", "correct --seed-config") from error
    except RuntimeError as error:
        raise CuratedError(f"{seed_config} is no configuration: {error}", "correct --seed-config") from error


def datastore_root(place: ResourcePath, seed: Config) -> ResourcePath:
    """Return where the files of a new repository will be.

    Parameters
    ----------
    place : `lsst.resources.ResourcePath`
        The repository.
    seed : `lsst.daf.butler.Config`
        Configuration of the site.
    """
    root = seed.get(("datastore", "root"), "<butlerRoot>")
    return place if str(root).startswith("<butlerRoot>") else ResourcePath(root, forceDirectory=True)


def refuse_links(transfer: str, *roots: ResourcePath | None) -> None:
    """Refuse a transfer mode that the place of the files does not have, before anything is made or written.

    Parameters
    ----------
    transfer : `str`
        How files are to go into the repository.
    *roots : `lsst.resources.ResourcePath`, optional
        Where its files are.
    """
    for root in roots:
        if transfer in ("hardlink", "symlink") and root is not None and not root.isLocal:
            raise CuratedError(
                f"no {transfer} can lead into {root}",
                "use --transfer copy, which uploads, many files at a time",
            )


def create_elsewhere(place: ResourcePath, config: Config, *, fixed: bool) -> None:
    """Create a repository of which a part is not below its root, or which is on no local disk.

    Its configuration is written last: until then there is no repository, and running it again goes on
    with what was made of it.

    Parameters
    ----------
    place : `lsst.resources.ResourcePath`
        Root of the repository.
    config : `lsst.daf.butler.Config`
        Its configuration.
    fixed : `bool`
        Whether the configuration names the datastore's root or the database.
    """
    if not place.isLocal and ("registry", "db") not in config:
        raise CuratedError(
            f"a repository in {place} needs its database elsewhere",
            "name one in a file, registry: {db: postgresql://...}, and that file in --seed-config",
        )
    for uri in {place, datastore_root(place, config)}:
        _make_root(uri)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / CONFIG
        try:
            Butler.makeRepo(place, config=config, forceConfigRoot=not fixed, outfile=str(file))
        except SchemaAlreadyDefinedError as error:
            _require_empty(file, place, error)
        made = Config(str(file))
        del made["root"]  # it is where it is read from
        # Somebody else may have been faster, with the same database.
        with suppress(FileExistsError):
            made.dumpToUri(place.join(CONFIG, forceDirectory=False), overwrite=False)


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


def _require_empty(file: Path, place: ResourcePath, cause: Exception) -> None:
    """Let a registry pass that was created for this repository by an import that was killed then."""
    with closing(Butler.from_config(str(file))) as butler:
        used = [*butler.collections.query("*"), *butler.registry.queryDatasetTypes()]
        used += butler.query_dimension_records("instrument", explain=False)
    if used:
        raise CuratedError(
            f"the database that the configuration names is not empty, and there is no repository in {place}",
            "name that repository, or another database, or a schema of its own: registry: {namespace: ...}",
        ) from cause
