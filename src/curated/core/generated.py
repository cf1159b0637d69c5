"""Files that are generated from declarations and committed: writing them, and finding those that differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """A committed file that is not what its declaration says.

    Parameters
    ----------
    file : `str`
        Its path relative to the directory of the generated files.
    message, hint : `str`
        What is wrong, and how to mend it.
    """

    file: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message} (hint: {self.hint})"


def write_files(directory: Path, files: Mapping[str, str], keep: Iterable[str] = ()) -> list[str]:
    """Write generated files.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Where; made if it does not exist.
    files : `dict` [`str`, `str`]
        Contents by path relative to it.
    keep : iterable [`str`], optional
        Files that are left alone where they exist.

    Returns
    -------
    changed : `list` [`str`]
        Paths of the files whose content is another one now.
    """
    changed = []
    for name, text in files.items():
        path = directory / name
        if path.is_file() and (name in keep or path.read_bytes() == text.encode()):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        changed.append(name)
    return changed


def check_files(directory: Path, files: Mapping[str, str], pattern: str, command: str) -> list[Drift]:
    """Return the generated files that are missing, stale, or nobody's.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Where they are.
    files : `dict` [`str`, `str`]
        Contents by path relative to it.
    pattern : `str`
        Glob pattern, relative to the directory, of files that are all generated.
    command : `str`
        The command that writes them.
    """
    found = []
    for name, text in files.items():
        path = directory / name
        if not path.is_file():
            found.append(Drift(name, "is missing", f"run '{command}' and commit the file"))
        elif path.read_bytes() != text.encode():
            found.append(
                Drift(name, "is not what the declaration says", f"run '{command}' and commit the change")
            )
    present = (path.relative_to(directory).as_posix() for path in directory.glob(pattern))
    orphans = sorted(name for name in present if name not in files)
    return found + [Drift(name, "belongs to no declaration", "remove the file") for name in orphans]
