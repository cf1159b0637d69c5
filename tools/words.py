"""Count names and docstring entries that say nothing, and print where they are.

    python tools/words.py [--list] [PATH...]

A vague name is a participle or a pronoun in the place of a noun: ``found``, ``given``, ``ours``. An empty parameter entry
repeats the name and the type of its parameter, or hardly says more: ``bundle : Path`` explained as "The bundle.".
`tests/test_structure.py` limits both.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from source_tree import SOURCE

VAGUE_NAMES = frozenset(
    "answered asked chosen found given held kept known listed looked made marked meant named one ours own said seen stored"
    " taken theirs told wanted".split()
)
_SHORT = re.compile(r"(?:The|Its|A|An) [\w'`]+(?: [\w'`]+)?\.")
_FILLERS = frozenset(
    "a all an and are as be by for in is it its of on one or see that the these this those to what which whose with".split()
)


class Finding(NamedTuple):
    """A name or an entry that says nothing."""

    line: int
    text: str


def bound_names(tree: ast.AST) -> Iterator[Finding]:
    """Yield the variables that are assigned and the parameters, but ``self`` and ``cls``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield Finding(node.lineno, node.id)
        elif isinstance(node, ast.arg) and node.arg not in ("self", "cls"):
            yield Finding(node.lineno, node.arg)


def parameter_entries(tree: ast.AST) -> Iterator[tuple[Finding, str]]:
    """Yield the name, the type (which may be empty) and the text of each entry of the sections "Parameters"."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        docstring = ast.get_docstring(node) or ""
        section = docstring.partition("Parameters\n----------\n")[2]
        section = re.split(r"\n\n(?=\S+\n-{3,})", section)[0]
        for entry in re.finditer(r"^(\S[^\n]*)\n((?:    [^\n]*(?:\n|$))+)", section, re.MULTILINE):
            yield Finding(node.lineno, entry[1]), entry[2]


def is_empty(header: str, text: str) -> bool:
    """Whether an entry has only words of its parameter's name and type, or is an article and one or two nouns.

    Parameters
    ----------
    header : `str`
        The entry's first line, such as ``bundle : `Bundle```.
    text : `str`
        The lines below it.
    """
    header_words = _words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header))
    return bool(_SHORT.fullmatch(text.strip())) or all(
        word in _FILLERS
        or word in header_words
        or f"{word}s" in header_words
        or word.rstrip("s") in header_words
        for word in _words(text)
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def vague_names(tree: ast.AST) -> list[Finding]:
    """Return the bound names that say nothing."""
    return [finding for finding in bound_names(tree) if finding.text in VAGUE_NAMES]


def empty_entries(tree: ast.AST) -> list[Finding]:
    """Return the parameter entries that say nothing."""
    return [entry for entry, text in parameter_entries(tree) if is_empty(entry.text, text)]


def main() -> None:
    """Print the counts, and with ``--list`` each place."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="print each place as well")
    parser.add_argument("paths", nargs="*", type=Path, default=[SOURCE])
    options = parser.parse_args()
    names = entries = 0
    vague: Counter[str] = Counter()
    places: list[str] = []
    for path in _files(options.paths):
        tree = ast.parse(path.read_text("utf-8"))
        names += sum(1 for _ in bound_names(tree))
        entries += sum(1 for _ in parameter_entries(tree))
        vague.update(finding.text for finding in vague_names(tree))
        places += [f"{path}:{line}: {text}" for line, text in (*vague_names(tree), *empty_entries(tree))]
    if options.list:
        print("\n".join(places))
    share = 100 * vague.total() / max(names, 1)
    common = ", ".join(f"{name} {count}" for name, count in vague.most_common(10))
    print(f"{vague.total()} of {names} names are vague, {share:.1f} %: {common}")
    print(f"{len(places) - vague.total()} of {entries} parameter entries are empty")


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


if __name__ == "__main__":
    main()
