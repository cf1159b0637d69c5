"""Repositories of each dimension universe that Butler knows, and of others that it does not."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

OLD_DIMENSIONS = files("lsst.daf.butler") / "configs" / "old_dimensions"
NEWEST = max(
    int(file.name.removeprefix("daf_butler_universe").removesuffix(".yaml"))
    for file in OLD_DIMENSIONS.iterdir()
    if file.name.startswith("daf_butler_universe")
)
FORMATTER = "curated.butler.formatter.CalibFormatter"


def universe(version: int) -> dict[str, Any]:
    """Return the definition of one of Butler's universes, for a test to change."""
    return yaml.safe_load((OLD_DIMENSIONS / f"daf_butler_universe{version}.yaml").read_text())


def make_repository(root: Path, definition: dict[str, Any]) -> str:
    """Create a repository of a universe, with the formatters of a repository that curated creates."""
    from lsst.daf.butler import Butler, Config, DimensionConfig

    root.parent.mkdir(parents=True, exist_ok=True)
    file = root.parent / f"{root.name}-dimensions.yaml"
    file.write_text(yaml.safe_dump(definition, sort_keys=False))
    config = Config({"datastore": {"formatters": {"defects": FORMATTER}}})
    Butler.makeRepo(str(root), config=config, dimensionConfig=DimensionConfig(str(file)))
    return str(root)
