"""One hash from package, commit, bundle and repository; and what differs where it is not the same."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.bundle.builder import build_bundle
from curated.butler import import_bundle
from curated.butler.inventories import read_inventory
from curated.datasets.inventory import Difference, Inventory, compare
from curated.datasets.spans import LAST_NS
from curated.package.package import open_package
from support.packages import defects_path, defects_text, make_demo_package
from support.programs import run_curated
from support.repositories import run_stock_butler

LATER = defects_path(0, "20240101T000000")


def fingerprint(where: str | Path = "", *collections: str, cwd: Path | None = None) -> Inventory:
    source = read_inventory(str(where), str(cwd or "."), collections=collections)
    assert not source.failed, source.diagnostics
    return source.inventory


def compared(first: str | Path, second: str | Path, cwd: Path | None = None) -> list[Difference]:
    return compare(fingerprint(first, cwd=cwd), fingerprint(second, cwd=cwd))


def bundled(package: GitPackage, output: Path, label: str | None = None) -> Path:
    report, bundle = build_bundle(open_package(package.path), output, label=label)
    assert bundle is not None, report.diagnostics
    return output


def imported(bundle: Path, repo: Path) -> Path:
    report = import_bundle(bundle, str(repo))
    assert report.ok, report.diagnostics
    return repo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[GitPackage, Path, Path]:
    """The demonstration, its bundle, and the repository that it was imported into."""
    root = tmp_path_factory.mktemp("demo")
    package = make_demo_package(root / "package")
    bundle = bundled(package, root / "bundle", "v1")
    return package, bundle, imported(bundle, root / "repo")


@pytest.fixture
def lab(make_package: MakePackage) -> GitPackage:
    files = {
        defects_path(0): defects_text(),
        LATER: defects_text(date="2024-01-01T00:00:00", x0=2),
        defects_path(1): defects_text(detector=1),
    }
    return make_package({"curated.yaml": "calibs: calibs\n", **files})


def test_it_is_the_same_from_everywhere(demo: tuple[GitPackage, Path, Path], tmp_path: Path) -> None:
    package, bundle, repo = demo
    stock = tmp_path / "stock"
    for command in (
        ("create", str(stock), "--seed-config", str(bundle / "butler-seed.yaml")),
        ("import", str(stock), str(bundle), "--export-file", "export.yaml", "-t", "copy"),
    ):
        done = run_stock_butler(*command)
        assert done.returncode == 0, done.stderr
    inventories = [
        fingerprint(cwd=package.path),
        fingerprint(package.path),
        fingerprint("HEAD", cwd=package.path),
        fingerprint(f"{package.path}@HEAD"),
        fingerprint(bundle),
        fingerprint(repo),
        fingerprint(repo, "Demo/calib/v1"),
        fingerprint(stock),
    ]
    assert len({inventory.fingerprint for inventory in inventories}) == 1
    assert all(inventory.datasets == inventories[0].datasets for inventory in inventories)
    # The commit before differs by inventory word in inventory file.
    # A note does not change what is applied to images.
    before, after = (
        read_inventory(revision, str(package.path), by_bytes=True).inventory
        for revision in ("HEAD~2", "HEAD")
    )
    assert fingerprint("HEAD~2", cwd=package.path).fingerprint == inventories[0].fingerprint
    assert before.fingerprint != after.fingerprint
    assert sum(a != b for a, b in zip(before.datasets, after.datasets, strict=True)) == 1


def test_the_list_hashes_to_it(demo: tuple[GitPackage, Path, Path]) -> None:
    _, bundle, repo = demo
    lines = run_curated("fingerprint", repo, "--list").stdout
    short = run_curated("fingerprint", bundle).stdout
    assert short.startswith(
        f"{hashlib.sha256(lines.encode()).hexdigest()}  {len(lines.splitlines())} calibrations"
    )


def test_no_repository_is_needed_to_hash_a_package(lab: GitPackage) -> None:
    committed = fingerprint(cwd=lab.path).fingerprint
    shutil.rmtree(lab.path / ".git")
    assert fingerprint(cwd=lab.path).fingerprint == committed


@pytest.mark.parametrize(
    ("files", "kinds"),
    [
        ({LATER: defects_text(date="2024-01-01T00:00:00", x0=3)}, ["content"]),
        ({LATER: None}, ["content"]),
        ({defects_path(1): None}, ["missing"]),
        ({defects_path(2): defects_text(detector=2)}, ["added"]),
        ({defects_path(1): defects_text({"VALIDEND": "2030-01-01T00:00:00"}, detector=1)}, ["validity"]),
        ({"notes.txt": "text"}, []),
        ({defects_path(1): defects_text(detector=1).replace("1 2 3 4", "1  2 3 4")}, []),
        ({"curated.yaml": "calibs: calibs\nurl: https://example.org/new\n"}, []),
    ],
)
def test_what_differs(
    lab: GitPackage, tmp_path: Path, files: dict[str, str | None], kinds: list[str]
) -> None:
    repo = imported(bundled(lab, tmp_path / "one"), tmp_path / "repo")
    lab.commit(files)
    other = bundled(lab, tmp_path / "two")
    for pair in (("HEAD~1", lab.path), (repo, other), (tmp_path / "one", "HEAD"), (repo, lab.path)):
        before, after = (fingerprint(where, cwd=lab.path) for where in pair)
        assert [difference.kind for difference in compare(before, after)] == kinds, pair
        assert (before.fingerprint == after.fingerprint) is (not kinds)


def test_people_see_what_differs_and_when(lab: GitPackage) -> None:
    lab.commit({defects_path(1): defects_text({"VALIDEND": "2030-01-01T00:00:00"}, detector=1)})
    done = run_curated("compare", "HEAD~1", "HEAD", cwd=lab.path)
    assert done.returncode == 1
    plain = json.loads(run_curated("compare", "HEAD~1", "HEAD", "--format", "json", cwd=lab.path).stdout)
    assert (plain["same"], [difference["kind"] for difference in plain["differences"]]) == (
        False,
        ["validity"],
    )
    assert run_curated("compare", "HEAD", ".", cwd=lab.path).returncode == 0
    lines = done.stdout.splitlines()
    assert lines[2] == "defects detector=1 instrument=Lab: valid at other times"
    assert lines[3].startswith("  - 2020-01-01T00:00:00 to open")
    assert lines[4].startswith("  + 2020-01-01T00:00:00 to 2030-01-01T00:00:00")
    assert lines[5] == "1 product differs: 1 valid at other times (- in A, + in B; times are UTC)"


def test_an_older_release_shows_through_the_holes_of_a_newer_one(lab: GitPackage, tmp_path: Path) -> None:
    """A chain is looked up member by member: what the newest lacks is difference in the one before."""
    repo = imported(bundled(lab, tmp_path / "one", "v1"), tmp_path / "repo")
    lab.commit({defects_path(1): None, LATER: defects_text(date="2024-01-01T00:00:00", x0=9)})
    imported(bundled(lab, tmp_path / "two", "v2"), repo)
    newest = fingerprint(repo, "Lab/calib/v2")
    assert newest.fingerprint == fingerprint(cwd=lab.path).fingerprint
    (difference,) = compared("HEAD", repo, cwd=lab.path)
    assert (difference.kind, dict(difference.key[1])["detector"]) == ("added", 1)


def test_a_range_is_cut_where_a_newer_release_covers_a_part(lab: GitPackage, tmp_path: Path) -> None:
    repo = imported(bundled(lab, tmp_path / "one", "v1"), tmp_path / "repo")
    later = defects_text(detector=1, date="2022-01-01T00:00:00", x0=5)
    lab.commit({defects_path(1): None, defects_path(1, "20220101T000000"): later})
    imported(bundled(lab, tmp_path / "two", "v2"), repo)
    first, second = [d.span for d in fingerprint(repo).datasets if dict(d.data_id)["detector"] == 1]
    assert first.end == second.begin == (1640995200 + 37) * 10**9
    assert second.end == LAST_NS


def test_a_file_that_is_gone_is_told(lab: GitPackage, tmp_path: Path) -> None:
    bundle = bundled(lab, tmp_path / "one")
    repo = imported(bundle, tmp_path / "repo")
    next(repo.rglob("*.fits")).unlink()
    next(bundle.rglob("*.fits")).unlink()
    for where, code in ((repo, "CAL682"), (bundle, "CAL613")):
        done = run_curated("fingerprint", where)
        assert (done.returncode, done.stdout) == (1, "")
        assert code in done.stderr


def test_a_changed_file_of_a_bundle_is_another_content(lab: GitPackage, tmp_path: Path) -> None:
    bundle = bundled(lab, tmp_path / "one")
    file = next(bundle.rglob("*.fits"))
    data = bytearray(file.read_bytes())
    data[-2880] ^= 1
    file.write_bytes(bytes(data))
    assert [difference.kind for difference in compared(bundle, "HEAD", cwd=lab.path)] == ["content"]


def test_errors_in_a_package_are_told(lab: GitPackage) -> None:
    lab.commit({defects_path(1): "nonsense"})
    done = run_curated("fingerprint", cwd=lab.path)
    assert (done.returncode, done.stdout) == (1, "")
    assert defects_path(1) in done.stderr


@pytest.mark.parametrize("where", ["nonesuch", "./nonesuch", "HEAD~99", "--rev=nix", "-x"])
def test_what_does_not_exist_is_no_traceback(lab: GitPackage, where: str) -> None:
    done = run_curated("fingerprint", where, cwd=lab.path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_a_collection_that_does_not_exist(demo: tuple[GitPackage, Path, Path]) -> None:
    done = run_curated("fingerprint", demo[2], "--collection", "nix")
    assert done.returncode == 2
    assert "nix" in done.stderr


def test_nothing_is_written_anywhere(lab: GitPackage, tmp_path: Path) -> None:
    before = sorted(lab.path.rglob("*"))
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run_curated("compare", "HEAD", ".", cwd=lab.path, TMPDIR=str(empty))
    assert done.returncode == 0, done.stderr
    assert sorted(lab.path.rglob("*")) == before
    assert list(empty.iterdir()) == []


def test_the_name_says_what_is_not_committed(make_package: MakePackage) -> None:
    package = make_package({"curated.yaml": "", defects_path(): defects_text()})
    name = f"package {package.path} at {package.commits[0][:12]}"
    assert fingerprint(package.path).source == name
    package.git("update-index", "--assume-unchanged", defects_path())
    package.write({defects_path(): defects_text(x0=2)})
    assert fingerprint(package.path).source == f"{name}, with changes that are not committed"
    assert fingerprint(f"{package.path}@HEAD").source == name
