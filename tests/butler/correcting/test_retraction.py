"""Releases go out of chains, and back to their places, in repositories that curated or stock Butler filled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import GitPackage
from curated.butler import open_repository, retract_release
from curated.core.diagnostic import CuratedError
from support.corrections import certified, collection_type, datasets, files_of, run_printed_command
from support.programs import run_curated

pytest.importorskip("lsst.daf.butler")


def test_a_release_goes_out_of_its_chain_and_back_to_its_place(repo: str, package: GitPackage) -> None:
    butler = open_repository(repo, writeable=True)
    for name in ("Lab/calib/v2", "Lab/calib/v0"):
        butler.collections.register(name, collection_type("CALIBRATION"))
    members = ("Lab/calib/v2", "Lab/calib/v1", "Lab/calib/v0")
    butler.collections.redefine_chain("Lab/calib", members)
    state = certified(repo), files_of(repo), datasets(repo)

    report = retract_release(repo, "v1", dry_run=True)
    assert (report.changed, report.chains[0].after) == (True, ("Lab/calib/v2", "Lab/calib/v0"))
    assert chain(repo) == members
    report = retract_release(repo, "v1")
    assert report.ok
    assert (report.chains[0].before, report.chains[0].after) == (members, ("Lab/calib/v2", "Lab/calib/v0"))
    assert chain(repo) == report.chains[0].after
    again = retract_release(repo, "v1")
    assert (again.ok, again.changed) == (True, False)
    assert (certified(repo), files_of(repo), datasets(repo)) == state
    assert report.chains[0].command == f"curated retract {repo} v1 --instrument Lab --undo --before v0"
    assert run_printed_command(report.chains[0].command, package) == 0
    assert chain(repo) == members
    assert not retract_release(repo, "v1", undo=True).changed


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_a_chain_of_another_name(repo: str, package: GitPackage) -> None:
    butler = open_repository(repo, writeable=True)
    butler.collections.x_remove("Lab/calib")
    butler.collections.register("Lab/calib", collection_type("CALIBRATION"))
    report = retract_release(repo, "v1")
    assert [d.code for d in report.diagnostics] == ["CAL671"]
    assert report.diagnostics[0].message == "Lab/calib/v1 is in no chain: there is no chain Lab/calib"
    butler.collections.register("Lab/best", collection_type("CHAINED"))
    butler.collections.redefine_chain("Lab/best", ["Lab/calib/v1"])
    assert retract_release(repo, "v1").diagnostics[0].hint == "name the chain: --chain-name Lab/best"
    report = retract_release(repo, "v1", chain_names=["Lab/best"])
    assert (report.ok, report.chains[0].after) == (True, ())
    assert run_printed_command(report.chains[0].command, package) == 0
    assert butler.collections.get_info("Lab/best").children == ("Lab/calib/v1",)


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_the_last_member_comes_back_as_the_last(repo: str) -> None:
    report = retract_release(repo, "v1")
    assert chain(repo) == ()
    assert report.chains[0].command.endswith("--undo")
    assert retract_release(repo, "v1", undo=True).changed
    assert chain(repo) == ("Lab/calib/v1",)


def chain(repo: str) -> tuple[str, ...]:
    return tuple(open_repository(repo).collections.get_info("Lab/calib").children)


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_what_cannot_be_retracted_is_said(repo: str) -> None:
    def codes(*release: str, **options: Any) -> list[str]:
        return [d.code for d in retract_release(repo, *release, **options).diagnostics]

    assert codes("v7") == ["CAL670"]
    assert codes("v1", instruments=["Cam"]) == ["CAL670"]
    assert codes("v1", undo=True, before="v9") == []
    retract_release(repo, "v1")
    assert codes("v1", undo=True, before="v9") == ["CAL672"]
    butler = open_repository(repo, writeable=True)
    butler.collections.register("Lab/calib/site", collection_type("CHAINED"))
    butler.collections.redefine_chain("Lab/calib/site", ["Lab/calib/v1"])
    butler.collections.redefine_chain("Lab/calib", ["Lab/calib/site"])
    assert codes("v1") == ["CAL671"]
    butler.collections.x_remove("Lab/calib")
    assert codes("v1") == ["CAL671"]
    with pytest.raises(CuratedError, match="is no Butler repository"):
        retract_release(f"{repo}x", "v1")


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_the_command_prints_the_chain_before_and_after(repo: str) -> None:
    done = run_curated("retract", repo, "v1")
    assert done.stdout.splitlines() == [
        "Lab: chain Lab/calib was Lab/calib/v1",
        "Lab: it is now (empty)",
        f"to undo: curated retract {repo} v1 --instrument Lab --undo",
    ]
    done = run_curated("retract", repo, "v1")
    assert (done.returncode, done.stdout) == (
        0,
        "Lab: nothing changed: Lab/calib/v1 is not in the chain Lab/calib\n",
    )
    done = run_curated("retract", repo, "v9", "--format", "json")
    output = json.loads(done.stdout)
    assert (done.returncode, output["version"], output["ok"]) == (1, 1, False)
