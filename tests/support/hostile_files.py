"""Files below 1 MB that are designed to take much time or memory, each in a separate package."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from support.packages import defects_text

MEGABYTE = 1_000_000
STEM = "20240101T000000"
DEFECTS = f"calibs/cam/defects/d00/{STEM}"
CROSSTALK = f"calibs/cam/crosstalk/d00/{STEM}"
CURATED = "curated.yaml"
INSTRUMENT = "calibs/cam/instrument.yaml"
INPUTS = f"{DEFECTS}.inputs.yaml"
HEAD = "# %ECSV 1.0\n# ---\n# datatype:\n"


def filled(piece: str, head: str = "", tail: str = "", size: int = MEGABYTE - 1000) -> str:
    """Repeat a piece as often as fits into a file below 1 MB."""
    return head + piece * ((size - len(head) - len(tail)) // len(piece.encode())) + tail


def numbered(piece: str, head: str = "", tail: str = "", size: int = MEGABYTE - 1000) -> str:
    """Repeat a piece that contains a running number."""
    longest = len(piece.format(999_999).encode())
    return head + "".join(piece.format(i) for i in range((size - len(head) - len(tail)) // longest)) + tail


def bomb(width: int, depth: int, last: str) -> str:
    """Return aliases whose expansion grows exponentially."""
    lines = [f"a0: &a0 [{', '.join(['1'] * width)}]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, depth)]
    return "\n".join([*lines, f"{last}: *a{depth - 1}"]) + "\n"


def columns(*declarations: str) -> str:
    """Return the beginning of an ECSV header with columns."""
    return HEAD + "".join(f"# - {{{declaration}}}\n" for declaration in declarations)


BOXES = columns(*(f"name: {name}, datatype: int64" for name in ("x0", "y0", "width", "height")))
WIDE = [f"c{i}" for i in range(1000)]
MILLION = "name: CT_COEFFS, datatype: string, subtype: 'float64[1000000,1000000]'"

YAML: Mapping[str, Callable[[], str]] = {
    "aliases": lambda: bomb(9, 12, "coeffs"),
    "aliases of a long list": lambda: f"a: &a [{'1,' * 200_000}1]\ncoeffs: [{'*a,' * 150_000}*a]\n",
    "anchors": lambda: numbered("a{0}: &a{0} 1\n"),
    "flow lists in each other": lambda: filled("["),
    "closed flow lists in each other": lambda: "[" * 400_000 + "]" * 400_000,
    "mappings in each other": lambda: filled("{a: "),
    "block lists in each other": lambda: filled("- "),
    "complex keys": lambda: filled("? "),
    "a staircase": lambda: "".join(f"{' ' * i}a:\n" for i in range(1400)),
    "lists": lambda: filled("[],", "a: [", "]\n"),
    "keys that stand twice": lambda: filled("aaaa: 1\n"),
    "keys of all names": lambda: numbered("k{0}: 1\n"),
    "keywords": lambda: numbered("  K{0}: 1\n", "metadata:\n"),
    "keywords of dates": lambda: numbered("  DATE{0:04d}: 1\n", "metadata:\n", size=99_000),
    "spellings of a keyword": lambda: numbered("  K{0}: 1\n  k{0}: 2\n", "metadata:\n"),
    "a key of a megabyte": lambda: filled("k", tail=": 1\n"),
    "a line of a megabyte": lambda: filled("x", "metadata: {INSTRUME: ", "}\n"),
    "words of a line": lambda: filled("x ", "metadata: {CALIB_ID: ", "}\n"),
    "parts of an identity": lambda: numbered("k{0}=1 ", "metadata: {CALIB_ID: ", "}\n"),
    "digits": lambda: filled("9", "metadata: {DETECTOR: ", "}\n"),
    "hexadecimal digits": lambda: filled("f", "x0: [0x", "]\n"),
    "numbers of sixties": lambda: filled(":59", "x0: [1", "]\n"),
    "many long numbers": lambda: filled("9" * 99 + ",", "x0: [", "]\n"),
    "numbers": lambda: filled("1,", "coeffs: [", "1]\nnAmp: 2\n"),
    "nested numbers": lambda: filled("[1,[2]],", "x0: [", "1]\n"),
    "numbers one a line": lambda: filled("- 1\n", "x0:\n"),
    "words for numbers": lambda: filled("- x\n", "x0:\n", "y0: [a]\n"),
    "tags": lambda: filled("- !x 1\n", "x0:\n"),
    "merge keys": lambda: filled("<<: 1\n"),
    "an ordered mapping": lambda: numbered("- K{0}: 1\n", "metadata: !!omap\n"),
    "an ordered mapping that repeats": lambda: filled("- a: 1\n", "metadata: !!omap\n"),
    "a set": lambda: numbered("? k{0}\n", "--- !!set\n"),
    "a property list": lambda: numbered("- [K{0}, int, 1, c]\n", "metadata: !<lsst.daf.base.PropertyList>\n"),
    "bytes": lambda: filled("AAAA", "x0: !!binary ", "\n"),
    "documents": lambda: filled("---\n"),
    "comments": lambda: filled("#\n"),
    "a comment": lambda: filled("#"),
    "blanks": lambda: filled(" ", tail="a: 1\n"),
    "tabs": lambda: filled("\t", "a:\n"),
    "colons": lambda: filled(": "),
    "quotes": lambda: filled("'"),
    "escapes": lambda: filled("\\x41", 'a: "', '"\n'),
    "an open quote": lambda: filled("a: 'b\n"),
    "directives": lambda: filled("%TAG ! x\n"),
    "conflict markers": lambda: filled("<<<<<<< a\n"),
    "lines of another kind": lambda: filled("a: \u2028", size=900_000),
    "nodes of dates": lambda: filled("- 2024-01-01\n", "x0:\n"),
}
"""YAML: used as a defect list, as a crosstalk matrix, as settings and as provenance."""

ECSV: Mapping[str, Callable[[], str]] = {
    "columns without end": lambda: numbered("# - {{name: c{0}, datatype: int64}}\n", HEAD),
    "columns without end on one line": lambda: numbered("{{name: c{0}}}, ", "# %ECSV 1.0\n# ---\n# datatype: [", "]\n"),
    "names of columns": lambda: numbered("c{0} ", BOXES, "\n"),
    "wide rows": lambda: filled(
        " ".join("1" for _ in WIDE) + "\n",
        columns(*(f"name: {c}, datatype: int64" for c in WIDE)) + " ".join(WIDE) + "\n",
    ),
    "wide rows of words": lambda: filled(
        " ".join("x" for _ in WIDE) + "\n",
        columns(*(f"name: {c}, datatype: int64" for c in WIDE)) + " ".join(WIDE) + "\n",
    ),
    "a declared shape": lambda: columns(MILLION) + "CT_COEFFS\n[1]\n",
    "a declared shape of no end": lambda: filled("9", columns("name: a, datatype: string, subtype: 'float64[")),
    "header lines": lambda: filled("#\n", HEAD),
    "blank lines in the header": lambda: filled("\n", HEAD, "# - {name: x0, datatype: int64}\nx0\n1\n"),
    "blanks in the header": lambda: filled(" ", HEAD, "\n# - {name: x0, datatype: int64}\nx0\n1\n"),
    "keywords": lambda: numbered("# - {{K{0}: 1}}\n", BOXES + "# meta: !!omap\n", "x0 y0 width height\n", 300_000),
    "keywords that repeat": lambda: filled("# - {K: 1}\n", BOXES + "# meta: !!omap\n", "x0 y0 width height\n", 200_000),
    "aliases": lambda: BOXES
    + "# meta:\n"
    + "".join(f"#   {line}\n" for line in bomb(9, 12, "x").splitlines())
    + "x0 y0 width height\n",
    "rows": lambda: filled("1 2 3 4\n", BOXES + "x0 y0 width height\n"),
    "rows of words": lambda: filled("x y z w\n", BOXES + "x0 y0 width height\n"),
    "rows of one cell": lambda: filled("1\n", BOXES + "x0 y0 width height\n"),
    "rows with comments": lambda: filled("# 1\n", BOXES + "x0 y0 width height\n1 2 3 4\n"),
    "a row of a megabyte": lambda: filled("1 ", BOXES + "x0 y0 width height\n", "\n"),
    "a cell of a megabyte": lambda: filled("9", BOXES + "x0 y0 width height\n", " 1 1 1\n"),
    "a quoted cell": lambda: filled("a ", BOXES + 'x0 y0 width height\n"', '" 1 1 1\n'),
    "quotes": lambda: filled('"', BOXES + "x0 y0 width height\n"),
    "quoted cells": lambda: filled('"1" 2 3 4\n', BOXES + "x0 y0 width height\n"),
    "an open quote": lambda: filled('1 2 3 "\n', BOXES + "x0 y0 width height\n"),
    "lists in each other": lambda: filled("[", columns("name: CT_COEFFS, datatype: string, subtype: 'float64[4]'") + "CT_COEFFS\n", "\n"),
    "closed lists in each other": lambda: columns("name: CT_COEFFS, datatype: string, subtype: 'float64[4]'") + f"CT_COEFFS\n{'[' * 400_000}{']' * 400_000}\n",
    "vectors": lambda: filled("[1,2,3,4]\n", columns("name: CT_COEFFS, datatype: string, subtype: 'float64[4]'") + "CT_COEFFS\n"),
    "vectors of words": lambda: filled('"[""a""]"\n', columns("name: CT_COEFFS, datatype: string, subtype: 'float64[4]'") + "CT_COEFFS\n"),
    "vectors of long numbers": lambda: filled("9" * 4000 + ",", columns("name: CT_COEFFS, datatype: string, subtype: 'int64[4]'") + "CT_COEFFS\n[", "1]\n"),
    "carriage returns": lambda: filled("\r"),
    "boxes on each other": lambda: filled("1 1 9 9\n", BOXES + "x0 y0 width height\n"),
    "boxes of all sizes": lambda: numbered("{0} {0} 5 5\n", BOXES + "x0 y0 width height\n"),
    "huge boxes": lambda: filled("1 1 999999999 999999999\n", BOXES + "x0 y0 width height\n"),
}  # fmt: skip
"""ECSV: used as a defect list and as a crosstalk matrix."""

JSON: Mapping[str, Callable[[], str]] = {
    "lists in each other": lambda: filled("["),
    "closed lists in each other": lambda: "[" * 400_000 + "]" * 400_000,
    "mappings in each other": lambda: filled('{"a":'),
    "keys that stand twice": lambda: filled('"a": 1,', "{", '"a": 1}'),
    "keys of all names": lambda: numbered('"k{0}": 1,', "{", '"a": 1}'),
    "keys that stand twice at many places": lambda: filled('{"a":1,"a":2},', '{"x0": [', "1]}"),
    "digits": lambda: filled("9", '{"x0": [', "]}"),
    "numbers of digits": lambda: filled("9" * 4000 + ",", '{"x0": [', "1]}"),
    "exponents": lambda: filled("1e999,", '{"x0": [', "1]}"),
    "numbers": lambda: filled("1,", '{"coeffs": [', "1]}"),
    "not numbers": lambda: filled("NaN,", '{"coeffs": [', "1]}"),
    "words": lambda: filled('"x",', '{"x0": [', '"x"]}'),
    "slashes": lambda: filled("\\/", '{"a": "', '"}'),
    "backslashes": lambda: filled("\\\\", '{"a": "', '"}'),
    "escapes": lambda: filled("\\u0041", '{"a": "', '"}'),
    "halves of pairs": lambda: filled("\\ud800", '{"a": "', '"}'),
    "keywords": lambda: numbered('"K{0}": 1,', '{"metadata": {', '"a": 1}}'),
    "empty": lambda: filled("{},", '{"x0": [', "{}]}"),
    "blanks": lambda: filled(" "),
    "a line": lambda: filled("x", '{"metadata": {"INSTRUME": "', '"}}'),
}
"""JSON: used as a defect list and as a crosstalk matrix."""

_SILENCE = "- {{code: CAL301, path: 'calibs/{0}*', reason: r, until: '2030-01-01'}}\n"
SETTINGS: Mapping[str, tuple[str, Callable[[], str]]] = {
    "silences": (CURATED, lambda: numbered(_SILENCE, "silence:\n")),
    "silences that are the same": (CURATED, lambda: filled(_SILENCE.format("cam/d"), "silence:\n")),
    "silences that are not right": (CURATED, lambda: filled("- 1\n", "silence:\n")),
    "days that are none": (
        CURATED,
        lambda: filled("- {code: CAL301, path: x, reason: r, until: '2030-02-31'}\n", "silence:\n"),
    ),
    "a path of stars": (
        CURATED,
        lambda: filled(
            f"- {{code: CAL301, path: '{'*a' * 400}b', reason: r, until: '2030-01-01'}}\n", "silence:\n"
        ),
    ),
    "instruments that there are not": (CURATED, lambda: numbered("  i{0}: {{}}\n", "instruments:\n")),
    "keys of instruments": (CURATED, lambda: numbered("    k{0}: 1\n", "instruments:\n  cam:\n")),
    "a directory of a megabyte": (CURATED, lambda: filled("a/", "calibs: ", "\n")),
    "a directory of dots": (CURATED, lambda: filled("./", "calibs: ", "calibs\n")),
    "an address of a megabyte": (CURATED, lambda: filled("a", "url: ", "\n")),
    "detectors": (INSTRUMENT, lambda: numbered("- {{id: {0}, name: e{0}}}\n", "name: cam\ndetectors:\n")),
    "the same detector": (INSTRUMENT, lambda: filled("- {id: 1, name: d}\n", "name: cam\ndetectors:\n")),
    "detectors that are none": (INSTRUMENT, lambda: filled("- 1\n", "name: cam\ndetectors:\n")),
    "amplifiers": (
        INSTRUMENT,
        lambda: filled("C,", "name: cam\ndetectors:\n- {id: 0, name: d00, amplifiers: [", "C]}\n"),
    ),
    "filters": (INSTRUMENT, lambda: numbered("- {{name: f{0}}}\n", "name: cam\nfilters:\n")),
    "inputs": (INPUTS, lambda: numbered("- {{exposure: {0}}}\n", "inputs:\n")),
    "inputs that are the same": (INPUTS, lambda: filled("- {exposure: 1}\n", "inputs:\n")),
    "inputs that are none": (INPUTS, lambda: filled("- 1\n", "inputs:\n")),
    "edits": (INPUTS, lambda: filled("- {name: a, date: '2024-01-01', what: b}\n", "edits:\n")),
    "construction": (INPUTS, lambda: numbered("  k{0}: 1\n", "construction:\n")),
    "deep construction": (INPUTS, lambda: "construction: " + "{a: " * 400 + "1" + "}" * 400 + "\n"),
    "deeper construction": (INPUTS, lambda: "construction: " + "{a: " * 990 + "1" + "}" * 990 + "\n"),
}
"""Settings and provenance: path and text."""


def cases() -> dict[str, tuple[str, Callable[[], str]]]:
    """Return path and function for the text of each case, by its name."""
    cases: dict[str, tuple[str, Callable[[], str]]] = dict(SETTINGS)
    for form, texts in (("yaml", YAML), ("ecsv", ECSV), ("json", JSON)):
        for place in (DEFECTS, CROSSTALK):
            cases |= {f"{form} {place.split('/')[2]}: {what}": (f"{place}.{form}", t) for what, t in texts.items()}  # fmt: skip
    for path in (CURATED, INSTRUMENT, INPUTS):
        cases |= {f"{path.rpartition('/')[2]}: {what}": (path, text) for what, text in YAML.items()}
    return cases


def package_files(path: str, text: str) -> dict[str, str]:
    """Return the files of a package that contains a file, with the others needed to read it."""
    good = {
        CURATED: "calibs: calibs\n",
        f"{DEFECTS}.ecsv": defects_text({"INSTRUME": "cam"}, date="2024-01-01T00:00:00"),
    }
    return {
        **({CURATED: good[CURATED]} if path.startswith((DEFECTS, CROSSTALK)) and path != INPUTS else good),
        path: text,
    }
