"""``curated scrub``: text, JSON and exit statuses."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from curated.butler import import_bundle
from curated.butler.repository.records import DIRECTORY
from support.packages import ROOT
from support.pages import environment_with_curated
from support.programs import printed_json, run_curated
from support.repositories import make_bundle
from support.tampering import flip_byte, stored_files


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    assert import_bundle(make_bundle(tmp_path / "bundle"), str(tmp_path / "repo")).ok
    return tmp_path / "repo"


def test_clean_damaged_and_not_covered(repo: Path) -> None:
    done = run_curated("scrub", repo)
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 files and 6 certifications compared" in done.stdout
    assert done.stdout.endswith(f"clean: {repo}\n")
    damaged = stored_files(repo)[0]
    flip_byte(damaged, random.Random(1))
    done = run_curated("scrub", repo)
    assert done.returncode == 1
    assert f"{damaged}: error CAL690 its SHA-256 is not that of its import" in done.stderr
    assert done.stdout.endswith(f"1 error in {repo}\n")
    options = ("--format", "json", "--sample", "50", "--seed")
    values = [printed_json(run_curated("scrub", repo, *options, seed)) for seed in "01"]
    assert {value["format"] for value in values} == {"curated-scrub"}
    assert sum(value["files"] for value in values) == 6
    assert all((value["complete"], value["selected_of"]) == (True, 6) for value in values)


def test_uncovered_is_not_clean(repo: Path) -> None:
    shutil.rmtree(repo / DIRECTORY)
    done = run_curated("scrub", repo, "--bundle", repo.parent / "bundle", "--allow-uncovered")
    assert done.returncode == 0
    assert "no record covers the order of this chain" in done.stderr
    done = run_curated("scrub", repo)
    assert done.returncode == 1
    assert "not covered: 6 datasets" in done.stdout
    assert "clean: " not in done.stdout


def test_usage(repo: Path, tmp_path: Path) -> None:
    for options in (
        ["--sample", "0"],
        ["--sample", "101"],
        ["--seed", "-1"],
        ["--bundle", str(tmp_path / "x")],
    ):
        assert run_curated("scrub", repo, *options).returncode == 2
    assert run_curated("scrub", tmp_path / "absent").returncode == 2
    assert run_curated("scrub", repo, "--signer", "a@x").returncode == 2


def test_a_repository_with_classes_of_others(repo: Path) -> None:
    config = repo / "butler.yaml"
    config.write_text(f"{config.read_text()}\n  formatters:\n    raw: obs_lab.formatters.Thing\n")
    done = run_curated("scrub", repo)
    assert done.returncode == 2
    assert "--allow-class" in done.stderr
    assert run_curated("scrub", repo, "--allow-class", "obs_lab").returncode == 0


def test_the_line_of_cron(repo: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs/operate.md").read_text("utf-8")
    command = next(line for line in page.splitlines() if line.startswith("    17 3 * * * ")).split(
        maxsplit=5
    )[5]
    # Cron replaces "\\%" before it calls the shell. Signers are left out, since nobody signed this release.
    command = (
        command.replace("\\%", "%").replace("/repo/main", str(repo)).replace("--sample 5", "--sample 100")
    )
    command = command.replace("--allowed-signers /etc/curated/signers", "")
    (tmp_path / "bin").mkdir()
    options = {"capture_output": True, "text": True, "env": environment_with_curated(tmp_path / "bin")}
    done = subprocess.run(["/bin/sh", "-c", command], check=False, **options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    flip_byte(stored_files(repo)[0], random.Random(1))
    done = subprocess.run(["/bin/sh", "-c", command], check=False, **options)
    assert (done.returncode, done.stdout, done.stderr.count("CAL690")) == (1, "", 1)
