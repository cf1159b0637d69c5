"""Repositories with a chain of datastores, real ones of Butler, through all commands; and kinds that are refused."""

from __future__ import annotations

import signal
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from curated.butler import export_package, import_bundle, open_repository, read, scrub_repository
from curated.butler.datastores.stores import file_records, file_stores
from curated.core.diagnostic import CuratedError
from support.imports import start_import
from support.programs import curated_command, run_curated, without_override
from support.stack_packages import OUR_FORMATTER, STACK_FORMATTER, recorded_formatters

pytest.importorskip("lsst.daf.butler")

STORES = "lsst.daf.butler.datastores"
MEMORY = {"cls": f"{STORES}.inMemoryDatastore.InMemoryDatastore"}


def files(number: int, **options: Any) -> dict[str, Any]:
    return {
        "cls": f"{STORES}.fileDatastore.FileDatastore",
        "root": f"<butlerRoot>/FileDatastore_{number}",
        "records": {"table": f"records_{number}"},
        **options,
    }


def chain(*children: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {
        "cls": f"{STORES}.chainedDatastore.ChainedDatastore",
        "datastores": list(children),
        **options,
    }


def make_repository(path: Path, datastore: dict[str, Any]) -> str:
    from lsst.daf.butler import Butler, Config

    Butler.makeRepo(str(path), config=Config({"datastore": datastore}))
    return str(path)


def fits_files(root: str | Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in Path(root).rglob("*.fits")}


@pytest.mark.parametrize("transfer", ["copy", "hardlink", "direct"])
def test_two_datastores(bundle, tmp_path, transfer) -> None:
    repo = make_repository(tmp_path / "repo", chain(files(0), files(1)))
    plan = import_bundle(bundle, repo, transfer=transfer, dry_run=True)
    assert (plan.ok, plan.changed, fits_files(repo)) == (True, True, set())
    report = import_bundle(bundle, repo, transfer=transfer)
    assert (report.ok, report.diagnostics) == (True, plan.diagnostics)
    assert not import_bundle(bundle, repo, transfer=transfer).changed
    names = {path.partition("/")[2] for path in fits_files(repo)}
    assert len(names) == (0 if transfer == "direct" else 6)
    assert fits_files(repo) == {f"FileDatastore_{n}/{name}" for n in (0, 1) for name in names}
    for number in (0, 1):
        assert {name for name, _ in recorded_formatters(repo, f"records_{number}")} == {STACK_FORMATTER}
    scrubbed = scrub_repository(repo)
    assert (scrubbed.diagnostics, scrubbed.complete, scrubbed.files) == ((), True, 12)
    butler = open_repository(repo)
    (ref, *_) = butler.query_datasets("defects", "*", find_first=False)
    assert type(read(butler, ref)).__name__ == "Defects"


def test_stock_butler_records_the_formatter_of_the_first_child(bundle, tmp_path) -> None:
    """In Butler's chain one choice counts for all children; the records of both ways are the same."""
    from lsst.daf.butler import Butler

    own = {"defects": OUR_FORMATTER, "camera_geometry": OUR_FORMATTER, "transmission_filter": OUR_FORMATTER}
    other = dict.fromkeys(own, "lsst.daf.butler.formatters.json.JsonFormatter")
    datastore = chain(
        MEMORY,
        files(0, constraints={"reject": ["defects"]}, formatters=own),
        files(1, formatters=own | {"camera_geometry": other["defects"]}),
    )
    repo, stock = (
        make_repository(tmp_path / "repo", datastore),
        make_repository(tmp_path / "stock", datastore),
    )
    assert import_bundle(bundle, repo).ok
    butler = Butler.from_config(stock, writeable=True)
    butler.import_(directory=str(bundle), filename=str(bundle / "export.yaml"), transfer="copy")
    for number, count in ((0, 2), (1, 6)):
        records = recorded_formatters(repo, f"records_{number}")
        assert records == recorded_formatters(stock, f"records_{number}")
        assert len(records) == count


@pytest.mark.parametrize(
    ("datastore", "tables"),
    [
        (chain(MEMORY, files(0)), {"records_0": 6}),
        (chain(files(0), chain(files(1), MEMORY)), {"records_0": 6, "records_1": 6}),
        (
            chain(files(0), files(1), datastore_constraints=[{"constraints": {"reject": ["all"]}}, {}]),
            {"records_0": 0, "records_1": 6},
        ),
    ],
    ids=["memory", "nested", "constraints"],
)
def test_children_take_what_they_accept(bundle, tmp_path, datastore, tables) -> None:
    repo = make_repository(tmp_path / "repo", datastore)
    plan, report = (import_bundle(bundle, repo, dry_run=dry_run) for dry_run in (True, False))
    assert plan.ok
    assert plan.diagnostics == report.diagnostics
    assert {table: len(recorded_formatters(repo, table)) for table in tables} == tables
    assert not import_bundle(bundle, repo).changed
    mended = import_bundle(bundle, repo, formatter="curated")
    assert mended.formatters_mended == sum(tables.values())
    scrubbed = scrub_repository(repo)
    assert (scrubbed.ok, scrubbed.files) == (True, sum(tables.values()))


@pytest.mark.parametrize(
    ("datastore", "message"),
    [
        (chain(files(0), files(1), constraints={"reject": ["camera_geometry"]}), "no datastore accepts camera_geometry"),
        (files(0, constraints={"accept": ["raw"]}), "no datastore accepts camera_geometry, defects, transmission_filter"),
        (chain(files(0), files(1, records={"table": "records_0"})), "have one table of records, records_0"),
        (chain(files(0, name="disk"), chain(files(1, name="disk"))), "two datastores have one name, disk"),
    ],
    ids=["chain", "file", "table", "name"],
)  # fmt: skip
def test_what_cannot_be_ingested_is_refused_before(bundle, tmp_path, datastore, message) -> None:
    repo = make_repository(tmp_path / "repo", datastore)
    for dry_run in (True, False):
        report = import_bundle(bundle, repo, dry_run=dry_run)
        (error,) = [d for d in report.diagnostics if d.is_error]
        assert (error.code, message in error.message) == ("CAL659", True)
    assert fits_files(repo) == set()
    assert not open_repository(repo).collections.query("*")


@pytest.mark.parametrize("datastore", [MEMORY, chain(MEMORY, MEMORY)], ids=["memory", "chain"])
def test_datastores_without_files_are_refused(bundle, tmp_path, datastore) -> None:
    repo = make_repository(tmp_path / "repo", datastore)
    for dry_run in (True, False):
        with pytest.raises(CuratedError, match="no datastore that holds files"):
            import_bundle(bundle, repo, dry_run=dry_run)


def test_an_unknown_kind_is_refused(bundle, tmp_path) -> None:
    repo = make_repository(tmp_path / "repo", files(0))
    path = Path(repo, "butler.yaml")
    content = yaml.safe_load(path.read_text())
    content["datastore"]["cls"] = f"{STORES}.cloudDatastore.CloudDatastore"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(CuratedError, match="cloudDatastore"):
        import_bundle(bundle, repo)


def test_a_child_that_cannot_be_written_to(bundle, tmp_path) -> None:
    repo = make_repository(tmp_path / "repo", chain(files(0), files(1)))
    directory = Path(repo, "FileDatastore_1/Lab")
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(stat.S_IRUSR | stat.S_IXUSR)
    for options in (("--dry-run",), ()):
        command = curated_command("import", bundle, repo, *options)
        done = subprocess.run(
            command, preexec_fn=without_override, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stderr
        assert f"CAL659 {directory} of the datastore" in done.stdout + done.stderr
    assert fits_files(repo) == set()
    directory.chmod(0o755)
    assert import_bundle(bundle, repo).ok


def test_names_that_lead_out_of_a_child(bundle, tmp_path) -> None:
    """The roots of all children count, and each has its own templates."""
    linked = make_repository(tmp_path / "linked", chain(files(0), files(1)))
    (tmp_path / "outside").mkdir()
    Path(linked, "FileDatastore_1").mkdir(exist_ok=True)
    Path(linked, "FileDatastore_1/Lab").symlink_to(tmp_path / "outside")
    with pytest.raises(CuratedError, match="outside of the datastore"):
        import_bundle(bundle, linked)
    assert fits_files(tmp_path / "outside") == set()
    same = {"default": "{run:/}/{datasetType}-{instrument}"}
    shared = make_repository(tmp_path / "shared", chain(files(0), files(1, templates=same)))
    with pytest.raises(CuratedError, match="gives two datasets the file"):
        import_bundle(bundle, shared, dry_run=True)


def test_a_file_that_one_child_has_lost_is_put_back(bundle, tmp_path) -> None:
    repo = make_repository(tmp_path / "repo", chain(files(0), files(1)))
    import_bundle(bundle, repo)
    complete = fits_files(repo)
    lost = min(path for path in complete if path.startswith("FileDatastore_1/"))
    Path(repo, lost).unlink()
    assert [d.code for d in scrub_repository(repo).diagnostics] == ["CAL691"]
    report = import_bundle(bundle, repo)
    assert [d.code for d in report.diagnostics] == ["CAL630"]
    assert fits_files(repo) == complete
    Path(repo, lost).write_bytes(b"other")
    assert [d.code for d in scrub_repository(repo).diagnostics] == ["CAL690"]
    assert "CAL625" in [d.code for d in import_bundle(bundle, repo).diagnostics]


def test_a_killed_import_and_what_it_left(bundle, tmp_path) -> None:
    repo = make_repository(tmp_path / "repo", chain(files(0), files(1)))
    killed = start_import(bundle, repo, stage="certify")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert len(fits_files(repo)) == 12
    plan = import_bundle(bundle, repo, dry_run=True)
    assert "CAL641" in {d.code for d in plan.diagnostics}
    assert import_bundle(bundle, repo, clean=True).ok
    report = import_bundle(bundle, repo, clean=True)
    assert (report.changed, report.removed, len(fits_files(repo))) == (False, (), 12)
    assert scrub_repository(repo).diagnostics == ()


def test_leftovers_of_a_release_that_is_imported_elsewhere_are_cleaned(bundle, tmp_path) -> None:
    """Files of datasets in any child are no leftovers; those that a journal names are, in any child."""
    from curated.butler.repository.journal import JournalEntry
    from curated.butler.repository.opening import journal_of

    repo = make_repository(tmp_path / "repo", chain(files(0), files(1)))
    import_bundle(bundle, repo)
    run = "Lab/calib/v1/curated/20200101T000000Z"
    leftover = Path(repo, "FileDatastore_1", run, "left.fits")
    leftover.write_bytes(b"left")
    journal_of(repo).add(
        [JournalEntry(str(leftover), run), JournalEntry(str(next(leftover.parent.rglob("*/*.fits"))), run)]
    )
    report = import_bundle(bundle, repo, clean=True)
    assert report.removed == (str(leftover),)
    assert len(fits_files(repo)) == 12


def test_other_commands(bundle, tmp_path) -> None:
    repo = make_repository(tmp_path / "repo", chain(files(0), files(1, constraints={"accept": ["defects"]})))
    import_bundle(bundle, repo)
    single = str(tmp_path / "single")
    import_bundle(bundle, single)
    assert len(export_package(repo, tmp_path / "package", types=["defects"]).exported) == 4
    done = run_curated("compare", repo, single)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_repository_with_a_chain_of_the_site(bundle, tmp_path) -> None:
    """Calibrations can be read without the stack, whichever datastore has them; a dry run looks at the same chain."""
    from lsst.daf.butler import Butler

    seed = tmp_path / "seed.yaml"
    seed.write_text(
        yaml.safe_dump({"datastore": chain(MEMORY, files(0), files(1, root=str(tmp_path / "second")))})
    )
    repo = str(tmp_path / "repo")
    plan = import_bundle(bundle, repo, seed_config=str(seed), dry_run=True)
    assert (plan.ok, Path(repo).exists(), (tmp_path / "second").exists()) == (True, False, False)
    report = import_bundle(bundle, repo, seed_config=str(seed))
    assert (report.ok, report.diagnostics) == (True, plan.diagnostics)
    assert len(fits_files(tmp_path / "second")) == 6
    butler = Butler.from_config(repo)
    (ref, *_) = butler.query_datasets("defects", "*", find_first=False)
    assert type(butler.get(ref)).__name__ == "Defects"
    seed.write_text(yaml.safe_dump({"datastore": chain(files(0), constraints={"reject": ["defects"]})}))
    for dry_run in (True, False):
        report = import_bundle(bundle, str(tmp_path / "other"), seed_config=str(seed), dry_run=dry_run)
        assert [d.code for d in report.diagnostics] == ["CAL659"]


def test_stores_and_records(bundle, tmp_path) -> None:
    repo = make_repository(tmp_path / "repo", chain(files(0), chain(files(1), MEMORY)))
    import_bundle(bundle, repo)
    butler = open_repository(repo)
    stores = file_stores(butler)
    assert [store.table for store in stores] == ["records_0", "records_1"]
    refs = butler.query_datasets("defects", "*", find_first=False)
    records = file_records(butler, refs)
    assert set(records) == {str(ref.id) for ref in refs}
    for ref in refs:
        uris = [record.uri for record in records[str(ref.id)]]
        assert uris[0] == butler.getURI(ref)
        assert [uri.relative_to(store.root) is not None for uri, store in zip(uris, stores, strict=True)] == [
            True,
            True,
        ]


def test_a_local_datastore_and_a_bucket(bundle, bucket, store_of_test, tmp_path) -> None:
    repo = make_repository(tmp_path / "repo", chain(files(0), files(1)))
    path = Path(repo, "butler.yaml")
    content = yaml.safe_load(path.read_text())
    content["datastore"]["datastores"][1]["root"] = f"s3://{bucket}/files"
    path.write_text(yaml.safe_dump(content))
    plan, report = (import_bundle(bundle, repo, dry_run=dry_run) for dry_run in (True, False))
    assert plan.ok
    assert plan.diagnostics == report.diagnostics
    assert (len(fits_files(repo)), len(store_of_test.objects(bucket))) == (6, 6)
    assert not import_bundle(bundle, repo, clean=True).changed
    scrubbed = scrub_repository(repo)
    assert (scrubbed.diagnostics, scrubbed.files) == ((), 12)
    with pytest.raises(CuratedError, match="no hardlink can lead into"):
        import_bundle(bundle, repo, transfer="hardlink", dry_run=True)
