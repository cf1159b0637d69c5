"""Hostile FITS files: each is read or refused, within limits of memory and time, and never fails otherwise."""

from __future__ import annotations

import gzip
import io
import json
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

MEMORY = 1_250_000_000
"""Bytes of address space."""

KEYWORDS = (
    "OBSTYPE = 'defects '",
    "INSTRUME= 'cam     '",
    "DETECTOR=                    0",
    "CALIBDATE= '2024-01-01'",
)
_ROWS = np.arange(8, dtype=">i8").tobytes()


def header(*cards: str) -> bytes:
    text = b"".join(card[:80].ljust(80).encode("latin-1") for card in (*cards, "END"))
    return text + b" " * (-len(text) % 2880)


def primary(*more: str) -> bytes:
    return header(
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        *more,
    )


def table(
    *more: str,
    width: object = 32,
    rows: object = 2,
    heap: object = 0,
    forms: tuple[str, ...] = ("K",) * 4,
    data: bytes = _ROWS,
) -> bytes:
    cards = ["XTENSION= 'BINTABLE'", "BITPIX  =                    8", "NAXIS   =                    2", f"NAXIS1  = {width}",
             f"NAXIS2  = {rows}", f"PCOUNT  = {heap}", "GCOUNT  =                    1", f"TFIELDS = {len(forms)}"]  # fmt: skip
    names = ("x0", "y0", "width", "height")
    for i, form in enumerate(forms):
        cards += [f"TTYPE{i + 1}  = '{names[i]}'", f"TFORM{i + 1}  = '{form}'"]
    return header(*cards, *more, *KEYWORDS) + data + b"\0" * (-len(data) % 2880)


def descriptor(count: int, offset: int) -> bytes:
    return np.array([count, offset], ">i4").tobytes() + b"\0" * 16


def cases() -> dict[str, bytes]:
    """Return hostile files by what is wrong with them."""
    good = primary() + table()
    files = {
        "good": good,
        "nothing": b"",
        "text": b"hello",
        "zeros": bytes(5760),
        "no end": b"SIMPLE  =                    T".ljust(80) * 10_000,
    }
    for number in ("1000000000", "1000000000000000000", "9223372036854775808", "-1", "1E9", "'a'", "T"):
        files |= {f"rows {number}": primary() + table(rows=number), f"width {number}": primary() + table(width=number),
                  f"heap {number}": primary() + table(heap=number), f"fields {number}": good.replace(b"TFIELDS = 4", f"TFIELDS = {number}".encode())[: len(good)]}  # fmt: skip
    for form in (
        "999999999PD",
        "999999999D",
        "1QD(9999999999)",
        "PD(2)",
        "0D",
        "-1D",
        "Z",
        "999999999999999999A",
        "9999999X",
        "QA(-1)",
        "",
    ):
        files[f"form {form}"] = primary() + table(forms=(form, "K", "K", "K"))
    for count, offset in ((2**31 - 1, 0), (2, 2**31 - 1), (-1, -1), (250_000_000, 0)):
        files[f"heap at {count} {offset}"] = primary() + table(
            width=8, rows=1, heap=16, forms=("PD(2)",), data=descriptor(count, offset)
        )
    for size in (10**6, 2**40):
        cards = (
            "ZIMAGE  = T",
            "ZBITPIX = -32",
            "ZNAXIS  = 2",
            f"ZNAXIS1 = {size}",
            f"ZNAXIS2 = {size}",
            f"ZTILE1  = {size}",
            f"ZTILE2  = {size}",
            "ZCMPTYPE= 'GZIP_1  '",
        )
        files[f"tiles {size}"] = primary() + table(
            *cards, width=8, rows=1, heap=16, forms=("1PB(16)",), data=descriptor(16, 0)
        )
    files["continued"] = primary("SOURCE  = 'a&'", *["CONTINUE  'b&'"] * 2000) + table()
    files["continued from nothing"] = primary("CONTINUE  'b&'") + table()
    files["bytes beyond ASCII"] = primary("SOURCE  = 'caf\xe9'") + table("SOURCE  = '\x80\xff'")
    files["escape sequences"] = primary("SOURCE  = '\x1b[31m\x07'") + table("SOURCE  = '\x1b[31m'")
    files["names"] = primary("HIERARCH a.b.c = 'x: 1'", "HIERARCH = = =") + table("TDIM1   = '(99999,99999)'")
    files["numbers"] = primary("DETECTOR= " + "9" * 60) + table(
        "DETECTOR= (1,2)", "TNULL1  = 'x'", "TSCAL1  = 1E400"
    )
    files["axes"] = header(
        "SIMPLE  = T", "BITPIX  = -32", "NAXIS   = 999", *(f"NAXIS{i} = 1000" for i in range(1, 1000))
    )
    files["groups"] = header(
        "SIMPLE  = T",
        "BITPIX  = 8",
        "NAXIS   = 2",
        "NAXIS1  = 0",
        "NAXIS2  = 5",
        "GROUPS  = T",
        "PCOUNT  = 1000000000",
        "GCOUNT  = 1000000000",
    )
    files |= {f"cut at {size}": good[:size] for size in (1, 79, 80, 2879, 2881, 5760, 6000)}
    files["gzip"] = gzip.compress(good)
    files["a gzip bomb"] = gzip.compress(bytes(30_000_000))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.fits", bytes(30_000_000))
    files["a zip bomb"] = stream.getvalue()
    return files


_PROGRAM = """
import json, sys, time, warnings
from curated.core.diagnostic import CuratedError
from curated.image.reader import read_image
from curated.registry import get_type
warnings.simplefilter("ignore")
results = {}
for path in sys.argv[1:]:
    start = time.process_time()
    try:
        result = "read" if get_type("defects").readFits(path) else ""
    except CuratedError as error:
        result = "refused"
    read_image(path)
    results[path] = [result, time.process_time() - start]
print(json.dumps(results))
"""


def test_hostile_files(tmp_path: Path) -> None:
    names = {}
    for i, (name, data) in enumerate(cases().items()):
        path = tmp_path / f"{i}.fits"
        path.write_bytes(data)
        names[str(path)] = name
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = {names[path]: result for path, result in json.loads(done.stdout).items()}
    assert len(results) > 60
    assert results["good"][0] == "read"
    assert {
        results[name][0]
        for name in ("nothing", "text", "gzip", "a gzip bomb", "a zip bomb", "no end", "axes")
    } == {"refused"}
    assert all(seconds < 10 for _, seconds in results.values()), results
