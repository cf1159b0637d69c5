"""``curated fingerprint``: text, lines and JSON."""

from __future__ import annotations

from conftest import GitPackage
from support.packages import DEMO_FILES
from support.programs import printed_json, run_curated


def test_lines_are_what_is_hashed(demo: GitPackage) -> None:
    import hashlib

    lines = run_curated("fingerprint", "--list", cwd=demo.path).stdout
    text = run_curated("fingerprint", cwd=demo.path).stdout
    assert text.startswith(
        f"{hashlib.sha256(lines.encode()).hexdigest()}  {DEMO_FILES} calibrations in force in "
    )
    value = printed_json(run_curated("fingerprint", "--format", "json", cwd=demo.path))
    assert (value["fingerprint"], value["calibrations"], value["lines"]) == (
        text.split()[0],
        DEMO_FILES,
        None,
    )
    value = printed_json(run_curated("fingerprint", "--list", "--format", "json", cwd=demo.path))
    assert len(value["lines"]) == DEMO_FILES
    assert value["lines"][0].keys() == {"dataset_type", "data_id", "begin_tai_ns", "end_tai_ns", "content"}


def test_errors_leave_it_unknown(wrong: GitPackage) -> None:
    done = run_curated("fingerprint", cwd=wrong.path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "CAL301" in done.stderr
    assert "what is in force is not known as long as there are errors" in done.stderr
