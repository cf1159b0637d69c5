"""A coverage-guided fuzzer on one reader, with atheris.

    python fuzz/run.py yaml build/fuzz/yaml tests/data/fuzz/yaml -max_total_time=600

The arguments after the reader's name are libFuzzer's: the directory where what it finds is kept, more directories
to start from, options. Time and memory of an input are limited as the project promises for a file below 1 MB.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["curated"]):
    from curated.registry import all_types
    from readers import READERS

    all_types()


def main() -> None:
    """Fuzz the reader that the first argument names."""
    program, name, *rest = sys.argv
    atheris.Setup([program, "-timeout=10", "-rss_limit_mb=1000", *rest], READERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
