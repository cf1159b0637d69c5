"""What a check found is remembered, and a damaged memory does no harm."""

from __future__ import annotations

import hashlib
import importlib
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curated.check.cache import Cache, cache_directory, type_state
from curated.check.package import check_package
from curated.core.diagnostic import Diagnostic
from curated.git.objects import blob_sha1
from curated.package.package import open_package
from curated.registry import get_type
from support.packages import defects_text, make_demo_package
from support.programs import check_without_override, run_curated

CASES = Path(__file__).parents[1] / "data"
FILES = 11
"""Calibrations in the package of these tests."""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with many findings, and a cache directory of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "package"
    (root / "calibs").mkdir(parents=True)
    (root / "curated.yaml").write_text("calibs: calibs\n")
    for case in (
        "CAL113-everything-at-once",
        "CAL402-end-before-start",
        "CAL502-metadata",
        "CAL301-ranges",
        "CAL218-cells",
    ):
        shutil.copytree(CASES / "bad" / case / "calibs/cam", root / "calibs" / case)
    return root


def check(root: Path) -> list[Diagnostic]:
    return list(check_package(open_package(root), jobs=1).diagnostics)


def in_full(diagnostics: Iterable[Diagnostic]) -> list[dict[str, object]]:
    return [d.to_dict() for d in diagnostics]


def cache_file(root: Path) -> Path:
    (path,) = cache_directory().glob("check-*.json")
    return path


def remembered(root: Path) -> int:
    """How many files of a package would not have to be read again."""
    opened = open_package(root)
    cache = Cache(opened.root)
    return sum(
        cache.get(f.path, blob_sha1((root / f.path).read_bytes())) is not None for f in opened.layout.files
    )


def test_the_second_check_finds_the_same(package: Path) -> None:
    first = check(package)
    assert len(first) > 20
    assert remembered(package) == FILES
    assert in_full(check(package)) == in_full(first)
    assert in_full(check_package(open_package(package), use_cache=False).diagnostics) == in_full(first)


def test_what_is_remembered_is_used(package: Path) -> None:
    check(package)
    path = cache_file(package)
    program, _, body = path.read_text().partition(" ")
    entries = json.loads(body.partition("\n")[2])
    for entry in entries.values():
        entry["diagnostics"] = []
    changed = json.dumps(entries).encode()
    path.write_bytes(f"{program} {hashlib.sha256(changed).hexdigest()}\n".encode() + changed)
    assert {d.code[3] for d in check(package)} == {"4"}, (
        "only what is asked of all files together is found anew"
    )


def test_a_changed_file_is_read_again(package: Path) -> None:
    check(package)
    changed = package / "calibs/CAL301-ranges/defects/d00/20240101T000000.ecsv"
    changed.write_text(changed.read_text().replace("-1 5 0 3", "1 5 1 3"))
    assert remembered(package) == FILES - 1
    again = check(package)
    assert again == list(check_package(open_package(package), use_cache=False).diagnostics)
    assert remembered(package) == FILES


def test_files_that_are_gone_are_forgotten(package: Path) -> None:
    check(package)
    shutil.rmtree(package / "calibs/CAL502-metadata")
    check(package)
    assert not any("CAL502" in path for path in Cache(package).entries)


def test_a_part_keeps_what_is_known_of_the_rest(package: Path) -> None:
    check(package)
    check_package(open_package(package), ["calibs/CAL301-ranges"])
    assert remembered(package) == FILES


def test_another_instrument_is_another_question(package: Path) -> None:
    check(package)
    text = "name: Cam\ndetectors:\n- {id: 0, name: d00, width: 50, height: 500}\n"
    file = package / "calibs/CAL402-end-before-start/instrument.yaml"
    file.write_text(text)
    counts = []
    for width in (50, 200, 50, 5):
        file.write_text(text.replace("width: 50", f"width: {width}"))
        findings = check(package)
        counts.append([d.code for d in findings].count("CAL307"))
        assert in_full(findings) == in_full(check_package(open_package(package), use_cache=False).diagnostics)
    assert counts == [1, 0, 1, 2]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: b"\0" * len(data),
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data + b" ",
        lambda data: data.replace(b"CAL301", b"CAL302"),
        lambda data: data.partition(b"\n")[2],
        lambda data: b"x " + data,
        lambda data: b"\xff" + data,
        lambda data: b"0" * 64 + data[64:],
    ],
)
def test_a_damaged_cache_is_made_anew(package: Path, damage: object) -> None:
    first = check(package)
    path = cache_file(package)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert in_full(check(package)) == in_full(first)
    assert remembered(package) == FILES


def test_a_cache_that_is_a_directory(package: Path) -> None:
    first = check(package)
    path = cache_file(package)
    path.unlink()
    path.mkdir()
    assert in_full(check(package)) == in_full(first)
    assert list(path.parent.iterdir()) == [path], "nothing is left over"


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the entries of a cache, with a hash that is right: somebody who may write to it can do that."""
    program, _, body = path.read_text().partition(" ")
    entries = json.loads(body.partition("\n")[2])
    entries = change(entries) or entries
    content = json.dumps(entries).encode()
    path.write_bytes(f"{program} {hashlib.sha256(content).hexdigest()}\n".encode() + content)


ODD: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", "x", [], ["x"], [None], [[]], {}, {"x": None}, [{}]]


def test_no_odd_entry_is_believed_or_a_bug(package: Path) -> None:
    """Each value of an entry, at any depth, takes the place of each odd one."""
    first = in_full(check(package))
    path = cache_file(package)
    content = path.read_bytes()
    entries = json.loads(content.partition(b"\n")[2])
    name = next(name for name, entry in entries.items() if entry["diagnostics"] and entry["keywords"])
    source = random.Random(1)
    places = [*walk(entries[name])]
    for place in source.sample(places, 25):
        for odd in source.sample(ODD, 2):
            path.write_bytes(content)

            def change(entries: dict[str, Any], place: list[Any] = place, odd: Any = odd) -> None:
                parent = entries[name]
                for key in place[:-1]:
                    parent = parent[key]
                parent[place[-1]] = odd

            rewrite(path, change)
            # Values of the right type are believed: whoever may write there may run programs as this user.
            findings = check(package)
            if not isinstance(odd, (str, int, float)) and odd not in ([], ["x"]):
                changed = [d for d in in_full(findings) if d not in first]
                assert changed == [], (place, odd)
    assert len(places) > 20


def walk(value: Any, place: tuple[Any, ...] = ()) -> Iterator[list[Any]]:
    """Yield the places of all values in a mapping."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield [*place, key]
        yield from walk(item, (*place, key))


@pytest.mark.parametrize("entries", [[], None, "x", {"calibs": None}, 3])
def test_a_cache_of_something_else_is_empty(package: Path, entries: Any) -> None:
    first = in_full(check(package))
    rewrite(cache_file(package), lambda _: entries)
    assert in_full(check(package)) == first


@pytest.mark.parametrize("kind", ["pipe", "link", "others may write", "others own it", "huge"])
def test_a_cache_that_others_may_have_written_is_not_read(package: Path, kind: str) -> None:
    first = check(package)
    path = cache_file(package)
    rewrite(path, lambda entries: [entry.update(diagnostics=[]) for entry in entries.values()] and None)
    if kind == "pipe":
        path.unlink()
        os.mkfifo(path)
    elif kind == "link":
        path.rename(path.parent / "elsewhere")
        path.symlink_to("elsewhere")
    elif kind == "others may write":
        path.chmod(0o666)
    elif kind == "huge":
        os.truncate(path, 1 << 40)
    elif os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        pytest.skip("only root can give files away")
    assert in_full(check(package)) == in_full(first)
    assert path.is_file()
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_release_believes_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache says that a file with a negative column is clean; each command of a release finds the errors."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    demo = make_demo_package(tmp_path / "demo")
    shutil.copytree(demo.path, tmp_path / "package")
    package = tmp_path / "package"
    wrong = package / "calibs/demo/defects/d00/20260101T000000.ecsv"
    wrong.write_text(defects_text({"INSTRUME": "Demo"}, date="2026-01-01T00:00:00", x0=-1))
    subprocess.run(["git", "add", "."], cwd=package, check=True)
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "x"], cwd=package, check=True
    )
    assert run_curated("check", cwd=package).returncode == 1
    rewrite(
        cache_file(package),
        lambda entries: [entry.update(diagnostics=[]) for entry in entries.values()] and None,
    )
    assert run_curated("check", cwd=package).returncode == 0, "a poisoned cache"
    output = tmp_path / "out"
    base = run_curated("bundle", tmp_path / "base", cwd=demo.path)
    assert base.returncode == 0
    for arguments in (
        ["bundle", output],
        ["bundle", output, "--base", tmp_path / "base"],
        ["convert", "-o", output],
    ):
        assert run_curated(*arguments, cwd=package).returncode == 1
        assert not output.exists()


def test_a_cache_directory_that_is_a_file(package: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    assert len(check(package)) > 20
    assert (tmp_path / "cache").read_text() == ""


def test_a_cache_directory_that_cannot_be_written(package: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o500)
    assert len(check_without_override(package)) > 20
    assert not list((tmp_path / "cache").iterdir())


def test_a_cache_directory_that_is_nowhere(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert len(check(package)) > 20


def test_each_package_has_its_own(package: Path, tmp_path: Path) -> None:
    shutil.copytree(package, tmp_path / "other")
    check(package)
    check(tmp_path / "other")
    assert len(list(cache_directory().glob("check-*.json"))) == 2


def _check_often(root: Path) -> list[int]:
    return [len(check(root)) for _ in range(15)]


def test_parallel_runs(package: Path) -> None:
    expected = len(check(package))
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        counts = pool.map(_check_often, [package] * 3)
    assert {count for each in counts for count in each} == {expected}
    assert remembered(package) == FILES
    assert list(cache_directory().iterdir()) == [cache_file(package)], "nothing is left over"


def test_a_finding_comes_back_as_it_was(package: Path) -> None:
    check(package)
    opened = open_package(package)
    cache = Cache(opened.root)
    for file in opened.layout.files:
        report = cache.get(file.path, blob_sha1((package / file.path).read_bytes()))
        assert report is not None
        for diagnostic in report.diagnostics:
            assert isinstance(diagnostic.pointer, tuple)
            assert replace(diagnostic).to_dict() == diagnostic.to_dict()
            assert diagnostic.severity.value in ("error", "warning", "info")


def test_packages_that_were_not_checked_for_long_are_forgotten(package: Path) -> None:
    directory = cache_directory()
    directory.mkdir(parents=True)
    for i in range(50):
        (directory / f"check-{i:016x}.json").write_text("")
        os.utime(directory / f"check-{i:016x}.json", (1000 + i, 1000 + i))
    (directory / "other.json").write_text("")
    check(package)
    left = sorted(path.name for path in directory.glob("check-*"))
    assert len(left) == 32
    assert f"check-{49:016x}.json" in left
    assert f"check-{18:016x}.json" not in left
    assert remembered(package) == FILES
    assert (directory / "other.json").exists(), "what is not ours is left alone"


def test_what_a_killed_run_left_is_removed(package: Path) -> None:
    directory = cache_directory()
    directory.mkdir(parents=True)
    for name, age in ((".check-1.json.0000000a", 7200), (".check-1.json.0000000b", 0)):
        (directory / name).write_text("half of it")
        then = time.time() - age
        os.utime(directory / name, (then, then))
    check(package)
    assert sorted(p.name for p in directory.iterdir() if not p.name.endswith(".json")) == [
        ".check-1.json.0000000b"
    ]


def test_a_package_in_use_is_not_forgotten(package: Path) -> None:
    check(package)
    path = cache_file(package)
    before = path.read_bytes()
    os.utime(path, (1000, 1000))
    check(package)
    assert path.stat().st_mtime > 1000
    assert path.read_bytes() == before


@pytest.mark.parametrize("value", ["1" + "0" * 30, ".nan", "-.inf"])
def test_what_json_does_not_hold_is_found_each_time(package: Path, value: str) -> None:
    odd = package / "calibs/odd/defects/d00/20240101T000000.yaml"
    odd.parent.mkdir(parents=True)
    odd.write_text(
        f"x0: []\ny0: []\nwidth: []\nheight: []\n{value}: 1\nmetadata: {{DET_SER: {value}, INSTRUME: odd}}\n"
    )
    first = check(package)
    assert in_full(check(package)) == in_full(first)
    assert remembered(package) == FILES
    assert any(d.file.startswith("calibs/odd") for d in first)


def test_a_type_of_another_project_is_a_part_of_what_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    source = tmp_path / "other_wavefronts.py"
    source.write_text("class Wavefronts:\n    pass\n")
    other_type = importlib.import_module("other_wavefronts").Wavefronts
    before = type_state(other_type)
    assert before
    assert type_state(other_type) == before
    source.write_text("class Wavefronts:\n    version = 2\n")
    assert type_state(other_type) != before
    source.unlink()
    assert type_state(other_type) not in ("", before)
    assert type_state(get_type("defects")) == "", "types of this project are a part of the program"
