"""Work trees that are not what their commit says, by git's doing: the same release as a clean clone, or the reason."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.convert import convert_package
from curated.convert.origin import find_origin
from curated.core.diagnostic import CuratedError
from curated.git.objects import find_blobs
from curated.git.repository import open_repository
from curated.package.package import open_package
from support.images import image_package, make_image, make_pixels
from support.packages import defects_path, defects_text

A, B, C = defects_path(0), defects_path(0, "20210101T000000"), defects_path(1)
NEW = defects_path(2)
INSTRUMENT, CONFIG = "calibs/lab/instrument.yaml", "curated.yaml"
TABLE = "name: Lab\ndetectors:\n" + "".join(f"  - {{id: {n}, name: D0{n}}}\n" for n in range(3))
FILES = {
    CONFIG: "url: https://example.org/lab\n",
    INSTRUMENT: TABLE,
    A: defects_text({"NOTE": "$Id$"}),
    B: defects_text({"AUTHOR": "Zoë"}, date="2021-01-01T00:00:00", x0=5),
    C: defects_text(detector=1),
    "calibs/lab/README.md": "text\n",
    "notes.txt": "text\n",
}
Release = list[tuple[str, str, str, str, str]]
Change = Callable[[GitPackage], object]


def release(root: Path, *, allow_dirty: bool = False) -> Release:
    """Return paths, blobs and hashes of the FITS files of a release, as the manifest has them."""
    package = open_package(root)
    origin = find_origin(package, allow_dirty=allow_dirty)
    report, converted = convert_package(package, origin, None, for_bundle=True)
    assert not report.failed, report.diagnostics
    return [(c.file.path, c.blob, c.recipe, c.sha256, c.content) for c in converted]


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """A package with two commits, of which tests make clones; they do not change it."""
    package = GitPackage(tmp_path_factory.mktemp("upstream") / "package")
    package.path.mkdir()
    package.git("init", "--quiet")
    package.git("config", "uploadpack.allowFilter", "true")
    package.commit({**FILES, B: defects_text(date="2021-01-01T00:00:00", x0=6)})
    package.commit({B: FILES[B]})
    package.git("repack", "-adq")
    return package


@pytest.fixture(scope="module")
def clean(upstream: GitPackage) -> Release:
    """What a clean clone gives."""
    return release(upstream.path)


def clone(upstream: GitPackage, path: Path, *options: str) -> GitPackage:
    """Return a clone."""
    command = ["git", "clone", "--quiet", "--no-hardlinks", *options, upstream.path.as_uri(), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return GitPackage(path, list(upstream.commits))


@pytest.fixture
def copy(upstream: GitPackage, tmp_path: Path) -> GitPackage:
    """A copy of the upstream package that a test can change."""
    shutil.copytree(upstream.path, tmp_path / "copy", symlinks=True)
    package = GitPackage(tmp_path / "copy", list(upstream.commits))
    package.git("update-index", "--refresh")
    return package


def refusal(root: Path) -> str:
    """Return why there is no release: one sentence, and the way out."""
    with pytest.raises(CuratedError) as caught:
        release(root)
    assert caught.value.exit_status == 2
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return f"{caught.value.message} (hint: {caught.value.hint})"


# -- the same release -------------------------------------------------------------------------------------

SETTINGS = [
    {"core.autocrlf": "true"},
    {"core.autocrlf": "input"},
    {"core.autocrlf": "false"},
    {"core.eol": "crlf"},
    {"core.fileMode": "false"},
    {"core.ignoreCase": "true"},
    {"core.precomposeUnicode": "true"},
    {"core.trustctime": "false"},
    {"core.checkStat": "minimal"},
    {"core.symlinks": "false"},
    {"core.preloadIndex": "false"},
    {"core.untrackedCache": "true"},
    {"core.quotePath": "true"},
    {"core.abbrev": "4"},
    {"core.sharedRepository": "group"},
    {"core.bigFileThreshold": "1"},
    {"index.sparse": "true"},
    {"index.version": "4"},
    {"core.splitIndex": "true"},
    {"feature.manyFiles": "true"},
    {"status.showUntrackedFiles": "no"},
    {"status.branch": "true"},
    {"status.relativePaths": "false"},
    {"diff.noprefix": "true"},
    {"diff.renames": "copies"},
    {"diff.ignoreSubmodules": "all"},
    {"log.date": "relative"},
    {"log.showSignature": "true"},
    {"log.decorate": "full"},
    {"log.follow": "true"},
    {"i18n.logOutputEncoding": "ISO-8859-1"},
    {"color.ui": "always"},
    {"format.pretty": "raw"},
    {"extensions.worktreeConfig": "true"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "-".join(f"{k}={v}" for k, v in s.items()))
def test_no_setting_changes_a_release(upstream, clean, tmp_path: Path, settings: dict[str, str]) -> None:
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    assert release(clone(upstream, tmp_path / "clone", *options).path) == clean


ATTRIBUTES = [
    "* text eol=crlf",
    "* text=auto eol=crlf",
    "* text=auto",
    "* -text",
    "* binary",
    "*.ecsv ident",
    "*.ecsv ident text eol=crlf",
    "*.ecsv working-tree-encoding=UTF-16",
    "*.ecsv working-tree-encoding=UTF-16LE-BOM",
    "*.ecsv text working-tree-encoding=ISO-8859-1",
    "* export-subst",
    "* -diff -merge",
    "*.ecsv diff=astextplain",
    "*.yaml text eol=crlf\n*.ecsv text eol=lf",
]


@pytest.mark.parametrize("lines", ATTRIBUTES)
def test_no_attribute_changes_a_release(upstream, clean, tmp_path: Path, lines: str) -> None:
    """Attributes of this clone alone, so that the commit stays the same."""
    other = clone(upstream, tmp_path / "clone", "--no-checkout")
    (other.path / ".git/info").mkdir(exist_ok=True)
    (other.path / ".git/info/attributes").write_text(f"{lines}\n")
    other.git("checkout", "--quiet", "main")
    assert release(other.path) == clean


def detach(package: GitPackage) -> None:
    package.git("checkout", "--quiet", "--detach")


def touch(package: GitPackage) -> None:
    for path in (A, B, C, CONFIG, INSTRUMENT):
        os.utime(package.path / path, (1, 1))


def change_mode(package: GitPackage) -> None:
    (package.path / A).chmod(0o755)


def remove_index(package: GitPackage) -> None:
    (package.path / ".git/index").unlink()


def damage_index(package: GitPackage) -> None:
    (package.path / ".git/index").write_bytes(b"DIRC\0\0\0\2\0\0\0\1garbage")


def empty_index(package: GitPackage) -> None:
    package.git("read-tree", "--empty")


def lock_index(package: GitPackage) -> None:
    (package.path / ".git/index.lock").touch()


def lock_head(package: GitPackage) -> None:
    (package.path / ".git/HEAD.lock").touch()


def stage_and_restore(package: GitPackage) -> None:
    """The index has another content than the commit and the work tree."""
    package.write({A: defects_text(x0=9)})
    package.git("add", A)
    package.write({A: FILES[A]})


def mark_unchanged(package: GitPackage) -> None:
    package.git("update-index", "--assume-unchanged", A, B)


def mark_skipped(package: GitPackage) -> None:
    package.git("update-index", "--skip-worktree", A, B)


def sparse_with_everything(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--cone", "calibs")


def sparse_without_notes(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--no-cone", "/*", "!/notes.txt")


def repack(package: GitPackage) -> None:
    package.git("gc", "--quiet", "--prune=now")


def write_commit_graph(package: GitPackage) -> None:
    package.git("commit-graph", "write", "--reachable", "--changed-paths")


def pack_references(package: GitPackage) -> None:
    package.git("pack-refs", "--all")


def merge_of_equals(package: GitPackage) -> None:
    """A merge in progress that has changed nothing yet."""
    head = package.git("rev-parse", "HEAD")
    (package.path / ".git/MERGE_HEAD").write_text(f"{head}\n")


def untracked_elsewhere(package: GitPackage) -> None:
    package.write({"build/x.ecsv": "x", "calibs/lab/notes.md": "x", "calibs/.cache": "x"})


def graft(package: GitPackage) -> None:
    (package.path / ".git/info").mkdir(exist_ok=True)
    (package.path / ".git/info/grafts").write_text(f"{package.commits[-1]}\n")


def alternate(package: GitPackage) -> None:
    """Objects in another repository."""
    store = package.path.parent / "store"
    shutil.move(package.path / ".git/objects", store)
    (package.path / ".git/objects/info").mkdir(parents=True)
    (package.path / ".git/objects/pack").mkdir()
    (package.path / ".git/objects/info/alternates").write_text(f"{store}\n")


def elsewhere_worktree(package: GitPackage) -> None:
    package.git("config", "core.worktree", str(package.path.parent))


HARMLESS: list[Change] = [
    detach,
    touch,
    change_mode,
    remove_index,
    damage_index,
    empty_index,
    lock_index,
    lock_head,
    stage_and_restore,
    mark_unchanged,
    mark_skipped,
    sparse_with_everything,
    sparse_without_notes,
    repack,
    write_commit_graph,
    pack_references,
    merge_of_equals,
    untracked_elsewhere,
    alternate,
    graft,
    elsewhere_worktree,
]


@pytest.mark.parametrize("change", HARMLESS, ids=lambda f: f.__name__)
def test_the_release_of_a_commit_is_the_same(copy: GitPackage, clean: Release, change: Change) -> None:
    change(copy)
    assert release(copy.path) == clean


def test_a_linked_work_tree(copy: GitPackage, clean: Release, tmp_path: Path) -> None:
    copy.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    assert release(tmp_path / "linked") == clean


@pytest.mark.parametrize("names", [("GIT_DIR",), ("GIT_DIR", "GIT_WORK_TREE"), ("GIT_INDEX_FILE",)])
def test_variables_of_a_hook(copy, clean, tmp_path: Path, monkeypatch, names: tuple[str, ...]) -> None:
    other = GitPackage(tmp_path / "other")
    other.path.mkdir()
    other.git("init", "--quiet")
    values = {"GIT_DIR": ".git", "GIT_WORK_TREE": ".", "GIT_INDEX_FILE": ".git/index"}
    for name in names:
        monkeypatch.setenv(name, str(other.path / values[name]))
    assert release(copy.path) == clean


def test_a_partial_clone_without_its_remote(upstream: GitPackage, clean: Release, tmp_path: Path) -> None:
    partial = clone(upstream, tmp_path / "partial", "--filter=blob:none")
    partial.git("remote", "set-url", "origin", str(tmp_path / "gone"))
    assert release(partial.path) == clean


# -- refused, by the true reason --------------------------------------------------------------------------


def racy_edit(package: GitPackage) -> None:
    """Another content of the same size and with the same times, which git status may not notice."""
    path = package.path / A
    state = path.stat()
    data = path.read_bytes()
    path.write_bytes(data.replace(b"1 2 3 4", b"7 2 3 4"))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    package.git("update-index", "--assume-unchanged", C)


def sparse_cone(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--cone", "calibs/lab/defects/d01")


def sparse_epoch(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{B}")


def sparse_index(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--cone", "--sparse-index", "calibs/lab/defects/d01")


def sparse_instrument(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{INSTRUMENT}")


def sparse_config(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{CONFIG}")


def sparse_readme(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--no-cone", "/*", "!README.md")


def flagged(flag: str, path: str, content: str | None) -> Change:
    def change(package: GitPackage) -> None:
        package.git("update-index", flag, path)
        package.write({path: content})

    change.__name__ = f"{flag[2:]}-{path.rpartition('/')[2]}-{'edited' if content else 'removed'}"
    return change


EDITS = {
    A: defects_text(x0=9),
    INSTRUMENT: TABLE.replace("id: 1", "id: 3"),
    CONFIG: "url: https://example.org/elsewhere\n",
}


def edited(path: str, content: str | bytes | None) -> Change:
    def change(package: GitPackage) -> None:
        package.write({path: content})

    change.__name__ = f"{path.rpartition('/')[2]}-{'edited' if content is not None else 'removed'}"
    return change


def staged(package: GitPackage) -> None:
    package.write({A: EDITS[A]})
    package.git("add", "--all")


def staged_new(package: GitPackage) -> None:
    package.write({NEW: defects_text(detector=2)})
    package.git("add", "--all")


def ignored(rule: Callable[[GitPackage], Path]) -> Change:
    def change(package: GitPackage) -> None:
        path = rule(package)
        path.parent.mkdir(exist_ok=True)
        path.write_text("d02/\n")
        package.write({NEW: defects_text(detector=2)})

    change.__name__ = f"ignored-by-{rule(GitPackage(Path('x'))).name}"
    return change


def ignored_instrument(package: GitPackage) -> None:
    (package.path / ".git/info").mkdir(exist_ok=True)
    (package.path / ".git/info/exclude").write_text("dark/\n")
    package.write({"calibs/dark/instrument.yaml": "name: Dark\n", NEW.replace("/lab/", "/dark/"): "x"})


def conflict(package: GitPackage) -> None:
    package.git("checkout", "--quiet", "-b", "other", "HEAD~1")
    package.commit({B: defects_text(date="2021-01-01T00:00:00", x0=8)})
    package.git("checkout", "--quiet", "main")
    with pytest.raises(subprocess.CalledProcessError):
        package.git("merge", "other", GIT_COMMITTER_NAME="x", GIT_COMMITTER_EMAIL="x@example.org")


def replaced_blob(package: GitPackage) -> None:
    package.git("replace", package.git("rev-parse", f"HEAD:{A}"), package.git("rev-parse", f"HEAD:{C}"))
    package.git("checkout", "HEAD", "--", A)
    (package.path / A).write_text(FILES[C])


def replaced_commit(package: GitPackage) -> None:
    package.git("replace", "HEAD", "HEAD~1")
    package.git("read-tree", "--reset", "-u", package.commits[0])


def odd_tree(content: bytes) -> Change:
    """Commit a tree in a form that git itself would not write."""

    def change(package: GitPackage) -> None:
        command = ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"]
        process = subprocess.run(command, cwd=package.path, input=content, check=True, capture_output=True)
        commit = package.git("commit-tree", "-m", "x", process.stdout.decode().strip(), **IDENTITY)
        package.git("update-ref", "refs/heads/main", commit)

    change.__name__ = f"tree-{content[:14]!r}"
    return change


def tree_bomb(package: GitPackage) -> None:
    """A tree of some hundred bytes with 10**12 files."""
    tree = package.git("rev-parse", "HEAD:calibs")
    for _ in range(12):
        lines = "".join(f"040000 tree {tree}\t{n}\n" for n in range(10))
        command = ["git", "mktree"]
        tree = (
            subprocess.run(command, cwd=package.path, input=lines.encode(), check=True, capture_output=True)
            .stdout.decode()
            .strip()
        )
    lines = f"040000 tree {tree}\tcalibs\n100644 blob {package.git('rev-parse', 'HEAD:curated.yaml')}\tcurated.yaml\n"
    top = (
        subprocess.run(
            ["git", "mktree"], cwd=package.path, input=lines.encode(), check=True, capture_output=True
        )
        .stdout.decode()
        .strip()
    )
    package.git("update-ref", "refs/heads/main", package.git("commit-tree", "-m", "x", top, **IDENTITY))


IDENTITY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "x"), ("EMAIL", "x@example.org"))
}


def link(target: str) -> Change:
    def change(package: GitPackage) -> None:
        (package.path / A).unlink()
        (package.path / A).symlink_to(target)

    change.__name__ = f"link-to-{target.replace('/', '-')}"
    return change


def committed_link_out(package: GitPackage) -> None:
    link("/etc/hostname")(package)
    package.commit()


def linked_directory(package: GitPackage) -> None:
    shutil.move(package.path / "calibs/lab/defects/d00", package.path / "moved")
    (package.path / "calibs/lab/defects/d00").symlink_to("../../../moved")


def fifo(package: GitPackage) -> None:
    (package.path / A).unlink()
    os.mkfifo(package.path / A)


def directory_in_place(package: GitPackage) -> None:
    (package.path / A).unlink()
    (package.path / A).mkdir()


def nested(package: GitPackage) -> None:
    other = GitPackage(package.path / "calibs/other")
    other.path.mkdir()
    other.git("init", "--quiet")
    other.commit({"defects/d00/20200101T000000.ecsv": defects_text({"INSTRUME": "Other"})})


def embedded(package: GitPackage) -> None:
    nested(package)
    package.commit()


def submodule(package: GitPackage) -> None:
    other = GitPackage(package.path.parent / "other")
    other.path.mkdir()
    other.git("init", "--quiet")
    other.commit({"defects/d00/20200101T000000.ecsv": defects_text({"INSTRUME": "Other"})})
    package.git(
        "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(other.path), "calibs/other"
    )
    package.commit()


def empty_submodule(package: GitPackage) -> None:
    submodule(package)
    package.git("submodule", "deinit", "--quiet", "--force", "calibs/other")


def case_collision(package: GitPackage) -> None:
    """What a file system that ignores case makes of a commit with two such names."""
    package.commit({A.replace("/d00/", "/D00/"): defects_text(x0=9)})
    shutil.rmtree(package.path / "calibs/lab/defects/D00")


def decomposed(package: GitPackage) -> None:
    name = "calibs/lab/defects/d00/zoë.md"
    package.commit({unicodedata.normalize("NFC", name): "x"})
    os.rename(
        package.path / unicodedata.normalize("NFC", name), package.path / unicodedata.normalize("NFD", name)
    )


def decomposed_instrument(package: GitPackage) -> None:
    composed, apart = (unicodedata.normalize(form, "calibs/zoë") for form in ("NFC", "NFD"))
    package.commit({f"{composed}/defects/d00/20200101T000000.ecsv": defects_text({"INSTRUME": "Zoë"})})
    os.rename(package.path / composed, package.path / apart)


def filtered(package: GitPackage) -> None:
    (package.path / ".git/info").mkdir(exist_ok=True)
    (package.path / ".git/info/attributes").write_text("*.ecsv filter=secret\n")
    package.write({A: defects_text({"NOTE": "decrypted"})})


def annexed(package: GitPackage) -> None:
    key = "SHA256E-s12--aa.ecsv"
    store = package.path / ".git/annex/objects/Xx/Yy" / key
    store.mkdir(parents=True)
    (store / key).write_text(FILES[A])
    (package.path / A).unlink()
    (package.path / A).symlink_to(f"../../../../.git/annex/objects/Xx/Yy/{key}/{key}")
    package.commit()


def annexed_unlocked(package: GitPackage) -> None:
    package.commit({A: "/annex/objects/SHA256E-s12--aa.ecsv\n"})
    package.write({A: FILES[A]})


def lfs_other_content(package: GitPackage) -> None:
    package.commit({A: f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"})
    package.write({A: FILES[A]})


def shallow(package: GitPackage) -> None:
    (package.path / ".git/shallow").write_text(f"{package.commits[-1]}\n")


def objects(package: GitPackage) -> None:
    """Unpack all objects into files of their own."""
    (pack,) = (package.path / ".git/objects/pack").glob("*.pack")
    data = pack.read_bytes()
    for path in pack.parent.iterdir():
        path.unlink()
    command = ["git", "unpack-objects", "-q"]
    subprocess.run(command, cwd=package.path, input=data, check=True)


def damaged_object(name: str, how: str) -> Change:
    def change(package: GitPackage) -> None:
        objects(package)
        sha1 = package.git("rev-parse", name)
        path = package.path / ".git/objects" / sha1[:2] / sha1[2:]
        path.chmod(0o644)
        if how == "missing":
            path.unlink()
        elif how == "cut":
            path.write_bytes(path.read_bytes()[:-9])
        elif how == "garbage":
            path.write_bytes(b"garbage")
        else:
            other = package.git("rev-parse", how)
            path.write_bytes((package.path / ".git/objects" / other[:2] / other[2:]).read_bytes())

    change.__name__ = f"{name}-{how}".replace("/", ".")
    return change


def cut_pack(package: GitPackage) -> None:
    (pack,) = (package.path / ".git/objects/pack").glob("*.pack")
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:60])


def head(text: str) -> Change:
    def change(package: GitPackage) -> None:
        (package.path / ".git/HEAD").write_text(text)

    change.__name__ = f"HEAD-{text[:12]!r}"
    return change


def unborn(package: GitPackage) -> None:
    package.git("checkout", "--quiet", "--orphan", "empty")


def empty_repository(package: GitPackage) -> None:
    shutil.rmtree(package.path / ".git")
    package.git("init", "--quiet")


def sha256(package: GitPackage) -> None:
    shutil.rmtree(package.path / ".git")
    package.git("init", "--quiet", "--object-format=sha256")
    package.commit()


def unknown_extension(package: GitPackage) -> None:
    package.git("config", "core.repositoryFormatVersion", "1")
    package.git("config", "extensions.refStorage", "reftable")


def package_above(package: GitPackage) -> None:
    shutil.rmtree(package.path / ".git")
    inner = GitPackage(package.path / "calibs")
    inner.git("init", "--quiet")
    inner.commit()


def date_of_commit(line: str) -> Change:
    """Commit with a date that git itself would not write."""

    def change(package: GitPackage) -> None:
        text = package.git("cat-file", "commit", "HEAD")
        head_line = next(line for line in text.splitlines() if line.startswith("committer"))
        raw = text.replace(head_line, f"committer Ada <ada@example.org> {line}") + "\n"
        process = subprocess.run(
            ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
            cwd=package.path,
            input=raw.encode(),
            check=True,
            capture_output=True,
        )
        package.git("update-ref", "refs/heads/main", process.stdout.decode().strip())

    change.__name__ = f"date-{line}"
    return change


REFUSED: list[tuple[Change, str]] = [
    (racy_edit, r"\(edited\)"),
    (sparse_cone, "sparse"),
    (sparse_epoch, "sparse"),
    (sparse_index, "sparse"),
    (sparse_instrument, r"instrument\.yaml \(not checked out, since the checkout is sparse\)"),
    (sparse_config, r"curated\.yaml is in the commit.*sparse"),
    (sparse_readme, r"README\.md \(not checked out"),
    *((flagged("--assume-unchanged", path, text), "assume-unchanged") for path, text in EDITS.items()),
    *((flagged("--skip-worktree", path, text), "skip-worktree") for path, text in EDITS.items()),
    *((flagged("--assume-unchanged", path, None), "assume-unchanged") for path in (A, INSTRUMENT)),
    (flagged("--assume-unchanged", CONFIG, None), r"curated\.yaml is in the commit.*skip-worktree"),
    *((flagged("--skip-worktree", path, None), "skip-worktree") for path in EDITS),
    *((edited(path, text), r"\(edited\)") for path, text in EDITS.items()),
    *((edited(path, None), r"\(missing\)") for path in (A, INSTRUMENT)),
    (edited(CONFIG, None), r"curated\.yaml is in the commit"),
    (edited(A, FILES[A].encode() + b"\r"), r"\(edited\)"),
    (staged, r"\(edited\)"),
    (staged_new, r"d02/.* \(not in the commit\)"),
    (edited(NEW, "x"), r"d02/.* \(not in the commit\)"),
    (edited(f"{A[:-5]}.inputs.yaml", "x"), r"inputs\.yaml \(not in the commit\)"),
    (
        edited("calibs/other/instrument.yaml", "name: Other\n"),
        r"other/instrument\.yaml \(not in the commit\)",
    ),
    (ignored(lambda package: package.path / ".gitignore"), r"git ignores it, \.gitignore:1"),
    (ignored(lambda package: package.path / ".git/info/exclude"), r"git ignores it, \.git/info/exclude:1"),
    (ignored_instrument, "git ignores it"),
    (conflict, "a merge that is not finished"),
    (replaced_blob, r"\(edited\)|damaged or replaced"),
    (replaced_commit, "damaged or replaced|edited"),
    (link("20210101T000000.ecsv"), r"\(edited\)"),
    (link("/etc/hostname"), r"\(edited\)"),
    (link("nowhere"), r"\(edited\)"),
    (committed_link_out, "a link to what is not in the commit"),
    (linked_directory, "behind a link"),
    (fifo, r"\(edited\)"),
    (directory_in_place, r"\(missing\)"),
    (nested, "in a git repository of its own"),
    (embedded, "submodule"),
    (submodule, "submodule"),
    (empty_submodule, "submodule"),
    (case_collision, r"D00/.* \(missing\)"),
    (decomposed, r"\(missing\)"),
    (decomposed_instrument, "Unicode normal form"),
    (filtered, "filter=secret"),
    (annexed, "git-annex"),
    (annexed_unlocked, "git-annex"),
    (lfs_other_content, "git-lfs"),
    (shallow, "shallow clone"),
    *(
        (damaged_object(name, how), "damaged|missing|history does not tell|fsck")
        for name in ("HEAD", "HEAD^{tree}", "HEAD:calibs/lab/defects", "HEAD~1", "HEAD~1^{tree}")
        for how in ("missing", "cut", "garbage")
    ),
    (damaged_object("HEAD", "HEAD~1"), "damaged|mismatch"),
    (damaged_object("HEAD^{tree}", "HEAD~1^{tree}"), "damaged"),
    (damaged_object("HEAD:calibs/lab/defects", "HEAD~1:calibs/lab/defects"), "damaged"),
    (cut_pack, "damaged|fsck|HEAD"),
    (head("garbage"), "HEAD"),
    (head(""), "HEAD"),
    (head("0" * 40), "HEAD|commit"),
    (head("ref: refs/heads/none\n"), "no commit yet"),
    (head("ref: ../../outside\n"), "HEAD"),
    (unborn, "no commit yet"),
    (empty_repository, "no commit yet"),
    (sha256, "SHA-256"),
    (unknown_extension, "extension|refstorage"),
    (package_above, "calibs is a git repository, but curated.yaml stands above it"),
    *(
        (odd_tree(content), "has no form that git knows")
        for content in (b"100644", b"100644 a\0short", b"x a\0" + b"0" * 20)
    ),
    (odd_tree(b"100644 ../outside\0" + b"0" * 20), "not in the commit"),
    (date_of_commit("999999999999999 +0000"), "date"),
    (date_of_commit("-62135600000 +0000"), "date"),
]


@pytest.mark.parametrize(("change", "reason"), REFUSED, ids=[f"{change.__name__}" for change, _ in REFUSED])
def test_what_is_not_the_commit_is_refused_by_its_reason(
    copy: GitPackage, change: Change, reason: str
) -> None:
    change(copy)
    assert re.search(reason, refusal(copy.path))


# -- git-lfs ----------------------------------------------------------------------------------------------


def pointer(data: bytes) -> bytes:
    """Return the text that git-lfs commits for a content."""
    oid = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n".encode()


STEM = "calibs/cam/bias/d00/20240101T000000"


@pytest.fixture
def large(make_package: MakePackage) -> tuple[GitPackage, bytes]:
    """A package that keeps its images in git-lfs, as it is when they were not fetched; and the image."""
    image = make_image(make_pixels())
    files: dict[str, str | bytes] = {**image_package("bias", image), f"{STEM}.fits": pointer(image)}
    files[".gitattributes"] = "*.fits filter=lfs diff=lfs merge=lfs -text\n"
    return make_package(files), image


def test_fetched_images_do_not_change_a_release(large: tuple[GitPackage, bytes], tmp_path: Path) -> None:
    package, image = large
    copied = tmp_path / "copied"
    shutil.copytree(package.path, copied)
    with pytest.raises(AssertionError, match="CAL342"):
        release(package.path)
    for root in (package.path, copied):
        (root / f"{STEM}.fits").write_bytes(image)
    assert release(package.path) == release(copied)
    assert not find_origin(open_package(package.path)).dirty


def test_other_pixels_than_the_pointer_names(large: tuple[GitPackage, bytes]) -> None:
    package, image = large
    package.write({f"{STEM}.fits": image[:-1] + b"x"})
    assert "not the content that its pointer of git-lfs names" in refusal(package.path)


def test_a_side_file_that_means_another_image(large: tuple[GitPackage, bytes]) -> None:
    package, _ = large
    other = make_image(make_pixels(8))
    package.commit({f"{STEM}.fits": pointer(other)})
    package.write({f"{STEM}.fits": other})
    with pytest.raises(AssertionError, match="CAL343"):
        release(package.path)


def test_a_text_in_git_lfs(upstream: GitPackage, copy: GitPackage, clean: Release) -> None:
    text = FILES[A].encode()
    copy.commit({A: pointer(text)})
    copy.write({A: text})
    released = release(copy.path)
    assert [entry[0] for entry in released] == [entry[0] for entry in clean]
    assert released[0][1] == copy.git("rev-parse", f"HEAD:{A}")
    assert released[0][4] == clean[0][4]  # the content
    copy.write({A: FILES[A].replace("1 2 3 4", "1 2 3 5")})
    assert "git-lfs" in refusal(copy.path)


# -- what is read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [A, INSTRUMENT, CONFIG])
def test_a_file_that_changes_after_the_comparison(copy: GitPackage, path: str) -> None:
    package = open_package(copy.path)
    origin = find_origin(package)
    copy.write({path: EDITS[path]})
    with pytest.raises(CuratedError, match="has changed since"):
        convert_package(package, origin, None, for_bundle=True)


def test_with_changes_allowed_files_are_taken_as_they_are(copy: GitPackage) -> None:
    sparse_epoch(copy)
    copy.write({A: EDITS[A]})
    package = open_package(copy.path)
    origin = find_origin(package, allow_dirty=True)
    assert f"{A} (edited)" in origin.remark
    assert f"{B} (not checked out, since the checkout is sparse)" in origin.remark
    paths = [path for path, *_ in release(copy.path, allow_dirty=True)]
    assert paths == [A, C]


def test_a_package_below_the_settings_of_another(tmp_path: Path) -> None:
    """A bare package whose commit has settings above it is not taken for one without."""
    package = GitPackage(tmp_path)
    package.git("init", "--quiet")
    package.commit({CONFIG: "calibs: data\n", f"data/{A.removeprefix('calibs/')}": FILES[A]})
    (tmp_path / CONFIG).unlink()
    with pytest.raises(CuratedError, match=r"\.\./curated\.yaml \(missing\)"):
        find_origin(open_package(tmp_path / "data"))


def test_names_with_odd_characters(copy: GitPackage) -> None:
    directory = "calibs/lab/defects/d00"
    names = [
        "line\nend.md",
        'quo"te.md',
        "tab\t.md",
        "colon:x.md",
        "-dash.md",
        "back\\slash.md",
        ":(top)x.md",
    ]
    copy.commit({f"{directory}/{name}": "x" for name in names})
    with open(os.fsencode(copy.path / directory) + b"/\xff.md", "wb"):
        pass
    copy.commit()
    assert not find_origin(open_package(copy.path)).dirty
    (copy.path / directory / "line\nend.md").write_text("y")
    message = refusal_of_odd_name(copy.path)
    assert "(edited)" in message


def refusal_of_odd_name(root: Path) -> str:
    with pytest.raises(CuratedError) as caught:
        find_origin(open_package(root))
    return caught.value.message


def test_trees_that_name_others_many_times(copy: GitPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    tree_bomb(copy)
    for module in ("tree", "objects"):
        monkeypatch.setattr(f"curated.git.{module}.MAX_FILES", 2000)
    assert "has more than 2000 files" in refusal(copy.path)
    with pytest.raises(CuratedError, match="has more than 2000 files"):
        find_blobs(open_repository(copy.path), copy.git("rev-parse", "HEAD"))
