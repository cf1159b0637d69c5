"""``python -m curated.docs`` writes the reference pages, or compares them with the declarations."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from curated.core.diagnostic import CuratedError
from curated.docs import check_docs, write_docs


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or compare the pages, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m curated.docs", description=__doc__)
    parser.add_argument("directory", nargs="?", default="docs", help="where the pages are (docs)")
    parser.add_argument("--check", action="store_true", help="say what differs, and write nothing")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            lines = [str(drift) for drift in check_docs(options.directory)]
        else:
            lines = write_docs(options.directory)
    except CuratedError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if options.check and lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
