"""Other programs: where they are."""

from __future__ import annotations

import os
from functools import lru_cache


def find_program(name: str) -> str:
    """Return the file of a program on the search path (``PATH``), but for places that are relative.

    With ``.`` on the path a repository or bundle could bring its own program.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    return _find(name, os.environ.get("PATH", os.defpath))


@lru_cache
def _find(name: str, search_path: str) -> str:
    for directory in search_path.split(os.pathsep):
        program = os.path.join(directory, name)
        if os.path.isabs(directory) and os.path.isfile(program) and os.access(program, os.X_OK):
            return program
    raise FileNotFoundError(f"{name} is not on the search path")
