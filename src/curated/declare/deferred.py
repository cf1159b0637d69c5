"""Statistics that a declaration names, and that are loaded when they are needed.

Most commands read and check calibrations and verify none; code that computes statistics would take them time to load.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curated.declare.statistic import Statistic


class DeferredStatistics(Sequence["Statistic"]):
    """The tuple of statistics that a module has under a name.

    Parameters
    ----------
    module : `str`
        Full name of the module, which is part of the declaration and never from a file.
    name : `str`
        Name of the tuple.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    @property
    def _loaded(self) -> tuple[Statistic, ...]:
        loaded: tuple[Statistic, ...] = getattr(importlib.import_module(self._module), self._name)
        return loaded

    def __getitem__(self, index: Any) -> Any:
        return self._loaded[index]

    def __len__(self) -> int:
        return len(self._loaded)
