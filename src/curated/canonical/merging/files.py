"""The merge that git asks for: three files, of which one becomes the result."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from curated.canonical.formatter import form_of
from curated.canonical.merging.merger import Markers, MergedText, mark_lines, merge_texts
from curated.core.diagnostic import CuratedError
from curated.core.wholefile import write_whole
from curated.git.command import communicate, start_git
from curated.package.config import CONFIG_FILE

_SMALLEST = 7
"""Size of the markers that the check finds."""

_SIDE = re.compile(r"\.[a-z]+\.yaml\Z")
_MOST_CONFLICTS = 127
"""Largest exit status of ``git merge-file`` that is a number of conflicts."""


def merge_files(base: str, left: str, right: str, path: str, size: int = _SMALLEST) -> bool:
    """Merge the changes of two files into the left one, and say whether that is clean.

    Where they cannot be merged by content, lines are merged as ``git merge-file`` does. If that leaves no conflict, the
    lines that differ are one: nobody has seen that the result says what both sides meant.

    Parameters
    ----------
    base, left, right : `str`
        Files with the three versions.
    path : `str`
        The file's path in the repository.
    size : `int`, optional
        Characters of a marker; no less than seven.

    Raises
    ------
    CuratedError
        If git cannot merge the lines.
    OSError
        If a file cannot be read or written.
    """
    markers = Markers(max(size, _SMALLEST))
    texts = [Path(name).read_bytes() for name in (base, left, right)]
    merged = None
    if form := form_of(path):
        is_calibration = not is_setting(path)
        merged = merge_texts(
            texts[0], texts[1], texts[2], form, is_calibration=is_calibration, markers=markers
        )
    if merged is None:
        merged = _merge_lines((base, left, right), texts, markers)
    if merged.data != texts[1]:
        write_whole(left, [merged.data])
    return merged.is_clean


def is_setting(path: str) -> bool:
    """Say whether a path is that of settings or of a side file, whose numbers stay as they are written."""
    name = posixpath.basename(path)
    return name in (CONFIG_FILE, "instrument.yaml") or _SIDE.search(name) is not None


def _merge_lines(names: tuple[str, str, str], texts: list[bytes], markers: Markers) -> MergedText:
    """Return a file with conflicts of lines, at least one."""
    base, left, right = names
    labels = [argument for label in (markers.left, "base", markers.right) for argument in ("-L", label)]
    command = ("merge-file", "-p", f"--marker-size={markers.size}", *labels, "--", left, base, right)
    with start_git(Path.cwd(), *command, keep_stderr=True) as process:
        output, stderr = communicate(process, "merge-file", 600)
    if not 0 <= process.returncode <= _MOST_CONFLICTS:
        raise CuratedError(f"git merge-file failed: {stderr.decode('utf-8', errors='replace').strip()}", "")
    if process.returncode == 0:
        left_text, right_text = (text.decode("utf-8", errors="surrogateescape") for text in texts[1:])
        output = mark_lines(left_text, right_text, markers).encode("utf-8", errors="surrogateescape")
    return MergedText(output, is_clean=False)
