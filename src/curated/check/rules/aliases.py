"""Rule on the names of one keyword in a file, which the stack compares as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curated.check.rules.context import FileContext
from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.metadata import has_value, refused_names


def names_that_the_stack_refuses(context: FileContext) -> Iterator[Problem]:
    """Yield a name of an identity keyword that is empty, or a number as text, beside another name with the value.

    Other values are contradictions, which the reader reports (CAL115).
    """
    source = context.source
    if source is None:
        return
    yield from _refused(source.metadata, ("metadata",))
    yield from _refused(source.tree, ())


def _refused(mapping: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    for name, other in refused_names(mapping):
        value, reference = mapping[name], mapping[other]
        state = "empty" if not has_value(value) else brief(value)
        detail = f"{name} is {state}, but {other} is {brief(reference)}"
        hint = f"remove {name}, or write {brief(reference)} as in {other}"
        yield Problem("CAL336", (*place, name), detail, hint, other=(*place, other))
