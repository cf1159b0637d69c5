"""``curated schema``."""

from __future__ import annotations

from pathlib import Path

import click

from curated.cli.context import Settings, echo, format_option, pass_settings, print_json

directory_option = click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the schemas are; 'schemas' beside the package's calibrations if not given.",
)


@click.group("schema")
def command() -> None:
    """Write or check the JSON Schemas of the text forms, which are generated from the types' declarations.

    \b
    Example:
      curated schema check
    """


def _schema_directory(settings: Settings, directory: Path | None) -> Path:
    return directory if directory is not None else settings.package().root / "schemas"


@command.command("write")
@directory_option
@click.option("--vscode", is_flag=True, help="Also name them in the package's .vscode/settings.json.")
@format_option()
@pass_settings
def write(settings: Settings, directory: Path | None, vscode: bool, form: str) -> None:
    """Write the schema of every type, and those of curated.yaml, instrument.yaml and *.inputs.yaml.

    With --vscode, editors that use the YAML language server check and complete the package's YAML files by them.

    \b
    Examples:
      curated schema write --directory schemas
      curated schema write --vscode
    """
    from curated.schema import write_editor_settings, write_schemas

    target = _schema_directory(settings, directory)
    changed = write_schemas(target)
    editor = write_editor_settings(settings.package(), target) if vscode else []
    if form == "json":
        print_json("schema", directory=str(target), changed=[*changed, *editor])
        return
    for path in [*(target / name for name in changed), *editor]:
        echo(f"written {path}")
    echo(f"{len(changed)} changed in {target}")


@command.command("check")
@directory_option
@format_option()
@pass_settings
def check(settings: Settings, directory: Path | None, form: str) -> None:
    """Compare the committed schemas with the declarations; exit 1 if they differ.

    \b
    Example:
      curated schema check
    """
    from curated.schema import check_schemas

    target = _schema_directory(settings, directory)
    drifts = check_schemas(target)
    if form == "json":
        print_json(
            "schema", directory=str(target), failed=bool(drifts), problems=[str(drift) for drift in drifts]
        )
    else:
        for drift in drifts:
            echo(str(drift))
        if not drifts:
            echo(f"all schemas in {target} are those of the declarations")
    raise SystemExit(1 if drifts else 0)
