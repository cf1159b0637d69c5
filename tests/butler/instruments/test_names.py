"""Commands that import nothing use the names under which a package was imported."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lsst.daf.butler import Butler

from curated.bundle.builder import build_bundle
from curated.butler import export_package, import_bundle, recertify_ranges, scrub_repository
from curated.butler.instruments.names import package_renamings, recorded_names
from curated.butler.instruments.registered import read_class_names
from curated.butler.inventories import find_base, read_inventory
from curated.check.instruments import complete_instruments
from curated.check.package import check_package
from curated.cli.main import cli
from curated.core.diagnostic import CuratedError
from curated.datasets.inventory import compare
from curated.package.package import open_package
from support.packages import defects_text
from support.stack_instruments import register, write_stack_package

CHOICES = ("comCam=LSSTComCamSim",)
SECOND = "comCam/defects/r22_s00/20200101T000000.ecsv"


def test_a_package_that_was_imported_under_another_name(tmp_path: Path) -> None:
    repo = str(register(tmp_path / "repo", ["LSSTComCamSim", "LSSTCam"]))
    written = write_stack_package(tmp_path / "package", "comCam")
    package = open_package(written.path)
    _, bundle = build_bundle(package, tmp_path / "v1", label="v1", jobs=1)
    assert bundle is not None
    inventory = read_inventory(str(written.path), names_of=repo, jobs=1).inventory
    assert {dict(d.data_id)["instrument"] for d in inventory.datasets} == {"ComCam"}, "nothing is certain yet"
    assert import_bundle(bundle.path, repo, instruments=CHOICES).ok
    assert recorded_names(repo) == {"ComCam": "LSSTComCamSim"}

    # compare and fingerprint: package, bundle and repository are the same.
    sources = [read_inventory(str(path), names_of=repo, jobs=1) for path in (written.path, bundle.path)]
    repository = read_inventory(repo).inventory
    for source in sources:
        assert not source.failed
        assert not compare(source.inventory, repository)
        assert source.inventory.fingerprint == repository.fingerprint

    # --base REPO: the next release refers to what the repository has.
    written.commit({SECOND: defects_text({"INSTRUME": "ComCam"}, x0=5)}, "Add an epoch")
    package = open_package(written.path)
    base = find_base(repo, package)
    assert {old: renaming.name for old, renaming in base.renamings.items()} == {"ComCam": "LSSTComCamSim"}
    _, delta = build_bundle(package, tmp_path / "v2", label="v2", base=base, jobs=1)
    assert delta is not None
    assert [i["name"] for i in delta.manifest["instruments"]] == ["LSSTComCamSim"]
    assert "inferred" not in delta.manifest["instruments"][0]
    assert sum(d["path"] is None for d in delta.manifest["datasets"]) == 2
    report = import_bundle(delta.path, repo)
    assert report.ok, report.diagnostics
    # --base BUNDLE: references follow the names as well.
    _, other = build_bundle(
        package, tmp_path / "v3", label="v3", base=find_base(str(bundle.path), package), jobs=1
    )
    assert other is not None
    assert [i["name"] for i in other.manifest["instruments"]] == ["ComCam"]
    assert sum(d["path"] is None for d in other.manifest["datasets"]) == 2
    report = import_bundle(other.path, repo, instruments=CHOICES)
    assert report.ok, report.diagnostics

    # recertify: the old release gets the new range.
    unchanged = recertify_ranges(repo, package, release="v1", paths=["comCam/defects/r22_s11"])
    assert (unchanged.ok, unchanged.changed) == (True, False), unchanged.diagnostics
    first = "comCam/defects/r22_s00/19700101T000000.ecsv"
    text = (
        (written.path / first)
        .read_text()
        .replace("# schema:", "# - {VALIDEND: '2019-01-01T00:00:00'}\n# schema:")
    )
    written.commit({first: text}, "End the first epoch earlier")
    changed = recertify_ranges(
        repo, open_package(written.path), release="v3", paths=["comCam/defects/r22_s00"]
    )
    assert (changed.ok, changed.changed) == (True, True), changed.diagnostics
    assert changed.collections == ("LSSTComCamSim/calib/v3",)
    assert [str(d) for d in changed.added] == ["defects detector=0 instrument=LSSTComCamSim"]
    assert not scrub_repository(repo).diagnostics

    # export: what comes out goes in again.
    exported = tmp_path / "exported"
    collections = ["LSSTComCamSim/calib/v3"]
    assert export_package(repo, exported, collections=collections).ok
    assert (exported / "calibs/comCam" / SECOND.removeprefix("comCam/")).is_file()
    assert "name: LSSTComCamSim\n" in (exported / "calibs/comCam/instrument.yaml").read_text()
    inventories = [read_inventory(str(exported), jobs=1), read_inventory(repo, collections=collections)]
    assert not compare(*(source.inventory for source in inventories))
    with Butler.from_config(repo) as butler:
        assert read_class_names(butler).keys() == {"LSSTComCamSim", "LSSTCam"}


def test_choices_of_commands_that_import_nothing(tmp_path: Path) -> None:
    repo = str(register(tmp_path / "repo", ["LSSTComCamSim"]))
    package = open_package(write_stack_package(tmp_path / "package", "comCam").path)
    report = check_package(package)
    instruments = complete_instruments(package, report.reports, report.declared).values()
    names = package_renamings(repo, instruments)
    assert (names.renamings, [problem.code for problem in names.unsettled]) == ({}, ["CAL648"])
    names = package_renamings(repo, instruments, CHOICES)
    assert (names.renamings["ComCam"].name, names.unsettled) == ("LSSTComCamSim", ())
    with pytest.raises(CuratedError, match="has no instrument LSSTComCam"):
        package_renamings(repo, instruments, ["comCam=LSSTComCam"])


def test_an_instrument_that_is_not_certain_is_said(tmp_path: Path) -> None:
    repo = str(register(tmp_path / "repo", ["LSSTComCamSim"]))
    package = write_stack_package(tmp_path / "package", "comCam").path
    _, bundle = build_bundle(open_package(package), tmp_path / "v1", label="v1", jobs=1)
    assert bundle is not None
    assert import_bundle(bundle.path, repo, instruments=CHOICES).ok
    # As if stock Butler had filled it: nobody wrote down which instrument it is.
    shutil.rmtree(Path(repo) / "curated-imports")
    for source in (package, bundle.path):
        done = run(["compare", str(source), repo, "--jobs", "1"])
        assert done.exit_code == 1
        assert (
            f"{source}: warning CAL648 comCam: its name is inferred, and it may be LSSTComCamSim"
            in done.stderr
        )
        assert "(hint: --instrument comCam=OTHER says that it is OTHER of the repository" in done.stderr
        done = run(["compare", str(source), repo, "--jobs", "1", "--instrument", *CHOICES])
        assert (done.exit_code, done.stderr) == (0, "")
    values = json.loads(run(["compare", repo, str(package), "--jobs", "1", "--format", "json"]).stdout)
    assert (values["same"], [finding["code"] for finding in values["findings"]]) == (False, ["CAL648"])

    done = run(["-C", str(package), "recertify", repo])
    assert isinstance(done.exception, CuratedError)
    assert "in the chains of ComCam; comCam: its name is inferred" in done.exception.message
    assert done.exception.hint.startswith("--instrument comCam=OTHER")
    done = run(["-C", str(package), "recertify", repo, "--instrument", *CHOICES])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "LSSTComCamSim/calib/v1 has the ranges of commit" in done.stdout


def run(arguments: list[str]) -> Result:
    return CliRunner().invoke(cli, arguments)
