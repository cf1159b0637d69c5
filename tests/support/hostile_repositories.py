"""Git repositories whose settings and shapes name programs, each of which leaves a file where it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from conftest import GitPackage, MakePackage
from support.packages import defects_path, defects_text

HOOKS = (
    *("post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman", "pre-auto-gc"),
    *("post-merge", "pre-commit", "sendemail-validate", "post-rewrite", "upload-pack"),
)

ATTRIBUTES = "* filter=x diff=x merge=x\n*.yaml filter=a=b\n"


def program(canaries: Path, name: str, *, passes: bool = False) -> str:
    """Return the text of a shell command that leaves a file; it hands its input on where it passes."""
    return f"touch '{canaries}/{name}'; {'cat' if passes else 'true'} #"


def hostile_settings(canaries: Path, name: str = "") -> dict[str, str]:
    """Return settings, each of which names a program."""
    keys = (
        *("core.fsmonitor", "core.pager", "core.editor", "core.askPass", "core.sshCommand", "core.gitProxy"),
        *("core.alternateRefsCommand", "sequence.editor", "gpg.program", "gpg.openpgp.program"),
        *(
            "gpg.ssh.program",
            "gpg.ssh.defaultKeyCommand",
            "diff.external",
            "diff.x.command",
            "diff.x.textconv",
        ),
        *(
            "merge.x.driver",
            "uploadpack.packObjectsHook",
            "interactive.diffFilter",
            "remote.origin.uploadpack",
        ),
        *("remote.origin.receivepack", "tar.x.command", "difftool.x.cmd", "mergetool.x.cmd", "man.x.cmd"),
        *("browser.x.cmd", "imap.tunnel", "sendemail.smtpServer", "ssh.variant", "trailer.x.command"),
        *("pager.status", "pager.log", "pager.diff", "pager.rev-parse", "pager.cat-file", "pager.ls-tree"),
        *("filter.x.process", "filter.a=b.process"),
    )
    settings = {key: program(canaries, f"{name}{key}".replace("/", "-")) for key in keys}
    filters = ("filter.x.clean", "filter.x.smudge", "filter.a=b.clean", "filter.a=b.smudge")
    settings |= {key: program(canaries, f"{name}{key}", passes=True) for key in filters}
    for alias in ("status", "diff", "log", "rev-parse", "ls-tree", "cat-file", "rev-list", "clone", "config"):
        settings[f"alias.{alias}"] = f"!{program(canaries, f'{name}alias.{alias}')}"
    helper = program(canaries, f"{name}helper")
    return settings | {
        "credential.helper": f"!{helper}",
        "submodule.x.update": f"!{helper}",
        "core.fsmonitorHookVersion": "2",
        "filter.x.required": "true",
        "log.showSignature": "true",
        "core.untrackedCache": "true",
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "remote.origin.url": f"ext::sh -c {program(canaries, f'{name}remote').replace(' ', '% ')}",
        "remote.origin.promisor": "true",
        "extensions.partialClone": "origin",
        "fetch.fsckObjects": "false",
    }


def write_settings(file: Path, settings: dict[str, str]) -> None:
    """Add settings to a file."""
    for key, value in settings.items():
        subprocess.run(["git", "config", "--file", file, key, value], check=True)


def write_hooks(directory: Path, canaries: Path, name: str = "") -> None:
    """Make hooks."""
    directory.mkdir(parents=True, exist_ok=True)
    for hook in HOOKS:
        path = directory / hook
        path.write_text(f"#!/bin/sh\n{program(canaries, f'{name}hook-{hook}')}\n")
        path.chmod(0o755)


def write_programs(directory: Path, canaries: Path) -> None:
    """Make programs with the names of usual ones."""
    for name in ("git", "git-status", "git-lfs", "less", "ssh", "sh"):
        path = directory / name
        path.write_text(f"#!/bin/sh\n{program(canaries, f'beside-{name}')}\n")
        path.chmod(0o755)


def make_bare_shape(directory: Path, canaries: Path, name: str = "bare-") -> None:
    """Give a directory the shape of a repository without a work tree."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "HEAD").write_text("ref: refs/heads/main\n")
    for part in ("objects/info", "refs/heads"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    for part in ("objects/info/.keep", "refs/heads/.keep"):
        (directory / part).touch()
    shape = {"core.repositoryFormatVersion": "0", "core.bare": "false", "core.worktree": ".."}
    write_settings(directory / "config", shape)
    write_settings(directory / "config", hostile_settings(canaries, name))
    write_hooks(directory / "hooks", canaries, name)


def make_victim(make_package: MakePackage, name: str = "package", below: str = "") -> GitPackage:
    """Make a package of two commits with an uncommitted change, whose attributes name filters."""
    path = f"{below}{defects_path()}"
    other = f"{below}{defects_path(1)}"
    files = {
        f"{below}curated.yaml": "calibs: calibs\n",
        path: defects_text(),
        other: defects_text(detector=1),
    }
    package = make_package(files, name)
    package.commit({path: defects_text(x0=2)})
    package.git("tag", "v1")
    package.commit({f"{below}.gitattributes": ATTRIBUTES, other: defects_text(detector=1, x0=2)})
    return package


def touch_files(directory: Path) -> None:
    """Set the times of all files, so that git does not know whether they changed."""
    for path in directory.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            os.utime(path, (1, 1))


# -- shapes: each returns the directory of the package ----------------------------------------------------


def _plain(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    write_settings(package.path / ".git/config", hostile_settings(canaries))
    write_hooks(package.path / ".git/hooks", canaries)
    return package.path


def _hooks_path(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    write_hooks(package.path / "tools", canaries)
    write_settings(package.path / ".git/config", {"core.hooksPath": "tools"})
    return package.path


def _included(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    write_settings(package.path / "settings", hostile_settings(canaries))
    write_settings(package.path / ".git/config", {"include.path": "../settings"})
    return package.path


def _included_conditionally(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    write_settings(package.path / "settings", hostile_settings(canaries))
    write_settings(package.path / ".git/config", {"includeIf.gitdir:**.path": "../settings"})
    return package.path


def _worktree_settings(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    write_settings(package.path / ".git/config", {"extensions.worktreeConfig": "true"})
    write_settings(package.path / ".git/config.worktree", hostile_settings(canaries))
    return package.path


def _linked(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    linked = package.path.parent / "linked"
    package.git("worktree", "add", "--quiet", str(linked))
    write_settings(package.path / ".git/config", {"extensions.worktreeConfig": "true"})
    write_settings(package.path / ".git/worktrees/linked/config.worktree", hostile_settings(canaries))
    return linked


def _submodule(make: MakePackage, canaries: Path) -> Path:
    package, outer = make_victim(make, "inner"), make({"README": ""}, "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(package.path), "data")
    write_settings(outer.path / ".git/modules/data/config", hostile_settings(canaries))
    write_hooks(outer.path / ".git/modules/data/hooks", canaries)
    return outer.path / "data"


def _with_submodule(make: MakePackage, canaries: Path) -> Path:
    package, inner = make_victim(make), make_victim(make, "inner")
    package.git(
        *("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "calibs/lab/x")
    )
    package.commit()
    package.git("config", "-f", ".gitmodules", "submodule.calibs/lab/x.ignore", "none")
    write_settings(package.path / ".git/modules/calibs/lab/x/config", hostile_settings(canaries))
    touch_files(package.path / "calibs/lab/x")
    return package.path


def _bare_beside(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    make_bare_shape(package.path, canaries)
    package.git("-c", "filter.x.clean=", "-c", "filter.x.process=", "add", "--all")
    return package.path


def _bare_package(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make, below="sub/")
    make_bare_shape(package.path / "sub", canaries)
    return package.path / "sub"


def _bare_calibrations(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    make_bare_shape(package.path / "calibs", canaries)
    return package.path


def _broken_beside_bare(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    make_bare_shape(package.path, canaries)
    shutil.rmtree(package.path / ".git/objects")
    return package.path


def _git_file(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    (package.path / ".git").rename(package.path / "elsewhere")
    (package.path / ".git").write_text("gitdir: elsewhere\n")
    write_settings(package.path / "elsewhere/config", hostile_settings(canaries))
    write_hooks(package.path / "elsewhere/hooks", canaries)
    return package.path


def _git_link(make: MakePackage, canaries: Path) -> Path:
    path = _git_file(make, canaries)
    (path / ".git").unlink()
    (path / ".git").symlink_to("elsewhere")
    return path


def _split(make: MakePackage, canaries: Path) -> Path:
    path = _git_file(make, canaries)
    private = path / "private"
    private.mkdir()
    for name in ("HEAD", "index"):
        (path / "elsewhere" / name).rename(private / name)
    (private / "commondir").write_text("../elsewhere\n")
    (path / "elsewhere/HEAD").write_text("ref: refs/heads/main\n")
    (path / ".git").write_text("gitdir: private\n")
    return path


def _work_tree_elsewhere(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    other = make_victim(make, "other")
    settings = hostile_settings(canaries) | {"core.worktree": str(other.path)}
    write_settings(package.path / ".git/config", settings)
    return package.path


def _no_work_tree(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    bare = package.path.parent / "bare"
    package.git("clone", "--quiet", "--bare", ".", str(bare))
    write_settings(bare / "config", hostile_settings(canaries))
    write_hooks(bare / "hooks", canaries)
    return bare


def _missing_objects(make: MakePackage, canaries: Path) -> Path:
    path = _plain(make, canaries)
    package = GitPackage(path)
    blob = package.git("-c", "alias.rev-parse=", "rev-parse", f"HEAD~1:{defects_path()}")
    (path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    return path


def _attributes_inside(make: MakePackage, canaries: Path) -> Path:
    path = _plain(make, canaries)
    (path / ".git/info").mkdir(exist_ok=True)
    (path / ".git/info/attributes").write_text("* filter=a=b\n")
    (path / "attributes").write_text("* filter=x\n")
    write_settings(path / ".git/config", {"core.attributesFile": str(path / "attributes")})
    return path


def _programs_beside(make: MakePackage, canaries: Path) -> Path:
    package = make_victim(make)
    write_programs(package.path, canaries)
    return package.path


SHAPES: dict[str, Callable[[MakePackage, Path], Path]] = {
    "plain": _plain,
    "hooks-path": _hooks_path,
    "included": _included,
    "included-conditionally": _included_conditionally,
    "worktree-settings": _worktree_settings,
    "linked": _linked,
    "submodule": _submodule,
    "with-submodule": _with_submodule,
    "bare-beside": _bare_beside,
    "bare-package": _bare_package,
    "bare-calibrations": _bare_calibrations,
    "broken-beside-bare": _broken_beside_bare,
    "git-file": _git_file,
    "git-link": _git_link,
    "split": _split,
    "work-tree-elsewhere": _work_tree_elsewhere,
    "no-work-tree": _no_work_tree,
    "missing-objects": _missing_objects,
    "attributes-inside": _attributes_inside,
    "programs-beside": _programs_beside,
}
