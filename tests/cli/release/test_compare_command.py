"""``curated compare``: text, JSON and exit status."""

from __future__ import annotations

import re

from conftest import GitPackage, MakePackage
from support.packages import DEMO_FILES, defects_path, defects_text
from support.programs import printed_json, run_curated


def test_the_same(demo: GitPackage) -> None:
    done = run_curated("compare", "HEAD", "HEAD~1", cwd=demo.path)
    assert done.returncode == 0, done.stderr
    first, second, last = done.stdout.splitlines()
    assert first.startswith("A: ")
    assert second.startswith("B: ")
    assert last == f"the same {DEMO_FILES} calibrations are in force in both"


def test_differences(make_package: MakePackage) -> None:
    package = make_package(
        {"curated.yaml": "", defects_path(0): defects_text(), defects_path(1): defects_text(detector=1)}
    )
    package.commit({defects_path(0): defects_text(x0=2), defects_path(2): defects_text(detector=2)}, "Change")
    done = run_curated("compare", "HEAD~1", "HEAD", cwd=package.path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "2 products differ: 1 only in B, 1 another content (- in A, + in B; times are UTC)"
    )
    assert re.search(r"^defects .*detector=0.*: another content$", done.stdout, re.MULTILINE)
    assert (
        len(re.findall(r"^  [-+] 2020-01-01T00:00:00 to open  [0-9a-f]{12}$", done.stdout, re.MULTILINE)) == 3
    )
    value = printed_json(run_curated("compare", "HEAD~1", "HEAD", "--format", "json", cwd=package.path))
    assert (value["same"], value["failed"]) == (False, False)
    assert sorted(difference["kind"] for difference in value["differences"]) == ["added", "content"]
    assert len(set(value["fingerprints"])) == 2
