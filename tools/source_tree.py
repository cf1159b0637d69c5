"""Read Python sources as syntax trees: which modules there are, and which of them each one imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "curated"


@dataclass(frozen=True)
class Module:
    """A Python file of a package."""

    name: str
    """Dotted name; that of a package for its ``__init__.py``."""

    path: Path

    @cached_property
    def text(self) -> str:
        """Its source."""
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text)

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (ast.get_docstring(self.tree) or "").partition("\n")[0]

    @property
    def is_package(self) -> bool:
        """Whether it is the ``__init__.py`` of a folder."""
        return self.path.name == "__init__.py"


def read_modules(source: Path = SOURCE) -> dict[str, Module]:
    """Return all modules of a package by their dotted names, in the order of their paths."""
    modules: dict[str, Module] = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = Module(name, path)
    return modules


def imported_modules(module: Module, names: Iterable[str]) -> set[str]:
    """Return which modules a module imports: at its top, in functions, and for type checkers alone.

    Parameters
    ----------
    names : iterable of `str`
        Dotted names of the modules that count. ``from a.b import c`` imports ``a.b.c`` if that is one of them, and
        ``a.b`` otherwise. The packages that Python imports on the way to a module do not count.
    """
    names = set(names)
    return {
        name
        for candidates in _imports(module.tree)
        if (name := _first(candidates, names)) not in ("", module.name)
    }


def _imports(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """Yield for each imported name the modules that it may be, the most specific first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node.module) for alias in node.names)


def _first(candidates: tuple[str, ...], names: set[str]) -> str:
    return next((candidate for candidate in candidates if candidate in names), "")


def import_graph(modules: Mapping[str, Module]) -> dict[str, set[str]]:
    """Return for each module the names of the modules that it imports."""
    return {name: imported_modules(module, modules) for name, module in modules.items()}


def find_circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or through other modules of the group."""
    reached = {name: reachable(graph, name) for name in graph}
    groups = {
        tuple(sorted(other for other in targets if name in reached[other]))
        for name, targets in reached.items()
        if name in targets
    }
    return [list(group) for group in sorted(groups)]


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Return the modules that a module imports, and those that they import in turn."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        targets = graph[waiting.pop()] - reached
        reached |= targets
        waiting += targets
    return reached
