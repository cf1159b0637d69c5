"""``curated explain``."""

from __future__ import annotations

import click

from curated.cli.context import Settings, echo, format_option, pass_settings, print_json
from curated.core.codes import CODES, FAMILIES
from curated.core.diagnostic import CuratedError


@click.command("explain")
@click.argument("code", required=False)
@format_option()
@pass_settings
def command(settings: Settings, code: str | None, form: str) -> None:
    """Explain CODE: what is wrong, why it matters, how to mend it; without one, list all codes.

    \b
    Examples:
      curated explain CAL301
      curated explain
    """
    if code is None:
        rows = list(CODES.values())
    elif code.upper() in CODES:
        rows = [CODES[code.upper()]]
    else:
        number = "".join(character for character in code.upper().replace("O", "0") if character.isdigit())
        question = f"did you mean CAL{number}? " if f"CAL{number}" in CODES else ""
        raise CuratedError(f"there is no code {code!r}", f"{question}'curated explain' lists them")
    if form == "json":
        print_json("codes", codes=[{k: str(getattr(r, k)) for k in r.__slots__} for r in rows])
        return
    if code is not None:
        row = rows[0]
        echo(f"{row.code} ({row.severity}): {row.title}", "")
        echo(f"Why it matters: {row.why}", f"How to mend it: {row.hint}")
        echo(f"Family: {FAMILIES[row.code[3]]}")
        return
    family = ""
    for row in rows:
        if row.code[3] != family:
            family = row.code[3]
            echo("", f"{FAMILIES[family]}:")
        echo(f"  {row.code} {row.severity:8s} {row.title}")
