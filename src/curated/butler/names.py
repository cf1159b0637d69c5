"""What a repository would call the files of datasets: its own file templates say so."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache

from lsst.daf.butler import Butler, ButlerConfig, DatasetRef, DimensionRecord
from lsst.daf.butler.datastore.file_templates import FileTemplates
from lsst.resources import ResourcePath

from curated.butler.contents import Entry
from curated.butler.plan import Plan
from curated.inventory import Key

# What stands for the RUN in a name; no collection is called so.
_RUN = "curated-placeholder/run"


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
        self._records = _records(butler, plan)
        self._plan = plan
        self._known: dict[tuple[Key, str], str] = {}

    def name(self, entry: Entry) -> str:
        """Return the name of a dataset's file."""
        extension = _extension(os.path.basename(entry.path))
        known = entry.key, extension
        if known not in self._known:
            template = self._templates.getTemplate(self._plan.ref(entry))
            if "{id" in template.template:
                # Each dataset has a name of its own.
                return _extended(template.format(self._expanded(entry, entry.run)), extension)
            self._known[known] = _extended(template.format(self._expanded(entry, _RUN)), extension)
        # Templates have the RUN as directories, and in names with another separator.
        name = self._known[known].replace(_RUN, entry.run)
        return name.replace(_RUN.replace("/", "_"), entry.run.replace("/", "_"))

    def _expanded(self, entry: Entry, run: str) -> DatasetRef:
        ref, ids, records = self._plan.ref(entry), entry.data_id, self._records
        mine = {"instrument": records["instrument", None, ids["instrument"]]}
        for element in ids.keys() - {"instrument"}:
            mine[element] = records[element, ids["instrument"], ids[element]]
        if "physical_filter" in mine:
            mine["band"] = records["band", None, mine["physical_filter"].band]
        return DatasetRef(ref.datasetType, ref.dataId.expanded(mine), run=run, id=ref.id)


def has_names(config: ButlerConfig) -> bool:
    """Say whether a repository has one set of file templates; with several datastores, each has its own."""
    return ("datastore", "templates") in config


def _records(butler: Butler, plan: Plan) -> Mapping[tuple[str, object, object], DimensionRecord]:
    """Return the records that names are made of; the repository may not have them before the import."""
    found = {}
    for element, records in plan.contents.records.items():
        kind = butler.dimensions[element].RecordClass
        for values in records:
            key = values["id"] if element == "detector" else values["name"]
            found[element, values.get("instrument"), key] = kind(**values)
        if element == "physical_filter":
            bands = {values["band"] for values in records}
            found |= {("band", None, b): butler.dimensions["band"].RecordClass(name=b) for b in bands}
    return found


def _extended(name: str, extension: str) -> str:
    if "." not in os.path.basename(name):
        return name + extension
    path = ResourcePath(name, forceAbsolute=False, forceDirectory=False)
    return str(path.updatedExtension(extension))


@lru_cache(maxsize=4096)
def _extension(file: str) -> str:
    return str(ResourcePath(file, forceAbsolute=False).getExtension())
