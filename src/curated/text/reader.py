"""Text files of any form to `Source`."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from curated.core.diagnostic import Problem
from curated.image import ANNEX, LFS
from curated.text.ecsv.reader import read_ecsv
from curated.text.source import Source
from curated.text.yaml.reader import read_json, read_yaml

MAX_BYTES = 256 * 2**20
"""Largest text file that is read; the largest of public packages has 0.1 MB."""

_CONFLICT = re.compile(r"^(<{7}|>{7}|\|{7}|={7})(?: .*)?\r?\Z", re.DOTALL)

_READERS: dict[str, Callable[[str], tuple[Source | None, list[Problem]]]] = {
    "ecsv": read_ecsv,
    "yaml": read_yaml,
    "json": read_json,
}


def read(data: bytes, form: str) -> tuple[Source | None, list[Problem]]:
    """Read a text file.

    Parameters
    ----------
    data : `bytes`
        Content of the file.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.

    Returns
    -------
    source : `Source` or `None`
        Data of the file; `None` if nothing could be read.
    problems : `list` [`Problem`]
        Problems of the text, such as bytes that are not UTF-8 and syntax errors.
    """
    text, problems = read_text(data)
    if text is None:
        return None, problems
    source, problems = _READERS[form](text)
    if data.startswith(codecs.BOM_UTF8) and form != "yaml":
        problems = [
            Problem("CAL221", (), "the file starts with a byte-order mark", line=1, column=1),
            *problems,
        ]
    return source, problems


def read_text(data: bytes) -> tuple[str | None, list[Problem]]:
    """Return a file's text without byte-order mark; `None` and the reasons if it is not text."""
    if len(data) > MAX_BYTES:
        return None, [Problem("CAL209", (), f"{len(data)} bytes are more than {MAX_BYTES}", line=1)]
    if data.startswith(LFS):
        return None, [Problem("CAL342", (), "the file is a pointer of git-lfs, not the calibration", line=1)]
    if data.startswith(ANNEX):
        detail = "the file is a pointer of git-annex, not the calibration"
        return None, [Problem("CAL342", (), detail, "run 'git annex get'", line=1)]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        start = data.rfind(b"\n", 0, error.start) + 1
        line, column = data.count(b"\n", 0, start) + 1, len(data[start : error.start].decode()) + 1
        detail = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return None, [Problem("CAL202", (), detail, line=line, column=column)]
    if "<<<<<<<" in text or ">>>>>>>" in text:
        conflicts = [
            Problem("CAL203", (), f"merge-conflict marker {match[1]}", line=number)
            for number, line in enumerate(text.split("\n"), start=1)
            if (match := _CONFLICT.match(line))
        ]
        if any(problem.detail[-1] in "<>" for problem in conflicts):
            return None, conflicts
    return text.removeprefix("\ufeff"), []
