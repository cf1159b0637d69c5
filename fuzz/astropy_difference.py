"""Differences between ECSV and YAML as they are read here, and as astropy and PyYAML read them.

What they refuse has to be a finding here, and what both read has to be the same. Texts are mutations of real ones, made
by a generator of random numbers, so that a seed gives the same texts again:

    python fuzz/astropy_difference.py 2000 FILE...

prints what differs among so many mutations of each file. The exit status is 1 if there is any difference.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from curated.core.units import converts
from curated.text import read
from curated.text.ecsv.serialized import FURNITURE
from curated.text.yaml.reader import load_yaml

Verdict = str
"""Empty if there is no difference."""

# -- mutations ----------------------------------------------------------------------------------------

_PIECES = (
    "\t", ",", " ", "  ", ";", "|", '"', '""', "'", "\\", "#", "# ", "\n", "\n\n", "\r\n", "\r", "\x00", "\x0b", "\x0c", "\x1c",
    "\x85", "\xa0", "\u2028", "\u3000", "\ufeff", "nan", "inf", "-inf", "1.5", "1.", "1e3", "1.e+3", "1_000", "0x1f", "010", "1:30",
    "300", "-1", "99999999999999999999", "1e400", "True", "False", "yes", "no", "null", "None", "~", "[1,2]", "[]", "[[1],[2]]",
    "[null]", "{}", "2024-01-01", "int8", "uint8", "int64", "float16", "float32", "bool", "string", "complex128", "object",
    "subtype: 'float64[2]'", "subtype: json", "unit: nm", "unit: m / s", "unit: furlong", "delimiter: ','", "delimiter: ' '",
    "schema: astropy-2.0", "---", "...", "%ECSV 0.9", "%ECSV 2.0", "!!omap", "!!python/object:os.system", "!x", "&a", "*a", "<<: ",
    "- ", ": ", "{", "}", "[", "]", "?", "@", "é", "\u0663", "e", "E", "+", "-", ".", "0", "1", "9",
)  # fmt: skip


def mutate(text: str, generator: random.Random) -> str:
    """Return a text with one to three changes: pieces that are put in, left out, doubled, exchanged."""
    for _ in range(generator.choice((1, 1, 1, 2, 3))):
        text = generator.choice(_CHANGES)(text, generator)
    return text


def _put_in(text: str, generator: random.Random) -> str:
    place = generator.randrange(len(text) + 1)
    return text[:place] + generator.choice(_PIECES) + text[place:]


def _replace_word(text: str, generator: random.Random) -> str:
    places = [i for i, c in enumerate(text) if c in " \n,:[{'\""] or [0]
    start = generator.choice(places) + 1
    end = start
    while end < len(text) and text[end] not in " \n,:]}'\"":
        end += 1
    return text[:start] + generator.choice(_PIECES) + text[end:]


def _leave_out(text: str, generator: random.Random) -> str:
    start = generator.randrange(len(text) + 1)
    return text[:start] + text[start + generator.choice((1, 1, 2, 5)) :]


def _lines(change: Callable[[list[str], int, random.Random], None]) -> Callable[[str, random.Random], str]:
    def changed(text: str, generator: random.Random) -> str:
        lines = text.split("\n")
        change(lines, generator.randrange(len(lines)), generator)
        return "\n".join(lines)

    return changed


def _remove(lines: list[str], index: int, _: random.Random) -> None:
    del lines[index]


def _double(lines: list[str], index: int, _: random.Random) -> None:
    lines.insert(index, lines[index])


def _swap(lines: list[str], index: int, generator: random.Random) -> None:
    other = generator.randrange(len(lines))
    lines[index], lines[other] = lines[other], lines[index]


def _indent(lines: list[str], index: int, generator: random.Random) -> None:
    lines[index] = generator.choice((" ", "  ", "\t", "#", "# ")) + lines[index]


def _retab(lines: list[str], index: int, generator: random.Random) -> None:
    lines[index] = lines[index].replace(" ", generator.choice(("\t", ",", "  ", ", ")))


def _all_lines(text: str, generator: random.Random) -> str:
    old, new = generator.choice(
        (("\n", "\r\n"), ("# ", "#"), (" ", "\t"), (" ", ","), ("\n", "\n\n"), ("\n", " \n"))
    )
    return text.replace(old, new)


_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    _put_in, _put_in, _replace_word, _replace_word, _replace_word, _leave_out, _lines(_remove), _lines(_double), _lines(_swap),
    _lines(_indent), _lines(_retab), _all_lines,
)  # fmt: skip


def mutations(text: str, count: int, seed: int) -> Iterator[str]:
    """Yield so many mutations of a text, the same ones for the same seed."""
    generator = random.Random(seed)  # noqa: S311 (no secret)
    for _ in range(count):
        yield mutate(text, generator)


# -- ECSV ---------------------------------------------------------------------------------------------


def compare_ecsv(text: str) -> tuple[str, Verdict]:
    """Compare an ECSV text as it is read here with the table that astropy makes of it.

    Returns
    -------
    outcome : `str`
        ``same``, ``both refuse`` or ``stricter``; ``different`` if the verdict says how.
    verdict : `str`
        The difference.
    """
    source, problems = read(text.encode("utf-8", "surrogatepass"), "ecsv")
    table, refusal = _astropy_table(text)
    if source is None or problems:
        if not problems:
            return "different", "refused without a reason"
        return ("both refuse", "") if table is None else ("stricter", "")
    if table is None:
        # It writes arrays in tables without rows, and does not read them again.
        has_no_rows = any(not len(c.values) and np.ndim(c.values) > 1 for c in source.columns.values())
        return ("no rows", "") if has_no_rows else ("different", f"astropy refuses: {refusal}")
    verdict = _table_difference(source, table)
    return ("different", verdict) if verdict else ("same", "")


def _astropy_table(text: str) -> tuple[Any, str]:
    from astropy.table import Table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # As from a file: a line ends wherever Python ends one.
            return Table.read(text.splitlines(), format="ascii.ecsv"), ""
        except Exception as error:  # noqa: BLE001 (anything that astropy raises is a refusal)
            return None, f"{type(error).__name__}: {error}"[:200]


def _table_difference(source: Any, table: Any) -> Verdict:
    if list(source.columns) != table.colnames:
        return f"columns {list(source.columns)} and {table.colnames}"
    for name, column in source.columns.items():
        other = table[name]
        if len(column.values) != len(other):
            return f"{name}: {len(column.values)} and {len(other)} rows"
        if not _is_same_unit(column.unit, other.unit):
            return f"{name}: unit {column.unit!r} and {other.unit!r}"
        if not _are_same_values(column.values, other):
            return f"{name}: {column.values!r:.80} and {other!r:.80}"
    if not _is_same(source.metadata, {k: v for k, v in table.meta.items() if k not in FURNITURE}):
        return f"metadata {source.metadata!r:.200} and {dict(table.meta)!r:.200}"
    return ""


def _is_same_unit(unit: str, other: Any) -> bool:
    import astropy.units as u

    if unit in ("", "-") or other is None:
        return unit in ("", "-") and (other is None or str(other) in ("", "-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = u.Unit(unit, parse_strict="silent")
    # A unit that is no unit is found where the unit is compared with the one of the field.
    return bool(parsed == other) or str(other) == unit or not converts(unit, "")


def _are_same_values(values: Any, other: Any) -> bool:
    """Say whether two columns are the same; empty texts, and null among floats, are masked values to astropy."""
    mask = np.ma.getmaskarray(other) if hasattr(other, "mask") else None
    own = np.asarray(values) if isinstance(values, np.ndarray) else values
    for row in range(len(own)):
        left, right = own[row], other[row]
        if mask is not None and np.all(mask[row]):
            left = np.asarray(left)
            if not (
                left.size == 0
                or (left.dtype.kind == "U" and (left == "").all())
                or (left.dtype.kind == "f" and np.isnan(left).all())
            ):
                return False
            continue
        left, right = np.asarray(left), np.asarray(np.ma.filled(right, np.nan) if _is_float(right) else right)
        if left.shape != right.shape or (left.size and _kind(left) != _kind(right)):
            return False
        if left.size and left.dtype.kind not in "UO" and left.dtype.itemsize != right.dtype.itemsize:
            return False
        if not np.array_equal(left, right, equal_nan=left.dtype.kind == "f" and right.dtype.kind == "f"):
            return False
    return True


def _is_float(value: Any) -> bool:
    return isinstance(value, np.ma.MaskedArray) and value.dtype.kind == "f"


def _kind(array: Any) -> str:
    return str(array.dtype.kind).replace("O", "U")


# -- YAML ---------------------------------------------------------------------------------------------


def compare_yaml(text: str) -> tuple[str, Verdict]:
    """Compare a YAML document as it is read here with what PyYAML's safe loader on libyaml, as the stack uses it, makes of it; see `compare_ecsv`."""
    tree, problems = load_yaml(text)
    try:
        other, refusal = yaml.load(text, Loader=yaml.CSafeLoader), ""
    except (
        yaml.YAMLError,
        ValueError,
        TypeError,
        OverflowError,
        AttributeError,
        LookupError,
        RecursionError,
    ) as error:
        other, refusal = None, f"{type(error).__name__}: {error}"[:200]
    if problems:
        return ("both refuse", "") if refusal else ("stricter", "")
    if refusal:
        # Tags of the stack, which its own loader knows.
        has_tags = "could not determine a constructor for the tag" in refusal
        return ("tags", "") if has_tags else ("different", f"PyYAML refuses: {refusal}")
    if not _is_same(tree, other):
        return "different", f"{tree!r:.300} and {other!r:.300}"
    return "same", ""


def _is_same(value: Any, other: Any) -> bool:
    if isinstance(other, (dt.date, dt.datetime)):
        return isinstance(value, str)  # times stay as they are written
    if type(other).__module__.startswith("astropy."):
        return isinstance(value, Mapping)  # units
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        others = {str(k): v for k, v in other.items()}
        return [str(k) for k in value] == list(others) and all(
            _is_same(v, others[str(k)]) for k, v in value.items()
        )
    if isinstance(value, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(value) == len(other) and all(map(_is_same, value, other))
    if isinstance(value, float) and isinstance(other, float):
        return value == other or (math.isnan(value) and math.isnan(other))
    if isinstance(value, str) and isinstance(other, str):
        return value == other
    return type(value) is type(other) and bool(value == other)


COMPARISONS: dict[str, Callable[[str], tuple[str, Verdict]]] = {".ecsv": compare_ecsv, ".yaml": compare_yaml}
"""Comparisons by the ending of a file."""


def main(arguments: list[str]) -> int:
    """Compare mutations of files, print the differences, and return the exit status."""
    count, *names = arguments
    outcomes: Counter[tuple[str, str]] = Counter()
    for seed, name in enumerate(names):
        path = Path(name)
        compare = COMPARISONS[path.suffix]
        for text in mutations(path.read_text(encoding="utf-8"), int(count), seed):
            outcome, verdict = compare(text)
            outcomes[path.suffix, outcome] += 1
            if verdict:
                print(f"{name}: {verdict}\n{text[:3000]!r}\n")
    for (suffix, outcome), number in sorted(outcomes.items()):
        print(f"{suffix} {outcome}: {number}")
    return any(outcome == "different" for _, outcome in outcomes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
