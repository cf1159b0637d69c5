"""Run the Python examples of docs/python.md and README.md."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def section(path: str, title: str) -> str:
    """Return the text of a page from a heading to the next one of the same level."""
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
    failures: list[str] = []
    doctest.DocTestRunner(optionflags=flags, verbose=False).run(test, out=failures.append)
    assert "".join(failures) == ""
