"""Publish a small package with the Butler of this environment, and use the repository with every command.

``python tools/exercise_butler.py [RELEASE]`` prints the release of Butler, then a line for each command, and ends with 1
if a command did not end or say as it must. RELEASE is the one that the environment is to have.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from astropy.time import Time, TimeDelta
from lsst.daf.butler import Butler, CollectionType, Timespan

from curated.butler.repository.compatibility import installed_version
from curated.cli.main import cli
from curated.core.diagnostic import CuratedError

ROOT = Path(__file__).parents[1]
_GIT = (
    "git",
    "-c",
    "user.name=Somebody",
    "-c",
    "user.email=somebody@example.org",
    "-c",
    "commit.gpgsign=false",
)


def make_package(directory: Path) -> None:
    """Make a package of the demonstration's defects, a filter curve, and its instrument."""
    demo, instrument = ROOT / "calibs" / "demo", directory / "calibs" / "demo"
    for name in ("defects/d00", "defects/d01", "transmission_filter/g"):
        shutil.copytree(demo / name, instrument / name)
    shutil.copy(demo / "instrument.yaml", instrument)
    (directory / "curated.yaml").write_text("calibs: calibs\n", encoding="utf-8")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "Add calibrations")):
        subprocess.run([*_GIT, "-C", str(directory), *arguments], check=True)  # noqa: S603


def run(*arguments: str) -> tuple[int, str]:
    """Run a command of curated in this process, since the import of Butler takes two seconds; return status and text."""
    text = StringIO()
    with redirect_stdout(text), redirect_stderr(text):
        try:
            status = cli.main(list(arguments), standalone_mode=False, prog_name="curated")
        except SystemExit as ended:
            status = ended.code
        except CuratedError as error:
            text.write(f"{error.message}\n{error.hint or ''}\n")
            status = error.exit_status
    return int(status or 0), text.getvalue()


def exercise(directory: Path) -> int:
    """Run the commands, print how they end, and return the number of those that end otherwise than they must."""
    package, repo, bundle = (str(directory / name) for name in ("package", "repo", "bundle"))
    here = ("-C", package)
    make_package(Path(package))
    at = ("--at", "2024-06-01T00:00:00")
    steps: list[tuple[str, tuple[str, ...]]] = [
        ("Demo/calib is Demo/calib/v1", (*here, "publish", repo, "--label", "v1")),
        ("nothing changed", (*here, "publish", repo, "--label", "v1")),
        ("", (*here, "bundle", bundle, "--label", "v2")),
        ("Demo/calib/v2", ("import", bundle, repo, "--dry-run")),
        ("Demo/calib is Demo/calib/v2, Demo/calib/v1", ("import", bundle, repo)),
        ("nothing changed", ("import", bundle, repo)),
        ("20240301T000000", (*here, "lookup", "demo", "defects", "--detector", "d00", *at)),
        ("", ("export", repo, "-o", str(directory / "export"))),
        ("", ("scrub", repo)),
        ("", (*here, "recertify", repo)),
        ("", ("retract", repo, "v2")),
        ("", ("retract", repo, "v2", "--undo")),
        ("", ("compare", package, repo)),
    ]
    failures = 0
    for expected, arguments in steps:
        status, text = run(*arguments)
        is_good = status == 0 and expected in text
        failures += not is_good
        print("ok" if is_good else "FAILED", status, *arguments)
        if not is_good:
            print(text)
    # The last line: a release of Butler may warn before it.
    fingerprints = {
        run("fingerprint", place)[1].strip().rpartition("\n")[2][:64] for place in (package, repo)
    }
    is_equal = len(fingerprints) == 1 and len(fingerprints.pop()) == 64
    print("ok" if is_equal else "FAILED", "fingerprints of package and repository")
    is_found = lookups_find_the_run(repo)
    print("ok" if is_found else "FAILED", "lookups through a RUN collection in front of a release")
    return failures + (not is_equal) + (not is_found)


def lookups_find_the_run(repo: str) -> bool:
    """Return whether lookups at a time find, and ``get`` reads, what a RUN collection in front of a release has."""
    run_collection, chain = "Demo/calib/v1/curated/20200101T000000Z", "Demo/calib/preferred"
    begin = Time("2024-06-01T00:00:00", scale="tai")
    coordinates: dict[str, Any] = {
        "instrument": "Demo",
        "detector": 0,
        "timespan": Timespan(begin, begin + TimeDelta(60, format="sec")),
    }
    butler = Butler.from_config(repo, writeable=True)
    butler.collections.register(chain, CollectionType.CHAINED)
    butler.collections.redefine_chain(chain, [run_collection, "Demo/calib/v1"])
    references = [
        lookup("defects", collections=names, **coordinates)
        for lookup in (butler.find_dataset, butler.registry.findDataset)
        for names in (chain, "Demo/calib/v1")
    ]
    runs = [reference.run.rpartition("/")[2] for reference in references if reference is not None]
    dates = [
        butler.get("defects", collections=names, **coordinates).metadata["CALIBDATE"][:10]
        for names in (chain, "Demo/calib/v1")
    ]
    return runs == ["20200101T000000Z", "20240301T000000Z"] * 2 and dates == ["2020-01-01", "2024-03-01"]


def main() -> int:
    """Run the program."""
    version = installed_version()
    print(f"lsst-daf-butler {version}, Python {sys.version.split()[0]}")
    if sys.argv[1:] not in ([], [version]):
        print(f"FAILED: this is not release {' '.join(sys.argv[1:])}")
        return 1
    with tempfile.TemporaryDirectory() as directory:
        return min(exercise(Path(directory)), 1)


if __name__ == "__main__":
    sys.exit(main())
