"""A repository in an object store: its records and objects are scrubbed as files are."""

from __future__ import annotations

from pathlib import Path

from curated.butler import import_bundle, scrub_repository
from curated.butler.repository.records import DIRECTORY
from support.servers import Store


def test_a_bucket(bundle: Path, bucket: str, sqlite: Path, store_of_test: Store) -> None:
    repo = f"s3://{bucket}/repo"
    assert import_bundle(bundle, repo, seed_config=str(sqlite)).ok
    report = scrub_repository(repo)
    assert (report.diagnostics, report.files, len(report.releases)) == ((), 6, 1)
    name, data = min(store_of_test.objects(bucket).items())
    store_of_test.client().put_object(Bucket=bucket, Key=name, Body=data[:-1] + b"x")
    (finding,) = scrub_repository(repo).diagnostics
    assert (finding.code, finding.file) == ("CAL690", f"s3://{bucket}/{name}")
    store_of_test.client().delete_object(Bucket=bucket, Key=name)
    assert [f.code for f in scrub_repository(repo).diagnostics] == ["CAL691"]
    for key in store_of_test.objects(bucket, (".json", "SUMS")):
        assert DIRECTORY in key
        store_of_test.client().delete_object(Bucket=bucket, Key=key)
    assert not scrub_repository(repo).complete
