"""Programs that the tests run: `curated`, and Python with Butler, in processes that begin after their imports."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from support import forks

# Of linux/prctl.h and linux/capability.h.
_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


def without_override() -> None:
    """Let permissions hold for root as well, in a process that is about to start a program.

    Another user may not be able to reach the Python of root.
    """
    if os.geteuid() == 0:
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            assert ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0


def check_without_override(root: Path, *options: str) -> list[dict[str, Any]]:
    """The findings of a check for which permissions hold."""
    line = [sys.executable, "-m", "curated", "-C", str(root), "check", "--format", "json", *options]
    done = subprocess.run(line, preexec_fn=without_override, capture_output=True, text=True, check=False)
    assert (done.returncode in (0, 1), done.stderr) == (True, "")
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return findings


@cache
def server(what: str) -> str:
    """The socket of a server of `forks`, which ends with this process."""
    directory = tempfile.mkdtemp(prefix="curated-")
    path = os.path.join(directory, "socket")
    # Threads do not survive a fork.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(
        [sys.executable, forks.__file__, "serve", path, what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    atexit.register(_end, process, directory)
    return path


def _end(process: subprocess.Popen[bytes], directory: str) -> None:
    process.communicate()
    shutil.rmtree(directory)


def command(*arguments: str | os.PathLike[str], what: str = "curated") -> list[str]:
    """The command line of a program, for whoever starts and ends it in a way of its own.

    Parameters
    ----------
    *arguments : `str`
        Those of ``curated``; or ``-c``, a program and its arguments.
    what : `str`
        What has been imported: ``curated`` (and Butler), or ``butler`` alone.
    """
    return [sys.executable, "-S", "-E", forks.__file__, server(what), *map(os.fspath, arguments)]


def run(
    *arguments: str | os.PathLike[str],
    what: str = "curated",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program and wait for it; see `command`."""
    line = list(map(os.fspath, arguments))
    path = server(what)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said, open(os.devnull) as nothing:
        fds = [nothing.fileno(), out.fileno(), said.fileno()]
        status = forks.ask(path, line, fds, dict(environment or os.environ), str(cwd or Path.cwd()))
        texts = []
        for stream in (out, said):
            stream.seek(0)
            texts.append(stream.read().decode(errors="surrogateescape"))
    return subprocess.CompletedProcess(line, status, *texts)
