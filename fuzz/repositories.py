"""Try repositories and export directories with random damage; print how commands end, and every failure.

    .venv/bin/python fuzz/repositories.py [SEED] [NUMBER]

A command may succeed or refuse (0, 1 or 2) within seconds, prints no control character, and changes nothing outside of
the repository.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from curated.butler import import_bundle
from curated.cli import main
from support.repositories import make_bundle

TOKENS = (
    b"&a |*a|{|}|[|]|!include |!!python/name:os.system |null|1e999|.nan|..|/|\n|  |: |- |<<: |\0|\xff|'|\"|%|lsst|"
    b"999999999999999999999999|-1|~|?"
).split(b"|")
VALUES = (
    "NULL", "''", "'../../x'", "x'00ff'", "9223372036854775807", "-1", "1e300", "'\x1b[31m'", "randomblob(20)",
    "'a'||char(10)||'b'", "zeroblob(1000)", "hex(randomblob(16))",
)  # fmt: skip
SLOW = 10.0


def damage_bytes(choice: random.Random, data: bytes) -> bytes:
    """Return data with bytes changed, inserted, removed and moved."""
    mutated = bytearray(data)
    for _ in range(choice.choice([1, 1, 2, 5, 20])):
        place = choice.randrange(max(1, len(mutated)))
        kind = choice.randrange(4)
        if kind == 0 and mutated:
            mutated[place] = choice.randrange(256)
        elif kind == 1:
            mutated[place:place] = choice.choice(TOKENS)
        elif kind == 2:
            del mutated[place : place + choice.choice([1, 3, 10, 100])]
        else:
            mutated[place:place] = mutated[choice.randrange(len(mutated) or 1) :][:200]
    return bytes(mutated)


def damage_file(pattern: str) -> Callable[[random.Random, Path], None]:
    """Return a function that damages all files of a name below a directory."""

    def damage(choice: random.Random, root: Path) -> None:
        for file in sorted(root.rglob(pattern)):
            file.write_bytes(damage_bytes(choice, file.read_bytes()))

    return damage


def damage_pages(choice: random.Random, root: Path) -> None:
    """Damage the pages of a database, or cut it."""
    file = root / "gen3.sqlite3"
    data = bytearray(file.read_bytes())
    for _ in range(choice.choice([1, 10, 100, 1000])):
        data[choice.randrange(len(data))] = choice.randrange(256)
    file.write_bytes(data[: choice.randrange(len(data))] if choice.random() < 0.2 else data)


def damage_rows(choice: random.Random, root: Path) -> None:
    """Change values, rows, columns and tables of a database."""
    with contextlib.closing(sqlite3.connect(root / "gen3.sqlite3")) as database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for _ in range(choice.choice([1, 2, 4])):
            table = choice.choice(tables)
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
            statements = [
                f'DELETE FROM "{table}" WHERE rowid IN (SELECT rowid FROM "{table}" LIMIT 1)',  # noqa: S608
                f'DROP TABLE "{table}"',
                *(f'ALTER TABLE "{table}" RENAME COLUMN "{name}" TO "other"' for name in columns[:1]),
                *(
                    f'UPDATE "{table}" SET "{choice.choice(columns)}" = {choice.choice(VALUES)}'  # noqa: S608
                    for _ in columns
                ),
            ]
            with contextlib.suppress(sqlite3.Error):
                database.execute(choice.choice(statements))
        database.commit()


FAMILIES: dict[str, Callable[[random.Random, Path], None]] = {
    "configuration": damage_file("butler.yaml"),
    "pages": damage_pages,
    "rows": damage_rows,
    "stored files": damage_file("*.fits"),
    "export file": damage_file("export.yaml"),
}


def run(arguments: list[object]) -> tuple[str, str, float]:
    """Return how a command ends, what it prints to stderr, and how long it takes."""
    sys.argv = ["curated", *map(str, arguments)]
    errors, start = io.StringIO(), time.monotonic()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        try:
            status = str(main._run() or 0)  # noqa: SLF001 - the command without its last boundary
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            status = f"bug: {type(error).__name__}"
            traceback.print_exc()
    return status, errors.getvalue(), time.monotonic() - start


def main_loop(seed: int, number: int) -> None:
    """Try a number of each family."""
    choice, counts = random.Random(seed), Counter[tuple[str, str, str]]()  # noqa: S311
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(root)
        bundle, later = make_bundle(root / "bundle"), make_bundle(root / "later", label="v2")
        import_bundle(bundle, str(root / "original"))
        for index in range(number * len(FAMILIES)):
            family = list(FAMILIES)[index % len(FAMILIES)]
            place, output = root / "place", root / "output"
            shutil.rmtree(place, ignore_errors=True)
            shutil.rmtree(output, ignore_errors=True)
            shutil.copytree(bundle if family == "export file" else root / "original", place / "repo")
            (place / "repo" / "manifest.json").unlink(missing_ok=True)
            FAMILIES[family](choice, place / "repo")
            commands: list[list[object]] = [["export", place / "repo", "-o", output, "-j1"]]
            if family != "export file":
                commands += [["fingerprint", place / "repo"], ["retract", place / "repo", "v1", "--dry-run"]]
                commands += [["import", later, place / "repo", "--dry-run"]]
            arguments = choice.choice(commands)
            status, text, seconds = run(arguments)
            counts[family, str(arguments[0]), status] += 1
            is_odd = any(ord(character) < 32 and character != "\n" for character in text)
            others = [path.name for path in place.iterdir() if path.name != "repo"]
            if status.startswith("bug") or seconds > SLOW or is_odd or others:
                print(
                    f"{family}, {arguments[0]}: {status}, {seconds:.1f} s, beside it {others}\n{text[-2000:]}"
                )
    for (family, command, status), count in sorted(counts.items()):
        print(f"{family:14s} {command:12s} {status:10s} {count}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main_loop(*(int(argument) for argument in (*sys.argv[1:3], "0", "100")[:2]))
