"""Run a coverage-guided fuzzer (atheris) on one reader.

    python fuzz/run.py yaml build/fuzz/yaml tests/data/fuzz/yaml -max_total_time=600

The arguments after the name of the reader are those of libFuzzer: the directory for new inputs, further directories with
inputs to start from, options. An input must not exceed the time and memory that the project guarantees for files below 1 MB.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["curated"]):
    from curated.registry import all_types
    from readers import READERS

    all_types()


def main() -> None:
    """Fuzz the reader given by the first argument."""
    program, name, *rest = sys.argv
    atheris.Setup([program, "-timeout=10", "-rss_limit_mb=1000", *rest], READERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
