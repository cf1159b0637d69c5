"""Lines that a program adds to somebody else's file, and takes out again without a trace."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_BEGIN = "# curated: these lines are of 'curated git install'; 'curated git uninstall' removes them"
_END = "# curated: end"
_JOINED, _NEW = " (the line before had no end)", " (the file is new)"
"""Follow the first line where a line end, or the whole file, has to go again with the lines."""

_BLOCK = re.compile(
    rf"^{re.escape(_BEGIN)}(?P<origin>{re.escape(_JOINED)}|{re.escape(_NEW)})?\r?\n(?P<lines>(?:.*\n)*?){re.escape(_END)}\r?(?:\n|\Z)",
    re.MULTILINE,
)


class LineBlock(NamedTuple):
    """Lines of a program in a file with comments that begin with ``#``.

    Parameters
    ----------
    pattern : `re.Pattern`
        Which lines between the marks are the program's, also those of other versions; others stay.
    headings : sequence [`str`], optional
        Those among them that have to stay where others are left below them.
    """

    lines: Sequence[str]
    pattern: re.Pattern[str]
    headings: Sequence[str] = ()

    def add_to(self, text: str | None) -> str:
        """Return the text of a file with the lines: in the place of those that it has, or at its end.

        Parameters
        ----------
        text : `str` or `None`
            The text; `None` if there is no such file.
        """
        if text is None:
            return self._block(_NEW, {})
        match = _BLOCK.search(text)
        if match is not None:
            block = self._block(match["origin"] or "", self._others(match["lines"]))
            return text[: match.start()] + block + text[match.end() :]
        if text and not text.endswith("\n"):
            return f"{text}\n{self._block(_JOINED, {})}"
        return text + self._block("", {})

    def remove_from(self, text: str | None) -> str | None:
        """Return a text as it was before `add_to`, with what others have written since, also between the lines.

        Returns
        -------
        text : `str` or `None`
            The text; `None` if the file was made for the lines, and has no others.
        """
        while text is not None and (match := _BLOCK.search(text)):
            others = self._others(match["lines"])
            rest = [
                line for heading, lines in others.items() for line in ([heading] if heading else []) + lines
            ]
            before, after = text[: match.start()], text[match.end() :]
            if match["origin"] == _JOINED and not rest and not after:
                before = before.removesuffix("\n")
            text = before + "".join(f"{line}\n" for line in rest) + after
            if match["origin"] == _NEW and not text:
                return None
        return text

    def are_in(self, text: str | None) -> bool:
        """Say whether a text has such lines."""
        return text is not None and _BLOCK.search(text) is not None

    def _others(self, lines: str) -> dict[str, list[str]]:
        """Return the lines of others by the heading that they stand below."""
        others: dict[str, list[str]] = {}
        heading = self.headings[0] if self.headings else ""
        for line in lines.split("\n")[:-1]:
            if line.rstrip() in self.headings:
                heading = line.rstrip()
            elif not self.pattern.match(line):
                others.setdefault(heading, []).append(line)
        return others

    def _block(self, origin: str, others: dict[str, list[str]]) -> str:
        rest = dict(others)
        lines = [f"{_BEGIN}{origin}"]
        heading = ""
        for line in self.lines:
            if line in self.headings:
                lines += rest.pop(heading, []) if heading else []
                heading = line
            lines.append(line)
        lines += rest.pop(heading, [])
        lines += [line for part in rest.values() for line in part]
        return "".join(f"{line}\n" for line in (*lines, _END))
