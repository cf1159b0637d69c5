"""Repositories that an import creates, on a local disk and on servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.butler import import_bundle, open_repository
from curated.core.diagnostic import CuratedError
from support.imports import new_datasets, start_import
from support.remote import look_up, repository_contents, write_seed

pytest.importorskip("lsst.daf.butler")

CHAIN = "lsst.daf.butler.datastores.chainedDatastore.ChainedDatastore"


def test_a_directory_of_something_else_is_left_alone(bundle, tmp_path) -> None:
    directory = tmp_path / "documents"
    directory.mkdir()
    (directory / "letter.txt").write_text("Dear")
    with pytest.raises(CuratedError, match="no Butler repository"):
        import_bundle(bundle, str(directory))
    assert [p.name for p in directory.iterdir()] == ["letter.txt"]
    with pytest.raises(CuratedError, match="no Butler repository"):
        open_repository(str(directory))


def test_a_repository_name_may_have_a_dot(bundle, tmp_path) -> None:
    assert import_bundle(bundle, str(tmp_path / "repo.v1")).ok
    assert not import_bundle(bundle, str(tmp_path / "repo.v1")).changed


def test_a_place_that_cannot_be(bundle, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "repo", tmp_path / "file"):
        with pytest.raises(CuratedError):
            import_bundle(bundle, str(place))


def test_postgresql_and_a_local_root(bundle, seed, tmp_path, clean) -> None:
    repo = str(tmp_path / "repo")
    report = import_bundle(bundle, repo, seed_config=str(seed))
    assert (report.ok, report.created) == (True, True)
    assert repository_contents(repo) == clean
    assert look_up(repo, "2020-06-01T00:00:00").width.tolist() == [3]
    files = {path: path.stat().st_ino for path in (tmp_path / "repo").rglob("*.fits")}
    assert len(files) == 6
    assert not import_bundle(bundle, repo).changed
    assert not import_bundle(bundle, repo, seed_config=str(seed)).changed
    assert {path: path.stat().st_ino for path in (tmp_path / "repo").rglob("*.fits")} == files


def test_two_imports_create_one_repository(bundle, bucket, seed, clean) -> None:
    repo = f"s3://{bucket}/repo"
    processes = [start_import(bundle, repo, seed) for _ in range(2)]
    assert sorted(map(new_datasets, processes)) == [0, 6]
    assert repository_contents(repo) == clean


def test_an_alias_is_a_repository(bundle, bucket, seed, tmp_path, monkeypatch, clean) -> None:
    index = tmp_path / "index.yaml"
    index.write_text(f"main: s3://{bucket}/repo\n")
    monkeypatch.setenv("DAF_BUTLER_REPOSITORY_INDEX", str(index))
    monkeypatch.chdir(tmp_path)
    report = import_bundle(bundle, "main", seed_config=str(seed))
    assert (report.created, report.changed) == (True, True)
    assert not (tmp_path / "main").exists()
    assert repository_contents("main") == repository_contents(f"s3://{bucket}/repo") == clean
    assert not import_bundle(bundle, "main").changed


def test_a_creation_that_was_killed_goes_on(bundle, seed, tmp_path, clean) -> None:
    from lsst.daf.butler import Butler, Config

    # The database is ready and the configuration has not been written yet.
    Butler.makeRepo(
        str(tmp_path / "repo"),
        Config(str(seed)),
        forceConfigRoot=False,
        outfile=str(tmp_path / "elsewhere.yaml"),
    )
    repo = str(tmp_path / "repo")
    assert import_bundle(bundle, repo, seed_config=str(seed)).created
    assert repository_contents(repo) == clean
    assert "root" not in Config(f"{repo}/butler.yaml")
    with pytest.raises(CuratedError, match="is not empty"):
        import_bundle(bundle, str(tmp_path / "second"), seed_config=str(seed))
    assert not (tmp_path / "second" / "butler.yaml").exists()


def test_two_repositories_share_a_database(bundle, postgres, schema, tmp_path, clean) -> None:
    for name in ("one", "two"):
        site = write_seed(tmp_path / f"{name}.yaml", postgres.url(postgres.shared), f"{schema}_{name}")
        assert import_bundle(bundle, str(tmp_path / name), seed_config=str(site)).created
    assert repository_contents(str(tmp_path / "one")) == repository_contents(str(tmp_path / "two")) == clean


@pytest.mark.parametrize(
    "datastore",
    [
        "5",
        "[1]",
        "{formatters: 5}",
        f"{{cls: {CHAIN}, datastores: 5}}",
        f"{{cls: {CHAIN}, datastores: [5]}}",
        f"{{cls: {CHAIN}, datastores: []}}",
        f"{{cls: {CHAIN}}}",
        "{cls: lsst.nowhere.Datastore}",
    ],
)
def test_a_seed_that_describes_no_datastores(bundle: Path, tmp_path: Path, datastore: str) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text(f"datastore: {datastore}\n")
    for dry_run in (True, False):
        with pytest.raises(CuratedError):
            import_bundle(bundle, str(tmp_path / "repo"), seed_config=str(seed), dry_run=dry_run)
    assert not (tmp_path / "repo").exists()
