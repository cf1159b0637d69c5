"""JSON in canonical form: the tokens as they are, with the indentation, blanks and numbers of our own writer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from curated.canonical.yaml_form import UnformattableError
from curated.text.yaml.writer import json_scalar

_TOKEN = re.compile(
    r'(?P<gap>[ \t\r\n]*)(?:(?P<mark>[][{},:])|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[-+0-9A-Za-z.]+)|\Z)',
    re.DOTALL,
)
_STEP = 2


def format_json(text: str) -> str:
    """Return a JSON document in canonical form, with the line breaks that it has.

    Numbers have the fewest digits that read back as the same bits; those of ``metadata`` stay as they are.

    Raises
    ------
    UnformattableError
        If it is no JSON.
    """
    lines: list[str] = []
    line, depth, previous, key = "", 0, "", ""
    in_metadata = False
    for gap, piece in _pieces(text):
        depth -= piece in ("}", "]")
        if "\n" in gap and previous:
            lines.append(line)
            line = " " * (_STEP * depth)
        elif previous and not (previous in "[{" or piece in "]},:"):
            line += " "
        if piece == ":" and depth == 1:
            in_metadata = key == '"metadata"'
        line += _canonical(piece, numbers=not in_metadata)
        depth += piece in ("{", "[")
        previous, key = piece, piece
    return "\n".join([*lines, line]) + "\n"


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise UnformattableError(f"{text[place : place + 20]!r} is no JSON")
        piece = match["mark"] or match["text"] or match["word"] or ""
        if piece:
            yield match["gap"], piece
        elif match.end() < len(text) or not match["gap"]:
            raise UnformattableError(f"{text[place : place + 20]!r} is no JSON")
        place = match.end()


def _canonical(piece: str, *, numbers: bool) -> str:
    if piece[0] == '"':
        return json.dumps(json.loads(piece, strict=False), ensure_ascii=False)
    if numbers and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", piece):
        return json_scalar(json.loads(piece)) if len(piece) < 300 else piece
    return piece
