"""``curated lookup``: text, JSON and exit status."""

from __future__ import annotations

from conftest import GitPackage
from support.packages import EDITED
from support.programs import printed_json, run_curated


def test_lookup(demo: GitPackage) -> None:
    question = ["lookup", "demo", "defects", "--detector", "d00", "--at", "2024-06-01"]
    done = run_curated(*question, cwd=demo.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        EDITED,
        "valid  2024-03-01T00:00:00 to open UTC",
        f"commit {demo.commits[1][:12]} 2025-02-03T04:05:06 Zoë Åström 天文",
    ]
    value = printed_json(run_curated(*question, "--format", "json", cwd=demo.path))
    assert value["found"]["file"] == EDITED
    assert value["commit"]["author"] == "Zoë Åström 天文"
    none = run_curated(*question[:-1], "2019-01-01", "--format", "json", cwd=demo.path)
    assert (none.returncode, printed_json(none)["found"]) == (1, None)
