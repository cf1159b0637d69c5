"""YAML documents through the parser, with every problem named.

Modules that read what is plain do without it, and import this one where they need it: loading the parser takes as long
as checking a dozen files.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from curated.core.diagnostic import Problem
from curated.text.yaml.tags import PlainLoader

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse_yaml(text: str) -> tuple[Any, list[Problem]]:
    """Load one YAML document that is not nested too deeply; see `curated.text.yaml.reader.load_yaml`."""
    loader: PlainLoader | None = None
    tree, problems = None, []
    try:
        loader = PlainLoader(text)
        tree = loader.get_single_data()
    except yaml.reader.ReaderError:
        problems = [_unprintable(text)]
    except yaml.MarkedYAMLError as error:
        problems = [_marked(error, text)]
    except RecursionError:
        problems = [Problem("CAL209", (), "nested too deeply", line=1)]
    except (
        yaml.YAMLError,
        TypeError,
        ValueError,
        OverflowError,
        AttributeError,
        KeyError,
        IndexError,
    ) as error:
        # The constructors of PyYAML raise these for malformed nodes of standard tags.
        problems = [Problem("CAL204", (), f"cannot be read: {type(error).__name__}: {error}"[:200], line=1)]
    problems = (loader.problems if loader else []) + problems
    if "&" in text and "*" in text and not problems and _is_bomb(tree):
        problems = [Problem("CAL209", (), "its aliases (*) stand for far more than what is written", line=1)]
    usable = all(problem.code == "CAL208" for problem in problems)
    return (tree if usable else None), problems


def parse_alone(text: str) -> Any:
    """Return the data of a document; `None` where it is empty, or anything is wrong with it."""
    try:
        loader = PlainLoader(text)
        data = loader.get_single_data()
    except (
        yaml.YAMLError,
        RecursionError,
        TypeError,
        ValueError,
        OverflowError,
        AttributeError,
        LookupError,
    ):
        return None
    return None if loader.problems else data


def _unprintable(text: str) -> Problem:
    found = _UNPRINTABLE.search(text)
    place = found.start() if found else 0
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    name = f"U+{ord(found[0]):04X}" if found else "a character"
    return Problem("CAL204", (), f"{name} is not allowed in YAML", line=line, column=column)


def _marked(error: yaml.MarkedYAMLError, text: str) -> Problem:
    # What is not closed is noticed far below the place that a person has to mend.
    is_open = any(
        words in (error.problem or "") for words in ("could not find expected ':'", "end of stream")
    )
    mark = (is_open and error.context_mark) or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = ", ".join(part for part in (error.context, error.problem) if part)
    detail, hint = next((plain for words, plain in _PLAIN_WORDS.items() if words in said), (said, ""))
    if "cannot start any token" in said and mark:
        character = text[mark.index : mark.index + 1]
        detail, hint = f"a text that starts with {character!r}", "put it in quotes"
        if character == "\t":
            detail, hint = _PLAIN_WORDS["a tab character"]
    return Problem("CAL204", (), detail, hint, line=line, column=column)


_PLAIN_WORDS = {
    "mapping values are not allowed": (
        "a ':' that is not expected here",
        "a text that contains ': ' needs quotes; else compare the indentation with the lines above",
    ),
    "did not find expected ',' or": (
        "a bracket that is not closed, or a text that needs quotes",
        "close the bracket; a text that contains ': ' or ', ' needs quotes",
    ),
    "did not find expected key": (
        "a line that does not fit to those above",
        "compare the indentation; a text that starts with a quote or a bracket ends with it",
    ),
    "did not find expected '-'": (
        "a line that does not fit to the list above",
        "compare the indentation; an entry starts with '- '",
    ),
    "could not find expected ':'": ("a key without ':'", "a key needs a colon and a blank after it"),
    "a tab character": ("a tab, which cannot indent YAML", "use blanks"),
    "unexpected end of stream": ("a quote that is not closed before the file ends", "close the quote"),
    "recursive": ("an alias (*) inside the part that it stands for", "write the values out"),
    "undefined alias": ("an alias (*) without its anchor (&)", "a text that starts with * needs quotes"),
    "another document": ("a second document", "a file holds one document; remove the line '---'"),
}
"""What libyaml says, and for each what a person understands, with a hint."""


def _is_bomb(tree: Any) -> bool:
    """Say whether the data, with shared parts counted each time, is far larger than what is written."""
    sizes: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(tree, False)]
    written = 0
    while stack:
        node, done = stack.pop()
        # Whatever is done for each alias, and not once for what it stands for, may take for ever.
        if not isinstance(node, (dict, list, tuple, set)) or (id(node) in sizes and not done):
            continue
        children = list(node.values()) if isinstance(node, dict) else list(node)
        if done:
            sizes[id(node)] = 1 + sum(sizes.get(id(child), 1) for child in children)
        else:
            sizes[id(node)] = 10**18  # an alias to a part that is still open is endless
            written += 1 + len(children)
            stack.append((node, True))
            stack.extend((child, False) for child in children)
    return sizes.get(id(tree), 1) > 100_000 + 10 * written
