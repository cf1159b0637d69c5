"""Notes of a draft: a keyword that the check reports, and comments beside the values that a person must fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

MARK = "FILL IN"
"""Start of a comment beside a value of a draft."""


def annotate(text: str, form: str, head: Sequence[str], notes: Mapping[str, str]) -> str:
    """Return the text of a calibration with comments; JSON has none.

    Parameters
    ----------
    form : `str`
        ``yaml``, ``ecsv`` or ``json``.
    head : sequence [`str`]
        Lines of a comment at the beginning.
    notes : `dict` [`str`, `str`]
        Comment for each key, keyword or column: it stands above the first line that has it.
    """
    if form == "json":
        return text
    prefix = "# " if form == "ecsv" else ""
    lines = text.splitlines()
    # The first lines of ECSV are its version and the start of a YAML document.
    start = 2 if form == "ecsv" else 0
    comments = [f"{prefix}# {line}" for line in head]
    result = [*lines[:start], *comments, *_with_notes(lines[start:], form, dict(notes))]
    return "".join(f"{line}\n" for line in result)


def _with_notes(lines: Sequence[str], form: str, notes: dict[str, str]) -> Iterator[str]:
    pattern = _ECSV if form == "ecsv" else _YAML
    for line in lines:
        match = pattern.match(line)
        note = notes.pop(match["key"], "") if match else ""
        if match and note:
            indent = re.match(r"#? *", line)[0] if form == "ecsv" else match["indent"]  # type: ignore[index]
            yield f"{indent}# {MARK}: {note}"
        yield line


_YAML = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z_][A-Za-z0-9_]*):(?: |\Z)")
_ECSV = re.compile(r"# - \{?(?:name: )?(?P<key>[A-Za-z_][A-Za-z0-9_]*)(?:,|:)")
