"""``python -m curated`` is the command."""

from curated.cli.main import main

main()
