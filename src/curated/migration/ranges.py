"""Ranges of products of one key, brought to those of a package: at each time one product at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest

from curated.core.times import LATEST, iso
from curated.migration.survey import Product


@dataclass(frozen=True, slots=True)
class Epoch:
    """A product in force from a start on.

    Parameters
    ----------
    until : `datetime.datetime` or `None`
        End that the package has to state; `None` if the next epoch follows at once, or none does.
    """

    product: Product
    start: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A stretch of time with more than one product.

    Parameters
    ----------
    chosen : `Product` or `None`
        What is in force then; `None` for nothing, where the products are for different circumstances.
    """

    start: datetime
    end: datetime | None
    products: tuple[Product, ...]
    chosen: Product | None

    def __str__(self) -> str:
        labels = ", ".join(product.label for product in self.products[:4])
        more = f" and {len(self.products) - 4} more" if len(self.products) > 4 else ""
        return f"{labels}{more} are all valid from {iso(self.start)} to {iso(self.end) if self.end else 'ever after'}"


def close_gaps(products: Sequence[Product], largest: timedelta) -> tuple[list[Product], int]:
    """Move ends to the start of the next product, where gap or overlap are small.

    Parameters
    ----------
    products : sequence [`Product`]
        Products of one key.
    largest : `datetime.timedelta`
        The largest gap or overlap that is closed.

    Returns
    -------
    products : `list` [`Product`]
        The products in the order of their starts.
    closed : `int`
        How many ends were moved.
    """
    ordered = sorted(products, key=lambda product: (product.start, product.end or LATEST))
    closed = 0
    for number, following in enumerate(ordered[1:]):
        product = ordered[number]
        is_alone = product.start < following.start
        if product.end is None or product.end == following.start or not is_alone:
            continue
        if abs(following.start - product.end) <= largest:
            ordered[number] = replace(product, end=following.start)
            closed += 1
    return ordered, closed


def resolve_epochs(
    products: Sequence[Product], *, latest_wins: bool = False
) -> tuple[list[Epoch], list[Conflict]]:
    """Return what is in force when, and where that is not clear.

    Between two moments at which a range begins or ends, the product of the latest start is in force, of equal starts the
    last. Products of different circumstances (`Product.selectors`) exclude each other: where both are valid, nothing is.

    Parameters
    ----------
    products : sequence [`Product`]
        Products of one key, in the order of the source; none of them deprecated.
    latest_wins : `bool`, optional
        Whether a later start ends earlier ranges, so that only equal starts conflict.
    """
    events = sorted({time for p in products for time in (p.start, p.end) if time is not None})
    starting: dict[datetime, list[int]] = {}
    ending: dict[datetime, list[int]] = {}
    for number, product in enumerate(products):
        if product.end is not None and product.end <= product.start:
            continue
        starting.setdefault(product.start, []).append(number)
        if product.end is not None:
            ending.setdefault(product.end, []).append(number)
    active: set[int] = set()
    pieces: list[tuple[datetime, Product | None]] = []
    conflicts: list[Conflict] = []
    for start, end in zip_longest(events, events[1:]):
        active.difference_update(ending.get(start, ()))
        active.update(starting.get(start, ()))
        rivals = [products[n] for n in sorted(active, key=lambda n: (products[n].start, n))]
        if latest_wins:
            rivals = [product for product in rivals if product.start == rivals[-1].start]
        chosen = rivals[-1] if rivals else None
        if len(rivals) > 1:
            if any(product.selectors != rivals[0].selectors for product in rivals):
                chosen = None
            _append(conflicts, Conflict(start, end, tuple(rivals), chosen))
        if not pieces or pieces[-1][1] is not chosen:
            pieces.append((start, chosen))
    return _epochs(pieces), conflicts


def _epochs(pieces: Sequence[tuple[datetime, Product | None]]) -> list[Epoch]:
    """Return the epochs of pieces of time, each with the product in force; an end is stated before a hole only."""
    epochs = []
    for (start, product), following in zip_longest(pieces, pieces[1:]):
        if product is not None:
            until = following[0] if following is not None and following[1] is None else None
            epochs.append(Epoch(product, start, until))
    return epochs


def _append(conflicts: list[Conflict], conflict: Conflict) -> None:
    """Add a conflict, or prolong the last one if it is the same."""
    last = conflicts[-1] if conflicts else None
    if last is not None and last.end == conflict.start and last.products == conflict.products:
        conflicts[-1] = Conflict(last.start, conflict.end, last.products, conflict.chosen)
    else:
        conflicts.append(conflict)
