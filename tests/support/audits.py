"""Audits of images that were processed with the calibrations of `support.changes`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conftest import GitPackage
from curated.audit.auditor import Audit, audit
from curated.audit.standing import Standing
from curated.package.package import open_package
from support.processed import RAW, applied, write_image

RUN = "Lab/calib/v1/curated/20200101T000000Z"
DEFECTS = applied("defects", "defects", RUN)


def run_audit(package: GitPackage, *paths: Path, **options: Any) -> Audit:
    return audit(open_package(package.path), map(str, paths), **options)


def judge(
    package: GitPackage, keywords: dict[str, Any], raw: dict[str, Any] = RAW, **options: Any
) -> Standing:
    """Return what became of the only calibration of an image."""
    path = write_image(package.path.parent / "image.fits", keywords, raw)
    (file,) = run_audit(package, path, **options).files
    (standing,) = file.standings
    return standing


def source(standing: Standing) -> tuple[str, str, str]:
    assert standing.source is not None
    return standing.source.label, standing.source.commit, standing.source.path
