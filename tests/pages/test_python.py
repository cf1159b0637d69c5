"""What the documentation shows of Python is what happens."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def section(path: str, title: str) -> str:
    """The text of a page from a heading to the next of its kind."""
    return (ROOT / path).read_text().partition(f"\n{title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("docs/python.md", (ROOT / "docs/python.md").read_text()),
        ("README.md", section("README.md", "## From Python")),
    ],
    ids=["docs", "readme"],
)
def test_examples(path: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTestParser().get_doctest(text, {}, path, path, 0)
    assert len(test.examples) > 5
    said: list[str] = []
    doctest.DocTestRunner(optionflags=flags, verbose=False).run(test, out=said.append)
    assert "".join(said) == ""
