"""``python -m curated`` is the command."""

import sys

if sys.argv[1:3] == ["git", "external-diff"]:
    from curated.cli.relay import ask_helper

    if ask_helper(sys.argv[1:]):
        sys.exit(0)

from curated.cli.main import main

main()
