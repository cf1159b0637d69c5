"""Options that have no effect without another one are errors that say so."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from conftest import MakePackage
from curated.cli.main import cli
from curated.cli.prerequisites import require_option
from support.changes import EPOCHS

PLOT, BETWEEN = "no effect without --plot", "no effect without --between"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("diff", "--plot-format", "svg"), f"--plot-format has {PLOT}"),
        (("diff", "--plot-format", "png"), f"--plot-format has {PLOT}"),
        (("diff", "--overwrite"), f"--overwrite has {PLOT}"),
        (("diff", "--format", "html", "--overwrite"), f"--overwrite has {PLOT}"),
        (("diff", "--plot-format", "svg", "--overwrite"), f"--plot-format and --overwrite have {PLOT}"),
        (("diff", "--between", "HEAD", "HEAD", "--overwrite"), f"--overwrite has {PLOT}"),
        (("diff", "--collection", "c"), f"--collection has {BETWEEN}"),
        (("diff", "--instrument", "a=b"), f"--instrument has {BETWEEN}"),
        (("diff", "--between", "HEAD", "HEAD", "--collection", "c"), "neither is a repository"),
        (("compare", "HEAD", "HEAD", "--collection", "c"), "neither is a repository"),
        (("compare", "HEAD", "HEAD", "--instrument", "a=b"), "neither is a repository"),
        (("fingerprint", ".", "--collection", "c"), "--collection"),
        (("fingerprint", ".", "--instrument", "a=b"), "--instrument"),
        (("log", "lab", "defects", "d00", "--band", "u"), f"--band has {PLOT}"),
        (("log", "lab", "defects", "d00", "--value", "x", "--amplifier", "a"), f"--amplifier have {PLOT}"),
        (("report", "--since", "HEAD", "-o", "r", "--column", "a=b"), "no effect without --exposures"),
        (("lookup", "lab", "--at", "2024-01-01", "--explain"), "--explain is for one product"),
    ],
)
def test_options_without_effect_are_refused(
    make_package: MakePackage, arguments: tuple[str, ...], message: str
) -> None:
    result = CliRunner().invoke(cli, ["-C", str(make_package(EPOCHS).path), *arguments])
    assert result.exit_code == 2
    assert message in result.output


@click.command()
@click.option("--plot")
@click.option("--at")
@click.option("--mjd")
@click.option("--form", default="png", envvar="FORM")
@click.option("--explain/--no-explain", default=False)
def example(**_: object) -> None:
    """Have options that need others."""
    require_option("--plot", "--form")
    require_option("--at or --mjd", "--explain", "--no-explain")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 0),
        (["--plot", "x", "--form", "svg"], 0),
        (["--form", "png"], 2),
        (["--mjd", "1", "--explain"], 0),
        (["--at", "1", "--no-explain"], 0),
        (["--no-explain"], 2),
    ],
)
def test_only_what_is_on_the_command_line_counts(arguments: list[str], code: int) -> None:
    assert CliRunner(env={"FORM": "svg"}).invoke(example, arguments).exit_code == code
