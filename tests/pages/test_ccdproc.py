"""Run docs/ccdproc.md on the frames of a real camera."""

from __future__ import annotations

import doctest
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from curated.cli.main import cli
from support.packages import ROOT

_CONTINUED = "\\\n"
_COMMAND = re.compile(r"^    \$ (curated (?:.*\\\n)*.*)$", re.MULTILINE)


def shell(command: str) -> None:
    """Run a command of curated in this process; it prints what the program prints."""
    try:
        cli.main(shlex.split(command)[1:], standalone_mode=False)
    except SystemExit as ended:
        if ended.code:
            print(f"exit status {ended.code}")
    except click.ClickException as error:
        print(error.format_message())


@pytest.mark.filterwarnings("ignore")
def test_from_raw_frames_to_a_calibrated_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ccdproc")
    if find_spec("msfc_ccd") is None:
        pytest.skip("needs real frames: install msfc-ccd")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/ccdproc.md").read_text()
    text = _COMMAND.sub(lambda match: f"    >>> shell({match[1].replace(_CONTINUED, ' ')!r})", page)
    assert text.count("shell(") >= 6
    test = doctest.DocTestParser().get_doctest(
        text, {"shell": shell}, "docs/ccdproc.md", "docs/ccdproc.md", 0
    )
    assert sum(len(example.want) > 0 for example in test.examples) >= 10
    failures: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(optionflags=flags, verbose=False).run(test, out=failures.append)
    assert "".join(failures) == ""
