"""``curated completion``: scripts, and what they complete."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.cli.main import COMMANDS
from support.packages import defects_path, defects_text
from support.preloaded import shared_programs
from support.programs import run_curated


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, tmp_path: Path) -> None:
    done = run_curated("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    script = tmp_path / "script"
    script.write_text(done.stdout)
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n", script], check=True)


def complete(words: str) -> list[str]:
    """What bash offers for the last of the words, by the script and the command."""
    listed = words.split(" ")
    script = (
        f'eval "$(curated completion bash)"\nCOMP_WORDS=({" ".join(listed)!s} {chr(34) * 2 if not listed[-1] else ""})\n'
        f"COMP_CWORD={len(listed) - 1}\n_curated_completion curated {listed[-1] or chr(34) * 2}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=shared_programs().environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_completion_completes() -> None:
    assert complete("curated ch") == ["check"]
    assert set(complete("curated ")) == set(COMMANDS)
    assert complete("curated schema w") == ["write"]
    assert "--no-cache" in complete("curated check --n")
    assert complete("curated check --format g") == ["github"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("curated lookup ", {"demo"}),
        ("curated lookup demo def", {"defects"}),
        ("curated lookup demo defects --detector ", {"d00", "d01"}),
        ("curated lookup demo defects --detector D0", {"d00", "d01"}),
        ("curated explain CAL36", {f"CAL36{n}" for n in (0, 1, 2, 4, 5, 6, 7, 8, 9)}),
        ("curated types cross", {"crosstalk"}),
        ("curated bundle out --instrument d", {"demo"}),
        ("curated check --since v", {"v1"}),
        ("curated log demo ", {"defects"}),
    ],
)
def test_completion_of_values(
    words: str, offered: set[str], make_package: MakePackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"curated.yaml": "", defects_path(0): defects_text(), defects_path(1): defects_text()}
    package = make_package({path.replace("/lab/", "/demo/"): text for path, text in files.items()})
    package.git("tag", "v1")
    monkeypatch.chdir(package.path)
    assert set(complete(words)) >= offered
    if "--since" not in words:
        assert set(complete(words)) <= offered | {"CAL363"}


def test_completion_outside_of_a_package_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert complete("curated lookup ") == []


def test_names_that_may_be_meant() -> None:
    for words, part in ((("chek",), "Did you mean 'check'?"), (("verify_bundle",), "'verify-bundle'"), (("xyz",), "No such command 'xyz'.\n"),
                        (("explain", "cal3O1"), "did you mean CAL301?"), (("explain", "CAL999"), "'curated explain' lists them")):  # fmt: skip
        done = run_curated(*words)
        assert (done.returncode, part in done.stderr) == (2, True), done.stderr
