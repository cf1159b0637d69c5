"""``curated deprecate``: text, JSON and usage."""

from __future__ import annotations

import pytest

from conftest import GitPackage, MakePackage
from support.packages import answer, defects, place, run_curated

OPTIONS = ("--by", "Ada", "--reason", "Light leak", "--cover", "hole", "--date", "2024-05-06")


@pytest.fixture
def package(git_package: MakePackage) -> GitPackage:
    return git_package({"curated.yaml": "", place(): defects()})


def test_text_json_and_undo(package: GitPackage) -> None:
    before = (package.path / place()).read_bytes()
    dry = run_curated("deprecate", place(), *OPTIONS, "--dry-run", cwd=package.path)
    assert (dry.returncode, f"{place()}: would be deprecated\n" in dry.stdout) == (0, True)
    assert (package.path / place()).read_bytes() == before
    done = run_curated("deprecate", place(), *OPTIONS, cwd=package.path)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"{place()}: deprecated",
        f"lab/defects/d00 from 2020-01-01T00:00:00 to open UTC: nothing instead of {place()}",
        f"to undo: curated deprecate --undo {place()}",
    ]
    value = answer(run_curated("deprecate", "--undo", place(), "--format", "json", cwd=package.path))
    assert (value["failed"], value["mark"], value["files"]) == (
        False,
        None,
        [{"path": place(), "changed": True}],
    )
    assert value["effects"][0]["now"] == place()
    assert (package.path / place()).read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (OPTIONS[2:], "--by is missing"),
        (OPTIONS[:4], "--cover is missing: 'previous' or 'hole'"),
        ((*OPTIONS[:-1], "yesterday"), "DEPRECATED_DATE is 'yesterday', not a day or a date-time"),
        ((*OPTIONS, "--reason", "two\nlines"), "--reason is not one line of text"),
        (("--undo", "--by", "Ada"), "--undo takes no --by"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_options(package: GitPackage, options: tuple[str, ...], message: str) -> None:
    done = run_curated("deprecate", place(), *options, cwd=package.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
