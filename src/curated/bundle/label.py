"""The label of a release: which tag of the commit names it, and what to say about the choice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import NamedTuple

from curated.bundle.contents import check_label
from curated.convert.origin import Origin
from curated.datasets.names import is_label
from curated.git.objects import blob_sha1
from curated.git.repository import open_repository, tags_at
from curated.package.package import Package

_SOFTWARE = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "CMakeLists.txt",
    "Cargo.toml",
    "package.json",
    "SConstruct",
)
"""Files at the top of a repository that holds software, whose tags are likely to be versions of that."""


class Label(NamedTuple):
    """A label, and a remark about where it comes from; empty where there is no doubt."""

    text: str
    remark: str = ""


def default_label(package: Package, origin: Origin) -> str:
    """Return the label of a release that is given none; see `find_label`."""
    return find_label(package, origin).text


def find_label(package: Package, origin: Origin) -> Label:
    """Return the tag at the commit as a label, or else the name of the commit.

    Tags count if they match ``tags:`` of ``curated.yaml``. Without it all tags do; but those of a repository in which
    the package is a sub-directory only if they begin with the path or the name of that directory, since others are
    versions of something else. With changes that are not committed, the label is the commit and a hash of the files.

    Raises
    ------
    CuratedError
        If there are such tags, but none can be a label.
    """
    if origin.dirty:
        return Label(f"git-{origin.sha1[:12]}-dirty-{_hash_of_files(package)}")
    repository = open_repository(package.root)
    all_tags = tags_at(repository, origin.sha1)
    tags = [tag for tag in all_tags if _is_of_package(tag, package, repository.prefix)]
    if not tags:
        remark = _passed_over(all_tags, package) if all_tags else ""
        return Label(f"git-{origin.sha1[:12]}", remark)
    labels = [tag.replace("/", "-") for tag in tags]
    label = next(filter(is_label, labels), None)
    if label is None:
        check_label(labels[0], "give another one with --label")
        return Label(labels[0])
    return Label(label, _doubt(label, labels, package, is_top=not repository.prefix))


def _hash_of_files(package: Package) -> str:
    """Return eight digits that change with the files as they are on disk."""
    digest = hashlib.sha256()
    for path in (path for file in package.layout.files for path in file.texts):
        digest.update(f"{path} {blob_sha1(package.files.read(path))}\n".encode())
    return digest.hexdigest()[:8]


def _is_of_package(tag: str, package: Package, prefix: str) -> bool:
    """Say whether a tag can name a release of the package."""
    if package.config.tags:
        return fnmatchcase(tag, package.config.tags)
    if not prefix:
        return True
    name = PurePosixPath(prefix).name
    return tag.startswith((prefix, f"{name}/", f"{name}-", f"{name}_"))


def _passed_over(tags: Sequence[str], package: Package) -> str:
    which = f"tag {tags[0]}" if len(tags) == 1 else f"tags {', '.join(tags[:3])}"
    why = (
        f"which 'tags: {package.config.tags}' in curated.yaml does not match"
        if package.config.tags
        else "which names a version of the whole repository, not of the package in its directory"
    )
    return f"the {which} at the commit, {why}, is not taken as the label (--label and 'tags:' in curated.yaml set it)"


def _doubt(label: str, labels: Sequence[str], package: Package, *, is_top: bool) -> str:
    if len(labels) > 1:
        tags = ", ".join(labels)
        return f"the commit has several tags ({tags}); the label is {label}, the highest that can be one"
    if is_top and not package.config.tags and package.top:
        software = next((name for name in _SOFTWARE if (package.root / name).is_file()), "")
        if software:
            return (
                f"the label {label} is a tag of the whole repository, which holds software too ({software}); "
                "'tags:' in curated.yaml says which tags name releases of calibrations"
            )
    return ""
