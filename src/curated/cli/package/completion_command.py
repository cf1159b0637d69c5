"""``curated completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what a SHELL needs to complete curated's commands and options.

    \b
    Example, in ~/.bashrc:
      eval "$(curated completion bash)"
    """
    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"{shell} has no completion")
    click.echo(completion(ctx.find_root().command, {}, "curated", "_CURATED_COMPLETE").source())
