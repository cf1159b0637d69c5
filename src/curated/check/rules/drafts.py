"""Rules on drafts: calibrations that 'curated new' wrote and nobody has completed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curated.check.rules.context import FileContext
from curated.core.diagnostic import Problem, brief
from curated.core.metadata import has_value

DRAFT = "DRAFT"
"""Keyword of a draft, which says what is to be filled in."""


def unfinished_drafts(context: FileContext) -> Iterator[Problem]:
    """Yield that a calibration is still a draft."""
    value = context.keywords.get(DRAFT)
    if DRAFT in context.keywords and value is not False and has_value(value):
        yield Problem("CAL700", ("metadata", DRAFT), f"it is a draft: {_text(value)}")


def _text(value: Any) -> str:
    return value[:200] if isinstance(value, str) and value.isprintable() else brief(value)
