"""Imports that are killed, that race, or that meet a damaged repository: run it again and all is well."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from curated.butler import import_bundle, open_repository
from curated.core.diagnostic import CuratedError
from support.programs import python_command
from support.repositories import small_bundle

pytest.importorskip("lsst.daf.butler")

IMPORT = """
import json, os, signal, sys
from curated.butler import import_bundle
bundle, repo, transfer, stage = sys.argv[1:]
def die(now, done, total):
    if now == stage:
        os.kill(os.getpid(), signal.SIGKILL)
report = import_bundle(bundle, repo, transfer=transfer, progress=die)
print(json.dumps(report.to_dict()))
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return small_bundle(tmp_path / "bundle")


@pytest.fixture
def repo(tmp_path: Path) -> str:
    return str(tmp_path / "repo")


def start(bundle: Path, repo: str, transfer: str = "copy", stage: str = "") -> subprocess.Popen[str]:
    command = python_command(IMPORT, bundle, repo, transfer, stage)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_whole(repo: str) -> None:
    """All datasets are there, certified once, and their files are in place."""
    butler = open_repository(repo)
    names = ("camera_geometry", "defects", "transmission_filter")
    refs = [ref for name in names for ref in butler.query_datasets(name, "*", find_first=False)]
    assert len(refs) == 6
    assert all(butler.getURI(ref).size() > 0 for ref in refs)
    assert sum(1 for n in names for _ in butler.registry.queryDatasetAssociations(n, "Lab/calib/v1")) == 6
    assert butler.collections.get_info("Lab/calib").children == ("Lab/calib/v1",)


@pytest.mark.parametrize("transfer", ["copy", "hardlink", "symlink", "direct", "move"])
@pytest.mark.parametrize("stage", ["ingest", "certify"])
def test_a_killed_import_leaves_nothing_to_see_and_can_be_repeated(bundle, repo, transfer, stage) -> None:
    killed = start(bundle, repo, transfer, stage)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    butler = open_repository(repo)
    for dataset_type in butler.registry.queryDatasetTypes():
        assert not butler.query_datasets(dataset_type, "*", find_first=False, explain=False)
    assert "Lab/calib" not in butler.collections.query("*")
    assert import_bundle(bundle, repo, transfer=transfer).changed
    assert_whole(repo)


def test_two_imports_at_the_same_time(bundle, repo) -> None:
    running = [start(bundle, repo) for _ in range(2)]
    reports = []
    for process in running:
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        reports.append(json.loads(output))
    assert sorted(r["instruments"][0]["datasets_new"] for r in reports) == [0, 6]
    assert all(r["ok"] for r in reports)
    assert_whole(repo)


def test_moving_empties_the_bundle_and_can_be_repeated(bundle, repo) -> None:
    report = import_bundle(bundle, repo, transfer="move")
    assert report.ok
    assert report.bytes_copied == 0
    assert not list((bundle / "files").rglob("*.fits"))
    assert_whole(repo)
    report = import_bundle(bundle, repo, transfer="move")
    assert report.ok
    assert not report.changed
    assert [d.code for d in import_bundle(bundle, repo).diagnostics] == ["CAL613"] * 6


def test_a_moved_bundle_cannot_fill_another_repository(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo, transfer="move")
    report = import_bundle(bundle, str(tmp_path / "other"), transfer="move")
    assert {d.code for d in report.diagnostics} == {"CAL613"}


def test_a_lost_file_is_put_back(bundle, repo) -> None:
    import_bundle(bundle, repo)
    lost = next(Path(repo).rglob("defects*.fits"))
    content = lost.read_bytes()
    lost.unlink()
    dry = import_bundle(bundle, repo, dry_run=True)
    assert dry.changed
    assert not lost.exists()
    report = import_bundle(bundle, repo)
    assert report.ok
    assert report.instruments[0].datasets_restored == 1
    assert [d.code for d in report.diagnostics] == ["CAL630"]
    assert lost.read_bytes() == content
    assert not import_bundle(bundle, repo).changed


def test_the_damage_of_two_stock_imports_is_mended(bundle, repo) -> None:
    from lsst.daf.butler import Butler
    from sqlalchemy.exc import IntegrityError

    from curated.butler.repository.creation import create_repository
    from support.repositories import STORAGE

    create_repository(repo, STORAGE)
    butler = Butler.from_config(repo, writeable=True)
    butler.import_(directory=str(bundle), filename=str(bundle / "export.yaml"), transfer="copy")
    with pytest.raises(IntegrityError):
        butler.import_(directory=str(bundle), filename=str(bundle / "export.yaml"), transfer="copy")
    assert not list(Path(repo).rglob("*.fits"))
    report = import_bundle(bundle, repo)
    assert report.instruments[0].datasets_restored == 6
    assert_whole(repo)


def test_a_changed_file_in_the_repository_is_found(bundle, repo) -> None:
    import_bundle(bundle, repo)
    file = next(Path(repo).rglob("defects*.fits"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert [d.code for d in import_bundle(bundle, repo).diagnostics] == ["CAL625"]


def test_a_bundle_that_a_direct_import_refers_to_must_stay(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo, transfer="direct")
    moved = shutil.move(bundle, tmp_path / "elsewhere")
    report = import_bundle(Path(moved), repo, transfer="direct")
    assert [d.code for d in report.diagnostics] == ["CAL631"] * 6
    shutil.move(moved, bundle)
    assert not import_bundle(bundle, repo, transfer="direct").changed


def test_an_import_that_lost_a_race_repeats(bundle, repo, monkeypatch) -> None:
    from curated.butler.importing import importer

    stale = []
    real = importer.make_plan

    def late(butler, contents, request):
        plan = real(butler, contents, request)
        stale.append(plan)
        if len(stale) == 1:
            with monkeypatch.context() as patch:
                patch.setattr(importer, "make_plan", real)
                patch.setattr(importer, "config_lock", lambda *_: nullcontext())
                assert import_bundle(bundle, repo).changed
        return plan

    monkeypatch.setattr(importer, "make_plan", late)
    report = import_bundle(bundle, repo)
    assert report.ok
    assert not report.instruments[0].changed
    assert len(stale) == 2
    assert_whole(repo)


def test_what_the_database_refuses_is_no_traceback(bundle, repo, monkeypatch) -> None:
    from sqlalchemy.exc import OperationalError

    from curated.butler.importing import importer

    def refuse(*args: object, **kwargs: object) -> None:
        raise OperationalError("BEGIN IMMEDIATE", (), Exception("database is locked"))

    monkeypatch.setattr(importer, "execute", refuse)
    with pytest.raises(CuratedError, match="database is locked") as caught:
        import_bundle(bundle, repo)
    assert "run it again" in caught.value.hint


def test_a_place_that_cannot_be(bundle, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "repo", tmp_path / "file"):
        with pytest.raises(CuratedError):
            import_bundle(bundle, str(place))
