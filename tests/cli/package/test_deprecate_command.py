"""``curated deprecate``: text, JSON and usage."""

from __future__ import annotations

import pytest

from conftest import GitPackage, MakePackage
from support.packages import defects_path, defects_text
from support.programs import printed_json, run_curated

OPTIONS = ("--by", "Ada", "--reason", "Light leak", "--cover", "hole", "--date", "2024-05-06")


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package({"curated.yaml": "", defects_path(): defects_text()})


def test_text_json_and_undo(package: GitPackage) -> None:
    before = (package.path / defects_path()).read_bytes()
    dry = run_curated("deprecate", defects_path(), *OPTIONS, "--dry-run", cwd=package.path)
    assert (dry.returncode, f"{defects_path()}: would be deprecated\n" in dry.stdout) == (0, True)
    assert (package.path / defects_path()).read_bytes() == before
    done = run_curated("deprecate", defects_path(), *OPTIONS, cwd=package.path)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"{defects_path()}: deprecated",
        f"lab/defects/d00 from 2020-01-01T00:00:00 to open UTC: nothing instead of {defects_path()}",
        f"to undo: curated deprecate --undo {defects_path()}",
    ]
    value = printed_json(
        run_curated("deprecate", "--undo", defects_path(), "--format", "json", cwd=package.path)
    )
    assert (value["failed"], value["mark"], value["files"]) == (
        False,
        None,
        [{"path": defects_path(), "changed": True}],
    )
    assert value["effects"][0]["now"] == defects_path()
    assert (package.path / defects_path()).read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (OPTIONS[2:], "--by is missing"),
        (OPTIONS[:4], "--cover is missing: 'previous' or 'hole'"),
        ((*OPTIONS[:-1], "yesterday"), "DEPRECATED_DATE is 'yesterday', not a day or a date-time"),
        ((*OPTIONS[:2], "--reason", "two\nlines", *OPTIONS[4:]), "--reason is not one line of text"),
        (("--undo", "--by", "Ada"), "--undo takes no --by"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_options(package: GitPackage, options: tuple[str, ...], message: str) -> None:
    done = run_curated("deprecate", defects_path(), *options, cwd=package.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
