"""What all commands below ``curated new`` do with their drafts: write them, and say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curated.cli.author.file_outcomes import file_lines, files_to_json, ignored_lines
from curated.cli.context import Settings, echo, print_json

if TYPE_CHECKING:
    from curated.package.package import Package


def write_drafts(
    settings: Settings,
    root: Path,
    contents: Mapping[str, bytes],
    form: str,
    *,
    before: Mapping[str, bytes] | None = None,
    force: bool,
    dry_run: bool,
    remarks: Sequence[str] = (),
    steps: Sequence[str] = (),
    **values: Any,
) -> None:
    """Write drafts, all of them or none, and print what was done.

    Parameters
    ----------
    root : `~pathlib.Path`
        Directory that the paths of the drafts start from.
    contents : `dict` [`str`, `bytes`]
        Content of each draft by path.
    form : `str`
        ``text`` or ``json``.
    before : `dict` [`str`, `bytes`], optional
        Content of the files that are meant to change.
    remarks : sequence [`str`], optional
        What a person should know about them.
    steps : sequence [`str`], optional
        Commands to type next.
    **values
        More values of the JSON.

    Raises
    ------
    CuratedError
        If a file exists and is not to be replaced.
    """
    from curated.core.storage.file_set import write_file_set

    outcomes = write_file_set(root, contents, before=before, force=force, dry_run=dry_run)
    if form == "json":
        texts = {path: _text(content) for path, content in contents.items()}
        files = [entry | {"text": texts[str(entry["path"])]} for entry in files_to_json(outcomes)]
        print_json("new", root=str(root), dry_run=dry_run, files=files, remarks=list(remarks), **values)
        return
    if dry_run:
        for path, content in contents.items():
            text = _text(content)
            lines = [f"({len(content)} bytes)"] if text is None else text.rstrip("\n").split("\n")
            echo(f"--- {path}", *lines)
        echo("")
    echo(*file_lines(outcomes, dry_run=dry_run))
    for remark in (*remarks, *ignored_lines(root, outcomes)):
        settings.remark(remark)
    if steps and not (dry_run or settings.quiet):
        echo("", "next:", *(f"  {step}" for step in steps))


def leave_stage(package: Package, contents: dict[str, bytes]) -> dict[str, bytes]:
    """Add a ``curated.yaml`` to drafts of calibrations that no longer says that there is none, if it says so.

    Returns
    -------
    before : `dict` [`str`, `bytes`]
        The file as it is; empty if it stays.
    """
    from curated.drafts.package import without_stage
    from curated.package.config import CONFIG_FILE

    if not package.config.stage:
        return {}
    data = package.files.read(CONFIG_FILE)
    text = without_stage(data.decode("utf-8")).encode()
    if text == data:
        return {}
    contents[CONFIG_FILE] = text
    return {CONFIG_FILE: data}


def _text(content: bytes) -> str | None:
    """Return a content as text; `None` for images."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
