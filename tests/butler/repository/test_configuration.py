"""Configuration files of repositories that are spoiled, or name what they must not."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("lsst.daf.butler")

from lsst.resources import ResourcePath

from curated.butler.repository.configuration import LARGEST, check_configuration, parse_configuration
from curated.core.diagnostic import CuratedError
from support.programs import curated_command
from support.spoiled_repositories import (
    CANARY,
    add_text,
    edit_text,
    plant_canary,
    run_here,
    tree,
    write_bytes,
)

FILE_DATASTORE = "lsst.daf.butler.datastores.fileDatastore.FileDatastore"
MANAGER = "lsst.daf.butler.registry.opaque.ByNameOpaqueTableStorageManager"
FORMATTER = "defects: curated.butler.formatter.CalibFormatter"
EVIL = f"{CANARY}.Thing"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{previous}'] * 10)}]\n"
    for previous, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = "m0: &m0 {k: 1}\n" + "".join(
    f"m{n}: &m{n} {{<<: [{','.join([f'*m{n - 1}'] * 10)}]}}\n" for n in range(1, 9)
)


def make_directory(repo: Path) -> None:
    (repo / "butler.yaml").unlink()
    (repo / "butler.yaml").mkdir()


def make_pipe(repo: Path) -> None:
    (repo / "butler.yaml").unlink()
    os.mkfifo(repo / "butler.yaml")


def make_giant(repo: Path) -> None:
    with (repo / "butler.yaml").open("r+b") as stream:
        stream.truncate(1 << 40)


def run_with_memory(size: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process whose address space has a limit, in bytes."""
    return subprocess.run(
        curated_command(*arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)),
    )


def include(text: str, **files: str):
    def change(repo: Path) -> None:
        for name, content in files.items():
            (repo / f"{name}.yaml").write_text(content)
        add_text(text)(repo)

    return change


CASES = {
    "datastore class": (edit_text(FILE_DATASTORE, EVIL), EVIL),
    "datastore class of Python": (edit_text(FILE_DATASTORE, "subprocess.Popen"), "subprocess.Popen"),
    "class through a module of lsst": (
        edit_text(FILE_DATASTORE, "lsst.utils.packages.subprocess.Popen"),
        "subprocess.Popen",
    ),
    "manager": (edit_text(MANAGER, EVIL), EVIL),
    "manager with settings": (edit_text(f"opaque: {MANAGER}", f"opaque: {{cls: {EVIL}}}"), EVIL),
    "formatter": (edit_text(FORMATTER, f"defects: {EVIL}"), EVIL),
    "formatter with settings": (edit_text(FORMATTER, f"defects: {{formatter: {EVIL}}}"), EVIL),
    "formatter of an instrument": (edit_text(FORMATTER, f"instrument<Lab>: {{defects: {EVIL}}}"), EVIL),
    "module without a dot": (edit_text(FILE_DATASTORE, CANARY), CANARY),
    "name with a similar beginning": (edit_text(FILE_DATASTORE, "lsstevil.Thing"), "lsstevil"),
    "butler class": (add_text(f"cls: {EVIL}\n"), EVIL),
    "engine": (edit_text("registry:\n", f"registry:\n  engines: {{sqlite: {EVIL}}}\n"), EVIL),
    "storage class": (add_text(f"storageClasses: {{Defects: {{pytype: {EVIL}}}}}\n"), EVIL),
    "delegate": (add_text(f"storageClasses: {{Defects: {{delegate: {EVIL}}}}}\n"), EVIL),
    "converter": (
        add_text(f"storageClasses: {{Defects: {{converters: {{{EVIL}: lsst.x.y}}}}}}\n"),
        EVIL,
    ),
    "import backend": (add_text(f"repo_transfer_formats: {{yaml: {{import: {EVIL}}}}}\n"), EVIL),
    "dimension class": (add_text(f"dimensions: {{skypix: {{htm: {{class: {EVIL}}}}}}}\n"), EVIL),
    "chained datastore": (
        edit_text(
            f"cls: {FILE_DATASTORE}",
            f"cls: lsst.daf.butler.datastores.chainedDatastore.ChainedDatastore\n  datastores: [{{cls: {EVIL}}}]",
        ),
        EVIL,
    ),
    "doubled section": (add_text(f"datastore2: {{datastore: {{cls: {EVIL}}}}}\n"), EVIL),
    "alias": (add_text(f"other: &x {EVIL}\nagain: {{cls: *x}}\n"), EVIL),
    "merge": (add_text(f"other: &x {{cls: {EVIL}}}\nagain: {{<<: *x}}\n"), EVIL),
    "included file": (include("more: !include more.yaml\n", more=f"cls: {EVIL}\n"), EVIL),
    "included list": (include("more: !include [more.yaml]\n", more=f"cls: {EVIL}\n"), EVIL),
    "includeConfigs": (include("includeConfigs: more.yaml\n", more=f"registry: {{cls: {EVIL}}}\n"), EVIL),
    "nested includes": (
        include(
            "includeConfigs: [more.yaml]\n",
            more="deep: {includeConfigs: less.yaml}\n",
            less=f"x: {{cls: {EVIL}}}\n",
        ),
        EVIL,
    ),
    "included device": (add_text("more: !include /dev/zero\n"), "no regular file"),
    "included file elsewhere": (add_text("more: !include http://127.0.0.1:9/x.yaml\n"), "elsewhere"),
    "absent include": (add_text("includeConfigs: none.yaml\n"), "does not exist"),
    "circle of includes": (include("more: !include butler.yaml\n"), ""),
    "alias bomb": (add_text(BOMB), "aliases"),
    "merge bomb": (add_text(MERGE_BOMB), "aliases"),
    "recursion": (add_text("x: &x {y: *x}\n"), "contains itself"),
    "deep nesting": (add_text("x: " + "[" * 100_000 + "\n"), "nested too deeply"),
    "python object": (add_text("x: !!python/object/apply:os.system ['true']\n"), "python/object"),
    "unknown tag": (add_text("x: !<tag:x,2000:y> 1\n"), "tag"),
    "garbage": (write_bytes("butler.yaml", bytes(range(256)) * 9), "no configuration"),
    "no mapping": (write_bytes("butler.yaml", b"- a\n- b\n"), "no mapping"),
    "giant": (make_giant, "larger than 1 MB"),
    "pipe": (make_pipe, "no regular file"),
    "directory": (make_directory, ""),
    "empty": (write_bytes("butler.yaml", b""), "it is empty"),
    "only a comment": (write_bytes("butler.yaml", b"# nothing\n--- {}\n"), "it is empty"),
    "database address": (edit_text("sqlite:///<butlerRoot>/gen3.sqlite3", "':::'"), ""),
    "database number": (edit_text("sqlite:///<butlerRoot>/gen3.sqlite3", "17"), ""),
    "managers as text": (edit_text("  managers:\n", "  managers: none\n  other:\n"), ""),
    "datastore as a list": (edit_text("datastore:\n", "datastore: [1]\nother:\n"), ""),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", CASES)
def test_a_hostile_configuration_is_refused(filled_repo, tmp_path, capsys, monkeypatch, case) -> None:
    change, cause = CASES[case]
    trace = plant_canary(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    change(filled_repo)
    before = tree(filled_repo) if case != "giant" else {}
    done = run_here(capsys, monkeypatch, "fingerprint", filled_repo)
    assert done.status == 2, done.text
    assert cause in done.text
    assert "bug" not in done.text
    assert not trace.exists()
    assert CANARY not in sys.modules
    assert case == "giant" or tree(filled_repo) == before


@pytest.mark.parametrize("command", ["export", "import", "retract", "compare"])
def test_every_command_refuses_foreign_classes(
    filled_repo, next_bundle, tmp_path, capsys, monkeypatch, command
) -> None:
    trace = plant_canary(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    edit_text(FORMATTER, f"defects: {EVIL}")(filled_repo)
    before = tree(filled_repo)
    arguments = {
        "export": ("export", filled_repo, "-o", tmp_path / "out"),
        "import": ("import", next_bundle, filled_repo),
        "retract": ("retract", filled_repo, "v1"),
        "compare": ("compare", next_bundle, filled_repo),
    }[command]
    done = run_here(capsys, monkeypatch, *arguments)
    assert done.status == 2
    assert "butler.yaml names 1 class outside of lsst and curated, which Butler would import" in done.text
    assert "--allow-class PREFIX" in done.text
    assert not trace.exists()
    assert tree(filled_repo) == before


def test_a_class_that_is_allowed(filled_repo, tmp_path, capsys, monkeypatch) -> None:
    edit_text(FORMATTER, "defects: obs_lab.formatters.Thing")(filled_repo)
    assert run_here(capsys, monkeypatch, "fingerprint", filled_repo).status == 2
    assert run_here(capsys, monkeypatch, "fingerprint", filled_repo, "--allow-class", "obs").status == 2
    assert run_here(capsys, monkeypatch, "fingerprint", filled_repo, "--allow-class", "obs_lab").status == 0
    # It holds for one run of a command.
    assert run_here(capsys, monkeypatch, "fingerprint", filled_repo).status == 2
    done = run_here(capsys, monkeypatch, "fingerprint", filled_repo, "--allow-class", "obs-lab")
    assert done.status == 2
    assert "no package" in done.text


def test_aliases_that_stand_for_little_are_read() -> None:
    content = parse_configuration("a: &a {x: 1}\nb: [*a, *a]\nc: {<<: *a, y: 2}\n", "x")
    assert content == {"a": {"x": 1}, "b": [{"x": 1}] * 2, "c": {"x": 1, "y": 2}}
    assert parse_configuration("", "x") == {}


def test_a_file_of_the_largest_size(tmp_path) -> None:
    file = tmp_path / "butler.yaml"
    file.write_text("a: 1\n".ljust(LARGEST, "#"))
    check_configuration(ResourcePath(str(file)))
    file.write_text("a: 1\n".ljust(LARGEST + 1, "#"))
    with pytest.raises(CuratedError, match="larger than 1 MB"):
        check_configuration(ResourcePath(str(file)))


def test_a_server_that_says_nothing(filled_repo, capsys, monkeypatch) -> None:
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"postgresql://me:secret@127.0.0.1:{server.getsockname()[1]}/calibs"
        edit_text("sqlite:///<butlerRoot>/gen3.sqlite3", address)(filled_repo)
        start = time.monotonic()
        done = run_here(capsys, monkeypatch, "fingerprint", filled_repo)
    assert done.status == 2
    assert "no connection to the repository's database" in done.text
    assert "secret" not in done.text
    assert time.monotonic() - start < 30


@pytest.mark.timeout(120)
@pytest.mark.parametrize("size", [1 << 29, 5 << 28])
def test_little_memory(filled_repo, size) -> None:
    add_text("x: [" + "1, " * 30_000 + "]\n")(filled_repo)
    before = tree(filled_repo)
    done = run_with_memory(size, "-q", "fingerprint", filled_repo)
    assert done.returncode in (0, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    assert tree(filled_repo) == before
