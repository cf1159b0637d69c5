"""The base of a bundle: datasets that exist, to which a new release refers instead of holding them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curated.bundle.manifest_parts import read_pieces
from curated.core.diagnostic import CuratedError
from curated.datasets.record import data_id_of
from curated.datasets.spans import Span

ManifestDataset = Mapping[str, Any]
"""A dataset as a manifest lists it."""

_REFERENCE_KEYS = ("uuid", "run", "sha256", "size", "content")
_TEXT_KEYS = ("uuid", "run", "dataset_type", "content")


@dataclass(frozen=True, slots=True)
class Base:
    """Datasets that exist already.

    Parameters
    ----------
    name : `str`
        Label of the release, or another name for people of what holds them.
    by_recipe : `dict` [`str`, `dict`]
        Datasets whose recipe is known.
    by_identity : `dict` [`tuple`, `dict`]
        All of them, by dataset type, data ID, span and hash of the content.
    """

    name: str
    by_recipe: dict[str, ManifestDataset] = field(default_factory=dict, repr=False)
    by_identity: dict[Any, ManifestDataset] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, name: str, datasets: Iterable[ManifestDataset]) -> Base:
        """Return the base that datasets are.

        Parameters
        ----------
        name : `str`
            As of the class.
        datasets : iterable [`dict`]
            As a manifest lists them; ``recipe``, ``sha256`` and ``size`` may be unknown.
        """
        base = cls(name)
        for dataset in datasets:
            if dataset.get("recipe"):
                base.by_recipe[dataset["recipe"]] = dataset
            base.by_identity[_identity(dataset, dataset["content"])] = dataset
        return base

    def refer(self, dataset: dict[str, Any]) -> dict[str, Any]:
        """Return a reference to the same dataset of the base; the dataset itself if the base has none.

        Parameters
        ----------
        dataset : `dict`
            As a manifest lists it; its content is empty where only its recipe is known.
        """
        if dataset["content"]:
            existing = self.by_identity.get(_identity(dataset, dataset["content"]))
        else:
            existing = self.by_recipe[dataset["recipe"]]
        if existing is None:
            return dataset
        reference = {key: existing.get(key) for key in _REFERENCE_KEYS}
        return {**dataset, **reference, "path": None, "provenance": None}


def _identity(dataset: ManifestDataset, content: str) -> Any:
    # The end that stands in a file's header counts as well: a file must not contradict its certification.
    return dataset["dataset_type"], data_id_of(dataset["data_id"]), _span(dataset), content


def _span(dataset: ManifestDataset) -> Span:
    return Span.of(dataset["validity"]["begin_tai_ns"], dataset["validity"]["end_tai_ns"])


def read_base(bundle: Path) -> Base:
    """Return the base that a bundle is, with all datasets that it holds or refers to.

    Raises
    ------
    CuratedError
        If there is no bundle whose manifest has hashes of the contents.
    """
    try:
        manifest, datasets = read_pieces(bundle / "manifest.json")
        if datasets is not None:
            return Base.of(str(manifest["repository"]["label"]), map(_checked, datasets))
        reason = "it lists no datasets"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error)
    raise CuratedError(
        f"{bundle} is no bundle that another one can build on: {reason}",
        "name a bundle that this version of curated made, a tag, or a repository",
    )


def _checked(dataset: Any) -> ManifestDataset:
    texts = [dataset[key] for key in _TEXT_KEYS]
    _span(dataset)
    if not all(isinstance(text, str) and text for text in texts) or not isinstance(dataset["data_id"], dict):
        raise ValueError(f"dataset {dataset.get('uuid')} is incomplete")
    checked: ManifestDataset = dataset
    return checked
