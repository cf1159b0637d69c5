"""Findings for tests of reporters, with texts that try to command a terminal or a workflow."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from hypothesis import strategies as st

from curated.check.report import Report
from curated.core.codes import code_info
from curated.core.diagnostic import Diagnostic

ATTACKS = [
    "<script>alert(1)</script>",
    "[text](http://example.org) and [text](1)",
    "![text](http://example.org/x.png)",
    "a | b || \\| c \\",
    "`code` ``and more`` \\`",
    "{0} {{1}} {",
    "]]> --> &lt; &#0; <!-- \"'",
    "::error::owned",
    "##[error]owned ##vso[task.complete] ###[group]",
    "\x00\x1b[31m\udcff\ud800\ufffe\uffff\u202e\x85\r\n::error::owned",
    "$(touch x) ${{ github.token }}",
]


hostile = st.one_of(
    st.sampled_from(ATTACKS), st.text(min_size=1), st.text("`|\\[](){}<>#:&! ab\n\ud800\ufffe", min_size=1)
)


def finding(file: str = "calibs/x", message: str = "text", code: str = "CAL301", **more: Any) -> Diagnostic:
    given = {"line": 3, "column": 4, "pointer": ("x0", 1), "hint": "mend it"} | more
    return Diagnostic(file=file, message=message, code=code, severity=code_info(code).severity, **given)


def report_text(module: Any, *diagnostics: Diagnostic, prefix: str = "") -> str:
    return "\n".join(module.report_lines(Report(diagnostics=list(diagnostics)), prefix))


def assert_harmless(text: str) -> None:
    """Assert that lines of output can control neither a terminal nor a workflow's runner, and hide nothing.

    The categories of Unicode are asked here, `str.isprintable` where the lines are made.
    """
    for line in text.split("\n"):
        bad = [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")]
        assert not bad, f"{bad} in {line!r}"
    assert_no_command(text)


def assert_no_command(text: str) -> None:
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert not re.search(r"##\w*\[", text)
