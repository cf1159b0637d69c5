"""What stands beside the FITS files of a bundle."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curated.bundle.export_file import write_export, write_seed
from curated.bundle.manifest import manifest_text
from curated.registry import all_types

_STOCK = """
## Import with stock Butler

In a repository of the LSST stack:

    butler import REPO . --export-file export.yaml -t copy

Where there is only lsst-daf-butler, create the repository first with formatters that exist there:

    butler create REPO --seed-config butler-seed.yaml
    butler import REPO . --export-file export.yaml -t copy
"""


def write_faces(staging: Path, manifest: Mapping[str, Any]) -> None:
    """Write what stands beside the FITS files: manifest, export file, hashes, and a page for people.

    Parameters
    ----------
    staging : `~pathlib.Path`
        The bundle's directory.
    manifest : `dict`
        Its manifest.
    """
    export, seed = io.StringIO(), io.StringIO()
    write_export(manifest, export)
    write_seed((cls.SPEC.dataset for cls in all_types().values()), seed)
    texts = {
        "manifest.json": manifest_text(manifest),
        "export.yaml": export.getvalue(),
        "butler-seed.yaml": seed.getvalue(),
        "README.md": _readme(manifest),
    }
    if manifest["base"] is not None:
        # Stock Butler cannot certify what a file does not bring; half a release would be worse than none.
        del texts["export.yaml"], texts["butler-seed.yaml"]
    own = [d for d in manifest["datasets"] if d["path"] is not None]
    listed = [*own, *filter(None, (d["provenance"] for d in own))]
    sums = {entry["path"]: entry["sha256"] for entry in listed}
    for name, text in texts.items():
        data = text.encode()
        (staging / name).write_bytes(data)
        sums[name] = hashlib.sha256(data).hexdigest()
    lines = "".join(_sum_line(digest, name) for name, digest in sorted(sums.items()))
    (staging / "SHA256SUMS").write_text(lines, encoding="utf-8")


def _sum_line(digest: str, name: str) -> str:
    """Return a line of SHA256SUMS; a backslash at its start says that there are escapes in the name."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n"


def _readme(manifest: Mapping[str, Any]) -> str:
    repository, datasets = manifest["repository"], manifest["datasets"]
    counts: dict[tuple[str, str], int] = {}
    for d in datasets:
        key = (d["data_id"]["instrument"], d["dataset_type"])
        counts[key] = counts.get(key, 0) + 1
    rows = "".join(f"| {i} | {t} | {n} |\n" for (i, t), n in sorted(counts.items()))
    collections = "".join(f"- `{i['collections']['calibration']}`\n" for i in manifest["instruments"])
    base = manifest["base"]
    dirty = ", **with changes that are not committed**" if repository["dirty"] else ""
    origin = f" of {repository['url']}" if repository["url"] else ""
    return f"""# Curated calibrations, release {repository["label"]}

{len(datasets)} calibrations made from commit `{repository["sha1"]}`{origin}{dirty}, by curated {manifest["curated"]}.

| instrument | dataset type | datasets |
|---|---|---|
{rows}
They are certified in:

{collections}
`sha256sum -c SHA256SUMS` checks that all files are here and whole.
{_built_on(manifest) if base is not None else ""}
## Import with curated

    curated import . REPO

creates the repository where there is none, verifies every file, never deletes or overwrites, can be repeated, and prepends the
release to the chain of recommended calibrations.
{_STOCK if base is None else ""}
`manifest.json` lists every file with its hash, its source in git, its data ID and its validity in UTC and TAI, and
under `deprecated` what is out of use and why: that is in the package, and not here.
What a calibration was made of, and who edited it, stands in its FITS file, and as text in the `.inputs.yaml` file beside it.
"""


def _built_on(manifest: Mapping[str, Any]) -> str:
    datasets = manifest["datasets"]
    own = sum(d["path"] is not None for d in datasets)
    return f"""
It builds on release {manifest["base"]}: {own} of the datasets are files here, {len(datasets) - own} are referred to where that release
put them, and certified again in the collections above, which are complete. A repository must have that release; only
`curated import` can bring this one in, since stock Butler certifies nothing that its export file does not bring.
"""
