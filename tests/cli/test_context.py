"""What commands share: paths of the command line, JSON, progress and remarks."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from curated.cli.context import (
    JSON_VERSION,
    SectionedCommand,
    Settings,
    echo,
    package_paths,
    print_json,
    selected_paths,
)
from curated.package.package import Package, open_package
from source_tree import SOURCE
from support.findings import assert_harmless, hostile
from support.packages import defects_path, defects_text


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    (tmp_path / defects_path()).parent.mkdir(parents=True)
    (tmp_path / defects_path()).write_text(defects_text())
    (tmp_path / "curated.yaml").write_text("")
    monkeypatch.chdir(tmp_path.parent)
    return open_package(tmp_path)


def test_paths_are_in_the_current_directory_that_of_the_option_or_the_package(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = package.root
    for path in (
        str(root / defects_path()),
        f"{root.name}/{defects_path()}",
        defects_path(),
        f"calibs/../{defects_path()}",
    ):
        assert package_paths(package, str(root), (path,)) == [defects_path()]
    assert package_paths(package, str(root / "calibs"), ("lab/defects",)) == ["calibs/lab/defects"]
    monkeypatch.chdir((root / defects_path()).parent)
    assert package_paths(package, ".", (Path(defects_path()).name, ".")) == [
        defects_path(),
        str(Path(defects_path()).parent),
    ]


def test_the_package_selects_everything(package: Package) -> None:
    root = str(package.root)
    assert package_paths(package, root, (root, defects_path())) == ["", defects_path()]
    assert selected_paths(package, root, (root, defects_path())) == []
    assert selected_paths(package, root, (defects_path(),)) == [defects_path()]
    assert selected_paths(package, root, ()) == []


def test_paths_that_are_not_there(package: Package) -> None:
    for path, message in (("none", "none does not exist"), ("/etc/hostname", "is not in the package")):
        with pytest.raises(click.UsageError, match=message):
            package_paths(package, str(package.root), (path,))
    assert package_paths(package, str(package.root), (defects_path(7),), deleted=True) == [defects_path(7)]
    with pytest.raises(click.UsageError, match="is not in the package"):
        package_paths(package, str(package.root), ("../gone",), deleted=True)


def test_a_link_is_itself(package: Package) -> None:
    link = package.root / "calibs/lab/defects/d00/20210101T000000.ecsv"
    link.symlink_to("/etc/hostname")
    assert package_paths(package, ".", (str(link),)) == ["calibs/lab/defects/d00/20210101T000000.ecsv"]


def test_json_has_a_format_and_a_version(capsys: pytest.CaptureFixture[str]) -> None:
    print_json("thing", name="\x1b[31m", count=1)
    output = capsys.readouterr().out
    assert "\x1b" not in output
    assert json.loads(output) == {
        "format": "curated-thing",
        "version": JSON_VERSION,
        "name": "\x1b[31m",
        "count": 1,
    }


def test_remarks_and_progress(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet in (True, False):
        settings = Settings(".", quiet, verbose=False)
        settings.remark("a remark")
        with settings.progress("working") as progress:
            assert progress is None, "there is no terminal"
    assert (capsys.readouterr()) == ("", "a remark\n")


def test_all_output_goes_through_one_function() -> None:
    # Completion is a program for the shell, made of names of options.
    exceptions = {SOURCE / "cli/context.py", SOURCE / "cli/package/completion_command.py"}
    writers = re.compile(
        r"click\.(?:s?echo|secho|echo_via_pager)\(|(?<![\w.])print\(|sys\.std(?:out|err)\.write"
    )
    lines = [
        f"{path}: {line}"
        for path in sorted((SOURCE / "cli").rglob("*.py"))
        if path not in exceptions
        for line in path.read_text(encoding="utf-8").splitlines()
        if writers.search(line)
    ]
    assert lines == []


@given(st.lists(hostile | st.text(), min_size=1))
def test_output_is_harmless(lines: list[str]) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        echo(*lines)
    assert_harmless(stdout.getvalue())
    assert stdout.getvalue().count("\n") == len(lines)


SECTIONED = ["repository.import", "release.publish"]


@pytest.mark.parametrize("name", SECTIONED)
def test_sections_name_options_of_the_command_once(name: str) -> None:
    command = importlib.import_module(f"curated.cli.{name}_command").command
    names = [name for group in command.sections.values() for name in group]
    assert len(names) == len(set(names))
    assert set(names) <= {p.name for p in command.params if isinstance(p, click.Option)}


@pytest.mark.parametrize("name", SECTIONED)
def test_every_option_is_listed_once(name: str) -> None:
    command = importlib.import_module(f"curated.cli.{name}_command").command
    lines = CliRunner().invoke(command, ["--help"]).output.splitlines()
    # How help is spelled depends on the group, which may have been loaded.
    starts = [
        line.split()[0].rstrip(",") for line in lines if line.startswith("  -") and "--help" not in line
    ]
    options = [p for p in command.params if isinstance(p, click.Option)]
    names = [p.opts[0] if len(p.opts) < 2 else "-j" for p in options if "--help" not in p.opts]
    assert sorted(starts) == sorted(names)


def test_what_is_in_no_section_comes_first_and_an_empty_section_not_at_all() -> None:
    options = [click.Option([f"--{name}"], help=name, hidden=name == "d") for name in "abcd"]
    options.append(click.Argument(["repo"]))
    command = SectionedCommand("x", params=options, sections={"Files": ["c", "a"], "Nothing": ["d"]})
    assert CliRunner().invoke(command, ["--help"]).output.splitlines()[2:] == [
        "Options:",
        "  --b TEXT  b",
        "  --help    Show this message and exit.",
        "",
        "Files:",
        "  --c TEXT  c",
        "  --a TEXT  a",
    ]
