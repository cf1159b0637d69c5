"""Values that a shell completes: instruments, types, detectors, filters, codes and releases.

The root command attaches them to options and arguments by their names while a shell asks, so that no command declares
them and none of this costs time otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

Values = Callable[[click.Context], Iterable[str]]
"""A function that returns the values of an option or argument, given those that were typed before."""


def attach_values(command: click.Command) -> None:
    """Let the parameters of a command offer the values that a package has."""
    for parameter in command.params:
        names = (f"{command.name} {parameter.name}", *parameter.opts, str(parameter.name))
        values = next((VALUES[name] for name in names if name in VALUES), None)
        if values is not None:
            parameter.shell_complete = _completer(values)  # type: ignore[method-assign, assignment]


def _completer(values: Values) -> Callable[[click.Context, str], list[CompletionItem]]:
    def complete(context: click.Context, incomplete: str) -> list[CompletionItem]:
        try:
            names = list(values(context))
        except Exception:  # noqa: BLE001 - whatever fails, a shell must not show it in the middle of a line
            return []
        start = incomplete.lower()
        return [CompletionItem(name) for name in dict.fromkeys(names) if name.lower().startswith(start)]

    return complete


def _keys(context: click.Context) -> list[Any]:
    """Return the keys of the calibrations that agree with the instrument and the type that were typed."""
    from curated.package.package import open_package

    files = open_package(str(context.find_root().params.get("directory") or ".")).layout.files
    words = [str(word) for word in _typed(context)]
    keys = [file.key for file in files]
    for attribute, place in (("instrument", 0), ("type", 1)):
        if len(words) > place:
            agreeing = [key for key in keys if getattr(key, attribute).lower() == words[place].lower()]
            keys = agreeing or keys
    return keys


def _typed(context: click.Context) -> list[Any]:
    """Return the instrument and the type that were typed, as far as they were."""
    values = context.params
    if isinstance(values.get("words"), (tuple, list)):
        return list(values["words"])
    names = [values.get("instrument"), values.get("type_name") or values.get("kind")]
    names = [name[0] if isinstance(name, (tuple, list)) and name else name for name in names]
    return [name for name in names if name and isinstance(name, str)]


def _instruments(context: click.Context) -> list[str]:
    from curated.package.package import open_package

    layout = open_package(str(context.find_root().params.get("directory") or ".")).layout
    return sorted({*layout.instruments, *(file.key.instrument for file in layout.files)})


def _types(context: click.Context) -> list[str]:
    """Return the types that the package has first, then all."""
    from curated.registry import all_types

    try:
        present = sorted({key.type for key in _keys(context)})
    except Exception:  # noqa: BLE001 - there may be no package
        present = []
    return [*present, *all_types()]


def _present_types(context: click.Context) -> list[str]:
    return sorted({key.type for key in _keys(context)})


def _instrument_then_type(context: click.Context) -> list[str]:
    words = _typed(context)
    return _instruments(context) if not words else _present_types(context) if len(words) == 1 else []


def _levels(attribute: str) -> Values:
    return lambda context: sorted({value for key in _keys(context) if (value := getattr(key, attribute))})


def _codes(_: click.Context) -> list[str]:
    from curated.core.codes import CODES

    return list(CODES)


def _releases(context: click.Context) -> list[str]:
    """Return the tags of the package's repository."""
    from pathlib import Path

    from curated.git.repository import all_tags, open_repository

    directory = Path(str(context.find_root().params.get("directory") or "."))
    return sorted(all_tags(open_repository(directory)))


VALUES: dict[str, Values] = {
    "--instrument": _instruments,
    "instrument": _instruments,
    "words": _instrument_then_type,
    "type_name": _present_types,
    "types name": _types,
    "--as": _types,
    "--type": _types,
    "--detector": _levels("detector"),
    "detector": _levels("detector"),
    "--filter": _levels("filter"),
    "code": _codes,
    "--as-of": _releases,
    "--since": _releases,
    "--rev": _releases,
    "--label": _releases,
    "revisions": _releases,
}
"""What completes the values, by the name of the option or argument."""
