"""Errors that stop the reading of a source."""

from __future__ import annotations

from curated.core.diagnostic import Problem
from curated.migration.survey import SourceError


def test_an_error_has_its_problem_and_file() -> None:
    error = SourceError(Problem("CAL730", (), "what is wrong"), "index")
    assert (str(error), error.problem.code, error.file) == ("what is wrong", "CAL730", "index")
