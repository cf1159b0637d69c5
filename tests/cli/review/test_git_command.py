"""``curated git``: git itself shows what changes do, whatever the names of directories, and curated's own git does not."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from astropy.io import fits
from click.testing import CliRunner

from conftest import AUTHOR, EMAIL, GitPackage, MakePackage
from curated.bundle.builder import build_bundle
from curated.cli.main import cli
from curated.package.package import open_package
from support.changes import EPOCHS, OLD, check, version
from support.packages import read_tree
from support.programs import run_curated

NO_PATH = {"PATH": "/usr/bin:/bin"}
"""A search path without curated."""


@pytest.fixture
def installed(make_package: MakePackage) -> GitPackage:
    """A package in a directory with blanks and quotes, in whose clone the driver is installed."""
    package = make_package({f"my 'data'/{path}": text for path, text in EPOCHS.items()}, name='a "b" c')
    directory = package.path / "my 'data'"
    package.git("config", "user.name", AUTHOR)
    package.git("config", "user.email", EMAIL)
    done = run_curated("git", "install", cwd=directory)
    assert (done.returncode, done.stderr) == (0, "")
    return package


def test_git_diff_log_and_show(installed: GitPackage) -> None:
    path = f"my 'data'/{OLD}"
    installed.write({path: version(OLD, x0=3)})
    effects = ["  pixels_gained +8 pix", "  pixels_lost +8 pix", "  differs in x0"]
    assert installed.git("diff", **NO_PATH).split("\n") == [f"diff --curated a/{path} b/{path}", *effects]
    # git's own patches stay patches.
    patch = installed.git("diff", "--no-ext-diff", "--no-textconv", **NO_PATH)
    assert "-1 2 3 4\n+3 2 3 4" in patch
    installed.commit()
    for command in (["log", "-p", "-1"], ["show"], ["diff", "--no-ext-diff", "HEAD~"]):
        text = installed.git(*command, "--", "*.ecsv", **NO_PATH)
        assert "-  x0 (pix): 1\n+  x0 (pix): 3" in text, command
    assert "-1 2 3 4\n+3 2 3 4" in installed.git("format-patch", "--stdout", "-1", **NO_PATH)
    # The cache is of use only for the program that made it.
    assert installed.git("rev-parse", "refs/notes/textconv/curated")
    assert installed.git("add", "-p", "--", path, **NO_PATH) in ("", "No changes.")


def test_without_an_identity_git_caches_nothing_and_does_not_fail(make_package: MakePackage) -> None:
    package = make_package(EPOCHS)
    package.git("config", "user.useConfigOnly", "true")
    done = run_curated("git", "install", cwd=package.path)
    assert (done.returncode, done.stderr.partition(",")[0]) == (0, "git caches nothing")
    assert "+  x0 (pix): 1" in package.git("log", "-p", **NO_PATH)


def test_uninstall_leaves_everything_as_it_was(
    make_package: MakePackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = make_package(EPOCHS)
    before = read_tree(package.path / ".git")
    monkeypatch.chdir(package.path)
    for options in ([], ["--private"]):
        for command in (["install", *options], ["install", *options], ["uninstall"], ["uninstall"]):
            done = CliRunner().invoke(cli, ["git", *command], catch_exceptions=False)
            assert done.exit_code == 0, done.output
        assert done.output == "nothing to do\n"
        assert read_tree(package.path / ".git") == before
        assert package.git("status", "--short") == ""


def test_added_deleted_and_broken_files(installed: GitPackage) -> None:
    base = "my 'data'/"
    broken, added = (
        f"{base}{OLD.replace('2020', '2025')}",
        f"{base}{OLD.replace('d00', 'd01').replace('2020', '2024')}",
    )
    image = f"{base}calibs/lab/bias/d00/20200101T000000.fits"
    (installed.path / image).parent.mkdir(parents=True)
    fits.PrimaryHDU().writeto(installed.path / image)
    installed.write({broken: b"\xff\0broken", added: version(OLD, detector=1), f"{base}{OLD}": None})
    installed.git("add", "--all")
    text = installed.git("diff", "--cached", "--no-renames", **NO_PATH)
    assert "deleted file mode 100644\n  pixels_lost +12 pix" in text
    assert "new file mode 100644\n  pixels_gained +12 pix" in text
    assert "HDU 0 PRIMARY" in text
    assert "broken" in text
    installed.commit()
    assert "broken" in installed.git("log", "-p", "-1", "--", broken, **NO_PATH)


def test_modules_of_the_repository_are_not_imported(installed: GitPackage) -> None:
    evil = "import pathlib; pathlib.Path('ran').touch()\n"
    installed.write({f"{name}.py": evil for name in ("yaml", "numpy", "click", "sitecustomize")})
    installed.write({"curated/__init__.py": evil, f"my 'data'/{OLD}": version(OLD, x0=3)})
    assert "pixels_gained" in installed.git("diff", **NO_PATH)
    assert not (installed.path / "ran").exists()


def test_own_use_of_git_runs_no_driver(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({**EPOCHS, ".gitattributes": "* diff=curated\n"})
    trap = f"{shlex.quote(sys.executable)} -c 'open({str(tmp_path / 'ran')!r}, \"w\")'".replace("'", '"')
    for key in ("command", "textconv"):
        package.git("config", f"diff.curated.{key}", f"touch {tmp_path}/ran #{trap}")
    package.commit({OLD: version(OLD, x0=3)})
    package.write({OLD: version(OLD, x0=5)})
    check(package, "HEAD~")
    for arguments in (["diff"], ["diff", "HEAD~", "HEAD"], ["check", "--since", "HEAD~"]):
        assert run_curated(*arguments, cwd=package.path).returncode in (0, 1)
    package.git("checkout", "--quiet", "--", ".")
    build_bundle(open_package(package.path), tmp_path / "bundle")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"SIMPLE  =", b"\0", b""])
def test_programs_of_git_never_fail(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "20200101T000000.fits"
    path.write_bytes(content)
    for arguments in (["textconv", "--program", "1", "--", str(path)], ["external-diff", "--", "a", "b"]):
        done = CliRunner().invoke(cli, ["git", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
