"""Older releases that are found where a new one has nothing."""

from __future__ import annotations

import pytest

from curated.butler import import_bundle
from support.repositories import BundleMaker

pytest.importorskip("lsst.daf.butler")


def test_an_older_release_that_is_found_in_gaps_is_reported(bundle, tmp_path) -> None:
    from lsst.daf.butler import Butler

    from curated.report.import_text import plan_lines

    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    later = BundleMaker(label="v2")
    later.add("defects", "1970-01-01T00:00:00", "2019-01-01T00:00:00", detector=0)
    later.add("defects", "2021-01-01T00:00:00", detector=0)
    later.instrument["visit_max"] = 7
    report = import_bundle(later.write(tmp_path / "later"), str(repo), dry_run=True)
    assert [d.code for d in report.diagnostics] == ["CAL621", "CAL640"]
    assert "6 ranges of 4 products" in report.diagnostics[1].message
    assert report.diagnostics[1].hint.endswith(f"'curated retract {repo} v1' takes it out of the chain")
    text = "\n".join(plan_lines(report))
    assert "visit_max is 2147483647 in the repository, 7 in the bundle" in text
    assert "1 DIFFERENT" in text
    assert "it can succeed" in text
    # A member of the chain that is no release is there to add what releases do not have.
    butler = Butler.from_config(str(repo), writeable=True)
    butler.collections.remove_from_chain("Lab/calib", "Lab/calib/v1")
    assert [d.code for d in import_bundle(tmp_path / "later", str(repo), dry_run=True).diagnostics] == [
        "CAL621"
    ]
