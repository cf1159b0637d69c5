"""``curated explain``: the list of codes, and one code."""

from __future__ import annotations

from support.programs import printed_json, run_curated


def test_one_code() -> None:
    text = run_curated("explain", "cal301").stdout
    assert text.startswith("CAL301 (error): ")
    assert "How to mend it: " in text


def test_list() -> None:
    codes = printed_json(run_curated("explain", "--format", "json"))["codes"]
    assert "CAL301" in [entry["code"] for entry in codes]
    text = run_curated("explain").stdout
    assert all(f"  {entry['code']} {entry['severity']:8s} {entry['title']}\n" in text for entry in codes)
