"""What exists already: the datasets of an earlier release, to which a later one refers where nothing changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curated.core.diagnostic import CuratedError
from curated.datasets.record import data_id_of
from curated.datasets.spans import Span

Dataset = Mapping[str, Any]
"""A dataset as a manifest lists it."""

_KEPT = ("uuid", "run", "sha256", "size", "content")
_TEXTS = ("uuid", "run", "dataset_type", "content")


@dataclass(frozen=True, slots=True)
class Base:
    """Datasets that exist already.

    Parameters
    ----------
    name : `str`
        The release, or what else holds them, as people know it.
    recipes : `dict`
        Datasets whose recipe is known, by recipe.
    holders : `dict`
        All of them, by what they are of, when they are valid and what they hold.
    """

    name: str
    recipes: dict[str, Dataset] = field(default_factory=dict, repr=False)
    holders: dict[Any, Dataset] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, name: str, datasets: Iterable[Dataset]) -> Base:
        """Return the base of some datasets.

        Parameters
        ----------
        name : `str`
            What holds them.
        datasets : iterable [`dict`]
            As a manifest lists them; ``recipe``, ``sha256`` and ``size`` may be unknown.
        """
        listed = list(datasets)
        return cls(
            name,
            {d["recipe"]: d for d in listed if d.get("recipe")},
            {_identity(d, d["content"]): d for d in listed},
        )

    def referring(self, dataset: dict[str, Any]) -> dict[str, Any]:
        """Return a dataset of a new release; where the same exists already, without a file and as a reference to that.

        Parameters
        ----------
        dataset : `dict`
            As the manifest is to list it; without a content where only its recipe is known.
        """
        if dataset["content"]:
            known = self.holders.get(_identity(dataset, dataset["content"]))
        else:
            known = self.recipes[dataset["recipe"]]
        if known is None:
            return dataset
        return {**dataset, **{key: known.get(key) for key in _KEPT}, "path": None, "provenance": None}


def _identity(dataset: Dataset, content: str) -> Any:
    # The end that stands in a file's header counts as well: a file must not contradict its certification.
    return dataset["dataset_type"], data_id_of(dataset["data_id"]), _span(dataset), content


def _span(dataset: Dataset) -> Span:
    return Span.of(dataset["validity"]["begin_tai_ns"], dataset["validity"]["end_tai_ns"])


def read_base(bundle: Path) -> Base:
    """Return what a bundle holds or refers to.

    Parameters
    ----------
    bundle : `~pathlib.Path`
        Its directory.

    Raises
    ------
    CuratedError
        If there is no bundle whose manifest tells what its files hold.
    """
    try:
        manifest = json.loads((bundle / "manifest.json").read_bytes())
        datasets = [_checked(dataset) for dataset in manifest["datasets"]]
        label = manifest["repository"]["label"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CuratedError(
            f"{bundle} is no bundle that another one can build on: {error}",
            "name a bundle that this version of curated made, a tag, or a repository",
        ) from error
    return Base.of(str(label), datasets)


def _checked(dataset: Any) -> Dataset:
    texts = [dataset[key] for key in _TEXTS]
    _span(dataset)
    if not all(isinstance(text, str) and text for text in texts) or not isinstance(dataset["data_id"], dict):
        raise ValueError(f"dataset {dataset.get('uuid')} is incomplete")
    checked: Dataset = dataset
    return checked
