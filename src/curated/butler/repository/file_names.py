"""What a repository would call the files of datasets: its own file templates say so."""

from __future__ import annotations

import os
import re
from functools import lru_cache

from lsst.daf.butler import Butler, ButlerConfig, DatasetRef
from lsst.daf.butler.datastore.file_templates import FileTemplates
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry
from curated.butler.importing.plan import Plan
from curated.datasets.record import Key

# What stands for the RUN in a name; no collection is called so.
_RUN = "curated-placeholder/run"

# Names that are the same as the path of a URI, and have no extension yet.
_PLAIN = re.compile(r"[\w/-]+\Z")


class FileNames:
    """Names of files relative to the root of the one datastore, worked out once for each dataset type and data ID.

    Names in other RUNs differ in the RUN alone. Butler's own prediction needs the formatter, and works
    each name out anew.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    config : `lsst.daf.butler.ButlerConfig`
        Its configuration.
    plan : `Plan`
        What the import does.
    """

    def __init__(self, butler: Butler, config: ButlerConfig, plan: Plan) -> None:
        self._templates = FileTemplates(config["datastore", "templates"], universe=butler.dimensions)
        self._plan = plan
        self._known: dict[tuple[Key, str], str] = {}

    def name(self, entry: Entry) -> str:
        """Return the name of a dataset's file."""
        extension = _extension(os.path.basename(entry.path))
        known = entry.key, extension
        if known not in self._known:
            ref = self._plan.ref(entry)
            template = self._templates.getTemplate(ref)
            if "{id" in template.template:
                # Each dataset has a name of its own.
                return _extended(template.format(ref), extension)
            stand_in = DatasetRef(ref.datasetType, ref.dataId, run=_RUN, id=ref.id)
            self._known[known] = _extended(template.format(stand_in), extension)
        # Templates have the RUN as directories, and in names with another separator.
        name = self._known[known].replace(_RUN, entry.run)
        return name.replace(_RUN.replace("/", "_"), entry.run.replace("/", "_"))


def has_names(config: ButlerConfig) -> bool:
    """Say whether a repository has one set of file templates; with several datastores, each has its own."""
    return ("datastore", "templates") in config


def _extended(name: str, extension: str) -> str:
    if _PLAIN.match(name):
        return name + extension
    path = ResourcePath(name, forceAbsolute=False, forceDirectory=False)
    return str(path.updatedExtension(extension))


@lru_cache(maxsize=4096)
def _extension(file: str) -> str:
    return str(ResourcePath(file, forceAbsolute=False).getExtension())
