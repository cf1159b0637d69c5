"""What has to change in one collection so that its ranges are the ones that a package says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from lsst.daf.butler import Butler, DatasetRef

from curated.butler.certified.lookup import Certified, dataset_of
from curated.butler.correcting.package_ranges import (
    Product,
    Products,
    Said,
    is_curated,
    label_of,
    source_path,
)
from curated.butler.correcting.report import State, same
from curated.check.package import is_below
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.datasets.record import Key, key_text
from curated.datasets.spans import Span, utc_span_texts


@dataclass(slots=True)
class Change:
    """What changes in one collection, by what it is of.

    Parameters
    ----------
    before, after : `dict`
        What is certified now, and what is then, of all that changes.
    diagnostics : `list` [`Diagnostic`]
        Findings.
    """

    before: State = field(default_factory=dict)
    after: State = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def find(self, file: str, code: str, detail: str) -> None:
        """Add a finding."""
        self.diagnostics.append(Diagnostic.from_problem(Problem(code, (), detail), file))


@dataclass
class Reranging:
    """The ranges of one collection, held against those of a package.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    collection : `str`
        The collection.
    state : `dict`
        What it certifies.
    said : `Said`
        What the package says.
    prefix : `str`
        Path of the package in its repository.
    paths : sequence [`str`]
        Files or directories; only what they are of is changed. Everything if empty.
    retire : `bool`
        Whether what the package no longer has in force loses its certification.
    """

    butler: Butler
    collection: str
    state: State
    said: Said
    prefix: str = ""
    paths: Sequence[str] = ()
    retire: bool = False
    named: set[str] = field(default_factory=set)

    @cached_property
    def products(self) -> Products:
        """The calibrations of the package, under the labels of the collection's datasets."""
        products = Products(self.said, self.prefix)
        labels = {label_of(held.ref) for held in self._held() if is_curated(held.ref)}
        parts = self.collection.split("/")
        for label in sorted(labels | ({parts[2]} if len(parts) == 3 and parts[1] == "calib" else set())):
            products.add(label)
        return products

    @cached_property
    def matched(self) -> dict[str, Product]:
        """The calibration that each certified dataset is, by UUID."""
        return self.products.match(self.butler, {h.dataset.uuid: h for h in self._held()}.values())

    def _held(self) -> Iterator[Certified]:
        for entries in self.state.values():
            yield from entries

    def change(self) -> Change:
        """Work out what changes; nothing is done."""
        wanted = self._wanted()
        change = Change()
        missing = self._missing(wanted, change)
        for key in sorted({*self.state, *missing}, key=key_text):
            if wanted is not None and key not in wanted:
                continue
            before = self.state.get(key, [])
            after = [*self._kept(before, change), *missing.get(key, [])]
            if not same(before, after):
                change.before[key], change.after[key] = before, after
                self._find_overlaps(key, after, change)
        return change

    def _wanted(self) -> set[Key] | None:
        """Return what the paths are of, `None` for everything; note the datasets that the very paths name."""
        if not self.paths:
            return None
        known = self.products.by_uuid.values()
        wanted = {p.key for p in known if is_below(p.file.path, self.paths)}
        self.named |= {uuid for uuid, p in self.matched.items() if p.file.path in self.paths}
        gone = set(self.paths) - {p.file.path for p in known}
        for held in self._held() if gone else ():
            if held.dataset.uuid in self.matched or not is_curated(held.ref):
                continue
            if source_path(self.butler, held.ref).removeprefix(self.prefix) in gone:
                self.named.add(held.dataset.uuid)
                wanted.add(held.dataset.key)
        if not wanted:
            raise CuratedError(
                f"neither the package nor {self.collection} has a calibration at {', '.join(self.paths)}",
                "name files as they are, or were, in the package",
            )
        return wanted

    def _missing(self, wanted: set[Key] | None, change: Change) -> State:
        """Return what the package has in force and the collection does not certify, as far as there are datasets."""
        present = {product.file.path for product in self.matched.values()}
        lacking: dict[str, list[Product]] = {}
        for product in self.products.by_uuid.values():
            is_concerned = wanted is None or product.key in wanted
            if product.in_use and is_concerned and product.file.path not in present:
                lacking.setdefault(product.file.path, []).append(product)
        found: State = {}
        for path, listed in lacking.items():
            # Under its own label, or else under that of an earlier release that this one refers to.
            listed.sort(key=lambda product: product.collection != self.collection)
            if listed[0].collection != self.collection and path not in self.paths:
                continue
            refs = (self.butler.get_dataset(product.uuid) for product in listed)
            ref = next((ref for ref in refs if ref is not None), None)
            if ref is not None:
                found.setdefault(listed[0].key, []).append(self._certified(ref, listed[0].span))
            else:
                text = f"{self.collection} has no dataset of it; in force {_utc(listed[0].span)}"
                change.find(path, "CAL674", text)
        return found

    def _kept(self, before: Sequence[Certified], change: Change) -> Iterator[Certified]:
        """Yield what is certified then of what is certified now."""
        done = set()
        for held in before:
            product = self.matched.get(held.dataset.uuid)
            if product is not None and product.in_use:
                if held.dataset.uuid not in done:
                    yield self._certified(held.ref, product.span)
                done.add(held.dataset.uuid)
            elif not is_curated(held.ref):
                yield held  # somebody else's, which the package cannot know
            elif held.dataset.uuid not in self.named and not self.retire:
                what = f"{product.file.path} is deprecated" if product else "the package does not have it"
                stays = f"dataset {held.dataset.uuid} stays certified {_utc(held.dataset.span)}"
                change.find(self.collection, "CAL675", f"{held.dataset}: {what}; {stays}")
                yield held

    def _find_overlaps(self, key: Key, after: Sequence[Certified], change: Change) -> None:
        ordered = sorted(after, key=lambda held: held.dataset.span)
        for one, other in pairwise(ordered):
            if one.dataset.span.overlaps(other.dataset.span):
                texts = [f"{self._name(held)} {_utc(held.dataset.span)}" for held in (one, other)]
                change.find(self.collection, "CAL673", f"{key_text(key)}: {' and '.join(texts)}")

    def _certified(self, ref: DatasetRef, span: Span) -> Certified:
        return Certified(dataset_of(ref, self.collection, span), ref)

    def _name(self, held: Certified) -> str:
        product = self.matched.get(held.dataset.uuid)
        return product.file.path if product is not None else f"dataset {held.dataset.uuid}"


def _utc(span: Span) -> str:
    return f"from {utc_span_texts([span])[span]}"
