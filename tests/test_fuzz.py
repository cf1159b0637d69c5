"""Run the recorded inputs of the fuzzers, and where atheris is installed, a few seconds of fuzzing."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from readers import READERS
from support.packages import ROOT
from support.texts import FULL

SEEDS = Path(__file__).parent / "data" / "fuzz"
INPUTS = sorted(path for path in SEEDS.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", READERS)
def test_recorded_inputs(name: str) -> None:
    inputs = [path for path in INPUTS if path.parent.name == name]
    assert len(inputs) >= 10
    for path in inputs:
        READERS[name](path.read_bytes())


def test_recorded_inputs_are_few_and_small() -> None:
    assert {path.parent.name for path in INPUTS} == READERS.keys()
    assert len(INPUTS) < 260
    assert sum(path.stat().st_size for path in INPUTS) < 300_000


def test_an_exception_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import readers

    good = b"aname: Cam\n"
    readers.read_settings(good)
    monkeypatch.setattr(readers, "parse_instrument", lambda tree, _: tree["detectors"])
    with pytest.raises(KeyError):
        readers.read_settings(good)


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="needs atheris, which Linux on x86-64 has"
)
@pytest.mark.parametrize("name", READERS if FULL else ["yaml"])
def test_a_short_run(name: str, tmp_path: Path) -> None:
    (tmp_path / "found").mkdir()
    shutil.copytree(SEEDS / name, tmp_path / "seeds")
    command = [sys.executable, ROOT / "fuzz" / "run.py", name, tmp_path / "found", tmp_path / "seeds"]
    options = ["-max_total_time=2", "-seed=1", "-max_len=2000", f"-artifact_prefix={tmp_path}/"]
    # The fuzzer measures the most memory that its process had, and a process begins with that of whichever started it:
    # this one may have had more than the limit. So a shell, which is small, starts a process of its own for it.
    shell = ["sh", "-c", '"$@"; exit "$?"', "sh"]
    process = subprocess.run(
        [*shell, *command, *options], capture_output=True, text=True, check=False, timeout=120
    )
    assert process.returncode == 0, process.stderr[-3000:]
    assert "Done " in process.stderr
