"""YAML in canonical form: the tokens as they are, with the indentation, blanks, quotes and numbers of our own writer.

What a person decided stays: comments, order, line breaks in lists, styles of collections and of long texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from curated.text.yaml.writer import yaml_scalar

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_STEP = 2
"""Blanks by which a mapping in a mapping is indented, and its lists in flow style."""

# Numbers that YAML 1.1 and 1.2 and JSON read alike, so that another spelling of them is no other value.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")


class UnformattableError(Exception):
    """A text has no canonical form here; the message says why."""


@dataclass(slots=True)
class _Block:
    """A mapping or list in block style: its column in the text, and its indentation in the result."""

    is_mapping: bool
    column: int
    indent: int


def format_yaml(text: str, *, numbers: bool = False) -> str:
    """Return a YAML document in canonical form.

    Parameters
    ----------
    text : `str`
        A document that can be read.
    numbers : `bool`, optional
        Whether to write the numbers below the top level, but for those of ``metadata``, with the fewest digits that read
        back as the same bits. Keywords may be meant as text, so that they stay as they are.

    Raises
    ------
    UnformattableError
        If the document uses something that has no canonical form: directives, several documents, and keys after ``?``.
    """
    return _Formatter(text, numbers=numbers).run()


def yaml_comments(text: str) -> list[str]:
    """Return the comments of a YAML document, in order."""
    return [comment for gap, _ in _tokens(text) for comment in _comments_of(gap)]


def _comments_of(gap: str) -> list[str]:
    return [line.strip() for line in gap.split("\n") if line.strip().startswith("#")]


def _tokens(text: str) -> Iterator[tuple[str, Any]]:
    """Yield each token with the text between it and the one before: blanks, line ends and comments."""
    end = 0
    try:
        for token in yaml.scan(text, Loader=_Loader):
            start = token.start_mark.index
            if token.end_mark.index > start or isinstance(token, yaml.StreamEndToken):
                is_last = isinstance(token, yaml.StreamEndToken)
                yield text[end : len(text) if is_last else start], token
                end = token.end_mark.index
            else:
                yield "", token
    except yaml.YAMLError as error:
        raise UnformattableError(f"it cannot be read: {error}"[:200]) from error


class _Formatter:
    """Writes the tokens of a document one after the other."""

    def __init__(self, text: str, *, numbers: bool) -> None:
        self.text, self.numbers = text, numbers
        self.lines: list[str] = []
        self.text_end = 0
        """Number of lines up to the end of the last text in block style, whose blank lines may mean something."""
        self.line = ""
        self.blocks: list[_Block] = []
        self.flows: list[int] = []
        """Indentation of the line on which each open list or mapping in flow style began."""
        self.entry: _Block | None = None
        """The dash before the next value, where that follows one."""
        self.previous: Any = None
        self.before_value: Any = None
        """The token before the next value, other than tags and anchors."""
        self.indents: dict[int, int] = {}
        self.is_key = False
        self.in_metadata = False

    def run(self) -> str:
        """Return the whole document."""
        for gap, token in _tokens(self.text):
            self._take(gap, token)
        while len(self.lines) > self.text_end and not self.lines[-1]:
            self.lines.pop()
        return "\n".join(self.lines) + "\n" if self.lines else ""

    def _take(self, gap: str, token: Any) -> None:
        if isinstance(token, (yaml.StreamStartToken, yaml.BlockEndToken)):
            if isinstance(token, yaml.BlockEndToken):
                self.blocks.pop()
                self.before_value = token
            return
        if isinstance(token, (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)):
            self._open_block(token)
            return
        if isinstance(token, yaml.KeyToken):
            if token.end_mark.index > token.start_mark.index:
                raise UnformattableError("a key after '?'")
            self.is_key = True
            return
        if isinstance(token, (yaml.DirectiveToken, yaml.DocumentEndToken)):
            raise UnformattableError("a directive, or the end of a document before the end of the file")
        if isinstance(token, yaml.DocumentStartToken) and self.previous is not None:
            raise UnformattableError("more than one document")
        if isinstance(token, yaml.StreamEndToken):
            self._new_lines(gap, 0, column=0)
            return
        self._space(gap, token)
        self._write(token)

    # -- structure ------------------------------------------------------------------------------------------

    def _open_block(self, token: Any) -> None:
        is_mapping = isinstance(token, yaml.BlockMappingStartToken)
        if self.entry is not None:
            indent = self.entry.indent + _STEP
        elif not self.blocks:
            indent = 0
        else:
            top = self.blocks[-1]
            indent = top.indent + (_STEP if is_mapping else 0)
        self.blocks.append(_Block(is_mapping, token.start_mark.column, indent))
        self.before_value = token

    def _indent(self, token: Any) -> int:
        """Return the indentation of a token that begins a line."""
        if self.flows:
            is_end = isinstance(token, (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken))
            return self.flows[0] + _STEP * (len(self.flows) - is_end)
        if isinstance(token, yaml.DocumentStartToken) or not self.blocks:
            return 0
        if self.is_key or isinstance(token, yaml.BlockEntryToken):
            return self.blocks[-1].indent
        if self.entry is not None:
            return self.entry.indent + _STEP
        is_value = isinstance(self.before_value, yaml.ValueToken)
        return self.blocks[-1].indent + (_STEP if is_value else 0)

    def _space(self, gap: str, token: Any) -> None:
        """Write what stands between the token before and this one."""
        if isinstance(self.previous, yaml.BlockEntryToken) and not gap.strip():
            self.line += " "
            return
        if "\n" in gap or self.previous is None or (not self.line and self.lines):
            indent = self._indent(token)
            self._new_lines(gap, indent, column=token.start_mark.column)
            self.line = " " * indent
            if not self.flows:
                self.indents[token.start_mark.column] = indent
            return
        openings = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
        endings = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.FlowEntryToken)
        is_tight = isinstance(self.previous, openings) or isinstance(token, endings)
        if isinstance(token, yaml.ValueToken):
            is_tight = not isinstance(self.previous, yaml.AliasToken)
        self.line += "" if is_tight else " "

    def _new_lines(self, gap: str, indent: int, *, column: int) -> None:
        """End the line, and write the comments and at most one blank line in a row that follow it."""
        first, *others = gap.split("\n")
        if first.strip() and self.previous is not None and self.line:
            self.line += f"  {first.strip()}"
        elif first.strip():
            others.insert(0, first)
        if self.line or (self.previous is not None and not self.lines):
            self.lines.append(self.line)
        self.line = ""
        for line in others[:-1] if others and not others[-1].strip() else others:
            comment = line.strip()
            if comment:
                place = len(line) - len(line.lstrip())
                shown = self.indents.get(place, indent) if place > column and not self.flows else indent
                self.lines.append(" " * shown + comment)
            elif self.lines and self.lines[-1]:
                self.lines.append("")

    # -- tokens ---------------------------------------------------------------------------------------------

    def _write(self, token: Any) -> None:
        raw = self.text[token.start_mark.index : token.end_mark.index]
        if isinstance(token, yaml.ScalarToken):
            self._write_scalar(token, raw)
        else:
            self.line += raw
        if isinstance(token, (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)):
            base = self.flows[-1] if self.flows else self._base()
            self.flows.append(base)
        elif isinstance(token, (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)):
            self.flows.pop()
        is_entry = isinstance(token, yaml.BlockEntryToken)
        if is_entry:
            indent = self.blocks[-1].indent if self.blocks else 0
            self.entry = _Block(is_mapping=False, column=token.start_mark.column, indent=indent)
        elif not isinstance(token, (yaml.TagToken, yaml.AnchorToken)):
            self.entry = None
        if not isinstance(token, (yaml.TagToken, yaml.AnchorToken)):
            self.before_value = token
            self.is_key = False
        self.previous = token

    def _base(self) -> int:
        """Return the indentation of what a collection in flow style belongs to."""
        if self.entry is not None:
            return self.entry.indent
        return self.blocks[-1].indent if self.blocks else 0

    def _write_scalar(self, token: Any, raw: str) -> None:
        if self.is_key and len(self.blocks) == 1 and not self.flows:
            self.in_metadata = token.value == "metadata"
        if "\n" in raw:
            self._write_lines(token, raw)
        elif not token.plain:
            self.line += yaml_scalar(token.value)
        elif self._is_number_of_a_table():
            self.line += canonical_number(raw)
        else:
            self.line += raw

    def _is_number_of_a_table(self) -> bool:
        """Say whether a number is one of those whose spelling means nothing."""
        is_below_top = len(self.blocks) + len(self.flows) > 1 or self.entry is not None
        return self.numbers and not self.in_metadata and not self.is_key and is_below_top

    def _write_lines(self, token: Any, raw: str) -> None:
        """Write a text of several lines, each moved as far as what it belongs to."""
        first, *others = raw.split("\n")
        self.line += first.rstrip() if token.style not in ("|", ">") else first
        parent = self.entry or (self.blocks[-1] if self.blocks else _Block(True, 0, 0))
        if token.style in ("|", ">"):
            shift = parent.indent - parent.column
            if others and not others[-1].strip():
                others.pop()
            self.lines += [self.line.rstrip(), *(_moved(line, shift) for line in others)]
            self.line = ""
            header = first.partition("#")[0]
            self.text_end = len(self.lines) if "+" in header else self.text_end
            return
        for line in others:
            self.lines.append(self.line)
            self.line = " " * (parent.indent + _STEP) + line.strip() if line.strip() else ""


def _moved(line: str, shift: int) -> str:
    """Return a line of a text moved by a number of blanks."""
    if not line.strip(" "):
        return line[-shift:] if shift < 0 else line
    if shift < 0 and line[:-shift].strip(" "):
        raise UnformattableError("a text of several lines that begins left of what it belongs to")
    return line[-shift:] if shift < 0 else " " * shift + line


def canonical_number(text: str) -> str:
    """Return a decimal number with the fewest digits that read back as the same bits; any other text as it is."""
    if _INTEGER.fullmatch(text):
        return str(int(text)) if len(text) < 300 and text not in ("-0", "+0") else text
    if _FLOAT.fullmatch(text):
        return yaml_scalar(float(text))
    return text
