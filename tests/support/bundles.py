"""Bundles of small packages, and their manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conftest import GitPackage
from curated.bundle.builder import build_bundle
from curated.package.package import open_package


def package_of(*files: tuple[str, str], config: str = "") -> dict[str, str]:
    """Return the files of a package with a configuration."""
    return {"curated.yaml": config, **dict(files)}


def read_manifest(bundle: Path) -> dict[str, Any]:
    """Return the manifest of a bundle."""
    manifest: dict[str, Any] = json.loads((bundle / "manifest.json").read_text())
    return manifest


def label_of(package: GitPackage, output: Path, **options: Any) -> str:
    """Build a bundle that must succeed, and return its label."""
    report, bundle = build_bundle(open_package(package.path), output, **options)
    assert bundle is not None, report.diagnostics
    assert bundle.manifest == read_manifest(output)
    return bundle.label
