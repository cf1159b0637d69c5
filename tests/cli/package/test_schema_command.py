"""``curated schema``: write and check."""

from __future__ import annotations

from pathlib import Path

from conftest import GitPackage
from support.programs import printed_json, run_curated


def test_schemas(tmp_path: Path, demo: GitPackage) -> None:
    directory = tmp_path / "schemas"
    assert run_curated("schema", "write", "--directory", directory).returncode == 0
    done = run_curated("schema", "check", "--directory", directory, "--format", "json")
    assert (done.returncode, printed_json(done)["problems"]) == (0, [])
    victim = next(directory.glob("defects-*.json"))
    victim.write_text("{}")
    done = run_curated("schema", "check", "--directory", directory)
    assert (done.returncode, victim.name in done.stdout) == (1, True)
    root = Path(__file__).parents[3]
    assert run_curated("schema", "check", cwd=root).returncode == 0
