"""The files of a new package, without calibrations yet."""

from __future__ import annotations

from curated.core.version import __version__
from curated.package.config import CONFIG_FILE, NEW
from curated.text.yaml.writer import yaml_scalar

STAGE_LINE = f"stage: {NEW}  # there is no calibration yet, and the check accepts that; 'curated new TYPE' removes this line"
"""Line of a new ``curated.yaml``; `without_stage` takes it out again."""


def draft_package(name: str, url: str = "") -> dict[str, str]:
    """Return the text of each file of a new package, by path.

    Parameters
    ----------
    name : `str`
        Title of the README.
    url : `str`, optional
        The package's public address.
    """
    release = f"v{__version__}"
    address = f"url: {yaml_scalar(url)}" if url else "# url:"
    return {
        CONFIG_FILE: _CONFIG.format(stage=STAGE_LINE, address=address),
        "README.md": _README.format(name=name),
        "calibs/README.md": _LAYOUT,
        ".gitattributes": _ATTRIBUTES,
        ".gitignore": _IGNORED,
        ".pre-commit-config.yaml": _HOOK.format(release=release),
        ".github/workflows/calibrations.yaml": _WORKFLOW.format(release=release),
    }


def without_stage(text: str) -> str:
    """Return a ``curated.yaml`` that no longer says that the package is new; other lines stay."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line.rstrip("\r\n") != STAGE_LINE)


_CONFIG = """\
# It marks the root of the package; see docs/instrument.md and docs/new.md of curated.
calibs: calibs
{stage}

# The package's public address, which is stamped into each FITS file as REPOURL:
{address}

# Whether 'butler write-curated-calibrations' of the LSST stack reads these texts, too:
# readers: [stack]

# Findings that are accepted, each until a day:
# silence:
# - code: CAL304
#   path: calibs/<instrument>/transmission_filter/*
#   reason: measured beyond the filter's edges
#   until: '2027-12-31'
"""

_README = """\
# {name}

Calibrations of an instrument as text, checked and released with [curated](https://github.com/curated-calibs/curated).

    curated new instrument NAME --detectors 4 --size 4096x4096     # describe the instrument
    curated new defects --detector d00 --from 2026-01-01           # a calibration to fill in
    curated check                                                  # everything that is wrong
    git add -A && git commit && git tag v1                         # a release is a commit with a tag
    curated publish REPO                                           # into a Butler repository

`curated types` lists what can be calibrated. Each calibration is a file `calibs/<instrument>/<type>/[<detector>/][<filter>/]<start>.yaml`
(or `.ecsv`, `.json`), and applies from its start to that of the next one. Say in the message of a commit where the numbers come from: it
is part of their provenance.
"""

_LAYOUT = """\
# Calibrations

Each instrument has a directory here, with an `instrument.yaml` and a directory for each type of calibration.
"""

_ATTRIBUTES = """\
# The same bytes on every system, since the hash of each text is stamped into its FITS file.
*.ecsv text eol=lf
*.json text eol=lf
*.yaml text eol=lf
*.fits binary
# For large images, run 'git lfs install' and use this line instead:
# *.fits filter=lfs diff=lfs merge=lfs -text
"""

_IGNORED = """\
/.curated-cache/
/build/
"""

_HOOK = """\
# 'pre-commit install' checks the package before each commit.
repos:
- repo: https://github.com/curated-calibs/curated
  rev: {release}
  hooks:
  - id: curated-check
"""

_WORKFLOW = """\
# Checks each change; findings are shown on the lines of the pull request.
name: calibrations
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
jobs:
  calibrations:
    uses: curated-calibs/curated/.github/workflows/reusable-check.yaml@{release}
    with: {{version: {release}}}
"""
