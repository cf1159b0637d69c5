"""Names of files in a repository, and objects beside the files that they were made of."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

pytest.importorskip("lsst.daf.butler")

from lsst.resources import ResourcePath

from curated.butler import import_bundle, open_repository
from curated.butler.repository.files import StoredLocation, name_in_zip, read_stored
from support.repositories import BundleMaker


@pytest.mark.parametrize("transfer", ["hardlink", "copy", "direct"])
@pytest.mark.parametrize("place", ["plain", "a b", "a#b", "é+"])
def test_names_and_places_of_any_kind(tmp_path, transfer, place) -> None:
    filters = ("g_6", "r#1", "i 2", "z%20", "y+é", "u.1")
    maker = BundleMaker(filters=filters)
    for name in filters:
        maker.add("transmission_filter", "2015-06-30T12:00:00", physical_filter=name)
    repo = tmp_path / place / "repo"
    bundle = maker.write(tmp_path / place / "bundle")
    assert import_bundle(bundle, str(repo), transfer=transfer).ok
    butler = open_repository(str(repo))
    refs = butler.query_datasets("transmission_filter", "*", find_first=False)
    root = repo if transfer != "direct" else bundle
    paths = {Path(butler.getURI(ref).ospath) for ref in refs}
    assert len(paths) == len(filters)
    assert all(path.is_file() and path.is_relative_to(root) for path in paths)
    report = import_bundle(bundle, str(repo), transfer=transfer, dry_run=True)
    assert (report.changed, report.diagnostics) == (False, ())
    # What is within the repository goes where that goes.
    moved = repo.rename(tmp_path / "elsewhere")
    uris = [open_repository(str(moved)).getURI(ref) for ref in refs]
    assert all(Path(uri.ospath).is_file() for uri in uris)


def test_without_checksums_the_size_has_to_do(bundle, bucket, store_of_test) -> None:
    from lsst.resources import ResourcePath

    from curated.butler.repository.files import object_state

    source = bundle / "manifest.json"
    size = source.stat().st_size
    uri = ResourcePath(f"s3://{bucket}/parts")
    client = store_of_test.client()
    upload = client.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = {"Bucket": bucket, "Key": "parts", "UploadId": upload}
    assert object_state(uri, size, source) == "missing"
    tag = client.upload_part(**part, PartNumber=1, Body=source.read_bytes())["ETag"]
    client.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]})
    assert object_state(uri, size, source) in ("alike", "same")
    assert object_state(uri, size + 1, source) == "differs"
    assert object_state(ResourcePath(str(source)), size, source) == "alike"


@pytest.mark.parametrize("damage", ["", "no member", "no archive", "gone"])
def test_files_in_a_zip_file(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "stored.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other" if damage == "no member" else "a/defects.fits", b"content")
    if damage == "no archive":
        path.write_bytes(b"PK")
    if damage == "gone":
        path.unlink()
    uri = ResourcePath(f"file://{path}#zip-path=a/defects.fits")
    assert name_in_zip(uri) == "a/defects.fits"
    assert name_in_zip(ResourcePath(f"file://{path}")) == ""
    if damage:
        with pytest.raises(OSError, match=r"zip file|No such file"):
            read_stored(uri)
        return
    assert read_stored(uri) == b"content"
    with StoredLocation(uri).as_local() as local:
        assert (local.getExtension(), Path(local.ospath).read_bytes()) == (".fits", b"content")
    assert not Path(local.ospath).exists()
