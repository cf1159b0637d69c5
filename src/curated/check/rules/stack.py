"""Rules on the keywords of a file as it has them, which the classes of the stack refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curated.check.rules.context import FileContext
from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.metadata import has_value, is_storable, refused_names


def names_that_the_stack_refuses(context: FileContext) -> Iterator[Problem]:
    """Yield a name of an identity keyword that is empty, or a number as text, beside another name with the value.

    Other values are contradictions, which the reader reports (CAL115).
    """
    if context.source is not None:
        yield from _refused(context.source.metadata, ("metadata",))
        yield from _refused(context.source.tree, ())


def _refused(mapping: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    for name, other in refused_names(mapping):
        value, reference = mapping[name], mapping[other]
        state = "empty" if not has_value(value) else brief(value)
        detail = f"{name} is {state}, but {other} is {brief(reference)}"
        hint = f"remove {name}, or write {brief(reference)} as in {other}"
        yield Problem("CAL336", (*place, name), detail, hint, other=(*place, other))


def lists_that_the_stack_refuses(context: FileContext) -> Iterator[Problem]:
    """Yield keywords whose list has entries of several types, for which ``PropertyList`` of daf_base raises TypeError.

    Whole numbers among others are taken if another number comes first. What no header can hold is reported as that.
    """
    for name, value in (context.source.metadata if context.source is not None else {}).items():
        if isinstance(value, (list, tuple)) and is_storable(value) and not _is_of_one_type(value):
            detail = f"{name} is {brief(value)}, whose entries are of several types"
            yield Problem("CAL337", ("metadata", str(name)), detail)


def _is_of_one_type(items: Sequence[Any]) -> bool:
    types = {type(item) for item in items}
    return len(types) < 2 or (type(items[0]) is float and types == {float, int})
